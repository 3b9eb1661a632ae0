// Captured inputs of functions, kept between requests, and the requests that use them. It must not run project code itself.

import { Pool } from "./children.mjs";
import { join } from "node:path";

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
