import unittest

import calc


class CalcTest(unittest.TestCase):
    def test_even(self):
        self.assertIs(calc.is_even(2), True)
        self.assertIs(calc.is_even(3), False)

    def test_label(self):
        self.assertEqual(calc.label(5), "digit")
        self.assertEqual(calc.label(0), "other")
        self.assertEqual(calc.label(10), "other")


if __name__ == "__main__":
    unittest.main()
