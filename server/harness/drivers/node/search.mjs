// Requests to try very many variants: given to child processes that keep their modules loaded (hunt.mjs), watched, and gone on with
// where a process was lost; by way of ordinary runs where tests cannot be called directly. It must not run project code itself.

import { extname, isAbsolute, join } from "node:path";
import { Pool } from "./children.mjs";
import { Original } from "./edits.mjs";

/** How long a process may say nothing, and how long it may need before its first word, in milliseconds. */
const SILENCE = 1000;
const OPENING = 30000;
const LOOK = 100;
/** How many variants in a row are named one by one after a process was lost. */
const CAREFUL = 200;
/** CPU time for a plain run of tests, in seconds: beside what the unchanged code takes, and at most. */
const PLAIN = { least: 0.5, most: 8 };
const DIRECT = new Set(["node-test", "mocha", "tape"]);

export class Searches {
  constructor(session) {
    this.session = session;
    this.unfit = new Map();
    /** CPU time of a plain run of the unchanged code, in seconds. */
    this.usual = new Map();
  }

  close() {
    this.pool?.close();
  }

  async search(request, reply) {
    const one = new Search(this, request, reply);
    reply.cancel(() => one.giveUp());
    const reason = this.unable(one);
    if (!reason) {
      const end = await this.session.shared(() => one.directly());
      if (end !== null) return one.answer(end);
    }
    return one.answer(await one.plainly());
  }

  /** Why the tests cannot be called directly; null when they can, as far as is known. */
  unable({ file, wanted }) {
    const { mode, runner, listing } = this.session;
    if (!DIRECT.has(runner) || mode === "disk" || mode === "served") return "the runner keeps its tests to itself";
    if (listing.entangled || listing.dynamic) return "the tests build on each other";
    if (![".js", ".cjs", ".mjs"].includes(extname(file))) return "the file is not JavaScript";
    return this.unfit.get(wanted.join("\0")) ?? null;
  }

  /** The process for the next part of a search. */
  take() {
    this.pool ??= new Pool(this.session.settings(this.session.mode), { spares: 0 });
    return this.pool.take();
  }
}

class Search {
  constructor(searches, request, reply) {
    const { session } = searches;
    const known = id => session.listing.where.has(id);
    Object.assign(this, { searches, session, request, reply, given: false, act: null, cpu: 0, tried: 0 });
    this.file = isAbsolute(request.file) ? request.file : join(session.root, request.file);
    this.red = (request.red ?? []).filter(known);
    this.green = (request.green ?? []).filter(known);
    this.wanted = [...new Set([...this.red, ...this.green])];
    this.how = { shared: 0, forked: 0, reloaded: 0 };
    this.done = new Set();
    this.began = performance.now();
    this.until = this.began + (request.limit_s ?? 3600) * 1e3;
  }

  giveUp() {
    this.given = true;
    this.act?.();
  }

  left() {
    return (this.until - performance.now()) / 1e3;
  }

  rest() {
    return (this.request.variants ?? []).filter(([number]) => !this.done.has(number));
  }

  tell(results) {
    const fresh = results.filter(([number]) => !this.done.has(number));
    for (const [number] of fresh) this.done.add(number);
    if (fresh.length > 0) this.reply.say({ results: fresh });
    this.tried += fresh.length;
  }

  answer(end) {
    return { ...end, tried: this.tried, how: this.how, wall_s: (performance.now() - this.began) / 1e3, cpu_s: this.cpu };
  }

  /** Goes through the variants in one process after another; null when tests cannot be called directly. */
  async directly() {
    let careful = 0;
    let apart = false;
    for (let rest = this.rest(); rest.length > 0; rest = this.rest()) {
      if (this.given) return { end: "cancelled" };
      if (this.left() <= 0) return { end: "timeout" };
      const part = careful > 0 ? rest.slice(0, CAREFUL) : rest;
      const { end, now, silent } = await this.part(part, { careful: careful > 0, apart });
      if (this.given) return { end: "cancelled" };
      if (end.end === "unfaithful") {
        this.searches.unfit.set(this.wanted.join("\0"), end.reason);
        this.why = end.reason;
        return null;
      }
      if (end.end === "timeout") return { end: "timeout" };
      if (end.end === "spoiled") apart ||= end.apart === true;
      if (end.end === "broken") return { end: "broken", reason: end.reason };
      if (end.end === "died") {
        if (now !== null) {
          this.how.shared += 1;
          this.tell([[now, silent ? "timeout" : "died", 0, silent ? "silent" : "gone"]]);
        } else if (careful > 2) return { end: "broken", reason: end.reason };
        careful += 1;
      } else careful = 0;
    }
    return { end: "finished" };
  }

  /** One process's share. */
  async part(variants, { careful, apart }) {
    const { searches, request, session } = this;
    const child = await searches.take();
    let now = null;
    let silent = false;
    let quiet = 0;
    let patience = OPENING;
    let stop = null;
    // Looks are counted, not read off a clock: while everything is frozen, nobody can say anything.
    const watch = setInterval(() => {
      quiet += LOOK;
      if (quiet < patience) return;
      silent = true;
      stop?.();
    }, LOOK);
    const job = {
      do: "search", suite: session.settings(session.mode).init.suite, file: this.file, variants, red: this.red, green: this.green,
      ahead: request.ahead ?? 0, times: request.times, least_s: request.least_s, plan: this.plan(), careful, apart,
      expected: Object.fromEntries(this.wanted.map(id => [id, session.listing.outcomes.get(id)])),
    };
    const cancel = act => {
      stop = act;
      this.act = act;
      if (this.given) act();
    };
    const end = await child.run(job, { limit_s: Math.max(0.01, this.left()), cancel }, message => {
      quiet = 0;
      if (message.k === "began") patience = Math.max(SILENCE, 2 * message.slow + 300);
      else if (message.k === "now") now = message.number;
      else if (message.k === "tried") {
        for (const key of Object.keys(this.how)) this.how[key] += message.how[key];
        this.tell(message.results);
        now = null;
      }
    });
    clearInterval(watch);
    this.act = null;
    this.cpu += end.cpu_s ?? 0;
    if (end.end === "finished") await searches.pool.give(child);
    else child.kill();
    if (silent) return { end: { ...end, end: "died" }, now, silent };
    return { end, now, silent };
  }

  /** The test files with the wanted tests, and what the report calls their tests. */
  plan() {
    const { listing } = this.session;
    const parts = listing.choose(this.wanted).plan;
    const counts = new Map();
    const taken = new Map();
    for (const [at, { units }] of listing.files.entries()) {
      const own = [];
      for (const [unit, ids] of units.entries()) {
        const before = [];
        for (const id of ids ?? []) {
          const base = id.replace(/ #\d+$/, "");
          if (counts.has(base) && !before.some(([known]) => known === base)) before.push([base, counts.get(base)]);
        }
        for (const id of ids ?? []) {
          const base = id.replace(/ #\d+$/, "");
          counts.set(base, (counts.get(base) ?? 0) + 1);
        }
        own[unit] = before;
      }
      taken.set(at, own);
    }
    return parts.map(({ file, at }) => ({ file, at, units: listing.files[at].units, ids: listing.files[at].units.flat(), taken: taken.get(at) }));
  }

  /** Goes through the variants by ordinary runs. */
  async plainly() {
    const original = new Original(this.file);
    if (this.rest().length === 0) return { end: "finished" };
    const allowed = await this.allowance(original);
    for (const [number, edits] of this.rest()) {
      if (this.given) return { end: "cancelled" };
      if (this.left() <= 0) return { end: "timeout" };
      const text = original.edited(edits);
      const result = text === null ? ["unloadable", 0, ""] : await this.ran(text, allowed);
      if (result === null) return this.given ? { end: "cancelled" } : { end: "timeout" };
      this.how[this.session.mode === "warm" ? "reloaded" : "forked"] += 1;
      this.tell([[number, ...result]]);
    }
    return { end: this.given ? "cancelled" : "finished" };
  }

  /** How much CPU time a plain run may take, in seconds: by what the unchanged code takes, starting up included. */
  async allowance(original) {
    const { usual } = this.searches;
    const key = this.wanted.join("\0");
    if (!usual.has(key)) {
      const before = this.cpu;
      const seen = await this.ran(original.edited([]), PLAIN.most);
      // Given up in the middle, it says nothing.
      if (seen === null) return PLAIN.most;
      usual.set(key, this.cpu - before);
    }
    const least = Math.max(PLAIN.least, this.request.least_s ?? 0);
    return Math.min(PLAIN.most, least + 3 * usual.get(key));
  }

  /** One variant by ordinary runs: the first red tests, the other red tests, the green ones; null when time is over. */
  async ran(text, allowed) {
    const ahead = Math.max(1, this.request.ahead ?? 1);
    const parts = [[this.red.slice(0, ahead), false], [this.red.slice(ahead), true], [this.green, true]];
    let passed = 0;
    for (const [at, [tests, stop]] of parts.entries()) {
      if (tests.length === 0) continue;
      const left = this.left();
      if (left <= 0 || this.given) return null;
      const limits = { limit_s: Math.min(left, 4 * allowed + 2), cpu_s: allowed };
      const act = { cancel: stopping => (this.act = stopping), given: () => this.given };
      const answer = await this.session.run({ files: { [this.file]: text }, tests, stop, ...limits }, act);
      this.act = null;
      this.cpu += answer.cpu_s ?? 0;
      if (answer.end === "cancelled") return null;
      if (answer.end === "timeout" && this.left() <= 0) return null;
      if (at < 2) passed += answer.passed.length;
      if (answer.end === "unloadable") return ["unloadable", 0, ""];
      if (answer.end === "timeout" || answer.end === "died") return [answer.end, passed, answer.end];
      const [first] = answer.failed;
      const whole = answer.passed.length + (at === 2 ? answer.skipped.length : 0) === tests.length;
      if (first || !whole) return [at < 2 ? "failed" : "broken", passed, first ? worded(first.message) : "missing"];
    }
    return ["passed", passed, ""];
  }
}

/** A failure's mark from a report's words: the first line, without what changes from run to run. */
function worded(message) {
  const name = /\b(?:code: '?(\w+)|name: '?(\w+)|(\w*Error)\b)/.exec(message);
  const line = /\.test\.[cm]?[jt]s:(\d+)/.exec(message) ?? /:(\d+):\d+/.exec(message);
  return `${name ? (name[2] ?? name[3] ?? name[1]) : "failed"}:${line ? line[1] : ""}`;
}
