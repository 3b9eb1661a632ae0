/* Where the graph's nodes lie: each goal is a small tree from left to right, one layer for each step, and the trees stand in
   columns that together have about the shape of the window. Draws nothing. */

const LAYER = 150;
const LINE = 26;
/** Between trees, and between columns of trees. */
const GAP = 22;

/** The tree of one goal: {nodes: [{place, x, y, parent}], width, height}; the goal itself has the place -1 - its number. */
function treeOf(goal) {
  const nodes = [];
  let line = 0;
  let deepest = 0;
  const mine = new Set(goal.candidates);
  const top = goal.candidates.filter((at) => !mine.has(candidates[at].parent));
  const root = { place: -1 - goal.place, x: 0, y: 0, parent: null, goal };
  nodes.push(root);
  // A stack instead of recursion: a search may go on from itself for hundreds of steps.
  const open = top.map((at) => ({ at, depth: 1, parent: root })).reverse();
  const seen = new Set();
  while (open.length) {
    const { at, depth, parent } = open.pop();
    if (seen.has(at)) continue;
    seen.add(at);
    const node = { place: at, x: depth * LAYER, y: 0, parent, leaf: false };
    const grown = (children.get(at) || []).filter((it) => mine.has(it) && !seen.has(it));
    nodes.push(node);
    deepest = Math.max(deepest, depth);
    if (grown.length === 0) {
      node.y = line * LINE;
      node.leaf = true;
      line += 1;
    }
    for (const it of [...grown].reverse()) open.push({ at: it, depth: depth + 1, parent: node });
  }
  centre(nodes);
  return { goal, nodes, width: deepest * LAYER + LAYER - GAP, height: Math.max(1, line) * LINE };
}

/** Whoever has children stands in the middle of them. Children come after their parents, so it is done backwards. */
function centre(nodes) {
  const spans = new Map();
  for (const node of [...nodes].reverse()) {
    const span = spans.get(node);
    if (span) node.y = (span[0] + span[1]) / 2;
    if (!node.parent) continue;
    const above = spans.get(node.parent) || [Infinity, -Infinity];
    spans.set(node.parent, [Math.min(above[0], node.y), Math.max(above[1], node.y)]);
  }
}

/** Puts trees into columns of about `tall`; says how wide and high all of it is. */
function pack(trees, tall) {
  let [x, y, wide, high] = [0, 0, 0, 0];
  for (const tree of trees) {
    if (y > 0 && y + tree.height > tall) {
      x += wide + GAP * 2;
      [y, wide] = [0, 0];
    }
    [tree.x, tree.y] = [x, y];
    y += tree.height + GAP;
    wide = Math.max(wide, tree.width);
    high = Math.max(high, y - GAP);
  }
  return { width: x + wide, height: high };
}

/** All trees at their places, in columns as high as makes the whole about as wide as `ratio` times its height. */
function layOut(chosen, ratio) {
  const trees = chosen.map(treeOf);
  const area = trees.reduce((sum, tree) => sum + (tree.width + GAP * 2) * (tree.height + GAP), 0);
  const tallest = Math.max(LINE, ...trees.map((tree) => tree.height));
  const size = pack(trees, Math.max(tallest, Math.sqrt(area / ratio)));
  const nodes = [];
  for (const tree of trees) {
    for (const node of tree.nodes) {
      node.x += tree.x;
      node.y += tree.y + LINE / 2;
      nodes.push(node);
    }
  }
  return { ...size, nodes };
}
