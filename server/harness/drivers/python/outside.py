"""Notices what happens outside of a child's own memory: programs that are started, changed files that are read from disk,
and, for single calls, any touch of the world.

It watches and tells; it must not forbid or change anything.
"""

import os
import sys

STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn", "os.startfile"}
STARTING_MODULES = {"multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver"}
FORKS = {"os.fork", "os.forkpty"}
WORLD = ("socket.", "subprocess.", "os.", "shutil.", "tempfile.", "glob.", "pty.", "fcntl.", "signal.", "urllib.", "http.",
         "ftplib.", "smtplib.", "sqlite3.", "mmap.", "ctypes.", "syslog.", "telnetlib.", "imaplib.", "poplib.", "resource.")


class Watch:
    """Tells `on_start(what)` about started programs and `on_read(path)` about reads of `paths`; both may be `None`."""

    def __init__(self, paths=(), on_start=None, on_read=None):
        self._paths = set(paths)
        self._names = tuple({os.path.basename(path) for path in paths})
        self._on_start = on_start
        self._on_read = on_read
        self.active = True
        self.touched = None
        self.touching = False
        sys.addaudithook(self._hook)
        if on_start:
            self._watch_multiprocessing()

    def _hook(self, event, args):
        if event == "open":
            if self._names:
                self._opened(args[0])
            if self.touching and self.touched is None:
                self.touched = "opens a file"
        elif event in STARTS or event in FORKS:
            if self.active and self._on_start:
                self._on_start(event)
            if self.touching:
                self.touched = self.touched or "starts a process"
        elif event == "import":
            if self.active and args[0] in STARTING_MODULES and self._on_start:
                self._on_start(args[0])
        elif self.touching and self.touched is None and event.startswith(WORLD):
            self.touched = "touches the outside world (%s)" % event

    def _opened(self, path):
        if not self.active or self._on_read is None or isinstance(path, int):
            return
        try:
            path = os.fsdecode(path)
        except TypeError:
            return
        if path.endswith(self._names) and os.path.abspath(path) in self._paths:
            self._on_read(path)

    def _watch_multiprocessing(self):
        """Programs that multiprocessing starts raise no event; its one function that starts them is wrapped."""
        module = sys.modules.get("multiprocessing.util")
        spawn = getattr(module, "spawnv_passfds", None)
        if spawn is None:
            return

        def spawnv_passfds(*args, **kwargs):
            if self.active:
                self._on_start("multiprocessing")
            return spawn(*args, **kwargs)

        module.spawnv_passfds = spawnv_passfds
