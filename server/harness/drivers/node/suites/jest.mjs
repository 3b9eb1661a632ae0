// jest: configuration, file map and transforms are kept; test files run one after another in this process, each in the sandbox
// jest makes for it. A unit is a test file. It must not collect coverage and must not write snapshots, as `--ci` does not.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, isAbsolute, join, relative } from "node:path";
import { Clean } from "../clean.mjs";
import { Names, shorten } from "../tap.mjs";

let jest;
let clean;

export const suite = {
  async prepare(host) {
    const project = createRequire(join(host.root, "package.json"));
    const cli = createRequire(createRequire(project.resolve("jest/package.json")).resolve("@jest/core"));
    const core = cli("@jest/core");
    const part = name => {
      const found = createRequire(cli.resolve("@jest/core"))(name);
      return found.default ?? found;
    };
    const { readConfigs } = createRequire(cli.resolve("@jest/core"))("jest-config");
    const Runtime = part("jest-runtime");
    process.env.NODE_ENV ??= "test";
    const argv = { _: [], $0: "jest", ci: true, runInBand: true, cacheDirectory: "/tmp/jest", silent: true, watchman: false, coverage: false };
    const { globalConfig, configs } = await readConfigs(argv, [host.root]);
    if (globalConfig.globalSetup || globalConfig.globalTeardown) throw new Error("jest has a global setup, which this driver does not imitate");
    const tests = [];
    const contexts = [];
    for (const config of configs) {
      if (config.globalSetup || config.globalTeardown) throw new Error("jest has a global setup, which this driver does not imitate");
      const context = await Runtime.createContext(config, { console, maxWorkers: 1, watch: false, watchman: false });
      contexts.push(context);
      const found = await new core.SearchSource(context).getTestPaths(globalConfig, config);
      tests.push(...found.tests);
    }
    if (tests.length === 0) throw new Error("no test files were found");
    tests.sort((a, b) => (a.path < b.path ? -1 : 1));
    const results = createRequire(cli.resolve("@jest/core"))("@jest/test-result");
    const { TestWatcher } = createRequire(cli.resolve("@jest/core"))("jest-watcher");
    jest = { core, globalConfig, tests, contexts, format: results.formatTestResults, TestWatcher, require: createRequire(cli.resolve("@jest/core")) };
    host.files = [...new Set(tests.map(({ path }) => path))];
    // jest changes built-in modules itself in its first run: what is noted is the state after that.
    await this.run(host, { plan: [{ file: host.files[0] }], survey: true, files: {} });
    clean = notes(host);
  },

  async run(host, job) {
    const { core, tests, TestWatcher } = jest;
    const files = job.plan.map(({ file }) => file);
    const where = new Map(files.map((file, at) => [file, at]));
    const chosen = tests.filter(({ path }) => where.has(path));
    const config = Object.freeze({ ...jest.globalConfig, bail: job.stop ? 1 : 0, reporters: [], collectCoverage: false, coverageThreshold: undefined, testFailureExitCode: 0 });
    const ignore = new Set(job.ignore ?? []);
    const watcher = new TestWatcher({ isWatchMode: true });
    const scheduler = await core.createTestScheduler(config, { firstRun: true, previousSuccess: true });
    const early = [];
    scheduler.addReporter(reporter(host, job, { where, ignore, watcher, early }));
    const aggregated = await scheduler.scheduleTests(chosen.map(test => ({ ...test })), watcher);
    process.exitCode = 0;
    const output = jest.format(aggregated);
    const found = read(output.testResults, job, where);
    const results = found.map(({ id, outcome, message, took, at }) => [id, outcome, message, took, at]);
    // A run that was interrupted lacks the file it was in.
    const known = new Set(found.map(({ id }) => id));
    for (const result of early) if (!known.has(result[0])) results.push(result);
    const why = clean?.objects() ?? null;
    const answer = { end: "finished", results, spent: why };
    const broken = output.testResults.find(file => file.assertionResults.length === 0 && file.status === "failed");
    if (broken && !job.survey) return { ...answer, end: "unloadable", reason: shorten(broken.message) };
    if (!job.trace) return answer;
    const reached = new Map(files.map(file => [file, reach(host.root, file)]));
    return { ...answer, lines: found.map(({ id, at }) => ({ ids: [id], lines: reached.get(files[at]) })), loaded: Object.assign({}, ...reached.values()) };
  },
};

/** jest gives the tests node's own modules: what a test did to them must not reach the next. */
function notes(host) {
  const require = createRequire(import.meta.url);
  const state = new Clean({ root: host.root, timers: null, global: false });
  for (const name of ["fs", "path", "util", "events", "os", "url", "crypto", "stream", "http", "https", "child_process", "timers"]) state.builtin(require(name));
  return state;
}

function reporter(host, job, { where, ignore, watcher, early }) {
  const names = new Names();
  return {
    onTestStart: () => {},
    onRunStart: () => {},
    onRunComplete: () => {},
    onTestCaseStart: (test, info) => host.begin(where.get(test.path) ?? 0, `${basename(test.path)} > ${info.fullName}`),
    onTestCaseResult(test, result) {
      const id = names.add(`${basename(test.path)} > ${result.fullName}`);
      const outcome = result.status === "passed" ? "passed" : result.status === "failed" ? "failed" : "skipped";
      const entry = [id, outcome, outcome === "failed" ? shorten(result.failureMessages.join("\n")) : ""];
      early.push(entry);
      host.partial([entry]);
      if (outcome === "failed" && job.stop && !ignore.has(id)) watcher.setState({ interrupted: true });
    },
    getLastError: () => undefined,
  };
}

/** Outcomes as the harness reads them from jest's JSON. */
function read(files, job, where) {
  const names = new Names();
  const found = [];
  const order = [...files].sort((a, b) => (where.get(a.name) ?? 0) - (where.get(b.name) ?? 0));
  for (const file of order) {
    const at = where.get(file.name) ?? 0;
    names.reserve(job.plan[at].reserve ?? []);
    const short = basename(file.name);
    if (file.assertionResults.length === 0 && file.status === "failed") {
      found.push({ id: names.add(short), outcome: "failed", message: shorten(file.message ?? ""), took: 0, at });
    }
    for (const test of file.assertionResults) {
      const outcome = test.status === "passed" ? "passed" : test.status === "failed" ? "failed" : "skipped";
      const message = outcome === "failed" ? shorten((test.failureMessages ?? []).join("\n")) : "";
      found.push({ id: names.add(`${short} > ${test.fullName}`), outcome, message, took: (test.duration ?? 0) / 1e3, at });
    }
  }
  return found;
}

/** Every line of every file below the root that a test file may load, however far away; of all files when that is not known. */
function reach(root, file) {
  const lines = {};
  const context = jest.contexts.find(({ hasteFS }) => hasteFS.exists(file)) ?? jest.contexts[0];
  const setup = [...(context.config.setupFiles ?? []), ...(context.config.setupFilesAfterEnv ?? [])];
  const mocks = [...context.hasteFS.getAllFiles()].filter(path => path.includes("/__mocks__/"));
  const seen = new Set([file, ...setup, ...mocks]);
  try {
    const { DependencyResolver } = jest.require("jest-resolve-dependencies");
    const resolver = new DependencyResolver(context.resolver, context.hasteFS, { isSnapshotPath: () => false });
    for (const path of seen) for (const next of resolver.resolve(path)) if (!next.includes("/node_modules/")) seen.add(next);
  } catch {
    for (const path of context.hasteFS.getAllFiles()) seen.add(path);
  }
  for (const path of seen) {
    if (!isAbsolute(path) || !path.startsWith(`${root}/`) || path.includes("/node_modules/")) continue;
    try {
      lines[relative(root, path)] = [[1, readFileSync(path, "utf8").split("\n").length]];
    } catch {
      // It is gone.
    }
  }
  return lines;
}
