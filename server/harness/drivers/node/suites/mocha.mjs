// mocha: a new Mocha for every run, with the chosen files loaded into it. A unit is a test; files are run whole, the last one up
// to the last test that is wanted. It must not keep a suite, and must not load what the project requires more than it says.

import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { merge, ranges } from "../reach.mjs";
import { Names, TapReader, shorten } from "../tap.mjs";

let current = null;

export const suite = {
  async prepare(host) {
    const require = createRequire(join(host.root, "package.json"));
    const folder = dirname(require.resolve("mocha/package.json"));
    host.loader.framework.push(folder + sep);
    const part = async name => {
      const path = [".cjs", ".js"].map(extension => join(folder, "lib", name + extension)).find(existsSync);
      const namespace = await import(pathToFileURL(path).href);
      return namespace.default ?? namespace;
    };
    const { loadOptions } = await part("cli/options");
    const options = loadOptions(["--reporter", "tap", ...host.args]);
    if (options.parallel) throw new Error("mocha is told to run files in parallel, which this driver does not imitate");
    if (options["node-option"] || options.loader || options.import) throw new Error("mocha is told to pass options to node, which this driver does not imitate");
    options.spec = options.spec ?? (options._?.length ? options._.map(String) : ["./test"]);
    const collect = await part("cli/collect-files");
    const found = collect({ ...options, ignore: options.ignore ?? [], extension: options.extension ?? [], file: options.file ?? [], spec: options.spec });
    const files = Array.isArray(found) ? found : found.files;
    if (files.length === 0) throw new Error("no test files were found");
    const { default: Mocha } = await import(pathToFileURL(require.resolve("mocha")).href);
    const plugins = await import(pathToFileURL(join(folder, "lib/plugin-loader.js")).href).catch(() => null);
    const requires = [options.require ?? []].flat().map(name => (existsSync(name) || existsSync(`${name}.js`) ? require.resolve(resolve(name)) : require.resolve(name)));
    host.mocha = { Mocha, PluginLoader: plugins?.PluginLoader ?? plugins?.default?.PluginLoader, options, files, requires: [], bin: join(folder, "bin/mocha.js") };
    for (const path of requires) {
      // Hooks from node_modules change how modules are loaded: once is enough, and must be before the first run.
      if (path.includes(`${sep}node_modules${sep}`)) await host.loader.entry(path);
      else host.mocha.requires.push(path);
    }
    host.loader.keep();
  },

  facts(host) {
    return { files: host.mocha.files };
  },

  async start(host, job) {
    const { Mocha, options, bin } = host.mocha;
    current = { ended: false };
    process.argv.splice(0, process.argv.length, process.execPath, bin, "--exit", "--reporter", "tap", ...host.args);
    const names = new Names();
    const reader = new TapReader(result => host.result(result), { names });
    host.output = text => reader.write(text);
    let mocha;
    const loads = new Map();
    const loaded = new Map();
    try {
      const hooks = await preload(host);
      mocha = new Mocha({ ...options, ...hooks });
      for (const { file } of job.plan) {
        if (job.trace) host.recorder.take();
        mocha.suite.emit("pre-require", globalThis, file, mocha);
        const exports = await host.loader.entry(file);
        mocha.suite.emit("require", exports, file, mocha);
        mocha.suite.emit("post-require", globalThis, file, mocha);
        if (job.trace) merge(loaded, host.recorder.take());
        if (job.trace) loads.set(file, host.loader.closure(file));
      }
    } catch (error) {
      host.end({ end: "unloadable", reason: String(error?.stack ?? error) });
      return;
    }
    mocha.files = [];
    run(host, job, { mocha, reader, names, trace: job.trace ? new Trace(host, job, loaded, loads) : null });
  },

  drained(host) {
    // mocha's own words for it: a test is waiting for something that will not come.
    if (!current.ended) host.end({ end: "died", reason: "nothing is left to do, but a test has not ended" });
  },
};

async function preload(host) {
  const { PluginLoader, requires, options } = host.mocha;
  const plugins = PluginLoader?.create({ ignore: options.ignoredPlugins ?? [] });
  for (const path of requires) {
    const exports = await host.loader.entry(path);
    if (exports && typeof exports === "object") plugins?.load(exports);
  }
  return (await plugins?.finalize()) ?? {};
}

function run(host, job, { mocha, reader, names, trace }) {
  const files = new Map(job.plan.map(({ file }, at) => [file, at]));
  const counts = new Map();
  const last = job.plan.at(-1);
  let here = -1;
  let failure = null;
  const runner = mocha.run(() => {
    reader.flush();
    current.ended = true;
    trace?.close();
    const thrown = job.ended ? null : host.leave();
    if (thrown) return host.end({ end: "died", reason: String(thrown.stack ?? thrown) });
    return host.end({ end: "finished", loaded: trace ? ranges(trace.loaded) : undefined });
  });
  const stop = () => {
    runner.abort();
  };
  reader.found = result => {
    if (result.outcome === "failed" && failure) result.message = shorten(`${failure.message ?? failure}\n${failure.stack ?? ""}`);
    if (trace) trace.found(result);
    if (host.result(result)) stop();
  };
  const begin = test => {
    const at = files.get(test.file) ?? Math.max(here, 0);
    if (at !== here) {
      here = at;
      names.reserve(job.plan[at].reserve ?? []);
    }
    if (job.ended) return;
    const unit = counts.get(at) ?? 0;
    counts.set(at, unit + 1);
    host.begin(at, unit);
  };
  // The reporter listens already: what comes first here is done by prepending.
  runner.prependListener("test", test => (trace?.begin(test), begin(test)));
  runner.prependListener("pending", begin);
  runner.prependListener("fail", (_, error) => (failure = error));
  runner.on("fail", () => {
    reader.flush();
    failure = null;
  });
  runner.on("test end", test => {
    reader.flush();
    trace?.end(test);
    const unit = counts.get(here) ?? 0;
    if (here === job.plan.length - 1 && last.upto !== undefined && unit > last.upto) stop();
  });
}

/** Which lines each test ran through: its own, those of the hooks of its file, and those of loading what its file needs. */
class Trace {
  constructor(host, job, loaded, loads) {
    Object.assign(this, { host, loaded, loads, tests: [], shared: new Map(), open: null });
  }

  share(file) {
    if (!this.shared.has(file)) this.shared.set(file, new Map());
    return this.shared.get(file);
  }

  begin(test) {
    const between = this.host.recorder.take();
    merge(this.share(test.file), between);
    if (this.open) merge(this.share(this.open.file), between);
    this.open = { file: test.file, ids: [], lines: new Map() };
    this.tests.push(this.open);
  }

  found({ id }) {
    if (this.open) this.open.ids.push(id);
  }

  end() {
    if (this.open) merge(this.open.lines, this.host.recorder.take());
  }

  close() {
    const rest = this.host.recorder.take();
    if (this.open) merge(this.share(this.open.file), rest);
    this.host.flush();
    for (const { file, ids, lines } of this.tests) {
      const needed = this.loads.get(file) ?? null;
      const early = [...this.loaded].filter(([name]) => needed === null || needed.has(join(this.host.root, name)));
      this.host.lines({ ids, lines: ranges(merge(merge(lines, this.share(file)), early)) });
    }
  }
}
