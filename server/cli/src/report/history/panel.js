/* The panel: all that is known of the chosen goal and of one of its candidates. */

/** Candidates of one goal that are offered for choice; the best first. */
const MOST_CHOICES = 60;

const panel = { node: document.getElementById('panel'), goal: null, candidate: null };

function candidateRank(at) {
  const order = ['applied', 'proven', 'superseded', 'dismissed', 'undone', 'refused'];
  const rank = order.indexOf(candidates[at].state);
  return rank < 0 ? order.length : rank;
}

function choices(goal) {
  const sorted = [...goal.candidates].sort((left, right) => candidateRank(left) - candidateRank(right) || finite(candidates[right].weighted) - finite(candidates[left].weighted));
  if (sorted.length < 2) return null;
  const shown = sorted.slice(0, MOST_CHOICES);
  if (!shown.includes(panel.candidate)) shown.push(panel.candidate);
  const select = el('select', { id: 'choice' }, shown.map((at) => {
    const candidate = candidates[at];
    return el('option', { value: at, selected: at === panel.candidate }, `${stateWord(candidate.state)} \u00b7 ${array(candidate.steps).join(' \u2192 ') || string(candidate.engine)} \u00b7 ${string(candidate.id)}`);
  }));
  select.addEventListener('change', () => { showGoal(goal, Number(select.value)); document.getElementById('choice').focus(); });
  const more = sorted.length > shown.length ? ` (the best ${MOST_CHOICES})` : '';
  return el('label', { class: 'choices' }, el('span', null, `${counted(sorted.length, 'candidate')}${more}`), select);
}

/** The candidates this one grew from and those that grew from it, as links. */
function family(at) {
  const link = (it) => action(`${array(candidates[it].steps).slice(-1)[0] || string(candidates[it].engine)}`, () => say('candidate', it));
  const [steps, grown] = [stepsTo(at).slice(0, -1), children.get(at) || []];
  if (steps.length + grown.length === 0) return null;
  return facet('Lineage', el('div', { class: 'family' },
    steps.length ? el('p', null, 'grew from ', steps.flatMap((it, nth) => [nth ? ' \u2192 ' : '', link(it)])) : null,
    grown.length ? el('p', null, `${counted(grown.length, 'candidate')} went on from it: `, grown.slice(0, 6).flatMap((it) => [link(it), ' ']), grown.length > 6 ? `and ${amount(grown.length - 6)} more` : null) : null), true);
}

function fallFacet(fall) {
  if (!fall.stage) return null;
  const failures = array(fall.failures).map((it) => array(it));
  return facet(`What brought it down: ${string(fall.stage)}`, el('div', { class: 'fall' },
    failures.map(([id, message]) => el('div', null, el('p', { class: 'mono' }, string(id)), message ? el('pre', null, string(message)) : null)),
    fall.more ? el('p', { class: 'soft' }, `and ${amount(fall.more)} more`) : null,
    failures.length === 0 && fall.tail ? el('pre', null, string(fall.tail)) : null), true);
}

function strengthFacet(measured) {
  if (!measured.before) return null;
  const side = (name, it) => {
    const [killed, whole] = [finite(it.killed), finite(it.killed) + finite(it.survived)];
    return el('tr', null, el('th', { scope: 'row' }, name), el('td', { class: 'chart' }, canvas(12, {}, draw('rect', { class: 'ink-before', x: 0, y: 1, width: '100%', height: 10, rx: 1, opacity: 0.35 }), draw('rect', { class: 'ink-after', x: 0, y: 1, width: share(killed, whole) + '%', height: 10, rx: 1 }))),
      el('td', { class: 'n' }, whole ? `${amount(killed)} of ${amount(whole)}` : 'none counted'));
  };
  const survivors = records(measured.survivors);
  return facet('Mutants the tests notice here', [
    table('Mutants the tests notice here', [['code'], ['', 'chart'], ['noticed', 'n']], [side('before', record(measured.before)), side('after', record(measured.after))]),
    survivors.length ? el('p', { class: 'soft' }, 'Unnoticed: ', survivors.slice(0, 5).flatMap((it, nth) => [nth ? '; ' : '', ...prose(it.unnoticed)]), survivors.length > 5 ? ` and ${amount(survivors.length - 5)} more` : null) : null]);
}

/** What old and new code did on the same inputs. */
function comparedFacet(compared) {
  const functions = records(compared);
  if (functions.length === 0) return null;
  const rows = functions.map((it) => el('tr', null, el('th', { scope: 'row', class: 'mono' }, string(it.function)), el('td', { class: 'n' }, amount(it.inputs)),
    el('td', { class: array(it.differences).length ? 'shut' : 'open' }, it.left_out ? el('span', { class: 'soft' }, string(it.left_out)) : array(it.differences).length ? `${counted(array(it.differences).length, 'difference')}` : 'the same')));
  const differences = functions.flatMap((it) => records(it.differences)).slice(0, 3).map((it) => el('p', { class: 'mono' }, `${string(it.input)}: ${string(it.before)} \u2192 ${string(it.after)}`));
  return facet('Old and new code on the same inputs', [table('Old and new code on the same inputs', [['function'], ['inputs', 'n'], ['result']], rows), ...differences]);
}

function speedWords(speed) {
  if (!speed.function) return '';
  if (speed.left_out) return string(speed.left_out);
  const [low, high] = array(speed.interval);
  return `${amount(speed.ratio)} times the time (95 % interval ${amount(low)} to ${amount(high)}, noise ${amount(speed.floor)}, ${counted(speed.pairs, 'pair')} of samples)`;
}

/** What fails now, and where the reason may lie; nothing for goals that are about no test. */
function failingFacet(goal) {
  const suspects = array(goal.suspects).map(([file, line, suspicion]) => `${string(file)}:${string(line)} (${Math.round(100 * finite(suspicion))} %)`);
  const tests = array(goal.tests).map(string);
  return tests.length ? facet('Failing tests', [lines(tests), suspects.length ? el('p', { class: 'soft' }, 'suspicious, most first') : null, suspects.length ? lines(suspects) : null], true) : null;
}

function provenance(candidate, detail) {
  const evidence = record(detail.evidence);
  const isolation = isolationWords(evidence.isolation).filter(([, words]) => words !== '').map(([key, words]) => `${key}: ${words}`).join('; ');
  const decided = array(detail.decisions).map((it) => `${string(array(it)[0])} ${moment(array(it)[1])}`).join(', ');
  const tests = evidence.tests_passed ? `${counted(evidence.tests_passed, 'test')} passed` + (evidence.full_runs ? `, full suite run ${counted(evidence.full_runs, 'time')}` : '') : '';
  return facet('Provenance', facts([
    ['engine', candidate.engine], ['steps', array(candidate.steps).join(' \u2192 ')], ['result', tests], ['speed', speedWords(record(evidence.speed))], ['runner', evidence.runner],
    ['set aside', array(evidence.set_aside).join(', ')], ['sandbox', isolation], ['notes', array(evidence.notes).join('; ')], ['trials', `${amount(candidate.trials)}, last ${moment(candidate.seen_ms)} UTC`],
    ['CPU', detail.cpu_s ? duration(detail.cpu_s) : ''], ['decisions', decided], ['candidate', [el('code', null, string(candidate.id))]], ['goal', [el('code', null, string(goals[candidate.goal].id))]],
  ]), true);
}

function candidateParts(goal, candidate) {
  const detail = detailOf(candidate.place);
  const evidence = record(detail.evidence);
  const unchecked = array(evidence.not_checked).map(string).join('; ');
  const reasons = array(detail.reasons).map(string).join('; ');
  const words = array(record(detail.found).in_words).concat(array(record(detail.found).questions)).map(string);
  const patch = string(detail.patch);
  return [
    el('p', { class: 'verdict-line' }, el('i', { class: `dot ${stateColour(candidate.state)}`, 'aria-hidden': 'true' }), el('b', null, stateWord(candidate.state)), detail.weakly_tested ? ', weakly tested' : '', reasons ? `: ${reasons}` : ''),
    unchecked ? el('p', { class: 'unchecked' }, el('b', null, 'Not checked: '), unchecked) : null,
    patch ? diff(patch, goal.file) : el('p', { class: 'soft' }, 'The texts were not at hand when it was tried: there is no diff.'),
    patch ? patchTools({ patch, candidate: candidate.id }) : null,
    el('div', { class: 'facets' },
      fallFacet(record(detail.fall)),
      array(detail.scores).length ? facet('Score', scoreTable(records(detail.scores))) : null,
      array(detail.gates).length ? facet('Gates', gateTable(records(detail.gates))) : null,
      strengthFacet(record(evidence.strength)), comparedFacet(evidence.compared),
      array(evidence.stages).length ? facet('What was run', stageTable(records(evidence.stages)), true) : null,
      words.length ? facet('How it was found', lines(words), true) : null,
      family(candidate.place), provenance(candidate, detail)),
  ];
}

function showGoal(goal, at) {
  panel.goal = goal;
  panel.candidate = Number.isInteger(at) && candidates[at] ? at : Number.isInteger(goal.best) ? goal.best : null;
  const why = string(texts[goal.why]);
  const candidate = candidates[panel.candidate];
  const inside = el('div', null,
    el('header', null,
      el('p', { class: 'meta' }, el('span', null, goal.kind), el('span', { class: 'mono' }, goal.rule), goal.symbol ? el('span', { class: 'mono' }, goal.symbol) : null),
      el('h3', null, prose(goal.message)),
      el('p', { class: 'where mono' }, `${goal.file}:${goal.line}`),
      why ? el('p', { class: 'why' }, prose(why)) : null,
      choices(goal)),
    failingFacet(goal),
    ...(candidate ? candidateParts(goal, candidate) : [el('p', { class: 'empty' }, 'Nothing was tried for this goal yet. ', el('code', null, 'hephaestus forge'), ' goes on where the last run stopped.')]));
  overflow.disconnect();
  panel.node.replaceChildren();
  unfold(panel.node, inside);
  panel.node.scrollTop = 0;
}

function setUpPanel() {
  listen('goal', showGoal);
  listen('enter', () => {
    panel.node.focus();
    if (panel.node.getBoundingClientRect().top > innerHeight - 120) panel.node.scrollIntoView();
  });
  panel.node.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') document.getElementById('grid').focus();
  });
}
