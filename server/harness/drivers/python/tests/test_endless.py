"""Tests of the surveyed code that never end, or take their process down: they fail, and the others are told all the same.

It measures nothing.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from client import Driver  # noqa: E402

LIB = """
    def turns(n):
        while n:
            n = n + 1
        return n


    def well(n):
        return n + 1
"""
PYTEST = """
    import os
    import re
    import lib
    import pytest


    @pytest.fixture(scope="module")
    def box():
        return [lib.well(1)]


    def test_before(box):
        assert box == [2]


    def test_loops():
        assert lib.turns(1) == 0


    def test_swallows():
        while True:
            try:
                lib.turns(1)
            except BaseException:
                pass


    def test_never_comes_back():
        re.match("(a+)+$", "a" * 60 + "b")
        2 ** 5 ** 12 ** 3


    def test_dies():
        os.kill(os.getpid(), 11)


    def test_fails(box):
        assert box == [3]


    def test_after(box):
        assert box == [2] and lib.turns(0) == 0
"""
UNITTEST = """
    import os
    import unittest
    import lib


    class Test(unittest.TestCase):
        def test_a(self):
            self.assertEqual(lib.well(1), 2)

        def test_b(self):
            self.assertEqual(lib.turns(1), 0)

        def test_c(self):
            os.kill(os.getpid(), 11)

        def test_d(self):
            self.assertEqual(lib.turns(0), 0)
"""


def short(test):
    """The last part of an id."""
    return test.replace(".", "::").split("::")[-1]


class Endless(unittest.TestCase):
    """What a survey says where each test has a limit of its own."""

    def survey(self, runner, text, **more):
        driver = Driver({"lib.py": LIB, "test_lib.py": text}, runner=runner, args=["-q"] if runner == "pytest" else [])
        self.addCleanup(driver.close)
        self.assertEqual(driver.loaded["end"], "loaded", driver.loaded)
        answer = driver.ask("survey", **dict({"limit_s": 60}, **more))
        return answer, {short(line["test"]): line for line in answer["stream"]}

    def test_pytest(self):
        for trace in (True, False):
            answer, seen = self.survey("pytest", PYTEST, trace=trace, each_s=0.3)
            self.assertEqual(answer["end"], "finished", answer)
            self.assertEqual({name for name, line in seen.items() if line["outcome"] == "passed"}, {"test_before", "test_after"})
            self.assertEqual(len(seen), 7)
            for name in ("test_loops", "test_swallows", "test_never_comes_back"):
                self.assertTrue(seen[name]["message"].startswith("does not end"), seen[name])
            self.assertTrue(seen["test_dies"]["message"].startswith("the process died"), seen["test_dies"])
            self.assertIn("assert", seen["test_fails"]["message"])
            if trace:
                self.assertIn([2, 3], seen["test_loops"]["lines"]["lib.py"], "what it ran through is known")

    def test_unittest(self):
        answer, seen = self.survey("unittest", UNITTEST, trace=True, each_s=0.3)
        self.assertEqual(answer["end"], "finished", answer)
        self.assertEqual({name: line["outcome"] for name, line in seen.items()}, {"test_a": "passed", "test_b": "failed", "test_c": "failed", "test_d": "passed"})
        self.assertTrue(seen["test_b"]["message"].startswith("does not end"))

    def test_without_a_limit_for_each_the_run_is_over(self):
        answer, seen = self.survey("pytest", PYTEST, trace=False, limit_s=1.0)
        self.assertEqual((answer["end"], set(seen)), ("timeout", {"test_before"}))


if __name__ == "__main__":
    unittest.main()
