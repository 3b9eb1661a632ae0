// The program of one child process: takes jobs on descriptor 3, runs them with a suite (suites/*.mjs) and answers on descriptor
// 4, JSON objects one per line. Between two jobs it blocks in a read, so that nothing of its own is in the event loop: an empty
// loop means that the project is done. It must not outlive a state it cannot clean (clean.mjs): then it ends by itself.

import { createRequire } from "node:module";
import { readSync, writeSync } from "node:fs";
import { Clean } from "./clean.mjs";
import { Loader } from "./variant.mjs";
import { Recorder } from "./reach.mjs";

const require = createRequire(import.meta.url);
const { setImmediate } = globalThis;
const { stringify, parse } = JSON;
const reallyExit = process.reallyExit.bind(process);
const cpuUsage = process.cpuUsage.bind(process);
const now = () => performance.now();
const REQUESTS = 3;
const ANSWERS = 4;

/** Writes one message to the manager. */
function send(message) {
  const bytes = Buffer.from(`${stringify(message)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(ANSWERS, bytes, at);
}

let unread = Buffer.alloc(0);

/** Waits for the next message; null at the end. */
function receive() {
  for (;;) {
    const end = unread.indexOf(10);
    if (end !== -1) {
      const line = unread.toString("utf8", 0, end);
      unread = unread.subarray(end + 1);
      return parse(line);
    }
    const piece = Buffer.allocUnsafe(65536);
    const length = readSync(REQUESTS, piece);
    if (length === 0) return null;
    unread = Buffer.concat([unread, piece.subarray(0, length)]);
  }
}

/** What a suite is given: the means to load modules and to say what came of the tests. */
class Host {
  constructor(init) {
    this.root = init.root;
    this.args = init.args;
    this.runner = init.runner;
    this.single = init.single;
    this.recorder = null;
    this.job = null;
    this.output = () => {};
    this.said = "";
    this.results = [];
    this.internal = name => {
      try {
        return require(name);
      } catch {
        return null;
      }
    };
    this.loader = null;
    this.clean = null;
  }

  /** Says that the tests of plan entry `at`, unit `unit` begin. */
  begin(at, unit) {
    this.flush();
    send({ k: "at", at, unit });
  }

  /** Takes a test's outcome. Answers whether the run is over because of it. */
  result({ id, outcome, message }) {
    if (this.job === null || this.job.ended) return true;
    this.results.push([id, outcome, message]);
    if (outcome !== "failed" || !this.job.stop || this.job.ignore.has(id)) return false;
    this.end({ end: "finished" });
    return true;
  }

  flush() {
    if (this.results.length > 0 && this.job && !this.job.ended) send({ k: "results", results: this.results });
    this.results = [];
  }

  /** Lets the project have its say at exit, as the end of its process would. Answers what it threw, or null. */
  leave() {
    for (const listener of process.listeners("exit")) {
      if (listener === ended) continue;
      try {
        listener.call(process, process.exitCode ?? 0);
      } catch (error) {
        return error ?? new Error("it threw nothing");
      }
    }
    return null;
  }

  /** Says which lines the tests of a unit ran through. */
  lines(message) {
    send({ k: "lines", ...message });
  }

  /** Ends the job; later results are lost on purpose. */
  end(result) {
    const { job } = this;
    if (job === null || job.ended) return;
    this.flush();
    job.ended = true;
    if (job.captured) result.functions = job.captured();
    const { user, system } = cpuUsage(job.cpu);
    const { lasting, outside, mixed } = this.loader;
    const needs = { lasting: [...lasting], outside: [...outside], mixed };
    const usage = process.resourceUsage();
    send({ k: "end", ...result, needs, wall_s: (now() - job.wall) / 1e3, cpu_s: (user + system) / 1e6, rss_kb: usage.maxRSS });
  }
}

const init = receive();
if (init === null) process.exit(0);
process.chdir(init.root);
const host = new Host(init);

for (const [stream, take] of [[process.stdout, text => host.output(text)], [process.stderr, text => (host.said = (host.said + text).slice(-4000))]]) {
  stream.write = (chunk, encoding, done) => {
    take(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    const called = typeof encoding === "function" ? encoding : done;
    if (called) process.nextTick(called);
    return true;
  };
}

process.on("uncaughtException", (error, origin) => {
  if (host.clean === null) {
    send({ k: "unfit", reason: String(error?.stack ?? error) });
    reallyExit(0);
  }
  if (host.job?.stray) return host.job.stray(error);
  if (process.listenerCount("uncaughtException") > 1) return;
  host.end({ end: "died", reason: `${origin === "unhandledRejection" ? "unhandled rejection: " : ""}${error?.stack ?? error}` });
});
process.on("exit", ended);
function ended(code) {
  if (host.clean === null) send({ k: "unfit", reason: host.said.trim() || `the process ended with exit code ${code} before the first run` });
  if (host.job && !host.job.ended) host.end({ end: "died", reason: `the process ended with exit code ${process.exitCode ?? code}` });
}
process.on("beforeExit", idle);

let suite;
let quiet = 0;
// Not awaited: while node waits for its main module it listens for `exit` itself.
prepare().catch(error => {
  send({ k: "unfit", reason: String(error?.message ?? error) });
  reallyExit(0);
});

async function prepare() {
  ({ suite } = await import(`./suites/${init.suite}.mjs`));
  host.loader = new Loader({ root: init.root, native: init.native, builtin: exports => host.clean?.builtin(exports) });
  await suite.prepare(host);
  setImmediate(() => setImmediate(open));
}

/** Notes the state to come back to, and waits for the first job. */
function open() {
  host.clean = new Clean({ root: init.root, timers: host.internal("internal/timers") });
  for (const name of ["fs", "path", "util", "events", "assert"]) host.clean.builtin(require(name));
  host.loader.begin(new Map());
  send({ k: "ready", ...suite.facts?.(host) });
  setImmediate(next);
}

/** Takes the next job, and runs it from an empty stack. */
function next() {
  const job = receive();
  if (job === null) return reallyExit(0);
  job.ignore = new Set(job.ignore ?? []);
  job.ended = false;
  job.cpu = cpuUsage();
  job.wall = now();
  host.job = job;
  host.said = "";
  host.results = [];
  host.recorder = job.trace ? new Recorder(host) : null;
  quiet = 0;
  setImmediate(start);
}

async function start() {
  const { job } = host;
  try {
    host.loader.forget();
    host.loader.begin(new Map(Object.entries(job.files ?? {})));
    if (job.do === "search" || job.do === "behave") {
      const { hunt, behave } = await import(`./${job.do === "search" ? "hunt" : "behave"}.mjs`);
      return host.end(await (hunt ?? behave)(host, job, send));
    }
    if (job.do === "compare" || job.do === "bench") return await pair(job);
    if (job.do === "capture") {
      const { record } = await import("./capture.mjs");
      job.captured = record(host, job.functions, job.most);
    }
    await suite.start(host, job);
  } catch (error) {
    host.end({ end: "broken", reason: String(error?.stack ?? error) });
  }
}

/** Sets the old and the new version of a function against each other. */
async function pair(job) {
  const [{ LeftOut }, { compare }, { bench }] = await Promise.all([import("./capture.mjs"), import("./compare.mjs"), import("./bench.mjs")]);
  try {
    const act = job.do === "compare" ? compare : bench;
    host.end({ end: "finished", ...(await act(host, { ...job, files: job.changed })) });
  } catch (error) {
    if (!(error instanceof LeftOut)) throw error;
    host.end({ end: "finished", left_out: error.message });
  }
}

/** Nothing is left to do: the job goes on to its next part, or the process is made ready for the next job. */
function idle() {
  const { job } = host;
  if (job === null) return;
  // Others listen too (node:test ends its tests here): they go first, until they have nothing left to do.
  if (process.listenerCount("beforeExit") > 1 && quiet < 3) {
    quiet += 1;
    setImmediate(() => {});
    return;
  }
  quiet = 0;
  if (!job.ended) {
    try {
      suite.drained(host, job);
    } catch (error) {
      host.end({ end: "broken", reason: String(error?.stack ?? error) });
    }
    setImmediate(() => {});
    return;
  }
  host.job = null;
  const lasting = [...host.loader.lasting][0];
  const why = init.single ? "used once" : lasting ? `the project uses ${lasting}` : host.clean.restore();
  if (why !== null) {
    send({ k: "spent", why });
    reallyExit(0);
  }
  host.loader.begin(new Map());
  const { user, system } = cpuUsage(job.cpu);
  send({ k: "idle", cpu_s: (user + system) / 1e6 });
  setImmediate(next);
}
