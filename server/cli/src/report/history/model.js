/* The data of the page: the index, read at once, and the pieces about single candidates, each read when it is asked for. */

const index = readJson('data');
const texts = array(index.texts);
const candidates = records(index.candidates);
const goals = records(index.goals);
const runs = records(index.runs);
const strength = record(index.strength);

/** States of goals: the word, in the order in which they are listed, and what it means. */
const GOAL_STATES = {
  proven: 'every gate passed: ready to be applied',
  applied: 'written into the files',
  open: 'not tried yet',
  unproven: 'tried, and nothing held',
  dismissed: 'not wanted, or taken back',
  stale: 'the code has changed since',
};

/** States of candidates in words, with the colour of the goal's state they lead to. */
const CANDIDATE_STATES = {
  applied: ['applied', 'applied'],
  proven: ['proven', 'proven'],
  dismissed: ['dismissed', 'dismissed'],
  undone: ['taken back', 'dismissed'],
  superseded: ['superseded by another', 'dismissed'],
  refused: ['passed, not good enough', 'unproven'],
  failed: ['a test failed', 'unproven'],
  unviable: ['does not parse or build', 'unproven'],
  unreached: ['no test notices the code', 'unproven'],
  'timed-out': ['ran past its time limit', 'unproven'],
  flaky: ['results differed', 'unproven'],
  cancelled: ['stopped', 'open'],
  errored: ['the harness failed', 'open'],
  untried: ['not tried', 'open'],
};

const stateWord = (state) => (CANDIDATE_STATES[state] || [string(state)])[0];
const stateColour = (state) => (CANDIDATE_STATES[state] || ['', 'open'])[1];

const children = new Map();
candidates.forEach((candidate, place) => {
  candidate.place = place;
  if (Number.isInteger(candidate.parent) && candidate.parent !== place && candidates[candidate.parent]) {
    if (!children.has(candidate.parent)) children.set(candidate.parent, []);
    children.get(candidate.parent).push(place);
  } else candidate.parent = null;
});
goals.forEach((goal, place) => {
  goal.place = place;
  goal.candidates = array(goal.candidates).filter((at) => candidates[at]);
});

const pieces = new Map();

/** Puts what was kept once back where it stood. */
function restore(value, parts) {
  if (Array.isArray(value)) return value.map((it) => restore(it, parts));
  if (value === null || typeof value !== 'object') return value;
  if (Number.isInteger(value['='])) return parts[value['=']];
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, restore(it, parts)]));
}

/** What is told of one candidate only. */
function detailOf(place) {
  const size = finite(index.per_piece) || 1;
  const number = Math.floor(place / size);
  if (!pieces.has(number)) pieces.set(number, record(readJson(`details-${number}`)));
  const piece = pieces.get(number);
  return record(restore(record(array(piece.items)[place % size]), array(piece.parts)));
}

/** From the first step to this one. */
function stepsTo(place) {
  const steps = [];
  for (let at = place; at !== null && candidates[at] && !steps.includes(at); at = candidates[at].parent) steps.unshift(at);
  return steps;
}

function moment(milliseconds) {
  return Number.isFinite(milliseconds) && milliseconds > 0 ? new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ') : '';
}

const day = (milliseconds) => moment(milliseconds).slice(0, 10);

/** Words that others say or ask for, without knowing who listens: which goal is shown, which file is looked for. */
const listeners = new Map();
function listen(word, hear) {
  if (!listeners.has(word)) listeners.set(word, []);
  listeners.get(word).push(hear);
}
function say(word, ...facts) {
  for (const hear of listeners.get(word) || []) hear(...facts);
}
