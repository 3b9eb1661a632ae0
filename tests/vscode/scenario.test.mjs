// The path of an improvement as a user walks it, in one window and in order: each test begins where the one before ended.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { codeServer, until, workspace } from './surroundings.mjs';

const GOAL = 'Return the condition itself';
const IMPROVED = 'def is_empty(books):\n    return len(books) == 0\n';

/** The fixture's text with the goal's function improved. */
const improved = (text) => `${text.slice(0, text.indexOf('def is_empty'))}${IMPROVED}`;

describe('the path of an improvement', () => {
  let bench;
  let original;

  before(async () => {
    const server = await codeServer();
    bench = await server.open(await workspace('python-pytest'), { files: ['shelf.py'] });
    original = await bench.onDisk('shelf.py');
    await bench.untilText('the file is shown', (text) => text === original);
  });

  it('an opened file shows its goals, and nothing is proven', async () => {
    await bench.untilStatus(/^Hephaestus$/);
    await bench.showGoals();
    const row = await bench.untilRow(new RegExp(`${GOAL}, To be tried, shelf.py, line 12`));
    assert.ok(row);
    assert.ok(!(await bench.rows()).some((one) => /Proven/.test(one)));
    await bench.picture('goals');
  });

  it('saving forges, and what holds becomes a problem and a proven goal', async () => {
    await bench.clickLine('Books on a shelf');
    const seen = bench.statusesUntil(/Hephaestus: \d+ proven/);
    await bench.save();
    assert.match((await seen).join('\n'), /forging \d+ of \d+/);
    await bench.untilRow(new RegExp(`${GOAL}, Proven, .*cognitive 2 → 0`));
    await bench.showProblems();
    await bench.untilProblem(new RegExp(`${GOAL} \\(proven improvement`));
    await bench.picture('proven');
    await bench.command('View: Toggle Panel Visibility');
  });

  it('the badge, the status bar and the tree agree on how many are proven', async () => {
    await bench.agreeOnProven();
  });

  it('a preview shows both sides beside each other', async () => {
    await bench.rowAction(GOAL, 'Preview');
    await bench.untilText('the left side is the old text', (text) => text === original, '.diff-editor-instance .original, .monaco-diff-editor .editor.original');
    await bench.untilText('the right side is the improved text', (text) => text === improved(original), '.monaco-diff-editor .editor.modified');
    await bench.picture('preview');
    await bench.closeEditor();
    await bench.untilText('the file is shown again', (text) => text === original);
  });

  it('applying makes exactly the change that was shown', async () => {
    await bench.rowAction(GOAL, 'Apply');
    await bench.untilText('the text is improved', (text) => text === improved(original));
    await bench.untilRow(new RegExp(`${GOAL}, Applied`));
    await bench.picture('applied');
    assert.equal(await bench.onDisk('shelf.py'), original, 'nothing is written before the user saves');
  });

  it('undo takes it back, and the offer is there again', async () => {
    await bench.clickLine('def is_empty');
    await bench.press('Control+z');
    await bench.untilText('the text is as before', (text) => text === original);
    await bench.untilRow(new RegExp(`${GOAL}, Proven`));
  });

  it('a dismissed goal is no offer any more, and restored it is one again', async () => {
    await bench.rowAction(GOAL, 'Dismiss');
    await bench.untilNoRow(new RegExp(`${GOAL}, Proven`));
    await bench.untilNoRow(new RegExp(GOAL));
    await bench.toggleState('Dismissed');
    await bench.untilRow(new RegExp(`${GOAL}, Dismissed`));
    await bench.picture('dismissed');
    await bench.rowAction(GOAL, 'Restore');
    await bench.untilRow(new RegExp(`${GOAL}, (Proven|To be tried)`));
  });

  it('work is paused and goes on by the menu of the status bar', async () => {
    await bench.status.click();
    await bench.page.locator('.quick-input-widget .monaco-list-row').first().waitFor();
    await bench.picture('menu');
    await bench.pick('Pause');
    await bench.untilStatus(/paused/);
    await bench.picture('paused');
    await bench.pickFromStatus('Resume');
    await bench.untilStatus(/^Hephaestus(: \d+ proven)?$/);
  });

  it('a quick fix is picked with nothing but the keyboard', async () => {
    await bench.forgeFile();
    await bench.untilRow(new RegExp(`${GOAL}, Proven`));
    await bench.clickLine('if len');
    await bench.press('Home');
    await bench.quickFix(`Apply: ${GOAL}`, 'quick-fix');
    await bench.untilText('the text is improved', (text) => text === improved(original));
    await bench.save();
    assert.equal(await bench.onDisk('shelf.py'), improved(original));
  });

  it('what is saved stays as it is when the window is closed', async () => {
    await bench.close();
    assert.equal(await bench.onDisk('shelf.py'), improved(original));
    await until('its test still reads the same', async () => (await bench.onDisk('test_shelf.py')).includes('test_titles'));
  });
});

describe('saving applies what is proven, if the user wants that', () => {
  it('editor.codeActionsOnSave with source.fixAll.hephaestus', async () => {
    const settings = JSON.stringify({ 'editor.codeActionsOnSave': { 'source.fixAll.hephaestus': 'explicit' } });
    const server = await codeServer();
    const folder = await workspace('python-pytest', { '.vscode/settings.json': settings });
    const bench = await server.open(folder, { files: ['shelf.py'] });
    await bench.showGoals();
    await bench.untilRow(new RegExp(GOAL));
    await bench.clickLine('Books on a shelf');
    await bench.save();
    await bench.untilStatus(/Hephaestus: \d+ proven/);
    await bench.untilRow(new RegExp(`${GOAL}, Proven`));
    const original = await bench.onDisk('shelf.py');
    await bench.clickLine('Books on a shelf');
    await bench.press('Control+s');
    const saved = await until('the improved text is saved', async () => {
      const text = await bench.onDisk('shelf.py');
      return text !== original && text;
    }, { otherwise: () => bench.shown() });
    assert.match(saved, /result = \[book\["title"\] for book in books\]/);
    assert.ok(saved.endsWith(IMPROVED), saved);
    await bench.close();
  });
});

describe('a failing test', () => {
  /** A window on a project with a fault, once the fix of its failing test is proven, and the row of that. */
  async function withProvenFix() {
    const server = await codeServer();
    const broken = (text) => text.replace('return result', 'return books');
    const folder = await workspace('python-pytest', { 'shelf.py': broken });
    const bench = await server.open(folder, { files: ['shelf.py'] });
    await bench.showGoals();
    await bench.untilRow(new RegExp(GOAL));
    await bench.clickLine('Books on a shelf');
    await bench.save();
    return { bench, row: await bench.untilRow(/test_titles.*Proven/) };
  }

  it('its fix is offered, and applied it mends the code', async () => {
    const { bench, row } = await withProvenFix();
    await bench.picture('failing-test');
    await bench.untilStatus(/^Hephaestus: \d+ proven/);
    const title = row.split(',')[0];
    await bench.row(title).click();
    await bench.page.locator('.tab.active', { hasText: 'test_shelf.py' }).waitFor();
    await bench.page.locator('.view-overlays [class*="squiggly-"]').first().waitFor();
    await bench.rowAction(title, 'Apply');
    await bench.page.locator('.tab', { hasText: /^shelf.py/ }).click();
    const fixed = await bench.untilText('the code is mended', (text) => /return result/.test(text));
    assert.ok(!/return books/.test(fixed));
    await bench.close();
  });

  it('stands among the tests of the editor, from where its fix is applied', async () => {
    const { bench } = await withProvenFix();
    await bench.command('Testing: Focus on Test Explorer View');
    await bench.untilRow(/test_titles.*Failed/i);
    await bench.picture('failing-test-among-tests');
    await bench.rowAction('test_titles', 'Apply');
    await bench.untilText('the code is mended', (text) => /return result/.test(text));
    await bench.close();
  });
});
