// Small projects for the driver's tests, one per runner, and a client that talks to a driver as the harness does. It must not
// need the network: frameworks come from the tools folder of the build.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const TOOLS = process.env.HEPHAESTUS_TOOLS ?? join(HERE, "../../../../../target/tools");
const MODULES = join(TOOLS, "node/node_modules");

export const available = runner => runner === "node-test" || existsSync(join(MODULES, runner, "package.json"));

const LIB = `'use strict';
const STEP = 1;
let calls = 0;
function add(a, b) {
  if (a > 100) {
    return -1;
  }
  return a + b;
}
class Tally {
  constructor(start) {
    this.total = start;
  }
  more(by) {
    this.total += by;
    return this.total;
  }
}
const sorted = list => list.slice().sort((a, b) => a - b);
function stamp() {
  return Date.now() > 0;
}
`;
const CJS = `${LIB}module.exports = { add, sorted, stamp, Tally, step: () => STEP, count: () => (calls += 1) };\n`;
const ESM = `${LIB}export { add, sorted, stamp, Tally };\nexport const step = () => STEP;\nexport const count = () => (calls += 1);\n`;
const TS = `let calls: number = 0;
const STEP = 1;
export function add(a: number, b: number): number {
  if (a > 100) {
    return -1;
  }
  return a + b;
}
export const step = (): number => STEP;
export const count = (): number => (calls += 1);
`;

const CHECKS = {
  "adds": "equal(lib.add(1, 2), 3)",
  "adds large": "equal(lib.add(101, 2), -1)",
  "counts from nothing": "equal(lib.count(), 1)",
  "is not polluted": "equal({}.polluted, undefined), equal(globalThis.leaked, undefined), equal(process.env.LEAKED, undefined), equal([].at, Array.prototype.slice.constructor.prototype === undefined ? 0 : ORIGINAL)",
  "steps": "equal(lib.step(), 1)",
};
const more = "equal(lib.sorted([3, 1, 2])[0], 1); equal(new lib.Tally(2).more(3), 5); equal(lib.stamp(), true)";

function body(wrap) {
  return Object.entries(CHECKS)
    .map(([name, check]) => wrap(name, check.replace("equal([].at, Array.prototype.slice.constructor.prototype === undefined ? 0 : ORIGINAL)", "equal([1, 2].at(-1), 2)")))
    .join("\n");
}

const PROJECTS = {
  "node-test": {
    lib: "lib.js",
    args: [],
    files: {
      "package.json": "{}",
      "lib.js": CJS,
      "test/a.test.js": `const { test, describe, it } = require('node:test');\nconst { strictEqual: equal } = require('node:assert');\nconst lib = require('../lib.js');\n${body((name, check) => `test('${name}', () => { ${check}; });`)}\ndescribe('more', () => { it('of # it', async () => { ${more}; }); it.skip('not now', () => {}); });\n`,
      "test/b.test.mjs": `import test from 'node:test';\nimport { strictEqual as equal } from 'node:assert';\nimport lib, { add } from '../lib.js';\nimport { twice } from '../twice.mjs';\ntest('adds', async t => { equal(add(2, 2), 4); equal(lib.add, add); await t.test('twice', async () => { equal(twice(2), 4); equal((await import('../twice.mjs')).twice(3), 6); }); });\ntest('counts in its own process', () => equal(lib.count(), 1));\n`,
      "twice.mjs": "let used = 0;\nexport const twice = n => {\n  used += 1;\n  return n * 2;\n};\n",
    },
    plain: ["--test", "--test-reporter=tap"],
  },
  tape: {
    lib: "lib.js",
    args: ["test/*.js"],
    files: {
      "package.json": "{\"devDependencies\":{\"tape\":\"*\"}}",
      "lib.js": CJS,
      "test/a.js": `const test = require('tape');\nconst lib = require('../lib.js');\nconst state = require('./state.json');\n${body((name, check) => `test('${name}', t => { const equal = t.equal; ${check}; t.end(); });`)}\ntest('more', async t => { const equal = t.equal; ${more}; t.deepEqual(lib.sorted([2, 1]), [1, 2]); });\ntest('sets up', t => { state.ready = true; t.pass('ready'); t.end(); });\ntest('needs the one before', t => { t.ok(state.ready); t.end(); });\ntest.skip('not now', t => t.end());\n`,
      "test/b.js": "const test = require('tape');\nconst { add } = require('../lib.js');\ntest('adds', t => { t.plan(1); setTimeout(() => t.equal(add(2, 2), 4), 1); });\n",
      "test/state.json": "{}",
    },
    plain: ["node_modules/tape/bin/tape", "test/*.js"],
  },
  mocha: {
    lib: "lib.js",
    args: ["--extension", "js,mjs"],
    files: {
      "package.json": "{\"devDependencies\":{\"mocha\":\"*\"}}",
      "lib.js": CJS,
      "test/a.js": `const { strictEqual: equal } = require('assert');\nconst lib = require('../lib.js');\ndescribe('a', function () {\n${body((name, check) => `it('${name}', () => { ${check}; });`)}\nit('more', async () => { ${more}; });\nit.skip('not now', () => {});\n});\n`,
      "test/b.mjs": "import { strictEqual as equal } from 'assert';\nimport { add } from '../lib.js';\ndescribe('a', () => { it('adds', done => { equal(add(2, 2), 4); done(); }); });\n",
    },
    plain: ["node_modules/mocha/bin/mocha.js", "--exit", "--reporter", "tap", "--extension", "js,mjs"],
  },
  jest: {
    lib: "lib.js",
    args: [],
    files: {
      "package.json": "{\"devDependencies\":{\"jest\":\"*\"}}",
      "lib.js": CJS,
      "a.test.js": `const lib = require('./lib.js');\nconst equal = (a, b) => expect(a).toBe(b);\n${body((name, check) => `test('${name}', () => { ${check}; });`)}\ntest('more', async () => { ${more}; });\ntest.skip('not now', () => {});\n`,
      "b.test.js": "const { add } = require('./lib.js');\ntest('adds', () => expect(add(2, 2)).toBe(4));\n",
    },
    plain: ["node_modules/jest/bin/jest.js", "--ci", "--json", "--cacheDirectory=/tmp/jest"],
  },
  vitest: {
    lib: "lib.ts",
    args: [],
    files: {
      "package.json": "{\"type\":\"module\",\"devDependencies\":{\"vitest\":\"*\"}}",
      "lib.ts": TS,
      "a.test.ts": `import { test, expect, describe } from 'vitest';\nimport * as lib from './lib';\nconst equal = (a: unknown, b: unknown) => expect(a).toBe(b);\n${body((name, check) => `test('${name}', () => { ${check.replaceAll("{}.", "({} as any).").replaceAll("globalThis.", "(globalThis as any).")}; });`)}\ndescribe('more', () => { test.skip('not now', () => {}); test('types', () => { equal(lib.add(1, 1), 2); }); });\n`,
      "b.test.ts": "import { test, expect } from 'vitest';\nimport { add } from './lib';\ntest('adds', () => expect(add(2, 2)).toBe(4));\ntest('adds', () => expect(add(2, 3)).toBe(5));\n",
    },
    plain: ["node_modules/vitest/vitest.mjs", "run", "--reporter=junit"],
  },
};
export const ESM_LIB = ESM;

/** Writes a project into an empty folder. */
export function project(runner, changes = {}) {
  const root = mkdtempSync(join(tmpdir(), "hephaestus-driver-"));
  const { files, ...rest } = PROJECTS[runner];
  const all = { ...files, ...changes };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  if (runner !== "node-test") symlinkSync(MODULES, join(root, "node_modules"));
  return { root, runner, ...rest, text: all[rest.lib], remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** What a plain run says: outcomes by id, read independently of the driver, and whether it ended well. */
export function plainly({ root, runner, plain }) {
  const env = { ...process.env };
  delete env.NODE_TEST_CONTEXT;
  const run = spawnSync(process.execPath, plain, { cwd: root, env, encoding: "utf8", timeout: 60000 });
  const outcomes = new Map();
  const add = (id, outcome) => {
    let free = id;
    for (let nth = 2; outcomes.has(free); nth += 1) free = `${id} #${nth}`;
    outcomes.set(free, outcome);
  };
  if (runner === "jest") readJest(run.stdout, add);
  else if (runner === "vitest") readJunit(run.stdout, add);
  else readTap(run.stdout, add, runner !== "node-test");
  return { ok: run.status === 0, outcomes };
}

function readJest(text, add) {
  // A run that ends early writes nothing.
  if (text === "") return;
  const files = JSON.parse(text).testResults.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const file of files) {
    for (const test of file.assertionResults) add(`${file.name.split("/").at(-1)} > ${test.fullName}`, { passed: "passed", failed: "failed" }[test.status] ?? "skipped");
  }
}

function readJunit(text, add) {
  const plain = words => words.replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&quot;", '"').replaceAll("&apos;", "'").replaceAll("&amp;", "&");
  for (const [, file, name, rest] of text.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*>([^]*?)<\/testcase>/g)) {
    add(`${plain(file)}::${plain(name)}`, rest.includes("<failure") ? "failed" : rest.includes("<skipped") ? "skipped" : "passed");
  }
}

function readTap(text, add, grouped) {
  const open = [];
  let group = null;
  let inBlock = false;
  let deepest = 0;
  for (const line of text.split("\n")) {
    const depth = line.length - line.trimStart().length;
    const words = line.trim();
    if (inBlock) inBlock = words !== "...";
    else if (words === "---") inBlock = true;
    else if (words.startsWith("# Subtest: ")) open[depth] = words.slice(11);
    else if (grouped && depth === 0 && words.startsWith("# ")) group = words.slice(2);
    else {
      const found = /^(not ok|ok) (?:\d+ )?(?:- )?(.*)$/.exec(words);
      if (!found || depth % 4 !== 0) continue;
      const parent = deepest > depth && open[depth] !== undefined;
      const parents = open.slice(0, depth).filter(Boolean);
      open.length = depth;
      deepest = depth;
      if (parent && found[1] === "ok") continue;
      const [name, directive] = found[2].split(/ # (?=SKIP|TODO)/);
      const outcome = directive?.startsWith("SKIP") ? "skipped" : found[1] === "ok" ? "passed" : "failed";
      add([...parents, ...(group === null ? [] : [group]), name.trimEnd()].join(" > "), outcome);
    }
  }
}

/** A driver under test. */
export class Driver {
  constructor({ runner, root, args }) {
    Object.assign(this, { root, args, waiting: new Map(), said: new Map(), last: 0 });
    this.process = spawn(process.execPath, [join(HERE, "../worker.mjs"), "--runner", runner], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.process.stdout }).on("line", line => {
      const message = JSON.parse(line);
      if (message.end === undefined) this.said.get(message.id)?.push(message);
      else this.waiting.get(message.id)?.({ ...message, words: message.said, said: this.said.get(message.id) });
    });
  }

  send(request) {
    this.last += 1;
    const id = this.last;
    this.said.set(id, []);
    const answer = new Promise(resolve => this.waiting.set(id, resolve));
    this.process.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    return Object.assign(answer, { id });
  }

  load(more = {}) {
    return this.send({ do: "load", root: this.root, args: this.args, slots: 1, memory_mb: 512, env: {}, ...more });
  }

  run(files, more = {}) {
    return this.send({ do: "run", files, stop: false, limit_s: 30, cpu_s: 30, ...more });
  }

  close() {
    const gone = new Promise(resolve => this.process.on("close", resolve));
    this.process.stdin.end();
    return gone;
  }
}

export { readFileSync, writeFileSync, join };
