// What goals there are, as the server last told. It must not show anything.
import * as vscode from 'vscode';

import { goalsOfDiagnostics, type ToldFile } from './diagnostic-goals.js';
import type { GoalNode } from './goal-tree.js';
import type { GoalFile } from './protocol.js';
import type { Session } from './session.js';

/** When a question that failed is asked again. */
const RETRY_MS = 1000;

/** The goals of all folders, kept up to date. */
export class GoalStore implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  private known: readonly GoalFile[] = [];
  private isAsking = false;
  private isStale = false;
  private retry: NodeJS.Timeout | undefined;
  private readonly listeners: vscode.Disposable[];

  constructor(private readonly session: Session) {
    this.listeners = [
      session.onGoalsChanged(() => void this.refresh()),
      // What an older server has instead of a notification.
      session.onDidChange(() => void this.refresh()),
      vscode.languages.onDidChangeDiagnostics(() => void this.refresh()),
    ];
  }

  get files(): readonly GoalFile[] {
    return this.known;
  }

  /** Asks anew. Calls while an answer is awaited are one more question, not many. */
  async refresh(): Promise<void> {
    this.isStale = true;
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      while (this.isStale) {
        this.isStale = false;
        await this.askOnce();
      }
    } finally {
      this.isAsking = false;
    }
  }

  private async askOnce(): Promise<void> {
    try {
      this.take(await this.ask());
    } catch (error) {
      this.session.output.debug(`goals were not told: ${String(error)}`);
      // The next change of a goal may be long in coming.
      clearTimeout(this.retry);
      if (this.session.isRunning) this.retry = setTimeout(() => void this.refresh(), RETRY_MS);
    }
  }

  private async ask(): Promise<readonly GoalFile[]> {
    if (!this.session.isRunning) return [];
    const answer = await this.session.goals();
    return answer === undefined ? goalsOfDiagnostics(told()) : answer.files.filter((file) => file.goals.length > 0);
  }

  private take(files: readonly GoalFile[]): void {
    if (JSON.stringify(files) === JSON.stringify(this.known)) return;
    this.known = files;
    this.changed.fire();
  }

  /** The goal of this id in this document. */
  find(uri: vscode.Uri, id: string): GoalNode | undefined {
    return this.in(uri).find((node) => node.goal.id === id);
  }

  /** The goals of a document. */
  in(uri: vscode.Uri): GoalNode[] {
    const file = this.known.find((one) => vscode.Uri.parse(one.uri).toString() === uri.toString());
    return file === undefined ? [] : file.goals.map((goal) => ({ type: 'goal', file, goal }));
  }

  dispose(): void {
    clearTimeout(this.retry);
    for (const listener of this.listeners) listener.dispose();
    this.changed.dispose();
  }
}

function told(): ToldFile[] {
  return vscode.languages.getDiagnostics().map(([uri, diagnostics]) => ({
    uri: uri.toString(),
    path: vscode.workspace.asRelativePath(uri, false),
    folder: vscode.workspace.getWorkspaceFolder(uri)?.uri.toString() ?? '',
    told: diagnostics,
  }));
}
