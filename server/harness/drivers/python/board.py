"""Memory that a child shares with the process that watches it: what it is at, and what it has found so far.

A child that is killed in the middle of something loses nothing that is written here.
"""

import json
import mmap

SIZE = 1 << 20
AT, BEATS, END = range(3)
START = 24


class Board:
    """One writer, one reader. The writer's numbers: what it is at, how often it said so, where its text ends."""

    def __init__(self):
        self._memory = mmap.mmap(-1, SIZE)
        # Each number is written at once: a reader never sees half of one.
        self._numbers = memoryview(self._memory)[:START].cast("q")
        self._numbers[AT], self._numbers[BEATS], self._numbers[END] = -1, 0, START
        self._read = START

    # -- the writer

    def begin(self, number):
        """It is at this variant (or test) now."""
        self._numbers[AT] = number
        self._numbers[BEATS] += 1

    def beat(self):
        """It is alive."""
        self._numbers[BEATS] += 1

    def write(self, messages):
        """Says something. The reader sees all of it or nothing."""
        data = b"".join(json.dumps(message).encode("ascii") + b"\n" for message in messages)
        end = self._numbers[END]
        self._memory[end : end + len(data)] = data
        self._numbers[END] = end + len(data)
        self.beat()

    def is_full(self):
        """Whether the writer should make way for another one with a fresh board."""
        return self._numbers[END] > SIZE // 2

    # -- the reader

    def state(self):
        """What the writer is at, and its count of beats."""
        return self._numbers[AT], self._numbers[BEATS]

    def read(self):
        """What was said since the last time."""
        end = self._numbers[END]
        data = self._memory[self._read : end]
        self._read = end
        return [json.loads(line) for line in data.splitlines()]

    def close(self):
        """The memory is given back."""
        self._numbers.release()
        self._memory.close()
