// The state of a process that outlives a run: intrinsics, globals, built-in modules, environment, listeners, timers.
// It is noted before the first run and put back after each; what cannot be put back makes the process unfit for another run.
// It must not know modules of the project: those are thrown away as a whole (variant.mjs).

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf, defineProperty, deleteProperty } = Reflect;
const { isExtensible, is } = Object;

/** Properties whose change says nothing: node's own bookkeeping, and what is put back by hand. */
const PASSED_OVER = new Set([
  "_events", "_eventsCount", "_maxListeners", "_cache", "_pathCache", "_handle", "_writableState", "_readableState", "moduleLoadList",
  "exitCode", "_exiting", "mainModule", "env", "argv", "execArgv", "stdin", "stdout", "stderr", "globalPaths", "domain", "config", "report",
  "_preload_modules", "lastMatch", "leftContext", "rightContext", "lastParen", "input", "arguments", "caller", "title", "ppid", "debugPort",
]);

const PLAIN = new Set(["length", "name", "prototype"]);

/** Intrinsics that no global names. */
function hidden() {
  const iterators = [[][Symbol.iterator](), new Map().entries(), new Set().values(), ""[Symbol.iterator](), "".matchAll(/a/g)];
  return [
    ...iterators,
    async function plain() {},
    function* generator() {},
    async function* both() {},
    getPrototypeOf(Int8Array),
    (function* it() {})(),
    (async function* it() {})(),
  ].map(value => getPrototypeOf(value));
}

function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** One object as it was. */
class Noted {
  constructor(object) {
    this.object = object;
    this.keys = ownKeys(object);
    this.parent = getPrototypeOf(object);
    this.open = isExtensible(object);
    this.fields = [];
    // Most objects are plain functions: that no property was added is all that can be asked of them cheaply.
    this.plain = typeof object === "function" && this.keys.every(key => PLAIN.has(key));
    for (const key of this.keys) {
      if (typeof key === "string" && PASSED_OVER.has(key)) continue;
      const field = getOwnPropertyDescriptor(object, key);
      if (field) this.fields.push([key, field]);
    }
  }

  same() {
    const { object } = this;
    const keys = ownKeys(object);
    if (keys.length !== this.keys.length || isExtensible(object) !== this.open || getPrototypeOf(object) !== this.parent) return false;
    if (this.plain) return true;
    for (let at = 0; at < keys.length; at += 1) if (keys[at] !== this.keys[at]) return false;
    for (const [key, was] of this.fields) {
      const now = getOwnPropertyDescriptor(object, key);
      if (now === undefined || !is(now.value, was.value) || now.get !== was.get || now.set !== was.set) return false;
      if (now.writable !== was.writable || now.enumerable !== was.enumerable || now.configurable !== was.configurable) return false;
    }
    return true;
  }

  /** Puts the object back; false when that is impossible. */
  restore() {
    const { object } = this;
    if (isExtensible(object) !== this.open) return false;
    if (getPrototypeOf(object) !== this.parent && !Reflect.setPrototypeOf(object, this.parent)) return false;
    const known = new Set(this.keys);
    for (const key of ownKeys(object)) if (!known.has(key) && !deleteProperty(object, key)) return false;
    for (const [key, was] of this.fields) {
      const now = getOwnPropertyDescriptor(object, key);
      // A property that was deleted comes back at the end of the order: not the same object as before.
      if (now === undefined) return false;
      if (is(now.value, was.value) && now.get === was.get && now.set === was.set && now.writable === was.writable) continue;
      if (!defineProperty(object, key, was)) return false;
    }
    return this.same();
  }
}

/** What a process was like before the first run. */
export class Clean {
  /** `global`: whether properties added to the global object count. */
  constructor({ root, timers, global = true }) {
    this.root = root;
    this.timers = timers;
    this.seen = new Set();
    this.noted = [];
    /** How many objects were put back so far. */
    this.mended = 0;
    this.walk([globalThis, process, ...hidden()]);
    if (!global) this.noted = this.noted.filter(({ object }) => object !== globalThis);
    this.env = { ...process.env };
    this.argv = [...process.argv];
    this.execArgv = [...process.execArgv];
    this.umask = process.umask();
    this.listeners = new Map(process.eventNames().map(name => [name, process.rawListeners(name)]));
    this.inspect = { ...require("util").inspect.defaultOptions };
    this.inspector = require("util").inspect;
    this.title = process.title;
    this.resources = process.getActiveResourcesInfo();
    this.streams = [process.stdout, process.stderr].map(stream => ({
      stream,
      own: new Map(["write", "end", "on", "emit"].map(key => [key, getOwnPropertyDescriptor(stream, key)])),
      listeners: new Set(stream.eventNames().flatMap(name => stream.rawListeners(name))),
    }));
  }

  /** Notes a built-in module the first time it is handed to the project. */
  builtin(exports) {
    const roots = [exports];
    for (const key of ["promises", "webcrypto", "posix", "win32", "types"]) {
      const value = isObject(exports) ? exports[key] : undefined;
      if (isObject(value)) roots.push(value);
    }
    this.walk(roots);
  }

  walk(roots) {
    const queue = roots.filter(isObject);
    while (queue.length > 0) {
      const object = queue.pop();
      // Typed arrays are counters that node itself moves.
      if (ArrayBuffer.isView(object)) continue;
      if (this.seen.has(object) || object === process.env || object === process.stdout || object === process.stderr) continue;
      this.seen.add(object);
      const noted = new Noted(object);
      this.noted.push(noted);
      if (isObject(noted.parent)) queue.push(noted.parent);
      for (const [, field] of noted.fields) for (const part of [field.value, field.get, field.set]) if (isObject(part)) queue.push(part);
    }
  }

  /** Puts built-in objects back. Answers what stood in the way of it, or null. */
  objects() {
    for (const noted of this.noted) {
      if (noted.same()) continue;
      this.mended += 1;
      if (!noted.restore()) return "a built-in object cannot be put back";
    }
    return null;
  }

  /** What is noted of the built-in objects that a text names, and of their prototypes. */
  named(text) {
    const objects = new Set();
    for (const name of new Set(text.match(/[A-Za-z_$][\w$]*/g))) {
      const value = getOwnPropertyDescriptor(globalThis, name)?.value;
      if (!isObject(value) || value === globalThis) continue;
      objects.add(value);
      const prototype = getOwnPropertyDescriptor(value, "prototype")?.value;
      if (isObject(prototype)) objects.add(prototype);
    }
    return this.noted.filter(({ object }) => objects.has(object) && object !== process);
  }

  /** Takes away global names that nobody declared: what an assignment to an unknown name leaves behind in sloppy code. */
  undeclared() {
    const names = Object.keys(globalThis);
    this.declared ??= new Set(this.noted.find(({ object }) => object === globalThis)?.keys ?? names);
    for (const name of names) if (!this.declared.has(name)) deleteProperty(globalThis, name);
  }

  /** Takes what an object is like now for what it was like before the first run. */
  renew(object) {
    const at = this.noted.findIndex(noted => noted.object === object);
    if (at !== -1) this.noted[at] = new Noted(object);
  }

  /** Whether a built-in object is other than it was. */
  touched() {
    return this.noted.some(noted => !noted.same());
  }

  /** Puts everything back. Answers what stood in the way of it, or null. */
  restore() {
    const why = this.objects();
    if (why !== null) return why;
    for (const stream of this.streams) this.stream(stream);
    return this.process() ?? this.pending();
  }

  /** Streams grow fields while they work: only what the project may have replaced or hung on counts. */
  stream({ stream, own, listeners }) {
    for (const [key, was] of own) {
      if (was === undefined) deleteProperty(stream, key);
      else if (getOwnPropertyDescriptor(stream, key)?.value !== was.value) defineProperty(stream, key, was);
    }
    for (const name of stream.eventNames()) {
      for (const listener of stream.rawListeners(name)) if (!listeners.has(listener)) stream.removeListener(name, listener);
    }
  }

  process() {
    for (const key of Object.keys(process.env)) if (!(key in this.env)) delete process.env[key];
    for (const key of Object.keys(this.env)) if (process.env[key] !== this.env[key]) process.env[key] = this.env[key];
    process.argv.splice(0, process.argv.length, ...this.argv);
    process.execArgv.splice(0, process.execArgv.length, ...this.execArgv);
    if (process.umask() !== this.umask) process.umask(this.umask);
    if (process.cwd() !== this.root) process.chdir(this.root);
    if (process.title !== this.title) return "the process was given another title";
    process.exitCode = undefined;
    for (const name of process.eventNames()) {
      const was = this.listeners.get(name) ?? [];
      for (const listener of process.rawListeners(name)) if (!was.includes(listener)) process.removeListener(name, listener);
    }
    for (const [name, was] of this.listeners) {
      const now = process.rawListeners(name);
      if (now.length !== was.length || now.some((listener, at) => listener !== was[at])) return `a listener of "${String(name)}" is gone`;
    }
    const options = this.inspector.defaultOptions;
    for (const key of Object.keys(this.inspect)) if (!is(options[key], this.inspect[key])) options[key] = this.inspect[key];
    return null;
  }

  /** What may still wake up in the next run. */
  pending() {
    if (this.timers && Object.keys(this.timers.timerListMap).length > 0) return "a timer is still running";
    const own = [...this.resources];
    const others = process.getActiveResourcesInfo().filter(name => !own.includes(name) || own.splice(own.indexOf(name), 1).length === 0);
    return others.length > 0 ? `still at work: ${others.join(", ")}` : null;
  }
}
