// Very many variants on few tests, as the harness asks for it: every kind of result, no trace from one variant to the next, and
// the table of what variants do. It must not measure speed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Driver, available, join, project, readFileSync } from "./project.mjs";

const SOLUTION = `'use strict';
const LIMIT = 100;
function mean(list) {
  let sum = 0;
  for (let i = 1; i < list.length; i += 1) {
    sum += list[i];
  }
  return sum / list.length;
}
const capped = (value, by = 0) => Math.min(value + by, LIMIT);
const odd = n => n % 2 === 0;
class Stack {
  constructor() {
    this.parts = [];
  }
  push(part) {
    this.parts.push(part);
    return this.parts.length - 1;
  }
  static of(...parts) {
    const made = new Stack();
    parts.forEach(part => made.push(part));
    return made;
  }
}
function words(text) {
  const plain = part => part.trim();
  return text.split(',').map(plain);
}
function* upTo(n) {
  for (let i = 0; i <= n; i += 1) yield i;
}
const tools = { twice(n) { return n * 3; }, half: function (n) { return n / 2; } };
async function later(n) {
  await null;
  return n - 1;
}
`;
const EXPORTS = "module.exports = { mean, capped, odd, Stack, words, upTo, tools, later, LIMIT };\n";
const NAMES = "mean, capped, odd, Stack, words, upTo, tools, later, LIMIT";

const TESTS = {
  "means": "equal(mean([1, 2, 3]), 2)",
  "means one": "equal(mean([4]), 4)",
  "means two": "equal(mean([2, 4]), 3)",
  "caps": "equal(capped(200), 100), equal(capped(1, 2), 3)",
  "odd": "equal(odd(3), true)",
  "pushes": "equal(Stack.of(1).push(2), 2)",
  "words": "equal(words('a, b').join(), 'a,b')",
  "up to": "equal([...upTo(2)].length, 2)",
  "twice": "equal(tools.twice(2), 4)",
  "later": "equal(await later(1), 2)",
};
const RED = ["means", "means one", "means two"];
const GREEN = ["caps", "words"];

const head = ask => `${ask}\n`;
const testFile = extra => `${head("const test = require('node:test');\nconst { strictEqual: equal } = require('node:assert');")}const { ${NAMES} } = require('./lib.js');\n${Object.entries(TESTS)
  .map(([name, check]) => `test('${name}', ${check.includes("await") ? "async " : ""}() => { ${check}; });`)
  .join("\n")}\n${extra}`;

/** Edits of the first `from` behind `after`, in bytes. */
function edit(text, from, to, after = "") {
  const at = text.indexOf(from, text.indexOf(after));
  assert.notEqual(at, -1, from);
  const start = Buffer.byteLength(text.slice(0, at));
  return [start, start + Buffer.byteLength(from), to];
}

async function open(t, changes = {}, { runner = "node-test", extra = "" } = {}) {
  const files = runner !== "node-test" ? changes : { "package.json": "{}", "lib.js": SOLUTION + EXPORTS, "a.test.js": testFile(extra), "test/a.test.js": "", "test/b.test.mjs": "", "twice.mjs": "", ...changes };
  const place = project(runner, files);
  const driver = new Driver(place);
  t.after(async () => (await driver.close(), place.remove()));
  const answer = await driver.load();
  assert.equal(answer.end, "loaded", answer.reason);
  const file = place.lib;
  const text = readFileSync(join(place.root, file), "utf8");
  return {
    place, driver, text, tests: answer.tests,
    /** Tries variants by name; answers their results by name, and the closing answer. */
    async search(variants, more = {}) {
      const names = Object.keys(variants);
      const request = { do: "search", file, variants: names.map((name, at) => [at, variants[name]]), red: RED, green: GREEN, ahead: 4, times: 20, least_s: 0.004, limit_s: 60, ...more };
      const end = await driver.send(request);
      const results = Object.fromEntries(end.said.flatMap(({ results: part }) => part).map(([at, ...result]) => [names[at], result]));
      return { end, results };
    },
  };
}

const FIX = "let i = 0";
const BUG = "let i = 1";

test("every kind of result", async t => {
  const { search, text } = await open(t);
  const e = (from, to, after) => edit(text, from, to, after);
  const { end, results } = await search({
    "the fix": [e(BUG, FIX)],
    "another bug": [e(BUG, "let i = 2")],
    "half of it": [e("sum / list.length", "list.length === 1 ? 4 : sum / list.length")],
    "does not parse": [e(BUG, "let i = (")],
    "breaks another": [e(BUG, FIX), e("LIMIT)", "0)")],
    "two at once": [e(BUG, FIX), e("n % 2 === 0", "n % 2 === 1")],
    "throws": [e("let sum = 0", "throw new TypeError('x')")],
    "exits": [e("let sum = 0", "process.exit(0)")],
    "is the same": [],
    "ends without end": [e("let sum = 0", "process.kill(process.pid, 'SIGKILL')")],
    "after that": [e(BUG, "let i = 3")],
  });
  assert.equal(end.end, "finished");
  assert.equal(end.tried, 11);
  assert.deepEqual(results["the fix"], ["passed", 3, ""]);
  assert.deepEqual(results["another bug"], ["failed", 0, "AssertionError:4"]);
  assert.deepEqual(results["half of it"], ["failed", 1, "AssertionError:4"]);
  assert.deepEqual(results["does not parse"], ["unloadable", 0, ""]);
  assert.deepEqual(results["breaks another"], ["broken", 3, "AssertionError:7"]);
  assert.deepEqual(results["two at once"], ["passed", 3, ""]);
  assert.deepEqual(results.throws, ["failed", 0, "TypeError:4"]);
  assert.equal(results.exits[0], "died");
  assert.deepEqual(results["is the same"], ["failed", 0, "AssertionError:4"]);
  assert.equal(results["ends without end"][0], "died");
  assert.deepEqual(results["after that"], ["failed", 0, "AssertionError:4"]);
});

test("only the first red tests are run whatever they say", async t => {
  const { search, text } = await open(t);
  const variant = { "one of three": [edit(text, "sum / list.length", "list.length === 1 ? 4 : 0")] };
  assert.equal((await search(variant, { ahead: 3 })).results["one of three"][1], 1);
  assert.equal((await search(variant, { ahead: 1 })).results["one of three"][1], 0);
  assert.deepEqual((await search(variant, { ahead: 1, red: ["means one", "means"] })).results["one of three"], ["failed", 1, "AssertionError:4"]);
});

test("what does not end is ended, and the rest goes on", async t => {
  const { search, text } = await open(t);
  const e = (from, to) => edit(text, from, to);
  const { results, end } = await search({
    "for": [e("i += 1", "")],
    "while": [e("let sum = 0", "let sum = 0; while (true) {}")],
    "do": [e("let sum = 0", "let sum = 0; do sum += 1; while (sum)")],
    "swallows": [e("let sum = 0", "let sum = 0; for (;;) { try { null.x } catch { sum += 1 } }")],
    "recursion": [e("let sum = 0", "let sum = mean(list)")],
    "many calls": [e("let sum = 0", "let sum = (function f(n) { return n ? f(n - 1) + f(n - 1) : 1 })(40)")],
    "regex": [e("let sum = 0", "let sum = /^(a+)+$/.test('a'.repeat(40) + 'b') ? 1 : 0")],
    "the fix": [e(BUG, FIX)],
  });
  assert.equal(end.end, "finished");
  for (const name of ["for", "while", "do", "swallows", "many calls", "regex"]) assert.equal(results[name][0], "timeout", `${name}: ${results[name]}`);
  assert.ok(["failed", "timeout"].includes(results.recursion[0]));
  assert.equal(results["the fix"][0], "passed");
});

test("functions of every form are replaced without loading anew", async t => {
  const { search, text } = await open(t);
  const cases = {
    odd: [["n % 2 === 0", "n % 2 === 1"]],
    pushes: [["length - 1", "length"]],
    "up to": [["i <= n", "i < n"]],
    twice: [["n * 3", "n * 2"]],
    later: [["n - 1", "n + 1"]],
  };
  for (const [name, edits] of Object.entries(cases)) {
    const variants = { right: edits.map(([from, to]) => edit(text, from, to)), wrong: [edit(text, BUG, FIX)] };
    const { results, end } = await search(variants, { red: [name], green: ["caps"] });
    assert.equal(results.right[0], "passed", name);
    assert.equal(results.wrong[0], "failed", name);
    assert.deepEqual(end.how, { shared: 2, forked: 0, reloaded: 0 }, name);
  }
  const nested = await search({ "nested": [edit(text, "part.trim()", "part")], "right": [edit(text, BUG, FIX)] });
  assert.deepEqual([nested.results.nested[0], nested.results.right[0]], ["failed", "passed"]);
  const arrow = await search({ "parameter": [edit(text, BUG, FIX), edit(text, "by = 0", "by = 0 * 1")], "constructor": [edit(text, "this.parts = []", "this.parts = [1]")] }, { red: ["means"], green: ["caps", "words"] });
  assert.deepEqual([arrow.results.parameter[0], arrow.results.constructor[0]], ["passed", "failed"]);
});

test("constants, exports and statements of the module are loaded anew", async t => {
  const { search, text } = await open(t);
  const { results, end } = await search({
    "constant": [edit(text, "LIMIT = 100", "LIMIT = 5"), edit(text, BUG, FIX)],
    "right": [edit(text, "LIMIT = 100", "LIMIT = 10 * 10"), edit(text, BUG, FIX)],
    "export": [edit(text, "module.exports = { mean", "module.exports = { mean: list => list.reduce((a, b) => a + b) / list.length")],
    "throws at load": [edit(text, "module.exports", "throw 1; module.exports")],
    "loops at load": [edit(text, "module.exports", "for (;;); module.exports")],
    "exits at load": [edit(text, "module.exports", "process.exit(0); module.exports")],
  });
  assert.equal(results.constant[0], "broken");
  assert.equal(results.right[0], "passed");
  assert.equal(results.export[0], "passed");
  assert.equal(results["throws at load"][0], "unloadable");
  assert.equal(results["loops at load"][0], "timeout");
  assert.equal(results["exits at load"][0], "died");
  assert.equal(end.how.reloaded, 6);
});

test("a module that keeps something is loaded anew for every variant", async t => {
  const lib = `const seen = new Map();\nfunction mean(list) {\n  const key = list.join();\n  if (!seen.has(key)) seen.set(key, list.slice(1).reduce((a, b) => a + b, 0) / list.length);\n  return seen.get(key);\n}\n${SOLUTION.slice(SOLUTION.indexOf("const capped")).replace("LIMIT", "100")}const LIMIT = 100;\n${EXPORTS}`;
  const { search, text } = await open(t, { "lib.js": lib });
  const { results, end } = await search({ "wrong": [edit(text, "slice(1)", "slice(2)")], "right": [edit(text, "slice(1)", "slice(0)")], "still wrong": [] });
  assert.deepEqual([results.wrong[0], results.right[0], results["still wrong"][0]], ["failed", "passed", "failed"]);
  assert.equal(end.how.reloaded, 3);
});

test("what a variant leaves behind does not reach the next", async t => {
  const { search, text } = await open(t);
  const deeds = ["Array.prototype.join = () => 'x'", "Math.min = () => 7", "globalThis.leaked = 1", "Object.prototype.polluted = 1", "tools.twice = null", "Stack.of = null", "Object.freeze(Array.prototype)", "JSON.parse = null", "Math.max = 0", "Math.ceil = sum", "Map.prototype.get = 1", "Array.prototype.map = null", "Promise.prototype.then = 0"];
  for (const deed of deeds) {
    const { results } = await search({ "leaks": [edit(text, "let sum = 0", `${deed}; let sum = 0`)], "right": [edit(text, BUG, FIX)], "wrong": [edit(text, BUG, "let i = 2")], "right again": [edit(text, BUG, "let i = 0 * 1")] });
    assert.deepEqual([results.right[0], results.wrong[0], results["right again"][0]], ["passed", "failed", "passed"], `${deed} ${JSON.stringify(results)}`);
  }
});

test("built-in objects that variants spoil are put back, and the search stays as fast as it was", async t => {
  const { search, text } = await open(t);
  const variants = {};
  for (let at = 0; at < 60; at += 1) variants[at] = [edit(text, "let sum = 0", `${["Math.max", "Math.min", "Math.ceil"][at % 3]} = ${at}; let sum = 0`)];
  const { results, end } = await search({ ...variants, right: [edit(text, BUG, FIX)] });
  assert.equal(results.right[0], "passed");
  assert.ok(Object.keys(variants).every(at => results[at][0] === "failed"), JSON.stringify(results));
  assert.deepEqual(end.how, { shared: 61, forked: 0, reloaded: 0 });
});

test("a variant that does not parse is told as such, also when modules were thrown away before it", async t => {
  const { search, text } = await open(t);
  const unparsed = Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`no name ${at}`, [edit(text, "const plain", `const ${at}`)]]));
  const { results, end } = await search({
    "spoils": [edit(text, "let sum = 0", "tools.twice = null; let sum = 0")],
    ...unparsed,
    "right": [edit(text, BUG, FIX), edit(text, "n * 3", "n * 2")],
  }, { red: [...RED, "twice"], least_s: 1 });
  for (const name of Object.keys(unparsed)) assert.equal(results[name][0], "unloadable", name);
  assert.equal(results.right[0], "passed");
  assert.ok(end.how.shared > 0 && end.how.forked === 0, JSON.stringify(end.how));
});

test("results are those of one variant alone, whatever came before", async t => {
  const { search, text } = await open(t);
  const pieces = ["0", "1", "2", "list.length", "-1", "(", "NaN", "0; list.pop()", "0; Stack.x = 1", "0; LIMIT"];
  const variants = {};
  for (let at = 0; at < 150; at += 1) variants[at] = [edit(text, BUG, `let i = ${pieces[at % pieces.length]}${at % 3 ? "" : " + 0"}`)];
  const all = await search(variants);
  assert.equal(all.end.tried, 150);
  for (const at of [0, 1, 5, 7, 8, 33]) assert.deepEqual((await search({ [at]: variants[at] })).results[at], all.results[at], String(at));
});

test("hooks, subtests and their context", async t => {
  const extra = `const { describe, it, beforeEach } = test;
let box;
describe('with hooks', () => { beforeEach(() => { box = [1]; }); it('uses them', t => { t.diagnostic('x'); box.push(mean([2])); equal(box.length, 2); equal(box[1], 2); }); it('is skipped', { skip: true }, () => {}); });
test('has parts', async t => { await t.test('first', () => equal(1, 1)); await t.test('second', async () => equal(mean([3]), 3)); });
test('calls back', (t, done) => setTimeout(() => { try { equal(mean([1]), 1); done(); } catch (error) { done(error); } }, 1));
`;
  const { search, text } = await open(t, {}, { extra });
  const red = ["with hooks > uses them", "has parts > second", "calls back"];
  const { results, end } = await search({ "right": [edit(text, BUG, FIX)], "wrong": [edit(text, BUG, "let i = 2")] }, { red, green: ["caps", "has parts > first"] });
  assert.deepEqual(results.right, ["passed", 3, ""]);
  assert.equal(results.wrong[0], "failed");
  assert.deepEqual(end.how, { shared: 2, forked: 0, reloaded: 0 });
});

test("an async test that never ends", async t => {
  const { search, text } = await open(t);
  const { results } = await search({ "hangs": [edit(text, "await null", "await new Promise(() => {})")], "loops": [edit(text, "await null", "for (;;) await null")], "waits": [edit(text, "await null", "await new Promise(r => setTimeout(r, 1e6))")], "right": [edit(text, "n - 1", "n + 1")] }, { red: ["later"] });
  assert.equal(results.right[0], "passed");
  assert.equal(results.hangs[0], "failed");
  assert.equal(results.loops[0], "timeout");
  assert.equal(results.waits[0], "timeout");
});

test("ES modules", async t => {
  const lib = `${SOLUTION}export { ${NAMES} };\n`;
  const { search, text } = await open(t, { "package.json": '{"type":"module"}', "lib.js": lib, "a.test.js": testFile("").replace("const test = require('node:test');", "import test from 'node:test';").replace("const { strictEqual: equal } = require('node:assert');", "import { strictEqual as equal } from 'node:assert';").replace(/const (\{.*\}) = require\('.\/lib.js'\);/, "import $1 from './lib.js';") });
  const { results, end } = await search({ "right": [edit(text, BUG, FIX)], "wrong": [edit(text, BUG, "let i = 2")], "constant": [edit(text, "LIMIT = 100", "LIMIT = 5"), edit(text, BUG, FIX)], "not parsed": [edit(text, BUG, "let i = )")], "loops": [edit(text, "i += 1", "")] });
  assert.deepEqual(results.right, ["passed", 3, ""]);
  assert.deepEqual(results.wrong, ["failed", 0, "AssertionError:4"]);
  assert.equal(results.constant[0], "broken");
  assert.equal(results["not parsed"][0], "unloadable");
  assert.equal(results.loops[0], "timeout");
  assert.deepEqual(end.how, { shared: 4, forked: 0, reloaded: 1 });
});

test("edits are in bytes", async t => {
  const { search, text } = await open(t, { "lib.js": `\ufeff// ünïcödé 🙂\n${SOLUTION}${EXPORTS}` });
  const { results } = await search({ "right": [edit(text, BUG, FIX)], "outside": [[1e6, 1e6 + 1, ""]] });
  assert.deepEqual([results.right[0], results.outside[0]], ["passed", "unloadable"]);
});

test("tests that cannot be called directly are run plainly", async t => {
  const { search, text } = await open(t, {}, { extra: "test('asks its runner', t => { equal(typeof t.fullName.trim, 'function'); equal(mean([1]), 1); t.plan(3); t.assert.ok(1); });\ntest('in a child', () => { equal(require('node:child_process').execFileSync(process.execPath, ['-p', '1'], { encoding: 'utf8' }), '1\\n'); });\n" });
  const { results, end } = await search({ "right": [edit(text, BUG, FIX)], "wrong": [edit(text, BUG, "let i = 2")], "not parsed": [edit(text, BUG, "let i = (")] });
  assert.deepEqual([results.right[0], results.wrong[0], results["not parsed"][0]], ["passed", "failed", "unloadable"]);
  assert.deepEqual(end.how, { shared: 0, forked: 3, reloaded: 0 });
});

for (const runner of ["tape", "mocha", "jest", "vitest"]) {
  test(`${runner}: the right one is found`, { skip: available(runner) ? false : `${runner} is not among the tools` }, async t => {
    const place = project(runner);
    const text = place.text.replace("a + b", "a - b");
    place.remove();
    const { search, tests } = await open(t, { [place.lib]: text }, { runner });
    const red = tests.filter(id => /adds(?! large)/.test(id)).slice(0, 2);
    const green = tests.filter(id => /counts|steps/.test(id));
    assert.ok(red.length > 0 && green.length > 0);
    const { results, end } = await search({ "right": [edit(text, "a - b", "a + b")], "wrong": [edit(text, "a - b", "a * b")], "breaks": [edit(text, "STEP = 1", "STEP = 2"), edit(text, "a - b", "a + b")], "not parsed": [edit(text, "a - b", "a - (")] }, { red, green });
    assert.equal(end.end, "finished");
    assert.deepEqual(Object.values(results).map(([kind]) => kind), ["passed", "failed", "broken", "unloadable"], JSON.stringify(results));
    if (runner === "tape" || runner === "mocha") assert.equal(end.how.forked, 0);
  });
}

test("a search can be given up, and others go on", async t => {
  const { driver, text, search } = await open(t);
  const variants = Array.from({ length: 4000 }, (_, at) => [at, [edit(text, BUG, `let i = 0; while (i < ${at + 1}); let j = 1`)]]);
  const long = driver.send({ do: "search", file: "lib.js", variants, red: RED, green: [], ahead: 4, times: 20, least_s: 0.004, limit_s: 60 });
  driver.process.stdin.write(`${JSON.stringify({ id: 900, do: "cancel", target: long.id })}\n`);
  assert.equal((await long).end, "cancelled");
  const short = await driver.send({ do: "search", file: "lib.js", variants, red: RED, green: [], ahead: 4, times: 20, least_s: 0.004, limit_s: 0.1 });
  assert.equal(short.end, "timeout");
  assert.ok(short.tried < 4000);
  const both = await Promise.all([search({ "right": [edit(text, BUG, FIX)] }), search({ "wrong": [edit(text, BUG, "let i = 2")] })]);
  assert.deepEqual([both[0].results.right[0], both[1].results.wrong[0]], ["passed", "failed"]);
  assert.deepEqual((await driver.run({})).failed.length, 8);
});

test("a table of what variants do", async t => {
  const { driver, text, tests } = await open(t);
  const ask = (name, variants, more = {}) => driver.send({ do: "behave", file: "lib.js", name, tests, variants: Object.values(variants).map((edits, at) => [at, edits]), seed: 1, mutations: 20, limit_s: 30, ...more });
  const answer = await ask("mean", { same: [], right: [edit(text, BUG, FIX)], alike: [edit(text, BUG, "let i = 2 - 2")], endless: [edit(text, "i += 1", "")], throws: [edit(text, "let sum = 0", "throw new RangeError('x')")], unloadable: [edit(text, BUG, "let i = (")], changes: [edit(text, BUG, "let i = list.push(0) * 0")], dies: [edit(text, "let sum = 0", "process.kill(process.pid, 'SIGKILL')")], last: [edit(text, BUG, FIX)] });
  assert.equal(answer.end, "finished");
  assert.equal(answer.left_out, null);
  assert.equal(answer.captured, 3);
  assert.ok(answer.inputs.length > 10);
  assert.equal(new Set(answer.inputs).size, answer.inputs.length);
  assert.ok(answer.inputs.every((input, at) => at === 0 || input.length >= answer.inputs[at - 1].length));
  assert.ok(answer.inputs.every(input => /^mean\(\[[\d\s,-]*\]\)$/.test(input)), answer.inputs.join("\n"));
  const rows = new Map(answer.table);
  const does = (variant, input) => answer.words[rows.get(variant)[answer.inputs.indexOf(input)]];
  assert.equal(rows.size, 9);
  assert.equal(does(0, "mean([ 4 ])"), "0");
  assert.equal(does(1, "mean([ 4 ])"), "4");
  assert.deepEqual(rows.get(1), rows.get(2));
  assert.deepEqual(rows.get(1), rows.get(8));
  assert.ok(rows.get(3).includes(-1));
  assert.equal(does(4, "mean([ 4 ])"), "throws RangeError");
  for (const none of [5, 7]) assert.ok(rows.get(none).every(at => at === -1));
  assert.equal(does(6, "mean([ 4 ])"), "2, leaves [ [ 4, 0 ] ]");
  // What a built-in does takes no turns: an input on which it takes for ever must not cost every variant as much.
  const slow = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [at, [edit(text, "let sum = 0", `let sum = 0; if (list.length === 1) /^(a+)+$/.test('a'.repeat(40) + '${at}')`)]]));
  const late = await ask("mean", slow);
  assert.ok(late.table.length === 20 && late.cpu_s < 3, `${late.cpu_s} s`);
  const method = await ask("Stack.push", { same: [], right: [edit(text, "length - 1", "length")] });
  assert.ok(method.table.length === 2 && method.inputs.length > 0, JSON.stringify(method));
  assert.match((await ask("nothing", { same: [] })).left_out, /no single/);
});
