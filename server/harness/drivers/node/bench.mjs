// Times the old against the new version of a function on captured inputs, in turns, in one process. It must not judge: it gives
// the samples, each the time of one pass over all inputs in seconds.

import { isDeepStrictEqual } from "node:util";
import { LeftOut, call, revive } from "./capture.mjs";
import { chance, versions } from "./compare.mjs";

const { bigint: clock } = process.hrtime;
const WARM_UP_S = 0.15;
const WARM_UP_PASSES = 20000;
let sink = 0;

export async function bench(host, job) {
  const { before, after } = await versions(host, job);
  if (job.inputs.length === 0) throw new LeftOut("no input was captured");
  const inputs = job.inputs.map(revive);
  for (const version of [before, after]) trial(version, job.inputs);
  const changes = [before, after].some(version => job.inputs.some(input => mutates(version, input)));
  const random = chance(job.seed ?? 0);
  const pass = changes ? version => fresh(version, job.inputs) : (version, times) => plain(version, inputs, times);
  const repeats = changes ? 1 : warm([before, after], pass, job.sample_s ?? 0.01);
  if (changes) warm([before, after], pass, job.sample_s ?? 0.01);
  const samples = [];
  const until = performance.now() + (job.limit_s ?? 60) * 900;
  for (let round = 0; round < (job.rounds ?? 30) && performance.now() < until; round += 1) {
    const first = random() < 0.5;
    const one = sample(first ? before : after, pass, repeats, job.sample_s ?? 0.01, changes);
    const two = sample(first ? after : before, pass, repeats, job.sample_s ?? 0.01, changes);
    samples.push(first ? [one, two] : [two, one]);
  }
  return { samples, inputs: inputs.length, left_out: Number.isFinite(sink) ? null : "nothing was timed" };
}

function trial(version, inputs) {
  for (const input of inputs) {
    let result;
    try {
      ({ result } = call(version, revive(input)));
    } catch {
      continue;
    }
    if (typeof result?.then === "function") throw new LeftOut("it is asynchronous");
    if (typeof result?.next === "function") throw new LeftOut("it is a generator");
  }
}

function mutates(version, input) {
  const value = revive(input);
  const { args } = value;
  let self;
  try {
    ({ self } = call(version, value));
  } catch {
    // What it threw is compared elsewhere.
  }
  const same = revive(input);
  return !isDeepStrictEqual(args, same.args) || (self !== undefined && !isDeepStrictEqual({ ...self }, same.state));
}

/** One pass over inputs that calls leave as they are; the time in seconds. */
function plain(version, inputs, repeats = 1) {
  const began = clock();
  for (let time = 0; time < repeats; time += 1) {
    for (let at = 0; at < inputs.length; at += 1) {
      try {
        if (call(version, inputs[at]).result) sink += 1;
      } catch {
        sink -= 1;
      }
    }
  }
  return Number(clock() - began) / 1e9;
}

/** One pass over inputs that calls change: each is made anew before the clock starts. */
function fresh(version, kept) {
  const inputs = kept.map(revive);
  return plain(version, inputs);
}

/** Lets both be compiled; answers how many passes make a sample. */
function warm(both, pass, wanted) {
  let passes = 0;
  let spent = 0;
  while (spent < WARM_UP_S * 2 && passes < WARM_UP_PASSES) {
    for (const version of both) spent += pass(version);
    passes += 1;
  }
  return Math.max(1, Math.ceil(wanted / Math.max(spent / (2 * passes), 1e-8)));
}

function sample(version, pass, repeats, wanted, changes) {
  if (!changes) return pass(version, repeats) / repeats;
  let spent = 0;
  let passes = 0;
  while (spent < wanted && passes < 10000) {
    spent += pass(version);
    passes += 1;
  }
  return spent / passes;
}

