"""Forked processes that work for this one: what they say, how they end, and an end for those that hang.

It knows nothing of what they do.
"""

import os
import select
import time

from _hephaestus_zygote import anew, board, children, wire

POLL_S = 0.02
WALL = 4.0


class TimeIsUp(Exception):
    """The time of all the work is over."""


class Child:
    """One process."""

    def __init__(self, kind, pid, its_board, hang_s):
        self.kind = kind
        self.pid = pid
        self.board = its_board
        self.numbers = []
        self.heard = set()
        self.messages = []
        self.end = self.hung = None
        self.at = -1
        self.over = False
        self.group = False
        self.pipe = self.lines = None
        self._hang_s = hang_s
        self._beats = None
        self._cpu = self._wall = 0.0
        try:
            self.pidfd = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        except OSError:
            self.pidfd = None

    def look(self):
        """Takes what it said, and sees whether it still gets on."""
        if self.board is None:
            if time.monotonic() - self._wall > self._hang_s:
                self.hung = "wall"
            return
        self.messages.extend(self.board.read())
        self.at, beats = self.board.state()
        now = time.monotonic()
        if beats != self._beats:
            self._beats, self._wall = beats, now
            self._cpu = children.cpu_clock(self.pid) or 0.0
        elif (children.cpu_clock(self.pid) or 0.0) - self._cpu > self._hang_s:
            self.hung = "cpu"
        elif now - self._wall > WALL * max(1.0, self._hang_s):
            self.hung = "wall"

    def began(self):
        """Its clock begins."""
        self._wall = time.monotonic()


class Crew:
    """All of them."""

    def __init__(self):
        self._children = []
        self._boards = []

    def kinds(self):
        """What is at work."""
        return [child.kind for child in self._children]

    def start(self, kind, work, hang_s):
        """Forks a process that does `work(board)`."""
        its_board = board.Board()
        pid = os.fork()
        if pid == 0:
            try:
                work(its_board)
            except BaseException as error:  # nothing may get past this frame
                its_board.write([["error", "%s: %s" % (type(error).__name__, error)]])
            finally:
                os._exit(0)
        child = Child(kind, pid, its_board, hang_s)
        child.began()
        self._children.append(child)
        return child

    def start_fresh(self, task, number, spec):
        """Starts an interpreter that has loaded nothing yet."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reading)
                anew.start_fresh(task, number, writing, spec)
            finally:
                os._exit(70)
        os.close(writing)
        child = Child("fresh", pid, None, 2 * anew.LOADING_S)
        child.group = True
        child.pipe, child.lines, child.number = reading, wire.Lines(), number
        child.task, child.said = task, []
        child.began()
        self._children.append(child)
        return child

    def wait(self, deadline):
        """Waits until something may have happened; gives the children with their news. Raises `TimeIsUp`."""
        if time.monotonic() > deadline:
            raise TimeIsUp
        fds = [child.pidfd for child in self._children if child.pidfd is not None]
        fds += [child.pipe for child in self._children if child.pipe is not None]
        pause = POLL_S if all(child.pidfd is not None for child in self._children) else POLL_S / 10
        select.select(fds, [], [], pause)
        for child in list(self._children):
            over = self._has_ended(child)
            self._read(child)
            child.look()
            if over or child.hung:
                self._end(child)
        changed = [child for child in self._children if child.messages or child.over]
        self._children = [child for child in self._children if not child.over]
        return changed

    def until_end(self, child, deadline):
        """All that a child says until it ends."""
        said = []
        while not child.over:
            self.wait(deadline)
            said.extend(child.messages)
            child.messages = []
        return said

    def _has_ended(self, child):
        try:
            pid, child.status = os.waitpid(child.pid, os.WNOHANG)
        except ChildProcessError:
            return True
        child.reaped = bool(pid)
        return child.reaped

    def _read(self, child):
        if child.pipe is None:
            return
        while select.select([child.pipe], [], [], 0)[0]:
            data = os.read(child.pipe, 1 << 16)
            if not data:
                os.close(child.pipe)
                child.pipe = None
                return
            child.said.extend(line for line in child.lines.feed(data) if line)
            if any("final" in line or "again" in line for line in child.said):
                return

    def _end(self, child):
        child.over = True
        if not getattr(child, "reaped", False):
            if child.group:
                children.kill_group(child.pid)
            else:
                os.kill(child.pid, 9)
            try:
                os.waitpid(child.pid, 0)
            except ChildProcessError:
                pass
        if child.pidfd is not None:
            os.close(child.pidfd)
        if child.board is not None:
            child.messages.extend(child.board.read())
            child.at, _ = child.board.state()
            child.board.close()
        else:
            self._read(child)
            if child.pipe is not None:
                os.close(child.pipe)
            if child.said and not child.hung:
                child.messages.append(["result", child.number, *anew.verdict(child.task, child.said)])

    def kill_all(self):
        """Ends all of them."""
        for child in self._children:
            self._end(child)
        self._children = []
