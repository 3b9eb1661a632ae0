// Finds a function by its qualified name in a JavaScript text and puts calls around it, without moving a line. It must give up,
// with a reason, where it is not certain: an instrumented text that does not parse is never run.

/** Where the running code finds the registry. */
export const HOOK = "hephaestus.functions";
const CALL = `globalThis[Symbol.for(${JSON.stringify(HOOK)})]`;
const WORD = /[\w$]/;

/** The text with comments, strings, templates and regular expressions blanked, offset by offset. */
export function mask(text) {
  const out = [...Array(text.length)].fill(" ");
  let last = "";
  let at = 0;
  const blank = to => {
    for (; at < to; at += 1) if (text[at] === "\n") out[at] = "\n";
  };
  while (at < text.length) {
    const here = text[at];
    if (here === "#" && at === 0 && text[1] === "!") blank(lineEnd(text, at));
    else if (here === "/" && text[at + 1] === "/") blank(lineEnd(text, at));
    else if (here === "/" && text[at + 1] === "*") blank(after(text, "*/", at + 2));
    else if (here === '"' || here === "'") {
      const from = at;
      blank(quoted(text, at, here));
      out[from] = "_";
      last = "_";
    } else if (here === "`") {
      const from = at;
      blank(template(text, at));
      out[from] = "_";
      last = "_";
    } else if (here === "/" && startsRegex(out, at, last)) {
      const from = at;
      blank(regex(text, at));
      out[from] = "_";
      last = "_";
    } else {
      out[at] = here;
      if (here.trim() !== "") last = here;
      at += 1;
    }
  }
  return out.join("");
}

function lineEnd(text, at) {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}

function after(text, mark, at) {
  const end = text.indexOf(mark, at);
  return end === -1 ? text.length : end + mark.length;
}

function quoted(text, at, quote) {
  for (let to = at + 1; to < text.length; to += 1) {
    if (text[to] === "\\") to += 1;
    else if (text[to] === quote || text[to] === "\n") return to + 1;
  }
  return text.length;
}

function template(text, at) {
  for (let to = at + 1; to < text.length; to += 1) {
    if (text[to] === "\\") to += 1;
    else if (text[to] === "`") return to + 1;
    else if (text[to] === "$" && text[to + 1] === "{") {
      for (let depth = 1, inside = to + 2; ; inside += 1) {
        if (inside >= text.length) return text.length;
        const here = text[inside];
        if (here === "{") depth += 1;
        else if (here === "}") depth -= 1;
        else if (here === '"' || here === "'") inside = quoted(text, inside, here) - 1;
        else if (here === "`") inside = template(text, inside) - 1;
        if (depth === 0) {
          to = inside;
          break;
        }
      }
    }
  }
  return text.length;
}

function startsRegex(out, at, last) {
  if (last === "" || "(,=:[!&|?{};+-*%<>~^".includes(last)) return true;
  if (!WORD.test(last)) return false;
  let from = at;
  while (from > 0 && out[from - 1].trim() === "") from -= 1;
  const to = from;
  while (from > 0 && WORD.test(out[from - 1])) from -= 1;
  return /^(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)$/.test(out.slice(from, to).join(""));
}

function regex(text, at) {
  for (let to = at + 1, set = false; to < text.length && text[to] !== "\n"; to += 1) {
    if (text[to] === "\\") to += 1;
    else if (text[to] === "[") set = true;
    else if (text[to] === "]") set = false;
    else if (text[to] === "/" && !set) return to + 1;
  }
  return at + 1;
}

/** The offset behind the bracket that closes the one at `at`; -1 when there is none. */
function closing(masked, at) {
  let depth = 0;
  for (let to = at; to < masked.length; to += 1) {
    if ("([{".includes(masked[to])) depth += 1;
    else if (")]}".includes(masked[to]) && (depth -= 1) === 0) return to + 1;
  }
  return -1;
}

function depthAt(masked, at) {
  let depth = 0;
  for (let to = 0; to < at; to += 1) {
    if ("([{".includes(masked[to])) depth += 1;
    else if (")]}".includes(masked[to])) depth -= 1;
  }
  return depth;
}

function find(masked, pattern, depth = 0, from = 0, to = masked.length) {
  const found = [];
  for (const match of masked.matchAll(pattern)) if (match.index >= from && match.index < to && depthAt(masked, match.index) === depth) found.push(match);
  return found.length === 1 ? found[0] : null;
}

const quote = name => name.replace(/[$]/g, "\\$&");

/** Insertions `[offset, text]` that hand the function to the registry under `id`, or the reason why there are none. */
export function insertions(text, masked, name, id) {
  const key = JSON.stringify(id);
  const parts = name.split(".").filter(part => part !== "prototype");
  const plain = quote(parts.at(-1));
  if (parts.length === 1) {
    const declared = find(masked, new RegExp(`(?<![\\w$.=(,:?]\\s*)\\b(?:async\\s+)?function\\s*\\*?\\s*${plain}\\s*\\(`, "g"));
    if (declared) return { at: [[start(text, masked), `${parts[0]}=${CALL}.wrap(${key},${parts[0]});`]] };
    const assigned =
      find(masked, new RegExp(`(?:\\b(?:const|let|var)\\s+|\\bexports\\s*\\.\\s*)${plain}\\s*=(?![=>])`, "g")) ??
      find(masked, new RegExp(`=\\s*(?=(?:async\\s+)?function\\s*\\*?\\s*${plain}\\s*\\()`, "g")) ??
      (["exports", "default", "module", "<anonymous>", "anonymous"].includes(parts[0]) ? find(masked, /\bmodule\s*\.\s*exports\s*=(?![=>])/g) : null);
    if (assigned) return around(masked, assigned.index + assigned[0].length, key);
    return { reason: `there is no single top-level function ${name}` };
  }
  if (name === "module.exports") {
    const assigned = find(masked, /\bmodule\s*\.\s*exports\s*=(?![=>])/g);
    return assigned ? around(masked, assigned.index + assigned[0].length, key) : { reason: "module.exports is not assigned once" };
  }
  if (parts.length !== 2) return { reason: "it is nested too deep" };
  const owner = quote(parts[0]);
  const kind = find(masked, new RegExp(`\\bclass\\s+${owner}\\b[^{;=]*\\{`, "g"));
  if (kind) return method(masked, kind, parts, key);
  const assigned = find(masked, new RegExp(`\\b${owner}\\s*\\.\\s*(?:prototype\\s*\\.\\s*)?${plain}\\s*=(?![=>])`, "g"));
  if (assigned) return around(masked, assigned.index + assigned[0].length, key);
  return { reason: `there is no single top-level ${name}` };
}

function method(masked, kind, [owner, name], key) {
  if (/[=(,:?]\s*$/.test(masked.slice(0, kind.index))) return { reason: "its class is an expression" };
  const open = kind.index + kind[0].length - 1;
  const end = closing(masked, open);
  const depth = depthAt(masked, open) + 1;
  const plain = quote(name);
  if (name === "constructor") return { reason: "it is a constructor" };
  const found = find(masked, new RegExp(`(?<![\\w$.#])(static\\s+)?(?:async\\s+)?\\*?\\s*${plain}\\s*\\(`, "g"), depth, open, end);
  if (!found || end === -1) return { reason: `there is no single method ${name}` };
  if (/\b[gs]et\s+$/.test(masked.slice(open, found.index))) return { reason: "it is a getter or setter" };
  if (/#\w/.test(masked.slice(open, end))) return { reason: "its class has private fields" };
  const part = /\bstatic\b/.test(found[0]) ? owner : `${owner}.prototype`;
  return { at: [[end, `;${CALL}.method(${key},${part},${JSON.stringify(name)},${owner});`]] };
}

/** Puts a call around the function expression that starts behind `from`. */
function around(masked, from, key) {
  let begin = from;
  while (masked[begin]?.trim() === "") begin += 1;
  const rest = masked.slice(begin);
  const head = /^(?:async\s+)?function\b[^(]*/.exec(rest);
  if (head) {
    const body = masked.indexOf("{", closing(masked, begin + head[0].length));
    const end = closing(masked, body);
    return end === -1 ? { reason: "its end was not found" } : { at: [[begin, `${CALL}.wrap(${key},`], [end, ")"]] };
  }
  const arrow = /^(?:async\s*)?(?:\(|[\w$]+\s*=>)/.exec(rest);
  if (!arrow) return { reason: "it is not written as a function" };
  let to = begin + arrow[0].length;
  if (arrow[0].endsWith("(")) {
    to = closing(masked, to - 1);
    const mark = /^\s*=>/.exec(masked.slice(to));
    if (!mark) return { reason: "it is not written as a function" };
    to += mark[0].length;
  }
  while (masked[to]?.trim() === "") to += 1;
  const end = masked[to] === "{" ? closing(masked, to) : expressionEnd(masked, to);
  return { at: [[begin, `${CALL}.wrap(${key},`], [end, ")"]] };
}

function expressionEnd(masked, from) {
  let depth = 0;
  for (let to = from; to < masked.length; to += 1) {
    const here = masked[to];
    if ("([{".includes(here)) depth += 1;
    else if (")]}".includes(here)) {
      if (depth === 0) return to;
      depth -= 1;
    } else if (depth === 0 && (here === ";" || here === ",")) return to;
    else if (depth === 0 && here === "\n") {
      const before = masked.slice(from, to).trimEnd().at(-1) ?? "=";
      const next = masked.slice(to).trimStart()[0] ?? ";";
      if (!"=+-*/%&|^<>?:.(![{,".includes(before) && !".?:+-*/%&|^<>=([,".includes(next)) return to;
    }
  }
  return masked.length;
}

/** The offset behind the shebang line and directives, where code may start. */
function start(text, masked) {
  const directives = /^(?:#![^\n]*\n)?(?:\s|\/\/[^\n]*\n|\/\*[^]*?\*\/)*(?:(?:"[^"\n]*"|'[^'\n]*')\s*(?:;|\n)(?:\s|\/\/[^\n]*\n|\/\*[^]*?\*\/)*)*/.exec(text);
  return Math.min(directives[0].length, masked.length);
}

/** Instruments a text for several functions: the new text and what was left out of it. */
export function instrument(text, names, idOf) {
  const masked = mask(text);
  const all = [];
  const left = new Map();
  for (const name of names) {
    const { at, reason } = insertions(text, masked, name, idOf(name));
    if (at) all.push(...at);
    else left.set(name, reason);
  }
  all.sort((a, b) => a[0] - b[0]);
  let out = "";
  let from = 0;
  for (const [at, piece] of all) {
    out += text.slice(from, at) + piece;
    from = at;
  }
  return { text: out + text.slice(from), left };
}
