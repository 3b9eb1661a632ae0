// tape: one process for all files, one harness, assertions as tests. A unit is a top-level `test()`; a file's units run from its
// first to the last that is wanted, since they may build on each other. It must not use a harness twice.

import { createRequire } from "node:module";
import { EventEmitter } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { merge, ranges } from "../reach.mjs";
import { Names, TapReader } from "../tap.mjs";

let current = null;

export const suite = {
  async prepare(host) {
    const require = createRequire(join(host.root, "package.json"));
    const bin = join(host.root, "node_modules/tape/bin/tape");
    const folder = dirname(require.resolve("tape/package.json"));
    host.loader.framework.push(folder + sep);
    const options = read(host.args, createRequire(join(folder, "package.json")));
    host.tape = { bin, files: collect(options, createRequire(bin), host.root), preloads: preloads(options, host.root), env: options.env };
    for (const path of [deepEqual(folder)]) if (path) host.loader.shortcuts.set(path, quicker);
    // Compiles the framework once; its instances are thrown away.
    const load = host.loader.requireAt(join(host.root, "package.json"));
    load("tape").createHarness({ autoclose: false });
  },

  facts(host) {
    return { files: host.tape.files };
  },

  async start(host, job) {
    current = { finished: false, begun: false, running: null };
    const { bin, env } = host.tape;
    process.argv.splice(0, process.argv.length, process.execPath, bin, ...host.args);
    Object.assign(process.env, env);
    const tape = host.loader.requireAt(join(host.root, "package.json"))("tape");
    const names = new Names();
    const reader = new TapReader(result => host.result(result), { names });
    host.output = text => reader.write(text);
    const sink = Object.assign(new EventEmitter(), { writable: true, write: text => (reader.write(String(text)), true), end() {} });
    tape.wait?.();
    const harness = tape.getHarness({ exit: false, stream: sink });
    current.harness = harness;
    const units = [];
    const loads = [];
    try {
      for (const path of host.tape.preloads) host.loader.requireAt(join(host.root, "package.json"))(path);
      for (const [at, part] of job.plan.entries()) {
        if (job.trace) host.recorder.take();
        const before = harness._tests.length;
        await host.loader.entry(part.file);
        if (job.trace) loads.push(host.recorder.take());
        const upto = part.upto ?? Infinity;
        const added = harness._tests.splice(before);
        const kept = added.slice(0, upto + 1);
        harness._tests.push(...kept);
        if (kept.length < added.length) harness._results.tests = harness._results.tests.filter(test => !added.includes(test) || kept.includes(test));
        for (const [unit, test] of kept.entries()) units.push({ test, at, unit });
      }
    } catch (error) {
      host.end({ end: "unloadable", reason: String(error?.stack ?? error) });
      return;
    }
    watch(host, job, { harness, units, names, reader, loads });
    if (tape.run) tape.run();
  },

  drained(host, job) {
    const { harness } = current;
    if (current.finished || !harness) return host.end({ end: "finished" });
    // What tape does when the process exits before its tests have ended.
    current.finished = true;
    const only = harness._results._only;
    for (const test of harness._tests) if (!only || test === only) test._exit();
    harness.close();
    finish(host, job);
  },
};

function watch(host, job, run) {
  const { harness, units, names, reader, loads } = run;
  const registered = harness._tests.length;
  const loaded = loads.reduce((all, lines) => merge(all, lines), new Map());
  const state = current;
  state.trace = unit => {
    if (!job.trace) return;
    const lines = host.recorder.take();
    if (!unit) return;
    // What ran while its file was loaded counts for a test, whichever file was the first to load it.
    const needed = host.loader.closure(job.plan[unit.at].file);
    const early = [...loaded].filter(([name]) => needed === null || needed.has(join(host.root, name)));
    host.flush();
    host.lines({ at: unit.at, unit: unit.unit, lines: ranges(merge(lines, early)) });
  };
  state.loaded = ranges(loaded);
  let at = -1;
  for (const unit of units) {
    unit.test.once("prerun", () => {
      reader.flush();
      state.trace(state.running);
      state.running = unit;
      if (unit.at !== at) {
        at = unit.at;
        names.reserve(job.plan[at].reserve ?? []);
      }
      if (!job.ended) host.begin(unit.at, unit.unit);
    });
  }
  const stop = host.result.bind(host);
  reader.found = result => {
    if (stop(result)) harness._results.tests.length = 0;
  };
  harness.onFinish(() => {
    state.finished = true;
    state.dynamic = harness._tests.length !== registered;
    reader.flush();
    finish(host, job);
  });
}

function finish(host, job) {
  current.trace?.(current.running);
  const thrown = job.ended ? null : host.leave();
  if (thrown) return host.end({ end: "died", reason: String(thrown.stack ?? thrown) });
  return host.end({ end: "finished", dynamic: current.dynamic === true, loaded: job.trace ? current.loaded : undefined });
}

/** tape's own reading of its command line. */
function read(args, require) {
  const options = require("minimist")(args, {
    alias: { r: "require", i: "ignore" },
    string: ["require", "ignore", "ignore-pattern"],
    boolean: ["only", "strict"],
    default: { r: [], i: null, "ignore-pattern": null, only: null, strict: false },
  });
  options.env = typeof options.only === "boolean" ? { NODE_TAPE_NO_ONLY_TEST: String(!options.only) } : {};
  if (options.ignore || options["ignore-pattern"]) throw new Error("tape is told to ignore files, which this driver does not imitate");
  return options;
}

function collect(options, require, root) {
  const glob = require("glob");
  const found = [];
  for (const word of options._.map(String)) {
    const magic = glob.hasMagic ? glob.hasMagic(word) : /[*?[{!]/.test(word);
    const paths = magic ? (glob.sync ?? glob.globSync)(word, { cwd: root }) : [word];
    found.push(...paths);
  }
  return [...new Set(found.map(path => require.resolve(resolve(root, path))))].filter(path => existsSync(path));
}

function preloads(options, root) {
  const wanted = [options.require].flat().filter(Boolean);
  const require = createRequire(join(root, "package.json"));
  return wanted.map(name => {
    const path = require.resolve(name);
    if (path.includes(`${sep}node_modules${sep}`)) throw new Error(`tape is started with the hook ${name}, which this driver does not imitate`);
    return path;
  });
}

/** The module with which tape compares, when it is a dependency of tape and not the code under test. */
function deepEqual(folder) {
  try {
    const path = createRequire(join(folder, "package.json")).resolve("deep-equal");
    return path.includes(`${sep}node_modules${sep}`) ? path : null;
  } catch {
    return null;
  }
}

/** Answers at once for plain trees that are the same by every measure; all others are left to the comparison itself. */
function quicker(compare) {
  return Object.assign(function deepEqual(actual, expected, options) {
    return same(actual, expected, 0) || compare(actual, expected, options);
  }, compare);
}

function same(a, b, depth) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || depth > 20) return false;
  const parent = Object.getPrototypeOf(a);
  if (parent !== Object.getPrototypeOf(b)) return false;
  if (parent !== Array.prototype && parent !== Object.prototype && parent !== null) return false;
  if (Array.isArray(a) !== (parent === Array.prototype) || Array.isArray(b) !== Array.isArray(a)) return false;
  const keys = Reflect.ownKeys(a);
  if (Reflect.ownKeys(b).length !== keys.length) return false;
  for (const key of keys) {
    if (typeof key === "symbol") return false;
    const one = Reflect.getOwnPropertyDescriptor(a, key);
    const two = Reflect.getOwnPropertyDescriptor(b, key);
    if (two === undefined || one.get || one.set || two.get || two.set || one.enumerable !== two.enumerable) return false;
    if (!same(one.value, two.value, depth + 1)) return false;
  }
  return true;
}
