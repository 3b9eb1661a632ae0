"""Writes a variant's files for as long as one run needs them on disk, and puts back what was there.

Only one variant may be on disk at a time. Compiled files of them are removed, and no two texts share a modification time,
so that no interpreter takes one for the other.
"""

import importlib.util
import os
import time

_saved = []
_stamp = [0]


def write(root, files):
    """Puts a variant's files on disk; `None` removes one."""
    restore()
    for relative, text in files.items():
        path = os.path.join(root, *relative.split("/"))
        try:
            with open(path, "rb") as file:
                before, stat = file.read(), os.stat(path)
        except FileNotFoundError:
            before = stat = None
        _saved.append((path, before, stat))
        if text is None:
            if before is not None:
                os.unlink(path)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
            stamp(path)
        forget_compiled(path)


def restore():
    """Puts back what was there."""
    while _saved:
        path, before, stat = _saved.pop()
        try:
            if before is None:
                os.unlink(path)
            else:
                with open(path, "wb") as file:
                    file.write(before)
                os.chmod(path, stat.st_mode)
                os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        except OSError:
            pass
        forget_compiled(path)


def stamp(path):
    """A modification time that no other text of this file has had: compiled files know it by whole seconds only."""
    _stamp[0] = max(_stamp[0] + 2, int(time.time()) - 1_000_000)
    os.utime(path, (_stamp[0], _stamp[0]))


def forget_compiled(path):
    """Removes the compiled file."""
    if path.endswith(".py"):
        try:
            os.unlink(importlib.util.cache_from_source(path))
        except (OSError, NotImplementedError):
            pass
