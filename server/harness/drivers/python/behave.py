"""What several variants of one function do on inputs captured from tests, and on others like those: who agrees with whom.

Tests and variants run in processes that this one forks; what hangs or dies there costs its variant its row.
"""

import ast
import hashlib
import os
import pickle
import random
import sys
import threading
import time

from _hephaestus_zygote import alike, capture, clock, crew, describe, inputs, outside, shift, target, traces
from _hephaestus_zygote import variant, versions

CAPTURED = 100
CAPTURE_TEST_S = 2.0
CALL_S = 0.05
MOST_SLOW = 6
SHOWN = 200
HANG_S = 1.0
UNKNOWN = -1


def keep_calls(task, function, board, path):
    """Runs the tests and keeps the arguments of calls of the function in a file, test by test."""
    shift.settle(task)
    calls = capture.Capture(task.relative, "", CAPTURED)
    code = function.__code__

    def tracer(frame, _event, _arg):
        if frame.f_code is code:
            calls.call(frame)

    watch = clock.Clock()
    watch.set()
    threading.settrace(tracer)
    with open(path, "wb") as file:
        for index, case in enumerate(task.reds):
            board.begin(index)
            sys.settrace(tracer)
            case.protocol(watch, CAPTURE_TEST_S)
            sys.settrace(None)
            pickle.dump((list(calls.pickles.values()), calls.unpicklable), file)
            file.flush()


def kept_calls(path):
    """What was kept: pickles of arguments, and how many calls could not be kept."""
    found = ([], 0)
    try:
        with open(path, "rb") as file:
            while True:
                found = pickle.load(file)
    except (EOFError, OSError, pickle.UnpicklingError):
        pass
    return found


class Caller:
    """Calls a function on fresh copies of inputs, for a limited time each."""

    def __init__(self, watch, world):
        self._watch = watch
        self._world = world

    def call(self, function, data):
        """What the call does, in words; `None` where it does not end."""
        arguments = inputs.load(data)
        before = parts_of(function, arguments)
        outcome = after = None
        try:
            self._watch.arm(CALL_S)
            self._world.touching = True
            outcome, after = self._call(function, arguments)
            self._watch.armed = self._world.touching = False
        except clock.TooSlow:
            self._watch.armed = self._world.touching = False
        if self._watch.fired or outcome is None:
            return None
        if self._world.touched:
            touched, self._world.touched = self._world.touched, None
            return "it " + touched
        changed = ["%s becomes %s" % pair for pair, old in zip(after, before) if pair != old]
        return "; ".join([outcome, *changed])

    @staticmethod
    def _call(function, arguments):
        positional, keywords = arguments
        try:
            outcome = describe.describe(function(*positional, **keywords))
        except clock.TooSlow:
            raise
        except BaseException as error:  # what it raises is what it does
            outcome = "raises " + describe.name_of(type(error))
        return outcome, parts_of(function, arguments)


def parts_of(function, arguments):
    """The arguments one by one: their names and what they are."""
    positional, keywords = arguments
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    named = [(names[index] if index < len(names) else "*%d" % index, value) for index, value in enumerate(positional)]
    return [(name, describe.describe(value)) for name, value in [*named, *keywords.items()]]


def rows(task, name, calls, known, board, numbers):
    """What each of these variants does on each input, as digests of words; says `said` and `row`."""
    shift.settle(task)
    watch = clock.Clock()
    caller = Caller(watch, outside.Watch())
    held = traces.Traces(task.loaded.ours)
    known = set(known)
    for number in numbers:
        board.begin(number)
        watch.set()
        row, slow = [], 0
        try:
            function, undo = in_place(task, name, number)
        except (variant.Unloadable, target.LeftOut):
            board.write([["row", number, [None] * len(calls)]])
            continue
        for data in calls:
            board.beat()
            words = caller.call(function, data) if slow < MOST_SLOW else None
            if words is None:
                slow += 1
            elif caller.call(function, data) != words:
                words = None
            digest = None
            if words is not None:
                digest = hashlib.sha1(words.encode("utf-8", "surrogatepass")).hexdigest()[:20]
                if digest not in known:
                    known.add(digest)
                    board.write([["said", number, digest, cut(words)]])
            row.append(digest)
        undo()
        held.put_back()
        held.look_closely()
        board.write([["row", number, row]])
        if board.is_full():
            return


def in_place(task, name, number):
    """The function of a variant, ready to be called, and what takes it back. Raises `Unloadable`, `LeftOut`."""
    both = versions.Versions(task.loaded, task.relative, name, None)
    edits = task.edits[number]
    if not edits:
        return both.old, lambda: None
    try:
        swaps = shift.swaps_of(task, edits)
    except (variant.Reload, shift.swift.Slow):
        both = versions.Versions(task.loaded, task.relative, name, {task.relative: task.text(number)})
        both.use_new()
        return both.new, both.use_old
    for function, _, code in swaps:
        function.__code__ = code

    def undo():
        for function, code, _ in swaps:
            function.__code__ = code

    return both.old, undo


def cut(words):
    """What is shown of words."""
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "\u2026"


def shown(name, data):
    """An input as a call."""
    positional, keywords = inputs.load(data)
    words = [describe.describe(value) for value in positional]
    words += ["%s=%s" % (key, describe.describe(value)) for key, value in keywords.items()]
    return "%s(%s)" % (name.rpartition(".")[2], ", ".join(words))


def examples(texts):
    """Calls with plain values, as they are written, with their arguments; other texts are passed over."""
    for text in texts:
        try:
            call = ast.parse(text, mode="eval").body
            positional = tuple(ast.literal_eval(value) for value in call.args)
            keywords = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
            yield text, pickle.dumps((positional, keywords), protocol=4)
        except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError, MemoryError):
            continue


class Behaviour:
    """One request under way."""

    def __init__(self, task, spec, function):
        self._task = task
        self._spec = spec
        self._function = function
        self._name = spec["name"]
        self._crew = crew.Crew()
        self._deadline = time.monotonic() + float(spec.get("limit_s") or 60.0)

    def work(self):
        """The closing answer."""
        final = {"end": "finished", "inputs": [], "captured": 0, "said": [], "table": [], "left_out": None}
        said, table = {}, {}
        try:
            calls, final["captured"] = self._inputs(final)
            final["inputs"] = [words for words, _ in calls]
            if calls:
                self._fill([data for _, data in calls], said, table)
        except crew.TimeIsUp:
            final["end"] = "timeout"
        finally:
            self._crew.kill_all()
        places = {digest: index for index, digest in enumerate(said)}
        final["said"] = list(said.values())
        final["table"] = [[number, [places.get(digest, UNKNOWN) for digest in table[number]]] for number in table]
        return final

    def _inputs(self, final):
        path = os.path.join(self._spec.get("temp") or ".", "calls")
        task = self._task
        hang_s = HANG_S + CAPTURE_TEST_S
        child = self._crew.start("capture", lambda board: keep_calls(task, self._function, board, path), hang_s)
        self._crew.until_end(child, self._deadline)
        captured, lost = kept_calls(path)
        if not captured:
            final["left_out"] = "its arguments cannot be pickled" if lost else "no test calls it"
            return [], 0
        rng = random.Random(self._spec.get("seed") or 0)
        made = list(alike.mutants(rng, captured, int(self._spec.get("mutations") or 0)))
        found, count = {}, 0
        for index, data in enumerate([*captured, *made]):
            words = shown(self._name, data)
            if words not in found:
                found[words] = data
                count += index < len(captured)
        calls = [(cut(words), data) for words, data in found.items()]
        calls += examples(self._spec.get("examples") or ())
        return sorted(dict(calls).items(), key=lambda pair: (len(pair[0]), pair[0])), count

    def _fill(self, calls, said, table):
        numbers = [number for number, _ in self._spec["variants"]]
        task, name = self._task, self._name
        while numbers:
            some = list(numbers)
            child = self._crew.start("rows", lambda board, some=some: rows(task, name, calls, said, board, some), HANG_S)
            try:
                messages = self._crew.until_end(child, self._deadline)
            except crew.TimeIsUp:
                self._take(child.messages, said, table)
                raise
            self._take(messages, said, table)
            left = [number for number in numbers if number not in table]
            if left and (left == numbers or child.hung or child.at in left):
                # It hung or died in this one.
                table[child.at if child.at in left else left[0]] = [None] * len(calls)
            numbers = [number for number in left if number not in table]

    @staticmethod
    def _take(messages, said, table):
        for message in messages:
            if message[0] == "said":
                said.setdefault(message[2], message[3])
            elif message[0] == "row":
                table[message[1]] = message[2]


def behave(loaded, spec, report):
    """A `behave` in a child of the loaded process."""
    final = {"end": "finished", "inputs": [], "captured": 0, "said": [], "table": [], "left_out": None}
    try:
        function = target.find(loaded, spec["file"], spec["name"])
        final["left_out"] = target.touches(function, loaded.ours)
    except target.LeftOut as error:
        final["left_out"] = str(error)
    if final["left_out"] is None:
        task = shift.Task(loaded, dict(spec, red=spec.get("tests") or [], green=[]))
        final = Behaviour(task, spec, function).work()
    report.say(final=final)

