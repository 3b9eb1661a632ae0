/* Diffs, and taking patches away: to the clipboard, to a file. */

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

function patchTools(candidate) {
  const patch = string(candidate.patch);
  return el('p', { class: 'difftools' }, action('Copy patch', (button) => copy(patch, button)), action('Save patch', () => save(patch, `${string(candidate.candidate) || 'hephaestus'}.patch`)));
}
