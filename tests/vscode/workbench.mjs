// One window of VS Code as its user sees it: what is shown where, and what keys and clicks do. It knows nothing of the
// extension's inside, only words and places on the screen.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { until } from './surroundings.mjs';

/** A window. */
export class Workbench {
  constructor(page, { folder, server, screenshots }) {
    Object.assign(this, { page, folder, server, screenshots });
    this.status = page.locator('[id$="hephaestus.status"]').first();
  }

  // --- The status bar ---

  /** What the status bar says of us; empty while there is nothing. */
  async statusText() {
    if ((await this.status.count()) === 0) return '';
    return (await this.status.innerText()).replaceAll('\u00a0', ' ').trim();
  }

  /** Waits until the status fits, and gives it. */
  untilStatus(pattern) {
    return until(`the status is ${pattern}`, async () => {
      const text = await this.statusText();
      return pattern.test(text) && text;
    }, { otherwise: async () => `but: ${await this.statusText()}; ${await this.shown()}` });
  }

  /** All that the status says until it fits, the last included. */
  async statusesUntil(pattern) {
    const seen = [];
    await until(`the status is ${pattern}`, async () => {
      const text = await this.statusText();
      if (text !== seen.at(-1)) seen.push(text);
      return pattern.test(text);
    }, { otherwise: () => `but: ${seen.join(' | ')}` });
    return seen;
  }

  /** Waits until status bar, badge and tree name the same number of proven improvements. */
  agreeOnProven() {
    const counts = async () => {
      const badge = await this.page.locator('.activitybar li a[aria-label^="Hephaestus"]').getAttribute('aria-label');
      const rows = (await this.rows()).filter((row) => /, Proven,/.test(row)).length;
      return [rows, ...[await this.statusText(), badge ?? ''].map((text) => Number(/(\d+) proven/.exec(text)?.[1] ?? 0))];
    };
    return until('tree, status bar and badge agree', async () => new Set(await counts()).size === 1, {
      otherwise: async () => `but: ${(await counts()).join(', ')}; ${await this.shown()}`,
    });
  }

  /** Picks an entry of the menu behind our item in the status bar. */
  async pickFromStatus(entry) {
    await this.status.click();
    await this.pick(entry);
  }

  /** Picks an entry of the list that is open. */
  async pick(entry) {
    const row = this.page.locator('.quick-input-widget .monaco-list-row', { hasText: entry }).first();
    await row.waitFor();
    await row.click();
  }

  // --- Commands and keys ---

  /** Runs a command by its title in the palette. */
  async command(title) {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await input.fill(`>${title}`);
    const row = this.page.locator('.quick-input-widget .monaco-list-row', { hasText: title }).first();
    await row.waitFor();
    await row.click();
  }

  /** Forges the file in the editor, and waits for the end of it. */
  async forgeFile() {
    await this.command('Hephaestus: Forge This File');
    await this.untilStatus(/Hephaestus: \d+ proven/);
  }

  /** Chooses a colour theme by its name. */
  async chooseTheme(name) {
    await this.command('Preferences: Color Theme');
    const input = this.page.locator('.quick-input-widget input').first();
    await input.fill(name);
    await this.pick(name);
    await this.page.locator('.quick-input-widget').first().waitFor({ state: 'hidden' });
  }

  press(keys) {
    return this.page.keyboard.press(keys);
  }

  // --- Editors ---

  /** The text in the visible editor, or in one side of a comparison; only for files that fit on the screen. */
  async text(where = '.editor-instance') {
    return this.page.evaluate((selector) => {
      const lines = [...(document.querySelector(selector)?.querySelectorAll('.view-lines > .view-line') ?? [])];
      const at = (line) => Number.parseFloat(line.style.top);
      return lines.sort((a, b) => at(a) - at(b)).map((line) => line.textContent.replaceAll('\u00a0', ' ')).join('\n');
    }, where);
  }

  untilText(what, condition, where) {
    return until(what, async () => {
      const text = await this.text(where);
      return condition(text) && text;
    }, { otherwise: async () => `but:\n${await this.text(where)}\n${await this.shown()}` });
  }

  /** Puts the cursor into a line. */
  async clickLine(words) {
    const line = this.page.locator('.editor-instance .view-line', { hasText: words }).first();
    await line.waitFor();
    const box = await line.locator('span').first().boundingBox();
    assert.ok(box, `the line \`${words}\` is not on the screen`);
    await this.page.mouse.click(box.x + 20, box.y + box.height / 2);
  }

  async save() {
    await this.press('Control+s');
    await until('it is saved', async () => (await this.page.locator('.tab.active.dirty').count()) === 0);
  }

  /** A file as it lies on the disk. */
  onDisk(name) {
    return readFile(path.join(this.folder, name), 'utf8');
  }

  /** Picks a code action at the cursor, by keys alone. */
  async quickFix(title, picture) {
    await this.press('Control+.');
    const widget = this.page.locator('.action-widget');
    await widget.locator('.monaco-list-row', { hasText: title }).first().waitFor();
    if (picture !== undefined) await this.picture(picture);
    const focused = () => widget.locator('.monaco-list-row.focused').first().innerText();
    const rows = await widget.locator('.monaco-list-row').count();
    for (let row = 0; row < rows && !(await focused()).includes(title); row++) await this.press('ArrowDown');
    assert.ok((await focused()).includes(title), `the keys do not lead to \`${title}\``);
    await this.press('Enter');
  }

  async closeEditor() {
    await this.command('View: Close Editor');
  }

  // --- The tree of goals ---

  async showGoals() {
    const tree = this.page.locator('.sidebar [role="tree"][aria-label="Forge"]');
    const tab = this.page.locator('.activitybar li', { has: this.page.locator('[aria-label^="Hephaestus"]') });
    await until('the view of goals is open', async () => {
      if (await tree.isVisible()) return true;
      if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
      return false;
    }, { otherwise: () => this.shown() });
  }

  /** The row of a goal or file in the tree. */
  row(words) {
    return this.page.locator('.sidebar [role="treeitem"]', { hasText: words }).first();
  }

  /** All rows, as a screen reader says them. */
  rows() {
    return this.page.locator('.sidebar [role="treeitem"]').evaluateAll((rows) => rows.map((row) => row.ariaLabel ?? ''));
  }

  untilRow(pattern) {
    return until(`a row is ${pattern}`, async () => (await this.rows()).find((row) => pattern.test(row)), {
      otherwise: () => this.shown(),
    });
  }

  async untilNoRow(pattern) {
    await until(`no row is ${pattern}`, async () => !(await this.rows()).some((row) => pattern.test(row)), {
      otherwise: () => this.shown(),
    });
  }

  /** Shows goals of a state that the tree hides, or hides them. */
  async toggleState(name) {
    await this.command('Hephaestus: Filter Goals by State');
    const row = this.page.locator('.quick-input-widget .monaco-list-row', { hasText: name }).first();
    await row.click();
    await this.press('Enter');
    await this.page.locator('.quick-input-widget').first().waitFor({ state: 'hidden' });
  }

  /** Clicks one of the buttons of a row. */
  async rowAction(words, action) {
    // Rows move while goals come and go: then the one under the mouse is another.
    const row = this.row(words);
    const button = row.locator(`.action-label[aria-label^="${action}"]`).first();
    await until(`the row of ${words} has the button ${action}`, async () => {
      try {
        await row.hover({ timeout: 3000 });
        await button.click({ timeout: 1000 });
        return true;
      } catch {
        return false;
      }
    }, { otherwise: () => this.shown() });
  }

  // --- Problems, messages ---

  async showProblems() {
    if (!(await this.page.locator('.markers-panel').first().isVisible())) await this.press('Control+Shift+m');
    await this.page.locator('.markers-panel').first().waitFor();
  }

  problems() {
    return this.page.locator('.markers-panel .monaco-list-row').evaluateAll((rows) => rows.map((row) => row.ariaLabel ?? row.innerText));
  }

  untilProblem(pattern) {
    return until(`a problem is ${pattern}`, async () => (await this.problems()).find((row) => pattern.test(row)), {
      otherwise: async () => `but: ${(await this.problems()).join(' | ')}; ${await this.shown()}`,
    });
  }

  messages() {
    return this.page.locator('.notification-list-item, .monaco-dialog-box').allInnerTexts();
  }

  untilMessage(pattern) {
    const bell = this.page.locator('[id="status.notifications"]');
    const center = this.page.locator('.notifications-center.visible');
    return until(`a message is ${pattern}`, async () => {
      const found = (await this.messages()).find((text) => pattern.test(text));
      // A driven editor shows messages only when its bell is clicked.
      if (found === undefined && !(await center.isVisible())) await bell.click();
      return found;
    }, {
      otherwise: async () => `but: ${(await this.messages()).join(' | ')}; ${await this.shown()}`,
    });
  }

  /** Clicks a button of a message. */
  async messageAction(label) {
    await this.page.locator('.notification-list-item .monaco-button', { hasText: label }).first().click();
  }

  /** Says that the workspace is trusted, in the editor of trust. */
  async trustWorkspace() {
    await this.page.locator('[id="status.workspaceTrust"]').click();
    const editor = this.page.locator('.workspace-trust-editor');
    await editor.locator('.monaco-button', { hasText: /^Trust$/ }).first().click();
    await editor.getByText('You trust this folder').waitFor();
    const modal = this.page.locator('.monaco-modal-editor-block');
    await modal.locator('.action-label[aria-label^="Close"]').first().click();
    await modal.waitFor({ state: 'hidden' });
  }

  /** How long extensions took to be active, as the editor measured it. */
  async activationTimes() {
    await this.command('Developer: Show Running Extensions');
    const rows = this.page.locator('.runtime-extensions-editor .monaco-list-row');
    await until('ours is listed', async () => (await rows.filter({ hasText: 'Hephaestus' }).count()) > 0);
    const texts = await rows.allInnerTexts();
    return texts.flatMap((text) => {
      const ms = /Activation: (\d+)\s*ms/.exec(text)?.[1];
      return ms === undefined ? [] : [{ name: text.split('\n')[0].trim(), ms: Number(ms) }];
    });
  }

  // --- The evidence card ---

  /** The frame the card is in, once it shows evidence. */
  card(title = /./) {
    return until(`a card is titled ${title}`, async () => {
      for (const frame of this.page.frames()) {
        const found = await frame.locator('[data-testid="title"]').first().textContent({ timeout: 500 }).catch(() => null);
        if (found !== null && title.test(found) && (await frame.locator('[data-testid="state"]').count()) > 0) return frame;
      }
      return undefined;
    }, { otherwise: () => this.shown() });
  }

  // --- For people ---

  /** What is on the screen, in words, for messages of tests that fail. */
  async shown() {
    const [rows, messages] = [await this.rows(), await this.messages()];
    const [status, log] = [await this.statusText(), await this.server.serverLog()];
    return `\n  status: ${status}\n  rows: ${rows.join('\n    ')}\n  messages: ${messages.join(' | ')}\n  log: ${log}`;
  }

  /** Keeps a picture of the window. */
  async picture(name) {
    if (this.screenshots === undefined) return;
    await mkdir(this.screenshots, { recursive: true });
    await this.page.screenshot({ path: path.join(this.screenshots, `${name}.png`) });
  }

  async close() {
    await this.page.context().close();
  }
}
