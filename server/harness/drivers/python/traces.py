"""What a project's modules hold that code under test can change: noted once, put back after each variant.

Notes containers by the identity of what is in them and calls nothing of the project's. What it cannot see (state in other
libraries, in iterators, outside of the process) is for somebody else to notice.
"""

import builtins
import collections
import functools
import itertools
import os
import random
import sys
import types

MOST = 20_000
QUICK = 500
ATOMS = (int, str, bytes, float, bool, type(None), complex, types.ModuleType, types.BuiltinFunctionType, range, type(Ellipsis))
CACHED = type(functools.lru_cache(maxsize=1)(len))


class Spoiled(Exception):
    """Something changed that cannot be put back."""


class Held:
    """One container and what was in it: its items, compared by identity first, as the interpreter does."""

    __slots__ = ("thing", "copy", "count")
    kind = list

    def __init__(self, thing):
        self.thing = thing
        self.copy = self.now()
        self.count = len(self.copy)

    def now(self):
        """A copy of what is in it."""
        return self.kind(self.thing)

    def changed(self):
        """Whether anything else is in it now."""
        try:
            return not self.kind.__eq__(self.thing, self.copy)
        except Exception:  # things that cannot be compared are others
            return True

    def longer(self):
        """Whether more or less is in it now."""
        return len(self.thing) != self.count


class HeldList(Held):
    """A list."""

    __slots__ = ()

    def put_back(self):
        """Puts back what was in it."""
        list.__setitem__(self.thing, slice(None), self.copy)


class HeldSet(Held):
    """A set."""

    __slots__ = ()
    kind = set

    def put_back(self):
        set.clear(self.thing)
        set.update(self.thing, self.copy)


class HeldDeque(Held):
    """A deque."""

    __slots__ = ()

    def changed(self):
        return list(self.thing) != self.copy

    def put_back(self):
        self.thing.clear()
        self.thing.extend(self.copy)


class HeldBytes(Held):
    """A bytearray."""

    __slots__ = ()
    kind = bytes

    def changed(self):
        return self.thing != self.copy

    def put_back(self):
        self.thing[:] = self.copy


class HeldDict(Held):
    """A dict; an object's attributes and a module's names, too."""

    __slots__ = ()
    kind = dict

    def now(self):
        return dict(dict.items(self.thing))

    def put_back(self):
        # What was imported in the meantime stays: nobody would put it here a second time.
        for key, value in dict.items(self.thing):
            if type(value) is types.ModuleType and key not in self.copy:
                self.copy[key] = value
        self.count = len(self.copy)
        dict.clear(self.thing)
        dict.update(self.thing, self.copy)


class HeldClass(Held):
    """A class's attributes."""

    __slots__ = ()

    def now(self):
        return dict(vars(self.thing))

    def changed(self):
        try:
            return dict(vars(self.thing)) != self.copy
        except Exception:  # as above
            return True

    def longer(self):
        return len(vars(self.thing)) != self.count

    def put_back(self):
        for name in [name for name in vars(self.thing) if name not in self.copy]:
            type.__delattr__(self.thing, name)
        for name, value in self.copy.items():
            if vars(self.thing).get(name, self) is not value:
                type.__setattr__(self.thing, name, value)


class HeldCount(Held):
    """An iterator: that it went on can be seen, but not undone."""

    __slots__ = ()

    def __init__(self, thing):
        self.thing = thing
        self.copy = self.now()
        self.count = 1

    def now(self):
        if isinstance(self.thing, types.GeneratorType):
            frame = self.thing.gi_frame
            return frame and (frame.f_lasti, tuple(map(id, frame.f_locals.values())))
        return repr(self.thing)

    def changed(self):
        return self.now() != self.copy

    longer = changed

    def put_back(self):
        raise Spoiled


class HeldChance(Held):
    """A source of chance."""

    __slots__ = ()

    def now(self):
        return self.thing.getstate()

    def changed(self):
        return self.thing.getstate() != self.copy

    longer = changed

    def put_back(self):
        self.thing.setstate(self.copy)


class Traces:
    """Everything that modules of ours hold, as it is now."""

    def __init__(self, ours, extra=()):
        self._ours = ours
        self._names = set()
        self._seen = set()
        self._held = []
        self._caches = []
        self._pending = []
        # Whether everything could be put back so far.
        self.whole = True
        self._note_modules()
        self._pending.extend(extra)
        self._walk()
        for thing in (vars(builtins), getattr(os.environ, "_data", {}), sys.path):
            self._visit(thing, type(thing))
        self._builtins = self._held[-3]
        self._pending.clear()
        self._seen = None
        self._held[:-3] = sorted(self._held[:-3], key=lambda held: held.count)
        total, self._quick = 0, []
        for held in self._held:
            total += held.count
            if total > QUICK or held in self._held[-3:]:
                break
            self._quick.append(held)
        self._slow = self._held[len(self._quick) :]
        self._limit = sys.getrecursionlimit()

    def _note_modules(self):
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and self._ours.relative(path):
                self._names.add(getattr(module, "__name__", None))
                self._pending.append(vars(module))
                if any(isinstance(value, types.ModuleType) and value is random or getattr(value, "__self__", None) is random._inst
                       for value in vars(module).values()):  # fmt: skip
                    self._pending.append(random._inst)

    def _walk(self):
        while self._pending:
            thing = self._pending.pop()
            if isinstance(thing, ATOMS) or id(thing) in self._seen:
                continue
            if len(self._held) >= MOST:
                return
            self._seen.add(id(thing))
            try:
                self._visit(thing, type(thing))
            except Exception:  # an object that cannot be looked into
                pass

    def _visit(self, thing, kind):
        push = self._pending.extend
        if isinstance(thing, dict):
            self._held.append(HeldDict(thing))
            push(dict.values(thing))
        elif isinstance(thing, list):
            self._held.append(HeldList(thing))
            push(list.__iter__(thing))
        elif isinstance(thing, set):
            self._held.append(HeldSet(thing))
        elif isinstance(thing, (tuple, frozenset)):
            push(thing)
        elif isinstance(thing, collections.deque):
            self._held.append(HeldDeque(thing))
            push(thing)
        elif kind is bytearray:
            self._held.append(HeldBytes(thing))
        elif kind is types.FunctionType:
            self._visit_function(thing)
        elif kind is CACHED:
            self._caches.append(thing)
            push([thing.__wrapped__])
        elif isinstance(thing, (staticmethod, classmethod)):
            push([thing.__func__])
        elif kind is property:
            push([thing.fget, thing.fset])
        elif kind is types.MethodType:
            push([thing.__func__, thing.__self__])
        elif isinstance(thing, type):
            if thing.__module__ in self._names:
                self._held.append(HeldClass(thing))
                push(vars(thing).values())
        elif isinstance(thing, random.Random) and not isinstance(thing, random.SystemRandom):
            self._held.append(HeldChance(thing))
        elif kind is itertools.count or kind is types.GeneratorType:
            self._held.append(HeldCount(thing))
        elif kind.__module__ in self._names or kind is types.SimpleNamespace:
            push([object.__getattribute__(thing, "__dict__")] if hasattr(thing, "__dict__") else [])

    def _visit_function(self, function):
        if self._ours.relative(function.__code__.co_filename):
            push = self._pending.extend
            push(function.__defaults__ or ())
            push((function.__kwdefaults__ or {}).values())
            push(cell.cell_contents for cell in function.__closure__ or () if not is_empty(cell))
            if function.__dict__:
                push([function.__dict__])

    def put_back(self):
        """Puts back what is seen at a glance to have changed; first of all what this code needs itself."""
        if self._builtins.changed():
            self._builtins.put_back()
        for cached in self._caches:
            cached.cache_clear()
        try:
            for held in self._quick:
                if held.changed():
                    held.put_back()
            for held in self._slow:
                if held.longer():
                    held.put_back()
        except Spoiled:
            self.whole = False
        if sys.getrecursionlimit() != self._limit:
            sys.setrecursionlimit(self._limit)

    def look_closely(self):
        """Puts back everything; tells whether there was anything that a glance had missed."""
        missed = False
        try:
            for held in self._slow:
                if held.changed():
                    held.put_back()
                    missed = True
        except Spoiled:
            self.whole = False
        return missed or not self.whole


def is_empty(cell):
    """Whether a closure's variable has no value."""
    try:
        cell.cell_contents
    except ValueError:
        return True
    return False
