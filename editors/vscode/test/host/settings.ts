// That settings reach the server as they were set, defaults excepted: what the server does with them shows it.
import * as assert from 'node:assert/strict';

import * as vscode from 'vscode';

import { api, openSource } from './activation.js';
import type { Tests } from './tests.js';
import { until } from './until.js';

export const settings: Tests = {
  'a setting that is set takes effect, and its removal too': async () => {
    await api();
    const document = await openSource();
    const lenses = async (): Promise<number> => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri);
      return found.length;
    };
    const configuration = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('hephaestus.editor');
    await until('code lenses', async () => ((await lenses()) > 0 ? true : undefined));
    await configuration().update('code_lens', false, vscode.ConfigurationTarget.Global);
    try {
      await until('no code lenses', async () => ((await lenses()) === 0 ? true : undefined));
    } finally {
      await configuration().update('code_lens', undefined, vscode.ConfigurationTarget.Global);
    }
    await until('code lenses again', async () => ((await lenses()) > 0 ? true : undefined));
    assert.equal(configuration().get('code_lens'), true);
  },
};
