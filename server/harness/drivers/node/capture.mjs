// Keeps the arguments of calls while tests run, and notices functions that touch the outside world. It must not change what a
// function does: a call whose arguments cannot be kept is merely not kept.

import Module, { createRequire } from "node:module";
import { deserialize, serialize } from "node:v8";
import { HOOK, instrument, mask } from "./source.mjs";

const require = createRequire(import.meta.url);
const SYMBOL = Symbol.for(HOOK);
const PLAIN = new Set(["Object", "Array", "Date", "RegExp", "Map", "Set", "Error", "TypeError", "RangeError", "SyntaxError", "EvalError", "ReferenceError", "URIError", "ArrayBuffer", "Boolean", "Number", "String", "BigInt"]);
const OUTSIDE = /\b(?:process|child_process|fetch|XMLHttpRequest|WebSocket|localStorage|sessionStorage|document|window|globalThis|global|console|setTimeout|setInterval|setImmediate|queueMicrotask|performance|require|Math\s*\.\s*random|Date\s*\.\s*now|crypto|eval)\b|\bimport\s*\(|\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w]))|(?<![\w.])Date\s*\(\s*\)/;
const TRAPPED = ["fs", "fs/promises", "child_process", "net", "http", "https", "dgram", "dns", "worker_threads"];

/** Why a function's own text says that it must be left out; null when it does not. */
export function touches(fn) {
  const found = OUTSIDE.exec(mask(String(fn)));
  return found ? `it uses ${found[0].trim()}` : null;
}

/** Whether structured cloning gives back the same kind of value. */
function faithful(value, depth = 0) {
  if (typeof value === "function" || typeof value === "symbol") return `an argument is a ${typeof value}`;
  if (typeof value !== "object" || value === null) return null;
  if (depth > 12) return "an argument is nested too deep";
  const parent = Object.getPrototypeOf(value);
  const name = parent?.constructor?.name;
  if (parent !== null && !(PLAIN.has(name) && parent === globalThis[name]?.prototype) && !ArrayBuffer.isView(value)) return `an argument is a ${name ?? "object of its own kind"}`;
  if (Buffer.isBuffer(value)) return "an argument is a Buffer";
  if (ArrayBuffer.isView(value)) return null;
  const parts = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
  if (Object.getOwnPropertySymbols(value).length > 0) return "an argument has symbols as keys";
  for (const part of parts) {
    const reason = faithful(part, depth + 1);
    if (reason) return reason;
  }
  return null;
}

/** The functions handed over by instrumented modules. */
export class Registry {
  constructor() {
    this.functions = new Map();
    this.recording = null;
    Object.defineProperty(globalThis, SYMBOL, { value: this, configurable: true, enumerable: false, writable: true });
  }

  wrap(id, fn) {
    if (typeof fn !== "function") return fn;
    this.functions.set(id, { fn, kind: null });
    return this.recording ? this.recording.wrapper(id, fn, null) : fn;
  }

  method(id, owner, name, kind) {
    const fn = owner[name];
    if (typeof fn !== "function") return;
    this.functions.set(id, { fn, kind: owner === kind ? null : kind, owner });
    if (this.recording) owner[name] = this.recording.wrapper(id, fn, owner === kind ? null : kind);
  }

  /** Loads a file with these functions handed over. Answers the ids that were, or throws what loading threw. */
  async load(loader, path, name, id) {
    this.functions.delete(id);
    let reason = null;
    loader.rewrite = (file, text) => {
      if (file !== path) return text;
      const made = instrument(text, [name], () => id);
      reason = made.left.get(name) ?? null;
      return made.text;
    };
    for (const known of [loader.compiled, loader.esm.cached]) known.clear();
    try {
      await loader.entry(path);
    } finally {
      loader.rewrite = null;
    }
    const found = this.functions.get(id);
    if (!found) throw new LeftOut(reason ?? `${name} is never reached when its file is loaded`);
    return found;
  }
}

export class LeftOut extends Error {}

/** Records calls. */
export class Recording {
  constructor(most) {
    this.most = most;
    this.found = new Map();
    this.active = [];
    this.trap();
  }

  entry(id) {
    if (!this.found.has(id)) this.found.set(id, { inputs: new Set(), left: null, skipped: null, calls: 0 });
    return this.found.get(id);
  }

  wrapper(id, fn, kind) {
    const recording = this;
    const entry = this.entry(id);
    entry.left ??= touches(fn);
    const usesThis = /\bthis\b|\bsuper\b/.test(mask(String(fn)));
    const wrapper = function (...args) {
      recording.keep(entry, usesThis ? this : undefined, args, kind);
      recording.active.push(entry);
      let result;
      try {
        result = new.target ? Reflect.construct(fn, args, new.target === wrapper ? fn : new.target) : Reflect.apply(fn, this, args);
      } finally {
        recording.active.splice(recording.active.lastIndexOf(entry), 1);
      }
      if (typeof result?.then === "function") {
        recording.active.push(entry);
        const over = () => recording.active.splice(recording.active.lastIndexOf(entry), 1);
        Promise.prototype.then.call(Promise.resolve(result), over, over);
      }
      return result;
    };
    for (const key of Reflect.ownKeys(fn)) {
      const field = Object.getOwnPropertyDescriptor(fn, key);
      if (Object.getOwnPropertyDescriptor(wrapper, key)?.configurable !== false) Object.defineProperty(wrapper, key, field);
      else if (key === "prototype") wrapper.prototype = fn.prototype;
    }
    Object.setPrototypeOf(wrapper, Object.getPrototypeOf(fn));
    return wrapper;
  }

  keep(entry, self, args, kind) {
    entry.calls += 1;
    if (entry.inputs.size >= this.most || entry.left) return;
    let reason = faithful(args);
    let state;
    if (!reason && self !== undefined && self !== globalThis) {
      if (kind === null || Object.getPrototypeOf(self) !== kind.prototype) reason = "it is called on an object that cannot be made again";
      else {
        state = { ...self };
        reason = faithful(state);
      }
    }
    if (reason) {
      entry.skipped = reason;
      return;
    }
    try {
      entry.inputs.add(serialize({ args, state }).toString("base64"));
    } catch (error) {
      entry.skipped = String(error.message);
    }
  }

  /** What is called while a recorded function runs counts as its touching the outside world. */
  trap() {
    const { active } = this;
    const guard = (owner, key, label) => {
      const was = owner?.[key];
      if (typeof was !== "function") return;
      const guarded = new Proxy(was, {
        apply(target, self, args) {
          for (const entry of active) entry.left ??= `it calls ${label}`;
          return Reflect.apply(target, self, args);
        },
        construct(target, args, kind) {
          if (key !== "Date" || args.length === 0) for (const entry of active) entry.left ??= `it calls ${label}`;
          return Reflect.construct(target, args, kind === guarded ? target : kind);
        },
      });
      try {
        owner[key] = guarded;
      } catch {
        // It cannot be replaced.
      }
    };
    for (const name of TRAPPED) {
      const exports = require(name);
      for (const key of Object.keys(exports)) if (!/^[A-Z_]/.test(key)) guard(exports, key, `${name}.${key}`);
    }
    for (const key of ["setTimeout", "setInterval", "setImmediate", "fetch"]) guard(globalThis, key, key);
    guard(Math, "random", "Math.random");
    guard(Date, "now", "Date.now");
    for (const key of ["log", "error", "warn", "info", "debug"]) guard(console, key, `console.${key}`);
    for (const key of ["cwd", "chdir", "hrtime", "exit", "uptime", "memoryUsage"]) guard(process, key, `process.${key}`);
    for (const key of ["randomBytes", "randomUUID", "randomInt"]) guard(require("crypto"), key, `crypto.${key}`);
    Module.syncBuiltinESMExports();
  }
}

/** Prepares a child for recording these functions: `{file: absolute path, name}`. */
export function record(host, functions, most) {
  const registry = new Registry();
  registry.recording = new Recording(most);
  const left = new Map();
  const byFile = Map.groupBy ? Map.groupBy(functions, ({ file }) => file) : group(functions);
  host.loader.compiled.clear();
  host.loader.esm.cached.clear();
  host.loader.rewrite = (path, text) => {
    const wanted = byFile.get(path);
    if (!wanted) return text;
    const made = instrument(text, wanted.map(({ name }) => name), name => `${path}#${name}`);
    for (const [name, reason] of made.left) left.set(`${path}#${name}`, reason);
    return made.text;
  };
  return () =>
    functions.map(({ file, name }) => {
      const id = `${file}#${name}`;
      const entry = registry.recording.found.get(id);
      const none = entry && entry.inputs.size === 0 ? (entry.skipped ?? "no test calls it") : null;
      const reason = left.get(id) ?? entry?.left ?? none ?? (entry ? null : "no test loads it");
      return { file, name, inputs: reason ? [] : [...entry.inputs], left_out: reason };
    });
}

function group(functions) {
  const groups = new Map();
  for (const item of functions) groups.set(item.file, [...(groups.get(item.file) ?? []), item]);
  return groups;
}

/** A kept input, made anew. */
export function revive(input) {
  return deserialize(Buffer.from(input, "base64"));
}

/** Calls a function with an input. */
export function call({ fn, kind }, { args, state }) {
  const self = state === undefined || kind === null ? undefined : Object.assign(Object.create(kind.prototype), state);
  return { self, result: Reflect.apply(fn, self, args) };
}
