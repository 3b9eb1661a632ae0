"""Makes new inputs of captured ones by seeded mutation of what has a known type.

Objects of other types stay as they were captured, but for attributes of known types. Nothing here calls the function.
"""

import pickle

KNOWN = (bool, int, float, str, bytes, list, tuple, dict, set, frozenset, type(None))
NUMBERS = (0, 1, -1, 2, 10, 255, 256, 2**31, -(2**31), 2**63, 10**30)
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-9, 1e300, float("inf"), float("-inf"), float("nan"))
TEXTS = ("", " ", "a", "A", "0", "-1", "\n", "\u00e9", "\U0001f600", "a b", "None", "%s", "{}", "../x")


def load(data):
    """An input from its pickle."""
    return pickle.loads(data)


def mutants(rng, pickles, count):
    """Up to `count` new inputs as pickles, all different from each other and from the captured ones."""
    seen = set(pickles)
    made = 0
    for _ in range(count * 4):
        if made >= count or not pickles:
            return
        try:
            positional, keywords = load(rng.choice(pickles))
            positional = list(positional)
            for _ in range(1 + (rng.random() < 0.3)):
                change(rng, positional, keywords, pickles)
            data = pickle.dumps((tuple(positional), keywords), protocol=4)
        except Exception:  # what cannot be changed or pickled is no input
            continue
        if data not in seen:
            seen.add(data)
            made += 1
            yield data


def change(rng, positional, keywords, pickles):
    """Changes one argument: in itself, or for one that another call had in its place."""
    places = [(positional, index) for index in range(len(positional))] + [(keywords, key) for key in keywords]
    if not places:
        return
    holder, at = rng.choice(places)
    if rng.random() < 0.25:
        others, other_keywords = load(rng.choice(pickles))
        if holder is keywords and at in other_keywords:
            keywords[at] = other_keywords[at]
        elif holder is positional and at < len(others):
            positional[at] = others[at]
        return
    holder[at] = mutate(rng, holder[at])


def mutate(rng, value, depth=0):
    """A value like this one."""
    kind = type(value)
    if kind is bool:
        return not value
    if kind is int:
        return rng.choice([value + 1, value - 1, -value, value * 2, value // 2, value + rng.randint(-100, 100), *NUMBERS])
    if kind is float:
        return rng.choice([value + 1.0, value - 1.0, -value, value * 2, value / 2, value * (1 + rng.random()), *FLOATS])
    if kind is str:
        return text(rng, value)
    if kind is bytes:
        return rng.choice([b"", value[: len(value) // 2], value * 2, value[::-1], value + b"\x00", value + b"\xff"])
    if value is None:
        return rng.choice([0, "", False, 1])
    if kind in (list, tuple, set, frozenset):
        return kind(sequence(rng, list(value), depth))
    if kind is dict:
        return mapping(rng, value, depth)
    attribute(rng, value, depth)
    return value


def text(rng, value):
    """A text like this one."""
    cut = rng.randint(0, len(value))
    swapped = value[:cut] + rng.choice(TEXTS) + value[cut:]
    dropped = value[:cut] + value[cut + 1 :]
    return rng.choice(
        [value[:cut], value[cut:], value * 2, value.upper(), value.lower(), value.swapcase(), value[::-1], value + " ",
         " " + value, swapped, dropped, rng.choice(TEXTS)]
    )  # fmt: skip


def sequence(rng, items, depth):
    """Items like these."""
    ways = ["empty", "drop", "double", "swap", "inside", "inside"]
    way = rng.choice(ways)
    if way == "empty" or not items:
        return [] if items else [rng.choice([0, "", None])]
    index = rng.randrange(len(items))
    if way == "drop":
        del items[index]
    elif way == "double":
        items.insert(index, items[index])
    elif way == "swap":
        other = rng.randrange(len(items))
        items[index], items[other] = items[other], items[index]
    elif depth < 3 and isinstance(items[index], KNOWN):
        items[index] = mutate(rng, items[index], depth + 1)
    return items


def mapping(rng, value, depth):
    """A dict like this one."""
    if not value or rng.random() < 0.1:
        return {} if value else {rng.choice(["", "a", 0]): rng.choice([0, "", None])}
    changed = dict(value)
    key = rng.choice(list(changed))
    way = rng.random()
    if way < 0.3:
        del changed[key]
    elif way < 0.5 and type(key) in (int, str):
        changed[mutate(rng, key)] = changed.pop(key)
    elif depth < 3 and isinstance(changed[key], KNOWN):
        changed[key] = mutate(rng, changed[key], depth + 1)
    return changed


def attribute(rng, value, depth):
    """Changes one attribute of a known type, if there is one."""
    state = getattr(value, "__dict__", None)
    names = [name for name, part in (state or {}).items() if type(part) in KNOWN and part is not None]
    if names and depth < 2:
        name = rng.choice(names)
        state[name] = mutate(rng, state[name], depth + 1)
