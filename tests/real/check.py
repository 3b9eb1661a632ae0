#!/usr/bin/env python3
"""Forges four real packages and re-judges every improvement without the harness.

The packages come from their registries, by their own clients, into a folder that is not committed. For each one:
`hephaestus forge --format json`; then every improvement alone, applied with `patch -p1` to a fresh copy, and all of them
together, must pass the package's own full test command, run plainly in that copy. What failed before does not count.

    tests/real/check.py FOLDER [--hephaestus PATH] [--budget 15m] [--only NAME,…] [--jobs 2] [--reuse]

Exits with 1 when an improvement breaks its package or fewer than expected were proved. Shares no code with Hephaestus.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import xml.etree.ElementTree as xml
from pathlib import Path

PACKAGES = {
    "humanize": {"version": "4.17.0", "kind": "pypi", "expected": 10, "needs": ["pytest", "freezegun"]},
    "boltons": {"version": "26.2.0", "kind": "pypi", "expected": 60, "needs": ["pytest"]},
    "semver": {"version": "1.0.28", "kind": "crate", "expected": 10},
    "minimist": {"version": "1.2.8", "kind": "npm", "expected": 5},
}
RUFF = "E,F,W,B,SIM,UP,PERF,RET,C4,PIE,PLR,FURB,RUF,TRY,PTH"


def run(command, cwd, env=None, timeout=1800):
    return subprocess.run(command, cwd=cwd, env=env, timeout=timeout, capture_output=True, text=True, errors="replace")


def must(command, cwd, env=None):
    done = run(command, cwd, env)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def unpack(archive, into):
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    (only,) = list(into.iterdir())
    return only


def fetch(name, folder):
    """The package's source at its version, ready for its tests; fetched once."""
    spec, place = PACKAGES[name], folder / name
    if place.exists():
        return place
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        scratch = Path(scratch)
        (scratch / "in").mkdir()
        if spec["kind"] == "pypi":
            must([sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "-q", f"{name}=={spec['version']}"], scratch)
            source = unpack(next(scratch.glob("*.tar.gz")), scratch / "in")
        elif spec["kind"] == "npm":
            must(["npm", "pack", "--silent", f"{name}@{spec['version']}"], scratch)
            source = unpack(next(scratch.glob("*.tgz")), scratch / "in")
            must(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], source)
        else:
            holder = scratch / "holder"
            must(["cargo", "new", "--quiet", "--vcs", "none", str(holder)], scratch)
            must(["cargo", "add", "--quiet", f"{name}@={spec['version']}"], holder)
            must(["cargo", "fetch", "--quiet"], holder)
            meta = json.loads(must(["cargo", "metadata", "--format-version", "1"], holder))
            manifest = next(p["manifest_path"] for p in meta["packages"] if p["name"] == name)
            source = scratch / "in" / name
            shutil.copytree(Path(manifest).parent, source)
            (source / ".cargo-ok").unlink(missing_ok=True)
            must(["cargo", "fetch", "--quiet"], source)
        shutil.move(source, place)
    return place


def venv(folder):
    """A virtual environment with what the Python packages' tests need, and ruff."""
    place = folder / "venv"
    if not place.exists():
        must([sys.executable, "-m", "venv", str(place)], folder)
        needs = sorted({need for spec in PACKAGES.values() for need in spec.get("needs", [])} | {"ruff"})
        must([str(place / "bin/pip"), "install", "-q", *needs], folder)
    return place


def environment(folder):
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0", CARGO_PROFILE_DEV_DEBUG="0", CARGO_NET_OFFLINE="true")
    env["VIRTUAL_ENV"] = str(folder / "venv")
    env["PATH"] = f"{folder / 'venv/bin'}{os.pathsep}{env['PATH']}"
    return env


def suite(name, copy, env):
    """Runs the package's own tests plainly; answers the set of failing tests, or None when the suite did not finish."""
    kind = PACKAGES[name]["kind"]
    if kind == "pypi":
        env = dict(env, PYTHONPATH=f"{copy / 'src'}{os.pathsep}{copy}")
        report = copy / "plain-report.xml"
        done = run(["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"], copy, env)
        if done.returncode not in (0, 1) or not report.exists():
            return None
        cases = xml.parse(report).getroot().iter("testcase")
        return {
            f"{case.get('classname')}::{case.get('name')}"
            for case in cases
            if case.find("failure") is not None or case.find("error") is not None
        }
    if kind == "crate":
        # What the package depends on is built once per worker; the package itself lies elsewhere each time.
        target = copy.parent.parent / f"target-{threading.current_thread().name.replace('/', '-')}"
        done = run(["cargo", "test", "--no-fail-fast"], copy, dict(env, CARGO_TARGET_DIR=str(target)))
        failing = set(re.findall(r"^test (.+?) \.\.\. FAILED", done.stdout, re.M))
        return failing if done.returncode == 0 or failing else None
    done = run(["node_modules/.bin/tape", "test/**/*.js"], copy, env)
    failing = set(re.findall(r"^not ok \d+ (.*)$", done.stdout, re.M))
    return failing if done.returncode == 0 or failing else None


def fresh(place, scratch):
    copy = Path(tempfile.mkdtemp(dir=scratch)) / place.name
    ignore = shutil.ignore_patterns(".hephaestus", "__pycache__")
    shutil.copytree(place, copy, symlinks=True, ignore=lambda d, names: set(ignore(d, names)) | ({"node_modules"} & set(names)))
    if (place / "node_modules").exists():
        (copy / "node_modules").symlink_to(place / "node_modules")
    return copy


def apply(copy, patch):
    done = subprocess.run(["patch", "-p1", "--quiet", "--no-backup-if-mismatch", "--fuzz=0"], cwd=copy, input=patch, text=True, capture_output=True)
    return done.returncode == 0, done.stdout + done.stderr


def judge(name, place, patch, red, scratch, env):
    """What is wrong with `patch`, or None when the suite passes with it."""
    copy = fresh(place, scratch)
    try:
        applied, said = apply(copy, patch)
        if not applied:
            return f"does not apply: {said.strip()}"
        for _ in range(2):
            failing = suite(name, copy, env)
            if failing is not None and not failing - red:
                return None
        return "the suite did not finish" if failing is None else f"breaks {sorted(failing - red)[:3]}"
    finally:
        shutil.rmtree(copy.parent, ignore_errors=True)


def check(name, folder, options):
    env = environment(folder)
    place = fetch(name, folder)
    result = folder / f"{name}.json"
    started = time.time()
    if not (options.reuse and result.exists()):
        command = [options.hephaestus, "--root", str(place), "--quiet", "forge", "--format", "json", "--budget", options.budget]
        done = run(command, folder, env, timeout=7200)
        if done.returncode != 0:
            sys.exit(f"{name}: forge exited with {done.returncode}: {done.stderr[-2000:]}")
        result.write_text(done.stdout)
    report = json.loads(result.read_text())
    improvements, stats = report["improvements"], report["stats"]
    print(f"{name}: {len(improvements)} improvements, {stats['trials']} trials, {stats['wall_s']:.0f} s wall,"
          f" {stats['trial_cpu_s']:.0f} CPU s, {stats['candidates_per_cpu_s']} candidates per CPU second ({time.time() - started:.0f} s here)")
    for stage in stats["by_stage"]:
        print(f"    {stage['stage']:>9}: {stage['runs']:4} runs {stage['wall_s']:8.1f} s wall {stage['cpu_s']:8.1f} s CPU")
    print(f"    verdicts: {stats['by_verdict']}")
    scratch = Path(tempfile.mkdtemp(dir=folder))
    red = suite(name, fresh(place, scratch), env)
    if red is None:
        sys.exit(f"{name}: the plain suite does not run")
    jobs = [(item["rule"] + " " + item["file"] + ":" + str(item["line"]), item["patch"]) for item in improvements]
    if report["together"]:
        jobs.append(("all together", report["together"]["patch"]))
    broken = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (what, _), wrong in zip(jobs, pool.map(lambda job: judge(name, place, job[1], red, scratch, env), jobs)):
            if wrong:
                broken.append(f"{what}: {wrong}")
                print(f"    BROKEN {what}: {wrong}")
    shutil.rmtree(scratch, ignore_errors=True)
    enough = len(improvements) >= PACKAGES[name]["expected"]
    print(f"    re-judged {len(jobs)} patches: {len(broken)} broken; at least {PACKAGES[name]['expected']} expected: {'yes' if enough else 'NO'}")
    if name == "boltons":
        ruff(report)
    return not broken and enough


def ruff(report):
    """What became of ruff's edits."""
    kept = [item for item in report["improvements"] if item["rule"].startswith("ruff/")]
    fell = [item for item in report["rejected"] if (item["rule"] or "").startswith("ruff/")]
    goals = [goal for goal in report["goals"] if goal["rule"].startswith("ruff/")]
    verdicts, tests = {}, {}
    for item in fell:
        verdicts[item["verdict"]] = verdicts.get(item["verdict"], 0) + 1
        for test in item["failed_tests"][:1]:
            tests[test] = tests.get(test, 0) + 1
    outcomes = {}
    for goal in goals:
        outcomes[goal["outcome"]] = outcomes.get(goal["outcome"], 0) + 1
    print(f"    ruff: {len(goals)} edits: {outcomes}; proved and kept {len(kept)}; rejected {verdicts}")
    for test, count in sorted(tests.items(), key=lambda pair: -pair[1])[:10]:
        print(f"        {count:3} × {test}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hephaestus", default="target/release/hephaestus")
    parser.add_argument("--budget", default="15m")
    parser.add_argument("--only", default=",".join(PACKAGES))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--reuse", action="store_true", help="judge the reports of the last run again")
    options = parser.parse_args()
    options.hephaestus = str(Path(options.hephaestus).resolve())
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    venv(folder)
    held = [check(name, folder, options) for name in options.only.split(",")]
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
