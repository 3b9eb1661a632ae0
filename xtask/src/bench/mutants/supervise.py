"""Runs one program and everything it starts to its end; writes what all of it cost.

    supervise.py FIGURES LIMIT PROGRAM [ARGUMENT...]

FIGURES becomes `USER+SYSTEM WALL CODE HOW`, in seconds. HOW is `cgroup` where a control group of its own counted, and
`rusage` where none can be made: then orphans are inherited and counted too (prctl(2), PR_SET_CHILD_SUBREAPER), but what
runs in a process namespace that is killed is not, because the kernel throws its times away (pid_namespaces(7)). After
LIMIT seconds, or when the program has ended, what is left of its family is killed. CODE is `limit` in the first case.
"""

import os
import resource
import signal
import sys
import time

try:
    import ctypes

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
except (OSError, AttributeError):
    pass  # Elsewhere orphans are not counted.


class Late(Exception):
    pass


def late(*_):
    raise Late


def end_the_rest(me):
    """Everything is a child, or becomes one when its parent is killed."""
    while True:
        try:
            done, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if done == 0:
            for task in os.listdir(f"/proc/{me}/task"):
                with open(f"/proc/{me}/task/{task}/children") as children:
                    for child in children.read().split():
                        os.kill(int(child), signal.SIGKILL)
            time.sleep(0.01)


def enter_group():
    """A control group (version 2) below the present one, with this process in it: its folder and the one above."""
    try:
        with open("/proc/self/mounts") as mounts:
            mount = next(words[1] for words in map(str.split, mounts) if words[2] == "cgroup2")
        with open("/proc/self/cgroup") as groups:
            own = next(line[3:].strip() for line in groups if line.startswith("0::"))
        above = mount + own.rstrip("/")
        folder = f"{above}/hephaestus-bench-{os.getpid()}"
        os.mkdir(folder)
        move_to(folder)
        return folder, above
    except (OSError, StopIteration):
        return None


def move_to(folder):
    with open(f"{folder}/cgroup.procs", "w") as members:
        members.write(str(os.getpid()))


def used_by(folder):
    with open(f"{folder}/cpu.stat") as stat:
        return next(int(line.split()[1]) / 1e6 for line in stat if line.startswith("usage_usec"))


def leave(group):
    folder, above = group
    try:
        move_to(above)
        os.rmdir(folder)
    except OSError:
        pass  # An empty group that stays does no harm.


figures, limit, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
signal.signal(signal.SIGALRM, late)
group, own_time = enter_group(), time.process_time()
started = time.monotonic()
child = os.posix_spawnp(command[0], command, os.environ)
signal.setitimer(signal.ITIMER_REAL, limit)
code = None
try:
    while code is None:
        done, status = os.wait()
        if done == child:
            code = os.waitstatus_to_exitcode(status)
except Late:
    code = "limit"
signal.setitimer(signal.ITIMER_REAL, 0)
wall = time.monotonic() - started
end_the_rest(os.getpid())
if group:
    used, how = used_by(group[0]) - (time.process_time() - own_time), "cgroup"
    leave(group)
else:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    used, how = children.ru_utime + children.ru_stime, "rusage"
with open(figures, "w") as file:
    file.write(f"{used:.6f} {wall:.6f} {code} {how}\n")
