// Child processes: started ahead, given one job after another, watched for their limits, ended by their own process id. It must
// not know what a job means: it hands messages through and says how the job ended.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
/** How long a process may need to become idle after it has answered, before another takes its place, in milliseconds. */
const GRACE = 300;
/** How many jobs a process takes before another takes its place, whatever its state. */
const JOBS = 2000;
const TICK = 0.01;

/** One child process. */
export class Child {
  constructor(settings) {
    const { root, env, memory_mb: memory, flags = [], program = "child.mjs" } = settings;
    const environment = { ...process.env, ...env };
    delete environment.NODE_TEST_CONTEXT;
    delete environment.NODE_V8_COVERAGE;
    const heap = memory ? [`--max-old-space-size=${Math.max(64, Math.floor(memory * 0.9))}`] : [];
    this.process = spawn(process.execPath, [...flags, ...heap, join(HERE, program)], {
      cwd: root,
      env: environment,
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
      detached: true,
    });
    this.pid = this.process.pid;
    this.memory = memory ? memory * 1024 : Infinity;
    this.gone = false;
    this.jobs = 0;
    this.stderr = "";
    this.listener = () => {};
    this.started = Date.now();
    this.state = "starting";
    this.ready = new Promise(resolve => (this.settle = resolve));
    this.idle = this.ready;
    this.process.stderr.setEncoding("utf8");
    this.process.stderr.on("data", text => (this.stderr = (this.stderr + text).slice(-2000)));
    this.process.stdio[3].on("error", () => {});
    let rest = "";
    this.process.stdio[4].setEncoding("utf8");
    this.process.stdio[4].on("data", text => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const line of lines) this.message(JSON.parse(line));
    });
    // `close` comes after the last message was read.
    this.process.on("close", (code, signal) => this.message({ k: "gone", code, signal }));
    this.process.on("error", error => this.message({ k: "gone", code: String(error) }));
    const { init } = settings;
    this.send(init);
  }

  send(message) {
    if (!this.gone) this.process.stdio[3].write(`${JSON.stringify(message)}\n`);
  }

  message(message) {
    if (message.k === "gone") {
      if (this.gone) return;
      this.gone = true;
    }
    if (["ready", "unfit", "gone", "idle", "spent"].includes(message.k)) {
      this.state = message.k === "idle" ? "ready" : message.k;
      this.settle(message);
    }
    this.listener(message);
  }

  /** Ends the process and what it started. */
  kill() {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  }

  /** CPU time used so far, in seconds, with that of the programs it waited for. */
  cpu() {
    try {
      const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK;
    } catch {
      return 0;
    }
  }

  /** Memory in use, in KiB. */
  rss() {
    try {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      return 0;
    }
  }

  /**
   * Runs a job. `heard` is given each message before the end. Resolves to the `end` message, or one made up for a process that
   * ran out of time (`timeout`), ended by itself (`died`) or was given up (`cancelled`).
   */
  run(job, { limit_s: limit, cpu_s: cpu, cancel }, heard) {
    const began = Date.now();
    const used = this.cpu();
    this.jobs += 1;
    this.state = "busy";
    this.idle = new Promise(resolve => (this.settle = resolve));
    return new Promise(resolve => {
      let timer;
      let over = false;
      const finish = end => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        this.listener = () => {};
        resolve(end);
      };
      const spent = () => ({ wall_s: (Date.now() - began) / 1e3, cpu_s: Math.max(0, this.cpu() - used), rss_kb: this.rss() });
      const put = (end, reason) => {
        if (over) return;
        const figures = spent();
        this.kill();
        finish({ end, reason, ...figures });
      };
      const check = () => {
        const wall = (Date.now() - began) / 1e3;
        if (limit && wall >= limit) return put("timeout", `it ran longer than ${limit} s`);
        let left = limit ? limit - wall : 1;
        if (cpu) {
          const busy = this.cpu() - used;
          if (busy >= cpu) return put("timeout", `it used more than ${cpu} s of CPU time`);
          left = Math.min(left, Math.max(cpu - busy, TICK) / 2 + TICK);
        }
        if (this.rss() > this.memory) return put("died", "it used more memory than it may");
        timer = setTimeout(check, Math.min(left, 0.5) * 1000);
      };
      this.listener = message => {
        if (message.k === "end") finish(message);
        else if (message.k === "gone") {
          const memory = /heap out of memory|Allocation failed/.test(this.stderr);
          const how = memory ? "it ran out of memory" : `the process ended (${message.signal ?? message.code}) ${this.stderr.trim()}`;
          finish({ end: "died", reason: how.trim(), ...spent() });
        } else heard(message);
      };
      cancel?.(() => put("cancelled", "it was given up"));
      timer = setTimeout(check, 20);
      this.send(job);
    });
  }

  /** Waits until it can take another job. Answers whether it can. */
  async settled() {
    let timer;
    const late = new Promise(resolve => (timer = setTimeout(resolve, GRACE, null)));
    const state = await Promise.race([this.idle, late]);
    clearTimeout(timer);
    if (state?.k === "idle" && this.jobs < JOBS) return true;
    this.why = state?.why ?? (state?.k === "gone" ? "it ended" : "it did not come to rest");
    this.kill();
    return false;
  }
}

/** Children that are ready for a job, with at least one spare started ahead. */
export class Pool {
  constructor(settings, { spares = 1 } = {}) {
    this.settings = settings;
    this.spares = spares;
    this.free = [];
    this.all = new Set();
    this.settling = new Set();
    this.lost = 0;
    this.why = new Map();
    this.closed = false;
  }

  start() {
    const child = new Child(this.settings);
    this.all.add(child);
    child.process.on("close", () => this.all.delete(child));
    return child;
  }

  /** Starts what is missing. */
  fill() {
    while (!this.closed && this.free.length < this.spares) this.free.push(this.start());
  }

  /** A child that is ready, warm ones first. */
  async take() {
    for (;;) {
      // One that is about to come to rest is better than one that has nothing compiled yet.
      while (this.settling.size > 0 && !this.free.some(child => child.jobs > 0)) await Promise.race(this.settling);
      const at = this.free.findIndex(child => child.state === "ready" && child.jobs > 0);
      const [child] = at === -1 ? this.free.splice(0, 1) : this.free.splice(at, 1);
      const taken = child ?? this.start();
      if (taken.gone) continue;
      const state = taken.state === "ready" ? { k: "ready" } : await taken.idle;
      if (state.k === "ready" || state.k === "idle") return taken;
      if (state.k === "unfit") throw new Error(state.reason);
      throw new Error(`the test process does not start: ${taken.stderr.trim().slice(-600) || state.code}`);
    }
  }

  /** Waits until every child that was started ahead has started. */
  async steady() {
    await Promise.all(this.free.map(child => child.idle));
  }

  /** Takes a child back after a job; one that cannot go on is replaced. */
  async give(child) {
    const settled = child.gone ? Promise.resolve(false) : child.settled();
    this.settling.add(settled);
    const usable = await settled;
    this.settling.delete(settled);
    if (usable) {
      this.free.unshift(child);
    } else {
      child.kill();
      this.lost += 1;
      const why = child.why ?? "it was ended";
      this.why.set(why, (this.why.get(why) ?? 0) + 1);
    }
    this.fill();
  }

  close() {
    this.closed = true;
    for (const child of this.all) child.kill();
  }
}
