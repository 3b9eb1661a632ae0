/* The report's behaviour: draws the charts, builds the lists from the JSON in the page, filters, shows details on demand.
   Text of the data goes in as text nodes and attributes only, never as markup. Loads nothing, sends nothing. */
(() => {
  'use strict';

  const report = readReport();
  const SVG = document.getElementById('pen').namespaceURI;
  const array = (value) => (Array.isArray(value) ? value.filter((it) => it !== null && it !== undefined) : []);
  const record = (value) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {});
  const records = (value) => array(value).filter((it) => typeof it === 'object');
  const string = (value) => (typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value));
  const finite = (value) => (Number.isFinite(value) ? value : 0);

  const goals = new Map(records(report.goals).map((goal) => [goal.id, goal]));
  const runner = record(report.runner);
  const together = record(report.together);

  const STAGES = { parse: 'parse', build: 'build', reach: 'reach check', impacted: 'impacted tests', full: 'full suite', recheck: 'linter recheck' };
  const ISOLATION = {
    files: { overlay: 'a copy-on-write view of the project', copy: 'a copy of the project' },
    processes: { namespace: 'an own process namespace: nothing survives a trial', subreaper: 'a subreaper ends what detaches itself', group: 'a process group: what detaches itself survives' },
    network: { none: 'none: an own network namespace', 'tcp-denied': 'TCP denied; other sockets are open', shared: 'not kept away' },
  };

  function readReport() {
    try {
      const value = JSON.parse(document.getElementById('data').textContent);
      return value !== null && typeof value === 'object' ? value : {};
    } catch {
      return {};
    }
  }

  // Elements

  /** An element with attributes and children; strings become text. */
  function el(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  }

  function draw(name, attributes, ...children) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  /** Text in which `code` between backticks is set as code. */
  function prose(text) {
    return string(text).split('`').map((part, place, parts) => (place % 2 && place < parts.length - 1 ? el('code', null, part) : place % 2 ? '`' + part : part));
  }

  function amount(value) {
    if (!Number.isFinite(value)) return '\u2013';
    const digits = Math.abs(value) < 10 ? 3 : 1;
    return value.toLocaleString('en', { maximumFractionDigits: digits }).replace('-', '\u2212');
  }

  function duration(value) {
    const seconds = finite(value);
    if (seconds > 0 && seconds < 0.01) return '<0.01 s';
    if (seconds < 1) return seconds.toFixed(2) + ' s';
    if (seconds < 59.95) return seconds.toFixed(1) + ' s';
    const whole = Math.round(seconds);
    return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  }

  const counted = (number, noun) => `${amount(number)} ${noun}${number === 1 ? '' : 's'}`;

  // Charts: drawn beside the numbers that say the same, so hidden from assistive technology

  const percent = (value, whole) => (whole > 0 ? Math.max(0, Math.min(100, (value / whole) * 100)) : 0);
  /** Bars never vanish while there is something to show. */
  const share = (value, whole) => (value > 0 ? Math.max(0.8, percent(value, whole)) : 0);
  const canvas = (height, attributes, ...shapes) => draw('svg', { height, 'aria-hidden': 'true', focusable: 'false', ...attributes }, ...shapes);

  const CHARTS = {
    pair([before, after]) {
      const whole = Math.max(before, after);
      return canvas(16, {},
        draw('rect', { class: 'ink-before', x: 0, y: 1, width: share(before, whole) + '%', height: 6, rx: 1 }),
        draw('rect', { class: 'ink-after', x: 0, y: 9, width: share(after, whole) + '%', height: 6, rx: 1 }));
    },
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

  // Diff

  /** Where two lines begin and cease to differ: [start, end of the first, end of the second]. */
  function difference(before, after) {
    const shorter = Math.min(before.length, after.length);
    let start = 0;
    while (start < shorter && before[start] === after[start]) start += 1;
    let tail = 0;
    while (tail < shorter - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
    return [start, before.length - tail, after.length - tail];
  }

  function marked(text, start, end) {
    const worth = end > start && end - start < text.trim().length;
    return worth ? [text.slice(0, start), el('mark', null, text.slice(start, end)), text.slice(end)] : [text];
  }

  /** Characters that do not show, or that turn the text around them, are named: a diff must not look like another one. */
  function visible(text) {
    return text.replace(/\r$/, '').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
      (c) => `\u2039U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}\u203a`);
  }

  /** A unified diff as lines: {type: name|hunk|add|del|same|note, text, old, now, mark}. */
  function parsePatch(patch) {
    const lines = [];
    let [old, now, inHunk] = [0, 0, false];
    for (const line of patch.replace(/\n$/, '').split('\n')) {
      const text = visible(line);
      const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
      if (hunk) {
        [old, now, inHunk] = [Number(hunk[1]), Number(hunk[2]), true];
        lines.push({ type: 'hunk', text });
      } else if (/^--- (a\/|\/dev\/null)/.test(text)) {
        inHunk = false;
        lines.push({ type: 'name', text });
      } else if (!inHunk) {
        lines.push({ type: 'name', text });
      } else if (text.startsWith('+')) lines.push({ type: 'add', text: text.slice(1), now: now++ });
      else if (text.startsWith('-')) lines.push({ type: 'del', text: text.slice(1), old: old++ });
      else if (text.startsWith('\\')) lines.push({ type: 'note', text });
      else lines.push({ type: 'same', text: text.slice(1), old: old++, now: now++ });
    }
    return markWords(lines);
  }

  /** Marks what differs inside a line where as many lines go as come. */
  function markWords(lines) {
    for (let at = 0; at < lines.length; ) {
      let gone = at;
      while (lines[gone] && lines[gone].type === 'del') gone += 1;
      let come = gone;
      while (lines[come] && lines[come].type === 'add') come += 1;
      if (gone > at && come - gone === gone - at) {
        for (let pair = 0; pair < gone - at; pair += 1) {
          const [before, after] = [lines[at + pair], lines[gone + pair]];
          const [start, end, newEnd] = difference(before.text, after.text);
          [before.mark, after.mark] = [[start, end], [start, newEnd]];
        }
      }
      at = Math.max(come, at + 1);
    }
    return lines;
  }

  function diff(patch, file) {
    const signs = { add: '+', del: '-' };
    const lines = parsePatch(patch);
    const files = lines.filter((line) => line.text.startsWith('--- ') && line.type === 'name').length;
    const rows = lines.filter((line) => line.type !== 'name' || files !== 1).map((line) => {
      const wide = line.type === 'name' || line.type === 'hunk' || line.type === 'note';
      if (wide) return el('tr', { class: line.type }, el('td'), el('td'), el('td'), el('td', null, line.text));
      return el('tr', { class: line.type },
        el('td', null, string(line.old)), el('td', null, string(line.now)),
        el('td', null, signs[line.type] || ''),
        el('td', null, ...(line.mark ? marked(line.text, ...line.mark) : [line.text])));
    });
    return el('div', { class: 'diff', role: 'group', 'aria-label': `Change of ${file}` }, el('table', { role: 'presentation' }, el('tbody', null, rows)));
  }

  // Taking patches away

  async function copy(text, button) {
    const label = button.textContent;
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = el('textarea', { class: 'skip', readonly: true });
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand('copy');
      area.remove();
      button.focus();
    }
    button.textContent = done ? 'Copied' : 'Copying is not allowed here';
    setTimeout(() => { button.textContent = label; }, 1600);
  }

  function save(text, name) {
    const address = URL.createObjectURL(new Blob([text], { type: 'text/x-patch' }));
    const link = el('a', { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  function action(label, run, main) {
    const button = el('button', { type: 'button', class: main && 'main' }, label);
    button.addEventListener('click', () => run(button));
    return button;
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
        el('td', { class: 'chart' }, judged ? CHARTS.pair([finite(it.before), finite(it.after)]) : null),
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

  const notChecked = (improvement) => array(record(improvement.evidence).not_checked).map(string).join('; ');

  function patchTools(candidate) {
    const patch = string(candidate.patch);
    return el('p', { class: 'difftools' }, action('Copy patch', (button) => copy(patch, button)), action('Save patch', () => save(patch, `${string(candidate.candidate) || 'hephaestus'}.patch`)));
  }

  const lines = (texts) => el('ul', { class: 'small' }, texts.map((text) => el('li', null, prose(text))));

  /** What failed and where the reason was suspected; nothing for goals that are about no test. */
  function failingTests(goal) {
    const suspects = records(goal.suspects).map((it) => `${string(it.file)}:${string(it.line)} (${Math.round(100 * finite(it.suspicion))} %) ${string(it.text)}`);
    const tests = array(goal.tests).map(string);
    return tests.length ? facet('Failing tests', [lines(tests), suspects.length ? el('p', { class: 'small' }, 'suspicious, most first') : null, suspects.length ? lines(suspects) : null], true) : null;
  }

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

  /** What overflows sideways must be reachable by key; what does not is no stop. Observed, since measuring at once would lay
      the page out anew for every row. */
  const overflow = new ResizeObserver((entries) => {
    const parts = entries.map(({ target }) => [target, target.scrollWidth > target.clientWidth]);
    for (const [part, wide] of parts) {
      if (wide) part.tabIndex = 0;
      else part.removeAttribute('tabindex');
    }
  });

  function unfold(node, inside) {
    node.append(inside);
    for (const part of inside.querySelectorAll('.diff, .scroll')) overflow.observe(part);
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

  function storedTheme(value) {
    try {
      if (value === undefined) return localStorage.getItem('hephaestus-theme');
      localStorage.setItem('hephaestus-theme', value);
    } catch { /* storage may be closed to files: the choice then lasts as long as the page */ }
    return null;
  }

  function setUpTheme() {
    const root = document.documentElement;
    const stored = storedTheme();
    for (const radio of document.querySelectorAll('input[name="theme"]')) {
      const show = () => {
        if (radio.value === 'auto') delete root.dataset.theme;
        else root.dataset.theme = radio.value;
      };
      if (radio.value === stored) radio.checked = true;
      if (radio.checked) show();
      radio.addEventListener('change', () => { storedTheme(radio.value); show(); });
    }
  }

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
})();
