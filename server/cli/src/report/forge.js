/* The report's behaviour: draws the charts, builds the lists from the JSON in the page, filters, shows details on demand.
 Text of the data goes in as text nodes and attributes only, never as markup. Loads nothing, sends nothing. */
const report = readJson('data');
const goals = new Map(records(report.goals).map((goal) => [goal.id, goal]));
const runner = record(report.runner);
const together = record(report.together);

// Charts: drawn beside the numbers that say the same

const CHARTS = {
  pair: pairBars,
  bar([value, whole]) {
    return canvas(12, {}, draw('rect', { class: 'ink-before', x: 0, y: 1, width: share(value, whole) + '%', height: 10, rx: 1 }));
  },
  funnel([value, next, whole]) {
    const [here, there] = [share(value, whole) / 2, share(next, whole) / 2];
    const shapes = [draw('rect', { class: next < 0 ? 'ink-after' : 'ink-before', x: 50 - here, y: 5, width: here * 2, height: 17 })];
    if (next >= 0) shapes.push(draw('polygon', { class: 'ink-tint', points: `${50 - here},22 ${50 + here},22 ${50 + there},32 ${50 - there},32` }));
    return canvas(27, { viewBox: '0 0 100 27', preserveAspectRatio: 'none', overflow: 'visible' }, ...shapes);
  },
  stack(parts) {
    const whole = parts.reduce((sum, [, seconds]) => sum + seconds, 0);
    let x = 0;
    return canvas(16, {}, ...parts.map(([hue, seconds]) => {
      const width = percent(seconds, whole);
      const bar = draw('rect', { class: `hue${hue}`, x: x + '%', y: 0, width: Math.max(0, width - (width > 1 ? 0.3 : 0)) + '%', height: 16 });
      x += width;
      return bar;
    }));
  },
};

function drawCharts() {
  for (const place of document.querySelectorAll('[data-chart]')) {
    const values = place.dataset.values.split(',').map((it) => (it.includes(':') ? it.split(':').map(Number) : Number(it)));
    place.append(CHARTS[place.dataset.chart](values));
  }
}

function offerCombinedPatch() {
  const patch = string(together.patch);
  if (together.verdict !== 'passed' || patch === '' || together.applied === true) return;
  const place = document.getElementById('actions');
  place.append(
    action('Save the combined patch', () => save(patch, 'hephaestus.patch'), true),
    action('Copy it', (button) => copy(patch, button)),
    el('code', null, 'patch -p1 < hephaestus.patch'));
  place.hidden = false;
}

// One improvement, one rejected candidate

const notChecked = (improvement) => array(record(improvement.evidence).not_checked).map(string).join('; ');

/** What failed and where the reason was suspected; nothing for goals that are about no test. */
function failingTests(goal) {
  const suspects = records(goal.suspects).map((it) => `${string(it.file)}:${string(it.line)} (${Math.round(100 * finite(it.suspicion))} %) ${string(it.text)}`);
  const tests = array(goal.tests).map(string);
  return tests.length ? facet('Failing tests', [lines(tests), suspects.length ? el('p', { class: 'small' }, 'suspicious, most first') : null, suspects.length ? lines(suspects) : null], true) : null;
}

function improvementInside(improvement) {
  const evidence = record(improvement.evidence);
  const goal = record(goals.get(improvement.goal));
  const isolation = isolationWords(evidence.isolation).filter(([, words]) => words !== '').map(([key, words]) => `${key}: ${words}`).join('; ');
  const tests = evidence.tests_passed === undefined ? '' : `${counted(evidence.tests_passed, 'test')} passed` + (evidence.full_runs ? `, full suite run ${counted(evidence.full_runs, 'time')}` : '');
  return el('div', { class: 'inside' },
    goal.why ? el('p', { class: 'why' }, prose(goal.why)) : null,
    diff(string(improvement.patch), string(improvement.file)),
    patchTools(improvement),
    el('div', { class: 'facets' },
      failingTests(goal), foundBy(improvement), runnersUp(improvement),
      facet('Score', scoreTable(records(improvement.scores))),
      facet('Gates', gateTable(records(improvement.gates))),
      facet('What was run', stageTable(records(evidence.stages)), true),
      facet('Evidence', facts([
        ['result', tests], ['not checked', notChecked(improvement)], ['set aside', array(evidence.set_aside).join(', ')], ['sandbox', isolation],
        ['notes', array(evidence.notes).join('; ')], ['operators', array(improvement.operators).join(', ')],
        ['weighted gain', amount(improvement.weighted)], ['alternatives', array(improvement.alternatives).length ? `${counted(array(improvement.alternatives).length, 'other candidate')} passed too: ${array(improvement.alternatives).join(', ')}` : ''],
        ['proof', improvement.proof && [el('code', null, string(improvement.proof))]], ['goal', [el('code', null, string(improvement.goal))]], ['candidate', [el('code', null, string(improvement.candidate))]],
      ]), true)));
}

/** The two gains that matter most, relative to what was there. */
function topGains(scores) {
  return scores.filter((it) => it.direction !== 'shown' && finite(it.gain) !== 0)
    .map((it) => [it, finite(it.gain) / Math.max(Math.abs(finite(it.before)), Math.abs(finite(it.after)), 1e-9)])
    .sort((a, b) => b[1] - a[1]).slice(0, 2).map(([it]) => it);
}

function improvementRow(improvement) {
  const unchecked = notChecked(improvement);
  const gains = topGains(records(improvement.scores)).map((it) => el('div', { class: finite(it.gain) < 0 && 'down' }, `${string(it.dimension)} ${amount(it.before)} \u2192 `, el('b', null, amount(it.after))));
  return el('details', { class: 'row', id: 'i-' + string(improvement.goal) },
    el('summary', null,
      el('div', { class: 'body' },
        el('div', { class: 'title' }, improvement.line ? el('span', { class: 'at' }, `line ${string(improvement.line)}`) : null, prose(improvement.message)),
        el('div', { class: 'meta' }, el('span', null, string(improvement.kind)), el('span', { class: 'mono' }, string(improvement.rule)), improvement.symbol ? el('span', { class: 'mono' }, string(improvement.symbol)) : null,
          improvement.together === false ? el('span', { class: 'flag' }, 'left out of the combined patch') : null),
        unchecked ? el('div', { class: 'unchecked' }, el('b', null, 'Not checked: '), unchecked) : null),
      el('div', { class: 'gains' }, gains)));
}

function rejectedRow(candidate) {
  const failed = array(candidate.failed_tests).map(string);
  const more = failed.length > 3 ? el('li', null, `${failed.length - 3} more`) : null;
  return el('details', { class: 'row' },
    el('summary', null,
      el('div', { class: 'body' },
        el('div', { class: 'title' }, prose(candidate.message)),
        el('div', { class: 'reason' }, prose(candidate.reason)),
        failed.length ? el('ul', { class: 'failed', 'aria-label': 'Failing tests' }, failed.slice(0, 3).map((id) => el('li', null, id)), more) : null,
        el('div', { class: 'meta' }, el('span', { class: 'mono' }, [string(candidate.file), string(candidate.line)].filter(Boolean).join(':')), el('span', { class: 'mono' }, string(candidate.rule)))),
      el('div', null, el('span', { class: 'tag' }, string(candidate.verdict)))));
}

function rejectedInside(candidate) {
  const failed = array(candidate.failed_tests).map(string);
  return el('div', { class: 'inside' },
    failed.length > 3 ? el('ul', { class: 'failed' }, failed.map((id) => el('li', null, id))) : null,
    diff(string(candidate.patch), string(candidate.file)), patchTools(candidate));
}

// The lists. A row is {node, candidate, hay}: built once, hidden and shown by the filter, filled when first opened

const filters = document.getElementById('filters');
const rows = { improvements: [], rejected: [] };
const groups = [];
let sayRejected = () => {};

function row(candidate, build, fill) {
  const node = build(candidate);
  node.addEventListener('toggle', () => { if (node.open && node.children.length === 1) unfold(node, fill(candidate)); });
  return { node, candidate, hay: null };
}

const kindOf = (candidate) => string(candidate.kind || record(goals.get(candidate.goal)).kind);

function matches(entry, wanted) {
  const it = entry.candidate;
  if (wanted.kind && kindOf(it) !== wanted.kind) return false;
  if (wanted.rule && string(it.rule) !== wanted.rule) return false;
  if (wanted.file && string(it.file) !== wanted.file) return false;
  if (wanted.words.length === 0) return true;
  entry.hay ??= [it.message, it.rule, it.file, it.symbol, kindOf(it), it.engine, it.verdict, it.reason, ...array(it.failed_tests), it.patch].map(string).join('\n').toLowerCase();
  return wanted.words.every((word) => entry.hay.includes(word));
}

function wantedNow() {
  const form = new FormData(filters);
  return { kind: form.get('kind'), rule: form.get('rule'), file: form.get('file'), words: string(form.get('text')).toLowerCase().split(/\s+/).filter(Boolean) };
}

function sift(entries, wanted) {
  let shown = 0;
  for (const entry of entries) {
    entry.node.hidden = !matches(entry, wanted);
    if (!entry.node.hidden) shown += 1;
  }
  return shown;
}

function applyFilters() {
  const wanted = wantedNow();
  const shown = sift(rows.improvements, wanted);
  for (const group of groups) {
    const left = group.rows.filter((entry) => !entry.node.hidden).length;
    group.node.hidden = left === 0;
    group.tally.textContent = left === group.rows.length ? String(left) : `${left} of ${group.rows.length}`;
  }
  const all = rows.improvements.length;
  document.getElementById('shown').textContent = all === 0 ? 'No improvement was kept in this run.' : shown === all ? `${counted(all, 'improvement')} in ${counted(groups.length, 'file')}` : `${amount(shown)} of ${counted(all, 'improvement')} shown`;
  sayRejected(wanted);
}

function buildImprovements() {
  const byFile = new Map();
  for (const improvement of records(report.improvements)) {
    const entry = row(improvement, improvementRow, improvementInside);
    const file = string(improvement.file);
    if (!byFile.has(file)) byFile.set(file, []);
    byFile.get(file).push(entry);
    rows.improvements.push(entry);
  }
  for (const [file, entries] of [...byFile].sort(([a], [b]) => (a < b ? -1 : 1))) {
    entries.sort((a, b) => finite(a.candidate.line) - finite(b.candidate.line));
    const cut = file.lastIndexOf('/') + 1;
    const tally = el('span', { class: 'tally' });
    const node = el('details', { class: 'group', open: true },
      el('summary', null, el('h3', null, el('span', null, file.slice(0, cut)), file.slice(cut)), tally), entries.map((entry) => entry.node));
    groups.push({ node, tally, rows: entries });
  }
  document.getElementById('groups').append(...groups.map((group) => group.node));
  if (rows.improvements.length === 0) for (const part of [filters, document.getElementById('open-all').parentElement]) part.hidden = true;
}

function fillSelects() {
  const candidates = [...records(report.improvements), ...records(report.rejected)];
  const read = { kind: kindOf, rule: (it) => string(it.rule), file: (it) => string(it.file) };
  for (const [name, value] of Object.entries(read)) {
    const tally = new Map();
    for (const candidate of candidates) tally.set(value(candidate), (tally.get(value(candidate)) || 0) + 1);
    const entries = [...tally].filter(([key]) => key !== '').sort(([a], [b]) => (a < b ? -1 : 1));
    filters.elements[name].append(...entries.map(([key, number]) => el('option', { value: key }, `${key} (${number})`)));
  }
}

// Below the improvements

/** A section that is built when it is first opened. */
function later(heading, tally, build) {
  const said = el('span', { class: 'tally' }, tally);
  const node = el('details', null, el('summary', null, el('h2', null, heading), said));
  node.addEventListener('toggle', () => { if (node.open && node.children.length === 1) node.append(build()); });
  return { node, said };
}

function rejectedSection() {
  const candidates = records(report.rejected);
  if (candidates.length === 0) return null;
  const section = later('Rejected candidates', amount(candidates.length), () => {
    rows.rejected = candidates.map((candidate) => row(candidate, rejectedRow, rejectedInside));
    sift(rows.rejected, wantedNow());
    return el('div', null, rows.rejected.map((entry) => entry.node));
  });
  const unbuilt = candidates.map((candidate) => ({ candidate, hay: null }));
  sayRejected = (wanted) => {
    const shown = rows.rejected.length ? sift(rows.rejected, wanted) : unbuilt.filter((entry) => matches(entry, wanted)).length;
    section.said.textContent = shown === candidates.length ? amount(shown) : `${amount(shown)} of ${amount(candidates.length)} match the filter`;
  };
  return section.node;
}

function leftSection() {
  const left = [...goals.values()].filter((goal) => goal.outcome === 'untried' || goal.outcome === 'no-candidate');
  if (left.length === 0) return null;
  const words = { untried: 'not tried', 'no-candidate': 'no candidate' };
  return later('Goals without a trial', amount(left.length), () => el('ul', { class: 'list' }, left.map((goal) => el('li', null,
    el('span', { class: 'tag' }, words[goal.outcome]), ' ', prose(goal.message), ' ',
    el('span', { class: 'soft mono' }, `${string(goal.file)}:${string(record(record(goal.range).start).line)} ${string(goal.rule)}`))))).node;
}

function baselineSection() {
  const red = array(runner.red);
  const flaky = array(runner.flaky);
  const named = (heading, items, none) => el('section', null, el('h3', null, heading), items.length ? el('ul', { class: 'list' }, items) : el('p', { class: 'soft' }, none));
  const notes = array(runner.notes).map((note) => el('li', null, prose(note)));
  return el('section', { 'aria-labelledby': 'h-baseline' }, el('h2', { id: 'h-baseline' }, 'Baseline'),
    el('div', { class: 'baseline' },
      el('section', null, el('h3', null, 'The suite before any change'), facts([['runner', runner.name], ['tests', amount(runner.tests)], ['red', amount(red.length)], ['flaky', amount(flaky.length)], ['wall', duration(runner.wall_s)], ['CPU', duration(runner.cpu_s)]])),
      el('section', null, el('h3', null, 'Sandbox'), facts(isolationWords(runner.isolation))),
      named('Red tests', red.map((it) => el('li', null, el('code', null, string(record(it).id)), record(it).message ? el('pre', null, string(it.message)) : null)), 'None.'),
      named('Flaky tests', flaky.map((id) => el('li', null, el('code', null, string(id)))), 'None.'),
      notes.length ? named('Notes', notes, '') : null));
}

function noticesSection() {
  const notices = records(report.notices);
  if (notices.length === 0) return null;
  return el('section', { 'aria-labelledby': 'h-notices' }, el('h2', { id: 'h-notices' }, 'Notices'),
    el('ul', { class: 'list' }, notices.map((it) => el('li', null, it.path ? [el('code', null, string(it.path)), ': '] : null, prose(it.message)))));
}

// Theme, keys, wiring

function setUpFilters() {
  let timer = 0;
  const soon = () => { clearTimeout(timer); timer = setTimeout(applyFilters, 80); };
  filters.addEventListener('input', soon);
  filters.addEventListener('reset', soon);
  filters.addEventListener('submit', (event) => { event.preventDefault(); applyFilters(); });
  document.addEventListener('keydown', (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      filters.elements.text.focus();
    }
  });
  let round = 0;
  /** In slices, so that the page answers while hundreds of diffs are built; the next click ends the one before. */
  const setOpen = (open) => {
    round += 1;
    const mine = round;
    const nodes = rows.improvements.map((entry) => entry.node).filter((node) => !node.hidden);
    const slice = () => {
      if (mine !== round) return;
      for (const node of nodes.splice(0, 25)) node.open = open;
      if (nodes.length) setTimeout(slice);
    };
    slice();
  };
  document.getElementById('open-all').addEventListener('click', () => setOpen(true));
  document.getElementById('close-all').addEventListener('click', () => setOpen(false));
}

/** `report.html#i-GOAL` opens that improvement. */
function openFromAddress() {
  const node = location.hash.startsWith('#i-') && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!node) return;
  node.open = true;
  node.scrollIntoView();
}

setUpTheme();
document.documentElement.classList.add('scripted');
drawCharts();
offerCombinedPatch();
buildImprovements();
fillSelects();
setUpFilters();
document.getElementById('rest').append(...[rejectedSection(), leftSection(), baselineSection(), noticesSection()].filter(Boolean));
applyFilters();
openFromAddress();
addEventListener('hashchange', openFromAddress);
