"""The driver's first process: reads requests, keeps the queue and the clocks, and answers.

It never loads anything of the project, so nothing the project does can take it down.
"""

import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from _hephaestus_zygote import children, disk, jobs, loaded, wire, work
from _hephaestus_zygote.pytest_suite import PytestSuite
from _hephaestus_zygote.unittest_suite import UnittestSuite

SUITES = {"pytest": PytestSuite, "unittest": UnittestSuite}
GRACE = 1.0


class Desk:
    """Serves one harness."""

    def __init__(self, runner, entry):
        self._runner = runner
        self._entry = entry
        self._input = wire.private_copy(0)
        self._output = wire.private_copy(1)
        children.quiet(errors=False)
        self._lines = wire.Lines()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._input, selectors.EVENT_READ, self._on_input)
        self._queue = []
        self._running = {}
        self._load = None
        self._zygote = None
        self._zygote_sock = None
        self._loaded = None
        self._reaping = {}
        self._ended = False
        self._inputs = {}
        self._facts = {}
        self._spawning = set()
        self._root = os.getcwd()
        self._slots = 1
        self._memory = 0
        self._temp = None
        self._count = 0
        self._tainted = False

    # -- the loop

    def serve(self):
        """Serves until the input ends, then kills what it started."""
        try:
            while not self._ended:
                for key, _ in self._selector.select(self._next_alarm()):
                    key.data()
                self._check_clocks()
        finally:
            self._end_all()

    def _end_all(self):
        """Kills what was started. The loaded process goes first: what it forked last may not have told its number yet."""
        if self._zygote:
            children.kill_group(self._zygote)
            children.reap(self._zygote)
            self._zygote = self._zygote_sock = None
        self._queue.clear()
        for job in list(self._running.values()):
            while not job.pid and not job.eof and jobs.has_more(job.pipe, GRACE):
                self._on_report(job)
            if job.pid:
                children.kill_group(job.pid)
        while self._sweep():
            pass
        disk.restore()
        if self._temp:
            shutil.rmtree(self._temp, ignore_errors=True)

    def _next_alarm(self):
        alarms = [job.alarm() for job in self._running.values()]
        return min(3600.0, max(0.0, min(alarms) - time.monotonic())) if alarms else None

    def _on_input(self):
        data = os.read(self._input, 1 << 16)
        if not data:
            self._ended = True
            return
        for request in self._lines.feed(data):
            if isinstance(request, dict):
                self._on_request(request)

    def _answer(self, request, **answer):
        try:
            wire.write_line(self._output, dict({"id": request.get("id")}, **answer))
        except OSError:
            self._ended = True

    def _on_request(self, request):
        do = request.get("do")
        try:
            if do == "load":
                self._start_load(request)
            elif do == "cancel":
                self._cancel(request.get("target"))
            elif self._loaded is None:
                self._answer(request, end="broken", reason="nothing is loaded")
            elif do in jobs.KINDS:
                self._enqueue(request)
            else:
                self._answer(request, end="broken", reason="unknown request: %s" % do)
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            self._answer(request, end="broken", reason="%s: %s" % (type(error).__name__, error))

    # -- loading

    def _start_load(self, request):
        if self._load is not None:
            self._answer(request, end="unfit", reason="load is asked once")
            return
        self._load = request
        self._root = request.get("root") or os.getcwd()
        self._slots = max(1, int(request.get("slots") or 1))
        self._memory = request.get("memory_mb") or 0
        os.chdir(self._root)
        os.environ.update(request.get("env") or {})
        if not getattr(sys.flags, "safe_path", False):
            sys.path.insert(0, os.getcwd())
        self._temp = tempfile.mkdtemp(prefix="h")
        if self._runner == "pytest":
            try:
                import _pytest.config  # noqa: F401
                import pytest  # noqa: F401
            except BaseException as error:  # whatever a broken installation raises
                self._answer(request, end="unfit", reason="pytest cannot be imported: %s" % error)
                return
        stand_aside(self._runner)
        mine, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as log:
            pid = os.fork()
            if pid == 0:
                self._become_zygote(mine, theirs, log.fileno())
            self._zygote = pid
            theirs.close()
            self._log = os.dup(log.fileno())
        self._zygote_sock = mine
        self._selector.register(mine, selectors.EVENT_READ, self._on_zygote)
        become_subreaper()

    def _become_zygote(self, mine, theirs, log_fd):
        try:
            os.setsid()
            mine.close()
            os.close(self._input)
            os.close(self._output)
            self._selector.close()
            children.quiet(log_fd)
            suite = SUITES[self._runner](self._load.get("args") or [], self._root)
            loaded.load_and_serve(suite, self._root, os.path.dirname(self._entry), theirs, log_fd)
        finally:
            os._exit(70)

    def _on_zygote(self):
        try:
            message, _ = wire.receive(self._zygote_sock)
        except OSError:
            message = None
        if message is None:
            self._zygote_died()
        elif "reaped" in message:
            job = self._reaping.pop(message["reaped"], None)
            if job:
                self._settle(job, message["status"], message["cpu_s"], message["rss_kb"])
        elif "loaded" in message:
            self._loaded = message["loaded"]
            self._preload(self._loaded.pop("standard"))
            answer = {key: self._loaded[key] for key in ("tests", "wall_s", "cpu_s", "notes")}
            os.close(self._log)
            self._answer(self._load, end="loaded", **answer)
        else:
            self._unfit(message.get("unfit"))

    def _unfit(self, reason):
        reason = reason or "the tests cannot be loaded"
        size = os.fstat(self._log).st_size
        tail = os.pread(self._log, 1500, max(0, size - 1500)).decode("utf-8", "replace").strip()
        self._answer(self._load, end="unfit", reason=reason + ("\n" + tail if tail else ""))

    def _zygote_died(self):
        self._selector.unregister(self._zygote_sock)
        self._zygote_sock.close()
        self._zygote_sock = None
        status, _, _ = children.reap(self._zygote)
        self._zygote = None
        if self._loaded is None:
            self._unfit("loading the tests ended the process: %s" % children.describe_status(status))
        for job in list(self._reaping.values()):
            self._settle(job, None, 0.0, 0)
        self._reaping.clear()

    def _preload(self, names):
        """Imports what of the standard library the tests use, for the processes that have to load anew."""
        self._tainted = is_tainted(self._root)
        if self._tainted:
            return
        import importlib.util

        for name in names:
            if name not in sys.modules and "." not in name:
                try:
                    spec = importlib.util.find_spec(name)
                    if spec and spec.origin and spec.origin.startswith(os.path.dirname(os.__file__)):
                        importlib.import_module(name)
                except BaseException:  # then they import it themselves
                    pass

    # -- the queue

    def _enqueue(self, request):
        job = jobs.Job(request, self._loaded["tests"], self._inputs)
        if job.problem:
            self._answer(request, end="broken", reason=job.problem)
            return
        if request["do"] == "run" and not self._spawning.isdisjoint(job.spec["tests"]):
            job.on_disk = True
        self._queue.append(job)
        self._start_jobs()

    def _start_jobs(self):
        while self._queue:
            job = self._queue[0]
            alone = any(other.on_disk for other in self._running.values())
            if alone or len(self._running) >= self._slots or (job.on_disk and self._running):
                return
            self._queue.pop(0)
            self._start(job)

    def _start(self, job):
        self._count += 1
        job.temp = os.path.join(self._temp, str(self._count))
        os.mkdir(job.temp)
        spec = dict(job.spec, temp=job.temp, memory_mb=self._memory, on_disk=job.on_disk)
        if job.spec["do"] == "search":
            tests = {*spec["red"], *spec["green"], ""}
            spec["facts"] = {test: fact for test, fact in self._facts.items() if test in tests}
        fresh = job.reload or self._zygote_sock is None
        if fresh and job.spec["do"] != "run":
            self._answer(job.request, end="broken", reason="the process with the loaded tests is gone")
            return
        reading, writing = os.pipe()
        try:
            if job.on_disk:
                disk.write(self._root, spec["files"])
            job.start(reading, fresh, self._loaded["wall_s"])
            self._running[id(job)] = job
            self._selector.register(reading, selectors.EVENT_READ, lambda: self._on_report(job))
            if fresh:
                spec["test_files"] = sorted({self._loaded["files"].get(test) or "" for test in spec["tests"]} - {""})
                self._fork_fresh(job, spec, writing)
            else:
                wire.send(self._zygote_sock, spec, writing)
        except OSError as error:
            job.final = {"end": "broken", "reason": "cannot be started: %s" % error}
            self._finish(job)
        finally:
            os.close(writing)

    def _fork_fresh(self, starting, spec, writing):
        pid = os.fork()
        if pid:
            self._watch(starting, pid)
            return
        try:
            for job in self._running.values():
                os.close(job.pipe)
            os.close(self._input)
            os.close(self._output)
            if self._zygote_sock:
                self._zygote_sock.close()
            if self._tainted:
                exec_fresh(self._entry, self._runner, self._load, spec, writing)
            enter_fresh(self._runner, self._load.get("args") or [], self._root, spec, writing)
        finally:
            os._exit(70)

    def _cancel(self, target):
        for job in [job for job in self._queue if job.request.get("id") == target]:
            self._queue.remove(job)
            self._answer(job.request, end="cancelled")
        for job in [job for job in self._running.values() if job.request.get("id") == target]:
            job.final = {"end": "cancelled"}
            self._finish(job)
        self._start_jobs()

    # -- running jobs

    def _on_report(self, job):
        try:
            data = os.read(job.pipe, 1 << 18)
        except OSError:
            data = b""
        if not data:
            job.eof = True
            self._selector.unregister(job.pipe)
            if job.doomed and not job.over:
                self._finish(job)
            return
        for message in job.lines.feed(data):
            if message is None or job.over:
                continue
            if "pid" in message:
                if not job.pid:
                    self._watch(job, message["pid"])
                if job.doomed:
                    self._finish(job)
                    return
            streamed = job.take(message, self._loaded)
            if streamed is not None:
                self._answer(job.request, **streamed)
            if message.get("spawns"):
                self._spawning.add(message["test"])
        if job.again is not None and not job.over:
            if job.running and job.again.get("disk") and not job.again.get("reload"):
                self._spawning.add(job.running)
            self._finish(job)
        elif job.final is not None and not job.over:
            self._finish(job)

    def _watch(self, job, pid):
        job.pid = pid
        opener = getattr(os, "pidfd_open", None)
        try:
            job.pidfd = opener(pid) if opener else None
        except OSError:
            job.pidfd = None
        if job.pidfd is not None:
            self._selector.register(job.pidfd, selectors.EVENT_READ, lambda: self._on_exit(job))

    def _on_exit(self, job):
        """The process has ended; what it said last may still be in the pipe."""
        if not job.over:
            while not job.eof and job.final is None and job.again is None and jobs.has_more(job.pipe):
                self._on_report(job)
        if not job.over:
            self._finish(job)

    def _check_clocks(self):
        now = time.monotonic()
        for job in list(self._running.values()):
            if job.over:
                continue
            if now >= job.deadline:
                job.timed_out = "the time limit"
                self._finish(job)
            elif job.pid and now >= job.next_look:
                if job.look(now):
                    job.timed_out = "the limit of CPU time"
                    self._finish(job)
                elif job.pidfd is None and jobs.is_dead(job.pid):
                    self._on_exit(job)

    def _finish(self, job):
        """Kills what is left of a job and has it reaped; the answer follows."""
        if not job.pid and not job.eof:
            # Its number is on the way: a child that nobody knows could not be killed.
            job.doomed = True
            job.deadline = job.next_look = float("inf")
            return
        job.over = True
        job.deadline = job.next_look = float("inf")
        job.wall = time.perf_counter() - job.started
        if not job.eof and job.pipe in self._selector.get_map():
            self._selector.unregister(job.pipe)
        os.close(job.pipe)
        if job.pidfd is not None:
            self._selector.unregister(job.pidfd)
            os.close(job.pidfd)
        if not job.pid:
            self._settle(job, None, 0.0, 0)
            return
        children.kill_group(job.pid)
        if job.fresh:
            self._settle(job, *children.reap(job.pid))
        elif self._zygote_sock is None:
            self._settle(job, None, 0.0, 0)
        else:
            self._reaping[job.pid] = job
            wire.send(self._zygote_sock, {"reap": job.pid})

    def _settle(self, job, status, cpu, rss):
        job.cpu += cpu
        job.rss = max(job.rss, rss)
        self._running.pop(id(job), None)
        if job.on_disk:
            disk.restore()
        try:
            os.rmdir(job.temp)
        except OSError:
            shutil.rmtree(job.temp, ignore_errors=True)
        if not self._running:
            self._sweep()
        lost = job.lost(status)
        if lost:
            self._answer(job.request, **lost)
            self._queue.insert(0, job)
        elif job.again is not None and job.repeat():
            self._queue.insert(0, job)
        else:
            if job.spec["do"] == "capture":
                job.keep_inputs(self._inputs)
            self._facts.update(job.facts)
            self._answer(job.request, **job.answer(status))
        self._start_jobs()

    def _sweep(self):
        """Kills what escaped its process group: with no job running, every other child of this process did. Tells whether
        there was any."""
        try:
            with open("/proc/self/task/%d/children" % os.getpid(), "rb") as file:
                pids = [int(word) for word in file.read().split()]
        except (OSError, ValueError):
            return False
        strays = [pid for pid in pids if pid != self._zygote]
        for pid in strays:
            children.kill_group(pid)
            children.reap(pid)
        return bool(strays)


def stand_aside(runner):
    """Leaves the name `__main__` to what it would be in a plain run."""
    import types

    if runner == "pytest":
        import importlib.util

        spec = importlib.util.find_spec("pytest.__main__")
        if spec is not None:
            module = importlib.util.module_from_spec(spec)
            module.__name__ = "__main__"
            sys.modules["__main__"] = module
            return
    sys.modules["__main__"] = types.ModuleType("__main__")


def become_subreaper():
    """Orphans of children become children of this process, where the system can do that."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    except Exception:  # without it, daemons of tests end with the sandbox
        pass


def is_tainted(root):
    """Whether modules of the workspace are loaded in this process: pytest itself needs them."""
    prefix = os.path.join(root, "")
    own = os.path.dirname(os.path.abspath(__file__))
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None) or ""
        if path.startswith(prefix) and not path.startswith(own) and "-packages" not in path and "/." not in path:
            return True
    return False


def enter_fresh(runner, args, root, spec, fd):
    """Does a `run` in this process, which has loaded nothing yet."""
    import importlib

    children.quiet()
    importlib.invalidate_caches()
    suite = SUITES[runner](args, root)
    children.enter(lambda spec, report: work.run_fresh(suite, spec, report), spec, fd)


def exec_fresh(entry, runner, load, spec, fd):
    """Starts a new interpreter for a `run`: this one has modules of the workspace loaded."""
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps({"load": load, "spec": spec, "fd": fd}).encode())
        file.seek(0)
        os.set_inheritable(file.fileno(), True)
        os.set_inheritable(fd, True)
        flags = subprocess._args_from_interpreter_flags()
        words = [sys.executable, *flags, entry, "--runner", runner, "--fresh", str(file.fileno())]
        os.execv(sys.executable, words)


def fresh_from_exec(runner, fd):
    """The other end of `exec_fresh`."""
    with os.fdopen(fd, "rb") as file:
        message = json.loads(file.read())
    load, spec = message["load"], message["spec"]
    os.set_inheritable(message["fd"], False)
    root = load.get("root") or os.getcwd()
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.getcwd())
    stand_aside(runner)
    enter_fresh(runner, load.get("args") or [], root, spec, message["fd"])
