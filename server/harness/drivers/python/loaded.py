"""The loaded process: it has everything collected and does nothing but fork children on request.

No request is answered here: children speak for themselves, and only their ends are told. Nothing of a request may change
this process.
"""

import gc
import os
import resource
import sys
import sysconfig
import threading
import time

from _hephaestus_zygote import children, reach, variant, wire, work


class Loaded:
    """What children find: the suite, what ran while loading, and the index of live functions."""

    def __init__(self, suite, root, driver):
        self.suite = suite
        self.root = root
        self.driver = driver
        self.ours = reach.Ours(root, driver)
        self.spans = reach.Spans(root)
        self.lines = {}
        self._reach = reach.make_for_loading(self.ours)
        self._index = None
        self._cold = {
            relative
            for module in list(sys.modules.values())
            for relative in [self.ours.relative(getattr(module, "__file__", None) or "")]
            if relative
        }

    def watch(self):
        """Begins to watch what runs while loading."""
        self._reach.start()

    def seal(self):
        """Everything is loaded."""
        self._reach.stop()
        self.lines = self.spans.ranges(self._reach.take())
        gc.collect()
        self._index = variant.Loaded(self.ours, self._reach.codes, self._cold, self._reach.lost)
        if self._reach.lost:
            self.suite.notes.append("%s: every variant is loaded anew" % self._reach.lost)
        if shared_files(self.root):
            self.suite.notes.append("files or sockets are open since loading: tests that run at once share them")

    def index(self):
        """The index of live functions by file."""
        return self._index

    def prepare(self, spec):
        """Computes what all children of this file's variants need, once for all of them."""
        for relative in [*(spec.get("files") or ()), *([spec["file"]] if spec.get("variants") else [])]:
            try:
                if self._index.knows(relative):
                    self._index.file(relative)
            except variant.Reload:
                pass


WORKS = {}


def works():
    """The works by the name of their request; imported late, so that loading is not held up."""
    if not WORKS:
        from _hephaestus_zygote import behave, bench, capture, compare, search

        WORKS.update(
            survey=lambda loaded, spec, report: work.Survey(loaded, spec, report).work(),
            run=work.run_swapped,
            capture=capture.capture,
            compare=compare.compare,
            bench=bench.bench,
            search=search.search,
            behave=behave.behave,
        )
    return WORKS


def load_and_serve(suite, root, driver, sock, log_fd):
    """Loads the suite in this process and serves requests from `sock` for ever."""
    started = time.perf_counter()
    loaded = Loaded(suite, root, driver)
    works()
    loaded.watch()

    def serve(_suite):
        loaded.seal()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        if threading.active_count() > 1:
            suite.notes.append("threads run since loading: forked tests do not have them")
        wire.send(
            sock,
            {
                "loaded": {
                    "tests": suite.ids,
                    "files": {test: suite.test_file(test) for test in suite.ids},
                    "lines": loaded.lines,
                    "notes": suite.notes,
                    "wall_s": time.perf_counter() - started,
                    "cpu_s": usage.ru_utime + usage.ru_stime,
                    "standard": standard_modules(),
                }
            },
        )
        children.forget(log_fd)
        gc.collect()
        gc.freeze()
        answer_for_ever(loaded, sock)

    try:
        reason = suite.start(serve)
    except BaseException as error:  # a project may raise anything while it is loaded
        reason = "%s: %s" % (type(error).__name__, error)
    wire.send(sock, {"unfit": reason})
    os._exit(0)


def answer_for_ever(loaded, sock):
    """Forks a child for each request; tells how children ended."""
    while True:
        message, fd = wire.receive(sock)
        if message is None:
            os._exit(0)
        if "reap" in message:
            status, cpu, rss = children.reap(message["reap"])
            wire.send(sock, {"reaped": message["reap"], "status": status, "cpu_s": cpu, "rss_kb": rss})
            continue
        try:
            loaded.prepare(message)
            pid = os.fork()
        except BaseException as error:  # the request fails, not this process
            wire.write_line(fd, {"final": {"end": "broken", "reason": "cannot fork: %s" % error}})
            os.close(fd)
            continue
        if pid == 0:
            sock.close()
            children.enter(lambda spec, report: works()[spec["do"]](loaded, spec, report), message, fd)
        os.close(fd)


def shared_files(root):
    """Whether sockets, or files of the workspace, are open in this process beside the driver's own."""
    try:
        names = [os.readlink("/proc/self/fd/" + name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return False
    sockets = sum(name.startswith("socket:") for name in names)
    return sockets > 1 or any(name.startswith(os.path.join(root, "")) for name in names)


def standard_modules():
    """Names of the standard library's modules that are loaded, in the order they were loaded in."""
    folder = sysconfig.get_paths()["stdlib"] + os.sep
    names = []
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None) or ""
        if path.startswith(folder) and "-packages" not in path and not name.startswith("__"):
            names.append(name)
    return names
