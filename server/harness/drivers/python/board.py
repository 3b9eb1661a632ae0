"""Memory that a child shares with the process that watches it: what it is at, and what it has found so far.

A child that is killed in the middle of something loses nothing that is written here.
"""

import json
import mmap
import struct

SIZE = 1 << 20
# In the byte order of the machine: so each number is written at once.
HEAD = struct.Struct("@qqq")
START = HEAD.size
ROOM = 4096


class Board:
    """One writer, one reader. The writer's numbers: what it is at, how often it said so, where its text ends."""

    def __init__(self):
        self._memory = mmap.mmap(-1, SIZE)
        self._beats = 0
        self._at = -1
        self._end = START
        self._read = START
        HEAD.pack_into(self._memory, 0, -1, 0, START)

    # -- the writer

    def begin(self, number):
        """It is at this variant (or test) now."""
        self._at = number
        self.beat()

    def beat(self):
        """It is alive."""
        self._beats += 1
        HEAD.pack_into(self._memory, 0, self._at, self._beats, self._end)

    def write(self, messages):
        """Says something. The reader sees all of it or nothing."""
        data = b"".join(json.dumps(message).encode("ascii") + b"\n" for message in messages)
        self._memory[self._end : self._end + len(data)] = data
        self._end += len(data)
        self.beat()

    def is_full(self):
        """Whether the writer should make way for another one with a fresh board."""
        return self._end > SIZE // 2

    # -- the reader

    def state(self):
        """What the writer is at, and its count of beats."""
        at, beats, _ = HEAD.unpack_from(self._memory, 0)
        return at, beats

    def read(self):
        """What was said since the last time."""
        _, _, end = HEAD.unpack_from(self._memory, 0)
        data = self._memory[self._read : end]
        self._read = end
        return [json.loads(line) for line in data.splitlines()]

    def close(self):
        """The memory is given back."""
        self._memory.close()
