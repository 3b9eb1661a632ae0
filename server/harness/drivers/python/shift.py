"""A forked process that shows one variant after another to tests: many of them, for as long as none leaves a trace, or one.

It says what it finds on its board, and only what a look at the unchanged code has borne out since.
"""

import _thread
import builtins
import os
import sys
import time

from _hephaestus_zygote import anew, cases, clock, swift, traces, variant

EVERY = 50
EVERY_S = 0.15
MARK = 100
CONFIRM_S = 0.5
ALONE_S = 0.02


class Task:
    """What all processes of one search know: the file, the tests, and how they fail on the unchanged code."""

    def __init__(self, loaded, spec):
        self.loaded = loaded
        self.root = loaded.root
        self.relative = spec["file"]
        self.path = self.root + "/" + self.relative
        try:
            self.swift = swift.Swift(loaded.index().file(self.relative))
            self.data = self.swift.data
        except variant.Reload:
            self.swift = None
            with open(self.path, "rb") as file:
                self.data = file.read()
        self.edits = dict(spec["variants"])
        self.reds = [cases.make(loaded.suite, test, loaded.ours) for test in spec.get("red") or ()]
        self.greens = [cases.make(loaded.suite, test, loaded.ours) for test in spec.get("green") or ()]
        self.ahead = int(spec.get("ahead") or 1)
        self.times = float(spec.get("times") or 20)
        self.least_s = float(spec.get("least_s") or 0.004)
        self.facts = {}
        self.limit_s = self.least_s
        self.wall_s = clock.WALL

    def learn(self, facts):
        """How tests do on the unchanged code: `{test: [mark, seconds, whether the direct call says the same]}`."""
        self.facts.update(facts)
        for case in self.reds + self.greens:
            mark, seconds, direct = self.facts.get(case.test, (None, 0.0, True))[:3]
            if not direct:
                case.call = None
            if seconds is not None:
                self.limit_s = max(self.limit_s, self.times * seconds)
        self.wall_s = max(clock.WALL, 3 * self.limit_s)

    def quick_reds(self):
        """The red tests that are shown to many variants in one process: those that are nothing but a call, if there are any.
        What passes them is shown all of them in a process of its own."""
        return [case for case in self.reds if case.call is not None] or self.reds

    def text(self, number):
        """The whole text of a variant, -1 is the unchanged code."""
        return swift.whole(self.data, self.edits[number] if number >= 0 else ())

    def parameters(self):
        """What tests are called with: the code under test may change it."""
        return [case.parameters for case in self.reds + self.greens if case.parameters]

    def show(self, watch, beat, reds, greens, fully=False, slack_s=0.0):
        """Shows the tests what is in place: `(kind, red tests that passed, mark of the first failure)`; `fully`: red ones by
        the runner's protocol."""
        passed, mark, slow = 0, "", False
        limit_s, wall_s = self.limit_s + slack_s, self.wall_s
        for index, case in enumerate(reds):
            if mark and (index >= self.ahead or slow):
                break
            beat()
            found = (case.protocol if fully else case.attempt)(watch, limit_s, wall_s)
            if not found:
                passed += 1
            elif found == cases.DIED:
                return "died", passed, mark
            else:
                mark = mark or found
                slow = slow or found == cases.TIMEOUT
        if mark:
            return ("timeout" if slow else "failed"), passed, mark
        for case in greens:
            beat()
            found = case.attempt(watch, limit_s, wall_s)
            if found == cases.DIED:
                return "died", passed, ""
            if found:
                return "broken", passed, found
        return "passed", passed, ""


def settle(task):
    """Makes a freshly forked process ready to show tests: silent, and with failures that cost little."""
    task.loaded.suite.prepare_child()
    null = open(os.devnull, "w", encoding="utf-8", errors="replace")
    for fd in (1, 2):
        os.dup2(null.fileno(), fd)
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = null
    cases.make_cheap(task.loaded.suite)
    return null


class Shift:
    """Many variants in this process."""

    def __init__(self, task, board, numbers):
        self._task = task
        self._reds = task.quick_reds()
        self._is_protocol = any(case.call is None for case in self._reds)
        self._board = board
        self._numbers = numbers
        self._null = settle(task)
        self._watch = clock.Clock(self._give_up)
        self._traces = traces.Traces(task.loaded.ours, task.parameters())
        self._pid = os.getpid()
        self._threads = _thread._count()
        self._pending = []
        self._known = {}
        self._reds_ran = 1
        self._number = None

    def work(self):
        """Does it; says `end` when it ends by itself."""
        self._watch.set()
        if not self._bears_out():
            self._end("leak")
            return
        self._flushed = time.monotonic()
        for number in self._numbers:
            self._number = number
            self._board.begin(number)
            result = self._try(self._task.edits[number])
            if result is None:
                # Whatever goes on in here now is not for others.
                self._board.write([["slow", number, "", 0, ""]])
                self._end("retire" if self._traces.whole else "leak")
                return
            self._pending.append((number, *result))
            late = time.monotonic() - self._flushed > EVERY_S
            if len(self._pending) >= EVERY or late or result[0] == "passed":
                if not self._flush():
                    self._end("leak")
                    return
                if self._board.is_full():
                    self._end("retire")
                    return
                self._watch.set()
        self._end("done" if self._flush() else "leak")

    def _end(self, how):
        self._watch.stop()
        self._board.write([["end", how]])

    def _give_up(self):
        """The variant catches every exception there is."""
        if os.getpid() == self._pid:
            self._board.write([["result", self._number, "timeout", 0, cases.TIMEOUT]])

    def _try(self, edits):
        """What becomes of a variant; `None` if this process is not to be trusted with another one."""
        task, parts = self._task, None
        try:
            try:
                old, new = task.swift.new_code(edits)
                parts = swift.parts(new)
                known = self._known.get(parts)
                if known is not None:
                    return known
                swaps = task.swift.swaps(old, new, parts)
            except swift.Slow:
                swaps = task.swift.whole_swaps(edits)
        except variant.Unloadable:
            return "unloadable", 0, ""
        except swift.Slow:
            return "slow", 0, ""
        except variant.Reload:
            return "reload", 0, ""
        try:
            for function, _, code in swaps:
                function.__code__ = code
            # Who passes goes on to a process of its own with all other tests: they need not be shown twice.
            result = task.show(self._watch, self._board.beat, self._reds, ())
        finally:
            for function, code, _ in swaps:
                function.__code__ = code
        if result[0] != "passed" and parts is not None:
            self._known[parts] = result
        self._reds_ran = max(self._reds_ran, task.ahead, result[1] + 1)
        if result[0] == "timeout" and self._is_protocol and not self._bears_out():
            # The runner was stopped in the middle of something.
            return None
        return result if self._is_clean() else None

    def _is_clean(self):
        """Puts back what changed; tells whether this process can go on."""
        if os.getpid() != self._pid:
            os._exit(0)
        if sys.gettrace() is not None:
            sys.settrace(None)
        if sys.stdout is not self._null or sys.stderr is not self._null:
            sys.stdout = sys.stderr = self._null
        self._traces.put_back()
        return self._traces.whole and _thread._count() == self._threads and not self._null.closed

    def _flush(self):
        """Tells what was found, if the unchanged code still does what it did."""
        if not self._bears_out():
            return False
        self._board.write([message_of(pending) for pending in self._pending])
        self._pending.clear()
        self._flushed = time.monotonic()
        return True

    def _bears_out(self):
        missed = self._traces.look_closely() if self._number is not None else False
        task = self._task
        for case in self._reds[: self._reds_ran]:
            mark, seconds = task.facts.get(case.test, (None, None))[:2]
            if seconds is None:
                continue
            self._board.beat()
            if case.attempt(self._watch, 5 * task.limit_s, task.wall_s) != mark:
                return False
        return self._is_clean() and not missed


def message_of(found):
    """A line of the board for a result."""
    number, kind, passed, mark = found
    word = {"slow": "slow", "reload": "reload", "passed": "maybe"}.get(kind, "result")
    return [word, number, kind, passed, mark[:MARK]]


def alone(task, board, number, mode):
    """One variant in a process of its own: `forked`, `confirm` (by the runner's protocol, so that the result holds), `anew`."""
    board.begin(number)
    settle(task)

    def give_up():
        board.write([["result", number, "timeout", 0, cases.TIMEOUT]])

    watch = clock.Clock(give_up)
    watch.set()
    if mode == "anew":
        anew.alone(task, board, watch, number)
        return
    try:
        put_in_place(task, number)
    except variant.Unloadable:
        board.write([["result", number, "unloadable", 0, ""]])
        return
    except variant.Reload:
        board.write([["reload", number]])
        return
    pid, kept = os.getpid(), dict(vars(builtins))
    fully = mode == "confirm"
    # Everything is done for the first time in this process.
    slack_s = CONFIRM_S if fully else ALONE_S
    kind, passed, mark = task.show(watch, board.beat, task.reds, task.greens, fully, slack_s)
    vars(builtins).update(kept)
    watch.stop()
    if os.getpid() != pid:
        os._exit(0)
    word = "maybe" if kind in ("passed", "broken") and not fully else "result"
    board.write([[word, number, kind, passed, mark[:MARK]]])


def put_in_place(task, number):
    """Makes a variant effective in this process. Raises `Unloadable`, `Reload`."""
    try:
        swaps = swaps_of(task, task.edits[number])
    except swift.Slow:
        variant.swap_plan(task.loaded.index(), {task.relative: task.text(number)}, task.root).swap()
        return
    for function, _, code in swaps:
        function.__code__ = code


def swaps_of(task, edits):
    """Which function gets which code. Raises `Slow`, `Unloadable`, `Reload`."""
    if task.swift is None:
        raise variant.Reload("nothing of the file can be swapped")
    try:
        old, new = task.swift.new_code(edits)
    except swift.Slow:
        return task.swift.whole_swaps(edits)
    return task.swift.swaps(old, new, swift.parts(new))


def probe(task, board):
    """Whether modules loaded anew in a fork do as the loaded ones."""
    settle(task)
    watch = clock.Clock()
    watch.set()
    anew.probe(task, board, watch)


def scout(task, board, wanted):
    """How tests do on the unchanged code, by the protocol and called directly; says `fact` of each."""
    from _hephaestus_zygote import outside

    settle(task)
    watch = clock.Clock()
    held = traces.Traces(task.loaded.ours, task.parameters())
    before = set(sys.modules)
    started = []
    outside.Watch([task.path], lambda event: event in outside.FORKS or started.append(event), started.append)
    watch.set()
    for index, case, is_red in wanted:
        board.begin(index)
        started.clear()
        at = time.process_time()
        first = case.protocol(watch, 1.0) if is_red or case.call is None else None
        seconds, direct = time.process_time() - at, True
        by_protocol = seconds
        held.put_back()
        if case.call is not None and first != cases.TIMEOUT:
            at = time.process_time()
            mark = case.attempt(watch, 1.0)
            seconds = time.process_time() - at
            held.put_back()
            if seconds < 0.05:
                at = time.process_time()
                direct = case.attempt(watch, 1.0) == mark
                seconds = min(seconds, time.process_time() - at)
                held.put_back()
            if first is not None and first != mark:
                direct, seconds = False, by_protocol
            else:
                first = mark
        world = sorted(set(map(str, started)))[:1]
        board.write([["fact", index, [first, None if first == cases.TIMEOUT else seconds, direct, world]]])
    watch.stop()
    board.write([["modules", [name for name in sys.modules if name not in before]]])
    board.write([["end", "done"]])
