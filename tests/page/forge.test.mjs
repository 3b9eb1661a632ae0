// The page of `hephaestus forge --format html` in a real browser: what it shares with the report must serve it too.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { axe, open, shot, skip, start, stop } from './browser.mjs';
import { fixture, hephaestus } from './projects.mjs';

before(async () => { if (!skip) await start(); });
after(stop);

test('the page of one forge shows its improvements with diff and evidence, in light and dark', { skip }, async (t) => {
  const project = fixture(t, 'python-unittest');
  const path = join(project, 'forge.html');
  writeFileSync(path, hephaestus(project, 'forge', '--format', 'html'));
  for (const scheme of ['light', 'dark']) {
    const page = await open(path, { scheme });
    await page.locator('.row summary').first().click();
    assert.match(await page.locator('.diff').first().textContent(), /return number % 2 == 0/);
    for (const said of ['Score', 'Gates', 'What was run', 'full suite', 'Evidence']) assert.ok((await page.locator('.row .inside').first().textContent()).includes(said), said);
    assert.ok((await page.locator('.chart svg').count()) > 3, 'the charts are drawn');
    assert.deepEqual(await axe(page), [], scheme);
    await shot(page, `one-forge-${scheme}`);
    assert.deepEqual(page.complaints, []);
  }
});
