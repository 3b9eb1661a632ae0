"""Entry of the Python driver: `python zygote.py --runner pytest|unittest`, requests on standard input (PROTOCOL.md).

It gives its neighbours a private package name and steps out of the import path; it must not shadow or load anything of
the project.
"""

import importlib.util
import os
import sys

PACKAGE = "_hephaestus_zygote"
FOLDER = os.path.dirname(os.path.abspath(__file__))


def load_package():
    """Makes the modules beside this file importable as `_hephaestus_zygote.NAME`, without any import path."""
    if sys.path and os.path.abspath(sys.path[0] or ".") == FOLDER:
        del sys.path[0]
    spec = importlib.util.spec_from_loader(PACKAGE, loader=None, is_package=True)
    package = importlib.util.module_from_spec(spec)
    package.__path__ = [FOLDER]
    sys.modules[PACKAGE] = package


def main(argv):
    """Runs the driver until its input ends."""
    load_package()
    if not hasattr(os, "fork"):
        from _hephaestus_zygote import wire

        wire.unfit_forever("this system cannot fork processes")
        return
    from _hephaestus_zygote import desk

    runner = argv[argv.index("--runner") + 1] if "--runner" in argv[:-1] else "pytest"
    if "--fresh" in argv:
        desk.fresh_from_exec(runner, int(argv[argv.index("--fresh") + 1]))
    else:
        desk.Desk(runner, os.path.join(FOLDER, "zygote.py")).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
