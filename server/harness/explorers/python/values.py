"""Values as expressions of the language, and expressions like others: what tests are called with and what they expect.

Nothing here calls the code under test.
"""

import ast
import builtins
import datetime
import decimal
import enum
import fractions
import random
import re
import sys
import types

LONGEST = 300
ITEMS = 24
DEPTH = 5
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
BY_REPR = {
    datetime.timedelta: ("datetime", None),
    datetime.datetime: ("datetime", None),
    datetime.date: ("datetime", None),
    datetime.time: ("datetime", None),
    datetime.timezone: ("datetime", None),
    decimal.Decimal: ("decimal", "Decimal"),
    fractions.Fraction: ("fractions", "Fraction"),
}


class Opaque(Exception):
    """There is no short expression for a value."""


class Names:
    """The names that expressions may use, and the lines that import them. The module under test comes first."""

    def __init__(self, module):
        self.module = module
        self.space = {}
        self._lines = {}
        for name in ("math", "datetime", "decimal", "fractions"):
            self._add(name, __import__(name), "import %s" % name)
        self._add("Decimal", decimal.Decimal, "from decimal import Decimal")
        self._add("Fraction", fractions.Fraction, "from fractions import Fraction")
        for name, value in list(vars(module).items()):
            if name.startswith("__") or hasattr(builtins, name) and getattr(builtins, name) is value:
                continue
            if isinstance(value, types.ModuleType):
                stem = value.__name__
                self._add(name, value, "import %s" % stem if stem == name else "import %s as %s" % (stem, name))
            elif getattr(value, "__module__", module.__name__) == module.__name__ or not isinstance(value, (type, types.FunctionType)):
                self._add(name, value, None)
            elif getattr(sys.modules.get(value.__module__), value.__name__, None) is value and value.__module__ != "typing":
                line = "from %s import %s" % (value.__module__, value.__name__)
                self._add(name, value, line if value.__name__ == name else "%s as %s" % (line, name))

    def _add(self, name, value, line):
        self.space[name] = value
        self._lines[name] = line

    def of(self, *texts):
        """What expressions use: `(symbols of the module under test, lines of imports)`. Raises `Opaque`."""
        symbols, lines = set(), set()
        for text in texts:
            bound = set()
            tree = ast.parse(text)
            for node in ast.walk(tree):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    bound.add(node.id)
                elif isinstance(node, ast.arg):
                    bound.add(node.arg)
            for node in ast.walk(tree):
                if not isinstance(node, ast.Name) or node.id in bound or node.id == "it":
                    continue
                if node.id in self._lines:
                    line = self._lines[node.id]
                    symbols.add(node.id) if line is None else lines.add(line)
                elif not hasattr(builtins, node.id):
                    raise Opaque(node.id)
        return symbols, lines

    def name_of(self, kind):
        """An expression for a type. Raises `Opaque`."""
        if getattr(builtins, kind.__name__, None) is kind:
            return kind.__name__
        if self.space.get(kind.__name__) is kind:
            return kind.__name__
        for name, value in self.space.items():
            if isinstance(value, types.ModuleType) and getattr(value, kind.__name__, None) is kind:
                return "%s.%s" % (name, kind.__name__)
        raise Opaque(kind.__name__)

    def fits(self, text):
        """Whether an expression uses nothing but names that are known."""
        try:
            self.of(text)
        except (Opaque, SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        return True


def express(value, names, depth=0):
    """A value as an expression that gives an equal one. Raises `Opaque`."""
    kind = type(value)
    if depth > DEPTH:
        raise Opaque("deep")
    if value is None or kind in (bool, int, str, bytes):
        text = repr(value)
    elif kind is float:
        text = number(value)
    elif kind is complex and value == value:
        text = repr(value)
    elif kind in (list, tuple, set, frozenset):
        text = sequence(value, kind, names, depth)
    elif kind is dict:
        many(value)
        pairs = ["%s: %s" % (express(key, names, depth + 1), express(part, names, depth + 1)) for key, part in value.items()]
        text = "{%s}" % ", ".join(pairs)
    elif kind in (range, slice, bytearray):
        text = repr(value)
    elif kind in BY_REPR:
        text = by_repr(value, kind, names)
    elif isinstance(value, enum.Enum):
        text = "%s.%s" % (names.name_of(kind), value.name)
    elif isinstance(value, type):
        text = names.name_of(value)
    elif isinstance(value, tuple) and hasattr(kind, "_fields"):
        many(value)
        text = "%s(%s)" % (names.name_of(kind), ", ".join(express(part, names, depth + 1) for part in value))
    else:
        raise Opaque(kind.__name__)
    if len(text) > LONGEST:
        raise Opaque("long")
    return text


def by_repr(value, kind, names):
    """A value whose text is an expression."""
    text = repr(value)
    module = names.space.get("datetime")
    if BY_REPR[kind][0] == "datetime" and isinstance(module, type):
        # The module under test calls the class by that name.
        alias = next((name for name, held in names.space.items() if held is datetime), None)
        if alias is None:
            raise Opaque("datetime")
        text = text.replace("datetime.", alias + ".", 1)
    return text


def number(value):
    """A float as an expression."""
    if value != value:
        return 'float("nan")'
    if value in (float("inf"), float("-inf")):
        return 'float("%s")' % value
    return repr(value)


def many(value):
    """Refuses what is too large."""
    if len(value) > ITEMS:
        raise Opaque("many")


def sequence(value, kind, names, depth):
    """Several values as an expression."""
    many(value)
    parts = [express(part, names, depth + 1) for part in value]
    if kind in (set, frozenset):
        parts.sort()
    inner = ", ".join(parts)
    if kind is list:
        return "[%s]" % inner
    if kind is tuple:
        return "(%s%s)" % (inner, "," if len(parts) == 1 else "")
    whole = "{%s}" % inner if parts else "set()"
    return whole if kind is set else "frozenset(%s)" % (whole if parts else "")


def simpler(text):
    """Simpler expressions than a plain one."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return
    kind = type(value)
    if kind in (list, tuple, str, bytes) and value:
        for part in (value[:1], value[: len(value) // 2], value[len(value) // 2 :], value[1:], value[:-1]):
            if len(part) < len(value):
                yield repr(part)
    if kind is str and len(value) > 1:
        yield repr("a" * len(value)) if len(value) < 4 else "'a'"
    if kind in (list, tuple) and value:
        for index, part in enumerate(value[:6]):
            for other in simpler(repr(part)):
                yield repr(kind([*value[:index], ast.literal_eval(other), *value[index + 1 :]]))
    if kind is dict:
        for key in list(value)[:6]:
            yield repr({other: part for other, part in value.items() if other != key})
    if kind in (int, float):
        for other in (0, 1, 2, 10, round(value) if value == value and abs(value) < 1e300 else 0, -value if value < 0 else value):
            if len(repr(other)) < len(text) or (kind is float and other == int(other)):
                yield repr(other)


# -- expressions like others

NUMBERS = (0, 1, -1, 2, 3, 7, 10, 12, 99, 100, 1000)
FLOATS = (0.5, 1.5, -0.5, 2.25, 0.1, 99.95)
TEXTS = ("", "a", "A", "abc", "aB c", "0", "12", "-1.5", "a b c", "one, two", "x-y_z", "\u00e9", " a ", "a\nb", "None", "%s")
ATOMS = {
    int: [str(value) for value in NUMBERS],
    float: [str(value) for value in FLOATS] + ["0.0", "1.0", "1e10", "-2.0"],
    str: [repr(value) for value in TEXTS],
    bytes: ["b''", "b'a'", "b'abc'", "b'\\xff\\x00'"],
    bool: ["True", "False"],
    type(None): ["None"],
    list: ["[]", "[1]", "[1, 2, 3]", "[3, 1, 2, 1]", "['a', 'b']", "[1, None, 2]", "[[1], [2, 3]]", "[0, 1, 2, 3, 4, 5, 6]"],
    tuple: ["()", "(1,)", "(1, 2)", "('a', 1)"],
    dict: ["{}", "{'a': 1}", "{'a': 1, 'b': 2}", "{1: 'x', 2: 'y'}", "{'a': {'b': 1}, 'c': [1, 2]}"],
    set: ["set()", "{1}", "{1, 2, 3}", "{'a'}"],
    frozenset: ["frozenset()", "frozenset({1, 2})"],
    datetime.timedelta: ["datetime.timedelta(%s)" % part for part in (
        "0", "1", "seconds=1", "seconds=59", "seconds=60", "minutes=1", "minutes=59", "hours=1", "hours=23", "days=1", "days=2",
        "days=29", "days=31", "days=364", "days=365", "days=400", "days=-1", "seconds=-30", "microseconds=1", "milliseconds=4",
        "days=1, hours=3, minutes=5, seconds=7")],
    datetime.datetime: ["datetime.datetime(2020, 2, 29, 12, 30, 15)", "datetime.datetime(1999, 12, 31)"],
    datetime.date: ["datetime.date(2020, 2, 29)", "datetime.date(1999, 12, 31)", "datetime.date(2021, 1, 1)"],
    decimal.Decimal: ["Decimal('1.5')", "Decimal('0')", "Decimal('-2')"],
    fractions.Fraction: ["Fraction(1, 3)", "Fraction(-7, 2)", "Fraction(4, 2)"],
}  # fmt: skip
CALLABLES = ["str", "len", "lambda x: x", "lambda x: x > 1", "lambda x: [x]", "lambda *args: len(args)", "int"]
ANY = ["0", "1", "-1", "2", "10", "1.5", "''", "'abc'", "None", "[]", "[1, 2, 3]", "{}", "{'a': 1}", "True", "(1, 2)", "'12'", "b'ab'"]


def like(text, rng, constants):
    """An expression like this one, or `None`."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return like_call(text, rng, constants)
    try:
        return repr(changed(value, rng, constants))
    except (OverflowError, ValueError, TypeError):
        return None


def like_call(text, rng, constants):
    """A call with one of its plain parts changed."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    plain = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    if not plain:
        return None
    chosen = rng.choice(plain)
    value = changed(chosen.value, rng, constants)
    if type(value) is not type(chosen.value) and rng.random() < 0.7:
        return None
    chosen.value = value
    try:
        return ast.unparse(tree)
    except (ValueError, RecursionError):
        return None


def changed(value, rng, constants, depth=0):
    """A value like this one."""
    kind = type(value)
    own = [constant for constant in constants if type(constant) is kind]
    if own and rng.random() < 0.3:
        return near(rng.choice(own), rng)
    if kind is bool:
        return not value
    if kind in (int, float):
        return near(value, rng)
    if kind is str:
        return text_like(value, rng, own)
    if kind is bytes:
        return rng.choice([b"", value[:1], value[::-1], value * 2, value + b"a"])
    if value is None:
        return rng.choice([0, "", False, 1, "a", []])
    if kind in (list, tuple, set, frozenset):
        return kind(items_like(list(value), rng, constants, depth))
    if kind is dict:
        return mapping_like(dict(value), rng, constants, depth)
    return value


def near(value, rng):
    """A value beside this one."""
    if type(value) is int:
        ways = [value, value + 1, value - 1, -value, value * 2, value // 2, value * 10, value * 1000, 0, 1]
        return rng.choice(ways if rng.random() < 0.9 else [float(value), value + 0.5])
    if type(value) is float:
        ways = [value, value + 1, value - 1, -value, value * 2, value / 2, value * 1000, value + 0.5, 0.0]
        return int(value) if abs(value) < 1e15 and rng.random() < 0.05 else rng.choice(ways)
    return value


def text_like(value, rng, own):
    """A text like this one."""
    at = rng.randint(0, len(value))
    piece = rng.choice([*own, *TEXTS])
    return rng.choice([
        value[:at], value[at:], value * 2, value.upper(), value.lower(), value.swapcase(), value.title(), value[::-1],
        value[:at] + piece + value[at:], value[:at] + value[at + 1 :], " " + value, value + " ", value + piece, piece + value, piece,
        value.replace(" ", ""), value + "1", value + "-" + value, value + " " + value, value + "\n" + value,
    ])  # fmt: skip


def items_like(items, rng, constants, depth):
    """Items like these."""
    way = rng.choice(["drop", "double", "swap", "inside", "inside", "more", "empty", "first"])
    if not items or way == "empty":
        return [] if items else [rng.choice([0, 1, "a", None])]
    at = rng.randrange(len(items))
    if way == "drop":
        del items[at]
    elif way == "double":
        items.insert(at, items[at])
    elif way == "more":
        items.append(changed(items[-1], rng, constants, depth + 1) if depth < 3 else items[-1])
    elif way == "first":
        items = items[:1]
    elif way == "swap":
        other = rng.randrange(len(items))
        items[at], items[other] = items[other], items[at]
    elif depth < 3:
        items[at] = changed(items[at], rng, constants, depth + 1)
    return items


def mapping_like(value, rng, constants, depth):
    """A dict like this one."""
    if not value:
        return {rng.choice(["a", "b", 1]): rng.choice([1, "x", None])}
    key = rng.choice(list(value))
    way = rng.random()
    if way < 0.25:
        del value[key]
    elif way < 0.4:
        value[changed(key, rng, constants, 3)] = value.pop(key)
    elif way < 0.55:
        value[rng.choice(["z", "b", 2])] = value[key]
    elif depth < 3:
        value[key] = changed(value[key], rng, constants, depth + 1)
    return value


def generator(*parts):
    """A source of chance that is the same for the same parts."""
    return random.Random(" ".join(map(str, parts)))
