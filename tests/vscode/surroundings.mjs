// What tests in a real VS Code stand on: one code-server with a throw-away profile, one browser, and copies of fixture
// projects. Nothing of the machine's own configuration may be seen by it, and nothing may be left of it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, open, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Workbench } from './workbench.mjs';

const run = promisify(execFile);

/** The repository, the folder of tools, the server under test and the browser: `cargo xtask vscode` names them. */
export const REPOSITORY = path.resolve(fileURLToPath(import.meta.url), '../../..');
export const EXTENSION = path.join(REPOSITORY, 'editors/vscode');
export const VSIX = path.join(EXTENSION, 'dist/hephaestus.vsix');
const TOOLS = named('HEPHAESTUS_TOOLS');
export const SERVER = named('HEPHAESTUS_SERVER');
const CHROMIUM = named('HEPHAESTUS_CHROMIUM');
const SCREENSHOTS = process.env.HEPHAESTUS_SCREENSHOTS;
const IS_KEPT = process.env.HEPHAESTUS_KEEP === '1';

/** What a slow machine may take for one thing. */
export const PATIENCE_MS = Number(process.env.HEPHAESTUS_PATIENCE_MS ?? 120_000);

const load = createRequire(path.join(TOOLS, 'browser/package.json'));
export const { chromium } = load('playwright-core');
/** axe-core as text, to be run in a page. */
export const axe = () => readFile(load.resolve('axe-core/axe.min.js'), 'utf8');

/** Nothing but our own server is reachable, and nothing of a user is asked. */
const BROWSER_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];

/** What every workspace starts with. */
const SETTINGS = {
  'chat.disableAIFeatures': true,
  'editor.minimap.enabled': false,
  'files.autoSave': 'off',
  'security.workspace.trust.startupPrompt': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.autoDetectColorScheme': false,
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

function named(variable) {
  const value = process.env[variable];
  assert.ok(value, `${variable} is not set: run these tests with \`cargo xtask vscode\``);
  return path.resolve(value);
}

/** Waits until `condition` gives something, and returns that. There is always something to hold. */
export async function until(what, condition, { patience = PATIENCE_MS, otherwise = () => '' } = {}) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${patience / 1000} s: ${what} ${await otherwise()}`);
    await pause(50);
  }
}

let home;
/** This run's folder: profiles, logs, workspaces. */
async function place() {
  home ??= mkdtemp(path.join(os.tmpdir(), 'hephaestus-vscode-'));
  return home;
}

/** A copy of a fixture project, changed by `edits`: texts by path, or functions from old text to new. */
export async function workspace(fixture, edits = {}) {
  const parent = path.join(await place(), 'workspaces');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, `${fixture}-`));
  await cp(path.join(REPOSITORY, 'tests/workspaces', fixture), folder, { recursive: true });
  for (const [name, edit] of Object.entries(edits)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    const text = typeof edit === 'function' ? edit(await readFile(file, 'utf8')) : edit;
    await writeFile(file, text);
  }
  return folder;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A code-server with our extension installed. */
class CodeServer {
  static async start(name, { hasTrust = false, settings = {} } = {}) {
    const profile = path.join(await place(), name);
    const server = new CodeServer();
    Object.assign(server, { profile, mark: profile, pages: [] });
    for (const folder of ['user/User', 'user/Machine', 'extensions', 'config/hephaestus', 'temp']) {
      await mkdir(path.join(profile, folder), { recursive: true });
    }
    await writeFile(path.join(profile, 'user/User/settings.json'), JSON.stringify({ ...SETTINGS, ...settings }, null, 2));
    // Programs are a matter of the machine the server runs on.
    await writeFile(path.join(profile, 'user/Machine/settings.json'), JSON.stringify({ 'hephaestus.server.path': SERVER }));
    // Tests do not wait for whatever else the machine does.
    await writeFile(path.join(profile, 'config/hephaestus/hephaestus.toml'), '[editor]\nbackground = false\n');
    await server.program(['--install-extension', VSIX, '--force']);
    await server.listen(hasTrust);
    return server;
  }

  environment() {
    const own = (name) => !/^(CARGO|HEPHAESTUS|NODE_|npm_|VSCODE_|XDG_|VIRTUAL_ENV$|RUST)/.test(name);
    const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => own(name)));
    return {
      ...kept,
      EXTENSIONS_GALLERY: '{}',
      HEPHAESTUS_VSCODE_TEST: this.mark,
      TMPDIR: path.join(this.profile, 'temp'),
      VIRTUAL_ENV: path.join(TOOLS, 'python'),
      XDG_CACHE_HOME: path.join(this.profile, 'cache'),
      XDG_CONFIG_HOME: path.join(this.profile, 'config'),
      XDG_DATA_HOME: path.join(this.profile, 'data'),
      XDG_STATE_HOME: path.join(this.profile, 'state'),
    };
  }

  command(more) {
    const entry = path.join(TOOLS, 'vscode/node_modules/code-server/out/node/entry.js');
    const folders = [
      ...['--user-data-dir', path.join(this.profile, 'user')],
      ...['--extensions-dir', path.join(this.profile, 'extensions')],
      ...['--config', path.join(this.profile, 'config/code-server.yaml')],
    ];
    return [entry, ...folders, ...more];
  }

  program(more) {
    return run(process.execPath, this.command(more), { env: this.environment() });
  }

  async listen(hasTrust) {
    this.port = await freePort();
    const options = [
      ...['--bind-addr', `127.0.0.1:${this.port}`, '--auth', 'none'],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
      ...(hasTrust ? [] : ['--disable-workspace-trust']),
      ...['--vscode-option', 'enable-smoke-test-driver'],
    ];
    const log = await open(path.join(this.profile, 'log'), 'a');
    this.process = spawn(process.execPath, this.command(options), {
      env: this.environment(),
      stdio: ['ignore', log.fd, log.fd],
    });
    await log.close();
    let hasEnded = false;
    this.ended = new Promise((resolve) => this.process.once('exit', resolve)).then(() => (hasEnded = true));
    await until('code-server answers', async () => {
      assert.ok(!hasEnded, `code-server ended: ${await this.log()}`);
      const answer = await fetch(`http://127.0.0.1:${this.port}/healthz`).catch(() => undefined);
      return answer?.ok;
    });
  }

  log() {
    return readFile(path.join(this.profile, 'log'), 'utf8');
  }

  /** The last of what the language server noted of itself. */
  async serverLog() {
    const text = await readFile(path.join(this.profile, 'state/hephaestus/lsp.log'), 'utf8').catch(() => 'none');
    return text.trimEnd().split('\n').slice(-12).join('\n    ');
  }

  /** The address of a file or folder, as the editor in the browser wants it. */
  uri(file) {
    return `vscode-remote://127.0.0.1:${this.port}${file}`;
  }

  /** The processes below this code-server, by what they are called with. */
  async processes(program) {
    const found = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const environment = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
      if (!environment.includes(`HEPHAESTUS_VSCODE_TEST=${this.mark}\0`)) continue;
      const exe = await readlink(`/proc/${name}/exe`).catch(() => '');
      if (program === undefined || exe === program) found.push(Number(name));
    }
    return found;
  }

  /** A window on a folder, in a browser session of its own, with files open. */
  async open(folder, { files = [], payload = [], size = { width: 1400, height: 900 }, prepare } = {}) {
    const context = await (await browser()).newContext({ viewport: size });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    this.pages.push(page);
    await prepare?.(page);
    const all = [...files.map((file) => ['openFile', this.uri(path.join(folder, file))]), ...payload];
    const query = new URLSearchParams({ folder, payload: JSON.stringify(all) });
    const bench = new Workbench(page, { folder, server: this, screenshots: SCREENSHOTS });
    latest = bench;
    await page.goto(`http://127.0.0.1:${this.port}/?${query}`);
    await page.waitForSelector('.monaco-workbench .statusbar');
    return bench;
  }

  async stop() {
    await Promise.all(this.pages.map((page) => page.context().close().catch(() => undefined)));
    this.process.kill();
    await this.ended;
    // Servers end with the editor that started them, and what they ran ends with them.
    await until('nothing is left running', async () => (await this.processes()).length === 0, {
      patience: 30_000,
      otherwise: async () => (await this.processes()).join(' '),
    });
  }
}

let theBrowser;
async function browser() {
  theBrowser ??= chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGUMENTS });
  return theBrowser;
}

let latest;

// A test that fails leaves a picture of the window it was in.
afterEach(async (test) => {
  if (test.passed === false && latest?.page.isClosed() === false) {
    await latest.picture(`failed: ${test.name}`.replaceAll(/[^a-zA-Z]+/g, '-')).catch(() => undefined);
  }
});

const servers = new Map();

/** The code-server of this name, started when it is asked for first. */
export function codeServer(name = 'trusted', options = {}) {
  if (!servers.has(name)) servers.set(name, CodeServer.start(name, options));
  return servers.get(name);
}

after(async () => {
  const outcomes = await Promise.allSettled([...servers.values()].map(async (server) => (await server).stop()));
  if (theBrowser !== undefined) await (await theBrowser).close();
  if (home !== undefined) {
    if (IS_KEPT) console.log(`# kept: ${await home}`);
    else await rm(await home, { recursive: true, force: true, maxRetries: 5 });
  }
  const failed = outcomes.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
});
