// One version of a module in a process of its own: runs calls and says what they do, or which of them do something else than
// written down. `child.mjs JOB ANSWER`; the answer grows line by line, so that what hangs or dies costs one call.

import { appendFileSync, readFileSync } from "node:fs";
import { Session } from "node:inspector";
import { isDeepStrictEqual } from "node:util";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { express, Opaque } from "./values.mjs";

const LIMIT_MS = 250;
const NOISE = 1e-9;
const [, , jobPath, answerPath] = process.argv;
const job = JSON.parse(readFileSync(jobPath, "utf8"));
const say = message => appendFileSync(answerPath, `${JSON.stringify(message)}\n`);

let unsteady = false;
const { random } = Math;
Math.random = () => ((unsteady = true), random());
const RealDate = Date;
globalThis.Date = new Proxy(RealDate, {
  construct(target, args, self) {
    if (args.length === 0) unsteady = true;
    return Reflect.construct(target, args, self);
  },
  apply(target) {
    unsteady = true;
    return target();
  },
  get: (target, key) => (key === "now" ? () => ((unsteady = true), target.now()) : Reflect.get(target, key)),
});

/** What the module shows to others, by the names that calls use. */
async function names() {
  const found = await import(pathToFileURL(job.file).href);
  const space = {};
  const whole = found.default;
  if (typeof whole === "function") space[job.whole] = whole;
  else if (whole !== null && typeof whole === "object" && job.isScript) Object.assign(space, whole);
  for (const key of Object.keys(found)) if (key !== "default" && key !== "module.exports" && !(key in space)) space[key] = found[key];
  return space;
}

const space = await names().catch(error => {
  say(["unloadable", String(error?.message ?? error)]);
  process.exit(0);
});
if (job.list) {
  const facts = Object.entries(space).filter(([, value]) => typeof value === "function");
  for (const [name, value] of facts) say(["function", name, Function.prototype.toString.call(value), value === space[job.whole] && name === job.whole]);
  process.exit(0);
}
Object.assign(globalThis, space);

/** What a call does. */
function run({ setup, call }) {
  unsteady = false;
  try {
    const text = setup.length === 0 ? `(${call})` : `(() => { ${setup.join(" ")} return (${call}); })()`;
    return { kind: "value", value: vm.runInThisContext(text, { timeout: LIMIT_MS }) };
  } catch (error) {
    if (error?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    return { kind: "error", value: error };
  }
}

const sources = readFileSync(job.file, "utf8").split("\n");

/** Whether the code means to throw it: there stands a `throw` where it comes from. */
function isMeant(error) {
  const place = /(?:file:\/\/)?([^\s()]+):(\d+):\d+\)?\s*$/m.exec(String(error?.stack ?? "").split("\n").slice(1).join("\n"));
  return place !== null && job.file.endsWith(place[1].split("/").at(-1)) && /\bthrow\b/.test(sources[Number(place[2]) - 1] ?? "");
}

function shown(call, value) {
  if (value !== null && typeof value === "object" && typeof value.next === "function" && Symbol.iterator in value) {
    return [`[...${call}]`, express([...value])];
  }
  try {
    return [call, express(value)];
  } catch (error) {
    if (!(error instanceof Opaque) || value === null || typeof value !== "object") throw error;
  }
  if (Object.getPrototypeOf(value) === null) return [`Object.assign({}, ${call})`, express({ ...value })];
  if (value.toString !== Object.prototype.toString && !Array.isArray(value)) return [`String(${call})`, express(String(value))];
  return [`Object.assign({}, ${call})`, express({ ...value })];
}

function learn(candidate) {
  const { kind, value } = run(candidate);
  if (unsteady) return null;
  if (kind === "error") {
    const name = value?.constructor?.name;
    return isMeant(value) && typeof name === "string" ? { ...candidate, kind, expected: name } : null;
  }
  if (typeof value?.then === "function") return null;
  const [call, expected] = shown(candidate.call, value);
  const made = { ...candidate, call, kind, expected };
  return differs(made) ? null : made;
}

function differs(candidate) {
  const { kind, value } = run(candidate);
  if (candidate.kind === "error") return kind !== "error" || value?.constructor?.name !== candidate.expected;
  if (kind === "error") return true;
  const wanted = vm.runInThisContext(`(${candidate.expected})`);
  if (typeof wanted === "number" && typeof value === "number" && candidate.expected.replace(/[-.0]*/, "").length > 14) {
    return Math.abs(value - wanted) > NOISE * Math.abs(wanted);
  }
  return !isDeepStrictEqual(value, wanted);
}

/** Which lines of the file run. */
class Lines {
  constructor() {
    this.session = new Session();
    this.session.connect();
    this.session.post("Profiler.enable");
    this.session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    this.text = readFileSync(job.file, "utf8");
    this.starts = [0];
    for (let at = this.text.indexOf("\n"); at !== -1; at = this.text.indexOf("\n", at + 1)) this.starts.push(at + 1);
    this.take();
  }

  take() {
    let found = [];
    this.session.post("Profiler.takePreciseCoverage", (_, answer) => (found = answer?.result ?? []));
    const url = pathToFileURL(job.file).href;
    const script = found.find(one => one.url === url || one.url === job.file);
    const counts = new Int32Array(this.text.length).fill(0);
    for (const { ranges } of script?.functions ?? []) for (const range of ranges) counts.fill(range.count, range.startOffset, Math.min(range.endOffset, counts.length));
    const lines = [];
    this.starts.forEach((start, at) => {
      const end = this.starts[at + 1] ?? this.text.length;
      for (let place = start; place < end; place += 1) {
        if (counts[place] > 0 && this.text[place].trim() !== "" && !"{}();,".includes(this.text[place])) {
          lines.push(at + 1);
          break;
        }
      }
    });
    return lines;
  }
}

const lines = job.learn ? new Lines() : null;
for (let at = job.from ?? 0; at < job.candidates.length; at += 1) {
  say(["at", at]);
  try {
    if (job.learn) {
      lines.take();
      const learned = learn(job.candidates[at]);
      const reached = lines.take();
      if (learned !== null) say(["learned", at, { ...learned, lines: reached }]);
    } else if (differs(job.candidates[at])) say(["kill", at]);
  } catch {
    // It takes too long, or cannot be written down.
  }
}
say(["done"]);
process.exit(0);
