// One Chromium for the tests of pages, through playwright-core, and what every page is held to. Where it is missing the
// tests say so and are skipped; with CI set that is an error.

import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { binary } from './projects.mjs';

// By require, which looks where NODE_PATH says.
const require = createRequire(import.meta.url);
const ROOT = new URL('../../', import.meta.url).pathname;
const SHOTS = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'screenshots/report');
const CHROMIUM = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));

function missing() {
  if (!binary) return 'HEPHAESTUS does not name the binary';
  if (!CHROMIUM) return 'there is no Chromium: set CHROMIUM to its path';
  try {
    require.resolve('playwright-core');
    require.resolve('axe-core');
    return null;
  } catch {
    return 'playwright-core and axe-core are missing: run `cargo xtask setup`';
  }
}

const reason = missing();
if (reason && process.env.CI) throw new Error(reason);

/** Given to every test: false, or why it is skipped. */
export const skip = reason ?? false;

let browser;

export async function start() {
  const { chromium } = require('playwright-core');
  // The sandbox of Chromium cannot be had in every container; the pages are our own.
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

export const stop = () => browser?.close();

/** Opens a file. `page.complaints` collects whatever goes wrong in it, and every address it asks for but its own. */
export async function open(path, { scheme = 'light', width = 1360, height = 900, hash = '', waitUntil = 'load' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error.stack)));
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) page.complaints.push(message.text()); });
  page.on('request', (request) => { if (!request.url().startsWith(`file://${path}`) && !/^(blob|data):/.test(request.url())) page.complaints.push(`asks for ${request.url()}`); });
  await page.goto(`file://${path}${hash}`, { waitUntil });
  return page;
}

/** Serious findings of axe, in words. */
export async function axe(page) {
  await page.evaluate(require('axe-core').source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter((it) => ['serious', 'critical'].includes(it.impact)).map((it) => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join(' | ')}`);
}

export async function shot(page, name, fullPage = true) {
  mkdirSync(SHOTS, { recursive: true });
  // What is drawn when it comes near has to be near once.
  await page.evaluate(async () => {
    for (const part of document.querySelectorAll('section')) {
      part.scrollIntoView();
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
    scrollTo(0, 0);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage });
}
