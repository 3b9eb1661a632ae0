"""What of a module can be called, and with what: functions, classes with their methods and properties, and expressions for
their arguments by annotation, default, name and use.

It only looks; whatever it makes is tried elsewhere.
"""

import ast
import inspect
import types
import typing

import values

OPERATORS = {
    "__len__": "len({it})", "__iter__": "list({it})", "__repr__": "repr({it})", "__str__": "str({it})", "__hash__": "hash({it})",
    "__bool__": "bool({it})", "__reversed__": "list(reversed({it}))", "__neg__": "-{it}", "__abs__": "abs({it})",
    "__int__": "int({it})", "__float__": "float({it})", "__bytes__": "bytes({it})", "__invert__": "~{it}",
    "__getitem__": "{it}[{0}]", "__contains__": "{0} in {it}", "__eq__": "{it} == {0}", "__ne__": "{it} != {0}",
    "__lt__": "{it} < {0}", "__le__": "{it} <= {0}", "__gt__": "{it} > {0}", "__ge__": "{it} >= {0}", "__add__": "{it} + {0}",
    "__sub__": "{it} - {0}", "__mul__": "{it} * {0}", "__truediv__": "{it} / {0}", "__floordiv__": "{it} // {0}",
    "__mod__": "{it} % {0}", "__and__": "{it} & {0}", "__or__": "{it} | {0}", "__xor__": "{it} ^ {0}", "__radd__": "{0} + {it}",
    "__rsub__": "{0} - {it}", "__rand__": "{0} & {it}", "__ror__": "{0} | {it}", "__rxor__": "{0} ^ {it}",
}  # fmt: skip
CHANGES = {"__setitem__": "it[{0}] = {1}", "__delitem__": "del it[{0}]", "__iadd__": "it += {0}", "__isub__": "it -= {0}",
           "__ior__": "it |= {0}", "__iand__": "it &= {0}", "__ixor__": "it ^= {0}", "__imul__": "it *= {0}"}  # fmt: skip
BY_NAME = (
    (("sep", "delim", "char", "prefix", "suffix", "text", "string", "str", "name", "word", "s", "line", "pattern", "fmt", "format",
      "unit", "key_name", "label", "encoding", "title"), (str,)),
    (("items", "seq", "sequence", "iterable", "src", "lst", "list", "values", "args", "elements", "it", "iterables", "data"),
     (list, str, tuple)),
    (("n", "num", "number", "count", "size", "value", "val", "x", "i", "index", "width", "length", "limit", "max", "min", "digits",
      "precision", "ndigits", "maxsplit", "start", "stop", "step", "default", "bits", "base", "places", "total"), (int, float)),
    (("func", "key", "callback", "predicate", "fn", "f", "function", "cond"), (types.FunctionType,)),
    (("d", "mapping", "dict", "kw", "kwargs", "obj", "map", "config", "options"), (dict,)),
    (("delta", "duration"), (type(values.datetime.timedelta(0)),)),
)  # fmt: skip
MOST = 14


class Entry:
    """One thing to call: `make(receiver, arguments, keywords)` gives `(setup, expression)`."""

    def __init__(self, name, function, owner=None, kind="function"):
        self.name = name
        self.owner = owner
        self.kind = kind
        self.function = function
        self.short = name.rpartition(".")[2]
        self.private = any(part.startswith("_") and not part.endswith("__") for part in name.split("."))
        self.parameters = parameters(function, skips=kind in ("method", "class", "classmethod") and not is_bound(function))

    def make(self, receiver, arguments, keywords):
        """A call as text."""
        inner = ", ".join([*arguments, *("%s=%s" % pair for pair in keywords.items())])
        if self.kind in ("function", "class", "static"):
            return (), "%s(%s)" % (self.name, inner)
        if self.kind == "classmethod":
            return (), "%s(%s)" % (self.name, inner)
        if self.kind == "property":
            return (), "%s.%s" % (receiver, self.short)
        if self.short in OPERATORS:
            template = OPERATORS[self.short]
            if "{0}" in template and not arguments:
                return None
            return (), template.format(*arguments[:1], it=wrapped(receiver))
        if self.short in CHANGES:
            if len(arguments) < CHANGES[self.short].count("{"):
                return None
            return ("it = %s" % receiver, CHANGES[self.short].format(*arguments)), "it"
        if self.short.startswith("__"):
            return None
        return (), "%s.%s(%s)" % (wrapped(receiver), self.short, inner)


def wrapped(receiver):
    """A receiver as an operand."""
    return receiver if receiver.endswith((")", "]", "}", "'", '"')) or receiver.isidentifier() else "(%s)" % receiver


def is_bound(function):
    """Whether the first parameter is given already."""
    return isinstance(function, types.MethodType)


def entries(module):
    """Everything of a module that can be called."""
    found = []
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", None) != module.__name__ or name.startswith("__"):
            continue
        if isinstance(value, type):
            found += of_class(name, value)
        elif callable(value) and not inspect.iscoroutinefunction(inspect.unwrap(value) if hasattr(value, "__wrapped__") else value):
            found.append(Entry(name, value))
    return found


def of_class(name, kind):
    """A class, its methods and properties."""
    found = []
    if not issubclass(kind, BaseException) or "__init__" in vars(kind):
        found.append(Entry(name, kind, kind, "class"))
    for short, value in list(vars(kind).items()):
        full = "%s.%s" % (name, short)
        if isinstance(value, staticmethod):
            found.append(Entry(full, value.__func__, kind, "static"))
        elif isinstance(value, classmethod):
            found.append(Entry(full, getattr(kind, short), kind, "classmethod"))
        elif isinstance(value, property) or type(value).__name__ == "cached_property":
            found.append(Entry(full, getattr(value, "fget", None) or value.func, kind, "property"))
        elif isinstance(value, types.FunctionType) and not inspect.iscoroutinefunction(value):
            if not short.startswith("__") or short in OPERATORS or short in CHANGES:
                found.append(Entry(full, value, kind, "method"))
    return found


def parameters(function, skips):
    """The parameters of a function, the receiver left out."""
    try:
        every = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return []
    if skips and every and every[0].name in ("self", "cls"):
        every = every[1:]
    return every


class Guess:
    """Expressions for the parameters of one function."""

    def __init__(self, entry, names, instances):
        self._names = names
        self._instances = instances
        self._hints = hints_of(entry)
        self._uses = uses_of(entry.function)
        self.constants = constants_of(entry.function, names.module)

    def pool(self, parameter, rng):
        """Expressions for a parameter, the likeliest first."""
        pool = []
        hint = self._hints.get(parameter.name)
        if parameter.default is not parameter.empty:
            pool += self._like_value(parameter.default)
        if hint is not None:
            pool += self._of_hint(hint, rng)
        else:
            for kind in self._uses.get(parameter.name, ()):
                pool += self._of_kind(kind, rng)
            if not pool or parameter.default is None:
                pool += self._of_name(parameter.name, rng)
        return list(dict.fromkeys(pool)) or values.ANY

    def _like_value(self, value):
        try:
            text = values.express(value, self._names)
        except values.Opaque:
            return []
        return [text, *self._of_kind(type(value), values.generator(text))] if value is not None else [text]

    def _of_kind(self, kind, rng):
        if kind is types.FunctionType:
            return list(values.CALLABLES)
        found = list(values.ATOMS.get(kind, ()))
        own = [value for value in self.constants if type(value) is kind and kind in (int, float, str, bytes)]
        near = []
        for value in own:
            near.append(repr(value))
            if kind in (int, float):
                near += [repr(value - 1), repr(value + 1)]
        if kind is float:
            near += [repr(float(value)) for value in self.constants if type(value) is int and abs(value) < 10**15][:6]
        if kind is str:
            near += [repr(value + "1") for value in own[:4]] + [repr("a" + value + "b") for value in own[:6]]
        rng.shuffle(near)
        return [part for pair in zip(found, near) for part in pair] + found[len(near) :] + near[len(found) :]

    def _of_name(self, name, rng):
        lower = name.lower().strip("_")
        for words, kinds in BY_NAME:
            if lower in words or any(len(word) > 3 and word in lower for word in words):
                return [text for kind in kinds for text in self._of_kind(kind, rng)]
        return list(values.ANY)

    def _of_hint(self, hint, rng, depth=0):
        origin, parts = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, getattr(types, "UnionType", typing.Union)):
            return [text for part in parts for text in self._of_hint(part, rng, depth)]
        if origin is typing.Literal:
            return [repr(part) for part in parts]
        if origin is typing.Annotated and parts:
            return self._of_hint(parts[0], rng, depth)
        if isinstance(hint, typing.TypeVar):
            return self._of_hint(hint.__bound__, rng, depth) if hint.__bound__ else list(values.ANY)
        kind = origin or hint
        if kind is typing.Any or kind is object or isinstance(kind, str):
            return list(values.ANY)
        name = getattr(kind, "__name__", "")
        if name == "Callable":
            return list(values.CALLABLES)
        if name in ("Iterable", "Iterator", "Sequence", "Collection", "MutableSequence", "Generator", "Sized", "Container", "Reversible"):
            kind = list
        if name in ("Mapping", "MutableMapping", "OrderedDict", "defaultdict"):
            kind = dict
        if name in ("AbstractSet", "MutableSet", "Set"):
            kind = set
        if kind in (list, tuple, set, frozenset) and parts and depth < 2:
            inner = self._of_hint(parts[0], rng, depth + 1)[:MOST]
            made = ["[]", "[%s]" % inner[0]] if inner else []
            made += ["[%s]" % ", ".join(rng.sample(inner, min(len(inner), size))) for size in (2, 3, 5)]
            shape = {list: "%s", tuple: "tuple(%s)", set: "set(%s)", frozenset: "frozenset(%s)"}[kind]
            return [self._plain(shape % text) for text in made]
        if isinstance(kind, type) and kind in self._instances:
            return self._instances[kind][:MOST]
        if kind in values.ATOMS:
            more = values.ATOMS[float] if kind is complex else []
            return self._of_kind(kind, rng) + (self._of_kind(int, rng) if kind is float else []) + list(more)
        return list(values.ANY)

    def _plain(self, text):
        try:
            return values.express(eval(text, dict(self._names.space)), self._names)
        except Exception:  # then as it stands
            return text


def hints_of(entry):
    """The annotations of a function, as types."""
    function = entry.function
    if isinstance(function, type):
        function = function.__init__
    try:
        return typing.get_type_hints(inspect.unwrap(function))
    except Exception:  # names that exist for the type checker only
        pass
    known = {"int": int, "float": float, "str": str, "bool": bool, "bytes": bytes, "list": list, "dict": dict, "tuple": tuple, "set": set}
    found = {}
    for name, hint in getattr(function, "__annotations__", {}).items():
        text = hint if isinstance(hint, str) else getattr(hint, "__name__", "")
        kinds = [kind for part in text.replace(" ", "").split("|") for kind in [known.get(part.split("[")[0].rpartition(".")[2].lower())]]
        kinds = [kind for kind in kinds if kind]
        if "timedelta" in text:
            kinds.append(values.datetime.timedelta)
        if "NumberOrString" in text:
            kinds = [int, float, str]
        if kinds:
            found[name] = typing.Union[tuple(kinds)]
    return found


def code_of(function):
    """The code under a function's wrappers, or `None`."""
    if isinstance(function, type):
        function = vars(function).get("__init__") or vars(function).get("__new__")
        function = getattr(function, "__func__", function)
    try:
        function = inspect.unwrap(function)
    except ValueError:
        pass
    return getattr(function, "__code__", None)


def uses_of(function):
    """The types that parameters seem to have by what is done with them."""
    try:
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function)) if not isinstance(function, type) else "")
    except (OSError, TypeError, SyntaxError, ValueError, IndentationError):
        return {}
    found = {}

    def note(name, *kinds):
        found.setdefault(name, [])
        found[name] += [kind for kind in kinds if kind not in found[name]]

    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            for kind in (str, dict, list, set, values.datetime.timedelta, values.datetime.date):
                if hasattr(kind, node.attr) and not hasattr(object, node.attr):
                    note(node.value.id, kind)
        elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.iter, ast.Name):
            note(node.iter.id, list, str)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            kinds = {"len": (list, str), "iter": (list,), "list": (list,), "sorted": (list,), "int": (int, str), "float": (float, str),
                     "round": (float, int), "abs": (int, float), "sum": (list,), "str": (str, int), "range": (int,)}  # fmt: skip
            if node.args and isinstance(node.args[0], ast.Name) and node.func.id in kinds:
                note(node.args[0].id, *kinds[node.func.id])
            if node.func.id == "isinstance" and len(node.args) == 2 and isinstance(node.args[0], ast.Name):
                text = ast.unparse(node.args[1])
                note(node.args[0].id, *(kind for kind in (str, int, float, list, dict, tuple, set, bytes, bool) if kind.__name__ in text))
            if isinstance(node.func, ast.Name):
                note(node.func.id, types.FunctionType)
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Name):
            for part in node.comparators:
                if isinstance(part, ast.Constant) and type(part.value) in values.ATOMS:
                    note(node.left.id, type(part.value))
        elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.Name) and not isinstance(node.op, ast.Add):
            note(node.left.id, int, float)
    return found


def constants_of(function, module):
    """The plain constants in a function, and those of the module that it names."""
    found, todo = [], [code_of(function)]
    while todo:
        code = todo.pop()
        if code is None:
            continue
        for value in code.co_consts:
            if isinstance(value, types.CodeType):
                todo.append(value)
            else:
                found += plain(value)
        for name in code.co_names:
            found += plain(vars(module).get(name))
    return list({(type(value), value): value for value in found}.values())[:80]


def plain(value, depth=0):
    """The numbers and texts in a value."""
    if type(value) in (int, float, str, bytes):
        return [value] if not isinstance(value, (str, bytes)) or len(value) < 40 else []
    if isinstance(value, (tuple, list, set, frozenset)) and depth < 2:
        return [part for inner in list(value)[:12] for part in plain(inner, depth + 1)]
    if isinstance(value, dict) and depth < 2:
        return [part for inner in [*list(value)[:12], *list(value.values())[:12]] for part in plain(inner, depth + 1)]
    return []
