"""The limit of CPU time for one piece of code at a time in this process: an exception that comes again until it gets through.

It cannot end code that never comes back to the interpreter; somebody outside has to see that.
"""

import os
import signal
import time

STEP = 0.001
STUBBORN = 40
PAUSE_S = 0.03
WALL = 3.0
ENDLESS = "does not end"


class TooSlow(BaseException):
    """The code has used up its time."""


class Clock:
    """`arm(limit_s)`, run the code, `armed = False`; `fired` says whether the limit was reached.

    `give_up()` is called, and the process ended, when the exception was caught by the code too often.
    """

    def __init__(self, give_up=None):
        self.armed = False
        self.fired = 0
        self._give_up = give_up
        self._pause = 0.0
        self._end = self._end_wall = float("inf")
        signal.signal(signal.SIGALRM, self._ring)

    def set(self):
        """Sets the timer: enough for any number of `arm` that follow."""
        signal.setitimer(signal.ITIMER_REAL, STEP, STEP)

    def stop(self):
        """No more exceptions, and no more signals."""
        self.armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def arm(self, limit_s, wall_s=WALL, pause_s=0.0):
        """The code to be limited begins. `pause_s` is the time that whoever catches the exception has to wind up."""
        self.fired = 0
        self._pause = pause_s
        self._end = time.process_time() + limit_s
        self._end_wall = time.monotonic() + wall_s
        self.armed = True

    def _ring(self, _signal, _frame):
        if not self.armed:
            return
        if time.process_time() < self._end and time.monotonic() < self._end_wall:
            return
        self.fired += 1
        self._end = self._end_wall = 0.0
        if self._pause:
            self._end, self._end_wall = time.process_time() + self._pause, float("inf")
        if self.fired * (STEP + self._pause) > STUBBORN * STEP * (10 if self._pause else 1) and self._give_up is not None:
            self._give_up()
            os._exit(0)
        raise TooSlow
