// Which settings go to the server: those that somebody set. It must not import the editor's API.

/** What the editor knows about one key. */
export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

/** Sections of ours that are about this extension, not about the server's behaviour. */
const OWN_SECTIONS: ReadonlySet<string> = new Set(['server', 'trace']);

/** The keys of the server among those a manifest contributes, without the leading `hephaestus.`. */
export function serverKeys(contributed: Iterable<string>): string[] {
  return [...contributed]
    .filter((key) => key.startsWith('hephaestus.'))
    .map((key) => key.slice('hephaestus.'.length))
    .filter((key) => !OWN_SECTIONS.has(key.split('.')[0] ?? ''));
}

/**
 * The values that were set, as objects within objects. Defaults are left out: they would win over `hephaestus.toml`. In a
 * workspace that is not trusted, what it says itself about `restricted` keys is left out too.
 */
export function explicitSettings(
  keys: Iterable<string>,
  inspect: (key: string) => Inspected | undefined,
  restricted: ReadonlySet<string>,
  isTrusted: boolean,
): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const key of keys) {
    const found = inspect(key);
    if (found === undefined) continue;
    const fromWorkspace = found.workspaceFolderValue ?? found.workspaceValue;
    const isCounted = isTrusted || !restricted.has(key);
    const value = (isCounted ? fromWorkspace : undefined) ?? found.globalValue;
    if (value !== undefined && value !== null) put(settings, key.split('.'), value);
  }
  return settings;
}

function put(settings: Record<string, unknown>, parts: readonly string[], value: unknown): void {
  let within = settings;
  for (const part of parts.slice(0, -1)) {
    within = (within[part] ??= {}) as Record<string, unknown>;
  }
  const last = parts.at(-1);
  if (last !== undefined) within[last] = value;
}
