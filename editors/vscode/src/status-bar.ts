// The item in the status bar, and the contexts menus go by. What it says is decided in `status-text`.
import * as vscode from 'vscode';

import type { Session } from './session.js';
import { statusText } from './status-text.js';

/** Shows how the server is. */
export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('hephaestus.status', vscode.StatusBarAlignment.Left, 10);
  private readonly listener: vscode.Disposable;

  constructor(private readonly session: Session) {
    this.item.name = 'Hephaestus';
    this.item.command = 'hephaestus.status.menu';
    const update = (): void => {
      this.update();
    };
    this.listener = vscode.Disposable.from(session.onDidChange(update), vscode.workspace.onDidGrantWorkspaceTrust(update));
    this.update();
    this.item.show();
  }

  private update(): void {
    const shown = statusText(this.session.process, this.session.status);
    this.item.text = shown.text;
    this.item.tooltip = new vscode.MarkdownString(shown.tooltip);
    this.item.backgroundColor =
      shown.background === undefined ? undefined : new vscode.ThemeColor(`statusBarItem.${shown.background}Background`);
    // Without the icons' names, which a screen reader would spell out.
    const label = shown.text.replace(/\$\([^)]*\)\s*/g, '');
    this.item.accessibilityInformation = { label: `${label}, ${this.session.status?.message ?? ''}`, role: 'button' };
    // What waits while somebody types goes on by itself: there is nothing to resume.
    const waits = shown.state === 'paused' && this.session.status?.reason === 'typing';
    void vscode.commands.executeCommand('setContext', 'hephaestus.state', waits ? 'waiting' : shown.state);
    void vscode.commands.executeCommand('setContext', 'hephaestus.ready', this.session.isRunning);
    // The editor's own key is not set where workspace trust is switched off.
    void vscode.commands.executeCommand('setContext', 'hephaestus.trusted', vscode.workspace.isTrusted);
  }

  dispose(): void {
    this.listener.dispose();
    this.item.dispose();
  }
}
