"""Which lines of files below the root run, and which code ran at all: by `sys.monitoring` where there is one, else by trace
functions.

It only watches; a debugger or another tracer that a test starts goes first.
"""

import ast
import os
import sys
import threading
import types

SKIPPED_FOLDERS = {"site-packages", "dist-packages", "node_modules"}


class Ours:
    """Decides which files belong to the workspace; remembers every answer."""

    def __init__(self, root, driver):
        self._prefix = os.path.join(root, "")
        self._driver = os.path.join(driver, "")
        self._environments = {}
        self._known = {}

    def relative(self, filename):
        """The path below the root, `/`-separated, or `None`."""
        try:
            return self._known[filename]
        except KeyError:
            self._known[filename] = answer = self._decide(filename)
            return answer

    def _decide(self, filename):
        if not filename or filename[0] == "<":
            return None
        path = os.path.abspath(filename)
        if not path.startswith(self._prefix) or path.startswith(self._driver):
            return None
        relative = path[len(self._prefix) :]
        folders = relative.split(os.sep)[:-1]
        if any(name in SKIPPED_FOLDERS or name.startswith(".") for name in folders):
            return None
        for depth in range(len(folders)):
            folder = os.path.join(self._prefix, *folders[: depth + 1])
            if folder not in self._environments:
                self._environments[folder] = os.path.exists(os.path.join(folder, "pyvenv.cfg"))
            if self._environments[folder]:
                return None
        return relative.replace(os.sep, "/")


class Reach:
    """What ran since it was last asked. `codes` holds every code object of ours that ran, by identity."""

    windows = False
    lost = None

    def __init__(self, ours):
        self._ours = ours
        self._files = {}
        self.codes = {}
        self.modules = set()

    def open(self):
        """Something that may run code of ours begins."""

    def close(self):
        """It ends."""

    def take(self):
        """The lines that ran since the last call, by relative path; starts anew."""
        taken = {}
        for relative, lines in self._files.items():
            if lines:
                taken[relative] = set(lines)
                lines.clear()
        return taken

    def take_modules(self):
        """The files whose top level ran since the last call."""
        taken, self.modules = self.modules, set()
        return taken

    def give_back(self, lines_by_file):
        """Lines that were taken, but are to be there at the next call."""
        for relative, lines in lines_by_file.items():
            self._lines(relative).update(lines)

    def is_ours(self, filename):
        """Whether a file belongs to the workspace."""
        return self._ours.relative(filename) is not None

    def _lines(self, relative):
        return self._files.setdefault(relative, set())


class TraceReach(Reach):
    """By trace functions: each file of ours has its local one, everything else none. They cost a lot in code that is not
    ours, so they can be kept to windows."""

    windows = True

    def __init__(self, ours):
        super().__init__(ours)
        self._depth = 0
        self._locals = {}
        self._tracer = self._make_tracer()

    def start(self):
        """Watches this thread and the ones it will start."""
        threading.settrace(self._tracer)
        sys.settrace(self._tracer)

    def stop(self):
        """Watches no more."""
        sys.settrace(None)
        threading.settrace(None)

    def open(self):
        self._depth += 1
        if self._depth == 1:
            self.start()

    def close(self):
        self._depth -= 1
        if self._depth == 0:
            self.stop()

    def resume(self):
        """Takes its place again, if somebody else took it."""
        if self._depth and sys.gettrace() is not self._tracer:
            self.start()

    def _make_tracer(self):
        known, codes, find = self._locals, self.codes, self._local_of

        def tracer(frame, event, arg):
            code = frame.f_code
            try:
                local = known[code.co_filename]
            except KeyError:
                local = find(code.co_filename)
            if local is not None:
                codes[id(code)] = code
                if code.co_name == "<module>":
                    self.modules.add(self._ours.relative(code.co_filename))
            return local

        return tracer

    def _local_of(self, filename):
        relative = self._ours.relative(filename)
        self._locals[filename] = local = None if relative is None else self._make_local(self._lines(relative))
        return local

    @staticmethod
    def _make_local(lines):
        add = lines.add

        def local(frame, event, arg):
            if event == "line":
                add(frame.f_lineno)
            return local

        return local


class LoadReach(TraceReach):
    """What runs while loading, without trace functions in the runner's own code: the interpreter's profiler knows which
    code ran, and lines are watched from the start of a module of ours to its end."""

    def __init__(self, ours):
        super().__init__(ours)
        self._profiler = None
        self._open = False
        self._undo = lambda: None

    def start(self):
        """Watches this thread until it is stopped."""
        import _lsprof

        self._profiler = _lsprof.Profiler(subcalls=False, builtins=False)
        self._profiler.enable()
        sys.addaudithook(self._on_audit)
        self._spare_rewriting()

    def _spare_rewriting(self):
        """pytest rewrites assertions with a great many calls, none of them to code of ours: unwatched."""
        module = sys.modules.get("_pytest.assertion.rewrite")
        rewrite = getattr(module, "_rewrite_test", None)
        if rewrite is None:
            return

        def unwatched(*args, **kwargs):
            profiler, tracer = self._profiler, sys.gettrace()
            if profiler is None:
                return rewrite(*args, **kwargs)
            profiler.disable()
            sys.settrace(None)
            try:
                return rewrite(*args, **kwargs)
            finally:
                profiler.enable()
                sys.settrace(tracer)

        module._rewrite_test = unwatched
        self._undo = lambda: setattr(module, "_rewrite_test", rewrite)

    def stop(self):
        """Watches no more. Code that ran unwatched counts with all its lines."""
        if sys.getprofile() is not self._profiler:
            self.lost = "something else used the interpreter's profiler while the tests were loaded"
        self._profiler.disable()
        sys.settrace(None)
        self._undo()
        entries, self._profiler = self._profiler.getstats(), None
        for entry in entries:
            code = entry.code
            if isinstance(code, types.CodeType) and id(code) not in self.codes:
                relative = self._ours.relative(code.co_filename)
                if relative is not None:
                    self.codes[id(code)] = code
                    self._lines(relative).update(all_lines(code))

    def _on_audit(self, event, args):
        if event == "exec" and self._profiler is not None and not self._open and isinstance(args[0], types.CodeType):
            if self._ours.relative(args[0].co_filename) is not None and sys.gettrace() is None:
                self._open = True
                sys.settrace(self._outermost)
        elif event == "_thread.start_new_thread" and self._profiler is not None:
            self.lost = "threads were started while the tests were loaded"

    def _outermost(self, frame, event, arg):
        local = self._tracer(frame, event, arg)
        if local is None:
            return None
        sys.settrace(self._tracer)

        def until_it_returns(frame, event, arg):
            if event == "return":
                self._open = False
                sys.settrace(None)
            else:
                local(frame, event, arg)
            return until_it_returns

        return until_it_returns


def all_lines(code):
    """Every line with code of its own, the heading aside."""
    import dis

    lines = {line for _, line in dis.findlinestarts(code) if line}
    return lines - {code.co_firstlineno} or lines


class MonitorReach(Reach):
    """By `sys.monitoring`: every line tells once per round and is silent until the next."""

    def __init__(self, ours):
        super().__init__(ours)
        self._tool = None
        self._adders = {}

    def start(self):
        """Watches all threads."""
        monitoring = sys.monitoring
        for tool in (4, 3, 5, 2, 1, 0):
            if monitoring.get_tool(tool) is None:
                monitoring.use_tool_id(tool, "hephaestus")
                break
        else:
            return
        self._tool = tool
        monitoring.register_callback(tool, monitoring.events.PY_START, self._started)
        monitoring.register_callback(tool, monitoring.events.LINE, self._line)
        monitoring.set_events(tool, monitoring.events.PY_START | monitoring.events.LINE)

    def stop(self):
        """Watches no more."""
        if self._tool is not None:
            monitoring = sys.monitoring
            monitoring.set_events(self._tool, 0)
            monitoring.register_callback(self._tool, monitoring.events.PY_START, None)
            monitoring.register_callback(self._tool, monitoring.events.LINE, None)
            monitoring.free_tool_id(self._tool)
            self._tool = None

    def resume(self):
        """Nobody takes its place."""

    def take(self):
        taken = super().take()
        if self._tool is not None:
            sys.monitoring.restart_events()
        return taken

    def _started(self, code, _offset):
        relative = self._ours.relative(code.co_filename)
        if relative is not None:
            self.codes[id(code)] = code
            if code.co_name == "<module>":
                self.modules.add(relative)
        return sys.monitoring.DISABLE

    def _line(self, code, line):
        filename = code.co_filename
        try:
            add = self._adders[filename]
        except KeyError:
            relative = self._ours.relative(filename)
            self._adders[filename] = add = None if relative is None else self._lines(relative).add
        if add is not None:
            add(line)
        return sys.monitoring.DISABLE


def make_for_loading(ours):
    """The best there is for watching a suite being loaded."""
    return MonitorReach(ours) if hasattr(sys, "monitoring") else LoadReach(ours)


def make(ours):
    """The best there is on this Python."""
    return MonitorReach(ours) if hasattr(sys, "monitoring") else TraceReach(ours)


class Spans:
    """Widens lines to whole statements: a part of a statement on a line of its own raises no event of its own."""

    def __init__(self, root):
        self._root = root
        self._files = {}

    def ranges(self, lines_by_file):
        """Lists of `[first, last]` by path."""
        return {path: self._of_file(path, lines) for path, lines in sorted(lines_by_file.items()) if lines}

    def _of_file(self, path, lines):
        wider = self._files.get(path)
        if wider is None:
            self._files[path] = wider = self._read(path)
        all_lines = set(lines)
        if wider:
            for line in lines:
                span = wider.get(line)
                if span:
                    all_lines.update(range(span[0], span[1] + 1))
        return compact(all_lines)

    def _read(self, path):
        try:
            with open(os.path.join(self._root, path), "rb") as file:
                tree = ast.parse(file.read())
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
        wider = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt):
                first, last = head(node)
                if last > first:
                    for line in range(first, last + 1):
                        wider.setdefault(line, (first, last))
        return wider


def head(node):
    """First and last line of a statement, of a compound one without its body."""
    first = min([node.lineno] + [mark.lineno for mark in getattr(node, "decorator_list", [])])
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if isinstance(body, list) and body:
        inner = body[0]
        inner = getattr(inner, "pattern", inner)
        start = min([inner.lineno] + [mark.lineno for mark in getattr(inner, "decorator_list", [])])
        return first, max(first, start - 1)
    return first, node.end_lineno or node.lineno


def compact(lines):
    """Line numbers as ranges."""
    ranges = []
    for line in sorted(lines):
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    return ranges


def merge(into, more):
    """Adds lines by path."""
    for path, lines in more.items():
        known = into.get(path)
        if known is None:
            into[path] = set(lines)
        else:
            known |= lines
    return into
