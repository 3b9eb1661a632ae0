// The life of the server: found, started, restarted, asked. It must not show anything but what starting needs help with.
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';

import * as vscode from 'vscode';
import type { LanguageClient, LanguageClientOptions, State } from 'vscode-languageclient/node';

import type * as library from './client.js';
import { findServer, expand, type Found } from './lookup.js';
import {
  evidenceOf,
  METHOD_NOT_FOUND,
  METHODS,
  SERVER_COMMANDS,
  type Evidence,
  type GoalsAnswer,
  type Status,
} from './protocol.js';
import { explicitSettings, serverKeys } from './settings.js';
import type { Process } from './status-text.js';

/** The languages there are rules for; files of others are not told to the server. */
const LANGUAGES = [
  'python',
  'javascript',
  'javascriptreact',
  'typescript',
  'typescriptreact',
  'rust',
  'go',
  'java',
  'c',
  'cpp',
];

/** Directives are told by their names: their languages are everybody's. */
const DIRECTIVES = '**/*.forge.{md,toml,yaml,yml}';

/** The library, which is read only when a server is to be started. */
type Library = typeof library;

/** What the client does instead of the server when a command is run. */
export type Intercept = (command: string, args: unknown[]) => Promise<unknown> | undefined;

interface Manifest {
  readonly contributes: { readonly configuration: { readonly properties: Readonly<Record<string, unknown>> } };
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
  };
}

/** One server for all folders of the window. */
export class Session implements vscode.Disposable {
  readonly output = vscode.window.createOutputChannel('Hephaestus', { log: true });
  readonly trace = vscode.window.createOutputChannel('Hephaestus Trace', { log: true });

  private readonly changed = new vscode.EventEmitter<void>();
  private readonly goalsMoved = new vscode.EventEmitter<void>();
  /** The process or what it says of itself is another. */
  readonly onDidChange = this.changed.event;
  /** What `goals` answers may be different now. */
  readonly onGoalsChanged = this.goalsMoved.event;

  private client: LanguageClient | undefined;
  private currentProcess: Process = { kind: 'stopped' };
  private lastStatus: Status | undefined;
  private isStopping = false;
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly intercept: Intercept,
  ) {}

  get process(): Process {
    return this.currentProcess;
  }

  get status(): Status | undefined {
    return this.lastStatus;
  }

  get isRunning(): boolean {
    return this.currentProcess.kind === 'running';
  }

  /** Where the server's program is, by the settings of now. */
  locate(): Found {
    const workspaceFolder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    return findServer({
      setting: own().get<string>('path', '').trim(),
      extensionFolder: this.context.extensionPath,
      workspaceFolder,
      homeFolder: homedir(),
      platform: process.platform,
      env: { ...process.env, ...this.environment() },
      isProgram,
    });
  }

  /** What the server's environment has beyond ours, by the setting `hephaestus.server.env`. */
  environment(): Record<string, string> {
    const around = {
      homeFolder: homedir(),
      workspaceFolder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath,
      env: process.env,
    };
    const set = Object.entries(own().get<Record<string, unknown>>('env', {}));
    return Object.fromEntries(set.map(([name, value]) => [name, expand(String(value), around)]));
  }

  /** Starts the server, after whatever is under way with it. */
  start(): Promise<void> {
    return this.next(() => this.startNow());
  }

  /** Stops the server and starts one by the settings of now. */
  restart(): Promise<void> {
    return this.next(async () => {
      await this.stopNow();
      await this.startNow();
    });
  }

  stop(): Promise<void> {
    return this.next(() => this.stopNow());
  }

  private next(step: () => Promise<void>): Promise<void> {
    const result = this.turn.then(step);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async startNow(): Promise<void> {
    if (this.client !== undefined) return;
    const found = this.locate();
    if (found.kind === 'missing') {
      this.output.error(`no server: looked at ${found.looked.join(', ')}`);
      this.become({ kind: 'missing' });
      return;
    }
    this.output.info(`server: ${found.file} (${found.from})`);
    this.become({ kind: 'starting' });
    const client = this.makeClient(await import('./client.js'), found.file);
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.output.error(`the server did not start: ${String(error)}`);
      this.become({ kind: 'failed', message: messageOf(error) });
    }
  }

  private async stopNow(): Promise<void> {
    const client = this.client;
    if (client === undefined) return;
    this.isStopping = true;
    try {
      await client.dispose();
    } catch (error) {
      this.output.warn(`the server did not stop well: ${String(error)}`);
    } finally {
      this.isStopping = false;
      this.client = undefined;
      this.become({ kind: 'stopped' });
    }
  }

  private makeClient(library: Library, command: string): LanguageClient {
    const args = ['lsp', ...own().get<string[]>('args', [])];
    const env = { ...process.env, ...this.environment() };
    const client = new library.LanguageClient(
      'hephaestus',
      'Hephaestus',
      { command, args, options: { env } },
      this.clientOptions(library),
    );
    client.onDidChangeState((event) => {
      this.clientBecame(library, event.newState);
    });
    client.onNotification(METHODS.status, (status: Status) => {
      this.lastStatus = status;
      this.changed.fire();
    });
    client.onNotification(METHODS.goalsChanged, () => {
      this.goalsMoved.fire();
    });
    return client;
  }

  private clientOptions(library: Library): LanguageClientOptions {
    return {
      documentSelector: [
        ...LANGUAGES.map((language) => ({ scheme: 'file', language })),
        { scheme: 'file', pattern: DIRECTIVES },
      ],
      outputChannel: this.output,
      traceOutputChannel: this.trace,
      revealOutputChannelOn: library.RevealOutputChannelOn.Never,
      diagnosticCollectionName: 'hephaestus',
      initializationOptions: () => ({ trusted: vscode.workspace.isTrusted }),
      // The start's own errors are shown by whoever started it.
      initializationFailedHandler: () => false,
      middleware: {
        executeCommand: (command, args: unknown[], next): Promise<unknown> =>
          this.intercept(command, args) ?? Promise.resolve(next(command, args)),
        workspace: {
          configuration: (params, token, next) => {
            const isOurs = params.items.every((item) => item.section === 'hephaestus');
            return isOurs ? params.items.map(() => this.settings()) : next(params, token);
          },
          // Without settings in it the server asks, and is answered by what stands above: set values only.
          didChangeConfiguration: async () => {
            await this.client?.sendNotification('workspace/didChangeConfiguration', { settings: null });
          },
        },
      },
    };
  }

  /** What goes to the server: what was set, and nothing else. */
  private settings(): Record<string, unknown> {
    const manifest = this.context.extension.packageJSON as Manifest;
    const configuration = vscode.workspace.getConfiguration('hephaestus');
    const restricted = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
    return explicitSettings(
      serverKeys(Object.keys(manifest.contributes.configuration.properties)),
      (key) => configuration.inspect(key),
      new Set(restricted.map((key) => key.replace(/^hephaestus\./, ''))),
      vscode.workspace.isTrusted,
    );
  }

  private clientBecame(library: Library, state: State): void {
    if (state === library.State.Running) this.become({ kind: 'running' });
    else if (state === library.State.Starting) this.become({ kind: 'starting' });
    else if (!this.isStopping && this.currentProcess.kind !== 'failed') {
      this.become({ kind: 'failed', message: vscode.l10n.t('The server stopped. Its output says why.') });
    }
  }

  private become(process: Process): void {
    this.currentProcess = process;
    if (process.kind !== 'running') this.lastStatus = undefined;
    this.changed.fire();
    this.goalsMoved.fire();
  }

  /** Runs one of the server's commands. Errors are the server's own sentences. */
  async run(command: string, ...args: unknown[]): Promise<unknown> {
    return this.running().sendRequest('workspace/executeCommand', { command, arguments: args });
  }

  /** Whether the server that runs has a command; older ones lack some. */
  supports(command: string): boolean {
    return this.client?.initializeResult?.capabilities.executeCommandProvider?.commands.includes(command) ?? false;
  }

  /** All goals; nothing when the server is too old to be asked. */
  async goals(): Promise<GoalsAnswer | undefined> {
    return this.ask<GoalsAnswer>(METHODS.goals, {});
  }

  /** The evidence about a goal. An older server's is text only. */
  async evidence(uri: vscode.Uri, goal: string): Promise<Evidence> {
    const client = this.running();
    // The server answers for documents that are open.
    await vscode.workspace.openTextDocument(uri);
    const address = client.code2ProtocolConverter.asUri(uri);
    const answer = await this.ask<Partial<Evidence>>(METHODS.evidence, { uri: address, goal });
    if (answer !== undefined) return evidenceOf(answer);
    const text = (await this.run(SERVER_COMMANDS.showEvidence, address, goal, true)) as { value?: string } | null;
    const markdown = text?.value ?? '';
    return evidenceOf({ goal, title: titleOf(markdown), markdown });
  }

  private async ask<Answer>(method: string, params: object): Promise<Answer | undefined> {
    try {
      return await this.running().sendRequest<Answer>(method, params);
    } catch (error) {
      if ((error as { code?: unknown }).code === METHOD_NOT_FOUND) return undefined;
      throw error;
    }
  }

  private running(): LanguageClient {
    if (this.client === undefined || !this.isRunning) throw new Error(vscode.l10n.t('The server is not running.'));
    return this.client;
  }

  dispose(): void {
    void this.stop().finally(() => {
      this.changed.dispose();
      this.goalsMoved.dispose();
      this.output.dispose();
      this.trace.dispose();
    });
  }
}

function own(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('hephaestus.server');
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, process.platform === 'win32' ? constants.F_OK : constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The first line of a card, without its markup. */
function titleOf(markdown: string): string {
  return (markdown.split('\n', 1)[0] ?? '').replace(/^#+\s*/, '').replaceAll(/[*`]/g, '');
}

/** The sentence of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
