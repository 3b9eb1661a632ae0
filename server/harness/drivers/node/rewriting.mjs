// What the loader is to make of the file under search: its own text with slots, a variant's whole text with ticks alone.

import { sep } from "node:path";
import { Plan, ticking } from "./slots.mjs";
import { keeps } from "./state.mjs";

/** Files longer than this are not looked at for what they keep. */
const LOOKED_AT = 400000;

export class Rewriting {
  constructor(loader, file) {
    this.loader = loader;
    this.file = file;
    this.isModule = loader.format(file) === "module";
    this.text = loader.text(file);
    this.plan = new Plan(this.text, this.isModule);
    this.base = this.plan.base();
    loader.compiled.clear();
    loader.esm.cached.clear();
    loader.rewrite = (path, text) => {
      if (path !== file) return text;
      return text === this.text ? this.base : ticking(text, this.isModule);
    };
  }

  /** Whether any file of the project that is loaded, but for these, keeps something from one call to the next. */
  keeps(tests) {
    if (keeps(this.plan) !== null) return true;
    const { loader } = this;
    const paths = new Set([...loader.compiled.keys(), ...[...loader.esm.cached.keys()].map(url => decodeURIComponent(new URL(url).pathname))]);
    for (const path of paths) {
      if (path === this.file || tests.includes(path) || path.includes(`${sep}node_modules${sep}`) || !path.startsWith(loader.root)) continue;
      try {
        const text = loader.text(path);
        if (text.length < LOOKED_AT && keeps(new Plan(text, loader.format(path) === "module")) !== null) return true;
      } catch {
        return true;
      }
    }
    return false;
  }
}
