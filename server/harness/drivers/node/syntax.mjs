// JavaScript's syntax trees: the parser that node carries (acorn), and a walk over what it finds. It must not know what a tree is
// looked at for.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const acorn = (() => {
  try {
    return require("internal/deps/acorn/acorn/dist/acorn");
  } catch {
    return null;
  }
})();

/** Whether this node lends its parser. */
export const parses = acorn !== null;

/** The tree of a text; throws a SyntaxError. A CommonJS text may return at its top. */
export function parse(text, isModule) {
  return acorn.parse(text, {
    ecmaVersion: "latest",
    sourceType: isModule ? "module" : "script",
    allowHashBang: true,
    allowReturnOutsideFunction: !isModule,
  });
}

export function isFunction(node) {
  return node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression";
}

export function isLoop(node) {
  return node.type === "ForStatement" || node.type === "WhileStatement" || node.type === "DoWhileStatement" || node.type === "ForInStatement" || node.type === "ForOfStatement";
}

/** The nodes directly below a node, in no certain order. */
export function below(node) {
  const found = [];
  for (const key in node) {
    const value = node[key];
    if (value === null || typeof value !== "object" || value instanceof RegExp) continue;
    if (Array.isArray(value)) {
      for (const part of value) if (part && typeof part.type === "string") found.push(part);
    } else if (typeof value.type === "string") found.push(value);
  }
  return found;
}

/** Calls `act` for a node and all below it; where it answers false, nothing below that node is looked at. */
export function walk(node, act) {
  if (act(node) === false) return;
  for (const part of below(node)) walk(part, act);
}

/** The names a pattern binds. */
export function bound(pattern, names = []) {
  if (!pattern) return names;
  if (pattern.type === "Identifier") names.push(pattern.name);
  else if (pattern.type === "ObjectPattern") for (const part of pattern.properties) bound(part.value ?? part.argument, names);
  else if (pattern.type === "ArrayPattern") for (const part of pattern.elements) bound(part, names);
  else if (pattern.type === "AssignmentPattern") bound(pattern.left, names);
  else if (pattern.type === "RestElement") bound(pattern.argument, names);
  return names;
}

/** The end of the directives ("use strict") a body begins with, or `from` where it has none. */
export function directives(body, from) {
  let end = from;
  for (const statement of body) {
    if (statement.type !== "ExpressionStatement" || typeof statement.directive !== "string") break;
    end = statement.end;
  }
  return end;
}
