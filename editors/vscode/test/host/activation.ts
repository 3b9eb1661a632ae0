// That the extension starts in a real editor, starts the server and hears of goals.
import * as assert from 'node:assert/strict';

import * as vscode from 'vscode';

import type { Api } from '../../src/extension.js';
import type { Tests } from './tests.js';
import { until } from './until.js';

/** The extension's own interface, once it is active. */
export async function api(): Promise<Api> {
  const extension = vscode.extensions.getExtension<Api>('hephaestus.hephaestus');
  assert.ok(extension, 'the extension is not installed');
  return extension.activate();
}

/** A source file of the workspace, opened. */
export async function openSource(): Promise<vscode.TextDocument> {
  const [uri] = await vscode.workspace.findFiles('**/*.{py,ts,js,rs}', '**/{tests,test_*,node_modules}*', 1);
  assert.ok(uri, 'the workspace has no source file');
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document);
  return document;
}

export const activation: Tests = {
  'the extension activates and the server runs': async () => {
    const ours = await api();
    await until('a running server', () => (/^(idle|indexing|forging|untrusted|paused)$/.test(ours.state()) ? true : undefined));
  },

  'an opened file has goals, with ranges inside the file': async () => {
    const ours = await api();
    const document = await openSource();
    const file = await until('goals of the file', () =>
      ours.goals().find((one) => vscode.Uri.parse(one.uri).toString() === document.uri.toString()),
    );
    for (const goal of file.goals) {
      assert.notEqual(goal.id, '');
      assert.ok(goal.range.end.line < document.lineCount, `${goal.title} lies outside of the file`);
    }
  },
};
