// The driver for JavaScript and TypeScript: answers the harness's requests (PROTOCOL.md), JSON objects one per line, by giving
// jobs to child processes that have the project's test framework loaded. It must not load anything of the project itself.

import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Session } from "./session.mjs";

const { values } = parseArgs({ options: { runner: { type: "string" } }, strict: false });
const session = new Session(String(values.runner));
const under = new Map();

function answer(id, message) {
  process.stdout.write(`${JSON.stringify({ id, ...message })}\n`);
}

async function serve(request) {
  const { id } = request;
  const giving = { up: false, act: null };
  under.set(id, giving);
  const cancel = act => {
    giving.act = act;
    if (giving.up) act();
  };
  try {
    answer(id, await session.handle(request, { say: message => answer(id, message), cancel, given: () => giving.up }));
  } catch (error) {
    answer(id, { end: "broken", reason: String(error?.stack ?? error) });
  } finally {
    under.delete(id);
  }
}

const input = createInterface({ input: process.stdin, crlfDelay: Infinity });
input.on("line", line => {
  if (line.trim() === "") return;
  let request;
  try {
    request = JSON.parse(line);
  } catch (error) {
    answer(null, { end: "broken", reason: `not a request: ${error.message}` });
    return;
  }
  if (request.do === "cancel") {
    const giving = under.get(request.target);
    if (giving) {
      giving.up = true;
      giving.act?.();
    }
    return;
  }
  void serve(request);
});
function end() {
  session.close();
  process.exit(0);
}
input.on("close", end);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, end);
process.stdout.on("error", end);
