"""The old and the new version of a function side by side in one process.

Where only bodies of functions changed, the code of all of them is swapped to and fro; where more changed, the new text is
run as a second module, if the function stands on its own.
"""

import sys
import types

from _hephaestus_zygote import target, variant


class Versions:
    """`old` and `new` are called after `use_old()` and `use_new()`. With `apart`, the new one is a function of its own where
    that makes no difference but in time: swapping code makes the interpreter forget what it learned about callers."""

    def __init__(self, loaded, file, name, files, apart=False):
        self.old = target.find(loaded, file, name)
        self._plan = None
        if files is None:
            self.new = twin(self.old, self.old.__code__)
            return
        try:
            plan = variant.swap_plan(loaded.index(), files, loaded.root)
        except variant.Unloadable as error:
            raise target.LeftOut("the variant cannot be loaded: %s" % error)
        except variant.Reload as error:
            self.new = from_second_module(loaded, file, name, files, error)
            return
        changed = [entry for entry in plan.functions if not variant.same_behaviour(entry[1], entry[2])]
        alone = [entry[0] for entry in changed] == [self.old] and not plan.constants
        if apart and alone and not any(names_itself(code, self.old.__name__) for code in changed[0][1:]):
            self.new = twin(self.old, changed[0][2])
        elif changed or plan.constants:
            plan.functions = changed
            self.new = self.old
            self._plan = plan
        else:
            self.new = twin(self.old, self.old.__code__)

    def use_old(self):
        """From now on, `old` may be called."""
        if self._plan:
            self._plan.swap_back()

    def use_new(self):
        """From now on, `new` may be called."""
        if self._plan:
            self._plan.swap()


def names_itself(code, name):
    """Whether code may call the function it belongs to."""
    return name in code.co_names or any(names_itself(inner, name) for inner in variant.nested(code))


def twin(function, code):
    """A function like this one with other code."""
    made = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    made.__qualname__ = function.__qualname__
    made.__dict__.update(function.__dict__)
    return made


def from_second_module(loaded, file, name, files, reason):
    """The new version out of a second module with the new text."""
    if "." in name or list(files) != [file]:
        raise target.LeftOut("the change needs the whole program loaded anew: %s" % reason)
    module = next((module for module in list(sys.modules.values()) if loaded.ours.relative(path_of(module)) == file), None)
    if module is None:
        raise target.LeftOut("%s is not loaded as a module" % file)
    second = types.ModuleType(module.__name__)
    for key in ("__file__", "__package__", "__spec__", "__loader__", "__path__"):
        if hasattr(module, key):
            setattr(second, key, getattr(module, key))
    code = variant.compile_text(variant.as_bytes(files[file]), module.__file__)
    try:
        exec(code, second.__dict__)
    except BaseException as error:  # the variant may raise anything
        raise target.LeftOut("the variant cannot be loaded: %s: %s" % (type(error).__name__, error))
    found = second.__dict__.get(name)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    if not isinstance(found, types.FunctionType):
        raise target.LeftOut("the variant has no such function")
    return found


def path_of(module):
    """A module's file, or an empty text."""
    path = getattr(module, "__file__", None)
    return path if isinstance(path, str) else ""
