"""Calls that somebody has written or made: in tests, in examples of the documentation, and while the tests run.

A seed is `(name, receiver, arguments, keywords)`, all but the name as expressions; `receiver` is `None` for plain functions.
"""

import ast
import copy
import doctest
import os
import pickle
import sys
import tempfile
import threading
import time

import values

MOST_ROWS = 60
MOST_CAPTURED = 40
CAPTURE_S = 20.0


def of_texts(texts, names):
    """Calls in tests: arguments that stand there, or come from a table of parameters."""
    found = []
    for text in texts:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        in_tables = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                rows = list(tables(node))[:MOST_ROWS]
                for call in ast.walk(node) if rows else ():
                    if isinstance(call, ast.Call):
                        in_tables.add(call)
                        for row in rows:
                            found += seed_of(substituted(call, row), names)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node not in in_tables:
                found += seed_of(node, names)
    return found


def tables(function):
    """The rows of a function's `parametrize`: names with expressions."""
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Call) or not ast.unparse(decorator.func).endswith("parametrize"):
            continue
        if len(decorator.args) < 2 or not isinstance(decorator.args[1], (ast.List, ast.Tuple)):
            continue
        try:
            keys = ast.literal_eval(decorator.args[0])
        except ValueError:
            continue
        keys = [key.strip() for key in keys.split(",")] if isinstance(keys, str) else list(keys)
        for row in decorator.args[1].elts:
            parts = row.elts if len(keys) > 1 and isinstance(row, (ast.Tuple, ast.List)) else [row]
            if len(parts) == len(keys):
                yield dict(zip(keys, parts))


def substituted(call, row):
    """A call with names replaced."""

    class Replacing(ast.NodeTransformer):
        def visit_Name(self, node):
            return row.get(node.id, node)

    return Replacing().visit(copy.deepcopy(call))


def seed_of(call, names):
    """A call as a seed, in a list, if its arguments mean something outside of where it stands."""
    function = call.func
    if any(isinstance(part, ast.Starred) for part in call.args) or any(key.arg is None for key in call.keywords):
        return []
    arguments = [ast.unparse(part) for part in call.args]
    keywords = {key.arg: ast.unparse(key.value) for key in call.keywords}
    if not all(names.fits(text) and len(text) <= values.LONGEST for text in [*arguments, *keywords.values()]):
        return []
    if isinstance(function, ast.Name):
        return [(function.id, None, arguments, keywords)]
    if isinstance(function, ast.Attribute):
        receiver = ast.unparse(function.value)
        is_made = isinstance(function.value, (ast.Call, ast.Constant, ast.List, ast.Dict)) and names.fits(receiver)
        return [(function.attr, receiver if is_made else None, arguments, keywords)]
    return []


def of_documentation(module, names):
    """Calls in the examples of a module's documentation."""
    sources = []
    try:
        for test in doctest.DocTestFinder(exclude_empty=True).find(module):
            sources += [example.source for example in test.examples]
    except Exception:  # what is written there may be anything
        pass
    return of_texts(sources, names)


def captured(module, path, tests, names, limit_s=CAPTURE_S):
    """Calls of the module's functions while the tests run, in a process of their own."""
    handle, kept = tempfile.mkstemp(prefix="calls")
    os.close(handle)
    pid = os.fork()
    if pid == 0:
        try:
            quiet()
            watch(path, tests, names, kept)
        finally:
            os._exit(0)
    until = time.monotonic() + limit_s
    while time.monotonic() < until and os.waitpid(pid, os.WNOHANG)[0] == 0:
        time.sleep(0.02)
    else:
        try:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
    found = []
    with open(kept, "rb") as file:
        try:
            while True:
                found.append(pickle.load(file))
        except (EOFError, pickle.UnpicklingError):
            pass
    os.unlink(kept)
    return found


def quiet():
    """Nothing is said by what runs here."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)


def watch(path, tests, names, kept):
    """Runs the tests and writes each new call to a file."""
    seen, counts = set(), {}
    file = open(kept, "ab", buffering=0)

    def profiler(frame, event, _):
        if event != "call" or frame.f_code.co_filename != path:
            return
        code = frame.f_code
        if counts.get(code, 0) >= MOST_CAPTURED or code.co_name.startswith("<") or code.co_flags & 0x2A0:
            return
        sys.setprofile(None)
        try:
            seed = seed_of_frame(frame, names)
            text = repr(seed)
            if text not in seen:
                seen.add(text)
                counts[code] = counts.get(code, 0) + 1
                file.write(pickle.dumps(seed))
        except Exception:  # the project's own code may run here and raise anything
            pass
        sys.setprofile(profiler)

    threading.setprofile(profiler)
    sys.setprofile(profiler)
    run(tests)


def run(tests):
    """Runs files of tests by whatever is installed."""
    try:
        import pytest

        pytest.main([*tests, "-q", "-x", "--maxfail=1000", "-p", "no:cacheprovider", "-p", "no:randomly"])
    except ImportError:
        import unittest

        loader = unittest.TestLoader()
        for test in tests:
            suite = loader.discover(os.path.dirname(test) or ".", os.path.basename(test))
            unittest.TextTestRunner(stream=open(os.devnull, "w")).run(suite)


def seed_of_frame(frame, names):
    """The call that a frame has just begun."""
    code, held = frame.f_code, frame.f_locals
    every = list(code.co_varnames[: code.co_argcount])
    method = bool(every) and every[0] in ("self", "cls")
    arguments = [values.express(held[name], names) for name in every[method:]]
    end = code.co_argcount + code.co_kwonlyargcount
    keywords = {name: values.express(held[name], names) for name in code.co_varnames[code.co_argcount : end]}
    if code.co_flags & 0x4:
        arguments += [values.express(part, names) for part in held[code.co_varnames[end]]]
        end += 1
    if code.co_flags & 0x8:
        keywords.update({key: values.express(part, names) for key, part in held[code.co_varnames[end]].items()})
    return code.co_name if code.co_name != "__init__" else type(held[every[0]]).__name__, None, arguments, keywords
