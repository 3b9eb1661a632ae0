// The tree of goals: what is grouped under what, in which order, with which words. It must not import the editor's API.
import * as l10n from '@vscode/l10n';

import { GOAL_STATES, type Goal, type GoalFile, type GoalState } from './protocol.js';

/** A goal together with the file it is in. */
export interface GoalNode {
  readonly type: 'goal';
  readonly file: GoalFile;
  readonly goal: Goal;
}

/** A group: of a file, or of a state. */
export interface GroupNode {
  readonly type: 'file' | 'state';
  /** The file's address, or the state. */
  readonly key: string;
  readonly label: string;
  readonly description: string;
  readonly children: readonly GoalNode[];
}

export type Node = GoalNode | GroupNode;

/** What the user wants to see. */
export interface View {
  readonly grouping: 'file' | 'state';
  readonly hidden: ReadonlySet<GoalState>;
}

/** The words of a state, for people. */
export function stateName(state: string): string {
  switch (state) {
    case 'open':
      return l10n.t('To be tried');
    case 'forging':
      return l10n.t('Being forged');
    case 'proven':
      return l10n.t('Proven');
    case 'stale':
      return l10n.t('Proven before the last edits');
    case 'applied':
      return l10n.t('Applied');
    case 'dismissed':
      return l10n.t('Dismissed');
    default:
      return state;
  }
}

/** The name of a theme's icon for a state, and the colour it has, if any. */
export function stateIcon(state: string, kind: string): { readonly icon: string; readonly colour?: string } {
  switch (state) {
    case 'forging':
      return { icon: 'loading~spin' };
    case 'proven':
      return { icon: 'verified-filled', colour: 'testing.iconPassed' };
    case 'stale':
      return { icon: 'history', colour: 'disabledForeground' };
    case 'applied':
      return { icon: 'check', colour: 'testing.iconPassed' };
    case 'dismissed':
      return { icon: 'eye-closed', colour: 'disabledForeground' };
    default:
      return kind === 'repair' ? { icon: 'error', colour: 'testing.iconFailed' } : { icon: kindIcon(kind) };
  }
}

function kindIcon(kind: string): string {
  switch (kind) {
    case 'speed':
      return 'dashboard';
    case 'complexity':
      return 'type-hierarchy';
    case 'duplication':
      return 'copy';
    case 'lint':
      return 'lightbulb';
    case 'hole':
      return 'edit';
    case 'strengthen':
      return 'beaker';
    case 'correctness':
      return 'warning';
    case 'dead-code':
      return 'trash';
    default:
      return 'circle-large-outline';
  }
}

/** How many goals of these files are in a state. */
export function countOf(files: readonly GoalFile[], state: GoalState): number {
  return files.reduce((sum, file) => sum + file.goals.filter((goal) => goal.state === state).length, 0);
}

/** The failing tests that something may still be done about. */
export function failingTests(files: readonly GoalFile[]): GoalNode[] {
  const isRed = ({ kind, state }: Goal): boolean => kind === 'repair' && state !== 'applied' && state !== 'dismissed';
  return files.flatMap((file) => file.goals.filter(isRed).map((goal): GoalNode => ({ type: 'goal', file, goal })));
}

/** The groups, in the order they are shown; those without goals are left out. */
export function groups(files: readonly GoalFile[], view: View): GroupNode[] {
  const nodes = files
    .flatMap((file) => file.goals.map((goal): GoalNode => ({ type: 'goal', file, goal })))
    .filter((node) => !view.hidden.has(node.goal.state));
  return view.grouping === 'file' ? byFile(nodes, severalFolders(files)) : byState(nodes);
}

function byFile(nodes: readonly GoalNode[], isNamed: boolean): GroupNode[] {
  return [...grouped(nodes, (node) => node.file.uri)]
    .map(([key, children]): GroupNode => {
      const { path, folder } = children[0]?.file ?? { path: key, folder: '' };
      const label = isNamed ? `${folderName(folder)}/${path}` : path;
      return { type: 'file', key, label, description: summary(children), children: sorted(children) };
    })
    .sort((a, b) => compare(a.label, b.label));
}

function byState(nodes: readonly GoalNode[]): GroupNode[] {
  const found = grouped(nodes, (node) => node.goal.state);
  const known = GOAL_STATES.filter((state) => found.has(state));
  const others = [...found.keys()].filter((state) => !known.some((one) => one === state));
  return [...known, ...others].map((state): GroupNode => {
    const children = found.get(state) ?? [];
    const inOrder = [...children].sort((a, b) => compare(a.file.path, b.file.path) || byPlace(a, b));
    return { type: 'state', key: state, label: stateName(state), description: String(children.length), children: inOrder };
  });
}

/** `Map.groupBy`, which the oldest editors we run in do not have. */
function grouped(nodes: readonly GoalNode[], key: (node: GoalNode) => string): Map<string, GoalNode[]> {
  const found = new Map<string, GoalNode[]>();
  for (const node of nodes) {
    const group = found.get(key(node));
    if (group === undefined) found.set(key(node), [node]);
    else group.push(node);
  }
  return found;
}

/** What of a file's goals there is to say in a few words. */
function summary(children: readonly GoalNode[]): string {
  const goals = children.length === 1 ? l10n.t('1 goal') : l10n.t('{0} goals', children.length);
  const proven = children.filter((node) => node.goal.state === 'proven').length;
  return proven === 0 ? goals : `${goals} · ${l10n.t('{0} proven', proven)}`;
}

/** By place in the file, what is done with or hidden last. */
function sorted(children: readonly GoalNode[]): GoalNode[] {
  const isPast = (node: GoalNode): number => Number(node.goal.state === 'applied' || node.goal.state === 'dismissed');
  return [...children].sort((a, b) => isPast(a) - isPast(b) || byPlace(a, b));
}

function byPlace(a: GoalNode, b: GoalNode): number {
  const [one, other] = [a.goal.range.start, b.goal.range.start];
  return one.line - other.line || one.character - other.character || compare(a.goal.id, b.goal.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function severalFolders(files: readonly GoalFile[]): boolean {
  return new Set(files.map((file) => file.folder)).size > 1;
}

function folderName(uri: string): string {
  const last = uri.replace(/\/+$/, '').split('/').at(-1) ?? uri;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** What a goal's line says to the right of its title. */
export function goalDescription(node: GoalNode, grouping: View['grouping']): string {
  const line = node.goal.range.start.line + 1;
  const place = grouping === 'state' ? `${node.file.path}:${line}` : `:${line}`;
  return node.goal.detail === '' ? place : `${place} · ${node.goal.detail}`;
}

/** What a screen reader says for a goal. */
export function goalLabel(node: GoalNode): string {
  const { title, state, range, detail } = node.goal;
  const words = [title, stateName(state), l10n.t('{0}, line {1}', node.file.path, range.start.line + 1), detail];
  return words.filter((word) => word !== '').join(', ');
}

/** What the menus go by: `goal.` and the state. */
export function contextOf(node: Node): string {
  return node.type === 'goal' ? `goal.${node.goal.state}` : node.type;
}
