// The evidence card: what it says, and that everybody can read and use it.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { axe, codeServer, workspace } from './surroundings.mjs';

const GOAL = 'Return the condition itself';

/** The colour themes the card is looked at in. */
const THEMES = [
  ['dark', 'Dark Modern'],
  ['light', 'Light Modern'],
  ['high-contrast', 'Dark High Contrast'],
];

describe('the evidence card', () => {
  let bench;

  before(async () => {
    const server = await codeServer();
    bench = await server.open(await workspace('python-pytest'), { files: ['shelf.py'] });
    await bench.showGoals();
    await bench.untilRow(new RegExp(GOAL));
    await bench.clickLine('Books on a shelf');
    await bench.save();
    await bench.untilStatus(/Hephaestus: \d+ proven/);
    await bench.untilRow(new RegExp(`${GOAL}, Proven`));
    await bench.rowAction(GOAL, 'Show Evidence');
  });

  it('shows what changes, what was run, what got better, and what nobody checked', async () => {
    const card = await bench.card(new RegExp(GOAL));
    assert.equal(await card.locator('[data-testid="state"]').innerText(), 'Proven');
    assert.match(await card.locator('[data-testid="diff"]').innerText(), /return len\(books\) == 0/);
    assert.match(await card.locator('[data-testid="scores"]').innerText(), /cognitive/i);
    assert.match(await card.locator('[data-testid="checks"]').innerText(), /\d+ (ms|s)/);
    assert.match(await card.locator('[data-testid="not-checked"]').innerText(), /\w{3}/);
    assert.ok((await card.locator('h1').count()) === 1);
  });

  for (const [name, theme] of THEMES) {
    it(`has no serious accessibility violation in the theme ${theme}`, async () => {
      await bench.chooseTheme(theme);
      const card = await bench.card(new RegExp(GOAL));
      await bench.picture(`card-${name}`);
      await card.evaluate(await axe());
      const { violations, passes } = await card.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      assert.ok(passes.length > 10, 'axe looked at nothing');
      const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`);
      assert.deepEqual(told, []);
    });
  }

  it('is used with nothing but the keyboard', async () => {
    await bench.chooseTheme('Dark Modern');
    const card = await bench.card(new RegExp(GOAL));
    await card.locator('[data-testid="apply"]').focus();
    await bench.press('Tab');
    assert.equal(await card.evaluate(() => document.activeElement.dataset.testid), 'preview');
    await card.locator('[data-testid="apply"]').focus();
    await bench.press('Enter');
    await bench.untilText('the text is improved', (text) => /return len\(books\) == 0/.test(text));
    await card.locator('[data-testid="state"]', { hasText: 'Applied' }).waitFor();
    await bench.close();
  });
});
