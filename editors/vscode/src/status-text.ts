// What the status bar says: from the server's state to words, icon and colour. It must not import the editor's API.
import * as l10n from '@vscode/l10n';

import type { Status } from './protocol.js';

/** How the server's process is. */
export type Process =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly message: string };

/** What is shown. */
export interface StatusText {
  readonly text: string;
  readonly tooltip: string;
  readonly background: 'error' | 'warning' | undefined;
  /** The one word contexts and tests go by. */
  readonly state: string;
}

const NAME = 'Hephaestus';

/** What to show for a server in this state; `status` is the last thing it said, if it said anything yet. */
export function statusText(process: Process, status: Status | undefined): StatusText {
  switch (process.kind) {
    case 'starting':
      return plain('starting', '$(sync~spin)', '', l10n.t('The server is starting.'));
    case 'missing':
      return plain('missing', '$(error)', '', l10n.t('The program `hephaestus` was not found.'), 'error');
    case 'stopped':
      return plain('stopped', '$(circle-slash)', '', l10n.t('The server is not running.'));
    case 'failed':
      return plain('error', '$(error)', '', process.message, 'error');
    case 'running':
      return status === undefined
        ? plain('starting', '$(sync~spin)', '', l10n.t('The server is starting.'))
        : running(status);
  }
}

function running(status: Status): StatusText {
  const { icon, words, background } = look(status);
  const lines = [status.message, counts(status)];
  if (status.degraded !== undefined) lines.push(l10n.t('Less protection than there could be: {0}', status.degraded));
  return {
    text: joined(icon, words),
    tooltip: markdown(lines),
    background: background ?? (status.degraded === undefined ? undefined : 'warning'),
    state: status.state,
  };
}

interface Look {
  readonly icon: string;
  readonly words: string;
  readonly background?: 'error' | 'warning';
}

function look(status: Status): Look {
  const proven = status.proven > 0 ? l10n.t('{0} proven', status.proven) : '';
  switch (status.state) {
    case 'idle':
      return { icon: '$(hephaestus-anvil)', words: proven };
    case 'indexing':
      return { icon: '$(sync~spin)', words: l10n.t('indexing') };
    case 'forging':
      return { icon: '$(loading~spin)', words: forging(status) };
    case 'paused':
      return {
        icon: '$(debug-pause)',
        words: status.reason === 'typing' ? l10n.t('paused while you type') : l10n.t('paused'),
      };
    case 'untrusted':
      return { icon: '$(workspace-untrusted)', words: l10n.t('not trusted') };
    case 'error':
      return { icon: '$(error)', words: '', background: 'error' };
    default:
      // A newer server's word: its message says what it means.
      return { icon: '$(hephaestus-anvil)', words: status.state };
  }
}

function forging(status: Status): string {
  const { done, total } = status;
  if (done === undefined || total === undefined || total === 0) return l10n.t('forging');
  return l10n.t('forging {0} of {1}', Math.min(done + 1, total), total);
}

function counts(status: Status): string {
  const goals = status.goals === 1 ? l10n.t('1 goal in open files') : l10n.t('{0} goals in open files', status.goals);
  const proven =
    status.proven === 1 ? l10n.t('1 proven improvement') : l10n.t('{0} proven improvements', status.proven);
  return `${proven} · ${goals}`;
}

function plain(state: string, icon: string, words: string, message: string, background?: 'error'): StatusText {
  return { text: joined(icon, words), tooltip: markdown([message]), background, state };
}

function joined(icon: string, words: string): string {
  return words === '' ? `${icon} ${NAME}` : `${icon} ${NAME}: ${words}`;
}

/** The tooltip: a heading, what there is to say, and what a click does. Texts of the server are no markup. */
function markdown(lines: readonly string[]): string {
  const said = lines.filter((line) => line !== '').map(escapeMarkdown);
  return [`**${NAME}**`, ...said, `_${l10n.t('Click for what can be done')}_`].join('\n\n');
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\*_{}[\]()#+\-.!|<>~$]/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}
