// Captured inputs of functions, kept between requests, and the requests that use them. It must not run project code itself.

import { Pool } from "./children.mjs";
import { join } from "node:path";

/** How many different inputs of a function are kept at most for a table. */
const MOST_INPUTS = 200;

/** What came of variants on inputs, from one process or several. */
class Table {
  constructor() {
    Object.assign(this, { inputs: [], captured: 0, said: [], rows: new Map(), own: [], now: null });
  }

  /** Another process numbers what it says anew. */
  begin() {
    this.own = [];
    this.now = null;
  }

  hear(message) {
    if (message.k === "inputs") Object.assign(this, { inputs: message.inputs, captured: message.captured });
    else if (message.k === "now") this.now = message.number;
    else if (message.k === "row") {
      for (const text of message.fresh) {
        const cut = text.length >= 200;
        const known = cut ? -1 : this.said.indexOf(text);
        this.own.push(known === -1 || this.own.includes(known) ? this.said.push(text) - 1 : known);
      }
      this.rows.set(message.number, message.row.map(at => (at < 0 ? at : this.own[at])));
      this.now = null;
    }
  }

  /** Takes note of a variant with which its process was lost; false where there was none. */
  lost(how) {
    if (how !== "died" || this.now === null) return false;
    this.rows.set(this.now, this.inputs.map(() => -1));
    return true;
  }

  answer() {
    return { inputs: this.inputs, captured: this.captured, said: this.said, table: [...this.rows] };
  }
}

export class Functions {
  constructor(session) {
    this.session = session;
    this.kept = new Map();
  }

  close() {
    this.pool?.close();
  }

  unable() {
    const { mode, runner } = this.session;
    if (mode === "served") return `functions are not captured under ${runner}`;
    return mode === "disk" ? "functions are not captured where tests start programs" : null;
  }

  async job(job, request, reply, heard = () => {}) {
    this.pool ??= new Pool(this.session.settings("single"), { spares: 0 });
    const child = await this.pool.take();
    try {
      return await child.run(job, { limit_s: request.limit_s, cancel: reply.cancel }, heard);
    } finally {
      child.kill();
    }
  }

  async capture(request, reply) {
    const functions = request.functions ?? [];
    const reason = this.unable();
    if (reason) return { end: "finished", functions: functions.map(({ file, name }) => ({ file, name, inputs: 0, left_out: reason })), wall_s: 0, cpu_s: 0 };
    const chosen = this.session.listing.choose(request.tests);
    const wanted = functions.map(({ file, name }) => ({ file: join(this.session.root, file), name }));
    const job = { do: "capture", functions: wanted, most: request.most ?? 200, plan: chosen.plan, ignore: chosen.ignore, only: chosen.only, files: {}, stop: false };
    const end = await this.job(job, request, reply);
    const found = new Map((end.functions ?? []).map(entry => [`${entry.file}#${entry.name}`, entry]));
    const answers = functions.map(({ file, name }) => {
      const entry = found.get(`${join(this.session.root, file)}#${name}`) ?? { inputs: [], left_out: end.reason ?? "the tests did not end" };
      this.kept.set(`${file}#${name}`, entry);
      return { file, name, inputs: entry.inputs.length, left_out: entry.left_out };
    });
    return { end: end.end, reason: end.reason, functions: answers, wall_s: end.wall_s, cpu_s: end.cpu_s };
  }

  /** The inputs of one function in these tests, and why there are none. */
  async inputs({ file, name, tests, limit_s: limit }, reply) {
    const answer = await this.capture({ functions: [{ file, name }], tests, most: MOST_INPUTS, limit_s: limit }, reply);
    const entry = this.kept.get(`${file}#${name}`);
    if (answer.end !== "finished" && answer.end !== "died") return { ...entry, left_out: answer.reason ?? "the tests did not end", cpu_s: answer.cpu_s, end: answer.end };
    return { ...entry, cpu_s: answer.cpu_s };
  }

  /** What variants of a function do on inputs: in one process after another, since a variant may end its process. */
  async behave(request, reply) {
    const began = performance.now();
    const until = began + (request.limit_s ?? 60) * 1e3;
    const table = new Table();
    const found = await this.inputs(request, reply);
    let cpu = found.cpu_s ?? 0;
    const answer = end => ({ ...end, ...table.answer(), wall_s: (performance.now() - began) / 1e3, cpu_s: cpu });
    if (found.left_out) return answer({ end: found.end === "cancelled" ? "cancelled" : "finished", left_out: found.left_out });
    const { file, name, seed, mutations, examples, variants } = request;
    const path = join(this.session.root, file);
    for (let rest = variants; ; rest = variants.filter(([number]) => !table.rows.has(number))) {
      if (rest.length === 0) return answer({ end: "finished", left_out: null });
      if (performance.now() >= until) return answer({ end: "timeout", left_out: null });
      table.begin();
      const job = { do: "behave", file: path, name, seed, mutations, examples, variants: rest, inputs: found.inputs, plan: [], files: {} };
      const end = await this.job(job, { limit_s: Math.max(0.05, (until - performance.now()) / 1e3) }, reply, message => table.hear(message));
      cpu += end.cpu_s ?? 0;
      if (end.left_out) return answer({ end: "finished", left_out: end.left_out });
      if (end.end !== "finished" && !table.lost(end.end)) return answer({ end: end.end, reason: end.reason, left_out: null });
    }
  }

  async compare(request, reply) {
    return this.pair("compare", request, reply, { captured: 0, mutated: 0, differences: [], skipped: 0 });
  }

  async bench(request, reply) {
    return this.pair("bench", request, reply, { samples: [], inputs: 0 });
  }

  async pair(what, request, reply, none) {
    const { file, name } = request;
    const entry = this.kept.get(`${file}#${name}`);
    const reason = this.unable() ?? (entry ? entry.left_out : "nothing was captured of it");
    if (reason) return { end: "finished", ...none, left_out: reason, wall_s: 0, cpu_s: 0 };
    const files = request.files ? this.session.absolute(request.files) : null;
    const { id, do: _, files: __, file: ___, ...rest } = request;
    const job = { ...rest, do: what, name, file: join(this.session.root, file), files: {}, changed: files, inputs: entry.inputs, plan: [] };
    const end = await this.job(job, request, reply);
    const { k, needs, ...figures } = end;
    return { ...none, left_out: null, ...figures };
  }
}
