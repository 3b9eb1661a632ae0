"""Runs one program and everything it starts to its end; writes what all of it cost.

    supervise.py FIGURES LIMIT PROGRAM [ARGUMENT...]

FIGURES becomes `USER+SYSTEM WALL CODE`, in seconds. Orphans are inherited and counted too (prctl(2), PR_SET_CHILD_SUBREAPER);
after LIMIT seconds, or when the program has ended, what is left of its family is killed. CODE is `limit` in the first case.
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


figures, limit, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
signal.signal(signal.SIGALRM, late)
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
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(figures, "w") as file:
    file.write(f"{used.ru_utime + used.ru_stime:.6f} {wall:.6f} {code}\n")
