"""One request that needs a child: its state from the queue to the answer.

It does no input or output of its own.
"""

import os
import select
import time

from _hephaestus_zygote import children, clock, wire

KINDS = {"survey", "run", "capture", "compare", "bench", "search", "behave"}
GRACE = 1.0
LOOK = 0.05
# How many times its limit of CPU time a test may take by the clock on the wall before its process is ended.
HARD = 4


class Job:
    """A request on its way."""

    def __init__(self, request, tests, inputs):
        self.request = request
        self.spec = {key: value for key, value in request.items() if key != "id"}
        self.problem = None
        self.reload = self.on_disk = False
        self.cpu, self.rss = 0.0, 0
        self.tries = 0
        self.each_s = self.spec.get("each_s") if self.spec["do"] == "survey" else None
        self.until = None
        self.wanted = self.spec.get("tests")
        if self.spec["do"] == "survey" and self.wanted is None:
            self.spec["tests"] = list(tests)
        self._check(tests)
        if self.spec["do"] in ("compare", "bench"):
            self._find_inputs(inputs)
        self._reset()

    def _check(self, tests):
        if self.spec["do"] == "search":
            self.spec["red"], self.spec["green"] = self.spec.get("red") or [], self.spec.get("green") or []
        if self.spec["do"] in ("run", "capture", "survey", "search", "behave"):
            known = set(tests)
            named = [self.spec.get(name) or [] for name in ("tests", "red", "green")]
            unknown = [test for tests in named for test in tests if test not in known]
            if unknown:
                self.problem = "unknown tests: %s" % ", ".join(unknown[:5])
            self.spec.setdefault("tests", [])
        if self.spec["do"] == "run":
            self.spec["files"] = self.spec.get("files") or {}

    def _find_inputs(self, inputs):
        found = inputs.get((self.spec.get("file"), self.spec.get("name")))
        if found is None:
            self.problem = "nothing was captured of %s" % self.spec.get("name")
        else:
            self.spec["inputs"] = found

    def _reset(self):
        self.pid = self.pidfd = self.pipe = None
        self.eof = self.over = self.doomed = False
        self.final = self.again = self.timed_out = self.running = None
        self.partial = None
        self.passed, self.skipped, self.failed, self.kept = [], [], [], []
        self.facts, self.tried = {}, 0
        self.lines = wire.Lines()

    def start(self, pipe, fresh, load_s):
        """Its child is about to be started; a fresh one has to load first, for which it gets time of its own."""
        self._reset()
        self.pipe = pipe
        self.fresh = fresh
        self.tries += 1
        self.started = time.perf_counter()
        extra = 3 * load_s + 1 if fresh else 0.0
        if self.spec["do"] in ("search", "behave"):
            # These keep to the limit themselves, and have a word to say at the end.
            extra += GRACE
        self.deadline = time.monotonic() + (self.spec.get("limit_s") or 3600.0) + extra
        if self.each_s:
            self.until = self.deadline = self.until or self.deadline
        self.cpu_limit = (self.spec.get("cpu_s") or float("inf")) + extra
        self._cpu_before = 0.0
        self.next_look = time.monotonic() + min(LOOK, self.cpu_limit)

    def alarm(self):
        """When somebody has to look at it."""
        return min(self.deadline, self.next_look)

    def look(self, now):
        """Whether it has used up its CPU time; says when to look again."""
        if self.cpu_limit == float("inf") and self.pidfd is not None:
            self.next_look = float("inf")
            return False
        used = children.cpu_clock(self.pid)
        left = self.cpu_limit - (used or 0.0)
        pause = max(0.005, left / (os.cpu_count() or 1))
        self.next_look = now + (pause if self.pidfd is not None else min(pause, LOOK))
        return left <= 0

    def take(self, message, loaded):
        """Notes what the child says; what is to be passed on at once is returned."""
        if "start" in message:
            self.running = message["start"]
            if self.each_s:
                # The child keeps to the limit itself as long as it can.
                now = time.monotonic()
                self.deadline = min(self.until, now + HARD * self.each_s + GRACE)
                self.cpu_limit = (children.cpu_clock(self.pid) or 0.0) + self.each_s + GRACE / 2
                self.next_look = now + self.each_s
        elif "test" in message:
            return self._take_test(message)
        elif "results" in message:
            self.tried += len(message["results"])
            return message
        elif "facts" in message:
            self.facts.update(message["facts"])
        elif "begun" in message:
            self.deadline = time.monotonic() + (self.spec.get("limit_s") or 3600.0)
            self.cpu_limit = (children.cpu_clock(self.pid) or 0.0) + (self.spec.get("cpu_s") or float("inf"))
        elif "again" in message:
            self.again = self.again or message["again"]
        elif "partial" in message:
            self.partial = message["partial"]
        elif "keep" in message:
            self.kept.append(message["keep"])
        elif "final" in message:
            self.final = message["final"]
            if self.spec["do"] == "survey":
                self.final.setdefault("loaded", loaded["lines"])
        return None

    def _take_test(self, message):
        self.running = None
        if self.spec["do"] == "survey":
            if self.each_s:
                self.deadline, self.cpu_limit = self.until, float("inf")
                self.spec["tests"].remove(message["test"])
            return message
        if message["outcome"] == "failed":
            self.failed.append({"id": message["test"], "message": message["message"]})
        elif message["outcome"] == "skipped":
            self.skipped.append(message["test"])
        else:
            self.passed.append(message["test"])
        return None

    def repeat(self):
        """Whether it is to be tried again as its child asked; not for ever."""
        if self.tries > 3 or (self.again.get("reload") and self.reload and (self.on_disk or not self.again.get("disk"))):
            self.final = {"end": "broken", "reason": self.again.get("reason")}
            return False
        self.reload = self.reload or bool(self.again.get("reload"))
        self.on_disk = self.on_disk or bool(self.again.get("disk"))
        self.why = self.again.get("reason")
        return True

    why = None

    def lost(self, status):
        """The test that has taken down its process or does not end, where the others can go on without it: what is said of it."""
        ended = self.final is not None and self.final["end"] != "died"
        if not self.each_s or not self.running or ended or time.monotonic() >= self.until:
            return None
        ending = self._ending(status)
        limited = ending["end"] == "timeout" or ending.get("reason") == clock.ENDLESS
        message = "%s: it was stopped after %g s" % (clock.ENDLESS, self.each_s) if limited else "the process died: %s" % ending["reason"]
        self.spec["tests"].remove(self.running)
        return {"test": self.running, "outcome": "failed", "message": message, "wall_s": 0.0, "lines": {}, "spawns": True}

    def keep_inputs(self, inputs):
        """Remembers what was captured."""
        for kept in self.kept:
            inputs[(kept["file"], kept["name"])] = kept["inputs"]

    def answer(self, status):
        """The answer."""
        answer = self._ending(status)
        if self.spec["do"] == "run" and answer["end"] != "cancelled":
            answer.setdefault("how", "reload" if self.reload else "swap")
            answer.update(passed=self.passed, skipped=self.skipped, failed=self.failed)
            answer.update(running=self.running, rss_kb=self.rss)
            if self.why and "reason" not in answer:
                answer["reason"] = self.why
        if self.spec["do"] == "search":
            answer = dict({"how": {"shared": self.tried, "forked": 0, "reloaded": 0}}, **answer)
            answer.update(end="broken" if answer["end"] == "died" else answer["end"], tried=self.tried)
        answer.update(wall_s=round(self.wall, 6), cpu_s=round(self.cpu, 6))
        return answer

    def _ending(self, status):
        if self.final is not None:
            return dict(self.final)
        if self.timed_out and self.partial:
            return dict(self.partial, reason="a call could not be interrupted, and %s was reached" % self.timed_out)
        if self.timed_out:
            return {"end": "timeout", "reason": "%s was reached" % self.timed_out}
        if status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) in (24,):
            return {"end": "timeout", "reason": "the limit of CPU time was reached"}
        return {"end": "died", "reason": children.describe_status(status)}


def has_more(pipe, patience=0.0):
    """Whether there is anything to read, or will be in this many seconds."""
    return bool(select.select([pipe], [], [], patience)[0])


def is_dead(pid):
    """Whether a process is gone or waits to be reaped."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except (OSError, IndexError):
        return not os.path.exists("/proc/self") and not alive(pid)


def alive(pid):
    """Whether a process exists."""
    try:
        os.kill(pid, 0)
        return True
    except OSError:
        return False
