// What the palette, the tree, the card and the status bar can ask for. The server's own commands are registered by the
// language client; ours have names of their own, so that neither is registered twice.
import * as vscode from 'vscode';

import type { Action } from './card.js';
import type { EvidencePanel, Subject } from './evidence-panel.js';
import type { FailingTests } from './failing-tests.js';
import type { GoalStore } from './goal-store.js';
import { goalDescription, stateName, type GoalNode, type GroupNode } from './goal-tree.js';
import type { GoalView } from './goal-view.js';
import { showMenu } from './menu.js';
import type { Preview } from './preview.js';
import { SERVER_COMMANDS, type GoalState } from './protocol.js';
import { openReport } from './report.js';
import { openSettings, showInstallation, tellMissing } from './server-help.js';
import { messageOf, type Session } from './session.js';

/** What commands work with. */
export interface Parts {
  readonly context: vscode.ExtensionContext;
  readonly session: Session;
  readonly store: GoalStore;
  readonly view: GoalView;
  readonly failing: FailingTests;
  readonly preview: Preview;
  readonly panel: EvidencePanel;
}

type Run = (...args: unknown[]) => unknown;

/** Registers everything. */
export function registerCommands(parts: Parts): vscode.Disposable[] {
  const all: Readonly<Record<string, Run>> = { ...aboutGoals(parts), ...aboutRuns(parts), ...aboutUs(parts) };
  return Object.entries(all).map(([name, run]) =>
    vscode.commands.registerCommand(name, (...args: unknown[]) => reporting(() => run(...args))),
  );
}

/** Shows an error as what it is: a sentence for the user. */
async function reporting(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof vscode.CancellationError) return;
    void vscode.window.showErrorMessage(`Hephaestus: ${messageOf(error)}`);
  }
}

function aboutGoals(parts: Parts): Record<string, Run> {
  const { store } = parts;
  const act = (action: Action, states: readonly GoalState[]): Run => {
    return async (picked) => {
      const subject = await chosen(parts, picked, states);
      if (subject !== undefined) await actOn(parts, action, subject);
    };
  };
  const open: readonly GoalState[] = ['open', 'stale', 'proven'];
  return {
    'hephaestus.goal.apply': act('apply', ['proven']),
    'hephaestus.goal.preview': act('preview', ['proven', 'stale', 'applied']),
    'hephaestus.goal.forge': act('forge', ['open', 'stale']),
    'hephaestus.goal.verify': act('verify', ['proven', 'stale']),
    'hephaestus.goal.dismiss': act('dismiss', open),
    'hephaestus.goal.restore': act('restore', ['dismissed']),
    'hephaestus.goal.evidence': async (picked) => {
      const subject = await chosen(parts, picked, []);
      if (subject !== undefined) await parts.panel.show(subject);
    },
    'hephaestus.goal.ignoreRule': async (picked) => {
      const subject = await chosen(parts, picked, open);
      const node = subject === undefined ? undefined : store.find(vscode.Uri.parse(subject.uri), subject.goal);
      if (node !== undefined) await onDocument(parts, SERVER_COMMANDS.ignoreRule, node.file.uri, node.goal.rule);
    },
    'hephaestus.goal.reveal': async (picked) => {
      const subject = await chosen(parts, picked, []);
      const node = subject === undefined ? undefined : store.find(vscode.Uri.parse(subject.uri), subject.goal);
      if (node !== undefined) await reveal(node);
    },
    'hephaestus.goals.refresh': () => store.refresh(),
    'hephaestus.goals.filter': () => parts.view.filter(),
    'hephaestus.goals.groupByFile': () => parts.view.groupBy('file'),
    'hephaestus.goals.groupByState': () => parts.view.groupBy('state'),
  };
}

function aboutRuns(parts: Parts): Record<string, Run> {
  const { session } = parts;
  return {
    'hephaestus.file.forge': (picked) => forFile(parts, SERVER_COMMANDS.forgeFile, picked),
    'hephaestus.file.applyAll': (picked) => forFile(parts, SERVER_COMMANDS.applyAll, picked),
    'hephaestus.workspace.forge': () => session.run(SERVER_COMMANDS.forgeWorkspace),
    'hephaestus.run.pause': () => session.run(SERVER_COMMANDS.pause),
    'hephaestus.run.resume': () => session.run(SERVER_COMMANDS.resume),
    'hephaestus.run.cancel': () => session.run(SERVER_COMMANDS.cancel),
    'hephaestus.trustFolders': async () => {
      if (vscode.workspace.isTrusted) await session.run(SERVER_COMMANDS.trust, true);
      else await vscode.commands.executeCommand('workbench.trust.manage');
    },
  };
}

function aboutUs(parts: Parts): Record<string, Run> {
  const { context, session } = parts;
  return {
    'hephaestus.status.menu': () => showMenu(session, activeDocument() !== undefined),
    'hephaestus.server.restart': async () => {
      await session.restart();
      if (session.process.kind === 'missing') await tellMissing(context, session);
    },
    'hephaestus.server.showOutput': () => {
      session.output.show();
    },
    'hephaestus.server.showTrace': () => {
      session.trace.show();
    },
    'hephaestus.server.openPath': () => openSettings(context, 'hephaestus.server.path'),
    'hephaestus.server.install': () => showInstallation(context),
    'hephaestus.openSettings': () => openSettings(context),
    'hephaestus.report.open': () => openReport(context, session),
  };
}

/** What a button of the card, or the same command from elsewhere, does. */
export async function actOn(parts: Parts, action: Action, subject: Subject): Promise<void> {
  const { session } = parts;
  switch (action) {
    case 'preview':
      if (!(await parts.preview.show(await session.evidence(vscode.Uri.parse(subject.uri), subject.goal)))) {
        throw new Error(vscode.l10n.t('There is no change to show for this goal.'));
      }
      return;
    case 'apply':
      return onDocument(parts, SERVER_COMMANDS.apply, subject.uri, subject.goal);
    case 'forge':
      return onDocument(parts, SERVER_COMMANDS.forgeGoal, subject.uri, subject.goal);
    case 'verify': {
      const isKnown = session.supports(SERVER_COMMANDS.verify);
      const command = isKnown ? SERVER_COMMANDS.verify : SERVER_COMMANDS.forgeGoal;
      return onDocument(parts, command, subject.uri, subject.goal);
    }
    case 'dismiss':
      return onDocument(parts, SERVER_COMMANDS.dismiss, subject.uri, subject.goal);
    case 'restore':
      return onDocument(parts, SERVER_COMMANDS.restore, subject.uri, subject.goal);
  }
}

/** Runs a command of the server about a document, which has to be open for that. */
async function onDocument(parts: Parts, command: string, uri: string, ...more: unknown[]): Promise<void> {
  await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  await parts.session.run(command, uri, ...more);
}

async function forFile(parts: Parts, command: string, picked: unknown): Promise<void> {
  const group = picked as Partial<GroupNode> | undefined;
  const uri = group?.type === 'file' ? group.key : activeDocument();
  if (uri === undefined) throw new Error(vscode.l10n.t('Open a file first.'));
  await onDocument(parts, command, uri);
}

/** The user's file in the active editor, or the one in view while a card or a view has the focus. */
export function activeDocument(): string | undefined {
  const { activeTextEditor, visibleTextEditors } = vscode.window;
  const editors = activeTextEditor === undefined ? visibleTextEditors : [activeTextEditor];
  return editors.find((editor) => editor.document.uri.scheme === 'file')?.document.uri.toString();
}

/** What a command is about: the tree's node or a failing test, what was passed by name, or what the user means at the cursor. */
async function chosen(parts: Parts, picked: unknown, states: readonly GoalState[]): Promise<Subject | undefined> {
  const given = (parts.failing.goalOf(picked) ?? picked) as Partial<GoalNode & Subject> | undefined;
  if (given?.type === 'goal' && given.file !== undefined && typeof given.goal === 'object') {
    return { uri: given.file.uri, goal: (given as GoalNode).goal.id };
  }
  if (typeof given?.uri === 'string' && typeof given.goal === 'string') return { uri: given.uri, goal: given.goal };
  const node = await atCursor(parts.store, states);
  return node === undefined ? undefined : { uri: node.file.uri, goal: node.goal.id };
}

async function atCursor(store: GoalStore, states: readonly GoalState[]): Promise<GoalNode | undefined> {
  const fits = (node: GoalNode): boolean => states.length === 0 || states.includes(node.goal.state);
  const editor = vscode.window.activeTextEditor;
  const line = editor?.selection.active.line ?? -1;
  const here = editor === undefined ? [] : store.in(editor.document.uri).filter(fits);
  const touched = here.filter(({ goal }) => goal.range.start.line <= line && line <= goal.range.end.line);
  if (touched.length === 1) return touched[0];
  const everywhere = store.files.flatMap((file) => file.goals.map((goal): GoalNode => ({ type: 'goal', file, goal })));
  const candidates = [touched, here, everywhere.filter(fits)].find((list) => list.length > 0);
  if (candidates === undefined) {
    await vscode.window.showInformationMessage(vscode.l10n.t('Hephaestus: there is no goal for that.'));
    return undefined;
  }
  const items = candidates.map((node) => ({
    label: node.goal.title,
    description: stateName(node.goal.state),
    detail: goalDescription(node, 'state'),
    node,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which goal'), matchOnDetail: true }))?.node;
}

async function reveal(node: GoalNode): Promise<void> {
  const { start, end } = node.goal.range;
  const selection = new vscode.Range(start.line, start.character, end.line, end.character);
  const whole = new vscode.Range(selection.start, selection.start);
  const editor = await vscode.window.showTextDocument(vscode.Uri.parse(node.file.uri), { selection: whole, preview: true });
  editor.revealRange(selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
