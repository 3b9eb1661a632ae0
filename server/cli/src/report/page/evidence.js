/* What is known of one candidate, as tables: scores, gates, what was run, how it was found. Says what the data says. */

const STAGES = {
  parse: 'parse', build: 'build', reach: 'reach check', impacted: 'impacted tests', full: 'full suite', again: 'reaching tests again',
  inputs: 'differential inputs', strength: 'test strength', speed: 'benchmark', recheck: 'linter recheck',
};
const ISOLATION = {
  files: { overlay: 'a copy-on-write view of the project', copy: 'a copy of the project' },
  processes: { namespace: 'an own process namespace: nothing survives a trial', subreaper: 'a subreaper ends what detaches itself', group: 'a process group: what detaches itself survives' },
  network: { none: 'none: an own network namespace', 'tcp-denied': 'TCP denied; other sockets are open', shared: 'not kept away' },
};

function table(label, head, rows) {
  const heads = head.map(([label, kind]) => (label ? el('th', { scope: 'col', class: kind }, label) : el('td', { class: kind })));
  return el('div', { class: 'scroll', role: 'group', 'aria-label': label }, el('table', null, el('thead', null, el('tr', null, heads)), el('tbody', null, rows)));
}

function facet(title, content, whole) {
  return el('section', { class: whole && 'whole' }, el('h4', null, title), content);
}

const signed = (value) => (value > 0 ? '+' : '') + amount(value);

function scoreTable(scores) {
  return table('Score', [['measure'], ['', 'chart'], ['before', 'n'], ['after', 'n'], ['gain', 'n']], scores.map((it) => {
    const judged = it.direction !== 'shown';
    const gain = finite(it.gain);
    return el('tr', null,
      el('th', { scope: 'row' }, string(it.dimension)),
      el('td', { class: 'chart' }, judged ? pairBars([finite(it.before), finite(it.after)]) : null),
      el('td', { class: 'n' }, amount(it.before)), el('td', { class: 'n' }, amount(it.after)),
      el('td', { class: 'n ' + (gain > 0 ? 'open' : gain < 0 ? 'shut' : 'soft') }, judged ? signed(gain) : 'shown only'));
  }));
}

function gateTable(gates) {
  return table('Gates', [['gate'], ['state'], ['reason']], gates.map((it) => el('tr', null,
    el('th', { scope: 'row' }, string(it.gate)),
    el('td', { class: it.open === true ? 'open' : 'shut' }, it.open === true ? 'open' : 'shut'),
    el('td', { class: 'soft' }, prose(it.reason)))));
}

function stageTable(stages) {
  return table('What was run', [['stage'], ['result'], ['command'], ['passed', 'n'], ['skipped', 'n'], ['failed', 'n'], ['wall', 'n'], ['CPU', 'n']], stages.map((it) => el('tr', null,
    el('th', { scope: 'row' }, STAGES[it.stage] || string(it.stage)),
    el('td', { class: it.held === true ? 'open' : 'shut' }, it.held === true ? 'held' : 'fell'),
    el('td', { class: 'run' }, string(it.command)),
    el('td', { class: 'n' }, amount(it.passed)), el('td', { class: 'n' }, amount(it.skipped)), el('td', { class: 'n' }, amount(array(it.failed).length)),
    el('td', { class: 'n' }, duration(it.wall_s)), el('td', { class: 'n' }, duration(it.cpu_s)))));
}

function facts(pairs) {
  const shown = pairs.filter(([, value]) => string(value) !== '');
  return el('dl', { class: 'small' }, shown.flatMap(([name, value]) => [el('dt', null, name), el('dd', null, ...(Array.isArray(value) ? value : [string(value)]))]));
}

function isolationWords(value) {
  const isolation = record(value);
  const words = (key) => (ISOLATION[key][isolation[key]] || string(isolation[key]));
  return [['files', words('files')], ['processes', words('processes')], ['network', words('network')],
    ['Landlock', isolation.landlock ? `ABI ${string(isolation.landlock)}` : isolation.landlock === undefined ? '' : 'not available']];
}

const lines = (texts) => el('ul', { class: 'small' }, texts.map((text) => el('li', null, prose(text))));

/** How a search found it, and what only the reader can answer. */
function foundBy(improvement) {
  const found = record(improvement.found);
  const words = array(found.in_words).map(string).concat(records(found.questions).map((it) => string(it.in_words)));
  return words.length ? facet('How it was found', lines(words), true) : null;
}

/** Other changes that make the same tests pass. */
function runnersUp(improvement) {
  const others = records(improvement.runners_up);
  return others.length ? facet(`${counted(others.length, 'other change')} that make the same tests pass`, others.map((it) => diff(string(it.patch), string(improvement.file))), true) : null;
}

/** What overflows must be reachable by key; what does not is no stop. Observed, since measuring at once would lay
    the page out anew for every row. */
const overflow = new ResizeObserver((entries) => {
  const parts = entries.map(({ target }) => [target, target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight]);
  for (const [part, wide] of parts) {
    if (wide) part.tabIndex = 0;
    else part.removeAttribute('tabindex');
  }
});

function unfold(node, inside) {
  node.append(inside);
  for (const part of inside.querySelectorAll('.diff, .scroll')) overflow.observe(part);
}
