// The panel with the evidence card: opened, kept up to date, restored after a reload. What is on the card is decided in
// `card`; what its buttons do is decided by whoever makes the panel.
import { randomBytes } from 'node:crypto';

import * as vscode from 'vscode';

import { ACTIONS, cardBody, cardMessage, cardPage, type Action } from './card.js';
import type { GoalStore } from './goal-store.js';
import type { Evidence } from './protocol.js';
import { messageOf, type Session } from './session.js';

const VIEW_TYPE = 'hephaestus.evidence';

/** What a card is about. */
export interface Subject {
  readonly uri: string;
  readonly goal: string;
}

/** Does what a button of the card asks for. */
export type Act = (action: Action, subject: Subject) => Promise<void>;

/** At most one panel: the card of the goal looked at last. */
export class EvidencePanel implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private subject: Subject | undefined;
  private shown: Evidence | undefined;
  /** Counts the questions, so that an answer that comes late is not shown over a newer one. */
  private asked = 0;
  private readonly registrations: vscode.Disposable[];

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly session: Session,
    private readonly store: GoalStore,
    private readonly act: Act,
  ) {
    this.registrations = [
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this),
      session.onGoalsChanged(() => void this.update()),
      store.onDidChange(() => void this.update()),
    ];
  }

  /** What the panel shows now, for tests. */
  get evidence(): Evidence | undefined {
    return this.shown;
  }

  /** Opens the card of a goal beside the editor. */
  async show(subject: Subject): Promise<void> {
    const isOther = this.subject?.goal !== subject.goal || this.subject.uri !== subject.uri;
    if (isOther) this.shown = undefined;
    this.subject = subject;
    if (this.panel === undefined) {
      const column = vscode.ViewColumn.Beside;
      this.take(vscode.window.createWebviewPanel(VIEW_TYPE, vscode.l10n.t('Evidence'), column, this.options()));
    } else {
      this.panel.reveal();
    }
    await this.update();
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const subject = state as Partial<Subject> | undefined;
    if (typeof subject?.uri !== 'string' || typeof subject.goal !== 'string') {
      panel.dispose();
      return;
    }
    this.panel?.dispose();
    this.subject = { uri: subject.uri, goal: subject.goal };
    panel.webview.options = this.options();
    this.take(panel);
    await this.update();
  }

  private options(): vscode.WebviewOptions {
    const root = this.context.extensionUri;
    const localResourceRoots = [vscode.Uri.joinPath(root, 'media'), vscode.Uri.joinPath(root, 'dist')];
    return { enableScripts: true, localResourceRoots };
  }

  private take(panel: vscode.WebviewPanel): void {
    this.panel = panel;
    panel.iconPath = vscode.Uri.joinPath(this.context.extensionUri, 'resources', 'anvil.svg');
    panel.onDidDispose(() => {
      if (this.panel === panel) this.panel = undefined;
    });
    panel.webview.onDidReceiveMessage((message: unknown) => void this.receive(message));
    this.draw(cardMessage(vscode.l10n.t('Asking the server …'), false), panel.title);
  }

  /** The whole page; later cards are sent to it, so that the reader's place is kept. */
  private draw(body: string, title: string): void {
    if (this.panel === undefined) return;
    const { webview } = this.panel;
    const at = (...parts: string[]): string =>
      webview.asWebviewUri(vscode.Uri.joinPath(this.context.extensionUri, ...parts)).toString();
    webview.html = cardPage(title, body, {
      nonce: randomBytes(16).toString('base64url'),
      source: webview.cspSource,
      style: at('media', 'card.css'),
      script: at('dist', 'card.js'),
      language: vscode.env.language,
    });
  }

  private async receive(message: unknown): Promise<void> {
    const { type, action } = (message ?? {}) as { type?: unknown; action?: unknown };
    if (type === 'ready') {
      // The page is new, or was thrown away while it was hidden.
      if (this.shown !== undefined) this.send(this.shown);
      return;
    }
    const known = ACTIONS.find((one) => one === action);
    if (known === undefined || this.subject === undefined) return;
    void this.panel?.webview.postMessage({ type: 'busy', isBusy: true });
    try {
      await this.act(known, this.subject);
    } finally {
      void this.panel?.webview.postMessage({ type: 'busy', isBusy: false });
      await this.update();
    }
  }

  private async update(): Promise<void> {
    const subject = this.subject;
    if (this.panel === undefined || subject === undefined || !this.session.isRunning) return;
    const turn = ++this.asked;
    try {
      const evidence = await this.session.evidence(vscode.Uri.parse(subject.uri), subject.goal);
      if (turn === this.asked) this.send(this.withState(evidence, subject));
    } catch (error) {
      if (turn === this.asked) this.fail(messageOf(error));
    }
  }

  /** An older server's evidence is text; what has become of the goal is known from elsewhere. */
  private withState(evidence: Evidence, subject: Subject): Evidence {
    const known = this.store.find(vscode.Uri.parse(subject.uri), subject.goal);
    return evidence.rule === '' && known !== undefined ? { ...evidence, state: known.goal.state } : evidence;
  }

  private send(evidence: Evidence): void {
    if (this.panel === undefined) return;
    this.shown = evidence;
    this.panel.title = vscode.l10n.t('Evidence: {0}', evidence.title);
    this.post(this.panel.title, cardBody(evidence));
  }

  /** A goal is gone when its code is: after it was applied, say. What was shown stays then, with what became of it. */
  private fail(message: string): void {
    const state = this.subject && this.store.find(vscode.Uri.parse(this.subject.uri), this.subject.goal)?.goal.state;
    if (this.shown !== undefined && (state === 'applied' || state === 'dismissed')) {
      this.send({ ...this.shown, state });
    } else {
      this.shown = undefined;
      this.post(vscode.l10n.t('Evidence'), cardMessage(message, true));
    }
  }

  private post(title: string, body: string): void {
    void this.panel?.webview.postMessage({ type: 'card', title, body, state: this.subject });
  }

  dispose(): void {
    for (const registration of this.registrations) registration.dispose();
    this.panel?.dispose();
  }
}
