"""unittest, loaded once: the same discovery and the same ids as the harness's plain run of it.

It must not run anything but what it is asked to run; class and module fixtures stay unittest's business.
"""

import copy
import os
import sys
import unittest

from _hephaestus_zygote import reach as reaching
from _hephaestus_zygote.pytest_suite import shorten


class UnittestSuite:
    """unittest in this process; the counterpart of `PytestSuite`."""

    name = "unittest"

    def __init__(self, args, root):
        self.plain_args = list(args)
        self.args = args
        self.root = root
        self.notes = []
        self.reach = None
        self.ids = []
        self._suite = None
        self._id_of = {}
        self._leaf_of = {}
        self._fixtures = {}
        self._last = None

    def start(self, serve, wanted_files=None):
        """Loads everything and calls `serve`; returns only if that was not to be, with the reason."""
        sys.argv = ["unittest"]
        sys.path.insert(0, os.getcwd())
        self._suite = discover(wanted_files)
        tests = list(leaves(self._suite))
        if not tests:
            return "there is no test"
        for test in tests:
            base = free = name_of(test)
            count = 1
            while free in self._id_of.values():
                count += 1
                free = "%s #%d" % (base, count)
            self._id_of[id(test)] = free
        self.ids = list(self._id_of.values())
        broken = [test for test in tests if type(test).__name__ == "_FailedTest"]
        self.notes.extend("%s cannot be loaded" % name_of(test) for test in broken)
        serve(self)
        return None

    def test_file(self, test):
        """The file of a test, relative to the root, or `None`."""
        for leaf in leaves(self._suite):
            if self._id_of[id(leaf)] == test:
                module = sys.modules.get(type(leaf).__module__)
                path = getattr(module, "__file__", None)
                return os.path.relpath(path, self.root) if path else None
        return None

    def start_reach(self, reach, _tests):
        """From now on, `reach` watches what tests run."""
        self.reach = reach
        reach.open() if reach.windows else reach.start()

    def prepare_child(self):
        """Nothing that unittest holds is shared by children."""

    def run(self, tests, begin, end, stop):
        """Runs tests in this order, with `begin(test)` before and `end(test, outcome, message)` after each."""
        order = {test: index for index, test in enumerate(tests)}
        kept = chosen(self._suite, lambda leaf: self._id_of[id(leaf)] in order)
        if [self._id_of[id(leaf)] for leaf in leaves(kept)] != list(tests):
            by_id = {self._id_of[id(leaf)]: leaf for leaf in leaves(kept)}
            kept = unittest.TestSuite(by_id[test] for test in tests)
        result = Result(self, begin, end, stop)
        # What the plain run's runner does around a suite.
        result.buffer = False
        result.startTestRun()
        kept(result)
        result.stopTestRun()

    def leaf(self, test):
        """unittest's own object for a test."""
        if not self._leaf_of:
            self._leaf_of.update((self._id_of[id(leaf)], leaf) for leaf in leaves(self._suite))
        return self._leaf_of[test]

    def run_alone(self, test):
        """Runs one test with all its fixtures, and takes them down: `(outcome, what it raised or None)`."""
        leaf = self.leaf(test)
        result = Worst()
        chosen(self._suite, lambda other: other is leaf)(result)
        return result.worst or ("failed", None)

    def id_of(self, test):
        """A test's id."""
        return self._id_of.get(id(test)) or name_of(test)

    def before(self, test):
        """What ran since the last test was fixtures of this one's class and module, for all tests of theirs."""
        if self.reach is None:
            return
        lines = self.reach.take()
        kind = type(test)
        owners = [owner for owner in (kind.__module__, kind) if owner not in self._fixtures]
        if not owners:
            owners = [kind]
        for owner in owners:
            reaching.merge(self._fixtures.setdefault(owner, {}), lines)
        self._last = kind

    def take_reach(self, _test):
        """The lines of the test that just ended, with those of its class's and module's fixtures."""
        lines = self.reach.take()
        if self._last is not None:
            reaching.merge(lines, self._fixtures.get(self._last, {}))
            reaching.merge(lines, self._fixtures.get(self._last.__module__, {}))
        return lines


class Result(unittest.TestResult):
    """Tells begin and end of each test; the worst that happened to a test counts."""

    def __init__(self, suite, begin, end, stop):
        super().__init__()
        self._owner = suite
        self._begin = begin
        self._end = end
        self._stop = stop
        self._outcome = None
        self._running = None

    def startTest(self, test):
        super().startTest(test)
        self._owner.before(test)
        self._outcome = None
        self._running = test
        self._begin(self._owner.id_of(test))

    def stopTest(self, test):
        super().stopTest(test)
        if self._running is None:
            # Skipped before it began, and told already.
            return
        outcome, message = self._outcome or ("failed", "it came to no result")
        self._running = None
        self._end(self._owner.id_of(test), outcome, message)
        if self._stop and outcome == "failed":
            self.stop()

    def _note(self, test, outcome, message=""):
        if self._running is None and not hasattr(test, "_testMethodName"):
            # A fixture of a class or module: in the plain report it stands under a name of its own.
            self._begin(name_of(test))
            self._end(name_of(test), outcome, message)
            if self._stop and outcome == "failed":
                self.stop()
        elif self._running is None:
            # Skipped before it began.
            self._end(self._owner.id_of(test), outcome, message)
        elif self._outcome is None or outcome == "failed" != self._outcome[0]:
            self._outcome = outcome, message

    def _failed(self, test, err):
        try:
            message = self._exc_info_to_string(err, test)
        except Exception as error:  # a failure whose text cannot be made is one all the same
            message = "%s (its traceback cannot be shown: %s)" % (err[0].__name__, error)
        lines = message.strip().splitlines()
        self._note(test, "failed", shorten("%s\n%s" % (lines[-1], "\n".join(lines[-20:])) if lines else ""))

    def addSuccess(self, test):
        self._note(test, "passed")

    def addError(self, test, err):
        self._failed(test, err)

    def addFailure(self, test, err):
        self._failed(test, err)

    def addSkip(self, test, reason):
        self._note(test, "skipped")

    def addExpectedFailure(self, test, err):
        self._note(test, "passed")

    def addUnexpectedSuccess(self, test):
        self._note(test, "failed", "unexpected success")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._failed(test, err)


class Worst(unittest.TestResult):
    """Keeps the worst that happened, and what was raised."""

    worst = None

    def _note(self, outcome, err=None):
        if self.worst is None or (outcome == "failed" and self.worst[0] != "failed"):
            self.worst = (outcome, err and err[1].with_traceback(err[2]))

    def addSuccess(self, test):
        self._note("passed")

    def addError(self, test, err):
        self._note("failed", err)

    addFailure = addError

    def addSkip(self, test, reason):
        self._note("skipped")

    def addExpectedFailure(self, test, err):
        self._note("passed")

    def addUnexpectedSuccess(self, test):
        self._note("failed")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._note("failed", err)


class Loader(unittest.TestLoader):
    """Discovers as always, but only these files."""

    wanted = None

    def _match_path(self, path, full_path, pattern):
        if self.wanted is not None and os.path.abspath(full_path) not in self.wanted:
            return False
        return super()._match_path(path, full_path, pattern)


def discover(wanted_files):
    """What the plain run discovers, of these files only if there are any."""
    Loader.wanted = None if wanted_files is None else {os.path.abspath(name) for name in wanted_files}
    suite = Loader().discover(".")
    if suite.countTestCases() == 0:
        for folder in ("tests", "test"):
            if os.path.isdir(folder):
                # A loader remembers its first folder; the tests here may be no package.
                suite = Loader().discover(folder)
    return suite


def leaves(suite):
    """The tests of a suite, in order."""
    try:
        parts = list(suite)
    except TypeError:
        yield suite
        return
    for part in parts:
        if part is not None:
            yield from leaves(part)


def chosen(suite, wanted):
    """The suite with only the tests that are wanted, its shape kept: suites may have ways of their own to run."""
    kept = copy.copy(suite)
    kept._tests = []
    for part in suite:
        if part is None:
            continue
        if hasattr(part, "__iter__"):
            inner = chosen(part, wanted)
            if inner._tests:
                kept._tests.append(inner)
        elif wanted(part):
            kept._tests.append(part)
    return kept


def name_of(test):
    """The name that the plain run's report gives a test."""
    return test.id() if hasattr(test, "id") else str(test)
