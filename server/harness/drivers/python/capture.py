"""Captures the arguments of calls while tests run: as pickles, taken at the moment of the call.

It changes no function; what cannot be pickled is left out.
"""

import base64
import hashlib
import io
import pickle
import sys
import threading

from _hephaestus_zygote import outside, pytest_suite, target

LARGEST = 1 << 17


class Capture:
    """The calls of one function."""

    def __init__(self, file, name, most):
        self.file = file
        self.name = name
        self.most = most
        self.left_out = None
        self.pickles = {}
        self.unpicklable = 0
        self._start = None

    def call(self, frame):
        """A call begins, or a generator goes on."""
        if self._start is None:
            self._start = frame.f_lasti
        if frame.f_lasti != self._start or len(self.pickles) >= self.most:
            return
        try:
            data = dumps(arguments(frame))
        except BaseException:  # the project's own code may run here and raise anything
            self.unpicklable += 1
            return
        if len(data) <= LARGEST:
            self.pickles.setdefault(hashlib.sha1(data).digest(), data)

    def kept(self):
        """What the desk keeps for later."""
        inputs = [base64.b64encode(data).decode("ascii") for data in self.pickles.values()]
        return {"file": self.file, "name": self.name, "inputs": inputs}

    def answer(self):
        """What the harness is told."""
        left_out = self.left_out
        if left_out is None and not self.pickles:
            left_out = "its arguments cannot be pickled" if self.unpicklable else "no test calls it"
        return {"file": self.file, "name": self.name, "inputs": len(self.pickles), "left_out": left_out}


def dumps(value):
    """A pickle that does not depend on which equal strings are the same object."""
    file = io.BytesIO()
    pickle.Pickler(file, protocol=4).dump(value)
    return file.getvalue()


def arguments(frame):
    """The arguments of a call that is just beginning: `(positional, by keyword)`."""
    code = frame.f_code
    values = frame.f_locals
    names = code.co_varnames
    positional = [values[name] for name in names[: code.co_argcount]]
    end = code.co_argcount + code.co_kwonlyargcount
    keywords = {name: values[name] for name in names[code.co_argcount : end]}
    if code.co_flags & 0x4:
        positional.extend(values[names[end]])
        end += 1
    if code.co_flags & 0x8:
        keywords.update(values[names[end]])
    return tuple(positional), keywords


def capture(loaded, spec, report):
    """A `capture` in a child of the loaded process."""
    captures, by_code = [], {}
    for wanted in spec.get("functions") or ():
        found = Capture(wanted["file"], wanted["name"], int(spec.get("most") or 200))
        captures.append(found)
        try:
            function = target.find(loaded, found.file, found.name)
            found.left_out = target.touches(function, loaded.ours)
        except target.LeftOut as error:
            found.left_out = str(error)
        if found.left_out is None:
            by_code[id(function.__code__)] = found
    loaded.suite.prepare_child()
    outside.Watch()

    def tracer(frame, _event, _arg):
        found = by_code.get(id(frame.f_code))
        if found is not None:
            found.call(frame)

    final = {"end": "finished"}
    if by_code:
        threading.settrace(tracer)
        sys.settrace(tracer)
        try:
            loaded.suite.run(spec["tests"], lambda test: report.say(start=test), lambda *_: sys.settrace(tracer), False)
        except pytest_suite.Aborted as error:
            final["reason"] = str(error)
        sys.settrace(None)
        threading.settrace(None)
    for found in captures:
        if found.left_out is None:
            report.say(keep=found.kept())
    report.say(final=dict(final, functions=[found.answer() for found in captures]))
