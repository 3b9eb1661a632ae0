// A dimension and reporter for Hephaestus: what a change costs to send over a wire, and every run as a table.
//
// As a dimension it measures the touched files packed by gzip, before and after: a change may well have fewer tokens and
// pack worse. As a reporter it writes `run.csv`, a line for each thing that was tried, and says how many held.
//
// Needs Node 18 and nothing else. The protocol: docs/src/external.md.

import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';

const HELLO = { type: 'hello', hephaestus: 1, roles: ['dimension', 'reporter'] };

/** What happened in the run that is being reported. */
const events = [];

const packed = (text) => (text ? gzipSync(text, { level: 9 }).length : 0);
const sum = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

function* measure({ files }) {
  const before = sum(files.map((file) => packed(file.before)));
  const after = sum(files.map((file) => packed(file.after)));
  yield { type: 'measure', before, after, unit: 'bytes', direction: 'lower' };
  yield { type: 'done' };
}

function* report() {
  const goals = new Map(events.filter(({ type }) => type === 'goal').map((goal) => [goal.id, goal]));
  const tried = events.filter(({ type }) => type === 'improvement' || type === 'rejected');
  const rows = tried.map(({ type, goal: id, engine, verdict }) => {
    const { file, kind, rule } = goals.get(id) ?? {};
    return [file, kind, rule, engine, type === 'improvement' ? 'held' : verdict];
  });
  const held = rows.filter((row) => row.at(-1) === 'held').length;
  yield { type: 'file', path: 'run.csv', text: csv([['file', 'kind', 'rule', 'engine', 'result'], ...rows]) };
  yield { type: 'text', text: `${held} of ${rows.length} candidates held` };
  yield { type: 'done' };
  events.length = 0;
}

/** RFC 4180, but for its line ends. */
function csv(rows) {
  const cell = (value = '') => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}

const answers = {
  hello: () => [HELLO],
  measure,
  event: ({ event }) => (events.push(event), []),
  report,
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const answer = answers[asked.type] ?? (() => [{ type: 'done' }]);
  for (const said of answer(asked)) console.log(JSON.stringify({ id: asked.id, ...said }));
}
