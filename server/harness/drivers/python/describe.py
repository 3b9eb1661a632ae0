"""Values in words that are the same exactly if the values are: type and content, down to every attribute.

It calls as little of the project's own code as it can: never `__eq__`, and `__repr__` only of types that are not the project's.
"""

import itertools
import opcode
import re
import types

NODES = 20_000
ITEMS = 200
DEPTH = 40
HEAP_TYPE = 1 << 9
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
SHOWN_BY_REPR = {"pathlib", "decimal", "fractions", "datetime", "ipaddress", "uuid", "re", "collections", "array", "zoneinfo",
                 "functools", "itertools", "operator", "_decimal", "_collections", "_functools", "_operator"}  # fmt: skip
NAMED = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)


# Functions that a call made are never the same: what they would do, nobody has seen.
MADE = itertools.count()


class Describer:
    """Describes one value. Whether equal parts are the same object makes no difference, except for cycles."""

    def __init__(self):
        self._open = {}
        self._left = NODES

    def describe(self, value, depth=0):
        """The description."""
        self._left -= 1
        if self._left < 0 or depth > DEPTH:
            return "\u2026"
        kind = type(value)
        if value is None or value is Ellipsis or value is NotImplemented or kind in (bool, int, str, bytes, float, complex):
            return repr(value)
        if id(value) in self._open:
            return "<%d up>" % (len(self._open) - self._open[id(value)])
        self._open[id(value)] = len(self._open)
        try:
            return self._compound(value, kind, depth + 1)
        finally:
            del self._open[id(value)]

    def _compound(self, value, kind, depth):
        if kind in (list, tuple):
            parts = ", ".join(self.describe(part, depth) for part in value)
            return "[%s]" % parts if kind is list else "(%s%s)" % (parts, "," if len(value) == 1 else "")
        if kind in (set, frozenset):
            parts = sorted(Describer().describe(part, depth) for part in value)
            return "%s{%s}" % ("" if kind is set else "frozenset", ", ".join(parts))
        if kind is dict:
            return "{%s}" % self._pairs(value, depth)
        if kind in (bytearray, range, slice, memoryview):
            return repr(bytes(value)) if kind is memoryview else repr(value)
        if isinstance(value, types.ModuleType):
            return "module %s" % value.__name__
        if isinstance(value, NAMED) and not hasattr(kind, "__self__"):
            return self._named(value, depth)
        if isinstance(value, BaseException):
            return "%s%s" % (name_of(kind), self.describe(tuple(value.args), depth))
        if isinstance(value, types.GeneratorType) or (hasattr(kind, "__next__") and hasattr(kind, "__iter__")):
            return self._drained(value, kind, depth)
        return self._object(value, kind, depth)

    def _named(self, value, depth):
        name = "%s.%s" % (getattr(value, "__module__", None), getattr(value, "__qualname__", value))
        if isinstance(value, types.FunctionType) and ("<locals>" in name or value.__name__ == "<lambda>"):
            return "%s number %d" % (name, next(MADE))
        if isinstance(value, types.MethodType):
            return "%s of %s" % (name, self.describe(value.__self__, depth))
        return name

    def _pairs(self, value, depth):
        pairs = ("%s: %s" % (self.describe(key, depth), self.describe(dict.__getitem__(value, key), depth))
                 for key in dict.keys(value))
        return ", ".join(pairs)

    def _drained(self, value, kind, depth):
        parts = []
        ending = ""
        try:
            for part in value:
                if len(parts) >= ITEMS:
                    ending = ", \u2026"
                    break
                parts.append(self.describe(part, depth))
        except Exception as error:  # what an iterator raises is part of what it does
            ending = ", raises %s" % self.describe(error, depth)
        return "%s yields [%s%s]" % (name_of(kind), ", ".join(parts), ending)

    def _object(self, value, kind, depth):
        parts = []
        for base, show in ((dict, self._pairs), (list, self._items), (tuple, self._items), (set, self._sorted),
                           (frozenset, self._sorted), (str, plain(str)), (bytes, plain(bytes)), (int, plain(int)),
                           (float, plain(float))):
            if isinstance(value, base):
                parts.append(show(value, depth))
                break
        if not parts and kind.__module__.split(".")[0] in SHOWN_BY_REPR and kind.__repr__ is not object.__repr__:
            # What these keep in attributes are caches as well.
            return ADDRESS.sub("", repr(value))
        state = state_of(value, kind)
        hidden = next((base for base in kind.__mro__ if base is not object and not base.__flags__ & HEAP_TYPE), None)
        if not parts and hidden is not None:
            # A type of the interpreter's, or made of one: what it holds is only in its text.
            parts.append(ADDRESS.sub("", hidden.__repr__(value)))
        elif not parts and not state and not has_state(kind):
            parts.append(ADDRESS.sub("", repr(value)))
        parts.extend("%s=%s" % (key, self.describe(part, depth)) for key, part in state)
        return "%s(%s)" % (name_of(kind), ", ".join(parts))

    def _items(self, value, depth):
        walk = list.__iter__ if isinstance(value, list) else tuple.__iter__
        return "[%s]" % ", ".join(self.describe(part, depth) for part in walk(value))

    def _sorted(self, value, depth):
        walk = set.__iter__ if isinstance(value, set) else frozenset.__iter__
        return "{%s}" % ", ".join(sorted(Describer().describe(part, depth) for part in walk(value)))


def was_raised(error):
    """Whether a statement of somebody's raised it, and not the interpreter, whose messages follow how the code is written."""
    trace = error.__traceback__
    if trace is None:
        return True
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code.co_code
    return trace.tb_lasti < len(code) and opcode.opname[code[trace.tb_lasti]] in ("RAISE_VARARGS", "RERAISE")


def plain(kind):
    """Shows the built-in part of a value of a derived type."""
    return lambda value, _depth: kind.__repr__(value)


def name_of(kind):
    """A type's name."""
    return kind.__qualname__ if kind.__module__ == "builtins" else "%s.%s" % (kind.__module__, kind.__qualname__)


def has_state(kind):
    """Whether instances hold anything that can be listed."""
    return any("__dict__" in vars(base) or vars(base).get("__slots__") for base in kind.__mro__ if base is not object)


def state_of(value, kind):
    """An instance's attributes, sorted by name."""
    state = {}
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            name = "_%s%s" % (base.__name__.lstrip("_"), slot) if slot.startswith("__") and not slot.endswith("__") else slot
            if name not in ("__dict__", "__weakref__"):
                try:
                    state[name] = object.__getattribute__(value, name)
                except AttributeError:
                    pass
    try:
        state.update(object.__getattribute__(value, "__dict__"))
    except (AttributeError, TypeError, ValueError):
        pass
    return sorted(state.items(), key=lambda pair: str(pair[0]))


def describe(value):
    """One value's description."""
    return ADDRESS.sub("", Describer().describe(value))
