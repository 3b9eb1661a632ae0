"""Times two versions of a function against each other: interleaved, in one process, on the captured inputs.

Arguments are copied outside of what is timed where a call changes them, so that every pass sees the same.
"""

import base64
import gc
import random
import time

from _hephaestus_zygote import describe, inputs, outside, target, variant, versions

WARM_UP = 3
MOST_REPEATS = 1_000_000


class Pass:
    """One pass over all inputs."""

    def __init__(self, pickles, keep):
        self._pickles = pickles
        self._ready = [inputs.load(data) for data in pickles] if keep else None

    def time(self, function):
        """Seconds that one pass takes."""
        calls = self._ready or [inputs.load(data) for data in self._pickles]
        started = time.perf_counter_ns()
        for positional, keywords in calls:
            try:
                function(*positional, **keywords)
            except Exception:  # raising is what it does
                pass
        return (time.perf_counter_ns() - started) / 1e9


def keeps_arguments(function, pickles):
    """Whether calls leave their arguments as they are, and results need nobody to draw them."""
    for data in pickles:
        arguments = inputs.load(data)
        before = describe.describe(arguments)
        try:
            function(*arguments[0], **arguments[1])
        except Exception:  # raising is what it does
            pass
        if describe.describe(arguments) != before:
            return False
    return True


def sample(once, function, repeats):
    """The time of one pass, from `repeats` of them."""
    return sum(once.time(function) for _ in range(repeats)) / repeats


def measure(both, pickles, spec, report):
    """Pairs of samples, old and new, in an order that chance decides."""
    rng = random.Random(spec.get("seed") or 0)
    both.use_old()
    keep = keeps_arguments(both.old, pickles)
    both.use_new()
    once = Pass(pickles, keeps_arguments(both.new, pickles) and keep)
    old, new = drawn(both.old), drawn(both.new)
    for _ in range(WARM_UP):
        both.use_old()
        single = once.time(old)
        both.use_new()
        single = min(single, once.time(new))
    repeats = max(1, min(MOST_REPEATS, int(float(spec.get("sample_s") or 0.01) / max(single, 1e-9))))
    samples = []
    gc.collect()
    gc.freeze()
    gc.disable()
    for _ in range(int(spec.get("rounds") or 30)):
        pair = [0.0, 0.0]
        for side in rng.sample((0, 1), 2):
            both.use_new() if side else both.use_old()
            pair[side] = sample(once, new if side else old, repeats)
        samples.append(pair)
        if not keep:
            gc.collect()
    both.use_old()
    return samples


def drawn(function):
    """A generator function does its work only when somebody draws."""
    if not function.__code__.co_flags & 0x20:
        return function

    def draw(*positional, **keywords):
        count = 0
        for _ in function(*positional, **keywords):
            count += 1
            if count >= describe.ITEMS:
                break

    return draw


def bench(loaded, spec, report):
    """A `bench` in a child of the loaded process."""
    pickles = [base64.b64decode(data) for data in spec["inputs"]]
    final = {"end": "finished", "samples": [], "inputs": len(pickles), "left_out": None}
    loaded.suite.prepare_child()
    variant.serve_texts(spec.get("files") or {}, loaded.root)
    try:
        both = versions.Versions(loaded, spec["file"], spec["name"], spec.get("files"), apart=True)
        final["left_out"] = target.touches(both.old, loaded.ours)
        watch = outside.Watch()
        watch.touching = True
        if final["left_out"] is None and pickles:
            final["samples"] = measure(both, pickles, spec, report)
            if watch.touched:
                final.update(samples=[], left_out="it " + watch.touched)
    except target.LeftOut as error:
        final["left_out"] = str(error)
    report.say(final=final)
