/* The graph of candidates, drawn on a canvas: from afar dots, nearer boxes with words. Pans, zooms, goes from node to node by
   key; says in words what is chosen. */

const BOX = 118;
const BOX_HIGH = 20;
/** From this scale on words are drawn; below it they could not be read. */
const READABLE = 0.55;
/** Goals drawn at once: more would be a pattern, and no picture. */
const MOST_TREES = 4000;

/** How high the drawing is, in pixels: what is small needs no large frame. */
const LOWEST = 180;
const HIGHEST = 460;

const graph = { nodes: [], byPlace: new Map(), scale: 1, x: 0, y: 0, chosen: null, width: 1, height: 1, due: false, colours: {}, only: 'steps' };

const isGoal = (node) => node.place < 0;
const nodeState = (node) => (isGoal(node) ? goals[-1 - node.place].state : stateColour(candidates[node.place].state));

function nodeWords(node) {
  if (isGoal(node)) return string(goals[-1 - node.place].file).split('/').pop() + ':' + goals[-1 - node.place].line;
  const steps = array(candidates[node.place].steps);
  return string(steps[steps.length - 1] || candidates[node.place].engine).replace(/^(python|javascript|typescript|rust)\//, '');
}

function nodeSaid(node) {
  if (isGoal(node)) {
    const goal = goals[-1 - node.place];
    return `Goal: ${goal.message} ${goal.file}:${goal.line}, ${counted(goal.candidates.length, 'candidate')}`;
  }
  const candidate = candidates[node.place];
  return `${stateWord(candidate.state)}: ${array(candidate.steps).join(' \u2192 ') || string(candidate.engine)}; ${goals[candidate.goal].file}:${goals[candidate.goal].line}`;
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const probe = el('i', { class: 'dot' });
  graph.canvas.parentElement.append(probe);
  for (const state of Object.keys(GOAL_STATES)) {
    probe.className = `dot ${state}`;
    graph.colours[state] = getComputedStyle(probe).color;
  }
  for (const name of ['paper', 'ink', 'soft', 'line', 'strong-line', 'accent', 'raised']) {
    probe.style.color = `var(--${name})`;
    graph.colours[name] = getComputedStyle(probe).color;
  }
  graph.font = style.getPropertyValue('--sans');
  probe.remove();
}

function paintSoon() {
  if (graph.due) return;
  graph.due = true;
  requestAnimationFrame(() => { graph.due = false; paint(); });
}

function paint() {
  const { canvas, scale, colours } = graph;
  const dots = devicePixelRatio || 1;
  const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(wide * dots) || canvas.height !== Math.round(high * dots)) {
    canvas.width = Math.round(wide * dots);
    canvas.height = Math.round(high * dots);
  }
  const pen = canvas.getContext('2d');
  pen.setTransform(dots, 0, 0, dots, 0, 0);
  pen.clearRect(0, 0, wide, high);
  pen.setTransform(dots * scale, 0, 0, dots * scale, dots * graph.x, dots * graph.y);
  const sight = { left: -graph.x / scale - BOX, right: (wide - graph.x) / scale + BOX, top: -graph.y / scale - BOX_HIGH, bottom: (high - graph.y) / scale + BOX_HIGH };
  const inSight = (node) => node.x + BOX > sight.left && node.x < sight.right && node.y > sight.top && node.y < sight.bottom;
  paintEdges(pen, sight);
  const seen = graph.nodes.filter(inSight);
  if (scale < READABLE) paintDots(pen, seen);
  else for (const node of seen) paintBox(pen, node);
  if (graph.chosen) {
    pen.strokeStyle = colours.accent;
    pen.lineWidth = 2.5 / scale;
    pen.strokeRect(graph.chosen.x - 3 / scale, graph.chosen.y - BOX_HIGH / 2 - 3 / scale, BOX + 6 / scale, BOX_HIGH + 6 / scale);
  }
}

function paintEdges(pen, sight) {
  pen.strokeStyle = graph.colours['strong-line'];
  pen.lineWidth = 1 / Math.min(1, graph.scale);
  pen.globalAlpha = 0.8;
  pen.beginPath();
  for (const node of graph.nodes) {
    const from = node.parent;
    if (!from || node.x < sight.left || from.x > sight.right || Math.max(node.y, from.y) < sight.top || Math.min(node.y, from.y) > sight.bottom) continue;
    const middle = node.x - (node.x - from.x - BOX) / 2;
    pen.moveTo(from.x + BOX, from.y);
    if (graph.scale < READABLE) pen.lineTo(node.x, node.y);
    else pen.bezierCurveTo(middle, from.y, middle, node.y, node.x, node.y);
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

/** From afar: filled shapes, one path for each colour. */
function paintDots(pen, nodes) {
  const byState = new Map();
  for (const node of nodes) {
    const state = nodeState(node);
    if (!byState.has(state)) byState.set(state, []);
    byState.get(state).push(node);
  }
  for (const [state, some] of byState) {
    pen.fillStyle = graph.colours[state];
    // What held stands out from the many that did not.
    pen.globalAlpha = state === 'proven' || state === 'applied' ? 1 : 0.5;
    pen.beginPath();
    for (const node of some) pen.rect(isGoal(node) ? node.x + BOX * 0.7 : node.x, node.y - BOX_HIGH / 2, isGoal(node) ? BOX * 0.3 : BOX, BOX_HIGH);
    pen.fill();
  }
  pen.globalAlpha = 1;
}

function paintBox(pen, node) {
  const { colours } = graph;
  const state = nodeState(node);
  const top = node.y - BOX_HIGH / 2;
  pen.fillStyle = isGoal(node) ? colours.paper : colours.raised;
  pen.strokeStyle = isGoal(node) ? colours['strong-line'] : colours.line;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.roundRect(node.x, top, BOX, BOX_HIGH, isGoal(node) ? BOX_HIGH / 2 : 3);
  pen.fill();
  pen.stroke();
  pen.fillStyle = colours[state];
  pen.beginPath();
  pen.arc(node.x + 10, node.y, 3.5, 0, Math.PI * 2);
  pen.fill();
  pen.fillStyle = colours.ink;
  pen.font = `${isGoal(node) ? '600 ' : ''}11px ${graph.font}`;
  pen.textBaseline = 'middle';
  pen.fillText(shortWords(pen, nodeWords(node), BOX - 24), node.x + 18, node.y + 0.5);
}

const widths = new Map();

function shortWords(pen, words, room) {
  const key = pen.font + words;
  if (!widths.has(key)) {
    let kept = words;
    while (kept.length > 1 && pen.measureText(kept).width > room) kept = kept.slice(0, -2) + '\u2026';
    widths.set(key, kept);
  }
  return widths.get(key);
}

// Moving

function zoom(factor, atX = graph.canvas.clientWidth / 2, atY = graph.canvas.clientHeight / 2) {
  const scale = Math.max(graph.least * 0.7, Math.min(2.5, graph.scale * factor));
  graph.x = atX - ((atX - graph.x) / graph.scale) * scale;
  graph.y = atY - ((atY - graph.y) / graph.scale) * scale;
  graph.scale = scale;
  paintSoon();
}

/** Keeps what is chosen where it stands. */
function zoomAtChosen(factor) {
  const node = graph.chosen;
  if (node) zoom(factor, (node.x + BOX / 2) * graph.scale + graph.x, node.y * graph.scale + graph.y);
  else zoom(factor);
}

function fit() {
  const [wide, high] = [graph.canvas.clientWidth, graph.canvas.clientHeight];
  const scale = Math.min((wide - 40) / Math.max(1, graph.width), (high - 40) / Math.max(1, graph.height), 1);
  graph.least = Math.max(0.002, scale);
  graph.scale = graph.least;
  graph.x = (wide - graph.width * graph.scale) / 2;
  graph.y = (high - graph.height * graph.scale) / 2;
  paintSoon();
}

function bringIntoSight(node) {
  const { canvas, scale } = graph;
  const [x, y] = [node.x * scale + graph.x, node.y * scale + graph.y];
  if (x < 20 || x + BOX * scale > canvas.clientWidth - 20) graph.x += canvas.clientWidth / 2 - x - (BOX * scale) / 2;
  if (y < 20 || y > canvas.clientHeight - 20) graph.y += canvas.clientHeight / 2 - y;
}

function chooseNode(node) {
  graph.chosen = node;
  bringIntoSight(node);
  graph.said.textContent = nodeSaid(node);
  graph.open.hidden = false;
  paintSoon();
}

function openChosen() {
  const node = graph.chosen;
  if (!node) return;
  if (isGoal(node)) say('shown', goals[-1 - node.place]);
  else say('shown', goals[candidates[node.place].goal], node.place);
}

/** Where a key leads to from a node: to the one it grew from, the first that grew from it, or the next above or below. */
function neighbour(node, key) {
  if (key === 'ArrowLeft') return node.parent;
  if (key === 'ArrowRight') return graph.nodes.find((it) => it.parent === node);
  const layer = graph.nodes.filter((it) => Math.abs(it.x - node.x) < 1 && (key === 'ArrowDown' ? it.y > node.y : it.y < node.y));
  return layer.reduce((nearest, it) => (!nearest || Math.abs(it.y - node.y) < Math.abs(nearest.y - node.y) ? it : nearest), null);
}

function graphKey(event) {
  const pans = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  if (event.key === '+' || event.key === '=') zoomAtChosen(1.3);
  else if (event.key === '-') zoomAtChosen(1 / 1.3);
  else if (event.key === '0') fit();
  else if (event.key === 'Enter') openChosen();
  else if (event.key in pans && event.shiftKey) {
    [graph.x, graph.y] = [graph.x + pans[event.key][0], graph.y + pans[event.key][1]];
    paintSoon();
  } else if (event.key in pans) {
    const next = graph.chosen ? neighbour(graph.chosen, event.key) : graph.nodes[0];
    if (next) chooseNode(next);
  } else return;
  event.preventDefault();
}

function nodeAt(event) {
  const box = graph.canvas.getBoundingClientRect();
  const [x, y] = [(event.clientX - box.left - graph.x) / graph.scale, (event.clientY - box.top - graph.y) / graph.scale];
  const near = Math.max(BOX_HIGH / 2, 5 / graph.scale);
  return graph.nodes.find((node) => x >= node.x && x <= node.x + BOX && Math.abs(y - node.y) <= near);
}

function setUpPointer(canvas) {
  let drag = null;
  canvas.addEventListener('pointerdown', (event) => {
    drag = { x: event.clientX - graph.x, y: event.clientY - graph.y, moved: false, fromX: event.clientX, fromY: event.clientY };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!drag) return;
    drag.moved ||= Math.hypot(event.clientX - drag.fromX, event.clientY - drag.fromY) > 4;
    if (!drag.moved) return;
    [graph.x, graph.y] = [event.clientX - drag.x, event.clientY - drag.y];
    paintSoon();
  });
  canvas.addEventListener('pointerup', (event) => {
    const node = drag && !drag.moved && nodeAt(event);
    drag = null;
    if (node) chooseNode(node);
  });
  canvas.addEventListener('pointercancel', () => { drag = null; });
  canvas.addEventListener('dblclick', openChosen);
  canvas.addEventListener('wheel', (event) => {
    // Without a modifier the wheel belongs to the page, unless the graph has the focus.
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * 0.002), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
}

/** Which goals are drawn. */
function goalsDrawn() {
  const tried = goals.filter((goal) => goal.candidates.length > 0);
  return graph.only === 'steps' ? tried.filter((goal) => goal.candidates.some((at) => candidates[at].parent !== null)) : tried;
}

function drawGraph() {
  const chosen = goalsDrawn();
  const drawn = chosen.slice(0, MOST_TREES);
  Object.assign(graph, layOut(drawn, graph.canvas.clientWidth / HIGHEST), { chosen: null });
  graph.canvas.style.height = `${Math.round(Math.max(LOWEST, Math.min(HIGHEST, graph.height + 80)))}px`;
  const count = graph.nodes.length - drawn.length;
  const rest = chosen.length > drawn.length ? `; ${amount(chosen.length - drawn.length)} more goals are left out` : '';
  graph.said.textContent = `${counted(count, 'candidate')} of ${counted(drawn.length, 'goal')}${rest}`;
  graph.open.hidden = true;
  fit();
}

function setUpLineage() {
  const withSteps = goals.filter((goal) => goal.candidates.some((at) => candidates[at].parent !== null)).length;
  if (candidates.length === 0) return;
  graph.only = withSteps ? 'steps' : 'all';
  document.getElementById('lineage').hidden = false;
  graph.canvas = el('canvas', { tabindex: 0, role: 'application', 'aria-label': 'Lineage of candidates. Arrow keys go from one to another, Enter shows its evidence, plus and minus zoom, 0 shows all.', 'aria-describedby': 'graph-said' });
  graph.said = el('p', { id: 'graph-said', 'aria-live': 'polite' });
  graph.open = action('Show its evidence', openChosen);
  const which = (value, words) => {
    const box = el('input', { type: 'radio', name: 'only', value, checked: value === graph.only });
    box.addEventListener('change', () => { graph.only = value; drawGraph(); });
    return el('label', null, box, el('span', null, words));
  };
  document.getElementById('graphbar').append(
    withSteps ? el('fieldset', { class: 'theme' }, el('legend', null, 'Which goals'), which('steps', `Several steps (${amount(withSteps)})`), which('all', `All that were tried (${amount(goals.filter((goal) => goal.candidates.length).length)})`)) : '',
    el('span', { class: 'zooms' }, ...[['\u2212', 'Zoom out', () => zoomAtChosen(1 / 1.3)], ['+', 'Zoom in', () => zoomAtChosen(1.3)], ['All', 'Show all', fit]].map(([word, label, run]) => {
      const button = action(word, run);
      button.setAttribute('aria-label', label);
      return button;
    })));
  document.getElementById('graph').append(graph.canvas, el('div', { class: 'chosen' }, graph.said, graph.open));
  setUpPointer(graph.canvas);
  graph.canvas.addEventListener('keydown', graphKey);
  readColours();
  const recolour = () => { readColours(); paintSoon(); };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
  listen('theme', recolour);
  // Laid out when it comes near: nobody waits for a picture that is not in sight.
  const near = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    drawGraph();
    new ResizeObserver(paintSoon).observe(graph.canvas);
  }, { rootMargin: '600px' });
  near.observe(graph.canvas);
}
