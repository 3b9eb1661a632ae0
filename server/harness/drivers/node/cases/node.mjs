// The tests of node:test as plain functions: what a test file registers is gathered, and each test is called by itself with the
// hooks around it. It must not report: it says only what each test threw.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const nothing = () => {};

/** How node writes a name in TAP. */
function tapName(name) {
  return String(name).replaceAll("\\", "\\\\").replaceAll("#", "\\#").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r");
}

function read(args) {
  const given = { name: undefined, options: {}, fn: nothing };
  for (const value of args) {
    if (typeof value === "function") given.fn = value;
    else if (value !== null && typeof value === "object") given.options = value;
    else if (value !== undefined && given.name === undefined) given.name = String(value);
  }
  given.name ??= given.options.name ?? (given.fn.name || "<anonymous>");
  return given;
}

const isThenable = value => value !== null && typeof value === "object" && typeof value.then === "function";

/** Calls a test's or a hook's function; answers a promise where it is not over at once. */
export function called(fn, self, context) {
  if (fn.length < 2) return fn.call(self, context);
  return new Promise((resolve, reject) => fn.call(self, context, error => (error ? reject(error) : resolve())));
}

/** Runs functions one after the other, staying synchronous as long as they are. */
export function inTurn(steps, at = 0) {
  for (let step = at; step < steps.length; step += 1) {
    const result = steps[step]();
    if (isThenable(result)) return result.then(() => inTurn(steps, step + 1));
  }
  return undefined;
}

class Scope {
  constructor(name, parent, skip) {
    Object.assign(this, { name, parent, skip, cases: [], before: [], after: [], beforeEach: [], afterEach: [] });
  }

  path(name) {
    const parts = [tapName(name)];
    for (let at = this; at?.parent; at = at.parent) parts.unshift(tapName(at.name));
    return parts.join(" > ");
  }

  hooks(kind) {
    const own = this[kind];
    return this.parent ? [...this.parent.hooks(kind), ...own] : own;
  }

  isHooked() {
    for (let at = this; at; at = at.parent) if (at.before.length + at.after.length + at.beforeEach.length + at.afterEach.length > 0) return true;
    return false;
  }
}

/** What a test is given as its first argument. */
class Context {
  constructor(own) {
    Object.defineProperty(this, "own", { value: own, enumerable: false });
  }

  get name() {
    return this.own.name;
  }

  get fullName() {
    return this.own.id;
  }

  get signal() {
    return (this.own.abort ??= new AbortController()).signal;
  }

  get mock() {
    this.own.mocks = true;
    return require("node:test").mock;
  }

  get assert() {
    return require("node:assert");
  }

  diagnostic() {}
  plan() {}
  runOnly() {}

  skip() {
    this.own.skipped = true;
  }

  todo() {
    this.own.skipped = true;
  }

  before(fn) {
    return fn(this);
  }

  after(fn) {
    this.own.after.push(fn);
  }

  beforeEach(fn) {
    this.own.beforeEach.push(fn);
  }

  afterEach(fn) {
    this.own.afterEach.push(fn);
  }

  test(...args) {
    const { own } = this;
    const { name, options, fn } = read(args);
    const part = new Case({ id: `${own.id} > ${tapName(name)}`, name, fn, skip: options.skip, todo: options.todo, scope: null });
    const act = async () => {
      let failure = null;
      const tell = (id, found, skipped) => {
        if (id === part.id) failure = found;
        own.tell(id, found, skipped);
      };
      for (const hook of own.beforeEach) await hook(this);
      await part.run(tell);
      for (const hook of own.afterEach) await hook(this);
      if (failure !== null) own.failing ??= failure;
    };
    own.chain = own.chain ? own.chain.then(act) : act();
    return own.chain;
  }
}

/** One test. */
class Case {
  constructor({ id, name, fn, skip, todo, scope }) {
    Object.assign(this, { id, name, fn, skip, todo, scope, ids: [id] });
  }

  /** Runs it; `out(id, failure, skipped)` is called for it and its subtests. Answers a promise where it is not over at once. */
  run(out) {
    const { id, fn, scope } = this;
    if (this.skip) return void out(id, null, true);
    const own = { id, name: this.name, tell: out, after: [], beforeEach: [], afterEach: [], chain: null, failing: null, skipped: false, mocks: false };
    const context = new Context(own);
    const over = failure => {
      if (own.mocks) require("node:test").mock.reset();
      const found = failure ?? own.failing;
      out(id, this.todo ? null : found, own.skipped || (this.todo && found !== null));
    };
    let running;
    try {
      running = scope?.isHooked() ? this.hooked(context) : called(fn, context, context);
    } catch (error) {
      return void over({ error });
    }
    if (!isThenable(running) && own.chain === null && own.after.length === 0) return void over(null);
    return this.rest(own, running, context).then(() => over(null), error => over({ error }));
  }

  async rest(own, running, context) {
    try {
      await running;
      await own.chain;
    } finally {
      for (const hook of own.after) await hook(context);
    }
  }

  hooked(context) {
    const { scope, fn } = this;
    const first = [...scope.hooks("before"), ...scope.hooks("beforeEach")].map(hook => () => called(hook, context, context));
    const last = [...scope.hooks("afterEach").reverse(), ...scope.hooks("after").reverse()].map(hook => () => called(hook, context, context));
    let result;
    try {
      result = inTurn([...first, () => called(fn, context, context)]);
    } catch (error) {
      const after = inTurn(last);
      if (isThenable(after)) return after.then(() => Promise.reject(error));
      throw error;
    }
    if (!isThenable(result)) return inTurn(last);
    return result.then(() => inTurn(last), async error => {
      await inTurn(last);
      throw error;
    });
  }
}

/** Stands in for node:test while one file is loaded. */
class Gatherer {
  constructor() {
    this.root = new Scope("", null, false);
    this.here = this.root;
    this.found = [];
  }

  exports() {
    const real = require("node:test");
    const test = (...args) => this.test(read(args));
    const describe = (...args) => this.describe(read(args));
    for (const kind of ["skip", "todo", "only"]) {
      test[kind] = (...args) => this.test(marked(read(args), kind));
      describe[kind] = (...args) => this.describe(marked(read(args), kind));
    }
    const hooks = {};
    for (const kind of ["before", "after", "beforeEach", "afterEach"]) hooks[kind] = fn => void this.here[kind].push(fn);
    return Object.assign(test, { test, it: test, describe, suite: describe, ...hooks, mock: real.mock, run: real.run });
  }

  test({ name, options, fn }) {
    const scope = this.here;
    let skip = options.skip;
    for (let at = scope; at; at = at.parent) skip ||= at.skip;
    this.found.push(new Case({ id: scope.path(name), name, fn, skip, todo: options.todo, scope }));
    return Promise.resolve();
  }

  describe({ name, options, fn }) {
    const outer = this.here;
    this.here = new Scope(name, outer, options.skip ?? false);
    try {
      fn.call(this.here, this.here);
    } finally {
      this.here = outer;
    }
    return Promise.resolve();
  }
}

function marked(given, kind) {
  return { ...given, options: { ...given.options, [kind]: true } };
}

/** All tests of a suite as one: what its own id stands for. */
class Whole {
  constructor(id, parts) {
    this.id = id;
    this.parts = parts;
    this.ids = [id];
  }

  run(out) {
    let first = null;
    const tell = (_, failure) => {
      first ??= failure;
    };
    const result = inTurn(this.parts.map(part => () => part.run(tell)));
    if (!isThenable(result)) return void out(this.id, first);
    return result.then(() => out(this.id, first));
  }
}

export const adapter = {
  /** Each file is by itself, as in a plain run. */
  groups: plan => plan.map(part => [part]),

  /** Loads a file and gathers its tests; `load(path)` may answer a promise. Answers how to find the test of an id. */
  gather(host, [part], load) {
    const gatherer = new Gatherer();
    host.loader.instead.set("test", gatherer.exports());
    process.argv.splice(0, process.argv.length, process.execPath, part.file);
    const close = () => lookup(gatherer.found, part.ids);
    const loading = load(part.file, true);
    return loading ? loading.then(close) : close();
  },
};

/** The test behind an id, as the listing of the file numbers repeated names. */
function lookup(found, ids) {
  const counts = new Map();
  const byId = new Map();
  const numbered = new Map();
  for (const id of ids) {
    const base = id.replace(/ #\d+$/, "");
    if (!numbered.has(base)) numbered.set(base, []);
    numbered.get(base).push(id);
  }
  for (const test of found) {
    const nth = counts.get(test.id) ?? 0;
    counts.set(test.id, nth + 1);
    test.id = numbered.get(test.id)?.[nth] ?? (nth === 0 ? test.id : `${test.id} #${nth + 1}`);
    byId.set(test.id, test);
  }
  return id => {
    const known = byId.get(id);
    if (known) return known;
    const parts = found.filter(test => test.id.startsWith(`${id} > `));
    if (parts.length > 0) byId.set(id, new Whole(id, parts));
    else for (let at = id.lastIndexOf(" > "); at > 0 && !byId.has(id); at = id.lastIndexOf(" > ", at - 1)) {
      const above = byId.get(id.slice(0, at));
      if (above) byId.set(id, above);
    }
    return byId.get(id) ?? null;
  };
}
