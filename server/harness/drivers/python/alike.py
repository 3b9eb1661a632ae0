"""Makes inputs that are like captured ones: by seeded mutation that stays within the types that were seen.

A list of numbers stays a list of numbers, a pair stays a pair. Nothing here calls the function.
"""

import pickle

MOST_ITEMS = 40
ROUNDS = 8


class Seen:
    """What was seen in one place: the values themselves, and what was in them."""

    def __init__(self):
        self.values = []
        self.items = None
        self.lengths = set()

    def note(self, value, depth=0):
        """One more value."""
        if len(self.values) < 200:
            self.values.append(value)
        if isinstance(value, (list, tuple, set, frozenset)) and depth < 3:
            self.lengths.add(len(value))
            self.items = self.items or Seen()
            for item in list(value)[:MOST_ITEMS]:
                self.items.note(item, depth + 1)

    def like(self, rng, kind):
        """Another value of a type, or `None`."""
        found = [value for value in self.values if type(value) is kind]
        return rng.choice(found) if found else None


def mutants(rng, pickles, count):
    """Up to `count` new inputs as pickles, all different from each other and from the captured ones."""
    taken = set(pickles)
    inputs = [pickle.loads(data) for data in pickles]
    seen = {}
    for positional, keywords in inputs:
        for place, value in [*enumerate(positional), *keywords.items()]:
            seen.setdefault(place, Seen()).note(value)
    made = 0
    for _ in range(count * ROUNDS):
        if made >= count or not seen:
            return
        try:
            positional, keywords = pickle.loads(rng.choice(pickles))
            positional = list(positional)
            for _ in range(1 + (rng.random() < 0.4)):
                places = [*range(len(positional)), *keywords]
                if places:
                    place = rng.choice(places)
                    holder = keywords if place in keywords else positional
                    holder[place] = mutate(rng, holder[place], seen.get(place) or Seen())
            data = pickle.dumps((tuple(positional), keywords), protocol=4)
        except Exception:  # what cannot be changed or pickled is no input
            continue
        if data not in taken:
            taken.add(data)
            made += 1
            yield data


def mutate(rng, value, seen, depth=0):
    """A value like this one."""
    kind = type(value)
    if rng.random() < 0.15 and seen.values:
        return rng.choice(seen.values)
    if kind is bool:
        return not value
    if kind is int:
        other = seen.like(rng, int) or 0
        return rng.choice([0, 1, -1, 2, value + 1, value - 1, -value, value * 2, value // 2, other, value + rng.randint(-10, 10)])
    if kind is float:
        return rng.choice([0.0, 1.0, -1.0, 0.5, value + 1.0, value - 1.0, -value, value * 2, value / 2])
    if kind is str or kind is bytes:
        return text(rng, value, seen)
    if kind in (list, set, frozenset):
        return kind(sequence(rng, list(value), seen, depth))
    if kind is tuple:
        if len(seen.lengths) > 1 and rng.random() < 0.5:
            return tuple(sequence(rng, list(value), seen, depth))
        return tuple(inside(rng, list(value), seen, depth))
    if kind is dict:
        return mapping(rng, value, depth)
    state = getattr(value, "__dict__", None)
    if state and depth < 2:
        name = rng.choice(sorted(map(str, state)))
        if name in state:
            state[name] = mutate(rng, state[name], Seen(), depth + 1)
    return value


def text(rng, value, seen):
    """A text like this one, of characters that were seen."""
    empty = value[:0]
    other = seen.like(rng, type(value)) or value
    cut = rng.randint(0, len(value))
    letter = other[(at := rng.randrange(len(other))) : at + 1] if other else empty
    return rng.choice(
        [empty, value[:1], value[:cut], value[cut:], value + value, value[::-1], value[:cut] + letter + value[cut:],
         value[:cut] + value[cut + 1 :], value[:cut] + letter + value[cut + 1 :], value.upper(), value.lower(), other + value]
    )  # fmt: skip


def sequence(rng, items, seen, depth):
    """Items like these, more or fewer of them."""
    others = list(seen.items.values) if seen.items else []
    way = rng.choice(["empty", "first", "drop", "double", "swap", "back", "sort", "more", "twice", "inside", "inside"])
    if not items:
        return [rng.choice(others)] if others else []
    at = rng.randrange(len(items))
    if way == "empty":
        return []
    if way == "first":
        return items[:1]
    if way == "drop":
        return items[:at] + items[at + 1 :]
    if way == "double":
        return items[: at + 1] + items[at:]
    if way == "swap":
        other = rng.randrange(len(items))
        items[at], items[other] = items[other], items[at]
        return items
    if way == "back":
        return items[::-1]
    if way == "sort":
        try:
            return sorted(items, reverse=rng.random() < 0.3)
        except TypeError:
            return items[::-1]
    if way == "more":
        return items[:at] + [rng.choice(others or items) for _ in range(rng.randint(1, 4))] + items[at:]
    if way == "twice":
        return (items + items)[:MOST_ITEMS]
    return inside(rng, items, seen, depth)


def inside(rng, items, seen, depth):
    """As many items, one of them changed."""
    if items and depth < 3:
        at = rng.randrange(len(items))
        items[at] = mutate(rng, items[at], of_kind(seen.items, type(items[at])), depth + 1)
    return items


def of_kind(seen, kind):
    """What was seen of one type: a text in a list is no reason for texts in the place of numbers."""
    kept = Seen()
    if seen is not None:
        for value in seen.values:
            if type(value) is kind:
                kept.note(value)
    return kept


def mapping(rng, value, depth):
    """A dict like this one."""
    changed = dict(value)
    if not changed or rng.random() < 0.15:
        return {}
    key = rng.choice(list(changed))
    if rng.random() < 0.3:
        del changed[key]
    elif depth < 3:
        kept = Seen()
        for other in value.values():
            if type(other) is type(changed[key]):
                kept.note(other)
        changed[key] = mutate(rng, changed[key], kept, depth + 1)
    return changed
