"""Small sums."""


def is_even(number):
    if number % 2 == 0:
        return True
    else:
        return False


def label(number):
    if number > 0:
        if number < 10:
            return "digit"
    return "other"
