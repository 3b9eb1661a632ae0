// The tests of tape without its harness: each top-level test is run by itself, and each of its assertions is a test. It must
// number assertions as the whole suite's report does.

import { EventEmitter } from "node:events";
import { join } from "node:path";

class Case {
  constructor(test, { ids, taken }) {
    Object.assign(this, { test, ids, taken, id: ids[0] });
  }

  run(out) {
    const { test } = this;
    const options = { skip: test._skip, todo: test._todo, timeout: test._timeout };
    const running = another(test.constructor, test.name, options, test._cb);
    const numbers = new Map(this.taken);
    let resolve = null;
    let ended = false;
    watch(running, { group: spaced(test.name) }, (base, result) => {
      const nth = (numbers.get(base) ?? 0) + 1;
      numbers.set(base, nth);
      const skipped = Boolean(result.skip) || (!result.ok && Boolean(result.todo));
      const failure = result.ok || skipped ? null : { mark: `${result.operator}:${result.line ?? ""}`, error: result.error };
      out(nth === 1 ? base : `${base} #${nth}`, failure, skipped);
    });
    running.once("end", () => {
      ended = true;
      resolve?.();
    });
    try {
      running.run();
    } catch (error) {
      out(null, { error });
      return undefined;
    }
    // What was planned is complete; tape itself takes a turn to notice.
    const planned = running._plan !== undefined && running._pendingAsserts() <= 0 && running._teardown?.length === 0;
    if (ended || planned) return undefined;
    return new Promise(done => (resolve = done)).finally(() => running._pendingAsserts() > 0 && running._plan !== undefined && running._exit());
  }
}

const lighter = new WeakMap();

/** A new Test. Its constructor binds every method it can enumerate, which takes longer than most tests: here each is bound when asked for. */
function another(Test, name, options, fn) {
  let prototype = lighter.get(Test);
  if (!prototype) {
    prototype = Object.create(Test.prototype);
    for (const key in Test.prototype) {
      const method = Test.prototype[key];
      if (typeof method !== "function") continue;
      const field = {
        get() {
          return (...args) => method.apply(this, args);
        },
        set(value) {
          Object.defineProperty(this, key, { value, configurable: true, enumerable: true, writable: true });
        },
      };
      Object.defineProperty(prototype, key, { ...field, configurable: true, enumerable: false });
    }
    lighter.set(Test, prototype);
  }
  const made = Object.create(prototype);
  Test.call(made, name, options, fn);
  return made;
}

/** Has the assertions of a test and of those inside it told, by the comment above them and their own names. */
function watch(test, state, told) {
  test.on("result", result => {
    if (typeof result === "string") {
      state.group = result.trim();
      return;
    }
    const name = `${state.group} > ${spaced(result.name)}`;
    told(name.trimEnd(), result);
  });
  test.on("test", part => {
    part.on("prerun", () => (state.group = spaced(part.name)));
    watch(part, state, told);
  });
}

const spaced = name => String(name).replace(/\s+/g, " ").trim();

export const adapter = {
  groups: plan => [plan],

  gather(host, parts, load) {
    const tape = host.loader.requireAt(join(host.root, "package.json"))("tape");
    const sink = Object.assign(new EventEmitter(), { writable: true, write: () => true, end() {} });
    tape.wait?.();
    const harness = tape.getHarness({ exit: false, stream: sink });
    const found = new Map();
    let running;
    const step = at => {
      if (at === parts.length) return id => found.get(id) ?? null;
      const part = parts[at];
      const first = harness._tests.length;
      const close = () => {
        harness._tests.slice(first).forEach((test, unit) => {
          const ids = part.units[unit] ?? [];
          const made = new Case(test, { ids, taken: part.taken[unit] ?? [] });
          for (const id of ids) found.set(id, made);
        });
        if (harness._results._only) throw new Error("tape is told to run one test only");
        return step(at + 1);
      };
      running = load(part.file, false);
      return running ? running.then(close) : close();
    };
    return step(0);
  },
};
