// vitest: one server, which keeps what it has transformed; for a run the changed files are forgotten and the test files that
// hold the chosen tests run in workers of their own, as configured. A unit is a test file. It must not change the configuration.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { Names, shorten } from "../tap.mjs";

let vitest;
let specifications;
let changed = new Set();
let watching = null;

const reporter = {
  onTestCaseReady(test) {
    watching?.ready(test.task ?? test);
  },
  onTestCaseResult(test) {
    watching?.result(test.task ?? test);
  },
};

export const suite = {
  async prepare(host) {
    const require = createRequire(join(host.root, "package.json"));
    const folder = dirname(require.resolve("vitest/package.json"));
    const { createVitest } = await import(pathToFileURL(join(folder, "dist/node.js")).href);
    // Tests run in workers: what is rejected here is the server's own, of workers that were ended.
    process.on("unhandledRejection", () => {});
    process.env.TEST = "true";
    process.env.VITEST = "true";
    process.env.NODE_ENV ??= "test";
    vitest = await createVitest("test", { watch: false, run: true, root: host.root, reporters: [reporter] }, { server: { watch: null }, clearScreen: false });
    if (vitest.config.browser?.enabled) throw new Error("the tests run in a browser, which this driver does not imitate");
    specifications = new Map();
    const glob = vitest.globTestSpecifications ?? vitest.globTestSpecs ?? vitest.globTestFiles;
    for (const specification of await glob.call(vitest)) {
      const path = specification.moduleId ?? specification[1];
      specifications.set(path, [...(specifications.get(path) ?? []), specification]);
    }
    if (specifications.size === 0) throw new Error("no test files were found");
    host.files = [...specifications.keys()].sort();
  },

  async run(host, job) {
    const paths = Object.keys(job.files ?? {});
    for (const path of new Set([...changed, ...paths])) forget(path);
    changed = new Set(paths);
    const files = job.plan.map(({ file }) => file);
    const chosen = files.flatMap(file => specifications.get(file) ?? []);
    const where = new Map(job.plan.map(({ file }, at) => [file, at]));
    const ignore = new Set(job.ignore ?? []);
    watching = watch(host, job, { where, ignore });
    let errors = [];
    try {
      const answer = await (vitest.runTestSpecifications ?? vitest.runFiles).call(vitest, chosen, false);
      errors = answer?.unhandledErrors ?? vitest.state.getUnhandledErrors?.() ?? [];
    } finally {
      watching = null;
    }
    const modules = vitest.state.getFiles(files).filter(file => where.has(file.filepath));
    const found = modules.flatMap(file => outcomes(host.root, file, where.get(file.filepath)));
    process.exitCode = 0;
    const results = found.map(({ id, outcome, message, took, at }) => [id, outcome, message, took, at]);
    const broken = modules.find(file => file.tasks.length === 0 && file.result?.state === "fail");
    const lines = job.trace ? found.map(({ id, at }) => ({ ids: [id], lines: reach(host.root, files[at]) })) : [];
    const loaded = job.trace ? Object.assign({}, ...files.map(file => reach(host.root, file))) : undefined;
    if (broken && !job.survey) return { end: "unloadable", reason: shorten(broken.result.errors?.[0]?.stack ?? broken.result.errors?.[0]?.message ?? ""), results };
    const failed = results.some(([, outcome]) => outcome === "failed");
    if (errors.length > 0 && !failed) return { end: "died", reason: shorten(errors[0]?.stack ?? String(errors[0]?.message ?? errors[0])), results };
    return { end: "finished", results, lines, loaded };
  },
};

/** Makes the server read a file again. */
function forget(path) {
  if (vitest.invalidateFile) vitest.invalidateFile(path);
  const projects = vitest.projects ?? [vitest];
  for (const project of projects) {
    const server = project.vite ?? project.server;
    if (!vitest.invalidateFile) server?.moduleGraph.onFileChange(path);
    // Servers up to version 3 keep what they fetched beside the module graph.
    for (const cache of [project.vitenode?.fetchCache, ...Object.values(project.vitenode?.fetchCaches ?? {})]) cache?.clear?.();
  }
  vitest.invalidates?.add(path);
}

function watch(host, job, { where, ignore }) {
  const names = new Names();
  const running = new Map();
  return {
    ready(task) {
      const id = name(host.root, task);
      running.set(task.id, id);
      host.begin(where.get(task.file.filepath) ?? 0, id);
    },
    result(task) {
      running.delete(task.id);
      const outcome = judge(task);
      if (!outcome) return;
      const id = names.add(name(host.root, task));
      host.partial([[id, outcome, message(task)]]);
      const [next] = running.values();
      if (next) host.begin(where.get(task.file.filepath) ?? 0, next);
      if (outcome === "failed" && job.stop && !ignore.has(id)) vitest.cancelCurrentRun?.("test-failure").catch(() => {});
    },
  };
}

function name(root, task) {
  const parts = [task.name];
  for (let suite = task.suite; suite && suite.type === "suite" && suite !== task.file && suite.name; suite = suite.suite) parts.unshift(suite.name);
  return `${clean(relative(root, task.file.filepath))}::${clean(parts.join(" > "))}`;
}

/** What the JUnit file keeps of a text: no control characters, and white space as attributes have it. */
function clean(text) {
  return String(text).replace(/[\0-\x08\v\f\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd-\uffff]/g, "").toWellFormed?.() ?? text;
}

function judge(task) {
  if (task.result?.state === "fail") return "failed";
  if (task.mode === "skip" || task.mode === "todo") return "skipped";
  return task.result?.state === "pass" ? "passed" : null;
}

function message(task) {
  const error = task.result?.errors?.[0];
  return error ? shorten(`${error.message ?? ""}\n${error.stack ?? ""}`) : "";
}

/** The tests of a file as vitest's JUnit report lists them. */
function outcomes(root, file, at) {
  const names = new Names();
  const tests = [];
  const suites = [];
  const walk = (task, above) => {
    const path = above ? `${above} > ${task.name}` : task.name;
    if (task.type !== "suite") return tests.push([task, path]);
    suites.push(task);
    return task.tasks.forEach(child => walk(child, path));
  };
  file.tasks.forEach(task => walk(task, ""));
  if (file.result?.errors?.length || (tests.length === 0 && file.result?.state === "fail")) tests.push([file, file.name]);
  for (const task of suites) if (task.result?.errors) tests.push([task, task.name]);
  return tests.flatMap(([task, path]) => {
    const outcome = judge(task);
    // The name is taken even when the test never ran.
    const id = names.add(`${clean(relative(root, file.filepath))}::${clean(path)}`);
    return outcome ? [{ id, outcome, message: message(task), took: (task.result?.duration ?? 0) / 1e3, at }] : [];
  });
}

/** Every line of every file below the root that a test file imports, however far away: what its tests may run through. */
function reach(root, file) {
  const lines = {};
  for (const project of vitest.projects ?? [vitest]) {
    const server = project.vite ?? project.server;
    const graphs = server?.environments ? Object.values(server.environments).map(environment => environment.moduleGraph) : [server?.moduleGraph];
    for (const graph of graphs.filter(Boolean)) {
      const seen = new Set(graph.getModulesByFile(file) ?? []);
      for (const module of seen) for (const next of [...(module.importedModules ?? []), ...(module.ssrImportedModules ?? [])]) seen.add(next);
      for (const module of seen) add(lines, root, module.file);
    }
  }
  for (const setup of vitest.config.setupFiles ?? []) add(lines, root, setup);
  add(lines, root, file);
  return lines;
}

function add(lines, root, path) {
  if (!path || !isAbsolute(path) || !path.startsWith(`${root}/`) || path.includes("/node_modules/")) return;
  const name = relative(root, path);
  if (lines[name]) return;
  try {
    lines[name] = [[1, readFileSync(path, "utf8").split("\n").length]];
  } catch {
    // A module that is no file.
  }
}
