// Which lines ran, from V8's block coverage, taken between tests. It must not decide which test a line belongs to: suites do.

import { Session } from "node:inspector";
import { fileURLToPath } from "node:url";

/** Records the lines of files below the root, but outside node_modules, that ran since it was last asked. */
export class Recorder {
  constructor(host) {
    this.root = host.root.endsWith("/") ? host.root : `${host.root}/`;
    this.text = path => host.loader.text(path);
    this.session = new Session();
    this.session.connect();
    this.post("Profiler.enable");
    this.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true, allowTriggeredUpdates: false });
    this.starts = new Map();
  }

  post(method, parameters) {
    let answer;
    this.session.post(method, parameters, (error, result) => {
      if (error) throw new Error(error.message);
      answer = result;
    });
    return answer;
  }

  /** Lines that ran since the last call: path from the root to a set of line numbers from 1. */
  take() {
    const lines = new Map();
    for (const script of this.post("Profiler.takePreciseCoverage").result) {
      const path = script.url.startsWith("file:") ? fileURLToPath(script.url) : script.url;
      if (!path.startsWith(this.root)) continue;
      const name = path.slice(this.root.length);
      if (name.startsWith("node_modules/") || name.includes("/node_modules/") || name.startsWith(".hephaestus/")) continue;
      const ran = this.lines(path, script.functions);
      const known = lines.get(name);
      if (known) for (const line of ran) known.add(line);
      else if (ran.size > 0) lines.set(name, ran);
    }
    return lines;
  }

  lines(path, functions) {
    const ran = new Set();
    let text;
    try {
      text = this.text(path);
    } catch {
      return ran;
    }
    const counts = new Uint8Array(text.length);
    // Outer ranges come before inner ones: the innermost has the last word.
    const ranges = functions.flatMap(({ ranges }) => ranges);
    ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
    for (const { startOffset, endOffset, count } of ranges) counts.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    let line = 1;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 10) line += 1;
      else if (counts[at] === 1 && code > 32) ran.add(line);
    }
    return ran;
  }

  stop() {
    this.session.disconnect();
  }
}

/** Adds the lines of `more` to `lines`. */
export function merge(lines, more) {
  for (const [path, set] of more) {
    const known = lines.get(path);
    if (known) for (const line of set) known.add(line);
    else lines.set(path, new Set(set));
  }
  return lines;
}

/** Sets of lines as ranges: `{"a.js": [[1, 3], [7, 7]]}`. */
export function ranges(lines) {
  const all = {};
  for (const [path, set] of lines) {
    const found = [];
    for (const line of [...set].sort((a, b) => a - b)) {
      const last = found.at(-1);
      if (last && last[1] === line - 1) last[1] = line;
      else found.push([line, line]);
    }
    all[path] = found;
  }
  return all;
}
