// Projects for the tests of pages: a real one that is forged, and registries that are written by hand, large or hostile.
// Everything lies in temporary folders; nothing here judges a page.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const binary = process.env.HEPHAESTUS;
const ROOT = new URL('../../', import.meta.url).pathname;
const DAY = 24 * 60 * 60 * 1000;
const START = 1_790_000_000_000;

/** Runs the binary in a project; what it says on standard output. */
export function hephaestus(project, ...words) {
  return execFileSync(binary, [...words, '--root', project], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });
}

/** A folder that is removed at the end of `test`. */
export function folder(test) {
  const place = mkdtempSync(join(tmpdir(), 'hephaestus-page-'));
  test.after(() => rmSync(place, { recursive: true, force: true }));
  return place;
}

/** A copy of a fixture. */
export function fixture(test, name) {
  const project = join(folder(test), name);
  cpSync(join(ROOT, 'tests/workspaces', name), project, { recursive: true });
  return project;
}

/** A project whose registry holds these lines. It has no source file: with one, what was tried would be about other code. */
export function remembered(test, lines) {
  const project = join(folder(test), 'project');
  mkdirSync(project);
  const file = join(project, 'registry.jsonl');
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  hephaestus(project, 'registry', 'import', file);
  return project;
}

/** Writes the page; its path. */
export function report(project) {
  return hephaestus(project, 'report').trim();
}

const hex = (number, length) => number.toString(16).padStart(length, '0');
const time = (milliseconds) => ({ secs: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1e6 });
/** Numbers that look random and are the same in every run. */
const mix = (number) => ((Math.imul(number + 1, 2654435761) >>> 0) % 1000) / 1000;

export const head = { type: 'registry', schema: 1 };

export function run(number, stats = {}) {
  const before = { cognitive: 900 - number * 9, tokens: 61000 - number * 120, statements: 5400 - number * 20, findings: 240 - number * 4, functions_over_limit: 31 - (number >> 2) };
  return {
    type: 'run', id: hex(number, 16), command: number % 5 === 4 ? 'repair' : 'forge', root: '/srv/project', seed: '0', started_ms: START + number * DAY, goals: 40,
    stats: { wall_s: 60 + number, cpu_s: 100 + number, trials: 80, ended: 'done', score: { before, after: before }, ...stats },
  };
}

export function goal(number, facts = {}) {
  const file = facts.file ?? `src/package${number % 12}/module_${number % 60}.py`;
  return {
    type: 'goal', seen_ms: START + (number % 30) * DAY,
    goal: {
      id: hex(number, 12), base: hex(7, 32), kind: ['simplify', 'modernize', 'complexity', 'lint', 'speed'][number % 5], rule: `python/rule-${number % 23}`, file, language: 'python',
      line: 1 + ((number * 37) % 900), range: { start: 0, end: 1 }, symbol: `Shelf.method_${number % 200}`, message: `Nested \`if\` number ${number} can be one condition`,
      why: `Two conditions on one line say in one look what two lines say in two (${number % 9}).`, acceptance: { improves: ['cognitive'], target: null, must_pass: [] }, footprint: [file], origin: { type: 'measured' }, gain: 0.5, cost: 1, ...facts,
    },
  };
}

export function candidate(number, ofGoal, parent, facts = {}) {
  const { file, base } = ofGoal.goal;
  return {
    type: 'candidate', seen_ms: ofGoal.seen_ms, base,
    diff: facts.diff ?? `--- a/${file}\n+++ b/${file}\n@@ -10,5 +10,4 @@\n def method():\n-    if first:\n-        if second_${number}:\n-            act(${number})\n+    if first and second_${number}:\n+        act(${number})\n     return None\n`,
    candidate: {
      id: facts.id ?? hex(0xa00000 + number, 12), goal: ofGoal.goal.id, engine: parent ? 'search' : 'rewrite', operators: facts.operators ?? [`python/rule-${number % 23}`], parent: parent?.candidate.id ?? null, prior: 0.5,
      patch: { [file]: { type: 'edit', base, edits: [{ range: { start: 0, end: 1 }, text: `y${number}` }] } },
    },
  };
}

const GATES = ['compiles', 'reached', 'tests-pass', 'same-on-inputs', 'strength', 'public-api', 'no-new-dependency', 'no-new-finding', 'inside-footprint', 'tests-kept'];

export function trial(number, ofCandidate, ofGoal, verdict, accepted, facts = {}) {
  const stage = (name, held = true) => ({ stage: name, command: `pytest -q -p no:cacheprovider tests/test_module_${number % 60}.py`, passed: held ? 48 : 47, skipped: 0, failures: held ? [] : [{ id: `tests/test_module_${number % 60}.py::test_${number}`, message: facts.message ?? `AssertionError: assert ${number} == ${number + 1}` }], held, wall: time(900), cpu: time(700), tail: held ? '' : 'E   AssertionError\n1 failed, 47 passed' });
  const stages = verdict === 'passed' ? ['parse', 'impacted', 'full', 'again', 'inputs', 'strength'].map((name) => stage(name)) : [stage('parse'), stage('impacted', false)];
  const measure = (dimension, before, after, direction = 'lower') => ({ dimension, before, after, direction, error: 0 });
  const gain = 1 + (number % 7);
  const score = {
    measures: [measure('functionality', 480, 480, 'higher'), measure('cognitive', 12 + gain, 12), measure('cyclomatic', 9, 8), measure('size', 140 + gain, 140), measure('nesting', 3, 2), measure('diff-size', 0, 5, 'shown')],
    gates: GATES.map((gate) => ({ gate, open: accepted || gate !== 'strength', reason: `as it has to be: ${gate}` })), weighted: mix(number), accepted, target_met: accepted, weakly_tested: number % 9 === 0,
    reasons: accepted ? [] : ['the tests notice 2 of 9 mutants, which is too few'],
  };
  return {
    type: 'trial', id: hex(number, 16), run: hex(number % 30, 16), goal: ofGoal.goal.id, base: ofGoal.goal.base, context: hex(3, 32), at_ms: ofGoal.seen_ms, score: verdict === 'passed' ? score : null, log: null,
    trial: {
      candidate: ofCandidate.candidate.id, verdict, cost: { wall: time(4000), cpu: time(3000) }, remembered: false,
      evidence: {
        stages, runner: 'pytest', isolation: { files: 'overlay', processes: 'namespace', network: 'none', landlock: 7 }, findings: [], compared: [], speed: null, set_aside: [],
        strength: verdict === 'passed' ? { before: { killed: 8, survived: 1 }, after: { killed: 7, survived: 1 }, survivors: [], left_out: 0, cpu: time(2000) } : null,
        not_checked: ['inputs the tests do not use', 'speed'], notes: [],
      },
    },
  };
}

/** A registry of so many candidates, four to a goal, every third goal's candidates going on from one another. */
export function many(count) {
  const runs = Array.from({ length: 30 }, (_, number) => run(number));
  const [goals, candidates, trials, decisions] = [[], [], [], []];
  for (let number = 0; number < count; number += 1) {
    if (number % 4 === 0) goals.push(goal(number / 4));
    const mine = goals[goals.length - 1];
    const before = candidates[number - 1];
    const parent = number % 4 > 0 && mine.goal.line % 3 === 0 ? (number % 4 === 3 ? candidates[number - 2] : before) : null;
    const own = candidate(number, mine, parent);
    candidates.push(own);
    const luck = mix(number);
    const verdict = luck < 0.35 ? 'passed' : luck < 0.8 ? 'failed' : luck < 0.9 ? 'unviable' : 'unreached';
    trials.push(trial(number, own, mine, verdict, luck < 0.2));
    if (luck < 0.06) decisions.push({ type: 'decision', candidate: own.candidate.id, kind: luck < 0.045 ? 'applied' : 'dismissed', at_ms: START + 40 * DAY });
  }
  // Goals of which nothing was tried.
  for (let number = 0; number < count / 20; number += 1) goals.push(goal(1_000_000 + number));
  return [head, ...runs, ...goals, ...candidates, ...trials, ...decisions];
}
