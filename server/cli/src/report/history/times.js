/* Runs and scores over time. Each drawing says its facts in its label; the runs stand in a table too. */

/** More bars than this are put together by day, and by equal stretches where that is not enough. */
const MOST_BARS = 120;
const MEASURES = [['cognitive', 'Cognitive complexity'], ['functions_over_limit', 'Functions over the limit'], ['findings', 'Findings'], ['statements', 'Statements'], ['tokens', 'Tokens']];
/** Rows of the runs' table; the latest. */
const MOST_ROWS = 200;

const plot = (width, height, label, ...shapes) => draw('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label, preserveAspectRatio: 'none' }, ...shapes);

function together(list, size) {
  const bars = [];
  for (let at = 0; at < list.length; at += size) {
    const part = list.slice(at, at + size);
    const sum = (name) => part.reduce((whole, it) => whole + finite(it[name]), 0);
    bars.push({ from: part[0].from, to: part[part.length - 1].to, trials: sum('trials'), accepted: sum('accepted'), runs: sum('runs') });
  }
  return bars;
}

/** Runs as bars: each alone, or by day, or by stretches of days. */
function barsOf(list) {
  const alone = list.map((run) => ({ from: run.started_ms, to: run.started_ms, trials: finite(run.trials), accepted: finite(run.accepted), runs: 1 }));
  if (alone.length <= MOST_BARS) return alone;
  const byDay = new Map();
  for (const bar of alone) {
    const key = day(bar.from);
    const there = byDay.get(key);
    if (!there) byDay.set(key, bar);
    else Object.assign(there, { to: bar.to, trials: there.trials + bar.trials, accepted: there.accepted + bar.accepted, runs: there.runs + 1 });
  }
  // A single busy day is better seen in stretches of runs than as one bar.
  const days = byDay.size >= 8 ? [...byDay.values()] : alone;
  return together(days, Math.ceil(days.length / MOST_BARS));
}

function runsFigure() {
  const bars = barsOf(runs);
  const [width, height] = [600, 130];
  const most = Math.max(1, ...bars.map((bar) => bar.trials));
  const slot = Math.min(48, width / bars.length);
  const shapes = bars.flatMap((bar, place) => {
    const x = place * slot;
    const thick = Math.max(1, slot * 0.72);
    const tall = (value) => (value > 0 ? Math.max(1.5, (value / most) * (height - 4)) : 0);
    const said = `${moment(bar.from)}${bar.runs > 1 ? ` \u2013 ${moment(bar.to)}, ${counted(bar.runs, 'run')}` : ''}: ${counted(bar.trials, 'trial')}, ${amount(bar.accepted)} held`;
    const group = draw('g', {}, draw('title', {}, said),
      draw('rect', { class: 'ink-none', x, y: 0, width: slot, height }),
      draw('rect', { class: 'ink-before', x, y: height - tall(bar.trials), width: thick, height: tall(bar.trials) }),
      draw('rect', { class: 'ink-after', x, y: height - tall(bar.accepted), width: thick, height: tall(bar.accepted) }));
    return group;
  });
  shapes.push(draw('line', { class: 'axis', x1: 0, x2: width, y1: height, y2: height }));
  const trials = runs.reduce((sum, run) => sum + finite(run.trials), 0);
  const held = runs.reduce((sum, run) => sum + finite(run.accepted), 0);
  const label = `${counted(runs.length, 'run')} from ${day(runs[0].started_ms)} to ${day(runs[runs.length - 1].started_ms)}: ${counted(trials, 'trial')}, ${amount(held)} held.`;
  return [
    el('figcaption', null, el('b', null, 'Trials by run'), el('span', { class: 'key' }, el('i', { class: 'swatch ink-after' }), 'held'), el('span', { class: 'key' }, el('i', { class: 'swatch ink-before' }), 'tried')),
    el('div', { class: 'bars' }, plot(width, height, label, ...shapes)),
    el('p', { class: 'ends' }, el('span', null, day(runs[0].started_ms)), el('span', null, `most: ${counted(most, 'trial')}`), el('span', null, day(runs[runs.length - 1].started_ms))),
    runsTable(),
  ];
}

function runsTable() {
  const rows = () => runs.slice(-MOST_ROWS).reverse().map((run) => el('tr', null,
    el('td', null, moment(run.started_ms)), el('td', null, string(run.command)), el('td', { class: 'n' }, amount(run.goals)), el('td', { class: 'n' }, amount(run.trials)),
    el('td', { class: 'n' }, amount(run.accepted)), el('td', { class: 'n' }, run.wall_s === null ? '\u2013' : duration(run.wall_s)), el('td', null, string(run.ended) || 'did not come to its end')));
  return later(`The ${runs.length > MOST_ROWS ? `last ${MOST_ROWS} runs` : 'runs'} as a table`, () => table('Runs', [['started (UTC)'], ['command'], ['goals', 'n'], ['trials', 'n'], ['held', 'n'], ['took', 'n'], ['ended']], rows()));
}

/** Something that is built when it is first opened. */
function later(heading, build, node) {
  const details = node || el('details', { class: 'later' }, el('summary', null, el('h3', null, heading)));
  details.addEventListener('toggle', () => { if (details.open && details.children.length === 1) unfold(details, el('div', null, build())); });
  return details;
}

/** The workspace's numbers as each run found them, and as the last one left them. */
function scoreSeries(key) {
  const points = [];
  for (const run of runs) {
    const before = record(record(run.score).before)[key];
    if (Number.isFinite(before)) points.push({ at: run.started_ms, value: before });
  }
  return points;
}

function scoreFigure(key, words) {
  const points = scoreSeries(key);
  if (points.length === 0) return null;
  const values = points.map((point) => point.value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [width, height] = [200, 44];
  const x = (place) => (points.length === 1 ? width : (place / (points.length - 1)) * (width - 8) + 4);
  const y = (value) => (high === low ? height / 2 : height - 5 - ((value - low) / (high - low)) * (height - 10));
  const path = points.map((point, place) => `${place ? 'L' : 'M'}${x(place).toFixed(1)} ${y(point.value).toFixed(1)}`).join('');
  const [first, last] = [values[0], values[values.length - 1]];
  const change = last - first;
  const label = `${words}: ${amount(first)} on ${day(points[0].at)}, ${amount(last)} on ${day(points[points.length - 1].at)}.`;
  const line = points.length === 1 ? `M0 ${height / 2}L${width} ${height / 2}` : path;
  return el('figure', { class: 'multiple' },
    el('figcaption', null, words),
    el('p', { class: 'value' }, el('b', null, amount(last)), el('span', { class: change < 0 ? 'open' : change > 0 ? 'shut' : 'soft' }, change === 0 ? 'no change' : `${signed(change)} since ${day(points[0].at)}`)),
    el('div', { class: 'spark' }, plot(width, height, label, draw('path', { class: 'line', d: line }))));
}

function drawTimes() {
  if (runs.length === 0) return;
  document.getElementById('runs').append(...runsFigure());
  const figures = MEASURES.map(([key, words]) => scoreFigure(key, words)).filter(Boolean);
  const place = document.getElementById('scores');
  if (figures.length) place.append(...figures);
  else place.append(el('p', { class: 'empty' }, 'The scores of the whole project will stand here after the next run of ', el('code', null, 'hephaestus forge'), '.'));
  document.getElementById('time').hidden = false;
}
