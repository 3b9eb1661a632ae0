"""A proposer and engine for Hephaestus: `"%s is %d" % (name, age)` becomes an f-string.

It sees every `%` whose left side is a text and whose right side it can take apart, and writes it as an f-string, or with
`str.format` where a value holds quotes or braces. Whether that means the same is not decided here (`%d` takes `3.7` for
`3`): Hephaestus tries it against the tests, and on inputs like those that the tests use.

Needs Python 3.9 and nothing else. The protocol: docs/src/external.md.
"""

import ast
import json
import re
import sys

HELLO = {
    "type": "hello",
    "hephaestus": 1,
    "roles": ["proposer", "engine"],
    "languages": ["python"],
    "kinds": ["modernize"],
}
RULE = "percent-format"
PLACEHOLDER = re.compile(r"%(?P<flags>[-+ #0]*)(?P<width>\d+)?(?:\.(?P<precision>\d+))?(?P<kind>[sdifr%])")


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        answer = {"hello": greet, "propose": propose, "forge": forge}.get(asked["type"])
        for said in answer(asked) if answer else [{"type": "done"}]:
            print(json.dumps({"id": asked["id"], **said}), flush=True)


def greet(_):
    yield HELLO


def propose(asked):
    for file in asked["files"]:
        for place in places(file["text"]):
            yield {
                "type": "goal",
                "kind": "modernize",
                "rule": RULE,
                "file": file["path"],
                "start": place.start,
                "end": place.end,
                "title": "`%` puts values into a text; an f-string shows where each one goes",
                "why": "With an f-string every value stands where it appears, and none can be one too many.",
            }
    yield {"type": "done"}


def forge(asked):
    goal = asked["goal"]
    for file in asked["files"]:
        for place in places(file["text"]) if file["path"] == goal["file"] else []:
            if (place.start, place.end) == (goal["start"], goal["end"]):
                edit = {"file": file["path"], "start": place.start, "end": place.end}
                for title, text in place.ways():
                    yield {"type": "candidate", "title": title, "edits": [{**edit, "text": text}], "prior": 0.8}
    yield {"type": "done"}


class Place:
    """One `text % values`, with its place in bytes of the file."""

    def __init__(self, node, lines, source):
        # The tree counts in bytes of each line; so does the protocol, in bytes of the file.
        self.start = lines[node.lineno - 1] + node.col_offset
        self.end = lines[node.end_lineno - 1] + node.end_col_offset
        self.template = node.left.value
        right = node.right
        values = right.elts if isinstance(right, ast.Tuple) else [right]
        self.values = [ast.get_source_segment(source, value) for value in values]
        self.is_tuple = isinstance(right, ast.Tuple)
        self.is_one_value = isinstance(right, (ast.Constant, ast.JoinedStr, ast.Call, ast.Attribute, ast.Name))

    def parts(self):
        """Texts and placeholders in turn; None where there is one that is not understood."""
        parts, at, used = [], 0, 0
        for found in re.finditer("%", self.template):
            if found.start() < at:
                continue
            match = PLACEHOLDER.match(self.template, found.start())
            if match is None:
                return None
            parts.append(self.template[at : match.start()])
            at = match.end()
            if match["kind"] == "%":
                parts[-1] += "%"
                parts.append(None)
            else:
                parts.append(match)
                used += 1
        parts.append(self.template[at:])
        return parts if used == len(self.values) else None

    def ways(self):
        parts = self.parts()
        if parts is None:
            return
        fields, texts = [], []
        values = iter(self.values)
        for part in parts:
            if isinstance(part, str):
                texts.append(part.replace("{", "{{").replace("}", "}}"))
            elif part is not None:
                field, value = specification(part), next(values)
                fields.append(value)
                texts.append((value, field))
        simple = all(not set("'\"\\\n{}#!:") & set(value) for value in fields)
        if simple:
            body = "".join(part if isinstance(part, str) else "{%s%s}" % part for part in texts)
            yield "an f-string", "f" + quoted(body)
            return
        body = "".join(part if isinstance(part, str) else "{%s}" % part[1] for part in texts)
        yield "str.format", "%s.format(%s)" % (quoted(body), ", ".join(self.values))


def specification(match):
    """What stands after the value: `!r`, `:>5`, `:.2f`."""
    kind, flags = match["kind"], match["flags"]
    width, precision = match["width"] or "", match["precision"]
    if kind in "sr":
        convert = "!r" if kind == "r" else "!s" if width or precision else ""
        aligned = ("<" if "-" in flags else ">") + width if width else ""
        limited = "." + precision if precision else ""
        return convert + (":" + aligned + limited if aligned or limited else "")
    sign = "".join(flag for flag in flags if flag in "+ ")
    aligned = "<" if "-" in flags else "0" if "0" in flags else ""
    number = ".%sf" % (precision or 6) if kind == "f" else "d"
    plain = kind in "di" and not (sign or aligned or width)
    return "" if plain else ":" + (aligned if aligned == "<" else "") + sign + aligned.strip("<") + width + number


def quoted(text):
    return '"%s"' % repr("'" + text)[2:-1].replace("\\'", "'") if '"' not in text else repr(text)


def places(text):
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    lines = [0]
    for line in text.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    found = []
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod)
        if is_text and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            place = Place(node, lines, text)
            if any(True for _ in place.ways()) and (place.is_tuple or place.is_one_value):
                found.append(place)
    return found


if __name__ == "__main__":
    main()
