"""pytest, loaded once: collects with the project's own configuration and runs chosen items by pytest's own protocol.

It must not decide anything about outcomes that pytest decides, and changes only options that would run tests elsewhere or
in another order.
"""

import os
import re
import sys

from _hephaestus_zygote import reach as reaching

MESSAGE = 600
OPTIONS = {
    "numprocesses": (None, "pytest-xdist: tests run in one process"),
    "no_cov": (True, "pytest-cov: coverage is off"),
    "randomly_reorganize": (False, "pytest-randomly: tests keep their order"),
    "random_order_bucket": ("none", "pytest-random-order: tests keep their order"),
    "benchmark_disable": (True, "pytest-benchmark: what is measured runs once"),
    "maxfail": (0, "pytest stops at no number of failures"),
}
RUN_HOOKS = ("pytest_runtest", "pytest_fixture", "pytest_pyfunc", "pytest_assert")
SILENT = {"numprocesses": {"dist": "no", "tx": [], "distload": False}, "no_cov": {"cov_source": []},
          "benchmark_disable": {"benchmark_enable": False, "benchmark_skip": False, "benchmark_only": False}}


class Aborted(Exception):
    """pytest gave up between or in tests: `pytest.exit`, an interrupt, or a plugin that says stop."""


def tame(options, notes):
    """Sets the options that the driver needs, as far as there are any."""
    if getattr(options, "cov_source", None) and OPTIONS["no_cov"][1] not in notes:
        notes.append(OPTIONS["no_cov"][1])
    for name, (value, note) in OPTIONS.items():
        if hasattr(options, name):
            if getattr(options, name) not in (value, None, False, 0) and note not in notes:
                notes.append(note)
            setattr(options, name, value)
            for other, fixed in SILENT.get(name, {}).items():
                if hasattr(options, other):
                    setattr(options, other, fixed)


def make_plugin(suite, wanted_files):
    """The plugin object that pytest is started with."""
    import pytest

    class Plugin:
        """Listens to pytest for a suite."""

        @pytest.hookimpl(hookwrapper=True)
        def pytest_load_initial_conftests(self, early_config):
            tame(early_config.known_args_namespace, suite.notes)
            yield

        @pytest.hookimpl(tryfirst=True)
        def pytest_cmdline_main(self, config):
            tame(config.option, suite.notes)

        @pytest.hookimpl(tryfirst=True)
        def pytest_collectreport(self, report):
            if report.failed:
                suite.collect_errors.append("%s: %s" % (report.nodeid, report.longrepr))

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtestloop(self, session):
            return suite.loaded(session)

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_logreport(self, report):
            suite.reports.append(report)

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(self, call):
            yield
            # Only now: unittest's failures are put there by pytest's own hook.
            if call.excinfo is not None:
                suite.errors.append(call.excinfo.value)

        @pytest.hookimpl(hookwrapper=True, trylast=True)
        def pytest_pyfunc_call(self, pyfuncitem):
            suite.open_window()
            yield
            suite.close_window()

        @pytest.hookimpl(hookwrapper=True, trylast=True)
        def pytest_runtest_teardown(self, item):
            if suite.reach is not None:
                suite.note_fixtures(item)
            suite.open_window()
            yield
            suite.close_window()

        @pytest.hookimpl(hookwrapper=True, trylast=True)
        def pytest_fixture_setup(self, fixturedef, request):
            shared = suite.reach is not None and fixturedef.scope != "function"
            if shared:
                suite.open_fixture()
            suite.open_window()
            yield
            suite.close_window()
            if shared:
                suite.close_fixture(fixturedef)

        if wanted_files is not None:

            @pytest.hookimpl(hookwrapper=True)
            def pytest_collect_file(self, parent):
                outcome = yield
                found = outcome.get_result()
                if found:
                    kept = [node for node in found if suite.is_wanted(node, wanted_files)]
                    outcome.force_result(kept)

    return Plugin()


class PytestSuite:
    """pytest in this process. `serve(suite)` is called inside of pytest's run loop, with everything collected."""

    name = "pytest"

    def __init__(self, args, root):
        self.plain_args = list(args)
        self.args = [*args, "-p", "no:cacheprovider"]
        self.root = root
        self.notes = []
        self.collect_errors = []
        self.reports = []
        self.errors = []
        self.reach = None
        self.ids = []
        self._items = {}
        self._fixture_stack = []
        self._shared = {}
        self._used = set()
        self._serve = None
        self._session = None

    def start(self, serve, wanted_files=None):
        """Loads everything and calls `serve`; returns only if that was not to be, with the reason."""
        import pytest

        self._serve = serve
        names_files = any(os.path.isfile(arg.split("::")[0]) for arg in self.args)
        plugin = make_plugin(self, None if names_files else wanted_files)
        sys.argv = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py"), *self.args]
        try:
            status = pytest.main(self.args, plugins=[plugin])
        except SystemExit as error:
            status = error.code
        if self.collect_errors:
            return "a test file cannot be imported: " + "\n".join(self.collect_errors)[:2000]
        return "pytest gave up while loading (exit code %s)" % (int(status) if isinstance(status, int) else status)

    def loaded(self, session):
        """pytest's run loop begins: everything is collected."""
        if self.collect_errors and not session.config.option.continue_on_collection_errors:
            return None
        self._session = session
        self.ids = ids_of(session.items, session.config)
        self._items = dict(zip(self.ids, session.items))
        self._serve(self)
        return True

    def item(self, test):
        """pytest's own object for a test."""
        return self._items[test]

    @property
    def config(self):
        """pytest's configuration."""
        return self._session.config

    def run_alone(self, test):
        """Runs one test with all its fixtures, and takes them down: `(outcome, what it raised or None)`."""
        import pytest

        item = self._items[test]
        self.reports, self.errors = [], []
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        except pytest.exit.Exception as error:
            raise Aborted(str(error))
        return outcome_of(self.reports), self.errors[0] if self.errors else None

    def test_file(self, test):
        """The file of a test, relative to the root, or `None`."""
        item = self._items.get(test)
        path = str(getattr(item, "path", None) or getattr(item, "fspath", "") or "")
        return os.path.relpath(path, self.root) if path else None

    def is_wanted(self, node, wanted):
        """Whether a collected file is among those wanted."""
        path = str(getattr(node, "path", None) or getattr(node, "fspath", ""))
        return os.path.relpath(path, self.root) in wanted

    def prepare_child(self):
        """Gives a forked child its own capture files and a silent reporter."""
        config = self._session.config
        manager = config.pluginmanager.getplugin("capturemanager")
        capturing = getattr(manager, "_global_capturing", None)
        for stream in ("out", "err"):
            renew(getattr(getattr(capturing, stream, None), "tmpfile", None))
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            for hook in ("pytest_runtest_logreport", "pytest_runtest_logstart", "pytest_runtest_logfinish"):
                try:
                    getattr(config.hook, hook)._remove_plugin(reporter)
                except (AttributeError, ValueError):
                    pass
        # Other styles parse whole source files for every failure.
        config.option.tbstyle = "line"

    def run(self, tests, begin, end, stop):
        """Runs tests in this order, with `begin(test)` before and `end(test, outcome, message)` after each."""
        import pytest

        items = [self._items[test] for test in tests]
        session = self._session
        for index, item in enumerate(items):
            following = items[index + 1] if index + 1 < len(items) else None
            self.reports = []
            self.errors = []
            self._used = set()
            begin(tests[index])
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            except (KeyboardInterrupt, pytest.exit.Exception) as error:
                raise Aborted("%s: %s" % (type(error).__name__, error))
            outcome, message = judge(self.reports)
            end(tests[index], outcome, message)
            if stop and outcome == "failed":
                return
            if session.shouldfail or session.shouldstop:
                raise Aborted(str(session.shouldfail or session.shouldstop))

    def take_reach(self, _test):
        """The lines of the test that just ended, with those of the fixtures it shares with others."""
        lines = self.reach.take()
        for fixture in self._used:
            reaching.merge(lines, self._shared.get(fixture, {}))
        return lines

    def open_fixture(self):
        """A shared fixture begins: what ran so far is the test's (or the outer fixture's)."""
        self._fixture_stack.append(self.reach.take())

    def close_fixture(self, fixturedef):
        """It is set up: its lines count for every test that uses it."""
        lines = self.reach.take()
        before = self._fixture_stack.pop()
        self._shared[id(fixturedef)] = lines
        self.reach.give_back(reaching.merge(before, lines))

    def open_window(self):
        """Something that may run the project's code begins."""
        if self.reach is not None:
            self.reach.open()

    def close_window(self):
        """It ends."""
        if self.reach is not None:
            self.reach.close()

    def start_reach(self, reach, tests):
        """From now on, `reach` watches what tests run."""
        self.reach = reach
        items = [self._items[test] for test in tests]
        if not reach.windows:
            reach.start()
        elif self.has_hooks_of_ours(reach.is_ours) or any(is_foreign(item) for item in items):
            # Whoever takes part in the protocol may run anything at any time.
            reach.open()
        else:
            for item in items:
                if type(item).__name__ != "Function":
                    item.runtest = self._windowed(item.runtest)

    def _windowed(self, work):
        def runtest():
            self.open_window()
            try:
                work()
            finally:
                self.close_window()

        return runtest

    def has_hooks_of_ours(self, is_ours):
        """Whether a conftest or plugin of the workspace takes part in running tests; `is_ours` tells of a file's name."""
        for plugin in self._session.config.pluginmanager.get_plugins():
            for name in dir(plugin):
                if name.startswith(RUN_HOOKS):
                    code = getattr(getattr(plugin, name, None), "__code__", None)
                    if code is not None and is_ours(code.co_filename):
                        return True
        return False

    def note_fixtures(self, item):
        """Which shared fixtures an item uses, before pytest forgets."""
        request = getattr(item, "_request", None)
        active = getattr(request, "_fixture_defs", None) or {}
        self._used.update(id(fixture) for fixture in active.values())
        info = getattr(item, "_fixtureinfo", None)
        for fixtures in getattr(info, "name2fixturedefs", {}).values():
            self._used.update(id(fixture) for fixture in fixtures)


def is_foreign(item):
    """Whether an item is of a kind that is not pytest's own."""
    return not type(item).__module__.startswith("_pytest.")


def renew(stream):
    """Points a capture file at a fresh file of this process alone: parent and siblings share the old one's position."""
    import tempfile

    try:
        fd = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return
    with tempfile.TemporaryFile() as fresh:
        os.dup2(fresh.fileno(), fd, False)


def ids_of(items, config):
    """The ids that the JUnit report of a plain run would give, twins numbered."""
    try:
        from _pytest.junitxml import bin_xml_escape, mangle_test_address
    except ImportError:
        bin_xml_escape, mangle_test_address = str, plain_address
    prefix = getattr(config.option, "junitprefix", None)
    taken, ids = set(), []
    for item in items:
        names = mangle_test_address(item.nodeid)
        parents = ([prefix] if prefix else []) + names[:-1]
        classname = ".".join(parents)
        name = str(bin_xml_escape(names[-1]))
        free = base = "%s::%s" % (classname, name) if classname else name
        count = 1
        while free in taken:
            count += 1
            free = "%s #%d" % (base, count)
        taken.add(free)
        ids.append(free)
    return ids


def plain_address(address):
    """Class name parts and name of a node id, as pytest's report splits them."""
    path, bracket, parameters = address.partition("[")
    names = path.split("::")
    names[0] = re.sub(r"\.py$", "", names[0].replace("/", "."))
    names[-1] += bracket + parameters
    return names


def judge(reports):
    """What a test's reports say together, as the JUnit report would: a failure of any part is one of the test."""
    outcome = outcome_of(reports)
    if outcome == "failed":
        return outcome, message_of(next(report for report in reports if report.failed))
    return outcome, ""


def outcome_of(reports):
    """The outcome alone."""
    if any(report.failed for report in reports):
        return "failed"
    return "skipped" if not reports or any(report.skipped for report in reports) else "passed"


def message_of(report):
    """What a failed report says, cut to what is worth keeping."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        text = str(report.longrepr)
    else:
        name = crash.message.split(":", 1)[0]
        text = "%s\n%s:%s%s" % (crash.message, crash.path, crash.lineno, ": " + name if name.isidentifier() else "")
    return shorten("failed on %s: %s" % (report.when, text) if report.when in ("setup", "teardown") else text)


def shorten(message):
    """Cut to the length that is kept."""
    message = message.strip()
    return message if len(message) <= MESSAGE else message[:MESSAGE] + "\u2026"
