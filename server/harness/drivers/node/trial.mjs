// Shows one state of the code to tests, one after the other, and says what came of it. It is written as generators that yield
// promises to wait for, or nothing where the work may be interrupted: most tests are over at once, and then nothing waits.

import { mark } from "./marks.mjs";

/** How long a promise may take at least, in milliseconds. */
const LEAST_WAIT = 100;
/** How many turns and calls a test may take at least, and how many when another test of the same code has spent that. */
const LEAST_TURNS = 10000;
const LEAST_TURNS_AGAIN = 1000;

/** Waits for a promise inside a generator. */
export function* awaited(promise) {
  const { failed, value } = yield promise;
  if (failed) throw value;
  return value;
}

export class Trials {
  constructor(host, { red, green, ahead, budget, files }) {
    Object.assign(this, { host, red, green, ahead, budget, files });
    this.turns = 1e7;
    this.again = 1e7;
    this.wait = 10000;
    this.exited = false;
    this.soFar = 0;
  }

  /** Sets limits from what the unchanged code takes: the most turns, and the longest time in milliseconds. */
  limit(turns, slowest, { times = 20, least_s: least = 0.004 }) {
    this.turns = Math.max(LEAST_TURNS, Math.ceil(turns * times));
    this.again = Math.max(LEAST_TURNS_AGAIN, Math.ceil(turns * times));
    this.allowed = Math.max(least * 1e3, slowest * times);
    this.wait = Math.max(LEAST_WAIT, this.allowed);
  }

  /** Runs one test; `seen` holds what tests have said of this state already. Answers `{ok, mark, late}`; throws what loading threw. */
  *ask(stage, id, seen) {
    this.budget.n = seen.late ? this.again : this.turns;
    let test = stage.find(id);
    if (typeof test?.then === "function") test = yield* awaited(this.limited(test));
    if (test === null) return { ok: false, mark: "missing", late: this.budget.n < 0 };
    let said = seen.get(test);
    if (said === undefined) {
      said = yield* this.run(test, seen.late ? this.again : this.turns);
      seen.set(test, said);
      if (said.late) seen.late = true;
    }
    const { late } = said;
    const found = said.outcomes.get(id);
    if (late) return { ok: false, mark: "timeout", late };
    if (found === undefined) return { ok: false, mark: said.crash ? mark(said.crash, this.files) : "missing", late };
    if (found.skipped) return { ok: false, skipped: true, mark: "skipped", late };
    return found.failure === null ? { ok: true, mark: "", late } : { ok: false, mark: mark(found.failure, this.files), late };
  }

  *run(test, turns) {
    const outcomes = new Map();
    const said = { outcomes, crash: null, late: false, turns: 0 };
    this.budget.n = turns;
    try {
      const running = test.run((id, failure, skipped = false) => {
        if (id === null) said.crash = failure;
        else outcomes.set(id, { failure, skipped });
      });
      if (running) yield* awaited(this.limited(running));
    } catch (error) {
      if (error === LATE) said.late = true;
      else said.crash = { error };
    }
    said.late ||= this.budget.n < 0;
    said.turns = turns - this.budget.n;
    return said;
  }

  /** A promise that fails when it takes too long, or when nothing is left that could fulfil it. */
  limited(promise) {
    const { host } = this;
    return new Promise((resolve, reject) => {
      let over = false;
      const end = act => value => {
        over = true;
        act(value);
      };
      promise.then(end(resolve), end(reject));
      const until = performance.now() + this.wait;
      let turns = 0;
      const look = () => {
        if (over) return;
        turns += 1;
        if (performance.now() > until) return reject(LATE);
        if (turns > 3 && turns < 6 && host.idle()) return reject(new Pending());
        if (turns < 8) host.setImmediate(look);
        else host.setTimeout(look, 1);
      };
      host.setImmediate(look);
    });
  }

  /** Shows the state of a stage to the tests: the kind of result, how many red tests passed, and the first failure. */
  *judge(stage) {
    const seen = new Map();
    let first = null;
    this.soFar = 0;
    for (let at = 0; at < this.red.length && (first === null || at < this.ahead); at += 1) {
      const said = yield* this.ask(stage, this.red[at], seen);
      if (this.exited) return ["died", this.soFar, "exit"];
      if (said.ok) this.soFar += 1;
      else first ??= said;
      yield undefined;
    }
    if (first) return [first.late ? "timeout" : "failed", this.soFar, first.mark];
    for (const id of this.green) {
      const said = yield* this.ask(stage, id, seen);
      if (this.exited) return ["died", this.soFar, "exit"];
      if (!said.ok && !said.skipped) return ["broken", this.soFar, said.mark];
      yield undefined;
    }
    return ["passed", this.soFar, ""];
  }
}

const LATE = { name: "Late" };

class Pending extends Error {
  constructor() {
    super("nothing is left to do, but a test has not ended");
    this.name = "Pending";
    this.stack = "";
  }
}
