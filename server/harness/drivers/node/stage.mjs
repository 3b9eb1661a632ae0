// The modules and tests of a project as they stand loaded for a search, in groups that share module instances, and what replaces
// functions in them. It must not judge what a test did.

import Module from "node:module";
import { HOOK } from "./slots.mjs";

let active = null;

/** Lets instances of the rewritten file be known. Answers how to take that back. */
export function expose() {
  const entry = { open: evaluate => active.handle(evaluate) };
  Object.defineProperty(globalThis, Symbol.for(HOOK), { value: entry, configurable: true, enumerable: false, writable: false });
  return () => delete globalThis[Symbol.for(HOOK)];
}

/** What an instance of the rewritten file calls. */
class Handle {
  constructor(stage, evaluate) {
    this.b = stage.budget;
    this.stage = stage;
    this.ev = [evaluate];
    this.called = new Set();
    this.f = Array(stage.slots).fill(stage.loading ? true : null);
    this.loading = stage.loading;
  }

  /** Whether the slot's other function is to be called: never while the module is loaded. */
  ask(number) {
    if (!this.loading) return true;
    this.called.add(number);
    return false;
  }

  at(hook, evaluate) {
    // What is called again stands for several scopes at once: its functions cannot be told apart.
    if (this.ev[hook]) this.stage.several = true;
    this.ev[hook] = evaluate;
  }
}

/** A budget of turns and calls; `out` is thrown when it is spent. */
export class Budget {
  constructor() {
    this.n = Infinity;
    this.spent = { name: "OutOfTurns" };
  }

  out() {
    throw this.spent;
  }
}

export class Stage {
  /** `plan`: the test files; `slots`: how many functions of the file under search can be replaced. */
  constructor(host, { adapter, plan, budget, slots }) {
    Object.assign(this, { host, adapter, budget, slots, loading: false, several: false, overrides: new Map(), installed: null, refused: false });
    this.groups = adapter.groups(plan).map(parts => ({ parts, handles: [], find: null, cache: null, modules: null }));
    this.where = new Map(this.groups.flatMap(group => group.parts.flatMap(({ ids }) => ids.map(id => [id, group]))));
    this.current = null;
  }

  /** From now on everything is loaded anew, with these texts in place of the files'. */
  begin(overrides) {
    this.overrides = overrides;
    this.installed = null;
    for (const group of this.groups) Object.assign(group, { handles: [], find: null, cache: null, modules: null });
    this.current = null;
  }

  /** The test behind an id: a test, null, or a promise of one when modules have to be awaited. */
  find(id) {
    const group = this.where.get(id);
    if (!group) return null;
    if (group.find === null) return this.open(group, id);
    this.enter(group);
    return group.find(id);
  }

  open(group, id) {
    const { host } = this;
    const { loader } = host;
    this.leave();
    loader.begin(this.overrides);
    Object.assign(group, { modules: loader.esm.modules, cache: null });
    this.become(group);
    this.loading = true;
    const load = (path, main) => (loader.format(path) === "module" ? loader.esm.run(path) : void loader.commonjs(path, main));
    const close = find => {
      this.loading = false;
      for (const handle of group.handles) this.ready(handle);
      group.find = find;
      return find(id);
    };
    let found;
    try {
      found = this.adapter.gather(host, group.parts, load);
    } catch (error) {
      this.loading = false;
      throw error;
    }
    if (typeof found.then !== "function") return close(found);
    return found.then(close, error => {
      this.loading = false;
      throw error;
    });
  }

  become(group) {
    this.host.loader.stage = this;
    this.current = group;
    this.adopt();
  }

  /** Takes instances of the rewritten file that are made from now on. */
  adopt() {
    active = this;
  }

  /** Remembers the modules of the group that was used last, whichever stage it belongs to. */
  leave() {
    const last = this.host.loader.stage?.current;
    if (last) last.cache = { ...Module._cache };
  }

  /** Brings the modules of a group back, for what is required late. */
  enter(group) {
    const { loader } = this.host;
    if (loader.stage === this && this.current === group) return;
    this.leave();
    for (const path of Object.keys(Module._cache)) delete Module._cache[path];
    Object.assign(Module._cache, group.cache);
    loader.overrides = this.overrides;
    loader.esm.modules = group.modules;
    this.become(group);
  }

  /** Called by an instance of the rewritten file when it begins. */
  handle(evaluate) {
    const handle = new Handle(this, evaluate);
    this.current.handles.push(handle);
    if (!this.loading) this.ready(handle);
    return handle;
  }

  ready(handle) {
    handle.loading = false;
    handle.f.fill(null);
    if (this.installed) this.put(handle);
  }

  put(handle) {
    this.refused = true;
    for (const [{ number, hook }, text] of this.installed) handle.f[number] = handle.ev[hook](text);
    this.refused = false;
  }

  /** Puts other functions into slots (a map of slot to expression), or the own ones back; throws what compiling them threw. */
  install(texts) {
    const { installed } = this;
    this.installed = texts;
    this.refused = false;
    for (const { handles } of this.groups) {
      for (const handle of handles) {
        if (installed) for (const { number } of installed.keys()) handle.f[number] = null;
        if (texts) this.put(handle);
      }
    }
  }

  /** Whether a slot's function was called while modules were loaded. */
  calledEarly(slot) {
    return this.groups.some(({ handles }) => handles.some(({ called }) => called.has(slot.number)));
  }
}
