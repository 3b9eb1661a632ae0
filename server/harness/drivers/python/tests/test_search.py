"""Very many variants at once: every way one can end, and what one of them may do to the others.

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


class Searching(unittest.TestCase):
    """Variants of a project that is loaded once. Variants are pairs of texts: what stands there, and what is tried."""

    FILES = {}
    FILE = "work.py"
    RUNNER = "pytest"
    ARGS = ("-q",)
    RED = ()

    @classmethod
    def setUpClass(cls):
        if cls is Searching or (cls.RUNNER == "pytest" and not PYTEST):
            raise unittest.SkipTest("pytest is not installed")
        cls.driver = Driver(cls.FILES, runner=cls.RUNNER, args=cls.ARGS, memory_mb=600)
        tests = cls.driver.loaded["tests"]
        cls.red = [test for test in tests if test.split("::")[-1].split(".")[-1] in cls.RED]
        cls.green = [test for test in tests if test not in cls.red]

    @classmethod
    def tearDownClass(cls):
        cls.driver.close()

    def edits(self, *pairs):
        """The edits that replace texts, which are there once each."""
        data = self.driver.files[self.FILE]
        found = []
        for before, after in pairs:
            self.assertEqual(data.count(before), 1, before)
            start = len(data[: data.index(before)].encode())
            found.append([start, start + len(before.encode()), after])
        return sorted(found)

    def search(self, *pairs, **more):
        """The results by the position of each variant (a pair, or a list of pairs), and the closing answer."""
        variants = [[10 + index, self.edits(*([pair] if isinstance(pair, tuple) else pair))] for index, pair in enumerate(pairs)]
        request = {"file": self.FILE, "variants": variants, "red": self.red, "green": self.green, "ahead": 4, "times": 20}
        answer = self.driver.ask("search", **dict(dict(request, least_s=0.02, limit_s=60), **more))
        results = [result for message in answer["stream"] for result in message["results"]]
        self.assertEqual(len({result[0] for result in results}), len(results), "each variant has one result")
        self.assertEqual(answer["tried"], len(results))
        by_number = {result[0]: result[1:] for result in results}
        return [by_number.get(10 + index) for index in range(len(pairs))], answer

    def kinds(self, *pairs, how=None, **more):
        """Only the kinds of results."""
        results, answer = self.search(*pairs, **more)
        self.assertEqual(answer["end"], "finished", answer)
        if how is not None:
            self.assertEqual(answer["how"], dict({"shared": 0, "forked": 0, "reloaded": 0}, **how), (answer, results))
        return [result[0] for result in results]


WORK = {
    "work.py": '''
        import functools
        import os

        LIMIT = 10
        SEEN = {}


        def top(items):
            best = 0
            for item in items:
                if item > best:
                    best = item
            return best + 1


        def capped(n):
            return min(n, LIMIT)


        @functools.lru_cache(maxsize=None)
        def cached(n):
            return n + 10


        def twice(function):
            def wrapper(*args):
                return function(*args) * 2
            return wrapper


        @twice
        def doubled(n):
            return n + 3


        def outer(n):
            def inner(m):
                return m * 3
            return inner(n) + (lambda x: x)(0)


        def count(n):
            for i in range(n):
                yield i


        async def later(n):
            return n + 4


        class Base:
            STEP = 1

            def size(self):
                return 5

            class Deep:
                def __hidden(self):
                    return 6

                def shown(self):
                    return self.__hidden()


        class Derived(Base):
            def size(self):
                return super().size() + self.STEP

            @staticmethod
            def plain():
                return 7

            @property
            def large(self):
                return self.size() > 8
    ''',
    "test_work.py": '''
        import asyncio
        import pytest
        import work
        from work import *


        def test_top():
            assert top([1, 3, 2]) == 3


        def test_top_of_none():
            assert top([]) == 0


        @pytest.mark.parametrize("items, best", [([2, 5], 5), ([4], 4)])
        def test_tops(items, best):
            assert top(items) == best


        def test_capped():
            assert capped(20) == 10


        def test_cached():
            assert cached(1) == 11


        def test_doubled():
            assert doubled(1) == 8


        def test_outer():
            assert outer(2) == 6


        def test_count():
            assert list(count(3)) == [0, 1, 2]


        def test_later():
            assert asyncio.run(later(1)) == 5


        class TestClasses:
            def test_derived(self):
                assert (Derived().size(), Derived.plain(), Derived().large) == (6, 7, False)

            def test_deep(self):
                assert Base.Deep().shown() == 6
    ''',
}


class Kinds(Searching):
    """Every kind of result, on code of every shape."""

    FILES = WORK
    RED = ("test_top", "test_top_of_none", "test_tops[items0-5]", "test_tops[items1-4]")
    RIGHT = ("best + 1", "best")

    def test_what_fails_says_where_and_how_and_what_passes_is_passed(self):
        results, answer = self.search(self.RIGHT, ("best + 1", "best - 1"), ("best + 1", "best.none"), ("best = 0", "best = -1"))
        self.assertEqual(results, [["passed", 4, ""], ["failed", 0, "AssertionError:8"], ["failed", 0, "AttributeError:8"],
                                   ["failed", 1, "AssertionError:8"]])  # fmt: skip
        self.assertEqual((answer["end"], answer["how"]), ("finished", {"shared": 4, "forked": 0, "reloaded": 0}))

    def test_the_first_ones_are_all_tried_and_others_up_to_the_first_failure(self):
        results, _ = self.search(("best + 1", "best if items else 1"), ahead=1)
        self.assertEqual(results, [["failed", 1, "AssertionError:12"]])
        results, _ = self.search(("best + 1", "best if len(items) == 2 else -1"), ahead=1)
        self.assertEqual(results, [["failed", 0, "AssertionError:8"]])
        results, _ = self.search(("best + 1", "best if len(items) == 2 else -1"), ahead=4)
        self.assertEqual(results, [["failed", 1, "AssertionError:8"]])

    def test_a_variant_that_breaks_another_test_is_broken(self):
        found, _ = self.search([self.RIGHT, ("m * 3", "m * 4")], [self.RIGHT, ("n + 3", "n + 5")], [self.RIGHT, ("yield i", "yield 0")])
        self.assertEqual(found, [["broken", 4, "AssertionError:33"], ["broken", 4, "AssertionError:29"], ["broken", 4, "AssertionError:37"]])

    def test_code_of_every_shape_is_swapped(self):
        changes = [("m * 3", "m * 4"), ("lambda x: x", "lambda x: 1"), ("n + 3", "n - 3"), ("(*args) * 2", "(*args)"), ("n + 10", "n"),
                   ("yield i", "yield -i"), ("n + 4", "n"), ("return 6", "return 0"), ("super().size() +", "super().size() -"),
                   ("return 7", "return 1"), ("self.size() > 8", "True"), ("return 5", "return 4"), ("min(n", "max(n")]  # fmt: skip
        how = {"shared": len(changes)}
        wrapper_ran = ("(*args) * 2", "(*args)")
        self.assertEqual(self.kinds(*[[self.RIGHT, change] for change in changes if change != wrapper_ran],
                                    how={"shared": len(changes) - 1}), ["broken"] * (len(changes) - 1))  # fmt: skip
        self.assertEqual(self.kinds([self.RIGHT, wrapper_ran]), ["broken"])
        self.assertEqual(how["shared"], len(changes))

    def test_what_is_no_python_is_unloadable(self):
        results = self.kinds(("best + 1", "best +"), ("item > best", "item > (best"), ("return best", "  return best"),
                             ("return best", "'''"), ("for item in", "for item im"), ("def top", "def"))  # fmt: skip
        self.assertEqual(results, ["unloadable"] * 6)

    def test_new_text_may_end_the_function(self):
        results = self.kinds([("return best + 1", "return best\n\n\ndef more():\n    return 1")],
                             [("return best + 1", "return best\n\n\nMORE = 1")], [("return best + 1", "return best\n\n\n1 / 0")])  # fmt: skip
        self.assertEqual(results, ["passed", "passed", "unloadable"])

    def test_what_needs_loading_is_loaded_anew(self):
        changes = [("def top(items)", "def top(items, more=1)"), ("STEP = 1", "STEP = 1 + 0"), ("LIMIT = 10", "LIMIT = 5 * 2"),
                   ("@twice\n", "")]  # fmt: skip
        pairs = [[self.RIGHT, change] for change in changes]
        self.assertEqual(self.kinds(*pairs), ["passed", "passed", "passed", "broken"])
        self.assertEqual(self.kinds(*changes), ["failed"] * 4)
        results, answer = self.search(("STEP = 1", "STEP = 1 / 0"), ("STEP = 1", "STEP = 2"))
        self.assertEqual((results[0][0], results[1]), ("unloadable", ["failed", 0, "AssertionError:8"]))
        self.assertEqual(answer["how"], {"shared": 0, "forked": 0, "reloaded": 2})

    def test_loops_without_end_are_timeouts(self):
        variants = [("best = 0", "while True: pass"), ("for item in items", "for item in iter(int, 1)"),
                    ("best = 0", "best = 0\n    top(items)"), self.RIGHT]  # fmt: skip
        started = time.monotonic()
        self.assertEqual(self.kinds(*variants), ["timeout", "timeout", "failed", "passed"])
        self.assertLess(time.monotonic() - started, 20)

    def test_a_timeout_that_is_caught_is_a_timeout(self):
        stubborn = "while True:\n        try:\n            best = 0\n        except BaseException:\n            pass\n    best = 0"
        once = "try:\n        while True: pass\n    except BaseException: best = 0"
        results = self.kinds([self.RIGHT, ("best = 0", stubborn)], [self.RIGHT, ("best = 0", once)], self.RIGHT)
        self.assertEqual(results, ["timeout", "timeout", "passed"])

    def test_what_hangs_below_the_interpreter_is_killed(self):
        results, answer = self.search(("best = 0", "best = sum(range(10 ** 12))"), self.RIGHT)
        self.assertEqual(([result[0] for result in results], answer["end"]), (["timeout", "passed"], "finished"))

    def test_what_ends_the_process_has_died(self):
        results = self.kinds(("best = 0", "os._exit(0)"), ("best = 0", "import ctypes; ctypes.string_at(0)"), self.RIGHT,
                             ("best = 0", "import sys; sys.exit(0)"), ("best = 0", "best = bytearray(1 << 40)"))  # fmt: skip
        self.assertEqual(results, ["died", "died", "passed", "failed", "died"])

    def test_rude_variants_leave_the_others_alone(self):
        rude = ["import sys; sys.setrecursionlimit(60)", "import builtins; builtins.len = None", "import sys; sys.stdout.close()",
                "import sys; sys.settrace(lambda *_: None)", "print('x' * 100000); best = 0", "input()", "global LIMIT; LIMIT = 0",
                "Base.STEP = 9", "os.fork()", "import threading, time; threading.Thread(target=time.sleep, args=(9,)).start()",
                "global min; min = max", "os.chdir('/')", "import signal; signal.setitimer(signal.ITIMER_REAL, 0)"]  # fmt: skip
        pairs = [("best = 0", text) for text in rude]
        results = self.kinds(*pairs, [self.RIGHT, ("m * 3", "m + m + m")], ("best = 0", "while True: pass"))
        self.assertEqual(results[-2:], ["passed", "timeout"])
        self.assertEqual(dict(zip(rude, results)), dict.fromkeys(rude, "failed"))

    def test_the_same_code_in_other_words_has_the_same_result(self):
        results, _ = self.search(("best + 1", "best - 1"), ("best + 1", "(best - 1)"), ("best + 1", "best - 1  # so"))
        self.assertEqual(results, [["failed", 0, "AssertionError:8"]] * 3)

    def test_the_time_limit_holds_and_what_was_found_is_told(self):
        loop = [("best = 0", "best = %d\n    while True: pass" % n) for n in range(400)]
        results, answer = self.search(*loop, limit_s=0.8)
        self.assertEqual(answer["end"], "timeout")
        tried = [result for result in results if result]
        self.assertTrue(0 < len(tried) < 400, len(tried))
        self.assertEqual({result[0] for result in tried}, {"timeout"})

    def test_a_search_can_be_cancelled_and_others_go_on_meanwhile(self):
        variants = [[n, self.edits(("best = 0", "best = %d\n    while True: pass" % n))] for n in range(2000)]
        request = {"file": self.FILE, "red": self.red, "green": self.green, "ahead": 1, "times": 20, "least_s": 0.02, "limit_s": 60}
        number = self.driver.send("search", variants=variants, **request)
        self.assertEqual(self.kinds(self.RIGHT), ["passed"])
        self.driver.send("cancel", target=number)
        answer = self.driver.answer(number)
        self.assertEqual(answer["end"], "cancelled")
        self.assertEqual(self.kinds(self.RIGHT), ["passed"])

    def test_unknown_tests_and_files_are_refused(self):
        self.assertEqual(self.driver.ask("search", file=self.FILE, variants=[], red=["no::such"], green=[])["end"], "broken")
        self.assertEqual(self.driver.ask("search", file="none.py", variants=[], red=self.red, green=[])["end"], "broken")

    def test_nothing_to_try_is_finished(self):
        self.assertEqual(self.search()[1]["tried"], 0)


LEAKY = {
    "work.py": '''
        import functools

        import store

        MEMO = {}


        def fib(n, known={}):
            if n < 2:
                return n
            if n not in known:
                known[n] = fib(n - 1) + fib(n - 2) + 1
            return known[n]


        def square(n):
            if n not in MEMO:
                MEMO[n] = n ** 2 + 1
            return MEMO[n]


        @functools.lru_cache(maxsize=None)
        def cube(n):
            return n * n * n + 1


        def stored(n):
            return store.keep(n + 1)
    ''',
    "store.py": '''
        import sys

        sys.kept = None


        def keep(n):
            sys.kept = max(n, sys.kept or n)
            return sys.kept
    ''',
    "test_work.py": '''
        import work


        def test_fib():
            assert work.fib(10) == 55


        def test_square():
            assert work.square(3) == 9


        def test_cube():
            assert work.cube(3) == 27


        def test_stored():
            assert work.stored(3) < 5
            assert work.stored(3) == 3
    ''',
}


class Leaking(Searching):
    """Code that remembers: what one variant leaves behind must not reach the next one."""

    FILES = LEAKY

    def check(self, name, *pairs):
        """The last pair is right."""
        self.red, self.green = [test for test in self.driver.loaded["tests"] if test.endswith("::test_" + name)], []
        results, answer = self.search(*pairs)
        self.assertEqual([result[0] for result in results], ["failed"] * (len(pairs) - 1) + ["passed"], answer)
        return answer["how"]

    def test_caches_of_the_project_are_emptied(self):
        wrong = [("fib(n - 2) + 1", "fib(n - 2) - %d" % n) for n in range(2, 80)]
        self.assertEqual(self.check("fib", *wrong, ("fib(n - 2) + 1", "fib(n - 2)"))["forked"], 0)
        self.assertEqual(self.check("square", ("n ** 2 + 1", "n + n"), ("n ** 2 + 1", "n ** 2"))["forked"], 0)
        self.assertEqual(self.check("cube", ("n * n * n + 1", "n + n"), ("n * n * n + 1", "n * n * n"))["forked"], 0)

    def test_what_cannot_be_put_back_is_noticed(self):
        how = self.check("stored", ("keep(n + 1)", "keep(n + 2)"), ("keep(n + 1)", "keep(n)"))
        self.assertEqual(how["shared"], 0)


COUNTING = {
    "work.py": """
        import itertools

        NAMES = itertools.count()


        def named():
            return next(NAMES) + 1
    """,
    "test_work.py": """
        import work


        def test_named():
            assert work.named() == 0
    """,
}


class Counting(Searching):
    """State that nobody can put back."""

    FILES = COUNTING
    RED = ("test_named",)

    def test_each_variant_has_a_process_of_its_own(self):
        found = self.kinds(("NAMES) + 1", "NAMES) + 2"), ("NAMES) + 1", "NAMES)"), ("NAMES) + 1", "NAMES) + 0"), how={"forked": 3})
        self.assertEqual(found, ["failed", "passed", "passed"])


FIXTURES = {
    "conftest.py": '''
        import pytest


        @pytest.fixture
        def three():
            return 3
    ''',
    "work.py": '''
        SETTING = {"on": False}


        def add(a, b):
            return a - b


        def setting():
            return SETTING["on"]
    ''',
    "tests/test_fixture.py": '''
        import os
        import subprocess
        import sys
        import pytest
        from work import add, setting, SETTING


        @pytest.fixture(autouse=True)
        def on(monkeypatch):
            monkeypatch.setitem(SETTING, "on", True)


        def test_add(three, tmp_path):
            assert add(three, 1) == 4


        def test_setting(capsys):
            print("x")
            assert setting() and capsys.readouterr().out == "x\\n"
    ''',
    "tests/test_program.py": '''
        import subprocess
        import sys


        def test_program():
            assert subprocess.run([sys.executable, "-c", "import work; print(work.add(1, 1))"], stdout=-1).stdout == b"2\\n"
    ''',
}


class Protocol(Searching):
    """Tests that are more than a call."""

    FILES = FIXTURES
    ARGS = ("-q", "tests")
    RED = ("test_add",)

    def setUp(self):
        self.green = [test for test in self.driver.loaded["tests"] if test.endswith("::test_setting")]

    def test_fixtures_are_set_up_for_each_variant(self):
        results, _ = self.search(("a - b", "a + b"), ("a - b", "a * b"), [("a - b", "a + b"), ('SETTING["on"]', 'not SETTING["on"]')])
        self.assertEqual([result[0] for result in results], ["passed", "failed", "broken"])
        self.assertRegex(results[1][2], "AssertionError:14")

    def test_loops_without_end_are_timeouts_here_too(self):
        self.assertEqual(self.kinds(("return a - b", "while True: pass"), ("a - b", "a + b")), ["timeout", "passed"])

    def test_what_must_be_loaded_anew_is_loaded_by_another_interpreter(self):
        results, answer = self.search(("def add(a, b):\n    return a - b", "def add(a, b, c=0):\n    return a + b + c"),
                                      ("def add(a, b)", "def add(a, b, c=0)"))  # fmt: skip
        self.assertEqual([result[0] for result in results], ["passed", "failed"], answer)
        self.assertEqual(answer["how"]["reloaded"], 2)

    def test_a_red_test_that_starts_programs_is_not_for_this(self):
        self.red = [test for test in self.driver.loaded["tests"] if test.endswith("test_program")]
        results, answer = self.search(("a - b", "a + b"))
        self.assertEqual((results, answer["end"]), ([None], "broken"))
        self.assertIn("test_program", answer["reason"])


ENDLESS = {
    "work.py": '''
        def shrink(n):
            while n > 0:
                n = n + 0
            return n


        def near(n):
            return n
    ''',
    "test_work.py": '''
        from work import near, shrink


        def test_shrink():
            assert shrink(3) == 0


        def test_near():
            assert near(3) == 3
    ''',
}


class Endless(Searching):
    """A red test that never ends on the unchanged code."""

    FILES = ENDLESS
    RED = ("test_shrink",)

    def test_the_variant_that_ends_passes(self):
        self.assertEqual(self.kinds(("n + 0", "n - 0"), ("n + 0", "n - 1"), ("n + 0", "n - 2")), ["timeout", "passed", "failed"])


UNITTEST = {
    "work.py": '''
        def add(a, b):
            return a - b


        def sub(a, b):
            return a - b
    ''',
    "test_work.py": '''
        import unittest
        import work


        class Plain(unittest.TestCase):
            def test_add(self):
                self.assertEqual(work.add(1, 2), 3)

            def test_sub(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.assertEqual(work.sub(n, n), 0)


        class Prepared(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.one = 1

            def setUp(self):
                self.two = 2

            def test_more(self):
                self.assertEqual(work.add(self.one, self.two), 3)
    ''',
}


class OfUnittest(Searching):
    """Both kinds of test cases, without pytest."""

    FILES = UNITTEST
    RUNNER = "unittest"
    ARGS = ()
    RED = ("test_add", "test_more")

    def test_results(self):
        add = "def add(a, b):\n    return a "
        results, _ = self.search((add + "-", add + "+"), (add + "-", add + "*"), (add + "- b", "def add(a, b):\n    return 3 if b else 0"),
                                 [(add + "-", add + "+"), ("def sub(a, b):\n    return a - b", "def sub(a, b):\n    return a + b")])  # fmt: skip
        self.assertEqual(results, [["passed", 2, ""], ["failed", 0, "AssertionError:7"], ["passed", 2, ""],
                                   ["broken", 2, "AssertionError:12"]])  # fmt: skip


BEHAVIOUR = {
    "work.py": '''
        import time


        class Box:
            def __init__(self, n):
                self.n = n

            def grow(self, by):
                self.n += by
                return self.n


        def biggest(items):
            best = items[0]
            for item in items:
                if item > best:
                    best = item
            return best


        def now(n):
            return time.time() + n


        def unheard(n):
            return n
    ''',
    "test_work.py": '''
        import work


        def test_biggest():
            assert work.biggest([1, 3, 2]) == 4


        def test_more():
            assert work.biggest([-1, 0]) == 0


        def test_grow():
            assert work.Box(1).grow(2) == 3


        def test_now():
            assert work.now(1) > 1
    ''',
}


class Behaving(Searching):
    """What variants do on inputs."""

    FILES = BEHAVIOUR

    def behave(self, name, *pairs, **more):
        """The answer for the unchanged code and these variants."""
        variants = [[0, []]] + [[1 + index, self.edits(pair)] for index, pair in enumerate(pairs)]
        request = {"file": self.FILE, "name": name, "tests": self.driver.loaded["tests"], "variants": variants, "seed": 1}
        return self.driver.ask("behave", **dict(dict(request, mutations=60, limit_s=30), **more))

    def said(self, answer, row, words):
        """What a variant does on an input."""
        index = answer["table"][row][1][answer["inputs"].index(words)]
        return answer["said"][index] if index >= 0 else None

    def test_the_table_tells_who_agrees_where(self):
        answer = self.behave("biggest", ("item > best", "item >= best"), ("item > best", "item < best"),
                             ("best = items[0]", "best = items[0] if items else 0"))  # fmt: skip
        self.assertEqual((answer["end"], answer["captured"], answer["left_out"]), ("finished", 2, None), answer)
        self.assertEqual([row[0] for row in answer["table"]], [0, 1, 2, 3])
        old, same, other, empty = [row[1] for row in answer["table"]]
        self.assertEqual(old, same)
        self.assertNotEqual(old, other)
        self.assertEqual(self.said(answer, 0, "biggest([1, 3, 2])"), "3")
        self.assertEqual(self.said(answer, 2, "biggest([1, 3, 2])"), "1")
        self.assertEqual((self.said(answer, 0, "biggest([])"), self.said(answer, 3, "biggest([])")), ("raises IndexError", "0"))
        self.assertEqual([at for at, index in enumerate(empty) if index != old[at]], [answer["inputs"].index("biggest([])")])

    def test_inputs_are_of_the_types_seen_and_come_smallest_first(self):
        answer = self.behave("biggest", mutations=200)
        lists = [eval(words[len("biggest") :]) for words in answer["inputs"]]
        self.assertTrue(all(type(item) is int for found in lists for item in found), lists)
        self.assertEqual([len(words) for words in answer["inputs"]], sorted(map(len, answer["inputs"])))
        self.assertEqual(len(set(answer["inputs"])), len(lists))
        self.assertEqual(answer["inputs"], self.behave("biggest", mutations=200)["inputs"], "the same seed, the same inputs")

    def test_what_does_not_end_or_dies_or_is_no_python_is_unknown(self):
        answer = self.behave("biggest", ("best = item\n", "while True: pass\n"), ("item > best", "sum(range(10 ** 12))"),
                             ("best = items[0]", "import os; os._exit(1)"), ("item > best", "item >"), mutations=5)  # fmt: skip
        rows = [row[1] for row in answer["table"]]
        self.assertEqual(self.said(answer, 1, "biggest([1, 3, 2])"), None)
        self.assertEqual([set(row) for row in rows[2:]], [{-1}] * 3)
        self.assertTrue(all(index >= 0 for index in rows[0]))

    def test_what_becomes_of_arguments_is_told(self):
        answer = self.behave("Box.grow", ("self.n += by\n        return self.n", "return self.n + by"), mutations=0)
        self.assertEqual(answer["inputs"], ["grow(work.Box(n=1), 2)"])
        self.assertEqual(self.said(answer, 0, answer["inputs"][0]), "3; self becomes work.Box(n=3)")
        self.assertEqual(self.said(answer, 1, answer["inputs"][0]), "3")

    def test_a_variant_that_must_be_loaded_anew_is_run_beside_the_old(self):
        answer = self.behave("biggest", ("def biggest(items)", "def biggest(items, more=9)"), mutations=0)
        self.assertEqual(answer["table"][0][1], answer["table"][1][1])

    def test_functions_of_the_outside_world_are_left_out(self):
        self.assertIn("time", self.behave("now")["left_out"])
        self.assertIn("no test", self.behave("unheard")["left_out"])
        self.assertIn("no such", self.behave("nothing")["left_out"])


if __name__ == "__main__":
    unittest.main()
