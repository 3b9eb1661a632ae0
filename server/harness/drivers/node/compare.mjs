// Runs the old and the new version of a function on the same inputs, and on inputs made from them, and says where they differ in
// result, error or what became of the arguments. It must not compare where the old version does not do the same twice.

import { serialize } from "node:v8";
import { inspect, isDeepStrictEqual } from "node:util";
import vm from "node:vm";
import { LeftOut, Registry, call, revive, touches } from "./capture.mjs";

const MOST_DIFFERENCES = 20;
const CALL_LIMIT_MS = 1000;
const now = performance.now.bind(performance);
const { setTimeout, clearTimeout } = globalThis;

/** Loads both versions of a function; `files` of the new one absent: the old one twice. */
export async function versions(host, { file, name, files }) {
  const registry = new Registry();
  const load = async (overrides, which) => {
    host.loader.begin(new Map(Object.entries(overrides)));
    try {
      return await registry.load(host.loader, file, name, `${which}#${name}`);
    } catch (error) {
      throw error instanceof LeftOut ? error : new LeftOut(`the ${which} version cannot be loaded: ${error?.message ?? error}`);
    }
  };
  const before = await load({}, "old");
  const after = await load(files ?? {}, "new");
  for (const { fn } of [before, after]) {
    const reason = touches(fn);
    if (reason) throw new LeftOut(reason);
  }
  return { before, after };
}

/** Numbers between 0 and 1 from a seed (mulberry32). */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export async function compare(host, job) {
  const { before, after } = await versions(host, job);
  const random = chance(job.seed ?? 0);
  const seen = new Set(job.inputs);
  const inputs = [...job.inputs];
  for (let tries = 0; inputs.length < job.inputs.length + job.mutations && tries < job.mutations * 4 && job.inputs.length > 0; tries += 1) {
    const input = mutated(job.inputs[Math.floor(random() * job.inputs.length)], random);
    if (input === null || seen.has(input)) continue;
    seen.add(input);
    inputs.push(input);
  }
  const differences = [];
  let skipped = 0;
  let compared = 0;
  const until = now() + (job.limit_s ?? 20) * 900;
  const globals = Reflect.ownKeys(globalThis).length;
  for (const input of inputs) {
    if (now() > until) break;
    const one = await outcome(before, input);
    const two = await outcome(before, input);
    if (Reflect.ownKeys(globalThis).length !== globals) throw new LeftOut("it writes global variables");
    if (one.kind === "endless" || one.kind === "opaque" || !isDeepStrictEqual(one, two)) {
      skipped += 1;
      continue;
    }
    compared += 1;
    const other = await outcome(after, input);
    if (isDeepStrictEqual(one, other)) continue;
    differences.push({ input: words(job.name, input), before: say(one, other), after: say(other, one) });
    if (differences.length >= MOST_DIFFERENCES) break;
  }
  return { captured: job.inputs.length, mutated: inputs.length - job.inputs.length, compared, differences, skipped, left_out: null };
}

let pending = null;
const step = new vm.Script("globalThis[Symbol.for('hephaestus.step')]()");
Object.defineProperty(globalThis, Symbol.for("hephaestus.step"), { value: () => pending(), configurable: true });

async function outcome(version, input) {
  const { args, state } = revive(input);
  let result;
  let self;
  pending = () => {
    ({ self, result } = call(version, { args, state }));
  };
  try {
    step.runInThisContext({ timeout: CALL_LIMIT_MS });
    if (typeof result?.then === "function") result = await limited(result);
  } catch (error) {
    if (error?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return { kind: "endless" };
    return told(() => ({ kind: "raised", error: raised(error), args: portable(args), self: portable(self) }));
  }
  return told(() => ({ kind: "returned", value: portable(result), args: portable(args), self: portable(self) }));
}

/** What cannot be put in words says nothing. */
export function told(words) {
  try {
    return words();
  } catch {
    return { kind: "opaque" };
  }
}

function limited(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error("it does not settle"), { code: "ERR_SCRIPT_EXECUTION_TIMEOUT" })), CALL_LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export function raised(error) {
  if (error === null || (typeof error !== "object" && typeof error !== "function")) return { thrown: portable(error) };
  return { name: String(error.name), message: String(error.message) };
}

/** A function of the language by its name. What any other one would do, nobody has seen. */
function named(value) {
  if (!/\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(value))) throw new TypeError("a function");
  return `[function ${value.name}]`;
}

/** A value as both versions of a module may have made it: instances of their own classes become fields and a class name. */
export function portable(value, seen = new Map()) {
  if (typeof value === "function") return named(value);
  if (typeof value === "symbol") return `[${String(value)}]`;
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return `[the same as ${seen.get(value)}]`;
  seen.set(value, seen.size);
  const parent = Object.getPrototypeOf(value);
  if (value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value)) return value;
  if (value instanceof Error) return { error: value.name, message: value.message, fields: portable({ ...value }, seen) };
  if (value instanceof Map) return { map: [...value].map(pair => pair.map(part => portable(part, seen))) };
  if (value instanceof Set) return { set: [...value].map(part => portable(part, seen)) };
  if (typeof value.next === "function" && typeof value[Symbol.iterator] === "function") return { iterates: taken(value).map(part => portable(part, seen)) };
  if (Array.isArray(value)) return Array.from(value, (part, at) => (at in value ? portable(part, seen) : "[hole]"));
  const fields = {};
  for (const key of Reflect.ownKeys(value)) {
    const field = { value: portable(value[key], seen), enumerable: true, configurable: true, writable: true };
    Object.defineProperty(fields, typeof key === "symbol" ? String(key) : key, field);
  }
  if (parent === Object.prototype) return fields;
  return { class: parent?.constructor?.name ?? null, fields };
}

function taken(iterator) {
  const parts = [];
  for (const part of iterator) if (parts.push(part) >= 200) break;
  return parts;
}

export function words(name, input) {
  const { args, state } = revive(input);
  const show = value => inspect(value, { depth: 4, breakLength: Infinity, maxStringLength: 200 });
  return `${name}(${args.map(show).join(", ")})${state === undefined ? "" : ` on ${show(state)}`}`.slice(0, 600);
}

function say(outcome, other) {
  const show = value => inspect(value, { depth: 5, breakLength: Infinity }).slice(0, 400);
  if (outcome.kind === "endless") return "does not end";
  if (outcome.kind === "opaque") return "a value that cannot be looked at";
  if (outcome.kind === "raised") return outcome.error.name === undefined ? `throws ${show(outcome.error.thrown)}` : `throws ${outcome.error.name}: ${outcome.error.message}`;
  if (other.kind === "returned" && isDeepStrictEqual(outcome.value, other.value)) return `${show(outcome.value)}, leaves ${show(outcome.args)}${outcome.self ? ` and ${show(outcome.self)}` : ""}`;
  return show(outcome.value);
}

/** An input made from another; null when there is nothing to change. */
export function mutated(input, random) {
  const value = revive(input);
  if (value.args.length === 0 && value.state === undefined) return null;
  const times = random() < 0.7 ? 1 : 2;
  for (let time = 0; time < times; time += 1) {
    const inState = value.state !== undefined && (value.args.length === 0 || random() < 0.3);
    if (inState) value.state = change(value.state, random, 0);
    else {
      const at = Math.floor(random() * value.args.length);
      value.args[at] = change(value.args[at], random, 0);
    }
  }
  try {
    return serialize(value).toString("base64");
  } catch {
    return null;
  }
}

const pick = (random, list) => list[Math.floor(random() * list.length)];
const LETTERS = [..."abcXYZ019 -_=./\\\"'\n\té中", ""];

function change(value, random, depth) {
  if (typeof value === "number") return pick(random, [value + 1, value - 1, 0, -value, value * 2, value / 2, value + 0.5, -1, 1, 10, 255, 1e9, ...(random() < 0.1 ? [NaN, Infinity] : [])]);
  if (typeof value === "bigint") return pick(random, [value + 1n, value - 1n, 0n, -value]);
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return changeText(value, random);
  if (value === null || value === undefined) return pick(random, [undefined, null, 0, "", false]);
  if (Array.isArray(value)) return changeList(value, random, depth);
  if (value instanceof Date) return new Date(value.getTime() + pick(random, [1, -1, 86400000, -86400000, 3600000]));
  if (value instanceof Map) return new Map(changeList([...value], random, depth + 1).filter(Array.isArray));
  if (value instanceof Set) return new Set(changeList([...value], random, depth));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const keys = Object.keys(value);
  if (keys.length === 0) return { [pick(random, ["a", "x", "0"])]: pick(random, [1, "", true]) };
  const key = pick(random, keys);
  if (random() < 0.2) delete value[key];
  else value[key] = depth > 8 ? value[key] : change(value[key], random, depth + 1);
  return value;
}

function changeText(value, random) {
  const at = Math.floor(random() * (value.length + 1));
  const letter = pick(random, LETTERS);
  const turn = [
    () => value.slice(0, at) + letter + value.slice(at),
    () => value.slice(0, Math.max(0, at - 1)) + value.slice(at),
    () => value + value,
    () => "",
    () => value.slice(0, at),
    () => value.slice(at),
    () => (value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase()),
    () => ` ${value} `,
    () => value.slice(0, at) + letter + value.slice(at + 1),
    () => [...value].reverse().join(""),
  ];
  return pick(random, turn)();
}

function changeList(value, random, depth) {
  const list = [...value];
  const at = Math.floor(random() * list.length);
  const turn = random();
  if (list.length === 0) return turn < 0.5 ? [pick(random, [0, 1, "", "a"])] : list;
  if (turn < 0.15) list.splice(at, 1);
  else if (turn < 0.3) list.splice(at, 0, structuredClone(list[at]));
  else if (turn < 0.4) list.reverse();
  else if (turn < 0.45) list.length = 0;
  else if (depth <= 8) list[at] = change(list[at], random, depth + 1);
  return list;
}
