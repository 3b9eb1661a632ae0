"""The Python driver from the outside: small projects, every way a variant can end.

Runs with `python -m unittest discover -s tests`, needs pytest beside the interpreter for most of it.
"""

import importlib.util
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from client import Driver  # noqa: E402

PYTEST = importlib.util.find_spec("pytest") is not None

CALC = {
    "calc.py": '''
        import dataclasses
        import functools

        LIMIT = 3 * 3
        TABLE = [n * n for n in range(5)]
        TAKEN = [1, 2]
        USED = [5]
        DOUBLE = USED * 2


        def taken():
            return sum(TAKEN)


        def used():
            return len(USED) + DOUBLE[1]


        def add(a, b):
            return a + b


        def scale(a, by=2):
            return a * by


        def limited(a):
            return min(a, LIMIT)


        def square(n):
            return TABLE[n]


        def outer(a):
            def inner(b):
                return a + b
            return inner


        plus_one = outer(1)


        def noisy(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args)
            return wrapper


        @noisy
        def loud(text):
            return text.upper()


        @functools.lru_cache(maxsize=None)
        def cached(n):
            return n + 10


        def build(n):
            return n + 1


        BUILT = build(1)


        @dataclasses.dataclass
        class Point:
            x: int
            y: int = 0

            def norm(self):
                return abs(self.x) + abs(self.y)

            @property
            def flipped(self):
                return Point(self.y, self.x)

            @staticmethod
            def origin():
                return Point(0, 0)

            @classmethod
            def of(cls, pair):
                return cls(*pair)


        def count(n):
            for i in range(n):
                yield i
    ''',
    "conftest.py": '''
        import pytest


        @pytest.fixture(scope="session")
        def base():
            import calc
            return calc.add(1, 1)


        @pytest.fixture
        def point():
            from calc import Point
            return Point(3, -4)
    ''',
    "tests/test_calc.py": '''
        import unittest
        import pytest
        import calc
        from calc import TAKEN, add, scale, plus_one, loud, cached

        PARTIAL = scale


        @pytest.mark.parametrize("a, b, total", [(1, 2, 3), (0, 0, 0), (-1, 1, 0)])
        def test_add(a, b, total):
            assert add(a, b) == total


        def test_scale():
            assert PARTIAL(4) == 8


        def test_limited():
            assert calc.limited(100) == 9


        def test_square():
            assert calc.square(3) == 9


        def test_taken():
            assert calc.taken() == sum(TAKEN) == 3


        def test_used():
            assert calc.used() == 6


        def test_plus_one():
            assert plus_one(1) == 2


        def test_loud():
            assert loud("a") == "A"


        def test_cached():
            assert cached(1) == 11


        def test_built():
            assert calc.BUILT == 2


        def test_base(base):
            assert base == 2


        def test_base_again(base):
            assert base > 0


        def test_norm(point):
            assert point.norm() == 7


        class TestPoint:
            def test_flipped(self, point):
                assert point.flipped == calc.Point(-4, 3)

            def test_of(self):
                assert calc.Point.of((1, 2)).norm() == 3

            def test_origin(self):
                assert calc.Point.origin().norm() == 0


        def test_count():
            assert list(calc.count(3)) == [0, 1, 2]


        @pytest.mark.skip(reason="later")
        def test_later():
            assert False


        class TestOld(unittest.TestCase):
            def test_subtests(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.assertEqual(add(n, 0), n)


        def test_output(capsys, tmp_path):
            print("hello")
            assert capsys.readouterr().out == "hello\\n"
            (tmp_path / "a").write_text("x")
    ''',
}


CHILD = '''\
    import time
    if os.fork() == 0:
        %s
        open(%r, "w").write(str(os.getpid()))
        time.sleep(600)
    while not (os.path.exists(%r) and open(%r).read()): time.sleep(0.005)
    return n'''


def names(failed):
    """Short names of failed tests."""
    return [test["id"].split("::")[-1] for test in failed]


@unittest.skipUnless(PYTEST, "pytest is not installed")
class Swapping(unittest.TestCase):
    """Variants of one loaded project."""

    @classmethod
    def setUpClass(cls):
        cls.driver = Driver(CALC)

    @classmethod
    def tearDownClass(cls):
        cls.driver.close()

    def check(self, before, after, failed, how, end="finished"):
        """Runs everything on a variant of calc.py."""
        answer = self.driver.run(self.driver.changed("calc.py", before, after))
        self.assertEqual(answer["end"], end, answer)
        self.assertEqual(answer["how"], how, answer)
        self.assertEqual(sorted(names(answer["failed"])), sorted(failed), answer["failed"])
        return answer

    def test_the_unchanged_code_passes(self):
        answer = self.driver.run({})
        self.assertEqual((answer["end"], answer["failed"], len(answer["skipped"])), ("finished", [], 1), answer)
        self.assertEqual(len(answer["passed"]), len(self.driver.loaded["tests"]) - 1)

    def test_ids_are_those_of_the_report(self):
        tests = self.driver.loaded["tests"]
        self.assertIn("tests.test_calc::test_add[1-2-3]", tests)
        self.assertIn("tests.test_calc.TestPoint::test_of", tests)

    def test_a_changed_body_is_swapped_wherever_the_function_is_held(self):
        failed = ["test_add[1-2-3]", "test_add[-1-1-0]", "test_base", "test_base_again"]
        self.check("return a + b\n\n\ndef scale", "return a - b\n\n\ndef scale", failed, "swap")
        self.check("a * by", "a + by", ["test_scale"], "swap")

    def test_a_closure_that_lives_is_swapped(self):
        self.check("return a + b\n    return", "return a - b\n    return", ["test_plus_one"], "swap")

    def test_methods_of_every_kind_are_swapped(self):
        self.check("abs(self.x) + abs", "abs(self.x) - abs", ["test_norm", "test_of"], "swap")
        self.check("Point(self.y, self.x)", "Point(self.x, self.y)", ["test_flipped"], "swap")
        self.check("Point(0, 0)", "Point(0, 1)", ["test_origin"], "swap")
        self.check("cls(*pair)", "cls(*pair[::-1], 1)", ["test_of"], "swap")

    def test_what_a_decorator_returned_is_swapped(self):
        self.check("return function(*args)", "return function(*args) + '!'", ["test_loud"], "swap")
        self.check("text.upper()", "text.lower()", ["test_loud"], "swap")

    def test_a_cached_function_that_nobody_called_yet_is_swapped(self):
        self.check("n + 10", "n + 11", ["test_cached"], "swap")

    def test_generators_are_swapped(self):
        self.check("yield i", "yield -i", ["test_count"], "swap")

    def test_lines_may_move(self):
        self.check("def add(a, b):\n    return a + b", "# one\n# two\n\ndef add(a, b):\n    return a * b",
                   ["test_add[1-2-3]", "test_add[-1-1-0]", "test_base", "test_subtests"], "swap")  # fmt: skip

    def test_a_changed_constant_is_loaded_anew(self):
        self.check("LIMIT = 3 * 3", "LIMIT = 3 * 4", ["test_limited"], "reload")
        self.check("TAKEN = [1, 2]", "TAKEN = [1, 3]", ["test_taken"], "reload")
        self.check("USED = [5]", "USED = [6]", ["test_used"], "reload")

    def test_a_changed_constant_that_only_functions_read_is_put_in_place(self):
        self.check("n * n for", "n + n for", ["test_square"], "swap")
        self.check("n * n for n in range(5)", "undefined for n in range(5)", [], "reload", end="unloadable")

    def test_a_function_that_ran_while_loading_is_loaded_anew(self):
        self.check("return n + 1\n", "return n + 2\n", ["test_built"], "reload")

    def test_a_changed_decorator_default_or_class_is_loaded_anew(self):
        self.check("@noisy\n", "", [], "reload")
        self.check("by=2", "by=3", ["test_scale"], "reload")
        self.check("y: int = 0", "y: int = 1", [], "reload")

    def test_new_free_variables_are_loaded_anew(self):
        self.check("    def inner(b):\n        return a + b", "    c = 5\n    def inner(b):\n        return a + b + c",
                   ["test_plus_one"], "reload")  # fmt: skip

    def test_a_syntax_error_is_unloadable(self):
        self.check("return a + b\n\n\ndef scale", "return a +\n\n\ndef scale", [], "swap", end="unloadable")

    def test_an_import_error_is_unloadable(self):
        answer = self.check("LIMIT = 3 * 3", "import nowhere_to_be_found", [], "reload", end="unloadable")
        self.assertIn("nowhere_to_be_found", answer["reason"])

    def test_a_test_that_is_gone_has_failed(self):
        files = self.driver.changed("tests/test_calc.py", "def test_scale", "def no_test_scale")
        answer = self.driver.run(files)
        self.assertEqual((answer["how"], names(answer["failed"])), ("reload", ["test_scale"]), answer)

    def test_a_changed_conftest_is_effective(self):
        answer = self.driver.run(self.driver.changed("conftest.py", "calc.add(1, 1)", "calc.add(1, 2)"))
        self.assertEqual((answer["how"], names(answer["failed"])), ("reload", ["test_base"]), answer)
        with open(os.path.join(self.driver.root, "conftest.py"), encoding="utf-8") as file:
            self.assertEqual(file.read(), self.driver.files["conftest.py"])

    def test_a_file_that_is_gone_is_gone(self):
        answer = self.driver.run({"calc.py": None})
        self.assertEqual(answer["end"], "unloadable", answer)
        self.assertEqual(self.driver.run({})["failed"], [])

    def test_it_stops_at_the_first_failure(self):
        answer = self.driver.run(self.driver.changed("calc.py", "return a + b\n\n\ndef scale", "return 7\n\n\ndef scale"), stop=True)
        self.assertEqual(names(answer["failed"]), ["test_add[1-2-3]"])
        self.assertEqual(answer["passed"], [])

    def test_many_at_once_do_not_disturb_each_other(self):
        variants = [("a * by", "a + by"), ("text.upper()", "text.lower()"), ("n + 10", "n + 11"), ("yield i", "yield -i")] * 3
        tests = self.driver.loaded["tests"]
        ids = [
            self.driver.send("run", files=self.driver.changed("calc.py", *pair), tests=tests, stop=False, limit_s=30)
            for pair in variants
        ]
        failed = [names(self.driver.answer(number)["failed"]) for number in ids]
        self.assertEqual(failed, [["test_scale"], ["test_loud"], ["test_cached"], ["test_count"]] * 3)

    def test_survey_tells_lines_of_tests_and_of_loading(self):
        answer = self.driver.ask("survey", trace=True, limit_s=60)
        self.assertEqual(answer["end"], "finished")
        lines = {line["test"].split("::")[-1]: line.get("lines", {}) for line in answer["stream"]}
        self.assertEqual([line["test"] for line in answer["stream"]], self.driver.loaded["tests"])

        def covers(ranges, text):
            number = self.driver.files["calc.py"].split("\n").index(text) + 1
            return any(first <= number <= last for first, last in ranges)

        self.assertTrue(covers(lines["test_scale"]["calc.py"], "    return a * by"))
        self.assertFalse(covers(lines["test_scale"]["calc.py"], "    return a + b"))
        self.assertTrue(covers(lines["test_base_again"]["calc.py"], "    return a + b"), "a shared fixture counts for all")
        self.assertTrue(covers(answer["loaded"]["calc.py"], "LIMIT = 3 * 3"))
        self.assertTrue(covers(answer["loaded"]["calc.py"], "    return n + 1"))
        self.assertFalse(covers(answer["loaded"]["calc.py"], "    return n + 10"))

    def test_survey_of_some_tests(self):
        some = self.driver.loaded["tests"][2:4]
        answer = self.driver.ask("survey", trace=False, tests=some, limit_s=60)
        self.assertEqual([(line["test"], line["outcome"]) for line in answer["stream"]], [(test, "passed") for test in some])

    def test_unknown_tests_and_requests_are_refused(self):
        self.assertEqual(self.driver.run({}, tests=["nowhere::test"])["end"], "broken")
        self.assertEqual(self.driver.ask("dance")["end"], "broken")


RUDE = {
    "rude.py": '''
        import os

        def work(n):
            return n
    ''',
    "test_rude.py": '''
        import os
        import subprocess
        import sys
        import rude

        def test_before():
            assert True

        def test_work():
            assert rude.work(1) == 1

        def test_program():
            out = subprocess.run([sys.executable, "-c", "import rude; print(rude.work(5))"], stdout=subprocess.PIPE)
            assert out.stdout == b"5\\n"

        def test_text():
            with open(rude.__file__) as file:
                assert "return n" in file.read()
    ''',
}


@unittest.skipUnless(PYTEST, "pytest is not installed")
class Rudeness(unittest.TestCase):
    """What variants may do to the process they run in."""

    @classmethod
    def setUpClass(cls):
        cls.driver = Driver(RUDE, memory_mb=400)
        cls.before, cls.work, cls.program, cls.text = cls.driver.loaded["tests"]

    @classmethod
    def tearDownClass(cls):
        cls.driver.close()

    def run_with(self, body, tests=None, **limits):
        """Runs the first two tests with this body of `work`; the driver must be well afterwards."""
        files = self.driver.changed("rude.py", "    return n", body)
        answer = self.driver.run(files, tests or [self.before, self.work], **limits)
        self.assertEqual(self.driver.run({}, [self.work])["passed"], [self.work])
        return answer

    def test_an_endless_loop_reaches_the_time_limit(self):
        answer = self.run_with("    while True: pass", limit_s=0.5)
        self.assertEqual((answer["end"], answer["running"], answer["passed"]), ("timeout", self.work, [self.before]))

    def test_an_endless_loop_reaches_the_cpu_limit(self):
        answer = self.run_with("    while True: pass", limit_s=60, cpu_s=0.3)
        self.assertEqual((answer["end"], answer["running"]), ("timeout", self.work))
        self.assertLess(answer["cpu_s"], 2)

    def test_too_much_memory_fails_the_test(self):
        answer = self.run_with("    return len(bytearray(1 << 31))")
        self.assertEqual((answer["end"], names(answer["failed"])), ("finished", ["test_work"]), answer)

    def test_a_process_that_ends_itself_has_died(self):
        answer = self.run_with("    os._exit(0)")
        self.assertEqual((answer["end"], answer["running"]), ("died", self.work))
        self.assertIn("exited with 0", answer["reason"])

    def test_a_crash_has_died(self):
        answer = self.run_with("    import ctypes; ctypes.string_at(0)")
        self.assertEqual((answer["end"], answer["running"]), ("died", self.work))
        self.assertIn("SIGSEGV", answer["reason"])

    def test_exit_by_exception_is_a_failure(self):
        answer = self.run_with("    raise SystemExit(0)")
        self.assertEqual((answer["end"], names(answer["failed"])), ("finished", ["test_work"]))

    def test_an_interrupt_has_died(self):
        answer = self.run_with("    raise KeyboardInterrupt")
        self.assertEqual((answer["end"], answer["running"]), ("died", self.work))

    def test_children_of_a_test_do_not_outlive_it(self):
        for extra in ("pass", "os.setsid()"):
            path = os.path.join(self.driver.root, "pid")
            body = CHILD % (extra, path, path, path)
            answer = self.run_with(body)
            self.assertEqual(answer["passed"], [self.before, self.work], answer)
            with open(path, encoding="utf-8") as file:
                pid = int(file.read())
            os.unlink(path)
            self.assertFalse(os.path.exists("/proc/%d" % pid) and state(pid) != "Z")

    def test_a_thread_that_never_ends_reaches_the_time_limit(self):
        body = "    import threading, time; threading.Thread(target=time.sleep, args=(%s,)).start(); return n"
        answer = self.run_with(body % 600, limit_s=0.5)
        self.assertEqual((answer["end"], answer["passed"]), ("timeout", [self.before, self.work]))
        self.assertEqual(self.run_with(body % 0.01)["end"], "finished")

    def test_output_reaches_nobody(self):
        answer = self.run_with("    os.write(1, b'{\"id\": 0}\\n'); print('x'); return n")
        self.assertEqual(answer["passed"], [self.before, self.work])

    def test_a_program_that_a_test_starts_sees_the_variant(self):
        answer = self.run_with("    return n + 1", [self.program])
        self.assertEqual((answer["end"], names(answer["failed"])), ("finished", ["test_program"]), answer)
        answer = self.run_with("    return n + 0", [self.program])
        self.assertEqual(answer["passed"], [self.program], answer)

    def test_a_test_that_reads_the_file_sees_the_variant(self):
        answer = self.run_with("    return -n", [self.text])
        self.assertEqual(names(answer["failed"]), ["test_text"], answer)
        with open(os.path.join(self.driver.root, "rude.py"), encoding="utf-8") as file:
            self.assertEqual(file.read(), self.driver.files["rude.py"])

    def test_a_cancelled_run_is_given_up(self):
        files = self.driver.changed("rude.py", "    return n", "    while True: pass")
        started = time.monotonic()
        ids = [self.driver.send("run", files=files, tests=[self.work], limit_s=60) for _ in range(3)]
        for number in reversed(ids):
            self.driver.send("cancel", target=number)
        self.assertEqual([self.driver.answer(number)["end"] for number in ids], ["cancelled"] * 3)
        self.assertLess(time.monotonic() - started, 30)
        self.assertEqual(len(processes_in(self.driver.root)), 2, "the driver and the loaded process")

    def test_nothing_is_left_when_the_input_ends(self):
        driver = Driver(RUDE)
        files = driver.changed("rude.py", "    return n", "    while True: pass")
        driver.send("run", files=files, tests=[driver.loaded["tests"][1]], limit_s=60)
        driver.process.stdin.close()
        self.assertEqual(driver.process.wait(30), 0)
        self.assertEqual(processes_in(driver.root), [])
        driver.process.stdout.close()
        driver.folder.cleanup()


def processes_in(folder):
    """The processes that work in a folder."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink("/proc/%s/cwd" % name) == folder and state(int(name)) != "Z":
                found.append(int(name))
        except OSError:
            pass
    return found


def state(pid):
    """The state letter of a process."""
    with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0]


@unittest.skipUnless(PYTEST, "pytest is not installed")
class Loading(unittest.TestCase):
    """Projects that cannot be loaded, or in a way of their own."""

    def load(self, files, **more):
        """Loads a project; gives the answer."""
        driver = Driver(files, **more)
        self.addCleanup(driver.close)
        return driver

    def test_a_test_file_that_cannot_be_imported_is_unfit(self):
        driver = self.load({"test_a.py": "import nowhere_to_be_found\n\ndef test(): pass\n"})
        self.assertEqual(driver.loaded["end"], "unfit")
        self.assertIn("nowhere_to_be_found", driver.loaded["reason"])

    def test_an_unknown_option_is_unfit(self):
        driver = self.load({"test_a.py": "def test(): pass\n"}, args=["--no-such-option"])
        self.assertEqual(driver.loaded["end"], "unfit")
        self.assertIn("--no-such-option", driver.loaded["reason"])

    def test_a_project_that_ends_the_process_is_unfit(self):
        driver = self.load({"test_a.py": "import os\nos._exit(3)\n"})
        self.assertEqual(driver.loaded["end"], "unfit")

    def test_twins_are_numbered(self):
        text = "def test(): pass\n"
        driver = self.load({"test_a.py": text}, args=["-q", "--keep-duplicates", "test_a.py", "test_a.py"])
        self.assertIn(driver.loaded["tests"], (["test_a::test", "test_a::test #2"], ["test_a::test"]))

    def test_doctests_and_their_variants(self):
        files = {"m.py": 'def f(n):\n    """It\n\n    >>> f(1)\n    2\n    """\n    return n + 1\n'}
        driver = self.load(files, args=["-q", "--doctest-modules"])
        self.assertEqual(driver.loaded["tests"], ["m::m.f"])
        self.assertEqual(len(driver.run(driver.changed("m.py", "n + 1", "n + 2"))["failed"]), 1)
        answer = driver.run(driver.changed("m.py", "    2\n", "    3\n"))
        self.assertEqual((answer["how"], len(answer["failed"])), ("reload", 1), answer)

    def test_a_source_layout_with_a_maximum_of_failures_in_the_configuration(self):
        files = {
            "pytest.ini": "[pytest]\naddopts = -x --tb=long\npythonpath = src\n",
            "src/p/__init__.py": "",
            "src/p/m.py": "def f():\n    return 1\n",
            "tests/test_m.py": "from p.m import f\n\ndef test_red(): assert 0\n\ndef test_f(): assert f() == 1\n",
        }
        driver = self.load(files)
        answer = driver.ask("survey", trace=True, limit_s=60)
        self.assertEqual([line["outcome"] for line in answer["stream"]], ["failed", "passed"])
        self.assertEqual(answer["stream"][1]["lines"]["src/p/m.py"], [[2, 2]])


UNITTEST = {
    "shop.py": '''
        PRICES = {"apple": 2}

        def price(name, count):
            return PRICES[name] * count

        def discount(total):
            return total - 1 if total > 10 else total
    ''',
    "tests/test_shop.py": '''
        import unittest
        import shop

        class TestShop(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.five = shop.price("apple", 5)

            def test_five(self):
                self.assertEqual(self.five, 10)

            def test_discount(self):
                self.assertEqual(shop.discount(20), 19)

            @unittest.skip("later")
            def test_later(self):
                self.fail()

            def test_many(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.assertEqual(shop.price("apple", n), 2 * n)
    ''',
}


class Unittest(unittest.TestCase):
    """The same with unittest."""

    @classmethod
    def setUpClass(cls):
        cls.driver = Driver(UNITTEST, runner="unittest", args=())

    @classmethod
    def tearDownClass(cls):
        cls.driver.close()

    def outcomes(self, before, after):
        """How a variant ends."""
        answer = self.driver.run(self.driver.changed("shop.py", before, after))
        return answer["how"], sorted(failure["id"].rpartition(".")[2] for failure in answer["failed"])

    def test_it_is_loaded(self):
        short = [test.rpartition(".")[2] for test in self.driver.loaded["tests"]]
        self.assertEqual(short, ["test_discount", "test_five", "test_later", "test_many"])

    def test_survey(self):
        answer = self.driver.ask("survey", trace=True, limit_s=60)
        outcomes = {line["test"].rpartition(".")[2]: line for line in answer["stream"]}
        self.assertEqual(outcomes["test_later"]["outcome"], "skipped")
        self.assertEqual(outcomes["test_many"]["outcome"], "passed")
        self.assertEqual(outcomes["test_discount"]["lines"]["shop.py"], [[4, 4], [7, 7]])
        self.assertIn("shop.py", answer["loaded"])

    def test_variants(self):
        self.assertEqual(self.outcomes("total - 1", "total - 2"), ("swap", ["test_discount"]))
        self.assertEqual(self.outcomes("* count", "+ count"), ("swap", ["test_five", "test_many"]))
        self.assertEqual(self.outcomes('"apple": 2', '"apple": 3'), ("swap", ["test_five", "test_many"]))
        both = '"apple": 3}\nMORE = 1\n'
        self.assertEqual(self.outcomes('"apple": 2}\n', both), ("reload", ["test_five", "test_many"]))

    def test_chosen_tests_stop_at_the_first_failure(self):
        tests = [test for test in self.driver.loaded["tests"] if "later" not in test]
        answer = self.driver.run(self.driver.changed("shop.py", "total - 1", "total"), tests, stop=True)
        self.assertEqual((len(answer["failed"]), answer["passed"]), (1, []))


PURE = {
    "pure.py": '''
        import time

        class Box:
            def __init__(self, items):
                self.items = items

            def add(self, item):
                self.items.append(item)
                return len(self.items)

        def half(n):
            return n // 2

        def firsts(words):
            for word in words:
                yield word[0]

        def sort(items):
            items.sort()
            return items[0]

        def clock():
            return time.time()

        def save(path):
            with open(path, "w") as file:
                file.write("x")

        def call(function):
            return function()
    ''',
    "test_pure.py": '''
        from pure import Box, half, firsts, sort, clock, save, call

        def test_all(tmp_path):
            box = Box([1])
            assert box.add(2) == 2
            assert half(10) == 5 and half(7) == 3
            assert list(firsts(["ab", "c"])) == ["a", "c"]
            assert sort([3, 1]) == 1
            assert clock() > 0
            save(str(tmp_path / "f"))
            assert call(lambda: 1) == 1
    ''',
}


@unittest.skipUnless(PYTEST, "pytest is not installed")
class Inputs(unittest.TestCase):
    """Capturing, comparing and measuring."""

    @classmethod
    def setUpClass(cls):
        cls.driver = Driver(PURE)
        wanted = ["Box.add", "half", "firsts", "sort", "clock", "save", "call", "nothing"]
        functions = [{"file": "pure.py", "name": name} for name in wanted]
        tests = cls.driver.loaded["tests"]
        answer = cls.driver.ask("capture", functions=functions, tests=tests, most=50, limit_s=60)
        cls.captured = {found["name"]: (found["inputs"], found["left_out"]) for found in answer["functions"]}

    @classmethod
    def tearDownClass(cls):
        cls.driver.close()

    def compare(self, name, before, after, **more):
        """Compares a function with a variant of it."""
        files = self.driver.changed("pure.py", before, after)
        request = dict({"file": "pure.py", "name": name, "files": files, "seed": 1, "mutations": 100, "limit_s": 30}, **more)
        answer = self.driver.ask("compare", **request)
        self.assertEqual(answer["end"], "finished", answer)
        return answer

    def test_what_is_captured(self):
        self.assertEqual(self.captured["half"], (2, None))
        self.assertEqual(self.captured["Box.add"], (1, None))
        self.assertEqual(self.captured["firsts"], (1, None))
        for name, word in (("clock", "time"), ("save", "open"), ("call", "pickled"), ("nothing", "no such")):
            self.assertIn(word, self.captured[name][1])

    def test_the_same_has_no_differences(self):
        for name in ("half", "Box.add", "firsts", "sort"):
            answer = self.compare(name, "n // 2", "n // 2")
            self.assertEqual((answer["differences"], answer["left_out"]), ([], None), answer)
            self.assertGreater(answer["mutated"], 5)

    def test_a_difference_on_an_odd_input_is_found(self):
        answer = self.compare("half", "n // 2", "n // 2 if n else 1")
        self.assertIn({"input": "half(0)", "before": "0", "after": "1"}, answer["differences"])

    def test_types_and_exceptions_count(self):
        answer = self.compare("half", "n // 2", "int(n / 2)")
        self.assertTrue(answer["differences"])
        answer = self.compare("half", "n // 2", "1 // n")
        self.assertTrue(any("ZeroDivisionError" in found["after"] for found in answer["differences"]), answer)

    def test_what_becomes_of_arguments_counts(self):
        answer = self.compare("sort", "items.sort()", "items = sorted(items)")
        self.assertTrue(any("leaves" in found["after"] for found in answer["differences"]), answer)
        answer = self.compare("Box.add", "self.items.append(item)", "self.items = self.items + [item]")
        self.assertFalse(answer["differences"], answer)

    def test_generators_are_drained(self):
        self.assertTrue(self.compare("firsts", "word[0]", "word[-1]")["differences"])

    def test_a_variant_that_must_be_loaded_anew_is_compared_beside_the_old(self):
        answer = self.compare("half", "n // 2\n", "n // DIVISOR\n\n\nDIVISOR = 3\n")
        self.assertTrue(answer["differences"], answer)

    def test_an_endless_variant_differs(self):
        answer = self.compare("half", "n // 2", "n // 2 if n != 7 else half(n)", mutations=0)
        self.assertEqual(len(answer["differences"]), 1, answer)

    def test_what_is_equal_but_not_the_same_object_is_no_difference(self):
        answer = self.compare("half", "return n // 2", "return n // 2 + 0")
        self.assertEqual(answer["differences"], [])
        self.assertFalse(self.compare("sort", "return items[0]", "return list(items)[0]")["differences"])

    def test_a_call_that_cannot_be_interrupted_leaves_what_was_found(self):
        answer = self.compare("half", "n // 2", "n // 2 if n in (7, 10) else sum(range(10 ** 12))", limit_s=3)
        self.assertEqual((answer["captured"], answer["compared"], answer["differences"]), (2, 2, []), answer)
        self.assertIn("interrupted", answer["reason"])

    def test_samples_come_in_pairs(self):
        files = self.driver.changed("pure.py", "return n // 2", "return sum(1 for _ in range(2000)) and n // 2")
        request = {"file": "pure.py", "name": "half", "rounds": 5, "sample_s": 0.001, "seed": 1, "limit_s": 60}
        answer = self.driver.ask("bench", files=files, **request)
        self.assertEqual((answer["inputs"], answer["left_out"], len(answer["samples"])), (2, None, 5))
        self.assertTrue(all(old < new for old, new in answer["samples"]), answer)
        answer = self.driver.ask("bench", files=None, **request)
        self.assertEqual(len(answer["samples"]), 5)

    def test_nothing_is_measured_of_what_was_not_captured(self):
        answer = self.driver.ask("bench", file="pure.py", name="unheard", files=None, rounds=1, sample_s=0.001, limit_s=9)
        self.assertEqual(answer["end"], "broken")
