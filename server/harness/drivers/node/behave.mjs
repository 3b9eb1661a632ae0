// What variants of one function do on inputs: each is loaded by itself, called with every input twice, and what it gives, throws and
// leaves behind is put into words. It must not compare: words that are the same get the same number.

import { inspect, isDeepStrictEqual } from "node:util";
import { serialize } from "node:v8";
import vm from "node:vm";
import { LeftOut, Registry, call, revive, touches } from "./capture.mjs";
import { chance, mutated, portable, raised, told, words } from "./compare.mjs";
import { Original } from "./edits.mjs";
import { HALTED, cover, guarded } from "./guard.mjs";
import { Kinds } from "./kinds.mjs";
import { ticking } from "./slots.mjs";
import { instrument } from "./source.mjs";
import { Budget, Stage } from "./stage.mjs";

const { setTimeout, clearTimeout } = globalThis;
const LONGEST = 200;
const TURNS = 200000;
/** How long a call may take: at most, and at least; between them, so many times as long as calls of the unchanged code take. */
const CALL = { most: 300, least: 40, times: 20 };
/** How long is looked for that at most. */
const TIMING_MS = 1000;
/** So many variants may be at a loss for an input in a row before it is given up. */
const AT_A_LOSS = 2;
const PROMISE_LIMIT_MS = 200;
const FULL = { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity, breakLength: Infinity };
const UNSURE = -1;

/** Inputs: those captured and those made from them, smallest first: `[input, in words]`. */
function inputs({ name, inputs: kept, mutations = 0, seed = 0 }) {
  const random = chance(seed);
  const captured = kept.map(revive);
  const kinds = new Kinds(captured);
  const seen = new Map();
  for (const input of kept) seen.set(words(name, input), [input, true]);
  const before = seen.size;
  for (let tries = 0; kept.length > 0 && seen.size < before + mutations && tries < mutations * 12; tries += 1) {
    const input = mutated(kept[Math.floor(random() * kept.length)], random);
    if (input === null || !kinds.fit(revive(input))) continue;
    const text = words(name, input);
    if (!seen.has(text)) seen.set(text, [input, false]);
  }
  const all = [...seen].sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  return { list: all.map(([text, [input]]) => [input, text.slice(0, LONGEST)]), captured: all.filter(([, [, own]]) => own).length };
}

/** Calls with plain values, as they are written, as inputs; other texts are passed over. */
function examples({ examples: texts = [] }) {
  const found = [];
  for (const text of texts) {
    try {
      const values = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
      const args = vm.runInNewContext(`[${values}]`, Object.create(null), { timeout: 50 });
      found.push([serialize({ args, state: undefined }).toString("base64"), text]);
    } catch {
      // It is no call with values.
    }
  }
  return found;
}

class Behaviour {
  constructor(host, job) {
    Object.assign(this, { host, job, budget: new Budget(), exited: false, limit: CALL.most, longest: 0 });
    this.registry = new Registry();
    this.isModule = host.loader.format(job.file) === "module";
    this.original = new Original(job.file);
    // Rewritten texts ask for a stage, though there are no slots in them.
    this.stage = new Stage(host, { adapter: { groups: () => [] }, plan: [], budget: this.budget, slots: 0 });
    this.stage.current = { handles: [] };
    this.stage.adopt();
  }

  /** Loads a variant; throws where that cannot be done. */
  async version(edits) {
    const { host, job } = this;
    const text = this.original.edited(edits);
    if (text === null) throw new LeftOut("the edits do not fit the text");
    const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    const id = `${job.file}#${job.name}`;
    let reason = null;
    host.loader.begin(new Map([[job.file, plain]]));
    this.registry.functions.delete(id);
    host.loader.rewrite = (path, found) => {
      if (path !== job.file) return found;
      const made = instrument(found, [job.name], () => id);
      reason = made.left.get(job.name) ?? null;
      return ticking(made.text, this.isModule);
    };
    this.budget.n = TURNS;
    this.exited = false;
    if (this.isModule) await host.loader.esm.run(job.file);
    else guarded(() => host.loader.commonjs(job.file), CALL.most * 3);
    const found = this.registry.functions.get(id);
    if (this.exited || !found) throw new LeftOut(reason ?? `${job.name} is never reached when its file is loaded`);
    const touched = touches(found.fn);
    if (touched) throw new LeftOut(touched);
    return found;
  }

  /** What a version does with an input, twice: its full words and its short ones; null where that is not certain. */
  async does(version, input) {
    this.halted = false;
    const first = await this.once(version, input);
    if (first === null) return null;
    const second = await this.once(version, input);
    return second !== null && second.full === first.full ? first : null;
  }

  async once(version, input) {
    const value = revive(input);
    let result;
    let self;
    let outcome;
    this.budget.n = TURNS;
    this.exited = false;
    const began = performance.now();
    try {
      guarded(() => {
        ({ self, result } = call(version, value));
      }, this.limit);
      if (typeof result?.then === "function") result = await inTime(result);
      outcome = told(() => ({ kind: "returned", value: portable(result) }));
    } catch (error) {
      if (error === LATE || error?.code === HALTED) {
        this.halted = true;
        return null;
      }
      outcome = told(() => ({ kind: "raised", error: raised(error) }));
    }
    this.longest = Math.max(this.longest, performance.now() - began);
    if (this.budget.n < 0 || this.exited || outcome.kind === "opaque") return null;
    return told(() => said(outcome, value, self, revive(input)));
  }
}

/** Finds out how long calls take usually: from the inputs that tests use, on the unchanged code. */
async function timed(behaviour, version, kept) {
  const until = performance.now() + TIMING_MS;
  for (const input of kept) {
    if (performance.now() > until) break;
    await behaviour.once(version, input);
  }
  behaviour.limit = Math.min(CALL.most, Math.max(CALL.least, CALL.times * behaviour.longest));
}

/** An outcome in words: short ones, and the full ones that tell it from others. */
function said(outcome, value, self, before) {
  const parts = [];
  if (outcome.kind === "raised") parts.push(outcome.error.name === undefined ? ["throws ", outcome.error.thrown] : [`throws ${outcome.error.name}`]);
  else parts.push(["", outcome.value]);
  const args = portable(value.args);
  if (!isDeepStrictEqual(args, portable(before.args))) parts.push([", leaves ", args]);
  const state = self === undefined ? undefined : portable({ ...self });
  if (state !== undefined && !isDeepStrictEqual(state, portable(before.state))) parts.push([" and ", state]);
  const show = options => parts.map(([text, ...shown]) => text + shown.map(one => inspect(one, options)).join("")).join("");
  return { full: show(FULL), text: show({ depth: 6, breakLength: Infinity }).slice(0, LONGEST) };
}

const LATE = { name: "Late" };

function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(reject, PROMISE_LIMIT_MS, LATE)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export async function behave(host, job, send) {
  host.job.stray = () => {};
  host.output = () => {};
  let behaviour;
  const uncover = cover(() => (behaviour.exited = true));
  try {
    behaviour = new Behaviour(host, job);
    await timed(behaviour, await behaviour.version([]), job.inputs);
    const { list: called, captured } = inputs(job);
    const list = [...called, ...examples(job)].sort(([, a], [, b]) => a.length - b.length || (a < b ? -1 : 1));
    send({ k: "inputs", inputs: list.map(([, text]) => text), captured });
    const numbers = new Map();
    const lost = list.map(() => 0);
    for (const [number, edits] of job.variants) {
      send({ k: "now", number });
      const row = [];
      const fresh = [];
      let version = null;
      try {
        version = await behaviour.version(edits);
      } catch {
        // It cannot be loaded, or it is not what it was: nothing can be said of it.
      }
      let unsure = 0;
      for (const [at, [input]] of list.entries()) {
        const asked = version !== null && unsure <= 12 && lost[at] < AT_A_LOSS;
        const found = asked ? await behaviour.does(version, input) : null;
        if (asked) lost[at] = behaviour.halted ? lost[at] + 1 : 0;
        if (found === null) {
          unsure += 1;
          row.push(UNSURE);
          continue;
        }
        if (!numbers.has(found.full)) {
          numbers.set(found.full, numbers.size);
          fresh.push(found.text);
        }
        row.push(numbers.get(found.full));
      }
      send({ k: "row", number, row, fresh });
    }
    return { end: "finished" };
  } catch (error) {
    const reason = error instanceof LeftOut ? error.message : `the file cannot be loaded: ${error?.message ?? error}`;
    return { end: "finished", left_out: reason };
  } finally {
    uncover();
  }
}
