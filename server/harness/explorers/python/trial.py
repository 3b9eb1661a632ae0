"""Calls tried out, each process with one version of the module: what they give, and what other versions do instead.

A call runs in a process that was forked for it and others; what hangs there or dies costs that call only.
"""

import ast
import json
import math
import os
import select
import signal
import sys
import time

import seeds
import values

CALL_S = 0.25
HANG_S = 2.0
TAKEN = 120
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns", "localtime", "random", "randint", "choice", "shuffle",
          "uuid1", "uuid4", "urandom", "getpid", "getrandbits", "environ", "getenv", "gettempdir", "mkstemp", "fromtimestamp", "mktime",
          "getcwd", "gethostname", "getlocale", "setlocale", "id", "hash", "stdout", "stderr", "stdin", "print", "input", "_getframe",
          "getrefcount", "version_info", "platform", "thread_time", "process_time", "strftime", "tzname", "sample", "token_hex"}  # fmt: skip
WORLD = ("socket.", "subprocess.", "shutil.", "os.system", "os.exec", "os.fork", "os.kill", "os.remove", "os.rename", "os.mkdir", "os.rmdir",
         "os.chmod", "os.listdir", "os.scandir", "os.walk", "os.putenv", "os.unsetenv", "os.chdir", "tempfile.", "sqlite3.", "ctypes.",
         "urllib.", "http.", "signal.", "webbrowser.", "glob.", "fcntl.", "pty.", "os.truncate", "os.link", "os.symlink")  # fmt: skip
NOISE = 1e-9


class TooSlow(BaseException):
    """A call has used up its time."""


class Unfit(Exception):
    """A call cannot become a test; why."""


class Candidate:
    """A call that may become a test."""

    def __init__(self, entry, receiver, arguments, keywords, made):
        self.entry, self.receiver, self.arguments, self.keywords = entry, receiver, arguments, keywords
        self.setup, self.call = made
        self.prefix = ()
        self.kind = self.expected = None
        self.lines = frozenset()
        self.kills = set()
        self.uses = None

    def key(self):
        """Equal for equal tests only."""
        return self.setup, self.call

    def cost(self):
        """Shorter is better; what raises, and what is not meant for others, is worth less."""
        cost = len(self.call) + sum(map(len, self.setup)) + len(self.expected or "")
        odd = sum(5 for c in self.call if ord(c) > 126) + 8 * self.call.count("\\")
        return cost + odd + (30 if self.kind == "error" else 0) + (80 if self.entry.private else 0) + 20 * len(self.setup)


def in_child(work, deadline, hang_s=HANG_S):
    """Lets a forked process do `work(say)`; yields what it says, and `None` when it was ended for its silence."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            seeds.quiet()
            work(lambda message: os.write(writing, json.dumps(message).encode("ascii") + b"\n"))
        except BaseException as error:  # nothing may get past this frame
            os.write(writing, json.dumps(["failed", "%s: %s" % (type(error).__name__, error)]).encode("ascii") + b"\n")
        finally:
            os._exit(0)
    os.close(writing)
    rest = b""
    silent = False
    try:
        while True:
            pause = min(hang_s, deadline - time.monotonic())
            if pause <= 0 or not select.select([reading], [], [], pause)[0]:
                silent = True
                break
            data = os.read(reading, 1 << 16)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            yield from (json.loads(line) for line in lines)
    finally:
        os.close(reading)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(pid, 0)
    if silent:
        yield None


class Stage:
    """What runs calls in a child."""

    def __init__(self, names, path, root):
        self.names, self.path, self.root = names, path, os.path.join(root, "")
        self.touched = None
        self.preparing = False
        self._watching = False
        signal.signal(signal.SIGALRM, self._ring)
        sys.addaudithook(self._hook)
        sys.setrecursionlimit(max(300, min(sys.getrecursionlimit(), 1000)))

    def _ring(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        raise TooSlow

    def _hook(self, event, args):
        if not self._watching or self.touched:
            return
        if event == "open":
            name = args[0] if isinstance(args[0], str) else ""
            writes = args[1] and any(letter in str(args[1]) for letter in "wax+")
            if writes or not name.startswith((self.root, sys.prefix, os.path.dirname(os.__file__))):
                self.touched = "it opens a file"
        elif event.startswith(WORLD):
            self.touched = "it touches the world outside (%s)" % event

    def run(self, candidate, tracer=None):
        """What a call does: `("value", value)` or `("error", exception)`. Raises `TooSlow`, `Unfit`."""
        space = dict(self.names.space)
        self.touched, self._watching = None, True
        try:
            signal.setitimer(signal.ITIMER_REAL, CALL_S)
            if tracer:
                sys.settrace(tracer)
            try:
                self.preparing = True
                for line in candidate.setup:
                    exec(line, space)
                self.preparing = False
                value = eval(candidate.call, space)
                if hasattr(value, "__next__") and hasattr(value, "__iter__"):
                    value = Drained(value)
                outcome = "value", value
            except TooSlow:
                raise
            except (Exception, SystemExit) as error:
                outcome = "error", error
            finally:
                sys.settrace(None)
                signal.setitimer(signal.ITIMER_REAL, 0)
        finally:
            self._watching = False
        if self.touched:
            raise Unfit(self.touched)
        return outcome

    # -- on the unchanged code

    def learn(self, candidate):
        """What a call does, as it would stand in a test: `[setup, call, kind, expected, lines]`. Raises `Unfit`, `TooSlow`."""
        trace = Trace(self.path, self.root)
        kind, value = self.run(candidate, trace)
        if trace.clock:
            raise Unfit("it asks for %s" % trace.clock)
        setup, call = candidate.setup, candidate.call
        if kind == "error":
            if self.preparing or not self._is_meant(value):
                raise Unfit("it is not the call that raises it, or the interpreter does")
            expected = self.names.name_of(type(value))
        else:
            if value is None and not setup:
                setup, call, value = self._after(candidate)
            call, expected = self.shown(call, value)
        made = Candidate(candidate.entry, None, [], {}, (setup, call))
        made.kind, made.expected = kind, expected
        self.names.of(*setup, call, expected)
        if self.differs(made):
            raise Unfit("it does not do the same twice")
        return [list(setup), call, kind, expected, sorted(trace.lines)]

    def _is_meant(self, error):
        """Whether a `raise` of the project's raised it."""
        step = error.__traceback__
        inside = False
        while step is not None and step.tb_next is not None:
            step = step.tb_next
        if step is not None:
            code = step.tb_frame.f_code
            inside = code.co_filename.startswith(self.root)
        was_raised = step is not None and step.tb_lasti < len(code.co_code) and is_raise(code, step.tb_lasti)
        return inside and was_raised and not isinstance(error, (SyntaxError, NameError, RecursionError, MemoryError))

    def _after(self, candidate):
        """What became of what a call was given that gives nothing: `(setup, expression, value)`."""
        entry = candidate.entry
        if entry.kind == "method" and candidate.prefix:
            return candidate.setup, candidate.call, None
        if entry.kind == "method":
            receiver = candidate.receiver
            made = entry.make("it", candidate.arguments, candidate.keywords)
        else:
            changing = [index for index, text in enumerate(candidate.arguments) if text[:1] in "[{" and text not in ("[]", "{}")]
            if not changing:
                return candidate.setup, candidate.call, None
            at = changing[0]
            receiver = candidate.arguments[at]
            given = candidate.arguments[:at] + ["it"] + candidate.arguments[at + 1 :]
            made = entry.make(candidate.receiver, given, candidate.keywords)
        if made is None or made[0]:
            return candidate.setup, candidate.call, None
        setup = ("it = %s" % receiver, made[1])
        found = self.run(Candidate(entry, None, [], {}, (setup, "it")))
        before = self.run(Candidate(entry, None, [], {}, (setup[:1], "it")))
        try:
            if found[0] == "value" and self.shown("it", found[1]) != self.shown("it", before[1]):
                return setup, "it", found[1]
        except values.Opaque:
            pass
        return candidate.setup, candidate.call, None

    def shown(self, call, value):
        """A call whose value can be written down, and that value: where it cannot, what can be seen of it. Raises `Opaque`."""
        if isinstance(value, Drained):
            return "list(%s)" % call, values.express(value.parts(), self.names)
        try:
            return call, values.express(value, self.names)
        except values.Opaque:
            pass
        kind = type(value)
        for base in (dict, list, tuple, set, frozenset, str, int, float):
            if isinstance(value, base):
                return "%s(%s)" % (base.__name__, call), values.express(base(value), self.names)
        if hasattr(kind, "__len__") and hasattr(kind, "__iter__"):
            return "list(%s)" % call, values.express(list(value), self.names)
        if kind.__repr__ is not object.__repr__ and not isinstance(value, type) and not callable(value):
            text = repr(value)
            if not values.ADDRESS.search(text) and len(text) < TAKEN:
                return "repr(%s)" % call, repr(text)
        if getattr(value, "__dict__", None) and kind.__module__ == self.names.module.__name__:
            return "vars(%s)" % call, values.express(dict(vars(value)), self.names)
        raise values.Opaque(kind.__name__)

    # -- on any version

    def differs(self, candidate):
        """Whether a test of this call fails here. Raises `TooSlow`, `Unfit`."""
        kind, value = self.run(candidate)
        if isinstance(value, Drained):
            value = value.parts()
        if candidate.kind == "error":
            wanted = eval(candidate.expected, dict(self.names.space))
            return kind != "error" or not isinstance(value, wanted)
        if kind == "error":
            return True
        if candidate.expected in ("None", "True", "False"):
            return value is not {"None": None, "True": True, "False": False}[candidate.expected]
        if candidate.expected == 'float("nan")':
            return not (isinstance(value, float) and math.isnan(value))
        wanted = eval(candidate.expected, dict(self.names.space))
        if type(wanted) is float and type(value) is float and wanted:
            if candidate.expected == "-0.0" or len(candidate.expected.strip("-0.")) > 14:
                return not math.isclose(wanted, value, rel_tol=NOISE)
        try:
            return not bool(wanted == value)
        except Exception:  # comparing is the project's own code too
            return True


class Drained:
    """An iterator that was made, to be looked at inside of the time limit of its call."""

    def __init__(self, iterator):
        self._parts = []
        for part in iterator:
            self._parts.append(part)
            if len(self._parts) > values.ITEMS:
                raise Unfit("it goes on")

    def parts(self):
        """What it gave."""
        return self._parts


def is_raise(code, at):
    """Whether an instruction raises on purpose."""
    import opcode

    return opcode.opname[code.co_code[at]] in ("RAISE_VARARGS", "RERAISE")


class Trace:
    """The lines of one file that run, and whether anything asks for what is never the same."""

    def __init__(self, path, root):
        self.lines = set()
        self.clock = None
        self._path, self._root = path, root
        self._seen = set()

    def __call__(self, frame, event, _):
        code = frame.f_code
        if not code.co_filename.startswith(self._root):
            return None
        if code not in self._seen:
            self._seen.add(code)
            found = CLOCKS.intersection(code.co_names)
            if found and not found <= {"time", "id", "hash"}:
                self.clock = sorted(found - {"id", "hash"})[0]
            elif found & {"id", "hash"} and not code.co_name.startswith("__"):
                self.clock = sorted(found)[0]
        if code.co_filename != self._path:
            return None
        self.lines.add(frame.f_lineno)
        return self._line

    def _line(self, frame, event, _):
        if event == "line":
            self.lines.add(frame.f_lineno)
        return self._line


def learn_all(candidates, names, path, root, deadline):
    """Runs candidates on the unchanged code; those that may become tests are returned."""
    good, at = [], 0
    while at < len(candidates) and time.monotonic() < deadline:
        first = at

        def work(say, first=first):
            stage = Stage(names, path, root)
            for index in range(first, len(candidates)):
                say([index, None])
                try:
                    say([index, stage.learn(candidates[index])])
                except (values.Opaque, Unfit, TooSlow, RecursionError, SyntaxError, ValueError, OverflowError, MemoryError, TypeError):
                    continue
                except Exception:  # whatever looking at the project's values raises
                    continue

        for message in in_child(work, deadline):
            if message is None or message[0] == "failed":
                break
            at = message[0] + 1
            if message[1]:
                candidate = candidates[message[0]]
                setup, candidate.call, candidate.kind, candidate.expected, lines = message[1]
                candidate.setup, candidate.lines = tuple(setup), frozenset(lines)
                candidate.uses = names.of(*candidate.setup, candidate.call, candidate.expected)
                good.append(candidate)
        if at == first:
            at += 1
    return good


def kills(text, candidates, names, path, root, deadline):
    """Which candidates fail on a version of the module: their indices; `None` where it cannot be loaded."""
    found = set()
    loads = True

    def work(say):
        stage = Stage(names, path, root)
        module = names.module
        try:
            exec(compile(text, path, "exec"), vars(module))
        except BaseException:  # a version may do anything when it is loaded
            say(["unloadable"])
            return
        stage.names = values.Names(module)
        for index, candidate in enumerate(candidates):
            say(["at", index])
            try:
                if stage.differs(candidate):
                    say(["kill", index])
            except (TooSlow, Unfit, RecursionError):
                continue

    for message in in_child(work, deadline):
        if message is None:
            break
        if message[0] == "unloadable":
            loads = False
        elif message[0] == "kill":
            found.add(message[1])
    return found if loads else None


def statement_lines(text):
    """By line, the lines of the innermost statement there: `{line: (first, last)}`; of what has a body, its head."""
    found = {}
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        body = getattr(node, "body", None)
        last = node.end_lineno
        if isinstance(body, list) and body and isinstance(body[0], ast.AST):
            last = max(node.lineno, body[0].lineno - 1)
        for line in range(node.lineno, last + 1):
            known = found.get(line)
            if known is None or last - node.lineno <= known[1] - known[0]:
                found[line] = (node.lineno, last)
    return found
