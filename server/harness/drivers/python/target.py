"""Finds the one function that a capture, comparison or measurement is about, and says why it may not be called on its own.

It calls nothing of the project.
"""

import dis
import types

from _hephaestus_zygote import variant

BANNED_MODULES = {
    "asyncio", "builtins.open", "concurrent", "ctypes", "fcntl", "ftplib", "getpass", "glob", "http", "io.open", "logging",
    "multiprocessing", "platform", "pty", "random", "requests", "httpx", "aiohttp", "numpy.random", "secrets", "select",
    "selectors", "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time",
    "urllib.request", "urllib3", "uuid", "webbrowser", "_thread", "_random", "posix",
}  # fmt: skip
BANNED_BUILTINS = {"open", "input", "exec", "breakpoint", "exit", "quit"}
CLOCK_NAMES = {"now", "utcnow", "today", "fromtimestamp"}
PURE_OS = {"path", "sep", "fspath", "fsencode", "fsdecode", "linesep", "pathsep", "altsep", "curdir", "pardir", "name",
           "extsep", "PathLike", "join", "basename", "dirname", "split", "splitext", "normpath", "isabs", "commonprefix",
           "commonpath", "normcase", "splitdrive"}  # fmt: skip
ASYNC = 0x80 | 0x200
DEPTH = 6


class LeftOut(Exception):
    """The function cannot be called on its own, and why."""


def find(loaded, file, name):
    """The live function of that name. Raises `LeftOut`."""
    if not loaded.index().knows(file):
        raise LeftOut("%s is not loaded" % file)
    try:
        found = loaded.index().file(file).functions_named(name)
    except variant.Reload as error:
        raise LeftOut(str(error))
    if len(found) != 1:
        raise LeftOut("there is no such function" if not found else "%d functions have that name" % len(found))
    if found[0].__code__.co_flags & ASYNC:
        raise LeftOut("it is asynchronous")
    return found[0]


def touches(function, ours, seen=None, depth=0):
    """What of the outside world a function touches by its text, functions of ours it names included; `None` for nothing."""
    seen = set() if seen is None else seen
    if id(function.__code__) in seen or depth > DEPTH:
        return None
    seen.add(id(function.__code__))
    for name, names in global_loads(function.__code__):
        reason = banned(function, name, names)
        if reason:
            return reason
    reason = writes(function.__code__, True)
    if reason:
        return reason
    for name, _ in global_loads(function.__code__):
        value = function.__globals__.get(name)
        value = getattr(value, "__wrapped__", value)
        if isinstance(value, types.FunctionType) and ours.relative(value.__code__.co_filename):
            reason = touches(value, ours, seen, depth + 1)
            if reason:
                return "%s (in %s)" % (reason, value.__name__)
    return None


def global_loads(code):
    """Global names that code loads, each with all attribute names of its code object."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval, set(code.co_names)
        elif instruction.opname == "IMPORT_NAME" and root_of(instruction.argval) in BANNED_MODULES | {"os"}:
            yield "import " + instruction.argval, set()
        elif instruction.opname == "IMPORT_NAME" and instruction.argval == "datetime" and CLOCK_NAMES & set(code.co_names):
            yield "import datetime", set()
    for inner in variant.nested(code):
        yield from global_loads(inner)


def root_of(name):
    """The part of a module's name that the list knows."""
    return name if name in BANNED_MODULES else name.split(".")[0]


def banned(function, name, names):
    """Why this global name may not be used, or `None`."""
    if name.startswith("import "):
        return "it imports %s" % name[7:]
    if name not in function.__globals__:
        return "it uses %s" % name if name in BANNED_BUILTINS else None
    value = function.__globals__[name]
    if isinstance(value, types.ModuleType):
        if value.__name__ in ("os", "posixpath", "ntpath"):
            used = names & (set(dir(value)) | set(dir(value.path) if hasattr(value, "path") else ()))
            return "it uses os.%s" % sorted(used - PURE_OS)[0] if used - PURE_OS else None
        if value.__name__ == "datetime":
            return "it asks for the time" if names & CLOCK_NAMES else None
        return "it uses %s" % name if root_of(value.__name__) in BANNED_MODULES else None
    if isinstance(value, type) and value.__module__ == "datetime":
        return "it asks for the time" if names & CLOCK_NAMES else None
    if callable(value) and root_of(getattr(value, "__module__", None) or "") in BANNED_MODULES:
        return "it uses %s" % name
    return None


def writes(code, outermost):
    """Whether code writes state that outlives a call."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            return "it writes the global %s" % instruction.argval
        if outermost and instruction.opname in ("STORE_DEREF", "DELETE_DEREF") and instruction.argval in code.co_freevars:
            return "it writes %s of the function around it" % instruction.argval
    for inner in variant.nested(code):
        reason = writes(inner, False)
        if reason:
            return reason
    return None
