// That commands are there, once each, and that the evidence card and the menus they open are fed by the server.
import * as assert from 'node:assert/strict';

import * as vscode from 'vscode';

import { api, openSource } from './activation.js';
import type { Tests } from './tests.js';
import { until } from './until.js';

interface Contributed {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

export const commandsAndViews: Tests = {
  'every command of the manifest is registered': async () => {
    await api();
    const known = new Set(await vscode.commands.getCommands(true));
    const manifest = vscode.extensions.getExtension('hephaestus.hephaestus')?.packageJSON as Contributed;
    const missing = manifest.contributes.commands.filter(({ command }) => !known.has(command));
    assert.deepEqual(missing, []);
  },

  "the server's own commands are registered by the language client": async () => {
    await until('hephaestus.forgeFile', async () =>
      (await vscode.commands.getCommands(true)).includes('hephaestus.forgeFile') ? true : undefined,
    );
  },

  'showEvidence opens the card of the goal': async () => {
    const ours = await api();
    const document = await openSource();
    const goal = await until('a goal', () => {
      const file = ours.goals().find((one) => vscode.Uri.parse(one.uri).toString() === document.uri.toString());
      return file?.goals[0];
    });
    await vscode.commands.executeCommand('hephaestus.showEvidence', document.uri.toString(), goal.id);
    const shown = await until('the evidence', () => ours.evidence());
    assert.notEqual(shown.markdown, '');
    const isCard = ({ input }: vscode.Tab): boolean =>
      input instanceof vscode.TabInputWebview && input.viewType.endsWith('hephaestus.evidence');
    const card = await until('a tab with the card', () =>
      vscode.window.tabGroups.all.flatMap((group) => group.tabs).find(isCard),
    );
    await vscode.window.tabGroups.close(card);
  },

  'a dismissed goal is gone or marked, and comes back when it is restored': async () => {
    const ours = await api();
    const document = await openSource();
    const uri = document.uri.toString();
    const stateOf = (id: string): string | undefined =>
      ours
        .goals()
        .flatMap((file) => file.goals)
        .find((goal) => goal.id === id)?.state;
    const { id } = await until('an open goal', () =>
      ours
        .goals()
        .find((file) => vscode.Uri.parse(file.uri).toString() === uri)
        ?.goals.find((goal) => goal.state === 'open'),
    );
    await vscode.commands.executeCommand('hephaestus.goal.dismiss', { uri, goal: id });
    await until('its dismissal', () => (stateOf(id) === undefined || stateOf(id) === 'dismissed' ? true : undefined));
    if (!(await vscode.commands.getCommands(true)).includes('hephaestus.restore')) return;
    await vscode.commands.executeCommand('hephaestus.goal.restore', { uri, goal: id });
    await until('its return', () => (stateOf(id) === 'dismissed' || stateOf(id) === undefined ? undefined : true));
  },
};
