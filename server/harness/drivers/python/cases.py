"""Single tests as they are shown to very many variants: called directly where nothing but the call makes the test, by the
runner's own protocol everywhere else.

What a direct call says is a guess; whoever needs to know runs the protocol.
"""

import inspect
import sys
import types
import unittest

from _hephaestus_zygote import clock, pytest_suite

PASSED = ""
TIMEOUT = "timeout"
DIED = "died"
SUSPENDS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
HARMLESS_MARKS = {"parametrize"}
FIXTURES = ("setUp", "tearDown", "setUpClass", "tearDownClass", "asyncSetUp", "run", "__call__", "debug", "setup_method",
            "teardown_method", "setup_class", "teardown_class")  # fmt: skip


class Case:
    """One test. `call` is the direct call, or `None`."""

    def __init__(self, suite, test, call, files, parameters=None):
        self.suite = suite
        self.test = test
        self.call = call
        self.files = files
        self.parameters = parameters

    def attempt(self, watch, limit_s, wall_s=clock.WALL):
        """How it fails, as a mark; `PASSED`, `TIMEOUT` or `DIED`."""
        call = self.call
        if call is None:
            return self.protocol(watch, limit_s, wall_s)
        try:
            watch.arm(limit_s, wall_s)
            call()
            watch.armed = False
        except BaseException as error:
            watch.armed = False
            if watch.fired:
                return TIMEOUT
            return self.mark(error)
        return TIMEOUT if watch.fired else PASSED

    def protocol(self, watch, limit_s, wall_s=clock.WALL):
        """The same by the runner's protocol."""
        outcome = error = None
        try:
            watch.arm(limit_s, wall_s, clock.PAUSE_S)
            outcome, error = self.suite.run_alone(self.test)
            watch.armed = False
        except BaseException as raised:
            watch.armed = False
            if not watch.fired:
                return DIED if isinstance(raised, (pytest_suite.Aborted, KeyboardInterrupt, MemoryError)) else self.mark(raised)
        if watch.fired:
            return TIMEOUT
        if outcome == "passed":
            return PASSED
        if outcome == "skipped":
            return "Skipped"
        return "failed" if error is None else self.mark(error)

    def mark(self, error):
        """Where and how it failed."""
        kind = type(error)
        if kind is MemoryError or kind is KeyboardInterrupt:
            return DIED
        name = kind.__name__
        if name in ("Exit", "Skipped", "SkipTest"):
            return DIED if name == "Exit" else "Skipped"
        line = 0
        trace = error.__traceback__
        files = self.files
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in files:
                line = trace.tb_lineno
            trace = trace.tb_next
        # A chain of frames is a cycle that only the collector would find.
        error.__traceback__ = None
        return "%s:%d" % (name, line) if line else name


def make(suite, test, ours):
    """The case of a test id."""
    if suite.name == "pytest":
        item = suite.item(test)
        try:
            call, function = of_item(suite, item, ours)
        except Exception:  # whatever another version of pytest lacks
            call = function = None
        function = function or getattr(item, "function", None)
        parameters = getattr(getattr(item, "callspec", None), "params", None)
    else:
        leaf, parameters = suite.leaf(test), None
        call = of_test_case(type(leaf), getattr(leaf, "_testMethodName", ""))
        function = getattr(type(leaf), getattr(leaf, "_testMethodName", ""), None)
    return Case(suite, test, call, files_of(suite, test, function), parameters)


def remade(case, load):
    """The same case out of modules loaded by `load(name)`."""
    suite = case.suite
    thing = suite.item(case.test) if suite.name == "pytest" else suite.leaf(case.test)
    kind = thing.cls if suite.name == "pytest" else type(thing)
    name = thing.originalname if suite.name == "pytest" else thing._testMethodName
    found = load(thing.module.__name__ if suite.name == "pytest" else kind.__module__)
    if kind is not None:
        for part in kind.__qualname__.split("."):
            found = getattr(found, part)
    if isinstance(found, type) and issubclass(found, unittest.TestCase):
        call = of_test_case(found, name)
    else:
        call = bound(found if kind is not None else None, getattr(found, name), name, dict(case.parameters or {}))
    return Case(suite, case.test, call, case.files, case.parameters)


def files_of(suite, test, function):
    """The file names that a test's own frames have."""
    function = inspect.unwrap(function) if function is not None else None
    files = {getattr(getattr(function, "__code__", None), "co_filename", None)}
    relative = suite.test_file(test)
    if relative:
        files.add(suite.root + "/" + relative)
    return frozenset(files - {None})


def of_item(suite, item, ours):
    """A call that does what a pytest item does, and the function; `None` where the protocol is needed."""
    from _pytest import python, unittest as of_unittest

    if suite.has_hooks_of_ours(lambda path: ours.relative(path) is not None) or not plain_marks(item):
        return None, None
    names = set(getattr(item._fixtureinfo, "names_closure", ()))
    if type(item) is of_unittest.TestCaseFunction:
        names = {name for name in names if not name.lstrip("_").startswith(("unittest_setUpClass", "unittest_setup_method"))}
        kind = item.parent.obj
        return (None if names - {"request"} else of_test_case(kind, item.originalname)), getattr(kind, item.originalname)
    if type(item) is not python.Function:
        return None, None
    callspec = getattr(item, "callspec", None)
    parameters = dict(getattr(callspec, "params", {}) or {})
    if hasattr(callspec, "funcargs"):
        parameters = dict(callspec.funcargs)
    if names - {"request"} - set(parameters) or not are_direct(item, parameters):
        return None, None
    function = item.function
    if function.__code__.co_flags & SUSPENDS:
        return None, None
    return bound(item.cls, function, item.originalname, parameters), function


def plain_marks(item):
    """Whether an item has no marks but those without meaning at run time."""
    return all(mark.name in HARMLESS_MARKS for mark in item.iter_markers())


def are_direct(item, parameters):
    """Whether parameters are given to the function as they are, and not to fixtures."""
    from _pytest import python

    direct = getattr(python, "get_direct_param_fixture_func", None)
    known = item._fixtureinfo.name2fixturedefs
    for name in parameters:
        for fixture in known.get(name) or ():
            if direct is None or fixture.func is not direct:
                return False
    return True


def bound(kind, function, name, parameters):
    """A call without arguments, of a function or of a class's one."""
    if kind is None:
        if isinstance(function, types.FunctionType) and not parameters:
            return function
        return lambda: function(**parameters)
    if isinstance(inspect.getattr_static(kind, name), types.FunctionType):
        return lambda: function(kind(), **parameters)
    return lambda: getattr(kind(), name)(**parameters)


def of_test_case(kind, name):
    """A call that does what a plain TestCase's test does, or `None`."""
    if not issubclass(kind, unittest.TestCase) or not isinstance(getattr(kind, name, None), types.FunctionType):
        return None
    if any(getattr(kind, each, None) is not None and not is_inherited(kind, each) for each in FIXTURES):
        return None
    function = getattr(kind, name)
    module = sys.modules.get(kind.__module__)
    if any(hasattr(module, each) for each in ("setUpModule", "tearDownModule")) or inspect.iscoroutinefunction(function):
        return None
    flags = ("__unittest_skip__", "__unittest_expecting_failure__")
    if any(getattr(thing, flag, False) for thing in (kind, function) for flag in flags) or function.__code__.co_flags & 0x20:
        return None

    def call():
        case = kind(name)
        try:
            function(case)
        finally:
            if case._cleanups:
                case.doCleanups()

    return call


def is_inherited(kind, name):
    """Whether a method is TestCase's own."""
    return getattr(getattr(kind, name), "__func__", getattr(kind, name)) is getattr(
        getattr(unittest.TestCase, name, None), "__func__", getattr(unittest.TestCase, name, None)
    )


def make_cheap(suite):
    """Failures need no words in this process: assertions explain nothing from now on. No capture, no warnings shown."""
    import warnings

    quick_words()
    warnings.showwarning = lambda *_args, **_named: None
    if suite.name != "pytest":
        return
    config = suite.config
    try:
        from _pytest.assertion import rewrite

        rewrite._saferepr = lambda _thing: ""
        rewrite._format_explanation = lambda explanation: ""
        rewrite._call_reprcompare = lambda *_args: ""
        rewrite._should_repr_global_name = lambda _thing: False
        rewrite._format_boolop = lambda *_args: ""
        rewrite._format_assertmsg = lambda _thing: ""
    except ImportError:
        pass
    try:
        from _pytest.config import apply_warning_filters

        apply_warning_filters(config.getini("filterwarnings"), config.known_args_namespace.pythonwarnings or [])
    except Exception:  # pytest does that itself for what it runs
        pass


def quick_words():
    """unittest's messages for unequal things are costly: differences, and pretty prints of both sides."""
    case = unittest.case
    case.difflib = types.SimpleNamespace(ndiff=lambda *_: (), unified_diff=lambda *_, **__: ())
    case.pprint = types.SimpleNamespace(pformat=lambda *_, **__: "", pprint=lambda *_, **__: None)
    case.safe_repr = lambda *_args, **_named: ""
    case._common_shorten_repr = lambda *things: ("",) * len(things)
