"""Prices of parcels, tangled: the function is above the complexity limit and takes several steps to come below it."""


def price(parcel, tariff):
    if parcel is not None:
        if parcel["weight"] > 0:
            if parcel["weight"] <= 30:
                if parcel["country"] in tariff:
                    base = tariff[parcel["country"]]
                    if parcel["express"]:
                        base = base + 6
                    else:
                        base = base + 0
                    if parcel["fragile"] == True:
                        if parcel["insured"]:
                            base = base + 3
                    return base
                else:
                    return None
            else:
                return None
        else:
            return None
    else:
        return None
