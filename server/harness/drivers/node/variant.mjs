// How modules are loaded: compiled once, instantiated anew for every run, and with a file's new text in place of the old.
// CommonJS goes through node's own Module with its reading and compiling replaced; ES modules are linked by EsmLoader
// (modules.mjs). It must not write to the disk, and must not keep a module instance from one run to the next.

import Module, { createRequire, isBuiltin } from "node:module";
import { readFileSync, existsSync } from "node:fs";
import { dirname, extname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { EsmLoader } from "./modules.mjs";

const WRAPPED = ["exports", "require", "module", "__filename", "__dirname"];
const EXTENSIONS = ["", ".js", ".cjs", ".mjs", ".json", "/index.js"];

/** Built-in modules with which a process cannot be cleaned with certainty after a run. */
const LASTING = new Set([
  "async_hooks", "cluster", "dgram", "diagnostics_channel", "dns", "domain", "http", "http2", "https", "inspector", "module", "net",
  "repl", "tls", "trace_events", "v8", "vm", "wasi",
]);
/** Built-in modules that start programs which read the workspace from the disk. */
const OUTSIDE = new Set(["child_process", "worker_threads", "cluster"]);

export class Loader {
  /**
   * `framework`: folders whose modules are the test framework; `builtin` is told of each built-in module handed out; `native`:
   * node loads everything itself, from the disk, once.
   */
  constructor({ root, framework = [], builtin = () => {}, native = false }) {
    this.root = root;
    this.native = native;
    this.framework = framework.map(folder => (folder.endsWith(sep) ? folder : folder + sep));
    this.noteBuiltin = builtin;
    this.texts = new Map();
    this.compiled = new Map();
    this.resolved = new Map();
    this.types = new Map();
    this.overrides = new Map();
    this.kept = new Map();
    /** What stands in for built-in modules, by name. */
    this.instead = new Map();
    this.shortcuts = new Map();
    this.rewrite = null;
    this.esm = new EsmLoader(this);
    this.forget();
    if (!native) this.patch();
    this.begin(new Map());
  }

  /** Forgets every module and takes the texts of the next variant: absolute path to text, or to null for a file that is gone. */
  begin(overrides) {
    this.overrides = overrides;
    this.moved = [...overrides].some(([path, text]) => text === null || !existsSync(path));
    if (this.native) return;
    for (const path of Object.keys(Module._cache)) delete Module._cache[path];
    for (const [path, module] of this.kept) Module._cache[path] = module;
    this.esm.begin();
    process.mainModule = undefined;
  }

  /** Forgets which built-in modules were asked for. */
  forget() {
    this.lasting = new Set();
    this.outside = new Set();
    this.mixed = null;
  }

  /** The project's files below the root that a loaded file needs, itself included; null when that is not known. */
  closure(path) {
    const first = Module._cache[path];
    if (!first) return null;
    const seen = new Set([first]);
    for (const module of seen) for (const child of module.children) if (!child.filename?.includes(`${sep}node_modules${sep}`)) seen.add(child);
    return new Set([...seen].map(module => module.filename));
  }

  /** What is loaded now stays for all runs: preloaded hooks from node_modules. */
  keep() {
    for (const path of Object.keys(Module._cache)) if (path.includes(`${sep}node_modules${sep}`)) this.kept.set(path, Module._cache[path]);
  }

  /** The text of a file in this variant. */
  text(path) {
    const replaced = this.overrides.get(path);
    if (replaced !== undefined) {
      if (replaced === null) throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: "ENOENT" });
      return replaced;
    }
    let text = this.texts.get(path);
    if (text === undefined) {
      text = readFileSync(path, "utf8");
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
      this.texts.set(path, text);
    }
    return text;
  }

  patch() {
    const loader = this;
    const plain = Module._extensions[".js"];
    const json = Module._extensions[".json"];
    const compile = Module.prototype._compile;
    const resolve = Module._resolveFilename;
    const load = Module._load;
    Module._extensions[".js"] = function (module, path) {
      const format = loader.format(path);
      if (format === "module") {
        // Only node itself can `require` an ES module; it keeps it for good.
        if (!path.includes(`${sep}node_modules${sep}`) || loader.overrides.has(path)) loader.mixed = path;
        module._compile = compile;
        return plain(module, path);
      }
      return module._compile(loader.text(path), path);
    };
    Module._extensions[".json"] = function (module, path) {
      if (!loader.overrides.has(path)) return json(module, path);
      module.exports = JSON.parse(loader.text(path));
    };
    Module.prototype._compile = function (text, path) {
      return loader.compile(this, text, path);
    };
    Module._resolveFilename = function (request, parent, isMain, options) {
      if (options || isBuiltin(request)) return resolve.call(this, request, parent, isMain, options);
      if (loader.moved) return loader.resolveMoved(request, parent, () => resolve.call(this, request, parent, isMain));
      const key = `${parent?.path ?? ""}\0${request}`;
      let path = loader.resolved.get(key);
      if (path === undefined) {
        path = resolve.call(this, request, parent, isMain);
        loader.resolved.set(key, path);
      }
      return path;
    };
    Module._load = function (request, parent, isMain) {
      if (!isBuiltin(request)) return load.call(this, request, parent, isMain);
      const other = loader.instead.get(request.replace(/^node:/, ""));
      if (other) return other;
      const exports = load.call(this, request, parent, isMain);
      loader.builtin(request, exports, parent?.filename ?? "");
      return exports;
    };
  }

  /** Takes note of a built-in module that `from` asked for. */
  builtin(request, exports, from) {
    const name = request.replace(/^node:/, "").replace(/\/.*$/, "");
    this.noteBuiltin(exports);
    if (this.framework.some(folder => from.startsWith(folder))) return;
    if (LASTING.has(name)) this.lasting.add(name);
    if (OUTSIDE.has(name)) this.outside.add(name);
  }

  /** Resolves in a variant that adds or removes files. */
  resolveMoved(request, parent, plainly) {
    if (/^\.{0,2}\//.test(request) && parent?.path) {
      const base = request.startsWith("/") ? request : join(parent.path, request);
      for (const extension of EXTENSIONS) {
        const path = base + extension;
        const text = this.overrides.get(path);
        if (typeof text === "string" && !(extension.startsWith("/") && existsSync(base + ".js"))) return path;
        if (text === undefined && extension !== "" && !extension.startsWith("/") && existsSync(path)) break;
      }
    }
    const path = plainly();
    if (this.overrides.get(path) === null) {
      throw Object.assign(new Error(`Cannot find module '${request}'\nRequire stack:\n- ${parent?.filename}`), { code: "MODULE_NOT_FOUND" });
    }
    return path;
  }

  compile(module, text, path) {
    const key = this.overrides.has(path) ? `\0${path}` : path;
    let entry = this.compiled.get(key);
    if (entry === undefined || entry.text !== text) {
      const source = this.rewrite ? this.rewrite(path, text) : text;
      const importModuleDynamically = request => this.esm.importFrom(request, path);
      entry = { text, run: vm.compileFunction(source, WRAPPED, { filename: path, importModuleDynamically }) };
      this.compiled.set(key, entry);
    }
    const require = this.requireFor(module);
    const result = Reflect.apply(entry.run, module.exports, [module.exports, require, module, path, dirname(path)]);
    const shortcut = this.shortcuts.get(path);
    if (shortcut) module.exports = shortcut(module.exports);
    return result;
  }

  requireFor(module) {
    const require = request => module.require(request);
    require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
    require.resolve.paths = request => Module._resolveLookupPaths(request, module);
    require.main = process.mainModule;
    require.extensions = Module._extensions;
    require.cache = Module._cache;
    return require;
  }

  /** `commonjs`, `module`, `json` or `other`, as node would take the file. */
  format(path) {
    const extension = extname(path);
    if (extension === ".mjs") return "module";
    if (extension === ".cjs") return "commonjs";
    if (extension === ".json") return "json";
    if (extension !== ".js" && extension !== "") return "other";
    const type = this.type(dirname(path));
    if (type === "module" || type === "commonjs") return type;
    return this.detects(path) ? "module" : "commonjs";
  }

  /** Whether a file without a declared type only parses as an ES module. */
  detects(path) {
    if (!process.features.require_module || path.includes(`${sep}node_modules${sep}`)) return false;
    let text;
    try {
      text = this.text(path);
    } catch {
      return false;
    }
    if (!/\b(?:import|export)\b/.test(text)) return false;
    const key = this.overrides.has(path) ? `\0${path}` : path;
    const known = this.compiled.get(key);
    if (known?.text === text) return false;
    try {
      vm.compileFunction(text, WRAPPED);
      return false;
    } catch (error) {
      return /import statement outside|Unexpected token 'export'|'import\.meta' outside/.test(error.message);
    }
  }

  /** `type` of the package.json nearest to a folder. */
  type(folder) {
    let type = this.types.get(folder);
    if (type !== undefined) return type;
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) {
      try {
        type = JSON.parse(readFileSync(manifest, "utf8")).type ?? "none";
      } catch {
        type = "none";
      }
    } else {
      const above = dirname(folder);
      type = above === folder || folder.endsWith(`${sep}node_modules`) ? "none" : this.type(above);
    }
    this.types.set(folder, type);
    return type;
  }

  /** Loads a file as if node had been started with it (`main`), or as an import of another. */
  async entry(path, main = false) {
    if (this.native) return this.natively(path, main);
    return this.format(path) === "module" ? this.esm.run(path) : this.commonjs(path, main);
  }

  /** Loads a CommonJS file, at once. */
  commonjs(path, main = false) {
    if (!main) return this.requireAt(path)(path);
    const module = new Module(path, undefined);
    module.id = ".";
    process.mainModule = module;
    Module._cache[path] = module;
    module.load(path);
    return module.exports;
  }

  async natively(path, main) {
    if (this.format(path) === "commonjs") {
      if (main) return Module._load(path, null, true);
      return createRequire(path)(path);
    }
    return import(pathToFileURL(path).href);
  }

  /** `require` as a file beside `path` has it. */
  requireAt(path) {
    if (this.native) return createRequire(path);
    const module = new Module(path, undefined);
    module.filename = path;
    module.paths = Module._nodeModulePaths(dirname(path));
    return this.requireFor(module);
  }
}

