"""Speaks the driver's protocol for tests: starts it on a project made of texts, asks, and collects answers.

It judges nothing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

SOURCES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COPY = tempfile.TemporaryDirectory()
for _name in os.listdir(SOURCES):
    if _name.endswith(".py"):
        shutil.copy(os.path.join(SOURCES, _name), COPY.name)
DRIVER = os.path.join(COPY.name, "zygote.py")


class Driver:
    """A running driver on a project of its own."""

    def __init__(self, files, runner="pytest", args=("-q",), slots=2, memory_mb=1024, load=True):
        self.folder = tempfile.TemporaryDirectory()
        self.root = os.path.realpath(self.folder.name)
        self.files = {name: textwrap.dedent(text).lstrip("\n") for name, text in files.items()}
        for name, text in self.files.items():
            path = os.path.join(self.root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        paths = [".", *filter(None, [os.environ.get("PYTHONPATH")])]
        env = dict(os.environ, PYTHONPATH=os.pathsep.join(paths), PYTHONHASHSEED="0")
        self.process = subprocess.Popen(
            [sys.executable, DRIVER, "--runner", runner],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.root, env=env,
        )  # fmt: skip
        self._count = 0
        self._waiting = {}
        if load:
            request = {"root": self.root, "args": list(args), "slots": slots, "memory_mb": memory_mb, "env": {}}
            self.loaded = self.ask("load", **request)

    def send(self, do, **request):
        """Sends a request and gives its id."""
        self._count += 1
        line = json.dumps(dict({"id": self._count, "do": do}, **request)) + "\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        return self._count

    def answer(self, number):
        """The final answer to a request; what was streamed before is under `stream`."""
        stream = self._waiting.setdefault(number, [])
        while not (stream and "end" in stream[-1]):
            line = self.process.stdout.readline()
            if not line:
                raise EOFError("the driver ended")
            message = json.loads(line)
            self._waiting.setdefault(message["id"], []).append(message)
        last = stream.pop()
        last["stream"] = stream
        return last

    def ask(self, do, **request):
        """Sends and waits."""
        return self.answer(self.send(do, **request))

    def changed(self, name, before, after):
        """The files of a variant in which one text is replaced; it must be there."""
        text = self.files[name]
        assert before in text, before
        return {name: text.replace(before, after)}

    def run(self, files, tests=None, **more):
        """A `run` with limits that no honest test reaches."""
        request = dict({"stop": False, "limit_s": 20, "cpu_s": 15}, **more)
        return self.ask("run", files=files, tests=self.loaded["tests"] if tests is None else tests, **request)

    def close(self):
        """Ends the driver."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.folder.cleanup()
