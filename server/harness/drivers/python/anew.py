"""Shows a variant to tests where swapping functions is not enough: loads the modules of ours once more in a forked process,
or starts an interpreter that has loaded nothing.

The first is a guess that is only used where it says the same of the unchanged code; the second is a `run` as always.
"""

import importlib
import os
import sys

from _hephaestus_zygote import cases, variant

LOADING_S = 20.0
SLACK_S = 0.05


def reload_reds(task, text):
    """The red tests out of modules loaded anew with this text of the file; `None` where that cannot be told."""
    if any(case.call is None for case in task.reds):
        return None
    ours, suite = task.loaded.ours, task.loaded.suite
    variant.serve_texts({task.relative: text}, task.root)
    plugins = set()
    if suite.name == "pytest":
        plugins = {id(plugin) for plugin in suite.config.pluginmanager.get_plugins()}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and ours.relative(path) and id(module) not in plugins:
            del sys.modules[name]
    importlib.invalidate_caches()
    return [again(case) for case in task.reds]


def again(case):
    """The same test out of its module as it is now. Raises what importing raises."""
    return cases.remade(case, importlib.import_module)


def alone(task, board, watch, number):
    """A variant in this process, by modules loaded anew."""
    board.begin(number)
    text = task.text(number)
    try:
        watch.arm(max(1.0, task.limit_s), LOADING_S)
        reds = reload_reds(task, text)
        watch.armed = False
    except BaseException:  # the variant may raise anything while it is loaded
        watch.armed = False
        board.write([["result", number, "timeout" if watch.fired else "unloadable", 0, ""]])
        return
    if reds is None:
        board.write([["fresh", number]])
        return
    kind, passed, mark = task.show(watch, board.beat, reds, [], slack_s=SLACK_S)
    board.write([["fresh", number] if kind == "passed" else ["result", number, kind, passed, mark]])


def probe(task, board, watch):
    """Whether loading the unchanged code anew in a fork shows what is known of it."""
    board.begin(-1)
    held = True
    try:
        watch.arm(5.0, LOADING_S)
        reds = reload_reds(task, task.text(-1))
        watch.armed = False
    except BaseException:  # then it does not
        watch.armed = False
        reds = None
    for case in reds or ():
        mark, seconds = task.facts.get(case.test, (None, None))[:2]
        board.beat()
        if seconds is not None and case.attempt(watch, 5 * task.limit_s) != mark:
            held = False
    board.write([["probe", bool(reds) and held]])


def start_fresh(task, number, fd, spec):
    """Becomes a new interpreter that does a `run` of this variant and reports to `fd`."""
    from _hephaestus_zygote import desk

    suite = task.loaded.suite
    tests = [case.test for case in task.reds + task.greens]
    run = {
        "do": "run", "files": {task.relative: task.text(number)}, "tests": tests, "stop": True,
        "test_files": sorted({suite.test_file(test) or "" for test in tests} - {""}), "temp": spec.get("temp"),
        "memory_mb": spec.get("memory_mb"), "cpu_s": LOADING_S + len(tests) * task.limit_s,
    }  # fmt: skip
    os.chdir(task.root)
    load = {"root": task.root, "args": suite.plain_args}
    desk.exec_fresh(os.path.join(task.loaded.driver, "zygote.py"), suite.name, load, run, fd)


def verdict(task, lines):
    """What the lines of a fresh process say: `(kind, red tests that passed, mark)`."""
    reds = {case.test for case in task.reds}
    passed, final = 0, None
    for line in lines:
        if "test" in line and line["outcome"] == "failed":
            words = line["message"].splitlines() or [""]
            place, _, name = words[-1].rpartition(": ")
            number = place.rpartition(":")[2]
            mark = "%s:%s" % (name, number) if name.isidentifier() and number.isdigit() else words[0].split(":")[0][:100]
            return ("failed" if line["test"] in reds else "broken"), passed, mark or "failed"
        if "test" in line and line["outcome"] == "passed":
            passed += line["test"] in reds
        final = line.get("final") or final
    if final is None:
        return "died", passed, ""
    kind = {"finished": "passed"}.get(final["end"], final["end"])
    return (kind if kind in ("passed", "unloadable", "died") else "died"), passed, ""
