// ES modules through vm.SourceTextModule in the process's own realm, so that every run has instances of its own, which
// node's own loader never lets go of. It must give built-in modules and the test framework through node's own `import`.

import Module, { createRequire, isBuiltin } from "node:module";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";

const require = createRequire(import.meta.url);
const lexer = (() => {
  try {
    const found = require("internal/deps/cjs-module-lexer/lexer");
    found.initSync?.();
    return found;
  } catch {
    return null;
  }
})();

export class EsmLoader {
  constructor(loader) {
    this.loader = loader;
    this.cached = new Map();
    this.resolved = new Map();
    this.count = 0;
    this.begin();
  }

  /** Forgets every instance. */
  begin() {
    this.modules = new Map();
  }

  /** Runs a file and answers its namespace. */
  async run(path) {
    const module = await this.module(pathToFileURL(path).href);
    await this.evaluate(module);
    return module.namespace;
  }

  /** `import(request)` in `path`. */
  async importFrom(request, path) {
    const url = this.resolve(request, pathToFileURL(path).href);
    const module = await this.module(url);
    await this.evaluate(module);
    return module.namespace;
  }

  async evaluate(module) {
    if (module.status === "unlinked") await module.link((request, from) => this.module(this.resolve(request, from.identifier)));
    await module.evaluate();
  }

  resolve(request, from) {
    if (isBuiltin(request)) return request.startsWith("node:") ? request : `node:${request}`;
    const key = `${from}\0${request}`;
    let url = this.resolved.get(key);
    if (url === undefined) {
      url = this.added(request, from) ?? import.meta.resolve(request, from);
      if (!this.loader.moved) this.resolved.set(key, url);
    }
    if (this.loader.moved && url.startsWith("file:") && this.loader.overrides.get(fileURLToPath(url)) === null) {
      throw Object.assign(new Error(`Cannot find module '${fileURLToPath(url)}' imported from ${from}`), { code: "ERR_MODULE_NOT_FOUND" });
    }
    return url;
  }

  /** A file that only the variant has. */
  added(request, from) {
    if (!this.loader.moved || !/^\.{0,2}\//.test(request)) return null;
    const url = new URL(request, from).href;
    return typeof this.loader.overrides.get(fileURLToPath(url)) === "string" ? url : null;
  }

  module(url) {
    let module = this.modules.get(url);
    if (module === undefined) {
      module = this.make(url);
      this.modules.set(url, module);
    }
    return module;
  }

  make(url) {
    if (!url.startsWith("file:")) return this.native(url);
    const path = fileURLToPath(url);
    if (this.loader.framework.some(folder => path.startsWith(folder)) && this.loader.format(path) === "module") return this.native(url);
    const format = this.loader.format(path);
    if (format === "module") return this.source(url, path);
    if (format === "commonjs") return this.commonjs(url, path);
    if (format === "json") return this.json(url, path);
    return this.native(url);
  }

  source(url, path) {
    const text = this.loader.text(path);
    let entry = this.cached.get(url);
    if (entry === undefined || entry.text !== text) {
      const source = this.loader.rewrite ? this.loader.rewrite(path, text) : text;
      entry = { text, source, dynamic: /\bimport\b[^'"]{0,200}?\(/.test(source), code: undefined };
      this.cached.set(url, entry);
    }
    // V8 gives the same source the script it has, and with it the `import()` of an instance that is gone.
    this.count += 1;
    const tag = entry.dynamic ? `\n//${String(this.count).padStart(10, "0")}` : "";
    const module = new vm.SourceTextModule(entry.source + tag, {
      identifier: url,
      cachedData: entry.code,
      initializeImportMeta: meta => this.meta(meta, url, path),
      importModuleDynamically: request => this.importFrom(request, path),
    });
    if (entry.code === undefined && !entry.dynamic) entry.code = module.createCachedData();
    return module;
  }

  meta(meta, url, path) {
    meta.dirname = dirname(path);
    meta.filename = path;
    meta.resolve = request => this.resolve(request, url);
    meta.url = url;
  }

  commonjs(url, path) {
    const names = this.names(path, new Set());
    const own = [...names].filter(name => name !== "default" && name !== "module.exports");
    const { loader } = this;
    return new vm.SyntheticModule(
      ["default", ...own],
      function () {
        const exports = loader.requireAt(path)(path);
        this.setExport("default", exports);
        for (const name of own) {
          if (exports !== null && (typeof exports === "object" || typeof exports === "function")) {
            if (Object.hasOwn(exports, name)) this.setExport(name, exports[name]);
          }
        }
      },
      { identifier: url },
    );
  }

  /** The names a CommonJS file exports, found in its text as node finds them. */
  names(path, seen) {
    const names = new Set();
    if (seen.has(path) || !lexer) return names;
    seen.add(path);
    try {
      const found = lexer.parse(this.loader.text(path));
      for (const name of found.exports) names.add(name);
      for (const request of found.reexports) {
        if (isBuiltin(request)) continue;
        const parent = new Module(path, undefined);
        parent.filename = path;
        parent.path = dirname(path);
        parent.paths = Module._nodeModulePaths(dirname(path));
        const target = Module._resolveFilename(request, parent, false);
        const there = typeof this.loader.overrides.get(target) === "string" || existsSync(target);
        if (there && this.loader.format(target) === "commonjs") for (const name of this.names(target, seen)) names.add(name);
      }
    } catch {
      // A text that the lexer cannot read has its default export only, as in node.
    }
    return names;
  }

  json(url, path) {
    const { loader } = this;
    return new vm.SyntheticModule(["default"], function () {
      this.setExport("default", JSON.parse(loader.text(path)));
    }, { identifier: url });
  }

  async native(url) {
    const { loader } = this;
    // node:test is set up anew for every run: its namespace must be the present one, not the first.
    const other = loader.instead.get(url.replace(/^node:/, ""));
    const namespace = other ? testNamespace(other) : url === "node:test" ? testNamespace(require("node:test")) : await import(url);
    if (url.startsWith("node:")) loader.builtin(url, namespace.default, "");
    const names = Object.keys(namespace);
    return new vm.SyntheticModule(names, function () {
      for (const name of names) this.setExport(name, namespace[name]);
    }, { identifier: url });
  }
}

function testNamespace(test) {
  const namespace = { default: test };
  for (const name of Object.keys(test)) namespace[name] = test[name];
  return namespace;
}

