"""Makes new texts of files effective in a forked child: swaps the code of live functions where nothing else changed, and
says where that is not enough.

It must never guess: whatever is uncertain is answered with `Reload`. It writes no file.
"""

import ast
import gc
import inspect
import linecache
import os
import sys
import types
from importlib import machinery

from _hephaestus_zygote import constants

FUNCTION = 0x2
SUSPENDS = 0x20 | 0x80 | 0x200
CALL_FLAGS = 0x4 | 0x8 | SUSPENDS | 0x100
SIMPLE = {int, str, bytes, bool, type(None), type(Ellipsis)}
HAS_DOCSTRING = getattr(inspect, "CO_HAS_DOCSTRING", 0)


class Reload(Exception):
    """The variant needs a process that loads it from the start. `disk`: and the files written, too."""

    def __init__(self, reason, disk=False):
        super().__init__(reason)
        self.disk = disk


class Unloadable(Exception):
    """The variant's text is no Python."""


def compile_text(data, path):
    """The code of a file as the import system would compile it."""
    try:
        return compile(data, path, "exec", dont_inherit=True, optimize=-1)
    except (SyntaxError, ValueError, RecursionError, OverflowError, MemoryError) as error:
        raise Unloadable("%s: %s" % (type(error).__name__, error))


def constant_key(value):
    """A constant as something that only equals what is the same constant; nested code is left out."""
    kind = type(value)
    if kind in SIMPLE:
        return (kind, value)
    if kind is types.CodeType:
        return (kind,)
    if isinstance(value, tuple):
        return (tuple, tuple(constant_key(part) for part in value))
    if isinstance(value, frozenset):
        return (frozenset, frozenset(constant_key(part) for part in value))
    if isinstance(value, (float, complex)):
        return (type(value), repr(value))
    return (type(value), value)


def own_part(code):
    """All that a code object does by itself: without lines, and without the code nested in it."""
    return (
        code.co_name,
        code.co_code,
        tuple(constant_key(value) for value in code.co_consts),
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_flags,
        getattr(code, "co_exceptiontable", b""),
        getattr(code, "co_qualname", ""),
    )


def signature(code):
    """What callers and closures see of a function's code."""
    named = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 0x4) + bool(code.co_flags & 0x8)
    return (
        code.co_name,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_flags & CALL_FLAGS,
        code.co_varnames[:named],
        code.co_freevars,
        docstring(code),
    )


def docstring(code):
    """A function's docstring, or something that only differs if that might."""
    first = code.co_consts[0] if code.co_consts else None
    if HAS_DOCSTRING and not code.co_flags & HAS_DOCSTRING:
        return None
    return first if isinstance(first, str) else None


def is_function(code):
    """Whether a code object is the body of a function, not of a module or class."""
    return bool(code.co_flags & FUNCTION)


def same_behaviour(old, new):
    """Whether two code objects differ in nothing but lines."""
    inner = list(zip(nested(old), nested(new)))
    return own_part(old) == own_part(new) and all(same_behaviour(before, after) for before, after in inner)


def nested(code):
    """The code objects directly inside."""
    return [value for value in code.co_consts if isinstance(value, types.CodeType)]


def without_lines(data, path):
    """The text compiled as if everything stood in line 1."""
    tree = ast.parse(data, path)
    for node in ast.walk(tree):
        for name in ("lineno", "end_lineno"):
            if hasattr(node, name):
                setattr(node, name, 1)
        for name in ("col_offset", "end_col_offset"):
            if hasattr(node, name):
                setattr(node, name, 0)
    return compile(tree, path, "exec", dont_inherit=True, optimize=-1)


class LoadedFile:
    """One source file as it is loaded: its text, its code, and the live functions that came from it."""

    module = None
    named_elsewhere = frozenset()
    _tree = None

    def __init__(self, path, data, functions, executed):
        self.executed_codes = executed
        self.path = path
        self.data = data
        self.stray = None
        self.swaps = []
        self._executed = {(code.co_name, code.co_firstlineno) for code in executed}
        self.code = compile_text(data, path)
        self._flat = None
        self._own = {}
        self.named = {}
        nodes = {}
        self._gather(self.code, nodes, "")
        for function in functions:
            self._place(function, nodes)

    def was_executed(self, code):
        """Whether it ran while loading."""
        return (code.co_name, code.co_firstlineno) in self._executed

    def _gather(self, code, nodes, prefix):
        nodes.setdefault((code.co_name, code.co_firstlineno), []).append(code)
        self._own[id(code)] = own_part(code)
        for inner in nested(code):
            name = prefix + inner.co_name
            self.named.setdefault(name, []).append(inner)
            self._gather(inner, nodes, name + (".<locals>." if is_function(inner) else "."))

    def functions_named(self, name):
        """The live functions that a qualified name means."""
        wanted = {id(code) for code in self.named.get(name, ())}
        return [function for function, code in self.swaps if id(code) in wanted]

    def _place(self, function, nodes):
        live = function.__code__
        equal = [node for node in nodes.get((live.co_name, live.co_firstlineno), ()) if node == live]
        if len(equal) == 1:
            self.swaps.append((function, equal[0]))
        else:
            self.stray = "%s is %s" % (live.co_name, "ambiguous" if equal else "not in the file's text")

    def new_code(self, data):
        """The new code of each old code object that differs, by identity, and changed constants, if any.

        Raises `Reload` or `Unloadable`.
        """
        new = compile_text(data, self.path)
        try:
            return self._replacements(new, data), None
        except Reload as error:
            found = self._with_constants(data)
            if found is None:
                raise error
            return found

    def new_functions(self, data):
        """The same where only functions changed: `[(function, old code, new code)]`. Raises `Reload` or `Unloadable`."""
        replaced = self._replacements(compile_text(data, self.path), data)
        pairs = ((function, replaced.get(id(node))) for function, node in self.swaps)
        return [(function, function.__code__, new) for function, new in pairs if new is not None]

    def parse(self):
        """The old text as a tree."""
        if self._tree is None:
            self._tree = ast.parse(self.data, self.path)
        return self._tree

    def _with_constants(self, data):
        """The same, if all that stands in the way are constants that can be put in place; else `None`."""
        module = self.module
        apart = constants.split(self.parse(), data, self.path) if module is not None else None
        if apart is None:
            return None
        tree, changed = apart
        try:
            replaced = self._replacements(compile(tree, self.path, "exec", dont_inherit=True, optimize=-1), data)
        except Reload:
            return None
        found = constants.find(
            changed, self.parse(), module, self.code, self.was_executed, self.executed_codes, self.named_elsewhere
        )
        return None if found is None else (replaced, found)

    def _replacements(self, new, data):
        replaced = {}
        if sys.version_info >= (3, 13) and self.data.count(b"\n") != data.count(b"\n"):
            # Classes keep their line number as a constant here, which would look like a change of the class.
            self._flat = self._flat or without_lines(self.data, self.path)
            flat = without_lines(data, self.path)
            self._compare(self.code, new, self._flat, flat, replaced)
        else:
            self._compare(self.code, new, self.code, new, replaced)
        if replaced and self.stray:
            raise Reload(self.stray)
        return replaced

    def _compare(self, old, new, flat_old, flat_new, replaced):
        """Notes what is to be replaced in this pair; tells whether anything but lines differs."""
        if (self._own.get(id(flat_old)) or own_part(flat_old)) == own_part(flat_new):
            differs = False
            for pair in zip(nested(old), nested(new), nested(flat_old), nested(flat_new)):
                differs |= self._compare(*pair, replaced)
            if differs and old.co_flags & SUSPENDS and self.was_executed(old):
                raise Reload("%s may be suspended" % old.co_name)
        else:
            self.check_changed(old, new)
            differs = True
        if is_function(old) and (differs or old != new or old.co_firstlineno != new.co_firstlineno):
            replaced[id(old)] = new
        return differs

    def check_changed(self, old, new):
        """Raises `Reload` where a function's new code cannot take the old one's place."""
        if not is_function(old):
            raise Reload("statements outside of functions changed")
        if self.was_executed(old):
            raise Reload("%s ran while loading" % old.co_name)
        if signature(old) != signature(new):
            raise Reload("the signature of %s changed" % old.co_name)


class Loaded:
    """All files of ours that are loaded, with an index of their live functions."""

    def __init__(self, ours, executed, cold_files=(), lost=None):
        self._ours = ours
        self._lost = lost
        self._executed = {}
        for code in executed.values():
            self._executed.setdefault(ours.relative(code.co_filename), []).append(code)
        self._functions = {}
        for thing in gc.get_objects():
            if type(thing) is types.FunctionType:
                relative = ours.relative(thing.__code__.co_filename)
                if relative is not None:
                    self._functions.setdefault(relative, []).append(thing)
        self._texts = {}
        self._modules = {}
        self._odd = {}
        self._files = {}
        self._cold = set(cold_files)
        for module in list(sys.modules.values()):
            self._note_module(module)

    def _note_module(self, module):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str):
            return
        relative = self._ours.relative(path)
        if relative is None or not path.endswith(".py"):
            return
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if type(loader) is not machinery.SourceFileLoader or relative in self._texts or relative in self._odd:
            self._texts.pop(relative, None)
            self._odd[relative] = "it is loaded in a way of its own"
            return
        try:
            with open(path, "rb") as file:
                self._texts[relative] = (os.path.abspath(path), file.read())
            self._modules[relative] = module
        except OSError as error:
            self._odd[relative] = str(error)

    def knows(self, relative):
        """Whether anything of that file is loaded."""
        return relative in self._texts or relative in self._odd or relative in self._executed or relative in self._functions

    def file(self, relative):
        """The loaded file; computed once, best before forking. Raises `Reload` where it cannot be swapped."""
        if relative not in self._files:
            try:
                self._files[relative] = self._load(relative)
            except (Reload, Unloadable) as error:
                self._files[relative] = error if isinstance(error, Reload) else Reload(str(error))
        found = self._files[relative]
        if isinstance(found, Reload):
            raise Reload(str(found), found.disk)
        return found

    def _load(self, relative):
        if relative in self._odd:
            raise Reload(self._odd[relative], disk=True)
        if relative not in self._texts:
            raise Reload("it was run, but not imported", disk=True)
        if relative in self._cold:
            raise Reload("it was loaded before anybody watched")
        if self._lost:
            raise Reload(self._lost)
        path, data = self._texts[relative]
        file = LoadedFile(path, data, self._functions.get(relative, ()), self._executed.get(relative, ()))
        file.module = self._modules[relative]
        file.named_elsewhere = self._names_used(relative)
        file.parse()
        return file

    def _names_used(self, relative):
        """All names, and texts that may be names, in code of other files that ran while loading."""
        names = set()
        for other, codes in self._executed.items():
            if other != relative:
                for code in codes:
                    names.update(code.co_names)
                    names.update(value for value in code.co_consts if isinstance(value, str))
        return names


def as_bytes(text):
    """A file's new text as bytes."""
    return text.encode("utf-8", "surrogateescape")


class Plan:
    """Which functions get which code, and which constants change."""

    def __init__(self):
        self.functions = []
        self.constants = []

    def swap(self):
        """Puts the new code and values in."""
        for function, _, new in self.functions:
            function.__code__ = new
        for found in self.constants:
            found.swap()

    def swap_back(self):
        """Puts the old code and values in."""
        for function, old, _ in self.functions:
            function.__code__ = old
        for found in self.constants:
            found.swap_back()


def swap_plan(loaded, files, root):
    """The `Plan` for these new texts. Raises `Reload`, `Unloadable`."""
    plan = Plan()
    for relative, text in files.items():
        if text is None or not relative.endswith(".py"):
            raise Reload("%s is not a loaded Python file" % relative, disk=True)
        if not loaded.knows(relative):
            if not os.path.exists(os.path.join(root, relative)):
                raise Reload("%s is new" % relative, disk=True)
            compile_text(as_bytes(text), relative)
            continue
        file = loaded.file(relative)
        new_codes, changed = file.new_code(as_bytes(text))
        for function, node in file.swaps:
            new = new_codes.get(id(node))
            if new is not None:
                plan.functions.append((function, function.__code__, new))
        if changed is not None:
            plan.constants.append(changed)
    return plan


def serve_texts(files, root):
    """From now on, this process imports and shows the new texts instead of what is on disk."""
    texts = {}
    for relative, text in files.items():
        if text is not None and relative.endswith(".py"):
            path = os.path.join(root, *relative.split("/"))
            texts[path] = as_bytes(text)
            lines = text.splitlines(True)
            if lines and not lines[-1].endswith("\n"):
                lines[-1] += "\n"
            linecache.cache[path] = (len(text), None, lines, path)
    patch_loader(texts)


def patch_loader(texts):
    """Source loaders read `texts`, and neither read nor write compiled files of them."""
    base = machinery.SourceFileLoader.__mro__[2]
    get_code, get_data = base.get_code, machinery.SourceFileLoader.get_data

    def new_get_code(self, fullname):
        path = os.path.abspath(self.get_filename(fullname))
        data = texts.get(path)
        return get_code(self, fullname) if data is None else self.source_to_code(data, self.get_filename(fullname))

    def new_get_data(self, path):
        data = texts.get(os.path.abspath(path)) if isinstance(path, str) else None
        return get_data(self, path) if data is None else data

    base.get_code = new_get_code
    machinery.SourceFileLoader.get_data = new_get_data
