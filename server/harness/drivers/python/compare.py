"""Compares two versions of a function on captured and mutated inputs: result, exception, and what became of the arguments.

Inputs on which the old version is not the same twice say nothing and are skipped.
"""

import base64
import random
import signal
import time

from _hephaestus_zygote import describe, inputs, outside, target, variant, versions

CALL_S = 1.0
SHOWN = 300
MOST_DIFFERENCES = 20


class TooSlow(BaseException):
    """A call reached its time limit."""


def on_alarm(_signal, _frame):
    """The alarm of a call."""
    raise TooSlow


class Caller:
    """Calls functions on fresh copies of inputs, for a limited time each."""

    def __init__(self, watch, limit_s):
        self._watch = watch
        self._limit = limit_s
        signal.signal(signal.SIGALRM, on_alarm)

    def call(self, function, data):
        """What the call does, described: `(outcome, arguments afterwards)`."""
        arguments = inputs.load(data)
        positional, keywords = arguments
        try:
            signal.setitimer(signal.ITIMER_REAL, self._limit)
            self._watch.touching = True
            try:
                outcome = self._outcome(function, positional, keywords)
                after = describe.describe(arguments)
            finally:
                self._watch.touching = False
                signal.setitimer(signal.ITIMER_REAL, 0)
        except TooSlow:
            return "takes too long", ""
        return outcome, after

    @staticmethod
    def _outcome(function, positional, keywords):
        try:
            return describe.describe(function(*positional, **keywords))
        except Exception as error:  # what it raises is what it does
            if describe.was_raised(error):
                return "raises " + describe.describe(error)
            return "raises " + describe.name_of(type(error))
        except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            return "raises " + describe.describe(error)


class Comparison:
    """One comparison under way."""

    def __init__(self, both, caller, watch, name):
        self._both = both
        self._caller = caller
        self._watch = watch
        self._name = name
        self.differences = []
        self.skipped = 0
        self.compared = 0

    def input(self, data):
        """Compares on one input. Raises `LeftOut` when the old version touches the outside world."""
        self._both.use_old()
        before = self._caller.call(self._both.old, data)
        if self._watch.touched:
            raise target.LeftOut("it " + self._watch.touched)
        if before[0] == "takes too long" or self._caller.call(self._both.old, data) != before:
            self.skipped += 1
            return
        self._both.use_new()
        try:
            after = self._caller.call(self._both.new, data)
        finally:
            self._both.use_old()
        self.compared += 1
        if self._watch.touched:
            after = ("it " + self._watch.touched, after[1])
            self._watch.touched = None
        if after != before and len(self.differences) < MOST_DIFFERENCES:
            self.differences.append(self._difference(data, before, after))

    def result(self):
        """What is known so far, for the answer."""
        return {"differences": self.differences, "skipped": self.skipped, "compared": self.compared}

    def _difference(self, data, before, after):
        positional, keywords = inputs.load(data)
        words = [describe.describe(value) for value in positional]
        words += ["%s=%s" % (key, describe.describe(value)) for key, value in keywords.items()]
        if before[0] != after[0]:
            one, other = before[0], after[0]
        else:
            one, other = "leaves the arguments " + before[1], "leaves the arguments " + after[1]
        call = "%s(%s)" % (self._name.rpartition(".")[2], ", ".join(words))
        return {"input": cut(call), "before": cut(one), "after": cut(other)}


def cut(text):
    """What is worth showing of a text."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "\u2026"


def compare(loaded, spec, report):
    """A `compare` in a child of the loaded process."""
    started = time.monotonic()
    limit = float(spec.get("limit_s") or 60)
    pickles = [base64.b64decode(data) for data in spec["inputs"]]
    final = {"end": "finished", "captured": len(pickles), "mutated": 0, "differences": [], "skipped": 0, "left_out": None}
    loaded.suite.prepare_child()
    variant.serve_texts(spec.get("files") or {}, loaded.root)
    try:
        both = versions.Versions(loaded, spec["file"], spec["name"], spec.get("files"))
        watch = outside.Watch()
        caller = Caller(watch, min(CALL_S, max(0.05, limit / 20)))
        comparison = Comparison(both, caller, watch, spec["name"])
        for data in pickles:
            if time.monotonic() - started < limit * 0.8:
                comparison.input(data)
        final.update(comparison.result())
        report.say(partial=final)
        rng = random.Random(spec.get("seed") or 0)
        for data in inputs.mutants(rng, pickles, int(spec.get("mutations") or 0)):
            if time.monotonic() - started > limit * 0.8:
                final["reason"] = "the time was up before all inputs were tried"
                break
            comparison.input(data)
            final["mutated"] += 1
            if final["mutated"] % 20 == 0:
                final.update(comparison.result())
                report.say(partial=final)
        final.update(comparison.result())
    except target.LeftOut as error:
        final["left_out"] = str(error)
    report.say(final=final)
