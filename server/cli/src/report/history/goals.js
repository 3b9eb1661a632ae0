/* The goals: a table of which only the rows in sight exist, with filters, orders and keys. Chooses a goal; what is shown of it
   is the panel's matter. */

const ROW = 58;
/** Rows kept ready above and below what is in sight. */
const SPARE = 6;
/** Goals listed on paper. */
const MOST_PRINTED = 300;

/** Where the list has the whole width: as in `history.css`. */
const NARROW = matchMedia('(max-width: 1080px)');

const best = (goal) => candidates[goal.best];
const gainOf = (goal) => {
  const gain = array(record(best(goal)).gain);
  return gain.length === 3 ? gain : null;
};
const ranks = Object.keys(GOAL_STATES);
const text = (left, right) => (left < right ? -1 : left > right ? 1 : 0);
const place = (left, right) => text(left.file, right.file) || finite(left.line) - finite(right.line);

const COLUMNS = {
  state: ['State', (left, right) => ranks.indexOf(left.state) - ranks.indexOf(right.state) || finite(record(best(right)).weighted) - finite(record(best(left)).weighted)],
  goal: ['Goal', place],
  kind: ['Kind', (left, right) => text(left.kind, right.kind) || place(left, right)],
  gain: ['Gain', (left, right) => finite(record(best(right)).weighted) - finite(record(best(left)).weighted)],
  seen: ['Seen', (left, right) => finite(right.seen_ms) - finite(left.seen_ms)],
};

const list = { rows: [], chosen: null, order: 'state', turned: false, nodes: new Map(), body: null, inner: null, heads: {} };
const wanted = { states: new Set(), kind: '', file: '', words: [] };

function hay(goal) {
  goal.hay ??= [goal.message, goal.rule, goal.file, goal.symbol, goal.kind, goal.id, ...goal.candidates.map((at) => `${string(candidates[at].id)} ${string(candidates[at].engine)}`)].map(string).join('\n').toLowerCase();
  return goal.hay;
}

function fits(goal) {
  if (wanted.kind && goal.kind !== wanted.kind) return false;
  if (wanted.file && goal.file !== wanted.file) return false;
  return wanted.words.length === 0 || wanted.words.every((word) => hay(goal).includes(word));
}

function sift() {
  const fitting = goals.filter(fits);
  const tally = new Map();
  for (const goal of fitting) tally.set(goal.state, (tally.get(goal.state) || 0) + 1);
  for (const [state, said] of stateCounts) said.textContent = amount(tally.get(state) || 0);
  const shown = wanted.states.size ? fitting.filter((goal) => wanted.states.has(goal.state)) : fitting;
  const [, compare] = COLUMNS[list.order];
  const sign = list.turned ? -1 : 1;
  list.rows = shown.sort((left, right) => sign * compare(left, right) || left.place - right.place);
  document.getElementById('shown').textContent = shown.length === goals.length ? counted(goals.length, 'goal') : `${amount(shown.length)} of ${counted(goals.length, 'goal')}`;
  for (const node of list.nodes.values()) node.remove();
  list.nodes.clear();
  list.inner.style.height = `${list.rows.length * ROW}px`;
  list.grid.setAttribute('aria-rowcount', String(list.rows.length + 1));
  if (list.body.scrollTop > list.rows.length * ROW) list.body.scrollTop = 0;
  paintRows();
}

/** The file's name first: of a long path its beginning says least. */
function where(goal) {
  const cut = string(goal.file).lastIndexOf('/') + 1;
  return el('span', { class: 'where', title: `${goal.file}:${goal.line}` }, el('bdi', null, `${string(goal.file).slice(cut)}:${goal.line}`), cut ? el('bdi', { class: 'path' }, string(goal.file).slice(0, cut - 1)) : null);
}

/** The row of a goal. */
function goalRow(goal, number) {
  const gain = gainOf(goal);
  const node = el('div', { class: `row is-${goal.state}`, role: 'row', id: `g-${goal.place}`, 'aria-rowindex': number + 2, 'aria-selected': String(goal === list.chosen) },
    el('div', { role: 'gridcell', class: 'c-state' }, el('i', { class: `dot ${goal.state}`, 'aria-hidden': 'true' }), goal.state),
    el('div', { role: 'gridcell', class: 'c-goal' }, el('span', { class: 'title' }, prose(goal.message)), where(goal)),
    el('div', { role: 'gridcell', class: 'c-kind' }, goal.kind),
    el('div', { role: 'gridcell', class: 'c-gain' }, gain ? [el('span', { class: 'what' }, gain[0]), el('span', null, `${amount(gain[1])} \u2192 `, el('b', null, amount(gain[2])))] : el('span', { class: 'soft' }, '\u2013')),
    el('div', { role: 'gridcell', class: 'c-seen' }, day(goal.seen_ms)));
  node.style.transform = `translateY(${number * ROW}px)`;
  return node;
}

/** Brings the rows in sight into being, and lets go of the others. */
function paintRows() {
  const first = Math.max(0, Math.floor(list.body.scrollTop / ROW) - SPARE);
  const last = Math.min(list.rows.length, Math.ceil((list.body.scrollTop + list.body.clientHeight) / ROW) + SPARE);
  for (const [number, node] of list.nodes) {
    if (number < first || number >= last) {
      node.remove();
      list.nodes.delete(number);
    }
  }
  const fresh = [];
  for (let number = first; number < last; number += 1) {
    if (list.nodes.has(number)) continue;
    const node = goalRow(list.rows[number], number);
    list.nodes.set(number, node);
    fresh.push(node);
  }
  list.inner.append(...fresh);
  tellActive();
}

function tellActive() {
  const number = list.rows.indexOf(list.chosen);
  if (list.nodes.has(number)) list.body.setAttribute('aria-activedescendant', `g-${list.chosen.place}`);
  else list.body.removeAttribute('aria-activedescendant');
}

function reveal(number) {
  const [top, bottom] = [number * ROW, (number + 1) * ROW];
  if (top < list.body.scrollTop) list.body.scrollTop = top;
  else if (bottom > list.body.scrollTop + list.body.clientHeight) list.body.scrollTop = bottom - list.body.clientHeight;
}

/** Chooses a goal and shows it, in the list too if it is there. */
function choose(goal, candidate) {
  const before = list.nodes.get(list.rows.indexOf(list.chosen));
  if (before) before.setAttribute('aria-selected', 'false');
  list.chosen = goal;
  const number = list.rows.indexOf(goal);
  if (number >= 0) {
    reveal(number);
    paintRows();
    list.nodes.get(number).setAttribute('aria-selected', 'true');
  }
  tellActive();
  say('goal', goal, candidate);
}

function onKey(event) {
  const page = Math.max(1, Math.floor(list.body.clientHeight / ROW) - 1);
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  if (event.key === 'Enter' && list.chosen) {
    event.preventDefault();
    say('enter');
  } else if (event.key in steps && list.rows.length) {
    event.preventDefault();
    const at = list.rows.indexOf(list.chosen);
    const next = Math.max(0, Math.min(list.rows.length - 1, at + steps[event.key]));
    choose(list.rows[at < 0 && event.key !== 'End' ? 0 : next]);
  }
}

function header() {
  const cells = Object.entries(COLUMNS).map(([key, [word]]) => {
    const button = el('button', { type: 'button' }, word);
    const cell = el('div', { role: 'columnheader', class: `c-${key}`, 'aria-sort': 'none' }, button);
    button.addEventListener('click', () => orderBy(key));
    list.heads[key] = cell;
    return cell;
  });
  return el('div', { role: 'rowgroup', class: 'head' }, el('div', { role: 'row', 'aria-rowindex': 1 }, cells));
}

function orderBy(key) {
  list.turned = list.order === key && !list.turned;
  list.order = key;
  for (const [name, cell] of Object.entries(list.heads)) cell.setAttribute('aria-sort', name === key ? (list.turned ? 'descending' : 'ascending') : 'none');
  list.body.scrollTop = 0;
  sift();
}

const stateCounts = new Map();

function stateButtons() {
  const there = ranks.filter((state) => goals.some((goal) => goal.state === state));
  return there.map((state) => {
    const said = el('span', { class: 'tally' }, '');
    stateCounts.set(state, said);
    const box = el('input', { type: 'checkbox', name: 'state', value: state });
    return el('label', { title: GOAL_STATES[state] }, box, el('span', { class: 'chip' }, el('i', { class: `dot ${state}`, 'aria-hidden': 'true' }), state, ' ', said));
  });
}

function fillSelect(select, name) {
  const tally = new Map();
  for (const goal of goals) tally.set(goal[name], (tally.get(goal[name]) || 0) + 1);
  select.append(...[...tally].sort(([left], [right]) => text(left, right)).map(([key, number]) => el('option', { value: key }, `${key} (${number})`)));
}

function readForm(form) {
  const data = new FormData(form);
  wanted.states = new Set(data.getAll('state'));
  wanted.kind = string(data.get('kind'));
  wanted.file = string(data.get('file'));
  wanted.words = string(data.get('text')).toLowerCase().split(/\s+/).filter(Boolean);
  list.body.scrollTop = 0;
  sift();
}

function setUpForm() {
  const form = document.getElementById('sieve');
  document.getElementById('states').append(...stateButtons());
  fillSelect(form.elements.kind, 'kind');
  fillSelect(form.elements.file, 'file');
  form.addEventListener('input', () => readForm(form));
  form.addEventListener('reset', () => setTimeout(() => readForm(form)));
  form.addEventListener('submit', (event) => { event.preventDefault(); readForm(form); });
  document.addEventListener('keydown', (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      form.elements.text.focus();
    }
  });
  listen('file', (path) => {
    form.reset();
    form.elements.file.value = path;
    readForm(form);
    document.getElementById('goals').scrollIntoView();
  });
}

/** On paper the rows in sight are not what one wants: the goals that held are listed instead. */
function setUpPrinting() {
  const printed = document.getElementById('printed');
  addEventListener('beforeprint', () => {
    const held = goals.filter((goal) => goal.state === 'proven' || goal.state === 'applied');
    printed.replaceChildren(...held.slice(0, MOST_PRINTED).map((goal) => el('li', null, el('b', null, goal.state), ' ', prose(goal.message), ' ', el('code', null, `${goal.file}:${goal.line}`))),
      ...(held.length > MOST_PRINTED ? [el('li', null, `and ${amount(held.length - MOST_PRINTED)} more`)] : []));
  });
  addEventListener('afterprint', () => printed.replaceChildren());
}

function setUpGoals() {
  if (goals.length === 0) return;
  document.getElementById('goals').hidden = false;
  list.inner = el('div', { role: 'rowgroup', class: 'inner' });
  list.grid = document.getElementById('grid');
  list.body = list.grid;
  list.grid.setAttribute('role', 'grid');
  list.grid.setAttribute('aria-label', 'Goals');
  list.grid.tabIndex = 0;
  list.grid.append(header(), list.inner);
  setUpForm();
  list.body.addEventListener('scroll', () => requestAnimationFrame(paintRows), { passive: true });
  new ResizeObserver(paintRows).observe(list.body);
  list.body.addEventListener('keydown', (event) => { if (event.target === list.body) onKey(event); });
  list.inner.addEventListener('click', (event) => {
    const row = event.target.closest('.row');
    if (!row) return;
    choose(goals[Number(row.id.slice(2))]);
    // Where the details stand below the list, nobody would see that they have changed.
    if (NARROW.matches) say('enter');
  });
  list.inner.addEventListener('dblclick', () => say('enter'));
  list.heads.state.setAttribute('aria-sort', 'ascending');
  sift();
  setUpPrinting();
  listen('candidate', (at) => choose(goals[candidates[at].goal], at));
}
