// The report of a folder: a page the program writes. It must not be made for folders that are not trusted.
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';

import * as vscode from 'vscode';

import type { Session } from './session.js';

/** Asks for a folder where there are several, has its report written and shows it. */
export async function openReport(context: vscode.ExtensionContext, session: Session): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    const message = vscode.l10n.t('Hephaestus: a report is written for trusted workspaces only.');
    await vscode.window.showWarningMessage(message);
    return;
  }
  const folder = await chosenFolder();
  const server = session.locate();
  if (folder === undefined) return;
  if (server.kind === 'missing') throw new Error(vscode.l10n.t('The program `hephaestus` was not found.'));
  const storage = context.storageUri ?? context.globalStorageUri;
  await mkdir(storage.fsPath, { recursive: true });
  const page = vscode.Uri.joinPath(storage, 'report.html');
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t('Hephaestus: writing the report'),
    cancellable: true,
  };
  const args = ['report', '--root', folder.uri.fsPath, '--output', page.fsPath];
  const isDone = await vscode.window.withProgress(options, (_, token) => write(session, server.file, args, token));
  if (isDone) await show(page, folder.name);
}

async function chosenFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length > 1) return vscode.window.showWorkspaceFolderPick();
  if (folders[0] === undefined) {
    await vscode.window.showInformationMessage(vscode.l10n.t('Hephaestus: open a folder first.'));
  }
  return folders[0];
}

/** Whether the page was written; false when the user did not want to wait. */
function write(session: Session, file: string, args: string[], token: vscode.CancellationToken): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => {
      abort.abort();
    });
    const env = { ...process.env, ...session.environment() };
    execFile(file, args, { env, signal: abort.signal, windowsHide: true }, (error, stdout, stderr) => {
      session.output.debug(`${args.join(' ')}: ${stdout}${stderr}`);
      if (token.isCancellationRequested) resolve(false);
      else if (error === null) resolve(true);
      else reject(new Error(stderr.trim().split('\n', 1)[0] ?? error.message));
    });
  });
}

/** In the system's browser where the page is on the same machine, otherwise in a panel. */
async function show(page: vscode.Uri, name: string): Promise<void> {
  if (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop) {
    if (await vscode.env.openExternal(page)) return;
  }
  const title = vscode.l10n.t('Report: {0}', name);
  const panel = vscode.window.createWebviewPanel('hephaestus.report', title, vscode.ViewColumn.Active, {
    enableScripts: true,
    localResourceRoots: [],
    retainContextWhenHidden: true,
  });
  panel.webview.html = await readFile(page.fsPath, 'utf8');
}
