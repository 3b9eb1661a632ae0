"""Changed constants at the top level of a module: put in place without loading anew, where nothing can have used them yet.

A constant qualifies if its value is a plain expression, it is bound once, only functions that have not run read it, and
nothing but its own module holds the old value. Everything else is not for here: the answer is `None`.
"""

import ast
import builtins
import dis
import gc
import types

CALLS = {"tuple", "list", "dict", "set", "frozenset", "int", "float", "str", "bool", "bytes", "range", "len", "min", "max", "sum",
         "sorted", "abs", "round", "zip", "enumerate", "reversed", "divmod", "pow", "ord", "chr"}  # fmt: skip
PLAIN = (ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp,
         ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.Name, ast.expr_context, ast.operator,
         ast.unaryop, ast.boolop, ast.cmpop, ast.Subscript, ast.Slice, ast.JoinedStr, ast.FormattedValue, ast.Starred)  # fmt: skip
LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_GLOBALS"}


def split(old_tree, data, path):
    """The new text with its changed constants as they were, as a tree, and the changed statements: `(tree, [(old, new)])`.

    `None` when something else than single constants changed at the top level, or nothing did.
    """
    tree = ast.parse(data, path)
    if len(tree.body) != len(old_tree.body):
        return None
    changed = []
    for index, (old, new) in enumerate(zip(old_tree.body, tree.body)):
        if isinstance(new, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or ast.dump(old) == ast.dump(new):
            continue
        if name_of(old) is None or name_of(old) != name_of(new) or annotation(old) != annotation(new):
            return None
        changed.append((old, new))
        tree.body[index] = old
    return (tree, changed) if changed else None


def name_of(statement):
    """The one name that a statement binds to a value, or `None`."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None and statement.simple:
        target = statement.target
    else:
        return None
    name = target.id if isinstance(target, ast.Name) else None
    return None if name is None or name.startswith("__") else name


def annotation(statement):
    """A statement's annotation, as text."""
    return ast.dump(statement.annotation) if isinstance(statement, ast.AnnAssign) else None


def is_plain(expression, namespace):
    """Whether an expression is made of constants and harmless calls only."""
    bound = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(expression):
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id not in CALLS or node.keywords:
                return False
        elif isinstance(node, ast.Name):
            if node.id not in bound and (node.id not in CALLS or not is_builtin(node.id, namespace)):
                return False
        elif not isinstance(node, PLAIN):
            return False
    return True


def is_builtin(name, namespace):
    """Whether a name means the builtin here."""
    return name not in namespace and hasattr(builtins, name)


def bound_once(tree, name):
    """Whether nothing else in the file binds the name, in whatever scope."""
    count = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            count += 1
        elif isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return False
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name == name:
            return False
        elif isinstance(node, ast.alias) and name in (node.name, node.asname, "*"):
            return False
        elif isinstance(node, ast.alias) and node.name == "*":
            return False
    return count == 1


def readers(code, name, executed):
    """Who reads a global name: `(code that ran while loading, code that did not)`, as counts."""
    reads = any(step.opname in LOADS and step.argval == name for step in dis.get_instructions(code))
    ran = executed(code)
    early, late = int(reads and ran), int(reads and not ran)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            more_early, more_late = readers(inner, name, executed)
            early += more_early
            late += more_late
    return early, late


def holders(value, module, name, own_constants):
    """The namespaces that hold the value, or `None` when anything else does."""
    found = []
    for holder in gc.get_referrers(value):
        if isinstance(holder, types.FrameType):
            continue
        if type(holder) is tuple and any(holder is constants for constants in own_constants):
            continue
        # Doctests run in copies of their module's namespace.
        is_copy = type(holder) is dict and holder.get("__name__") == module.__name__ and "__builtins__" in holder
        if holder is not vars(module) and not is_copy or holder.get(name) is not value:
            return None
        found.append(holder)
    return found


class Constants:
    """New values of constants and the namespaces they go to."""

    def __init__(self):
        self._changes = []

    def add(self, namespaces, name, old, new):
        """One more."""
        self._changes.append((namespaces, name, old, new))

    def swap(self):
        """Puts the new values in."""
        for namespaces, name, _, new in self._changes:
            for namespace in namespaces:
                namespace[name] = new

    def swap_back(self):
        """Puts the old values in."""
        for namespaces, name, old, _ in self._changes:
            for namespace in namespaces:
                namespace[name] = old


def find(changed, old_tree, module, code, executed, executed_codes, named_elsewhere):
    """The `Constants` that make these statements effective, or `None` where that is not sure.

    `executed` tells of a code object of the file whether it ran while loading, `executed_codes` are those that did as they were
    loaded, `named_elsewhere` are all names that code of other files used while loading.
    """
    constants = Constants()
    namespace = vars(module)
    for old, new in changed:
        name = name_of(new)
        if name in named_elsewhere or not bound_once(old_tree, name) or name not in namespace:
            return None
        if not is_plain(old.value, namespace) or not is_plain(new.value, namespace):
            return None
        early, late = readers(code, name, executed)
        if early or not late:
            return None
        namespaces = holders(namespace[name], module, name, [loaded.co_consts for loaded in executed_codes])
        if not namespaces or not any(found is namespace for found in namespaces):
            return None
        try:
            value = eval(compile(ast.Expression(new.value), "<constant>", "eval", dont_inherit=True), dict(namespace))
        except Exception:  # the module would not load: somebody else finds that out
            return None
        constants.add(namespaces, name, namespace[name], value)
    return constants
