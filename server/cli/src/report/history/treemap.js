/* The strength of the tests by file: a squarified treemap (M. Bruls, K. Huizing, J. J. van Wijk, "Squarified Treemaps", 2000),
   in which a file is as large as the number of its mutants, and the same as a table. */

/** Files that are drawn, the largest; the table has all of them. */
const MOST_TILES = 250;
/** Shades from no mutant noticed to all of them. */
const SHADES = 5;

const weight = (file) => finite(file.killed) + finite(file.survived) + finite(file.no_coverage) + finite(file.timeout);
const share100 = (file) => (Number.isFinite(file.score) ? Math.floor(file.score) : null);
const shadeOf = (file) => Math.min(SHADES - 1, Math.floor((finite(file.score) / 100) * SHADES));

/** The worst ratio of sides in a row of these areas along a side. */
function worst(row, side) {
  const sum = row.reduce((whole, it) => whole + it.area, 0);
  const [most, least] = [Math.max(...row.map((it) => it.area)), Math.min(...row.map((it) => it.area))];
  return Math.max((side * side * most) / (sum * sum), (sum * sum) / (side * side * least));
}

/** Rectangles of these weights, largest first, that fill width and height: [{file, x, y, width, height}]. */
function squarify(files, width, height) {
  const whole = files.reduce((sum, file) => sum + weight(file), 0);
  const items = files.map((file) => ({ file, area: (weight(file) / whole) * width * height }));
  const tiles = [];
  let free = { x: 0, y: 0, width, height };
  for (let at = 0; at < items.length; ) {
    const side = Math.min(free.width, free.height);
    const row = [items[at]];
    let next = at + 1;
    while (next < items.length && worst([...row, items[next]], side) <= worst(row, side)) row.push(items[next++]);
    free = placeRow(row, free, tiles);
    at = next;
  }
  return tiles;
}

/** Puts a row along the shorter side; gives what is left. */
function placeRow(row, free, tiles) {
  const sum = row.reduce((whole, it) => whole + it.area, 0);
  const upright = free.width >= free.height;
  const side = upright ? free.height : free.width;
  const thick = sum / Math.max(side, 1e-9);
  let along = 0;
  for (const { file, area } of row) {
    const long = area / Math.max(thick, 1e-9);
    tiles.push(upright ? { file, x: free.x, y: free.y + along, width: thick, height: long } : { file, x: free.x + along, y: free.y, width: long, height: thick });
    along += long;
  }
  return upright ? { ...free, x: free.x + thick, width: free.width - thick } : { ...free, y: free.y + thick, height: free.height - thick };
}

function drawTiles(holder, files) {
  const [width, height] = [holder.clientWidth, holder.clientHeight];
  const tiles = squarify(files, width, height).map((tile) => {
    const name = string(tile.file.path);
    const said = `${name}: the tests notice ${share100(tile.file)} % of ${counted(weight(tile.file), 'mutant')}`;
    const roomy = tile.width > 64 && tile.height > 46;
    const node = el('button', { type: 'button', class: `tile shade${shadeOf(tile.file)}`, title: said, 'aria-label': `${said}. Show its goals.` },
      roomy ? [el('span', { class: 'name' }, name.slice(name.lastIndexOf('/') + 1)), el('span', { class: 'figure' }, `${share100(tile.file)} %`)] : null);
    Object.assign(node.style, { left: `${tile.x}px`, top: `${tile.y}px`, width: `${Math.max(1, tile.width - 2)}px`, height: `${Math.max(1, tile.height - 2)}px` });
    node.addEventListener('click', () => say('file', name));
    return node;
  });
  holder.replaceChildren(...tiles);
}

function strengthTable(files) {
  const columns = [['file'], ['', 'chart'], ['score', 'n'], ['killed', 'n'], ['survived', 'n'], ['no coverage', 'n'], ['timeout', 'n'], ['does not count', 'n'], ['not tried', 'n']];
  const rows = files.map((file) => el('tr', null, el('th', { scope: 'row', class: 'mono' }, string(file.path)),
    el('td', { class: 'chart' }, canvas(12, {}, draw('rect', { class: 'ink-before', x: 0, y: 1, width: '100%', height: 10, rx: 1, opacity: 0.35 }), draw('rect', { class: 'ink-after', x: 0, y: 1, width: share(finite(file.score), 100) + '%', height: 10, rx: 1 }))),
    el('td', { class: 'n' }, share100(file) === null ? '\u2013' : `${share100(file)} %`), ...['killed', 'survived', 'no_coverage', 'timeout'].map((key) => el('td', { class: 'n' }, amount(file[key]))),
    el('td', { class: 'n' }, amount(finite(file.unviable) + finite(file.error))), el('td', { class: 'n' }, amount(file.untried))));
  return table('Strength of the tests by file', columns, rows);
}

function setUpStrength() {
  const files = records(strength.files);
  const drawn = files.filter((file) => weight(file) > 0).sort((left, right) => weight(right) - weight(left));
  if (files.length === 0) return;
  document.getElementById('strength').hidden = false;
  const [low, high] = array(strength.interval);
  const left = drawn.length > MOST_TILES ? ` The ${MOST_TILES} files with most mutants are drawn.` : '';
  document.getElementById('strength-said').textContent = Number.isFinite(strength.score)
    ? `The tests notice ${amount(strength.killed)} of ${counted(strength.counted, 'mutant')}: a score of ${amount(Math.floor(strength.score * 10) / 10)} (95 % interval ${amount(Math.floor(low * 10) / 10)} to ${amount(Math.floor(high * 10) / 10)})${strength.untried ? `; ${amount(strength.untried)} were not tried` : ''}. A file is as large as the number of its mutants.${left}`
    : 'No mutant says anything about the tests.';
  later('', () => strengthTable([...files].sort((one, other) => finite(one.score) - finite(other.score))), document.getElementById('strength-table'));
  const holder = document.getElementById('treemap');
  if (drawn.length === 0) { holder.hidden = true; return; }
  document.getElementById('treemap-legend').append(el('span', null, 'noticed'), ...Array.from({ length: SHADES }, (_, shade) => el('span', { class: 'key' }, el('i', { class: `swatch shade${shade}` }), `${(shade * 100) / SHADES}\u2013${((shade + 1) * 100) / SHADES} %`)));
  holder.classList.toggle('few', drawn.length < 4);
  holder.setAttribute('role', 'group');
  holder.setAttribute('aria-label', 'Strength of the tests by file; the table below says the same');
  new ResizeObserver(() => drawTiles(holder, drawn.slice(0, MOST_TILES))).observe(holder);
}
