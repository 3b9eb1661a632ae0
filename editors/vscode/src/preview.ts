// The two sides of a change in the editor's own diff view. It must not write files.
import * as vscode from 'vscode';

import type { ChangedFile, Evidence } from './protocol.js';

const SCHEME = 'hephaestus';

/** The texts of previews: what the address of a virtual document stands for. */
export class Preview implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly texts = new Map<string, string>();
  private readonly registrations: readonly vscode.Disposable[];

  constructor() {
    this.registrations = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidCloseTextDocument((document) => {
        if (document.uri.scheme === SCHEME) this.texts.delete(document.uri.toString());
      }),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? '';
  }

  /** Opens the change: one file as a diff, several as the editor's list of changes. */
  async show(evidence: Evidence): Promise<boolean> {
    const [first, ...more] = evidence.files;
    if (first === undefined) return false;
    if (more.length === 0) {
      const { left, right } = this.sides(first, evidence.goal);
      const title = vscode.l10n.t('{0}: {1} (proven)', nameOf(first.path), evidence.title);
      const viewColumn = columnOf(vscode.Uri.parse(first.uri));
      await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true, viewColumn });
      return true;
    }
    const resources = evidence.files.map((file) => {
      const { left, right } = this.sides(file, evidence.goal);
      return [
        vscode.Uri.parse(file.uri),
        file.before === null ? undefined : left,
        file.after === null ? undefined : right,
      ];
    });
    await vscode.commands.executeCommand('vscode.changes', evidence.title, resources);
    return true;
  }

  private sides(file: ChangedFile, goal: string): { left: vscode.Uri; right: vscode.Uri } {
    return {
      left: this.keep(file, goal, 'before', file.before ?? ''),
      right: this.keep(file, goal, 'after', file.after ?? ''),
    };
  }

  /** The ending of the path stays, so that the editor colours the text by its language. */
  private keep(file: ChangedFile, goal: string, side: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${side}/${file.path}`, query: `goal=${goal}` });
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
    return uri;
  }

  dispose(): void {
    for (const registration of this.registrations) registration.dispose();
    this.changed.dispose();
  }
}

/** Where the file is shown already, so that a card beside it stays in view. */
function columnOf(uri: vscode.Uri): vscode.ViewColumn {
  const shown = vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === uri.toString());
  return shown?.viewColumn ?? vscode.ViewColumn.One;
}

function nameOf(path: string): string {
  return path.split('/').at(-1) ?? path;
}
