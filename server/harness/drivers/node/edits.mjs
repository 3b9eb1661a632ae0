// A file's text and edits of it: `[start, end, text]` in bytes of the file as UTF-8, as the harness gives them.

import { readFileSync } from "node:fs";

/** The text of a file without its byte order mark, and the way from bytes to characters. */
export class Original {
  constructor(path) {
    const raw = readFileSync(path, "utf8");
    this.bom = raw.charCodeAt(0) === 0xfeff;
    this.raw = raw;
    this.text = this.bom ? raw.slice(1) : raw;
    this.bytes = Buffer.byteLength(raw);
    this.map = null;
    if (this.bytes === raw.length) return;
    this.map = new Uint32Array(this.bytes + 1);
    let byte = 0;
    for (let at = 0; at < raw.length; ) {
      const point = raw.codePointAt(at);
      const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      this.map.fill(at, byte, byte + size);
      byte += size;
      at += point > 0xffff ? 2 : 1;
    }
    this.map[byte] = raw.length;
  }

  /** Edits in characters of `text`; null where they do not fit it. */
  characters(edits) {
    const shift = this.bom ? 1 : 0;
    const found = [];
    let last = 0;
    for (const [start, end, text] of edits) {
      if (!(start >= 0 && start <= end && end <= this.bytes) || typeof text !== "string") return null;
      const from = (this.map ? this.map[start] : start) - shift;
      const to = (this.map ? this.map[end] : end) - shift;
      if (from < last) return null;
      found.push([from, to, text]);
      last = to;
    }
    return found;
  }

  /** The whole raw text with edits; null where they do not fit it. */
  edited(edits) {
    const found = this.characters(edits);
    if (found === null) return null;
    let out = "";
    let at = 0;
    for (const [from, to, text] of found) {
      out += this.text.slice(at, from) + text;
      at = to;
    }
    return (this.bom ? "\ufeff" : "") + out + this.text.slice(at);
  }
}
