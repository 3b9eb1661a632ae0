import unittest

from parcel import price

TARIFF = {"home": 5, "abroad": 12}


def parcel(**changes):
    return {"weight": 1, "country": "home", "express": False, "fragile": False, "insured": False, **changes}


class PriceTest(unittest.TestCase):
    def test_prices(self):
        self.assertEqual(price(parcel(), TARIFF), 5)
        self.assertEqual(price(parcel(express=True), TARIFF), 11)
        self.assertEqual(price(parcel(fragile=True), TARIFF), 5)
        self.assertEqual(price(parcel(insured=True), TARIFF), 5)
        self.assertEqual(price(parcel(fragile=True, insured=True), TARIFF), 8)

    def test_refused(self):
        self.assertIsNone(price(None, TARIFF))
        self.assertIsNone(price(parcel(weight=0), TARIFF))
        self.assertIsNone(price(parcel(weight=31), TARIFF))
        self.assertIsNone(price(parcel(country="moon"), TARIFF))


if __name__ == "__main__":
    unittest.main()
