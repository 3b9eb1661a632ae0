// Looks for calls of a module that tell faulty versions of it from the unchanged one: `explore.mjs REQUEST ANSWER`
// (../README.md). Faulty versions take the file's place, one after the other: it runs where nobody else looks at the files.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chance, express, guesses, like, pick, simpler } from "./values.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const FIRST = 60;
const BATCH = 700;
const MOST_PER_VARIANT = 500;
const HANG_MS = 8000;
const WORD = /^[A-Za-z_$][\w$]*$/;

const [, , requestPath, answerPath] = process.argv;
const request = JSON.parse(readFileSync(requestPath, "utf8"));

class Exploration {
  constructor() {
    this.file = join(request.root, request.file);
    this.data = readFileSync(this.file);
    this.until = performance.now() + request.limit_s * 1e3;
    this.temp = mkdtempSync(join(tmpdir(), "explore-"));
    this.random = chance((request.seed ?? 0) + 1);
    this.text = this.data.toString("utf8");
    const isModule = [".mjs", ".mts"].includes(extname(this.file)) || /^(import|export)\s/m.test(this.text);
    this.isScript = !isModule;
    this.whole = this.nameOfWhole();
    this.known = constants(this.text);
    this.seen = new Set();
    this.candidates = [];
    this.variants = new Map(request.variants.map(([number, edits]) => [number, { edits, lines: this.linesOf(edits) }]));
    this.alive = new Set(this.variants.keys());
    this.unloadable = [];
  }

  /** What a module that is a function is called in tests. */
  nameOfWhole() {
    const stem = basename(this.file).split(".")[0];
    const name = stem === "index" ? basename(dirname(this.file)).replace(/^(src|lib|dist|w|x_.*|root)$/, "main") : stem;
    const own = packageName();
    const chosen = stem === "index" && own !== null ? own : name;
    const words = chosen.split(/[^A-Za-z0-9]+/).filter(Boolean);
    const joined = words.map((word, at) => (at === 0 ? word : word[0].toUpperCase() + word.slice(1))).join("");
    return WORD.test(joined) ? joined : "subject";
  }

  linesOf(edits) {
    const lines = new Set();
    for (const [start, end] of edits) {
      const first = count(this.data.subarray(0, start));
      const last = count(this.data.subarray(0, Math.max(start, end - 1)));
      for (let line = first; line <= last; line += 1) lines.add(line);
    }
    return lines;
  }

  left() {
    return this.until - performance.now();
  }

  /** Runs a child on what lies in the file's place. */
  child(job) {
    const jobPath = join(this.temp, "job.json");
    const told = join(this.temp, "told.jsonl");
    writeFileSync(jobPath, JSON.stringify({ file: this.file, whole: this.whole, isScript: this.isScript, ...job }));
    writeFileSync(told, "");
    spawnSync(process.execPath, [join(HERE, "child.mjs"), jobPath, told], { cwd: request.root, stdio: "ignore", timeout: HANG_MS, killSignal: "SIGKILL" });
    return readFileSync(told, "utf8").split("\n").filter(Boolean).map(line => JSON.parse(line));
  }

  /** Functions of the module, with the names of their parameters. */
  functions() {
    const found = this.child({ list: true, candidates: [] });
    const why = found.find(([kind]) => kind === "unloadable");
    if (why) throw new Error(why[1]);
    return found.filter(([kind]) => kind === "function").map(([, name, text, isWhole]) => ({ name, isWhole, isClass: /^class\b/.test(text), parameters: parameters(text) }));
  }

  /** What tests call the module with. */
  captured() {
    const found = [];
    if (!this.isScript) return found;
    for (const test of request.tests ?? []) {
      if (this.left() < request.limit_s * 600) break;
      const kept = join(this.temp, "calls.json");
      const env = { ...process.env, HEPHAESTUS_FILE: this.file, HEPHAESTUS_CALLS: kept, HEPHAESTUS_VALUES: join(HERE, "values.mjs") };
      spawnSync(process.execPath, ["--require", join(HERE, "capture.cjs"), test], { cwd: request.root, env, stdio: "ignore", timeout: 5000, killSignal: "SIGKILL" });
      if (existsSync(kept)) found.push(...JSON.parse(readFileSync(kept, "utf8")));
    }
    return found;
  }

  add(fn, args, into) {
    let texts;
    try {
      texts = args.map(one => express(one));
    } catch {
      return;
    }
    while (texts.at(-1) === "undefined") texts.pop();
    const call = fn.isClass ? `new ${fn.name}(${texts.join(", ")})` : `${fn.name}(${texts.join(", ")})`;
    if (this.seen.has(call) || call.length > 400) return;
    this.seen.add(call);
    into.push({ fn, args: texts, setup: [], call, kills: new Set() });
  }

  first(fn, seeds) {
    const found = [];
    const own = seeds.filter(([name]) => name === fn.name || (fn.isWhole && name === "default")).map(([, texts]) => texts.map(value));
    for (const args of own) this.add(fn, args, found);
    const pools = fn.parameters.map((name, at) => [...own.map(args => args[at]).filter(one => one !== undefined), ...guesses(name)]);
    for (let turn = 0; turn < FIRST * 2 && found.length < FIRST + own.length; turn += 1) {
      this.add(fn, pools.map(pool => pick(this.random, pool)), found);
    }
    return found;
  }

  offspring() {
    const made = [];
    for (const number of this.alive) {
      const { lines } = this.variants.get(number);
      const parents = this.candidates.filter(one => one.lines.some(line => lines.has(line)));
      for (let turn = 0; turn < (parents.length > 0 ? 30 : 0); turn += 1) {
        const parent = pick(this.random, parents);
        const args = parent.args.map(value);
        while (args.length < parent.fn.parameters.length && this.random() < 0.4) args.push(pick(this.random, guesses(parent.fn.parameters[args.length])));
        for (let step = this.random() < 0.5 ? 1 : 2; step > 0 && args.length > 0; step -= 1) {
          const at = Math.floor(this.random() * args.length);
          args[at] = like(args[at], this.random, this.known);
        }
        this.add(parent.fn, args, made);
      }
    }
    return made.slice(0, BATCH);
  }

  learn(candidates) {
    const good = [];
    for (let from = 0; from < candidates.length && this.left() > 0; ) {
      const told = this.child({ learn: true, from, candidates: candidates.map(({ setup, call }) => ({ setup, call })) });
      for (const [kind, at, learned] of told) {
        if (kind === "learned") good.push(Object.assign(candidates[at], learned));
      }
      const last = told.filter(([kind]) => kind === "at").at(-1);
      if (told.at(-1)?.[0] === "done" || last === undefined) break;
      from = last[1] + 1;
    }
    this.candidates.push(...good);
    return good;
  }

  kills(edits, candidates) {
    writeFileSync(this.file, this.edited(edits));
    try {
      const told = this.child({ candidates: candidates.map(({ setup, call, kind, expected }) => ({ setup, call, kind, expected })) });
      if (told.some(([kind]) => kind === "unloadable")) return null;
      return told.filter(([kind]) => kind === "kill").map(([, at]) => candidates[at]);
    } finally {
      writeFileSync(this.file, this.data);
    }
  }

  edited(edits) {
    const parts = [];
    let at = 0;
    for (const [start, end, text] of edits) {
      parts.push(this.data.subarray(at, start), Buffer.from(text));
      at = end;
    }
    return Buffer.concat([...parts, this.data.subarray(at)]);
  }

  hunt(candidates) {
    for (const number of [...this.alive]) {
      if (this.left() < 0) return;
      const { edits, lines } = this.variants.get(number);
      const reaching = candidates.filter(one => one.lines.some(line => lines.has(line))).sort((a, b) => cost(a) - cost(b)).slice(0, MOST_PER_VARIANT);
      if (reaching.length === 0) continue;
      const found = this.kills(edits, reaching);
      if (found === null) this.unloadable.push(number);
      for (const one of found ?? []) one.kills.add(number);
      if (found === null || found.length > 0) this.alive.delete(number);
    }
  }

  /** Shows those that are any good to every version: who notices what else. */
  complete() {
    const best = this.candidates.filter(one => one.kills.size > 0).sort((a, b) => cost(a) - cost(b)).slice(0, MOST_PER_VARIANT);
    for (const [number, { edits, lines }] of this.variants) {
      if (this.alive.has(number) || this.unloadable.includes(number) || this.left() < -10000) continue;
      const others = best.filter(one => !one.kills.has(number) && one.lines.some(line => lines.has(line)));
      for (const one of (others.length > 0 && this.kills(edits, others)) || []) one.kills.add(number);
    }
  }

  work() {
    const seeds = this.captured();
    const good = [];
    for (const fn of this.functions()) good.push(...this.learn(this.first(fn, seeds)));
    this.hunt(good);
    for (let turn = 0; turn < 60 && this.alive.size > 0 && this.left() > 1000; turn += 1) {
      const made = this.offspring();
      if (made.length === 0) break;
      this.hunt(this.learn(made));
    }
    this.shrink();
    this.complete();
  }

  /** Looks for simpler calls that do the same service. */
  shrink() {
    for (let turn = 0; turn < 4; turn += 1) {
      const best = new Map();
      for (const one of [...this.candidates].sort((a, b) => cost(a) - cost(b))) for (const number of one.kills) if (!best.has(number)) best.set(number, one);
      const made = [];
      for (const one of new Set(best.values())) {
        const args = one.args.map(value);
        for (const [at, text] of one.args.entries()) for (const less of simpler(value(text))) this.add(one.fn, args.map((own, place) => (place === at ? less : own)), made);
        this.add(one.fn, args.slice(0, -1), made);
      }
      if (made.length === 0 || this.left() < -5000) return;
      this.until += 2000;
      const good = this.learn(made.slice(0, BATCH));
      for (const number of best.keys()) {
        const { edits, lines } = this.variants.get(number);
        const own = good.filter(one => one.lines.some(line => lines.has(line)));
        if (own.length > 0 && this.left() > -5000) for (const one of this.kills(edits, own) ?? []) one.kills.add(number);
      }
    }
  }

  answer() {
    const covered = new Set(request.covered ?? []);
    const same = new Map();
    const kept = [];
    for (const one of this.candidates.sort((a, b) => cost(a) - cost(b))) {
      const key = [...one.kills].sort((a, b) => a - b).join();
      const isNew = one.lines.some(line => !covered.has(line));
      const before = same.get(key) ?? 0;
      if (!((key !== "" && before < 3) || isNew)) continue;
      same.set(key, before + 1);
      for (const line of one.lines) covered.add(line);
      kept.push(one);
    }
    return { cases: kept.map(one => this.case(one)), tried: this.seen.size, unloadable: this.unloadable };
  }

  case(one) {
    const { name, isWhole } = one.fn;
    return {
      function: name, setup: one.setup, call: one.call, kind: one.kind, expected: one.expected, symbols: [isWhole ? `default ${name}` : name],
      preamble: [], kills: [...one.kills], lines: one.lines, cost: cost(one),
    };
  }
}

function cost(one) {
  return one.call.length + (one.expected ?? "").length + (one.kind === "error" ? 30 : 0);
}

function count(data) {
  let lines = 1;
  for (const byte of data) if (byte === 10) lines += 1;
  return lines;
}

function value(text) {
  return (0, eval)(`(${text})`);
}

function packageName() {
  try {
    const { name } = JSON.parse(readFileSync(join(request.root, "package.json"), "utf8"));
    return typeof name === "string" ? name.split("/").at(-1) : null;
  } catch {
    return null;
  }
}

/** The names of a function's parameters. */
function parameters(text) {
  const head = /^class\b/.test(text) ? text.slice(Math.max(0, text.indexOf("constructor"))) : text;
  const inner = /^(?:async\s+)?(?:function\s*\*?\s*[\w$]*\s*)?(?:constructor\s*|[\w$]+\s*)?\(([^)]*)\)/.exec(head)?.[1] ?? /^(?:async\s+)?([\w$]+)\s*=>/.exec(head)?.[1] ?? "";
  return inner.split(",").map(part => part.replace(/=.*$/s, "").replace(/[.\s]/g, "")).filter(Boolean);
}

/** The plain constants of a text. */
function constants(text) {
  const found = new Set();
  for (const [, , inner] of text.matchAll(/(["'])((?:(?!\1)[^\\\n]|\\.){0,30})\1/g)) found.add(inner);
  for (const [number] of text.matchAll(/(?<![\w.$])\d+(?:\.\d+)?\b/g)) found.add(Number(number));
  for (const [, word] of text.matchAll(/\.([a-zA-Z_$][\w$]*)\b/g)) if (word.length < 14) found.add(word);
  return [...found].slice(0, 120);
}

let answer;
const exploration = new Exploration();
try {
  exploration.work();
  answer = exploration.answer();
} catch (error) {
  answer = { unfit: String(error?.message ?? error) };
} finally {
  rmSync(exploration.temp, { recursive: true, force: true });
}
writeFileSync(answerPath, JSON.stringify(answer));
