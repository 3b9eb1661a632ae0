"""The life of a forked process: its own process group, limits, a report pipe, and an end without any clean-up of what it
inherited.

It must not let anything a test does reach the processes above it, and never returns to its caller.
"""

import gc
import os
import resource
import sys
import time
import traceback

from _hephaestus_zygote import wire

MEGA = 1 << 20


class Report:
    """Where a child says what it does. Only the child itself may speak, not what it forks."""

    def __init__(self, fd):
        self._fd = fd
        self._pid = os.getpid()

    def say(self, **message):
        """One line."""
        if os.getpid() == self._pid:
            wire.write_line(self._fd, message)

    def shout(self, **message):
        """One short line that processes the child forked may say, too."""
        try:
            wire.write_line(self._fd, message)
        except OSError:
            pass


class Finished(BaseException):
    """Leaves a child's work early; everything is said already."""


def limit(spec):
    """Bounds memory and CPU time of this process. The parent's timers are what counts; these are the second line."""
    megas = spec.get("memory_mb") or 0
    if megas:
        bound(resource.RLIMIT_DATA, int(megas) * MEGA)
        bound(resource.RLIMIT_AS, 2 * int(megas) * MEGA + address_space())
    if spec.get("cpu_s"):
        seconds = int(spec["cpu_s"]) + 2
        bound(resource.RLIMIT_CPU, seconds, seconds + 1)
    bound(resource.RLIMIT_CORE, 0)


def bound(what, soft, hard=None):
    """Lowers a limit, as far as the system lets it."""
    try:
        _, top = resource.getrlimit(what)
        hard = soft if hard is None else hard
        if top != resource.RLIM_INFINITY:
            soft, hard = min(soft, top), min(hard, top)
        resource.setrlimit(what, (soft, hard))
    except (ValueError, OSError):
        pass


def address_space():
    """How much address space this process has mapped, in bytes."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 4096 * MEGA


def enter(work, spec, fd):
    """Does `work(spec, report)` as a freshly forked child and ends the process, whatever happens."""
    status = 70
    try:
        try:
            os.setsid()
        except OSError:
            pass
        gc.unfreeze()
        report = Report(fd)
        report.say(pid=os.getpid())
        limit(spec)
        if spec.get("temp"):
            os.environ["PYTEST_DEBUG_TEMPROOT"] = spec["temp"]
        try:
            work(spec, report)
        except Finished:
            pass
        except MemoryError:
            report.say(final={"end": "died", "reason": "out of memory"})
        except BaseException as error:  # nothing may get past this frame
            tail = "".join(traceback.format_exception(type(error), error, error.__traceback__))[-1500:]
            report.say(final={"end": "broken", "reason": "the driver failed: " + tail})
        status = 0
    finally:
        os._exit(status)


def quiet(log_fd=None, errors=True):
    """Points descriptors 0, 1 and 2 away from the protocol; `errors` says whether 2 is among them."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null if log_fd is None else log_fd, 1)
    if errors:
        os.dup2(null if log_fd is None else log_fd, 2)
    if null > 2:
        os.close(null)


def forget(log_fd):
    """Points every descriptor that leads to the log at nothing, so that running tests cannot fill the disk."""
    try:
        log = os.fstat(log_fd)
        fds = [int(name) for name in os.listdir("/proc/self/fd")]
    except (OSError, ValueError):
        fds = [1, 2]
        log = None
    null = os.open(os.devnull, os.O_RDWR)
    for fd in fds:
        try:
            found = os.fstat(fd)
            if log is None or (found.st_dev, found.st_ino) == (log.st_dev, log.st_ino):
                os.dup2(null, fd, os.get_inheritable(fd))
        except OSError:
            pass
    os.close(null)


def cpu_clock(pid):
    """CPU time of a process so far, in seconds, or `None` when it cannot be told."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except (OSError, OverflowError, AttributeError):
        pass
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            words = file.read().rpartition(b")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def kill_group(pid):
    """Kills a child and everything in its process group."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, 9)
        except (OSError, OverflowError):
            pass


def reap(pid):
    """What a dead child of this process used and how it ended: `(status, cpu_s, rss_kb)`."""
    try:
        _, status, usage = os.wait4(pid, 0)
        rss = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
        return status, usage.ru_utime + usage.ru_stime, rss
    except ChildProcessError:
        return None, 0.0, 0


def describe_status(status):
    """How a process ended, in words."""
    if status is None:
        return "it is gone"
    if os.WIFSIGNALED(status):
        import signal

        number = os.WTERMSIG(status)
        try:
            return "killed by signal %d (%s)" % (number, signal.Signals(number).name)
        except ValueError:
            return "killed by signal %d" % number
    return "the process exited with %d in the middle of it" % os.WEXITSTATUS(status)
