// The program of the child process for runners that keep a server of their own (vitest, jest): takes jobs on descriptor 3 and
// answers on descriptor 4, like child.mjs, but the variant is in the files already. It must not write to the workspace.

import { readFileSync, readdirSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { createInterface } from "node:readline";

function send(message) {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(4, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

/** What the programs started here have used so far, in seconds: those that are gone and those that still run. */
function cpu() {
  const parents = new Map();
  const used = new Map();
  for (const name of readdirSync("/proc").filter(name => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      parents.set(Number(name), Number(fields[1]));
      used.set(Number(name), fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100);
    } catch {
      // It ended while being asked.
    }
  }
  const mine = pid => {
    for (let at = pid; at !== undefined && at > 1; at = parents.get(at)) if (at === process.pid) return true;
    return false;
  };
  return [...used].reduce((sum, [pid, seconds]) => sum + (mine(pid) ? seconds : 0), 0);
}

// A socket, not a file: a read that waits in a thread would keep the process from ending.
const lines = createInterface({ input: new Socket({ fd: 3, readable: true, writable: false }) })[Symbol.asyncIterator]();
async function receive() {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
}

const init = await receive();
if (init === null) process.exit(0);
process.chdir(init.root);
const host = {
  ...init,
  begin: (at, id) => send({ k: "at", at, unit: 0, id }),
  partial: results => send({ k: "partial", results }),
  lines: message => send({ k: "lines", ...message }),
};
let suite;
try {
  ({ suite } = await import(`./suites/${init.suite}.mjs`));
  await suite.prepare(host);
} catch (error) {
  send({ k: "unfit", reason: String(error?.message ?? error) });
  process.exit(0);
}
send({ k: "ready", files: host.files });
for (let job = await receive(); job !== null; job = await receive()) {
  const began = performance.now();
  const used = cpu();
  let result;
  try {
    result = await suite.run(host, job);
  } catch (error) {
    result = { end: "broken", reason: String(error?.stack ?? error) };
  }
  const { results = [], end, reason, loaded } = result;
  if (results.length > 0) send({ k: "results", results });
  for (const message of result.lines ?? []) host.lines(message);
  const figures = { wall_s: (performance.now() - began) / 1e3, cpu_s: cpu() - used, rss_kb: process.resourceUsage().maxRSS };
  send({ k: "end", end, reason, loaded, needs: { lasting: [], outside: [], mixed: null }, ...figures });
  if (result.spent) {
    send({ k: "spent", why: result.spent });
    process.exit(0);
  }
  send({ k: "idle" });
}
process.exit(0);
