// Reads TAP line by line into test ids and outcomes, exactly as the harness's own reader does (src/reports/tap.rs), so that
// ids of a warm run equal those of a plain run. It must not judge: which outcome matters is decided elsewhere.

/** The longest message kept of one failure, in characters. */
const MESSAGE_LIMIT = 600;

/** Cuts a failure's message to what is worth keeping. */
export function shorten(message) {
  const text = String(message).trim();
  const characters = text.length > MESSAGE_LIMIT ? [...text] : null;
  return characters && characters.length > MESSAGE_LIMIT ? `${characters.slice(0, MESSAGE_LIMIT).join("")}…` : text;
}

/** Gives repeated ids their numbers: the second `t` becomes `t #2`. */
export class Names {
  constructor() {
    this.taken = new Set();
  }

  /** The free form of `id`, from now on taken. */
  add(id) {
    let free = id;
    for (let nth = 2; this.taken.has(free); nth += 1) free = `${id} #${nth}`;
    this.taken.add(free);
    return free;
  }

  /** Marks ids of tests that a plain run would have seen earlier, but this run leaves out. */
  reserve(ids) {
    for (const id of ids) this.taken.add(id);
  }
}

function splitDirective(text) {
  for (let at = text.indexOf(" # "); at !== -1; at = text.indexOf(" # ", at + 1)) {
    const after = text.slice(at + 3, at + 7).toUpperCase();
    if (after === "SKIP" || after === "TODO") return [text.slice(0, at).trimEnd(), after];
  }
  return [text.trimEnd(), null];
}

/** A reader: `line` takes one line, `found` is called with `{id, outcome, message}` once an outcome is complete. */
export class TapReader {
  /** `grouped`: whether a comment names the tests behind it, as in tape's flat TAP. */
  constructor(found, { grouped = true, names = new Names() } = {}) {
    this.found = found;
    this.grouped = grouped;
    this.names = names;
    this.open = [];
    this.group = null;
    this.detail = null;
    this.pending = null;
    this.lastDepth = 0;
    this.rest = "";
  }

  /** Takes text as it was written, in pieces of any size. */
  write(text) {
    this.rest += text;
    let from = 0;
    for (let end = this.rest.indexOf("\n"); end !== -1; end = this.rest.indexOf("\n", from)) {
      const line = this.rest.slice(from, end);
      from = end + 1;
      this.line(line.endsWith("\r") ? line.slice(0, -1) : line);
    }
    if (from > 0) this.rest = this.rest.slice(from);
  }

  line(line) {
    let depth = 0;
    while (line.charCodeAt(depth) === 32) depth += 1;
    const words = line.trim();
    if (this.detail) {
      if (words === "..." && depth <= this.detail.at) {
        this.detail = null;
        this.flush();
      } else if (this.detail.test) {
        this.append(this.detail.test, words);
      }
      return;
    }
    if (words === "---") {
      this.detail = { test: this.pending, at: depth };
      return;
    }
    if (words.startsWith("# Subtest: ")) {
      this.flush();
      this.open = this.open.filter(([at]) => at < depth);
      this.open.push([depth, words.slice(11)]);
    } else if (words.startsWith("# ") && depth === 0 && this.open.length === 0) {
      if (this.grouped) this.group = words.slice(2);
    } else if (words.startsWith("not ok")) {
      this.result(depth, words.slice(6), false);
    } else if (words.startsWith("ok")) {
      this.result(depth, words.slice(2), true);
    } else if (words.startsWith("Bail out!")) {
      this.flush();
      this.found({ id: this.names.add("the suite"), outcome: "failed", message: words });
    }
  }

  result(depth, after, ok) {
    if (after !== "" && !after.startsWith(" ")) return;
    let rest = after.trimStart().replace(/^[0-9]+/, "").trimStart();
    if (rest.startsWith("- ")) rest = rest.slice(2);
    const [name, directive] = splitDirective(rest);
    const closesParent = this.lastDepth > depth && this.open.some(([at]) => at === depth);
    const parts = this.open.filter(([at]) => at < depth);
    this.open = parts;
    this.lastDepth = depth;
    if (closesParent && ok) return;
    const names = parts.map(([, parent]) => parent);
    if (this.group !== null) names.push(this.group);
    names.push(name);
    const id = this.names.add(names.join(" > "));
    this.flush();
    if (directive === "SKIP" || (!ok && directive === "TODO")) this.found({ id, outcome: "skipped", message: "" });
    else if (ok) this.found({ id, outcome: "passed", message: "" });
    else this.pending = { id, outcome: "failed", message: "" };
  }

  append(test, words) {
    if (test.message.length < MESSAGE_LIMIT) {
      test.message = shorten(test.message === "" ? words : `${test.message}\n${words}`);
    }
  }

  /** Hands over a failure whose message can no longer grow. */
  flush() {
    const { pending } = this;
    this.pending = null;
    if (pending) this.found(pending);
  }
}
