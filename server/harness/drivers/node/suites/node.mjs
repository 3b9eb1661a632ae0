// node's own runner (node:test): every file in fresh modules and with a fresh runner, as `node --test` gives each a process. A
// unit is a file. It must not keep node's runner from one file to the next: its built-in modules are loaded anew.

import { readdirSync, statSync } from "node:fs";
import { basename, extname, join, relative, resolve } from "node:path";
import { merge, ranges } from "../reach.mjs";
import { Names, TapReader } from "../tap.mjs";

const RUNNER = /^(?:internal\/test_runner\/(?!reporter\/)|test$)/;
let current = null;

export const suite = {
  async prepare(host) {
    host.files = discover(host.root, host.args);
    if (host.files.length === 0) throw new Error("no test files were found");
    const helpers = host.internal("internal/modules/helpers");
    const builtins = helpers?.loadBuiltinModule?.("path")?.constructor?.map;
    if (!host.single && !builtins?.get("internal/test_runner/harness")) throw new Error("this version of node does not let its test runner be reset");
    host.builtins = builtins;
    const { default: test } = await import("node:test");
    void test;
  },

  facts(host) {
    return { files: host.files };
  },

  async start(host, job) {
    current = { job, at: -1, names: new Names(), loaded: new Map(), traces: [] };
    await next(host, job);
  },

  drained(host, job) {
    const { found, reader, part, failed } = current;
    reader.flush();
    if (failed) return host.end({ end: "unloadable", reason: String(failed?.stack ?? failed) });
    if (job.ended) return undefined;
    // A file without tests is one itself, and so is one whose process fails though its tests do not.
    const thrown = host.leave();
    const fails = thrown !== null || Number(process.exitCode ?? 0) !== 0;
    if (found.length === 0 || (fails && !current.failing)) take(host, { id: current.names.add(part.file), outcome: fails ? "failed" : "passed", message: thrown ? String(thrown.stack ?? thrown) : host.said });
    if (job.trace) traced(host);
    host.flush();
    if (job.ended) return undefined;
    if (current.at === job.plan.length - 1) return host.end({ end: "finished", loaded: job.trace ? ranges(current.loaded) : undefined });
    const why = host.clean.restore();
    if (why !== null && !host.single) return host.end({ end: "broken", reason: `files cannot be kept apart: ${why}` });
    host.loader.begin(host.loader.overrides);
    next(host, job).catch(error => host.end({ end: "broken", reason: String(error?.stack ?? error) }));
    return undefined;
  },
};

function take(host, result) {
  current.found.push(result.id);
  current.failing ||= result.outcome === "failed";
  return host.result(result);
}

async function next(host, job) {
  current.at += 1;
  const part = job.plan[current.at];
  Object.assign(current, { part, found: [], failed: null, failing: false, order: [] });
  current.names.reserve(part.reserve ?? []);
  current.reader = new TapReader(result => take(host, result), { grouped: false, names: current.names });
  host.output = text => current.reader.write(text);
  process.argv.splice(0, process.argv.length, process.execPath, part.file);
  refresh(host);
  if (job.trace) watch(host);
  host.begin(current.at, 0);
  try {
    await host.loader.entry(part.file, true);
  } catch (error) {
    current.failed = error ?? new Error("it threw nothing");
  }
  if (job.trace) {
    current.spread?.();
    merge(current.loaded, current.own ?? host.recorder.take());
  }
}

/** Loads the built-in modules of the runner anew: the tests of the last file stay with the old ones. */
function refresh(host) {
  if (host.single && !host.builtins) return;
  for (const [id, module] of host.builtins) {
    if (!RUNNER.test(id)) continue;
    module.loaded = false;
    module.loading = false;
    module.exports = {};
    module.exportKeys = undefined;
    module.module = undefined;
  }
}

/** Has each test's lines taken when it ends; what runs while its parents run, or outside every test, counts for it too. */
function watch(host) {
  host.internal("node:test");
  const prototype = host.builtins?.get("internal/test_runner/test")?.exports?.Test?.prototype;
  if (!prototype?.run) return;
  const { run } = prototype;
  const { order } = current;
  const open = new Set();
  current.own = new Map();
  const spread = () => {
    const lines = host.recorder.take();
    for (const entry of open) merge(entry.lines, lines);
    if (open.size === 0) merge(current.own, lines);
  };
  current.spread = spread;
  prototype.run = function (...args) {
    const { fn } = this;
    if (typeof fn === "function") this.fn = watched(fn, this, { open, order, spread });
    return run.apply(this, args);
  };
}

function watched(fn, test, { open, order, spread }) {
  const path = [];
  for (let above = test; above?.parent; above = above.parent) path.unshift(above.name);
  const begin = () => {
    spread();
    const entry = { name: path.join(" > "), lines: new Map(), above: [...open] };
    if (entry.name !== "") order.push(entry);
    open.add(entry);
    return () => {
      if (!open.has(entry)) return;
      spread();
      open.delete(entry);
    };
  };
  const wrapper = function (...args) {
    const end = begin();
    const done = args[1];
    if (fn.length > 1 && typeof done === "function") {
      args[1] = (...words) => (end(), done(...words));
      return fn.apply(this, args);
    }
    let result;
    try {
      result = fn.apply(this, args);
    } catch (error) {
      end();
      throw error;
    }
    if (typeof result?.then === "function") result.then(end, end);
    else end();
    return result;
  };
  return Object.defineProperty(wrapper, "length", { value: fn.length });
}

function traced(host) {
  host.flush();
  current.spread?.();
  const { order, found, own = new Map() } = current;
  const seen = new Names();
  const lines = new Map();
  for (const entry of order) {
    const all = entry.above.reduce((sum, parent) => merge(sum, parent.lines), merge(merge(new Map(), own), entry.lines));
    lines.set(seen.add(tapName(entry.name)), all);
  }
  // Ids of twins in other files are numbered through: the k-th of a name here is the k-th of that name in this file.
  const counted = new Names();
  for (const id of found) {
    const known = lines.get(counted.add(id.replace(/ #\d+$/, ""))) ?? lines.get(id);
    host.lines({ at: current.at, unit: 0, ids: [id], lines: ranges(known ?? everything(lines, own)) });
  }
}

function everything(lines, own) {
  return [...lines.values()].reduce((sum, more) => merge(sum, more), merge(new Map(), own));
}

/** How node writes a name in TAP. */
function tapName(name) {
  return name.replaceAll("\\", "\\\\").replaceAll("#", "\\#").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r");
}

/** The files `node --test` runs when it is given `args`. */
function discover(root, args) {
  const found = new Set();
  const words = args.filter(word => !word.startsWith("-"));
  if (words.length === 0) walk(root, false, found, root);
  for (const word of words) {
    const path = resolve(root, word);
    if (statSync(path).isDirectory()) walk(path, basename(path) === "test", found, root);
    else found.add(path);
  }
  return [...found].sort();
}

function walk(folder, inTest, found, root) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "node_modules" && relative(root, path) !== ".hephaestus") walk(path, inTest || entry.name === "test", found, root);
    } else if (entry.isFile() && [".js", ".cjs", ".mjs"].includes(extname(entry.name))) {
      const name = basename(entry.name, extname(entry.name));
      if (inTest || /^test(?:-.+)?$|.[.\-_]test$/.test(name)) found.add(path);
    }
  }
}
