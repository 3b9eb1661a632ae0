// One project under test: what its tests are, how a run must be isolated, and which child does it. It must not run tests itself.

import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, extname, isAbsolute, join, relative, sep } from "node:path";
import { Pool } from "./children.mjs";
import { Listing } from "./listing.mjs";

const SUITES = { "node-test": "node", tape: "tape", mocha: "mocha", jest: "jest", vitest: "vitest" };
/** Runners that keep a server of their own and take a variant from the disk. */
const SERVED = new Set(["jest", "vitest"]);
const FLAGS = ["--expose-internals", "--experimental-vm-modules", "--experimental-import-meta-resolve", "--no-warnings", "--max-semi-space-size=32"];
/** Files whose text a module loader reads; others are read by the project itself, from the disk. */
const LOADED = new Set([".js", ".cjs", ".mjs", ".json"]);
const LISTING_LIMIT = 600;

export class Session {
  constructor(runner) {
    this.runner = runner;
    this.mode = "warm";
    this.running = 0;
    this.waiting = [];
    this.disk = Promise.resolve();
    this.reading = new Set();
    this.notes = [];
  }

  async handle(request, reply) {
    if (request.do === "load") return this.load(request);
    if (!this.listing) return { end: "broken", reason: "nothing is loaded" };
    if (request.do === "survey") return this.shared(() => this.survey(request, reply));
    if (request.do === "run") return this.queued(reply, () => this.run(request, reply));
    if (request.do === "search") {
      const { Searches } = await import("./search.mjs");
      this.searches ??= new Searches(this);
      return this.queued(reply, () => this.searches.search(request, reply));
    }
    if (["capture", "compare", "bench", "behave"].includes(request.do)) {
      const { Functions } = await import("./functions.mjs");
      this.functions ??= new Functions(this);
      return this.queued(reply, () => this.shared(() => this.functions[request.do](request, reply)));
    }
    return { end: "broken", reason: `there is no request "${request.do}"` };
  }

  close() {
    this.pool?.close();
    this.writing?.close();
    this.functions?.close();
    this.searches?.close();
    this.restore?.();
  }

  async load({ root, args = [], slots = 1, memory_mb: memory, env = {} }) {
    const began = performance.now();
    const suite = SUITES[this.runner];
    if (!suite) return { end: "unfit", reason: `there is no runner "${this.runner}" here` };
    this.root = root;
    this.slots = Math.max(1, slots);
    this.args = args;
    this.base = { root, memory_mb: memory, env };
    if (SERVED.has(this.runner)) this.mode = "served";
    const options = env.NODE_OPTIONS ?? process.env.NODE_OPTIONS ?? "";
    if (/--(?:experimental-)?(?:loader|import)|--require|-r\b/.test(options)) this.mode = "disk";
    try {
      await this.list(suite);
    } catch (error) {
      this.close();
      return { end: "unfit", reason: String(error?.message ?? error) };
    }
    return { end: "loaded", tests: this.listing.ids(), wall_s: (performance.now() - began) / 1e3, cpu_s: this.spent, notes: this.notes };
  }

  settings(mode) {
    const served = mode === "served";
    const init = { root: this.root, args: this.args, runner: this.runner, suite: SUITES[this.runner], single: mode === "single" || mode === "disk", native: mode === "disk" };
    const flags = [...(served ? [] : FLAGS), ...(this.runner === "node-test" ? ["--test-reporter=tap"] : [])];
    return { ...this.base, init, flags, program: served ? "host.mjs" : "child.mjs" };
  }

  restart(mode) {
    this.pool?.close();
    this.mode = mode;
    this.pool = new Pool(this.settings(mode), { spares: 1 });
  }

  /** Runs the suite on the unchanged code: once to know its tests, once more to see that a used process runs them alike. */
  async list(suite) {
    this.spent = 0;
    this.restart(this.mode);
    const first = await this.whole();
    if (this.mode === "warm" && (first.end.needs?.outside.length || first.end.needs?.mixed)) {
      const [name] = first.end.needs.outside;
      this.notes.push(name ? `the tests use ${name}: variants are written to the disk, one process each` : "CommonJS requires ES modules: one process each");
      this.restart("disk");
      this.listing = (await this.whole()).listing;
      return;
    }
    this.listing = first.listing;
    if (this.mode === "warm" && first.end.needs?.lasting.length) {
      this.notes.push(`the tests use ${first.end.needs.lasting.join(", ")}: one process each`);
      this.restart("single");
    }
    if (this.mode === "warm") {
      const again = await this.whole();
      if (!this.listing.same(again.listing)) {
        this.notes.push("the tests do not do the same in a used process: one process each");
        this.restart("single");
      }
    }
    this.listing.dynamic = first.end.dynamic === true;
    if (suite === "tape" || suite === "mocha") await this.apart();
    this.pool.fill();
  }

  async whole() {
    const child = await this.pool.take();
    const listing = new Listing((await child.ready).files, this.root);
    const job = { do: "run", plan: listing.plan(), files: {} };
    const { end, child: left } = await this.each(this.pool, child, job, { limit_s: LISTING_LIMIT }, message => listing.hear(message));
    this.spent += end.cpu_s ?? 0;
    await this.pool.give(left);
    if (end.end !== "finished") throw new Error(`the suite ${end.end} on the unchanged code: ${end.reason ?? ""}`);
    listing.close();
    return { listing, end };
  }

  /**
   * Runs a job in a child; where processes are used once, node's own runner gets one per file, as in a plain run. Answers the end
   * and the child that is left.
   */
  async each(pool, child, job, limits, heard) {
    const { single } = pool.settings.init;
    if (this.runner !== "node-test" || !single || job.plan.length < 2) return { end: await child.run(job, limits, heard), child };
    const ignore = new Set(job.ignore ?? []);
    const ids = [];
    const began = performance.now();
    let here = child;
    let total = null;
    let stopped = false;
    for (const [at, part] of job.plan.entries()) {
      if (at > 0) {
        await pool.give(here);
        here = await pool.take();
      }
      const left = limits.limit_s ? Math.max(0.01, limits.limit_s - (performance.now() - began) / 1e3) : undefined;
      const budget = limits.cpu_s ? Math.max(0.01, limits.cpu_s - (total?.cpu_s ?? 0)) : undefined;
      const alone = { ...job, plan: [{ ...part, reserve: [...(part.reserve ?? []), ...ids] }] };
      const end = await here.run(alone, { ...limits, limit_s: left, cpu_s: budget }, message => {
        for (const [id, outcome] of message.results ?? []) {
          ids.push(id);
          stopped ||= outcome === "failed" && job.stop && !ignore.has(id);
        }
        heard(message.k === "at" || message.k === "lines" ? { ...message, at } : message);
      });
      total = total === null ? end : added(total, end);
      if (end.end !== "finished" || stopped) break;
    }
    return { end: total, child: here };
  }

  /** Whether each file's tests do alone what they do in the whole suite: only then may a run leave other files out. */
  async apart() {
    const { files } = this.listing;
    for (const [at] of files.entries()) {
      if (files.length < 2) break;
      const got = new Map();
      const child = await this.pool.take();
      const job = { do: "run", plan: this.listing.plan([at]), files: {} };
      const end = await child.run(job, { limit_s: 60 }, message => message.k === "results" && message.results.forEach(([id, outcome]) => got.set(id, outcome)));
      this.spent += end.cpu_s ?? 0;
      await this.pool.give(child);
      const same = end.end === "finished" && this.listing.alike(at, got);
      if (same) continue;
      this.listing.entangled = true;
      this.notes.push(`${relative(this.root, files[at].file)} does not do the same alone: files are run with those before them`);
      return;
    }
  }

  /** Waits for a free slot. */
  async queued(reply, act) {
    const most = this.mode === "disk" || this.mode === "served" ? 1 : this.slots;
    if (this.running >= most) await new Promise(resolve => this.waiting.push(resolve));
    this.running += 1;
    try {
      if (reply.given()) return { end: "cancelled", passed: [], skipped: [], failed: [], running: null };
      return await act();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  absolute(files) {
    return Object.fromEntries(Object.entries(files ?? {}).map(([path, text]) => [isAbsolute(path) ? path : join(this.root, path), text]));
  }

  async run(request, reply) {
    const files = this.absolute(request.files);
    const chosen = this.listing.choose(request.tests);
    if (chosen.plan.length === 0) return { end: "finished", passed: [], skipped: [], failed: [], running: null, how: "swap", wall_s: 0, cpu_s: 0, rss_kb: 0 };
    const unread = Object.keys(files).find(path => !LOADED.has(extname(path)) || path.endsWith(`${sep}package.json`));
    if (unread || this.mode === "disk" || this.mode === "served") return this.written(files, chosen, request, reply);
    const answer = await this.shared(() => this.job(this.pool, files, chosen, request, reply));
    if (!answer.needs?.outside.length && !answer.needs?.mixed) return strip(answer);
    // The variant starts programs, which read the workspace from the disk.
    return this.written(files, chosen, request, reply);
  }

  /** One run in a child; `after` is called when it is over, before the child is looked after. */
  async job(pool, files, chosen, request, reply, { child: ready, after } = {}) {
    const child = ready ?? (await pool.take());
    const heard = { passed: [], skipped: [], failed: [], at: null, partial: [] };
    const job = { do: "run", files, plan: chosen.plan, ignore: chosen.ignore, only: chosen.only, stop: request.stop === true };
    const ignore = new Set(chosen.ignore);
    const take = message => {
      if (message.k === "at") heard.at = message;
      // Runners with workers tell all outcomes at the end: what came before counts only when there was no end.
      if (message.k === "partial") heard.partial.push(...message.results);
      if (message.k !== "results") return;
      for (const [id, outcome, words] of message.results) {
        if (ignore.has(id)) continue;
        if (outcome === "failed") heard.failed.push({ id, message: words });
        else heard[outcome].push(id);
      }
    };
    const { end, child: left } = await this.each(pool, child, job, { ...request, cancel: reply.cancel }, take);
    after?.();
    const given = pool.give(left);
    if (this.mode === "served") await given;
    const stopped = end.end === "timeout" || end.end === "died";
    if (stopped && heard.passed.length + heard.failed.length === 0) take({ k: "results", results: heard.partial });
    const { passed, skipped, failed, at } = heard;
    const running = stopped ? (end.running ?? this.listing.next(chosen, at, [...passed, ...skipped, ...failed.map(({ id }) => id)])) : null;
    const { k, dynamic, loaded, ...rest } = end;
    return { ...rest, passed, skipped, failed, running, how: this.mode === "warm" ? "swap" : this.mode };
  }

  /** Does something that reads the workspace: never while a variant is written in it. */
  async shared(act) {
    for (let lock = null; lock !== this.disk; ) {
      lock = this.disk;
      await lock;
    }
    const doing = act();
    const over = doing.catch(() => {});
    this.reading.add(over);
    try {
      return await doing;
    } finally {
      this.reading.delete(over);
    }
  }

  /** Runs with the variant's texts in the files, one run at a time, and puts the old ones back. */
  async written(files, chosen, request, reply) {
    const before = this.disk;
    let free;
    this.disk = new Promise(resolve => (free = resolve));
    await before;
    await Promise.all([...this.reading, this.pool.steady(), ...this.pool.settling]);
    const pool = this.mode === "served" || this.mode === "disk" ? this.pool : (this.writing ??= new Pool(this.settings("disk"), { spares: 0 }));
    let undo = () => {};
    try {
      // Whatever starts up must find the old texts.
      const child = await pool.take();
      await pool.steady();
      undo = write(files);
      this.restore = undo;
      return strip({ ...(await this.job(pool, files, chosen, request, reply, { child, after: undo })), how: this.mode === "served" ? "served" : "disk" });
    } finally {
      undo();
      this.restore = null;
      free();
    }
  }

  async survey(request, reply) {
    const began = performance.now();
    const chosen = this.listing.choose(request.tests);
    const trace = request.trace === true;
    const mode = this.mode === "warm" && trace ? "single" : this.mode;
    const pool = mode === this.mode ? this.pool : new Pool(this.settings(mode), { spares: 0 });
    const child = await pool.take();
    const waiting = new Map();
    const ignore = new Set(chosen.ignore);
    let last = performance.now();
    const tell = (id, outcome, message, wall, lines) => {
      if (!ignore.has(id)) reply.say({ test: id, outcome, message, wall_s: wall, ...(trace ? { lines } : {}) });
    };
    const heard = message => {
      if (message.k === "results") {
        const wall = (performance.now() - last) / 1e3 / message.results.length;
        last = performance.now();
        for (const [id, outcome, words, took] of message.results) {
          if (trace) waiting.set(id, [outcome, words, took ?? wall]);
          else tell(id, outcome, words, took ?? wall);
        }
      } else if (message.k === "lines") {
        // Lines come for all tests of a unit, or for those that are named.
        for (const id of message.ids ?? [...waiting.keys()]) {
          const test = waiting.get(id);
          if (!test) continue;
          waiting.delete(id);
          tell(id, ...test, message.lines);
        }
      }
    };
    const job = { do: "run", survey: true, files: {}, plan: chosen.plan, ignore: chosen.ignore, only: chosen.only, stop: false, trace };
    const { end, child: left } = await this.each(pool, child, job, { limit_s: request.limit_s, cancel: reply.cancel }, heard);
    for (const [id, test] of waiting) tell(id, ...test, end.loaded ?? {});
    if (pool === this.pool) await pool.give(left);
    else pool.close();
    const answer = { end: end.end, loaded: trace ? (end.loaded ?? {}) : undefined, wall_s: (performance.now() - began) / 1e3, cpu_s: end.cpu_s };
    if (end.reason) answer.reason = end.reason;
    return answer;
  }
}

/** The end of two runs, one after the other. */
function added(one, two) {
  const needs = { lasting: [], outside: [], mixed: null };
  for (const end of [one, two]) {
    needs.lasting.push(...(end.needs?.lasting ?? []));
    needs.outside.push(...(end.needs?.outside ?? []));
    needs.mixed ??= end.needs?.mixed ?? null;
  }
  const loaded = one.loaded || two.loaded ? { ...one.loaded } : undefined;
  for (const [path, lines] of Object.entries(two.loaded ?? {})) loaded[path] = [...(loaded[path] ?? []), ...lines];
  const rss = Math.max(one.rss_kb ?? 0, two.rss_kb ?? 0);
  return { ...two, needs, loaded, wall_s: (one.wall_s ?? 0) + (two.wall_s ?? 0), cpu_s: (one.cpu_s ?? 0) + (two.cpu_s ?? 0), rss_kb: rss };
}

function strip(answer) {
  const { needs, ...rest } = answer;
  return rest;
}

let stamp = 0;

/** Writes texts into files; answers how to undo it. Each text has a time stamp of its own, since caches go by it. */
function write(files) {
  const undone = [];
  for (const [path, text] of Object.entries(files)) {
    let old = null;
    let times = null;
    try {
      old = readFileSync(path);
      const { atime, mtime } = statSync(path);
      times = [atime, mtime];
    } catch {
      // The variant adds this file.
    }
    if (text === null) rmSync(path, { force: true });
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      stamp += 2;
      const when = new Date(Date.UTC(2030, 0, 1) + stamp * 1000);
      utimesSync(path, when, when);
    }
    undone.push(() => {
      if (old === null) return rmSync(path, { force: true });
      writeFileSync(path, old);
      return utimesSync(path, ...times);
    });
  }
  return () => undone.splice(0).forEach(undo => undo());
}
