// The tests of mocha as plain functions: mocha itself loads the files, and each test is called by itself with the hooks around it.
// It must not use mocha's runner.

import { called, inTurn } from "./node.mjs";

const isThenable = value => value !== null && typeof value === "object" && typeof value.then === "function";

/** As mocha does it: a function with a parameter is done when it says so. */
function act(fn, context) {
  if (fn.length === 0) return fn.call(context);
  return called((_, done) => fn.call(context, done), context, undefined);
}

function hooksOf(suite, kind) {
  const own = suite[kind].map(hook => hook.fn);
  return suite.parent ? [...hooksOf(suite.parent, kind), ...own] : own;
}

class Case {
  constructor(test, id) {
    this.test = test;
    this.id = id;
    this.ids = [id];
  }

  run(out) {
    const { test, id } = this;
    if (test.isPending()) return void out(id, null, true);
    const context = test.ctx ?? test.parent.ctx;
    context.runnable?.(test);
    context.test = test;
    context.currentTest = test;
    const over = failure => {
      const pending = failure?.error?.name === "Pending" || failure?.error?.constructor?.name === "Pending";
      out(id, pending ? null : failure, pending);
    };
    const { parent } = test;
    const before = [...hooksOf(parent, "_beforeAll"), ...hooksOf(parent, "_beforeEach")];
    const after = [...hooksOf(parent, "_afterEach").reverse(), ...hooksOf(parent, "_afterAll").reverse()];
    let running;
    try {
      running = inTurn([...before, test.fn].map(fn => () => act(fn, context)));
      if (!isThenable(running)) running = inTurn(after.map(fn => () => act(fn, context)));
      else running = running.then(() => inTurn(after.map(fn => () => act(fn, context))));
    } catch (error) {
      return void over({ error });
    }
    if (!isThenable(running)) return void over(null);
    return running.then(() => over(null), error => over({ error }));
  }
}

export const adapter = {
  groups: plan => [plan],

  gather(host, parts, load) {
    const { Mocha, options } = host.mocha;
    if (host.mocha.requires.length > 0) throw new Error("mocha is told to load files first");
    const mocha = new Mocha({ ...options });
    if (mocha.options.ui && mocha.options.ui !== "bdd" && mocha.options.ui !== "tdd") throw new Error(`mocha's interface is ${mocha.options.ui}`);
    const steps = parts.flatMap(({ file }) => {
      let exports;
      return [
        () => void mocha.suite.emit("pre-require", globalThis, file, mocha),
        () => {
          exports = load(file, false);
          return exports;
        },
        () => {
          mocha.suite.emit("require", exports, file, mocha);
          mocha.suite.emit("post-require", globalThis, file, mocha);
        },
      ];
    });
    const loading = inTurn(steps);
    const close = () => lookup(mocha.suite, parts.flatMap(({ ids }) => ids));
    return isThenable(loading) ? loading.then(close) : close();
  },
};

function lookup(root, ids) {
  const byId = new Map();
  const counts = new Map();
  const numbered = new Map();
  for (const id of ids) {
    const base = id.replace(/ #\d+$/, "");
    if (!numbered.has(base)) numbered.set(base, []);
    numbered.get(base).push(id);
  }
  const visit = suite => {
    for (const test of suite.tests) {
      const base = test.fullTitle().replaceAll("#", "").trimEnd();
      const nth = counts.get(base) ?? 0;
      counts.set(base, nth + 1);
      const id = numbered.get(base)?.[nth];
      if (id !== undefined) byId.set(id, new Case(test, id));
    }
    for (const part of suite.suites) visit(part);
  };
  visit(root);
  return id => byId.get(id) ?? null;
}
