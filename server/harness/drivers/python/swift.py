"""Compiles what a small edit changes and nothing more: the outermost function around it, cut out by lines.

What is compiled is compared with the loaded code just as whole files are; whatever is not one function's body any more goes
the slow way through the whole text. It runs nothing.
"""

import __future__
import ast
import bisect

from _hephaestus_zygote import constants, variant

FUTURES = 0
for _name in __future__.all_feature_names:
    FUTURES |= getattr(__future__, _name).compiler_flag
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SPANS_LINES = ("triple-quoted", "line continuation")


class Slow(Exception):
    """The edit is not inside of one function's body: the whole text has to be looked at."""


class Unit:
    """An outermost function of a file: where its body is, and what it takes to compile it alone."""

    def __init__(self, node, parents, data, starts):
        self.node = node
        self.start = starts[node.lineno - 1]
        self.end = starts[node.end_lineno] if node.end_lineno < len(starts) else len(data)
        first = node.body[0]
        first_line = min([first.lineno, *(each.lineno for each in getattr(first, "decorator_list", ()))])
        self.body = starts[first_line - 1]
        if first_line == node.lineno or first_line == header_end(node, first):
            # Body and head share a line: the body begins at its first statement.
            self.body = starts[first.lineno - 1] + first.col_offset
        self.depth = len(parents)
        self.head = wrapper(parents, data, starts, data[self.start : self.start + node.col_offset])
        self.text = data[self.start : self.end]
        self.code = None
        self.outer = None
        self.shift = node.lineno - 1 - self.head.count(b"\n")

    def compile(self, text, path, flags):
        """The code objects from the module's down to the function's, of this text. Raises `SyntaxError` and its like."""
        code = compile(self.head + text, path, "exec", flags, True, -1)
        chain = [code]
        for _ in range(self.depth + 1):
            inner = [each for each in code.co_consts if type(each) is variant.types.CodeType]
            if not inner:
                raise Slow
            code = inner[-1]
            chain.append(code)
        return chain


def header_end(node, first):
    """The last line of a function's head, as far as its parts tell."""
    ends = [node.lineno]
    for part in [node.args, node.returns]:
        for each in ast.walk(part) if part is not None else ():
            if hasattr(each, "end_lineno"):
                ends.append(each.end_lineno)
    return max(ends)


def wrapper(parents, data, starts, indent):
    """Heads of classes around a function, as they are indented, without what they are made of."""
    lines = []
    for parent in parents:
        at = starts[parent.lineno - 1]
        lines.append(data[at : at + parent.col_offset] + b"class " + parent.name.encode() + b":\n")
    if lines and lines[0][:1].isspace():
        lines.insert(0, b"if 1:\n")
    elif not lines and indent:
        lines.append(b"if 1:\n")
    return b"".join(lines)


def outermost(nodes, parents=()):
    """The functions that no other function holds, each with the classes around it."""
    for node in nodes:
        if isinstance(node, FUNCTIONS):
            yield node, parents
        elif isinstance(node, ast.ClassDef):
            yield from outermost(node.body, (*parents, node))
        elif isinstance(node, ast.stmt):
            for name in ("body", "orelse", "finalbody"):
                yield from outermost(getattr(node, name, None) or (), parents)
            for handler in getattr(node, "handlers", ()):
                yield from outermost(handler.body, parents)


def line_starts(data):
    """Where each line begins, as the parser counts lines, and the end of the text."""
    starts, at = [0], 0
    while True:
        feed, back = data.find(b"\n", at), data.find(b"\r", at)
        if feed < 0 and back < 0:
            break
        at = min(place for place in (feed, back) if place >= 0)
        at += 2 if data[at : at + 2] == b"\r\n" else 1
        starts.append(at)
    return starts


class Swift:
    """A loaded file, ready for many edits."""

    def __init__(self, file):
        self._file = file
        self.data = file.data
        self.path = file.path
        self._live = {}
        for function, code in file.swaps:
            self._live.setdefault(id(code), []).append(function)
        self._flags = file.code.co_flags & FUTURES
        self._own = {}
        self.units = []
        self._tried = {}
        if not self.data.startswith(b"\xef\xbb\xbf") and b"\x0c" not in self.data and is_utf8(self.data):
            self._find_units()
        self._starts = [unit.start for unit in self.units]

    def _find_units(self):
        starts = line_starts(self.data)
        known = {}
        pending = [self._file.code]
        while pending:
            for inner in variant.nested(pending.pop()):
                known.setdefault((inner.co_name, inner.co_firstlineno), []).append(inner)
                if not variant.is_function(inner):
                    pending.append(inner)
        for node, parents in outermost(self._file.parse().body):
            if self.data[starts[node.lineno - 1] :][: node.col_offset].strip():
                continue
            line = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            found = known.get((node.name, line), ())
            if len(found) == 1:
                unit = Unit(node, parents, self.data, starts)
                unit.code = found[0]
                self.units.append(unit)
        self.units.sort(key=lambda unit: unit.start)

    def unit(self, edits):
        """The function whose body holds all these edits. Raises `Slow`."""
        if not edits:
            raise Slow
        index = bisect.bisect_right(self._starts, edits[0][0]) - 1
        if index < 0:
            raise Slow
        unit = self.units[index]
        if edits[0][0] < unit.body or edits[-1][1] > unit.end:
            raise Slow
        if unit.outer is None:
            self._check(unit)
        if unit.outer is False:
            raise Slow
        return unit

    def _check(self, unit):
        """Whether the function compiled alone is what it is in its file."""
        unit.outer = False
        try:
            chain = unit.compile(unit.text, self.path, self._flags)
        except (SyntaxError, ValueError, Slow):
            return
        if variant.same_behaviour(unit.code, chain[-1]):
            unit.outer = [outside_part(code) for code in chain[:-1]]

    def new_code(self, edits):
        """The function's old and new code. Raises `Slow` or `Unloadable`."""
        unit = self.unit(edits)
        parts, at = [], unit.start
        for start, end, text in edits:
            parts.append(self.data[at:start])
            parts.append(text.encode("utf-8", "surrogateescape"))
            at = end
        parts.append(self.data[at : unit.end])
        text = b"".join(parts)
        if unit.end < len(self.data) and not text.endswith((b"\n", b"\r")):
            raise Slow
        try:
            chain = unit.compile(text, self.path, self._flags)
        except SyntaxError as error:
            if any(word in str(error) for word in SPANS_LINES):
                raise Slow
            raise variant.Unloadable("%s: %s" % (type(error).__name__, error))
        except (ValueError, RecursionError, OverflowError, MemoryError) as error:
            raise variant.Unloadable("%s: %s" % (type(error).__name__, error))
        for code, outer in zip(chain, unit.outer):
            if outside_part(code) != outer:
                raise Slow
        return unit.code, chain[-1]

    def whole_swaps(self, edits):
        """The same by way of the whole text. Raises `Reload` or `Unloadable`; `Slow` where constants may be all that changed."""
        data = variant.as_bytes(whole(self.data, edits))
        try:
            return self._file.new_functions(data)
        except variant.Reload:
            if constants.split(self._file.parse(), data, self.path) is not None:
                raise Slow
            raise

    def swaps(self, old, new, parts):
        """Which live function gets which code: `[(function, old, new)]`; `parts` are the new code's `parts`. Raises `Reload`."""
        found = []
        self._compare(old, new, parts, found)
        if found and self._file.stray:
            raise variant.Reload(self._file.stray)
        return found

    def _compare(self, old, new, parts, found):
        own = self._own.get(id(old))
        if own is None:
            own = self._own[id(old)] = variant.own_part(old)
        if own == parts[0]:
            differs = False
            if len(parts) > 1:
                for before, after, inner in zip(variant.nested(old), variant.nested(new), parts[1:]):
                    differs |= self._compare(before, after, inner, found)
            if differs and old.co_flags & variant.SUSPENDS and self._file.was_executed(old):
                raise variant.Reload("%s may be suspended" % old.co_name)
        else:
            self._file.check_changed(old, new)
            differs = True
        if differs and variant.is_function(old):
            found.extend((function, function.__code__, new) for function in self._live.get(id(old), ()))
        return differs


def whole(data, edits):
    """The whole text with the edits."""
    pieces, at = [], 0
    for start, end, text in edits:
        pieces.append(data[at:start])
        pieces.append(variant.as_bytes(text))
        at = end
    pieces.append(data[at:])
    return b"".join(pieces).decode("utf-8", "surrogateescape")


def is_utf8(data):
    """Whether the text is what it seems: no other encoding is declared and no byte is out of place."""
    head = b"\n".join(data.split(b"\n", 2)[:2]).lower()
    if b"coding" in head and b"utf-8" not in head and b"utf8" not in head:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def outside_part(code):
    """What code around a function does, and how many pieces are nested in it."""
    return code.co_code, code.co_names, tuple(variant.constant_key(value) for value in code.co_consts)


def parts(code):
    """What code does, nested code included: equal exactly for code that does the same."""
    inner = variant.nested(code)
    return (variant.own_part(code), *(parts(each) for each in inner)) if inner else (variant.own_part(code),)
