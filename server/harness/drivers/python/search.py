"""A `search`: very many small variants of one file, shown to chosen tests by processes that this one forks and watches.

This process shows nothing itself, so that whatever a variant does, what it forks next is as the loaded process was. It
tells results as soon as they are borne out.
"""

import collections
import gc
import importlib
import time

from _hephaestus_zygote import crew, shift, variant

BATCH_S = 0.1
SCOUT_S = 10.0
HANG_S = 1.0
MOST_DENIED = 3
HOW = {"shift": "shared", "forked": "forked"}


class Search:
    """One search under way."""

    def __init__(self, task, spec, report):
        self._task = task
        self._spec = spec
        self._report = report
        self._deadline = time.monotonic() + float(spec.get("limit_s") or 3600.0)
        self._todo = [number for number, _ in spec["variants"]]
        self._open = set(self._todo)
        self._lone = collections.deque()
        self._urgent = collections.deque()
        self._found = []
        self._told = 0.0
        self._crew = crew.Crew()
        self._leaky = False
        self._denied = 0
        self._origin = {}
        self._anew = None
        self.how = {"shared": 0, "forked": 0, "reloaded": 0}

    def work(self):
        """Does it; gives the closing answer."""
        end = {"end": "finished"}
        try:
            reason = self._scout()
            if reason:
                return {"end": "broken", "reason": reason, "how": self.how}
            gc.collect()
            gc.freeze()
            if self._task.swift is None:
                self._move([(number, "reload") for number in self._todo])
            self._work()
        except crew.TimeIsUp:
            end = {"end": "timeout"}
        finally:
            self._crew.kill_all()
        self._tell()
        return dict(end, how=self.how)

    # -- how the tests do on the unchanged code

    def _scout(self):
        task = self._task
        known = self._spec.get("facts") or {}
        cases = [*((case, True) for case in task.reds), *((case, False) for case in task.greens)]
        wanted = [(index, case, red) for index, (case, red) in enumerate(cases) if case.test not in known]
        facts = dict(known)
        modules = facts.pop("", [])
        learned = {}
        while wanted:
            child = self._crew.start("scout", lambda board, some=wanted: shift.scout(task, board, some), SCOUT_S)
            ended = False
            for message in self._crew.until_end(child, self._deadline):
                if message[0] == "fact":
                    learned[cases[message[1]][0].test] = message[2]
                elif message[0] == "modules":
                    modules = sorted({*modules, *message[1]})
                ended |= message[0] == "end"
            if not ended:
                # It hung or died in this test: so the test does, to all that is known.
                learned.setdefault(cases[child.at][0].test if child.at >= 0 else wanted[0][1].test, ["timeout", None, True, []])
            wanted = [] if ended else [each for each in wanted if each[1].test not in learned]
        facts.update(learned)
        task.learn(facts)
        if learned:
            self._report.say(facts=dict(learned, **{"": modules}))
        load(modules)
        for case in task.reds:
            if facts.get(case.test, [None] * 4)[3]:
                return "%s leaves the process: %s" % (case.test, facts[case.test][3][0])
        return None

    # -- the variants

    def _work(self):
        while self._open:
            self._start_some()
            for child in self._crew.wait(self._deadline):
                self._look_at(child)
            if self._found and time.monotonic() - self._told > BATCH_S:
                self._tell()

    def _start_some(self):
        task = self._task
        working = self._crew.kinds()
        if self._todo and "shift" not in working:
            numbers, self._todo = self._todo, []
            if self._leaky:
                self._move([(number, "forked") for number in numbers])
            else:
                child = self._crew.start("shift", lambda board: shift.Shift(task, board, numbers).work(), self._hang_s())
                child.numbers = numbers
                working.append("shift")
        queue = self._urgent or (None if "shift" in working else self._lone)
        if queue and not any(kind != "shift" for kind in working):
            self._start_alone(*queue.popleft())

    def _start_alone(self, number, mode):
        task = self._task
        if mode == "reload" and self._anew is None:
            self._urgent.append((number, mode))
            self._crew.start("probe", lambda board: shift.probe(task, board), self._hang_s() + SCOUT_S)
            return
        if mode == "reload":
            mode = "anew" if self._anew else "fresh"
        if mode == "fresh":
            child = self._crew.start_fresh(task, number, self._spec)
        else:
            child = self._crew.start(mode, lambda board: shift.alone(task, board, number, mode), self._hang_s())
        child.numbers = [number]

    def _hang_s(self):
        return max(HANG_S, 2 * self._task.limit_s + 0.5)

    def _move(self, moves):
        """These variants each need a process of their own."""
        moved = set()
        for number, mode in moves:
            self._lone.append((number, mode))
            moved.add(number)
        self._todo = [number for number in self._todo if number not in moved]

    def _look_at(self, child):
        for message in child.messages:
            self._hear(child, message)
        child.messages = []
        if child.over:
            self._ended(child)

    def _hear(self, child, message):
        word = message[0]
        if word == "end":
            child.end = message[1]
        elif word == "probe":
            self._anew = message[1]
        else:
            number = message[1]
            child.heard.add(number)
            if word == "result":
                self._result(child, *message[1:])
            elif word == "maybe":
                self._origin[number] = HOW.get(child.kind, "reloaded")
                self._urgent.append((number, "confirm"))
            elif word == "slow":
                self._lone.append((number, "forked"))
            elif word == "reload":
                self._lone.append((number, "reload"))
            elif word == "fresh":
                self._lone.append((number, "fresh"))

    def _result(self, child, number, kind, passed, mark):
        if number not in self._open:
            return
        self._open.discard(number)
        if child.kind == "confirm" and kind not in ("passed", "broken"):
            self._denied += 1
            self._leaky |= self._denied >= MOST_DENIED
        self.how[self._origin.get(number) or HOW.get(child.kind, "reloaded")] += 1
        self._found.append([number, kind, passed, mark])

    def _ended(self, child):
        """A process has ended, by itself or not; what it owes is done by others."""
        if child.kind == "probe":
            self._anew = bool(self._anew)
            return
        owed = [number for number in child.numbers if number not in child.heard and number in self._open]
        if child.kind == "shift":
            self._shift_ended(child, owed)
        elif owed:
            kind = "timeout" if child.hung else "died"
            self._result(child, owed[0], kind, 0, "timeout" if child.hung else "")

    def _shift_ended(self, child, owed):
        if child.end == "leak":
            self._leaky = True
        elif child.end is None and child.at in owed:
            owed.remove(child.at)
            if child.hung == "cpu":
                self._result(child, child.at, "timeout", 0, "timeout")
            else:
                # The one before it may be to blame: alone it shows.
                self._lone.append((child.at, "forked"))
        elif child.end is None and not child.heard:
            self._leaky = True
        self._todo = owed

    def _tell(self):
        self._told = time.monotonic()
        if self._found:
            self._report.say(results=self._found)
            self._found = []
            self._report.say(partial={"end": "timeout", "how": self.how})


def load(modules):
    """Loads what the tests load when they run, once for all processes that follow."""
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException:  # then those who want it load it themselves
            pass


def search(loaded, spec, report):
    """A `search` in a child of the loaded process."""
    try:
        task = shift.Task(loaded, spec)
    except (variant.Unloadable, OSError, KeyError, TypeError) as error:
        report.say(final={"end": "broken", "reason": "%s: %s" % (type(error).__name__, error)})
        return
    report.say(final=Search(task, spec, report).work())
