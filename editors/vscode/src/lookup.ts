// Where the server's program is. It must not start it, and must not import the editor's API.
import * as path from 'node:path';

/** What the search may look at. */
export interface Surroundings {
  /** The setting `hephaestus.server.path`; empty when it is not set. */
  readonly setting: string;
  /** The extension's own folder, in which a server may be packaged. */
  readonly extensionFolder: string;
  /** The first folder that is open: what a relative setting is relative to. */
  readonly workspaceFolder: string | undefined;
  readonly homeFolder: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a path is a program. */
  readonly isProgram: (file: string) => boolean;
}

/** What the search came to. */
export type Found =
  | { readonly kind: 'found'; readonly file: string; readonly from: 'setting' | 'packaged' | 'path' }
  | { readonly kind: 'missing'; readonly looked: readonly string[]; readonly isSet: boolean };

/**
 * The server's program: the setting's, else the packaged one, else the first on `PATH`. A setting that leads nowhere is
 * not gone past: whoever sets it wants that program and no other.
 */
export function findServer(around: Surroundings): Found {
  if (around.setting !== '') return bySetting(around);
  const name = around.platform === 'win32' ? 'hephaestus.exe' : 'hephaestus';
  const packaged = path.join(around.extensionFolder, 'server', name);
  if (around.isProgram(packaged)) return { kind: 'found', file: packaged, from: 'packaged' };
  const onPath = searchPath(around, [name]);
  if (onPath !== undefined) return { kind: 'found', file: onPath, from: 'path' };
  return { kind: 'missing', looked: [packaged, `PATH: ${name}`], isSet: false };
}

function bySetting(around: Surroundings): Found {
  const wanted = expand(around.setting, around);
  if (!/[\\/]/.test(wanted)) {
    const names = around.platform === 'win32' && !wanted.endsWith('.exe') ? [wanted, `${wanted}.exe`] : [wanted];
    const onPath = searchPath(around, names);
    if (onPath !== undefined) return { kind: 'found', file: onPath, from: 'setting' };
    return { kind: 'missing', looked: [`PATH: ${wanted}`], isSet: true };
  }
  const file = path.isAbsolute(wanted) ? wanted : path.resolve(around.workspaceFolder ?? around.homeFolder, wanted);
  if (around.isProgram(file)) return { kind: 'found', file, from: 'setting' };
  return { kind: 'missing', looked: [file], isSet: true };
}

/** `~`, `${userHome}`, `${workspaceFolder}` and `${env:NAME}` in a setting. */
export function expand(text: string, around: Pick<Surroundings, 'homeFolder' | 'workspaceFolder' | 'env'>): string {
  return text
    .replace(/^~(?=$|[\\/])/, () => around.homeFolder)
    .replaceAll('${userHome}', () => around.homeFolder)
    .replaceAll('${workspaceFolder}', (whole) => around.workspaceFolder ?? whole)
    .replace(/\$\{env:([^}]+)\}/g, (_, name: string) => around.env[name] ?? '');
}

function searchPath(around: Surroundings, names: readonly string[]): string | undefined {
  const isWindows = around.platform === 'win32';
  const list = isWindows ? (around.env['PATH'] ?? around.env['Path'] ?? '') : (around.env['PATH'] ?? '');
  for (const folder of list.split(isWindows ? ';' : ':')) {
    // A relative entry would run a program of whatever folder happens to be open.
    if (folder === '' || !path.isAbsolute(folder)) continue;
    const found = names.map((name) => path.join(folder, name)).find((file) => around.isProgram(file));
    if (found !== undefined) return found;
  }
  return undefined;
}
