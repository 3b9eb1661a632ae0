// The view of goals in the side bar. It must not know what commands do: they are given the node that was picked.
import * as vscode from 'vscode';

import type { GoalStore } from './goal-store.js';
import {
  contextOf,
  countOf,
  goalDescription,
  goalLabel,
  groups,
  stateIcon,
  stateName,
  type GoalNode,
  type GroupNode,
  type Node,
  type View,
} from './goal-tree.js';
import { GOAL_STATES, type GoalState } from './protocol.js';

const GROUPING = 'hephaestus.grouping';
const HIDDEN = 'hephaestus.hidden';

/** How long the editor may take to ask for a tree that it was told of. */
const REMINDER_MS = 1000;

/** The tree, its badge, and what of it is shown. */
export class GoalView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;

  private readonly tree: vscode.TreeView<Node>;
  private readonly listener: vscode.Disposable;
  private shown: readonly GroupNode[] = [];
  /** Whether the editor was told of a change and has not asked since. */
  private isOwed = false;
  private reminder: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: GoalStore,
    private readonly memory: vscode.Memento,
  ) {
    this.listener = store.onDidChange(() => {
      this.update();
    });
    this.tree = vscode.window.createTreeView<Node>('hephaestus.goals', { treeDataProvider: this });
    this.update();
  }

  private get view(): View {
    return {
      grouping: this.memory.get<View['grouping']>(GROUPING, 'file'),
      hidden: new Set(this.memory.get<GoalState[]>(HIDDEN, ['dismissed'])),
    };
  }

  async groupBy(grouping: View['grouping']): Promise<void> {
    await this.memory.update(GROUPING, grouping);
    this.update();
  }

  /** Asks which states to show. */
  async filter(): Promise<void> {
    const { hidden } = this.view;
    const items = GOAL_STATES.map((state) => ({
      label: stateName(state),
      description: String(countOf(this.store.files, state)),
      picked: !hidden.has(state),
      state,
    }));
    const placeHolder = vscode.l10n.t('Which goals to show');
    const picked = await vscode.window.showQuickPick(items, { canPickMany: true, placeHolder });
    if (picked === undefined) return;
    const wanted = new Set(picked.map((item) => item.state));
    await this.memory.update(
      HIDDEN,
      GOAL_STATES.filter((state) => !wanted.has(state)),
    );
    this.update();
  }

  private update(): void {
    const view = this.view;
    this.shown = groups(this.store.files, view);
    const all = this.store.files.reduce((sum, file) => sum + file.goals.length, 0);
    const shown = this.shown.reduce((sum, group) => sum + group.children.length, 0);
    // A string of its own, not undefined: the editor only takes back what was set.
    this.tree.description = shown < all ? vscode.l10n.t('{0} of {1}', shown, all) : '';
    const proven = countOf(this.store.files, 'proven');
    const tooltip = proven === 1 ? vscode.l10n.t('1 proven improvement') : vscode.l10n.t('{0} proven improvements', proven);
    this.tree.badge = proven === 0 ? undefined : { value: proven, tooltip };
    void vscode.commands.executeCommand('setContext', GROUPING, view.grouping);
    void vscode.commands.executeCommand('setContext', 'hephaestus.hasGoals', all > 0);
    void vscode.commands.executeCommand('setContext', 'hephaestus.allFiltered', all > 0 && shown === 0);
    this.tell();
  }

  /**
   * Tells the editor that the tree is another. It answers a change that comes while it is asking with what it asked for
   * before: where no question follows, it is told again.
   */
  private tell(): void {
    this.isOwed = true;
    this.changed.fire(undefined);
    clearTimeout(this.reminder);
    this.reminder = setTimeout(() => {
      if (this.isOwed && this.tree.visible) this.tell();
    }, REMINDER_MS);
  }

  getChildren(node?: Node): readonly Node[] & Node[] {
    if (node === undefined) {
      this.isOwed = false;
      return [...this.shown];
    }
    return node.type === 'goal' ? [] : [...node.children];
  }

  getParent(node: Node): Node | undefined {
    if (node.type !== 'goal') return undefined;
    return this.shown.find((group) => group.children.some((child) => child === node));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const item = node.type === 'goal' ? this.goalItem(node) : groupItem(node);
    item.contextValue = contextOf(node);
    return item;
  }

  private goalItem(node: GoalNode): vscode.TreeItem {
    const { goal, file } = node;
    const item = new vscode.TreeItem(goal.title);
    item.id = `${this.view.grouping}:${file.uri}#${goal.id}`;
    item.description = goalDescription(node, this.view.grouping);
    item.tooltip = tooltip(node);
    const { icon, colour } = stateIcon(goal.state, goal.kind);
    item.iconPath = new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour));
    item.accessibilityInformation = { label: goalLabel(node) };
    item.command = {
      command: 'hephaestus.goal.reveal',
      title: vscode.l10n.t('Go to the Goal'),
      arguments: [node],
    };
    return item;
  }

  dispose(): void {
    clearTimeout(this.reminder);
    this.listener.dispose();
    this.tree.dispose();
    this.changed.dispose();
  }
}

function groupItem(node: GroupNode): vscode.TreeItem {
  const item = new vscode.TreeItem(node.label, vscode.TreeItemCollapsibleState.Expanded);
  item.id = `${node.type}:${node.key}`;
  item.description = node.description;
  if (node.type === 'file') {
    item.resourceUri = vscode.Uri.parse(node.key);
    item.iconPath = vscode.ThemeIcon.File;
  } else {
    const { icon, colour } = stateIcon(node.key, '');
    item.iconPath = new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour));
  }
  return item;
}

function tooltip(node: GoalNode): vscode.MarkdownString {
  const { goal } = node;
  const text = new vscode.MarkdownString();
  text.appendMarkdown('**').appendText(goal.title).appendMarkdown('**\n\n');
  text.appendText(stateName(goal.state));
  if (goal.detail !== '') text.appendMarkdown('\n\n').appendText(goal.detail);
  if (goal.rule !== '') text.appendMarkdown('\n\n').appendText(goal.rule);
  return text;
}
