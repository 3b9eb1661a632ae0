"""What a forked child does with loaded tests: survey them, or run some on a variant.

It says what happens through its report and must not wait for anybody.
"""

import threading
import time

from _hephaestus_zygote import clock, outside
from _hephaestus_zygote import pytest_suite
from _hephaestus_zygote import reach as reaching
from _hephaestus_zygote import variant

# How many times its limit of CPU time a test may take by the clock on the wall.
WALL_TIMES = 3


class Survey:
    """Runs tests on the unchanged code, telling each one's lines."""

    def __init__(self, loaded, spec, report):
        self._suite = loaded.suite
        self._report = report
        self._spans = loaded.spans
        self._reach = reaching.make(loaded.ours) if spec.get("trace") else None
        self._modules = {}
        self._started = 0.0
        self._spawns = False
        self._tests = spec["tests"]
        self._each_s = spec.get("each_s")
        self._clock = None

    def work(self):
        """Does it."""
        self._suite.prepare_child()
        self._watch = outside.Watch(on_start=self._on_start)
        if self._reach:
            self._suite.start_reach(self._reach, self._tests)
        if self._each_s:
            self._clock = clock.Clock()
            self._clock.set()
        final = {"end": "finished"}
        try:
            self._suite.run(self._tests, self._begin, self._end, stop=False)
        except clock.TooSlow:
            final = {"end": "died", "reason": clock.ENDLESS}
        except pytest_suite.Aborted as error:
            final = {"end": "died", "reason": str(error)}
        if self._clock:
            self._clock.stop()
        if self._reach:
            self._reach.stop()
        self._report.say(final=final)

    def _on_start(self, _event):
        self._spawns = True

    def _begin(self, test):
        self._spawns = False
        self._report.say(start=test)
        self._started = time.perf_counter()
        if self._clock:
            self._clock.arm(self._each_s, WALL_TIMES * self._each_s, clock.PAUSE_S)

    def _end(self, test, outcome, message):
        if self._clock:
            self._clock.armed = False
            if self._clock.fired:
                outcome, message = "failed", "%s: it was stopped after %g s" % (clock.ENDLESS, self._each_s)
        message = {"test": test, "outcome": outcome, "message": message}
        message["wall_s"] = round(time.perf_counter() - self._started, 6)
        if self._reach:
            lines = self._suite.take_reach(test)
            self._late_imports(lines)
            message["lines"] = self._spans.ranges(lines)
            self._reach.resume()
        if self._spawns:
            message["spawns"] = True
        self._report.say(**message)

    def _late_imports(self, lines):
        """What is imported by the first test that needs it counts for all that need it."""
        for path in self._reach.take_modules():
            self._modules[path] = set(lines.get(path, ()))
        for path, imported in self._modules.items():
            if path in lines:
                lines[path] |= imported


class Run:
    """Runs chosen tests on a variant."""

    def __init__(self, suite, spec, report, how):
        self._suite = suite
        self._spec = spec
        self._report = report
        self._how = how
        self._failed = False

    def work(self):
        """Runs the tests; the variant is effective already."""
        final = {"end": "finished", "how": self._how}
        try:
            self._suite.run(self._spec["tests"], self._begin, self._end, bool(self._spec.get("stop")))
            if not self._failed:
                wait_for_threads()
        except pytest_suite.Aborted as error:
            final = {"end": "died", "how": self._how, "reason": str(error)}
        self._report.say(final=final)

    def _begin(self, test):
        self._report.say(start=test)

    def _end(self, test, outcome, message):
        self._failed |= outcome == "failed"
        self._report.say(test=test, outcome=outcome, message=message)


def wait_for_threads():
    """Waits as the end of an interpreter does: a thread that never ends would keep a plain run from ending, too."""
    if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
        threading._shutdown()


def watch_disk(spec, report, root):
    """Asks for the files on disk as soon as anything looks for them there."""
    if spec.get("on_disk"):
        return None
    paths = [root + "/" + relative for relative in spec["files"]]

    def on_start(event):
        if event not in outside.FORKS:
            report.shout(again={"disk": True, "reason": "a program is started (%s)" % event})

    def on_read(path):
        report.shout(again={"disk": True, "reason": "%s is read from disk" % path})

    return outside.Watch(paths, on_start, on_read)


def run_swapped(loaded, spec, report):
    """A `run` in a child of the loaded process: swaps what changed, or asks for a process that loads anew."""
    try:
        plan = variant.swap_plan(loaded.index(), spec["files"], loaded.root)
    except variant.Unloadable as error:
        report.say(final={"end": "unloadable", "how": "swap", "reason": str(error)})
        return
    except variant.Reload as error:
        report.say(again={"reload": True, "disk": error.disk, "reason": str(error)})
        return
    variant.serve_texts(spec["files"], loaded.root)
    plan.swap()
    loaded.suite.prepare_child()
    watch_disk(spec, report, loaded.root)
    Run(loaded.suite, spec, report, "swap").work()


def run_fresh(suite, spec, report):
    """A `run` in a process that has loaded nothing yet: loads with the variant in place."""
    root = suite.root
    for relative, text in spec["files"].items():
        if text is not None and relative.endswith(".py"):
            try:
                variant.compile_text(variant.as_bytes(text), relative)
            except variant.Unloadable as error:
                report.say(final={"end": "unloadable", "how": "reload", "reason": str(error)})
                return
    if not spec.get("on_disk"):
        variant.serve_texts(spec["files"], root)
    watch_disk(spec, report, root)

    def serve(loaded_suite):
        known = set(loaded_suite.ids)
        gone = [test for test in spec["tests"] if test not in known]
        present = [test for test in spec["tests"] if test in known]
        report.say(begun=True)
        for test in gone:
            report.say(test=test, outcome="failed", message="the variant has no such test")
        if not (gone and spec.get("stop")):
            Run(loaded_suite, dict(spec, tests=present), report, "reload").work()
        else:
            report.say(final={"end": "finished", "how": "reload"})
        raise SystemExit

    def serve_and_end(loaded_suite):
        import os

        try:
            serve(loaded_suite)
        except SystemExit:
            os._exit(0)

    reason = suite.start(serve_and_end, set(spec["test_files"]) if spec.get("test_files") else None)
    report.say(final={"end": "unloadable", "how": "reload", "reason": reason})
