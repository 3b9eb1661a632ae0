// The menu behind the item in the status bar. It must offer only what makes sense in the state of now.
import * as vscode from 'vscode';

import type { Session } from './session.js';

interface Entry extends vscode.QuickPickItem {
  readonly command?: string;
}

/** Shows the menu and runs what was picked; `hasFile` says whether there is a file the user may mean. */
export async function showMenu(session: Session, hasFile: boolean): Promise<void> {
  const title = session.status?.message ?? '';
  const picked = await vscode.window.showQuickPick(entries(session, hasFile), {
    title: 'Hephaestus',
    placeHolder: title === '' ? vscode.l10n.t('What to do') : vscode.l10n.t('What to do ({0})', title),
    matchOnDescription: true,
  });
  if (picked?.command !== undefined) await vscode.commands.executeCommand(picked.command);
}

function entries(session: Session, hasFile: boolean): Entry[] {
  const kind = session.process.kind;
  const state = session.status?.state;
  const list: Entry[] = [];
  if (kind === 'missing') {
    list.push(
      entry('gear', vscode.l10n.t('Say Where the Server Is'), 'hephaestus.server.openPath'),
      entry('book', vscode.l10n.t('How to Install the Server'), 'hephaestus.server.install'),
    );
  }
  if (kind === 'running') {
    if (state === 'untrusted') {
      list.push(entry('shield', vscode.l10n.t('Trust the Folders That Are Open'), 'hephaestus.trustFolders'));
    }
    // What waits while somebody types goes on by itself.
    if (state === 'paused' && session.status?.reason !== 'typing') {
      list.push(entry('play', vscode.l10n.t('Resume'), 'hephaestus.run.resume'));
    } else list.push(entry('debug-pause', vscode.l10n.t('Pause'), 'hephaestus.run.pause'));
    if (state === 'forging' || state === 'paused') {
      list.push(entry('debug-stop', vscode.l10n.t('Cancel the Run'), 'hephaestus.run.cancel'));
    }
    if (hasFile) {
      list.push(entry('flame', vscode.l10n.t('Forge This File'), 'hephaestus.file.forge'));
    }
    list.push(
      entry('folder-library', vscode.l10n.t('Forge the Workspace'), 'hephaestus.workspace.forge'),
      separator(),
      entry('list-tree', vscode.l10n.t('Show Goals'), 'hephaestus.goals.focus'),
      entry('graph', vscode.l10n.t('Open Report'), 'hephaestus.report.open'),
    );
  }
  list.push(
    separator(),
    entry('output', vscode.l10n.t('Show Output'), 'hephaestus.server.showOutput'),
    entry('debug-restart', vscode.l10n.t('Restart Server'), 'hephaestus.server.restart'),
    entry('settings-gear', vscode.l10n.t('Settings'), 'hephaestus.openSettings'),
  );
  return list;
}

function entry(icon: string, label: string, command: string): Entry {
  return { label: `$(${icon}) ${label}`, command };
}

function separator(): Entry {
  return { label: '', kind: vscode.QuickPickItemKind.Separator };
}
