// Guesses from a text whether its module keeps something from one call to the next. It must err on the side of "yes": what shares
// a module that keeps something would see what others left there.

import { bound, isFunction, walk } from "./syntax.mjs";

const CHANGING = new Set([
  "add", "set", "delete", "clear", "push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin", "next", "append",
]);
const HOLDERS = new Set(["Map", "Set", "WeakMap", "WeakSet", "Array", "Object", "RegExp", "Date", "Error"]);

/** Names declared outside every function that can be called again, and the expressions they begin with. */
function lasting(plan) {
  const names = new Map();
  for (const body of plan.open) {
    for (const statement of body) {
      const node = statement.declaration ?? statement;
      if (node.type === "VariableDeclaration") for (const { id, init } of node.declarations) for (const name of bound(id)) names.set(name, init);
      else if ((node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") && node.id) names.set(node.id.name, node);
    }
  }
  return names;
}

function locals(fn) {
  const names = new Set();
  walk(fn, node => {
    if (isFunction(node)) {
      for (const parameter of node.params) for (const name of bound(parameter)) names.add(name);
      if (node !== fn && node.id) names.add(node.id.name);
    } else if (node.type === "VariableDeclarator") for (const name of bound(node.id)) names.add(name);
    else if (node.type === "CatchClause") for (const name of bound(node.param)) names.add(name);
    else if (node.type === "ClassDeclaration") names.add(node.id.name);
  });
  return names;
}

function root(node) {
  let at = node;
  while (at?.type === "MemberExpression") at = at.object;
  return at?.type === "Identifier" ? at.name : null;
}

/** Why the module keeps something, in a word; null when it does not seem to. `plan`: a Plan of slots.mjs. */
export function keeps(plan) {
  const names = lasting(plan);
  let why = null;
  for (const fn of plan.outermost) {
    const own = locals(fn);
    const is = name => name !== null && names.has(name) && !own.has(name);
    const written = target => {
      if (target.type === "MemberExpression") {
        const name = root(target);
        // What a prototype or `this` is given belongs to an object.
        if (is(name)) why ??= name;
      } else for (const name of bound(target)) if (is(name) || !(own.has(name) || names.has(name))) why ??= name;
    };
    walk(fn, node => {
      if (why !== null) return false;
      if (node.type === "AssignmentExpression") written(node.left);
      else if (node.type === "UpdateExpression") written(node.argument);
      else if (node.type === "UnaryExpression" && node.operator === "delete" && node.argument.type === "MemberExpression") written(node.argument);
      else if (node.type === "CallExpression" && node.callee.type === "MemberExpression") {
        const name = root(node.callee.object);
        if (!is(name)) return undefined;
        const begun = names.get(name);
        const method = node.callee.property.name ?? "";
        const sticky = begun?.type === "Literal" && begun.regex && /[gy]/.test(begun.regex.flags);
        const made = begun?.type === "NewExpression" && !HOLDERS.has(begun.callee.name);
        if (sticky || made || (CHANGING.has(method) && begun?.type !== "ClassDeclaration")) why ??= name;
      }
      return undefined;
    });
    if (why !== null) return why;
  }
  return null;
}
