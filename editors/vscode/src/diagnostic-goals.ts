// The goals as far as diagnostics tell of them, for servers that do not answer `hephaestus/goals`. It must not import
// the editor's API.
import type { Goal, GoalFile, GoalState, Stretch } from './protocol.js';

/** What a diagnostic of ours says; the language client leaves the server's `data` on it. */
export interface Told {
  readonly message: string;
  readonly source?: string | undefined;
  readonly code?: string | number | { readonly value: string | number } | undefined;
  readonly range: Stretch;
  readonly data?: unknown;
}

/** A file, with what was said about it. */
export interface ToldFile {
  readonly uri: string;
  readonly path: string;
  readonly folder: string;
  readonly told: readonly Told[];
}

/** How a diagnostic's message says that something is proven: see the manual's page about the protocol. */
const PROVEN = /^(?<title>.*?) \(proven improvement: (?<detail>.*)\)$/s;

/** The goals of these files; files without any are left out. */
export function goalsOfDiagnostics(files: readonly ToldFile[]): GoalFile[] {
  return files
    .map(({ told, ...file }): GoalFile => ({ ...file, goals: told.flatMap((one) => goalOf(one) ?? []) }))
    .filter((file) => file.goals.length > 0);
}

function goalOf(told: Told): Goal | undefined {
  const id = (told.data as { goal?: unknown } | null | undefined)?.goal;
  if (told.source !== 'hephaestus' || typeof id !== 'string') return undefined;
  const rule = String(typeof told.code === 'object' ? told.code.value : (told.code ?? ''));
  const proven = PROVEN.exec(told.message)?.groups;
  const state: GoalState = proven === undefined ? 'open' : 'proven';
  return {
    id,
    title: proven?.['title'] ?? told.message,
    rule,
    kind: '',
    range: told.range,
    state,
    detail: proven?.['detail'] ?? '',
  };
}
