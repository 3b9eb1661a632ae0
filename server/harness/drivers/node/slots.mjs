// Rewrites a file so that its outermost functions can be given other bodies without loading it again, and so that no loop runs on
// for ever: every turn and every call takes one from a budget. It must not change a line number nor what the code does.

import vm from "node:vm";
import { below, directives, isFunction, isLoop, parse, walk } from "./syntax.mjs";

/** The name under which the rewritten code knows its module's slots. */
const NAME = "$hephaestus";
const TICK = `if(--${NAME}.b.n<0)${NAME}.b.out();`;
const TICK_VALUE = `(--${NAME}.b.n<0&&${NAME}.b.out(),`;
export const HOOK = "hephaestus.search";
const EVAL = `${NAME}_=>eval(${NAME}_)`;
const OPEN = `const ${NAME}=globalThis[Symbol.for("${HOOK}")].open(${EVAL});`;
/** New text that may move a place where something is inserted. */
const UNSURE = /[{};`\\]|=>|\/[/*]|<!--|-->|\b(?:for|while|do|function|class|async|get|set|static|import|export)\b/;
const STRING = /'[^'\\\n]*'|"[^"\\\n]*"/g;

/** What has names of its own that code outside cannot see. */
const SCOPES = /^(?:BlockStatement|For\w*Statement|SwitchStatement|CatchClause|StaticBlock|PropertyDefinition)$/;

/** Whether a piece of text closes what it opens, and nothing else. */
function balanced(piece) {
  const open = [];
  for (const here of piece) {
    if (here === "(" || here === "[") open.push(here);
    else if (here === ")" && open.pop() !== "(") return false;
    else if (here === "]" && open.pop() !== "[") return false;
    else if (here === '"' || here === "'") return false;
  }
  return open.length === 0;
}

function simple(piece) {
  if (UNSURE.test(piece)) return false;
  return balanced(piece.replace(STRING, "0"));
}

/** The tick insertions of a tree, in order: `[offset, text, rank]`; at one place what closes comes first, from the inside out. */
function ticks(tree) {
  const found = [];
  let count = 0;
  walk(tree, node => {
    count += 1;
    const { body } = node;
    if (isFunction(node) && body.type === "BlockStatement") {
      const from = body.start + 1;
      const at = directives(body.body, from);
      found.push([at, at > from ? `;${TICK}` : TICK, count]);
    } else if (isFunction(node)) found.push([body.start, TICK_VALUE, count], [body.end, ")", -count]);
    else if (isLoop(node) && body.type === "BlockStatement") found.push([body.start + 1, TICK, count]);
    else if (isLoop(node)) found.push([body.start, `{${TICK}`, count], [body.end, "}", -count]);
  });
  return found.sort(inOrder);
}

function inOrder(a, b) {
  return a[0] - b[0] || a[2] - b[2];
}

/** `text` from `from` to `to` with insertions and edits, both sorted; null where they are in each other's way. */
export function woven(text, from, to, insertions, edits) {
  let out = "";
  let at = from;
  let next = 0;
  while (next < insertions.length && insertions[next][0] < from) next += 1;
  for (const [start, end, piece] of edits) {
    for (; next < insertions.length && insertions[next][0] <= start; next += 1) {
      const [offset, put] = insertions[next];
      // Behind an insertion at the same place, new text may stand on either side of it.
      if (offset === start && offset !== from && (piece !== "" || end > start) && !put.startsWith("if(") && !put.startsWith("{") && !put.startsWith("(")) return null;
      out += text.slice(at, offset) + put;
      at = offset;
    }
    if (next < insertions.length && insertions[next][0] < end) return null;
    out += text.slice(at, start) + piece;
    at = end;
  }
  for (; next < insertions.length && insertions[next][0] <= to; next += 1) {
    const [offset, put] = insertions[next];
    out += text.slice(at, offset) + put;
    at = offset;
  }
  return out + text.slice(at, to);
}

/** One function that can be replaced. */
class Slot {
  constructor(number, node, { from, head, hook, strict }) {
    Object.assign(this, { number, node, from, to: node.end, head, hook, strict });
    // An arrow's parameters are taken by name: a variant of them would not get what was passed.
    this.inner = node.type === "ArrowFunctionExpression" ? node.body.start : from;
  }

  /** A whole text of this function as an expression. */
  expression(text) {
    const whole = `(${this.head}${text}\n)`;
    return this.strict ? `(function(){"use strict";return ${whole}})()` : whole;
  }
}

/** What is known of one text: its slots and where ticks go. Throws a SyntaxError. */
export class Plan {
  constructor(text, isModule) {
    this.text = text;
    this.isModule = isModule;
    this.tree = parse(text, isModule);
    this.ticks = ticks(this.tree);
    this.slots = [];
    this.outermost = [];
    /** Bodies that run once, while the module is loaded. */
    this.open = [this.tree.body];
    this.hooks = [];
    this.visit(this.tree, { hook: 0, blocked: false, strict: isModule || directives(this.tree.body, -1) !== -1 });
  }

  visit(node, context) {
    for (const part of below(node)) {
      const named = part.type === "ClassExpression" && part.id;
      const apart = named || SCOPES.test(part.type);
      if (isFunction(part)) this.meet(part, node, context);
      else this.visit(part, apart ? { ...context, blocked: true } : context);
    }
  }

  meet(node, parent, context) {
    const called = parent.type === "CallExpression" && (parent.callee === node || parent.callee.type === "FunctionExpression" || parent.callee.type === "ArrowFunctionExpression");
    const bound = parent.type === "MemberExpression" && parent.object === node && /^(?:call|apply)$/.test(parent.property.name ?? "");
    if ((called || bound) && !context.blocked && !node.generator && !node.async && node.body.type === "BlockStatement") return this.through(node, context);
    this.outermost.push(node);
    const slot = this.slot(node, parent, context);
    if (slot) this.slots.push(slot);
    return undefined;
  }

  /** A function that is called where it stands: what it declares is as lasting as the module. */
  through(node, context) {
    const hook = this.hooks.length + 1;
    const from = node.body.start + 1;
    const at = directives(node.body.body, from);
    this.hooks.push([at, `${at > from ? ";" : ""}${NAME}.at(${hook},${EVAL});`, 0]);
    this.open.push(node.body.body);
    const strict = context.strict || at > from;
    for (const part of node.body.body) {
      if (isFunction(part)) this.meet(part, node.body, { ...context, hook, strict });
      else this.visit({ type: "Program", body: [part] }, { ...context, hook, strict });
    }
  }

  slot(node, parent, { hook, blocked, strict }) {
    if (blocked) return null;
    const method = parent.type === "MethodDefinition" || (parent.type === "Property" && (parent.method || parent.kind !== "init"));
    if (parent.type === "MethodDefinition" && parent.kind === "constructor") return null;
    let fits = true;
    walk(node, inner => {
      if (inner.type === "Super" || inner.type === "PrivateIdentifier") fits = false;
      else if (inner.type === "MetaProperty" && inner.meta.name === "import") fits = false;
      else if (inner.type === "Identifier" && inner.name === "eval") fits = false;
    });
    if (!fits) return null;
    const arrow = node.type === "ArrowFunctionExpression";
    if (arrow && !node.params.every(plain)) return null;
    const head = method ? `${node.async ? "async " : ""}function${node.generator ? "*" : ""} ` : "";
    return new Slot(this.slots.length, node, { from: node.start, head, hook, strict: parent.type === "MethodDefinition" && !strict });
  }

  /** The text as it is loaded once: with ticks, slots and hooks. */
  base() {
    const all = [[this.begin(), this.opening(), 0], ...this.hooks, ...this.slots.flatMap(slot => dispatch(slot)), ...this.ticks];
    all.sort(inOrder);
    return woven(this.text, 0, this.text.length, all, []);
  }

  begin() {
    const shebang = this.text.startsWith("#!") ? /^[^\n]*/.exec(this.text)[0].length : 0;
    return directives(this.tree.body, shebang);
  }

  opening() {
    const at = this.begin();
    // Behind a shebang line only a new line may come; the module's first line is then one longer.
    if (this.text.startsWith("#!") && at === /^[^\n]*/.exec(this.text)[0].length) return `\n${OPEN}`;
    return at > 0 ? `;${OPEN}` : OPEN;
  }

  /** The slots that edits are in, with the edits of each; null where one is outside every slot. */
  split(edits) {
    const found = new Map();
    for (const edit of edits) {
      const slot = this.slots.find(({ inner, to }) => inner <= edit[0] && edit[1] <= to && !(edit[0] === to));
      if (!slot) return null;
      if (edit[0] === slot.inner && slot.inner === slot.from && edit[1] === edit[0]) return null;
      const known = found.get(slot);
      if (known) known.push(edit);
      else found.set(slot, [edit]);
    }
    return found;
  }

  /** A slot's function with edits, as an expression with ticks; throws a SyntaxError. */
  variant(slot, edits) {
    const easy = edits.every(([start, end, piece]) => simple(piece) && simple(this.text.slice(start, end)));
    const quick = easy ? woven(this.text, slot.from, slot.to, this.ticksIn(slot), edits) : null;
    return quick === null ? this.surely(slot, edits) : slot.expression(quick);
  }

  /** Whether a slot's function with edits does not compile, as the engine sees it. */
  breaks(slot, edits) {
    const text = `${this.isModule ? '"use strict";' : ""}${slot.expression(woven(this.text, slot.from, slot.to, [], edits))}`;
    try {
      return !new vm.Script(text);
    } catch {
      return true;
    }
  }

  /** The same, with the parser asked. */
  surely(slot, edits) {
    const plainly = woven(this.text, slot.from, slot.to, [], edits);
    const text = `(${slot.head}${plainly}\n)`;
    const tree = parse(text, this.isModule);
    const [statement] = tree.body;
    if (tree.body.length !== 1 || statement.type !== "ExpressionStatement" || !isFunction(statement.expression)) throw new Unsure();
    if (statement.expression.end < text.length - 2) throw new Unsure();
    return slot.strict ? `(function(){"use strict";return ${woven(text, 0, text.length, ticks(tree), [])}})()` : woven(text, 0, text.length, ticks(tree), []);
  }

  ticksIn(slot) {
    slot.ticks ??= this.ticks.filter(([at]) => at >= slot.from && at <= slot.to);
    return slot.ticks;
  }

  /** The whole text with edits, plainly. */
  edited(edits) {
    return woven(this.text, 0, this.text.length, [], edits);
  }
}

/** What stands in a slot is not one function any more. */
export class Unsure extends Error {}

/** The whole text of a module with ticks only; throws a SyntaxError. */
export function ticking(text, isModule) {
  const tree = parse(text, isModule);
  const shebang = text.startsWith("#!") ? /^[^\n]*/.exec(text)[0].length : 0;
  const at = directives(tree.body, shebang);
  const mark = shebang > 0 && at === shebang ? "\n" : at > 0 ? ";" : "";
  const all = [[at, `${mark}${OPEN}`, 0], ...ticks(tree)];
  return woven(text, 0, text.length, all.sort(inOrder), []);
}

function plain(parameter) {
  if (parameter.type === "Identifier") return true;
  if (parameter.type === "AssignmentPattern") return parameter.left.type === "Identifier";
  return parameter.type === "RestElement" && parameter.argument.type === "Identifier";
}

/** The insertions that ask a slot for another body. */
function dispatch({ number, node }) {
  const here = `${NAME}.f[${number}]`;
  const asked = `${here}!==null&&${NAME}.ask(${number})`;
  if (node.type === "ArrowFunctionExpression") {
    const given = node.params.map(parameter => (parameter.type === "RestElement" ? `...${parameter.argument.name}` : (parameter.left ?? parameter).name)).join(",");
    if (node.body.type === "BlockStatement") {
      const from = node.body.start + 1;
      const at = directives(node.body.body, from);
      return [[at, `${at > from ? ";" : ""}if(${asked})return ${here}(${given});`, 0]];
    }
    return [[node.body.start, `(${asked}?${here}(${given}):`, 0], [node.body.end, ")", -0.5]];
  }
  const from = node.body.start + 1;
  const at = directives(node.body.body, from);
  let call = `${here}.apply(this,arguments)`;
  if (node.generator) call = `yield*${call}`;
  else if (!node.async) call = `new.target?Reflect.construct(${here},arguments,new.target):${call}`;
  return [[at, `${at > from ? ";" : ""}if(${asked})return ${call};`, 0]];
}
