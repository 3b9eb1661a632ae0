// Puts the parts together when the editor starts the extension, and takes them apart again.
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';

import { activeDocument, actOn, registerCommands, type Parts } from './commands.js';
import { EvidencePanel } from './evidence-panel.js';
import { FailingTests } from './failing-tests.js';
import { GoalStore } from './goal-store.js';
import { GoalView } from './goal-view.js';
import { Preview } from './preview.js';
import { SERVER_COMMANDS, type Evidence, type GoalFile } from './protocol.js';
import { tellMissing } from './server-help.js';
import { messageOf, Session } from './session.js';
import { StatusBar } from './status-bar.js';
import { statusText } from './status-text.js';

/** What other extensions and tests may look at. */
export interface Api {
  /** The word of the status bar's state: `idle`, `forging`, `missing`, … */
  readonly state: () => string;
  readonly goals: () => readonly GoalFile[];
  readonly evidence: () => Evidence | undefined;
  readonly onDidChange: vscode.Event<void>;
}

let session: Session | undefined;

/** Called once by the editor. The server is started without being waited for. */
export function activate(context: vscode.ExtensionContext): Api {
  if (vscode.l10n.bundle !== undefined) l10n.config({ contents: vscode.l10n.bundle });
  const made = makeParts(context);
  session = made.session;
  context.subscriptions.push(
    made.session,
    made.store,
    made.view,
    made.failing,
    made.preview,
    made.panel,
    new StatusBar(made.session),
    ...registerCommands(made),
    ...followEditor(made.session),
  );
  void begin(context, made.session);
  return {
    state: () => statusText(made.session.process, made.session.status).state,
    goals: () => made.store.files,
    evidence: () => made.panel.evidence,
    onDidChange: made.store.onDidChange,
  };
}

/** Called by the editor before it ends us: the server is to end in order. */
export async function deactivate(): Promise<void> {
  await session?.stop();
}

function makeParts(context: vscode.ExtensionContext): Parts {
  // The session passes commands on to the panel, which asks the session: the one made later is reached by name.
  let parts: Parts | undefined = undefined;
  const reach = (): Parts => {
    if (parts === undefined) throw new Error('not activated yet');
    return parts;
  };
  const running = new Session(context, (command, args) => intercept(reach(), command, args));
  const store = new GoalStore(running);
  const panel = new EvidencePanel(context, running, store, async (action, subject) => {
    try {
      await actOn(reach(), action, subject);
    } catch (error) {
      void vscode.window.showErrorMessage(`Hephaestus: ${messageOf(error)}`);
    }
  });
  const view = new GoalView(store, context.workspaceState);
  parts = { context, session: running, store, view, failing: new FailingTests(store), preview: new Preview(), panel };
  return parts;
}

/** What of the server's commands is done here: evidence is shown, and a file is named where none was. */
function intercept(parts: Parts, command: string, args: unknown[]): Promise<unknown> | undefined {
  if (command === SERVER_COMMANDS.showEvidence) {
    const [uri, goal] = args;
    if (typeof uri === 'string' && typeof goal === 'string') return parts.panel.show({ uri, goal });
    return Promise.resolve(vscode.commands.executeCommand('hephaestus.goal.evidence'));
  }
  const isAboutFile = command === SERVER_COMMANDS.forgeFile || command === SERVER_COMMANDS.applyAll;
  const uri = activeDocument();
  return isAboutFile && args.length === 0 && uri !== undefined ? parts.session.run(command, uri) : undefined;
}

/** What of the editor the server has to know beyond the common protocol. */
function followEditor(running: Session): vscode.Disposable[] {
  return [
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      if (!running.isRunning) return;
      running.run(SERVER_COMMANDS.trust, true).catch((error: unknown) => {
        running.output.error(`trust was not passed on: ${messageOf(error)}`);
      });
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('hephaestus.server')) void vscode.commands.executeCommand('hephaestus.server.restart');
      else lookAgain(running);
    }),
    vscode.window.onDidChangeWindowState(() => {
      lookAgain(running);
    }),
    vscode.window.onDidChangeActiveTextEditor(() => {
      lookAgain(running);
    }),
  ];
}

/** A program that was missing may be there by now: installed meanwhile, or named by settings that came late. */
function lookAgain(running: Session): void {
  if (running.process.kind === 'missing' && running.locate().kind === 'found') void running.start();
}

async function begin(context: vscode.ExtensionContext, running: Session): Promise<void> {
  await running.start();
  if (running.process.kind === 'missing') await tellMissing(context, running);
  else if (running.process.kind === 'failed') {
    const output = vscode.l10n.t('Show Output');
    const message = vscode.l10n.t('Hephaestus: the server did not start: {0}', running.process.message);
    if ((await vscode.window.showErrorMessage(message, output)) === output) running.output.show();
  }
}
