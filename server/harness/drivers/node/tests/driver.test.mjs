// The driver as the harness sees it, on a small project per runner: its ids and verdicts must be those of plain runs, and no
// variant may leave a trace in the next. It must not wait for time to pass, except where a limit is what is tested.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Driver, ESM_LIB, available, join, plainly, project, readFileSync, writeFileSync } from "./project.mjs";

/** Whether a run noticed the variant: something failed, ended badly, or did not run at all. */
function noticed(answer, tests) {
  const seen = new Set([...answer.passed, ...answer.skipped]);
  return answer.end !== "finished" || answer.failed.length > 0 || tests.some(id => !seen.has(id));
}

const VARIANTS = {
  "is the same": text => text,
  "is wrong": text => text.replace("a + b", "a - b"),
  "survives": text => text.replace("a > 100", "a >= 101"),
  "changes a constant of the module": text => text.replace("STEP = 1", "STEP = 2"),
  "throws": text => text.replace("return -1", "throw new Error('large')"),
  "exits with success": text => text.replace("return -1", "process.exit(0)"),
  "exits with failure": text => text.replace("return -1", "process.exit(1)"),
  "rejects what nobody handles": text => text.replace("return -1", "Promise.reject(new Error('late')); return -1"),
  "throws when it is loaded": text => `${text}\nthrow new Error('at load');\n`,
  "does not parse": text => `${text}\n(((\n`,
};

async function loaded(t, runner, changes, more) {
  const place = project(runner, changes);
  const driver = new Driver(place);
  t.after(async () => {
    await driver.close();
    place.remove();
  });
  const answer = await driver.load(more);
  assert.equal(answer.end, "loaded", answer.reason);
  return { place, driver, tests: answer.tests, notes: answer.notes };
}

for (const runner of ["node-test", "tape", "mocha", "jest", "vitest"]) {
  const skip = available(runner) ? false : `${runner} is not among the tools`;

  test(`${runner}: ids and outcomes are those of a plain run`, { skip }, async t => {
    const { place, driver, tests, notes } = await loaded(t, runner);
    assert.deepEqual(notes, []);
    const plain = plainly(place);
    assert.deepEqual([...tests].sort(), [...plain.outcomes.keys()].sort());
    const answer = await driver.run({});
    const failed = answer.failed.map(({ id }) => id);
    for (const [id, outcome] of plain.outcomes) assert.ok({ passed: answer.passed, skipped: answer.skipped, failed }[outcome].includes(id), `${id} ${outcome}`);
  });

  test(`${runner}: verdicts are those of plain runs, and nothing leaks`, { skip }, async t => {
    const { place, driver, tests } = await loaded(t, runner);
    for (const [name, change] of Object.entries(VARIANTS)) {
      const text = change(place.text);
      const answer = await driver.run({ [place.lib]: text }, { stop: name !== "is the same" });
      writeFileSync(join(place.root, place.lib), text);
      const plain = plainly(place);
      writeFileSync(join(place.root, place.lib), place.text);
      const missing = tests.some(id => !plain.outcomes.has(id));
      assert.equal(noticed(answer, tests), !plain.ok || missing, `${name}: ${JSON.stringify(answer)}`);
      if (name === "does not parse") assert.equal(answer.end, "unloadable");
    }
    const again = await driver.run({});
    assert.equal(noticed(again, tests), false, JSON.stringify(again));
    assert.equal(readFileSync(join(place.root, place.lib), "utf8"), place.text);
  });

  test(`${runner}: what a variant does to the process ends with it`, { skip }, async t => {
    const { place, driver, tests } = await loaded(t, runner);
    const deeds = [
      "Object.prototype.polluted = 1",
      "globalThis.leaked = 1",
      "process.env.LEAKED = '1'",
      "Array.prototype.at = () => 0",
      "Object.defineProperty(Object.prototype, 'polluted', { value: 1 })",
      "Object.freeze(Array.prototype)",
      "process.on('exit', () => {})",
      "setInterval(() => {}, 1000)",
      "JSON.parse = () => 1",
      "require('fs').readFileSync = () => ''",
      "calls = 7",
    ];
    for (const deed of deeds) {
      if (deed.startsWith("require") && place.lib.endsWith(".ts")) continue;
      await driver.run({ [place.lib]: place.text.replace("return -1", `${deed}; return -1`) }, { limit_s: 4 });
      const again = await driver.run({});
      assert.equal(noticed(again, tests), false, `${deed}: ${JSON.stringify(again)}`);
    }
  });

  test(`${runner}: an endless loop is ended, and the next run is right`, { skip }, async t => {
    const { place, driver, tests } = await loaded(t, runner);
    const answer = await driver.run({ [place.lib]: place.text.replace("return -1", "for (;;);") }, { limit_s: 2, stop: true });
    assert.equal(answer.end, "timeout");
    assert.ok(tests.includes(answer.running), answer.running);
    assert.ok(answer.wall_s < 4, String(answer.wall_s));
    assert.equal(noticed(await driver.run({}), tests), false);
  });

  test(`${runner}: chosen tests are run, others do not count`, { skip }, async t => {
    const { place, driver, tests } = await loaded(t, runner);
    const one = tests.find(id => id.includes("adds large"));
    const right = await driver.run({}, { tests: [one] });
    assert.deepEqual([right.passed, right.failed, right.skipped], [[one], [], []]);
    const wrong = await driver.run({ [place.lib]: place.text.replace("return -1", "return -2") }, { tests: [one], stop: true });
    assert.deepEqual(wrong.failed.map(({ id }) => id), [one]);
    const other = await driver.run({ [place.lib]: place.text.replace("STEP = 1", "STEP = 2") }, { tests: [one] });
    assert.deepEqual([other.passed, other.failed], [[one], []]);
  });

  test(`${runner}: a survey says which lines each test ran through`, { skip }, async t => {
    const { place, driver, tests } = await loaded(t, runner);
    const answer = await driver.send({ do: "survey", trace: true, limit_s: 60 });
    assert.equal(answer.end, "finished", answer.reason);
    assert.deepEqual(answer.said.map(({ test: id }) => id).sort(), [...tests].sort());
    const line = place.text.split("\n").findIndex(words => words.includes("return -1")) + 1;
    const through = answer.said.filter(({ lines }) => (lines[place.lib] ?? []).some(([from, to]) => from <= line && line <= to)).map(({ test: id }) => id);
    assert.ok(through.some(id => id.includes("adds large")), through.join());
    if (runner !== "jest" && runner !== "vitest") assert.ok(!through.some(id => id.includes("steps")), through.join());
    assert.ok(answer.loaded[place.lib].length > 0);
    const untraced = await driver.send({ do: "survey", limit_s: 60 });
    assert.deepEqual(untraced.said.map(({ test: id }) => id).sort(), [...tests].sort());
  });

  test(`${runner}: a run that is under way or waits can be given up`, { skip }, async t => {
    const { place, driver, tests } = await loaded(t, runner);
    const endless = driver.run({ [place.lib]: place.text.replace("return -1", "for (;;);") });
    const waiting = driver.run({});
    driver.process.stdin.write(`${JSON.stringify({ id: 900, do: "cancel", target: waiting.id })}\n`);
    driver.process.stdin.write(`${JSON.stringify({ id: 901, do: "cancel", target: endless.id })}\n`);
    assert.equal((await endless).end, "cancelled");
    assert.equal((await waiting).end, "cancelled");
    assert.equal(noticed(await driver.run({}), tests), false);
  });
}

test("two runs at once keep to their own variants", async t => {
  const { place, driver, tests } = await loaded(t, "node-test", {}, { slots: 2 });
  const wrong = { [place.lib]: place.text.replace("a + b", "a - b") };
  const answers = await Promise.all([{}, wrong, {}, wrong, {}, wrong].map(files => driver.run(files)));
  assert.deepEqual(answers.map(answer => noticed(answer, tests)), [false, true, false, true, false, true]);
});

test("an ES module under test is fresh in every run", async t => {
  const { place, driver, tests } = await loaded(t, "node-test", {
    "package.json": '{"type":"module"}',
    "lib.js": ESM_LIB,
    "test/a.test.js": "import test from 'node:test';\nimport { equal } from 'node:assert';\nimport { add, count, step } from '../lib.js';\ntest('adds', () => equal(add(1, 2), 3));\ntest('counts', () => equal(count(), 1));\ntest('steps', () => equal(step(), 1));\n",
    "test/b.test.mjs": "import '../lib.js';\n",
  });
  assert.equal(tests.length, 4);
  for (const [from, to, expected] of [["a + b", "a * b", true], ["calls = 0", "calls = 1", true], ["STEP = 1", "STEP = 2", true], ["a > 100", "a > 200", false]]) {
    assert.equal(noticed(await driver.run({ "lib.js": ESM_LIB.replace(from, to) }), tests), expected, to);
    assert.equal(noticed(await driver.run({}), tests), false);
  }
});

test("files that a variant adds or removes are seen", async t => {
  const { driver, tests } = await loaded(t, "node-test", { "lib.js": "module.exports = require('./part.js');", "part.js": readPart() });
  assert.equal((await driver.run({ "part.js": null })).end, "unloadable");
  const moved = await driver.run({ "part.js": null, "lib.js": "module.exports = require('./new.js');", "new.js": readPart() });
  assert.equal(noticed(moved, tests), false, JSON.stringify(moved));
});

test("tests that start programs see the variant on the disk", async t => {
  const { place, driver, tests, notes } = await loaded(t, "node-test", {
    "test/a.test.js": "const test = require('node:test');\nconst { equal } = require('node:assert');\nconst { execFileSync } = require('node:child_process');\ntest('says', () => equal(execFileSync(process.execPath, ['-p', 'require(\"./lib.js\").add(1, 2)'], { encoding: 'utf8' }).trim(), '3'));\n",
    "test/b.test.mjs": "",
  });
  assert.match(notes[0], /child_process/);
  assert.equal(noticed(await driver.run({ "lib.js": place.text.replace("a + b", "a - b") }), tests), true);
  assert.equal(noticed(await driver.run({}), tests), false);
  assert.equal(readFileSync(join(place.root, "lib.js"), "utf8"), place.text);
});

test("files keep to processes of their own where variants are written", async t => {
  const { driver, tests } = await loaded(t, "node-test");
  const answer = await driver.run({ "data.txt": "for the tests to read" });
  assert.equal(answer.how, "disk");
  assert.equal(noticed(answer, tests), false, JSON.stringify(answer));
});

test("memory is bounded", async t => {
  const { place, driver, tests } = await loaded(t, "node-test", {}, { memory_mb: 200 });
  const answer = await driver.run({ [place.lib]: place.text.replace("return -1", "const all = []; for (;;) all.push(new Array(1000).fill(a))") }, { limit_s: 60 });
  assert.equal(answer.end, "died");
  assert.match(answer.reason, /memory/);
  assert.equal(noticed(await driver.run({}), tests), false);
});

test("functions are captured, compared and timed", async t => {
  const { place, driver } = await loaded(t, "tape");
  const names = ["add", "sorted", "stamp", "Tally.more", "nothing"];
  const captured = await driver.send({ do: "capture", functions: names.map(name => ({ file: "lib.js", name })), most: 50, limit_s: 30 });
  const by = new Map(captured.functions.map(entry => [entry.name, entry]));
  assert.equal(by.get("add").inputs, 3);
  assert.equal(by.get("sorted").inputs, 2);
  assert.equal(by.get("Tally.more").inputs, 1);
  assert.match(by.get("stamp").left_out, /Date/);
  assert.match(by.get("nothing").left_out, /no single/);
  const compare = (name, from, to) => driver.send({ do: "compare", file: "lib.js", name, files: { "lib.js": place.text.replace(from, to) }, seed: 1, mutations: 60, limit_s: 20 });
  const same = await compare("add", "a + b", "b + a - 0");
  const swapped = await compare("add", "a > 100", "100 < a");
  assert.deepEqual(swapped.differences, []);
  assert.equal(swapped.captured, 3);
  assert.ok(swapped.mutated > 10 && same.end === "finished");
  const wrong = await compare("add", "a > 100", "a > 150");
  assert.ok(wrong.differences.some(({ input, before }) => input === "add(101, 2)" && before === "-1"), JSON.stringify(wrong.differences));
  const inPlace = await compare("sorted", ".slice()", "");
  assert.ok(inPlace.differences.length > 0);
  const state = await compare("Tally.more", "this.total += by", "this.total -= by");
  assert.ok(state.differences.length > 0);
  const endless = await compare("add", "return -1", "for (;;);");
  assert.ok(endless.differences.some(({ after }) => after === "does not end"));
  const repeated = await compare("add", "a > 100", "a > 150");
  assert.deepEqual(repeated.differences, wrong.differences);
  const bench = await driver.send({ do: "bench", file: "lib.js", name: "add", files: { "lib.js": place.text.replace("return a + b", "for (let i = 0; i < 2000; i += 1) calls = i; return a + b") }, rounds: 8, sample_s: 0.002, seed: 1, limit_s: 30 });
  assert.equal(bench.samples.length, 8);
  assert.ok(bench.samples.filter(([before, after]) => after > before * 3).length >= 6, JSON.stringify(bench.samples));
  const null_ = await driver.send({ do: "bench", file: "lib.js", name: "add", files: null, rounds: 3, sample_s: 0.002, seed: 1, limit_s: 30 });
  assert.equal(null_.samples.length, 3);
});

test("what does not fit is said", async t => {
  const place = project("node-test");
  const driver = new Driver({ ...place, runner: "nothing" });
  t.after(async () => (await driver.close(), place.remove()));
  assert.equal((await driver.run({})).end, "broken");
  assert.equal((await driver.load()).end, "unfit");
});

function readPart() {
  return ESM_LIB.replace(/export[^]*$/, "module.exports = { add, sorted, stamp, Tally, step: () => STEP, count: () => (calls += 1) };\n");
}
