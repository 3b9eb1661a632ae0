// What the user is told when there is no server, and how to come by one. It must not start anything.
import * as vscode from 'vscode';

import type { Session } from './session.js';

/** Where the manual says how the program is installed: it lies in the extension, so it can be read without a network. */
function installationPage(context: vscode.ExtensionContext): vscode.Uri {
  return vscode.Uri.joinPath(context.extensionUri, 'walkthrough', 'install.md');
}

/** Opens the page about installing the program. */
export async function showInstallation(context: vscode.ExtensionContext): Promise<void> {
  await vscode.commands.executeCommand('markdown.showPreview', installationPage(context));
}

/** Opens the settings at `hephaestus.server.path`, or at all of ours. */
export async function openSettings(context: vscode.ExtensionContext, key = ''): Promise<void> {
  const query = key === '' ? `@ext:${context.extension.id}` : `@id:${key}`;
  // Which program is run is a matter of the machine the server runs on, and has its place there.
  const isRemote = key !== '' && vscode.env.remoteName !== undefined;
  await vscode.commands.executeCommand(`workbench.action.${isRemote ? 'openRemoteSettings' : 'openSettings'}`, isRemote ? { query } : query);
}

/** Says that there is no server, and offers what helps. */
export async function tellMissing(context: vscode.ExtensionContext, session: Session): Promise<void> {
  const found = session.locate();
  if (found.kind === 'found') return;
  const message = found.isSet
    ? vscode.l10n.t('Hephaestus: `hephaestus.server.path` leads to no program: {0}', found.looked.join(', '))
    : vscode.l10n.t('Hephaestus: the program `hephaestus` is not on the PATH. Install it, or say where it is.');
  const setting = vscode.l10n.t('Open Setting');
  const install = vscode.l10n.t('How to Install');
  const again = vscode.l10n.t('Look Again');
  const picked = await vscode.window.showErrorMessage(message, setting, install, again);
  if (picked === setting) await openSettings(context, 'hephaestus.server.path');
  else if (picked === install) await showInstallation(context);
  else if (picked === again) await vscode.commands.executeCommand('hephaestus.server.restart');
}
