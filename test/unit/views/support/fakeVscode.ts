/**
 * Stands for the editor in unit tests, as the module `vscode`: as much of it as the parts under test use. What a person
 * or the editor does is done by {@link editor}.
 */
import { join } from 'node:path/posix';
import type * as vscode from 'vscode';

export class Disposable {
  static from(...all: readonly { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const each of all) each.dispose();
    });
  }

  constructor(readonly dispose: () => void) {}
}

export class EventEmitter<T> {
  private readonly listeners = new Set<(value: T) => unknown>();

  readonly event = (listener: (value: T) => unknown): Disposable => {
    this.listeners.add(listener);
    return new Disposable(() => this.listeners.delete(listener));
  };

  fire(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }

  dispose(): void {
    this.listeners.clear();
  }
}

export class Uri {
  static file(path: string): Uri {
    return new Uri('file', path);
  }

  static parse(text: string): Uri {
    return new Uri(text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1));
  }

  static from({ scheme, path, query }: { scheme: string; path: string; query: string }): Uri {
    return new Uri(scheme, path, query);
  }

  static joinPath({ scheme, path }: Uri, ...names: readonly string[]): Uri {
    return new Uri(scheme, join(path, ...names));
  }

  constructor(
    readonly scheme: string,
    readonly path: string,
    readonly query = '',
  ) {}

  get fsPath(): string {
    return this.path;
  }

  toString(): string {
    return `${this.scheme}:${this.path}${this.query === '' ? '' : `?${this.query}`}`;
  }
}

export class RelativePattern {
  constructor(
    readonly base: Uri,
    readonly pattern: string,
  ) {}
}

export class ThemeIcon {
  constructor(readonly id: string) {}
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class TreeItem {
  constructor(
    readonly label: string,
    readonly collapsibleState: number,
  ) {}
}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };

export class MarkdownString {
  constructor(readonly value: string) {}
}

const copied: string[] = [];
const saidBriefly: string[] = [];

export const env = {
  language: 'en',
  clipboard: {
    writeText: (text: string): Promise<void> => {
      copied.push(text);
      return Promise.resolve();
    },
  },
};

export const QuickPickItemKind = { Separator: -1, Default: 0 };

const foldersChanged = new EventEmitter<void>();
const trustGranted = new EventEmitter<void>();
const configurationChanged = new EventEmitter<{ affectsConfiguration(section: string): boolean }>();
const registered = new Map<string, (...args: readonly unknown[]) => unknown>();
const settings = new Map<string, unknown>();
/** Those of the workspace, which nobody here asks for by the names alone. */
const workspaceSettings = new Map<string, unknown>();
const contexts = new Map<string, unknown>();
const said: string[] = [];

export const commands = {
  registerCommand(name: string, run: (...args: readonly unknown[]) => unknown): Disposable {
    registered.set(name, run);
    return new Disposable(() => registered.delete(name));
  },
  executeCommand(name: string, ...args: readonly unknown[]): Promise<unknown> {
    if (name === 'setContext') contexts.set(String(args[0]), args[1]);
    return Promise.resolve(registered.get(name)?.(...args));
  },
};

const offered: (readonly string[])[] = [];
const failures: string[] = [];

/** What the next messages are answered with. */
const presses: string[] = [];

const say = (message: string, ...actions: readonly string[]): Promise<string | undefined> => {
  said.push(message);
  offered.push(actions);
  return Promise.resolve(presses.shift());
};

type Task<T> = (
  progress: { report(): void },
  token: { readonly onCancellationRequested: vscode.Event<void> },
) => Promise<T>;

interface ShownPick {
  readonly items: readonly Partial<vscode.QuickPickItem>[];
  readonly activeItems: readonly Partial<vscode.QuickPickItem>[];
}
const shownPicks: ShownPick[] = [];
/** What is picked next of the items, in order. */
const picks: ((items: ShownPick['items']) => unknown)[] = [];
/** What is typed next, in order. */
const typed: string[] = [];
/** What is chosen next in a dialog, in order. */
const chosenFolders: Uri[] = [];
/** In the status bar for good, in order. */
const statusItems: { text: string; tooltip: string }[] = [];
/** Long work is cancelled. */
const cancelled = new EventEmitter<void>();
/** Titles of long work that can be cancelled, in order. */
const shownWork: string[] = [];

export const ConfigurationTarget = { Global: 1, Workspace: 2 };
export const ProgressLocation = { Notification: 15 };
export const StatusBarAlignment = { Left: 1 };
export const ViewColumn = { Beside: -2, Active: -1 };

export const FileType = { Unknown: 0, File: 1, Directory: 2, SymbolicLink: 64 };
export const TextEditorRevealType = { InCenter: 1, AtTop: 3 };

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}

export class Range {
  constructor(
    readonly startLine: number,
    readonly startCharacter: number,
    readonly endLine: number,
    readonly endCharacter: number,
  ) {}
}

export class Location {
  constructor(
    readonly uri: Uri,
    readonly range: Position,
  ) {}
}

export class LanguageModelTextPart {
  constructor(readonly value: string) {}
}

export class LanguageModelToolResult {
  constructor(readonly content: readonly unknown[]) {}
}

export class DocumentLink {
  tooltip: string | undefined;

  constructor(
    readonly range: Range,
    readonly target: Uri,
  ) {}
}

export class CodeLens {
  constructor(
    readonly range: Range,
    readonly command: vscode.Command,
  ) {}
}

export class DocumentSymbol {
  constructor(
    readonly name: string,
    readonly detail: string,
    readonly kind: number,
    readonly range: Range,
    readonly selectionRange: Range,
  ) {}
}

export const SymbolKind = { Key: 19, Event: 23 };
export const EndOfLine = { LF: 1, CRLF: 2 };

export class TabInputCustom {
  readonly viewType = '';
}

export class TabInputText {
  constructor(readonly uri: Uri) {}
}

/** A view of rows, seen by the reader, in which nobody selects anything. */
export class TreeView {
  readonly visible = true;
  readonly selection: readonly unknown[] = [];
  description = '';
  /** Rows that it was made to show and select, in order. */
  readonly revealed: vscode.TreeItem[] = [];
  readonly onDidChangeSelection = new EventEmitter<{ readonly selection: readonly unknown[] }>().event;

  constructor(private readonly provider: vscode.TreeDataProvider<unknown>) {}

  /** The rows that are not below others. */
  get rows(): readonly vscode.TreeItem[] {
    return (this.provider.getChildren() as readonly unknown[]).map((row) => this.itemOf(row));
  }

  reveal(row: unknown): Promise<void> {
    this.revealed.push(this.itemOf(row));
    return Promise.resolve();
  }

  readonly dispose = (): void => undefined;

  private itemOf(row: unknown): vscode.TreeItem {
    return this.provider.getTreeItem(row) as vscode.TreeItem;
  }
}
/** What files hold, by their paths. */
const files = new Map<string, Uint8Array>();
/** Folders with nothing in them, as that of a drive that is away. */
const emptyFolders = new Set<string>();
/** Paths at which nothing can be read, and it cannot be said what is there. */
const unreachable = new Set<string>();

export class FileSystemError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

function absent(path: string): Promise<never> {
  return Promise.reject(new FileSystemError(unreachable.has(path) ? 'Unavailable' : 'FileNotFound'));
}

function entriesOf(folder: string): readonly string[] {
  return [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
}
/** Addresses of the texts that were shown, in order. */
const shownTexts: Uri[] = [];
const treeViews = new Map<string, TreeView>();

const tabGroup = { viewColumn: 1, activeTab: undefined };

export const window = {
  showErrorMessage: (message: string, ...actions: readonly string[]): Promise<string | undefined> => {
    failures.push(message);
    return say(message, ...actions);
  },
  showWarningMessage: say,
  showInformationMessage: say,
  setStatusBarMessage: (text: string): Disposable => {
    saidBriefly.push(text);
    return new Disposable(() => undefined);
  },
  tabGroups: { all: [tabGroup], activeTabGroup: tabGroup },
  showTextDocument: ({ uri }: { readonly uri: Uri }): Promise<void> => {
    shownTexts.push(uri);
    return Promise.resolve();
  },
  createTreeView: (
    id: string,
    { treeDataProvider }: { readonly treeDataProvider: vscode.TreeDataProvider<unknown> },
  ): TreeView => {
    const view = new TreeView(treeDataProvider);
    treeViews.set(id, view);
    return view;
  },
  withProgress: <T>({ title }: { title?: string }, task: Task<T>): Promise<T> => {
    if (title !== undefined) shownWork.push(title);
    return task({ report: () => undefined }, { onCancellationRequested: cancelled.event });
  },
  createStatusBarItem: () => {
    const item = {
      text: '',
      tooltip: '',
      show: (): void => undefined,
      hide: (): void => undefined,
      dispose: (): void => undefined,
    };
    statusItems.push(item);
    return item;
  },
  createQuickPick: () => {
    const [value, accept, hide] = [
      new EventEmitter<string>(),
      new EventEmitter<void>(),
      new EventEmitter<void>(),
    ];
    const pick = {
      items: [] as ShownPick['items'],
      activeItems: [] as ShownPick['items'],
      selectedItems: [] as unknown[],
      onDidChangeValue: value.event,
      onDidAccept: accept.event,
      onDidHide: hide.event,
      show: (): void => {
        shownPicks.push(pick);
        pick.selectedItems = picks.splice(0, 1).map((picked) => picked(pick.items));
        accept.fire();
      },
      hide: (): void => {
        hide.fire();
      },
      dispose: (): void => undefined,
    };
    return pick;
  },
  showQuickPick: (items: ShownPick['items']): Promise<undefined> => {
    shownPicks.push({ items, activeItems: [] });
    return Promise.resolve(undefined);
  },
  showInputBox: (): Promise<string | undefined> => Promise.resolve(typed.shift()),
  showOpenDialog: (): Promise<readonly Uri[]> => Promise.resolve(chosenFolders.splice(0, 1)),
};

export const workspace = {
  isTrusted: true,
  workspaceFolders: undefined as readonly { readonly uri: Uri }[] | undefined,
  fs: {
    stat: ({ path }: Uri): Promise<Pick<vscode.FileStat, 'type' | 'size'>> => {
      const bytes = files.get(path);
      if (bytes !== undefined) return Promise.resolve({ type: FileType.File, size: bytes.length });
      return entriesOf(path).length > 0
        ? Promise.resolve({ type: FileType.Directory, size: 0 })
        : absent(path);
    },
    readDirectory: ({ path }: Uri): Promise<readonly string[]> => {
      const entries = entriesOf(path);
      return entries.length > 0 || emptyFolders.has(path) ? Promise.resolve(entries) : absent(path);
    },
    readFile: ({ path }: Uri): Promise<Uint8Array> => {
      const bytes = files.get(path);
      return bytes === undefined ? absent(path) : Promise.resolve(bytes);
    },
    isWritableFileSystem: (): undefined => undefined,
  },
  getConfiguration: () => ({
    get: (name: string): unknown => settings.get(name),
    inspect: (name: string) => ({
      globalValue: settings.get(name),
      workspaceValue: workspaceSettings.get(name),
    }),
    update: (name: string, value: unknown, target: number): Promise<void> => {
      (target === ConfigurationTarget.Global ? settings : workspaceSettings).set(name, value);
      return Promise.resolve();
    },
  }),
  openTextDocument: (uri: Uri) => Promise.resolve({ uri }),
  createFileSystemWatcher: () => ({
    onDidChange: new EventEmitter<Uri>().event,
    onDidCreate: new EventEmitter<Uri>().event,
    onDidDelete: new EventEmitter<Uri>().event,
    dispose: (): void => undefined,
  }),
  registerTextDocumentContentProvider: () => new Disposable(() => undefined),
  onDidCloseTextDocument: new EventEmitter<vscode.TextDocument>().event,
  onDidChangeWorkspaceFolders: foldersChanged.event,
  onDidGrantWorkspaceTrust: trustGranted.event,
  onDidChangeConfiguration: configurationChanged.event,
};

export const l10n = {
  bundle: undefined,
  t(given: string | { readonly message: string }, ...args: readonly (string | number)[]): string {
    const text = typeof given === 'string' ? given : given.message;
    return text.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)]));
  },
};

/** What persons do in the editor, and what they are told there. */
export const editor = {
  /** Messages of any kind, in order. */
  said,
  /** Those of them that tell of an error. */
  failures,
  /** Buttons of these, in order. */
  offered,
  /** What was put on the clipboard, in order. */
  copied,
  /** In the status bar, in order. */
  saidBriefly,
  shownTexts,
  files,
  emptyFolders,
  unreachable,
  /** Views of rows that were made last, by id. */
  treeViews,
  /** By the key that `when` clauses ask for. */
  contexts,
  run: (command: string, ...args: readonly unknown[]): Promise<unknown> =>
    commands.executeCommand(command, ...args),
  shownWork,
  statusItems,
  /** What the next message is answered with. */
  press(action: string): void {
    presses.push(action);
  },
  /** What the next quick pick is answered with. */
  pick(item: unknown): void {
    picks.push(() => item);
  },
  pickLabelled(wanted: string): void {
    picks.push((items) => items.find(({ label }) => label === wanted));
  },
  /** What the next input box is answered with. */
  type(text: string): void {
    typed.push(text);
  },
  /** What the next dialog is answered with. */
  chooseFolder(folder: Uri): void {
    chosenFolders.push(folder);
  },
  userSetting: (name: string): unknown => settings.get(name),
  workspaceSettings,
  /** Quick picks that were shown, in order. */
  shownPicks,
  openFolders(...folders: readonly string[]): void {
    workspace.workspaceFolders = folders.map((folder) => ({ uri: Uri.file(folder) }));
  },
  /** Folders of any file system. */
  openUris(...uris: readonly Uri[]): void {
    workspace.workspaceFolders = uris.map((uri) => ({ uri }));
  },
  cancelWork(): void {
    cancelled.fire();
  },
  set(setting: string, value: unknown): void {
    settings.set(setting, value);
    configurationChanged.fire({ affectsConfiguration: (section) => section === setting });
  },
  /** Folders come and go; which, nobody here looks at. */
  changeFolders(): void {
    foldersChanged.fire();
  },
  distrust(): void {
    workspace.isTrusted = false;
  },
  trust(): void {
    workspace.isTrusted = true;
    trustGranted.fire();
  },
  /** As if nothing of all this had been. */
  reset(): void {
    workspace.isTrusted = true;
    workspace.workspaceFolders = undefined;
    shownPicks.length = 0;
    settings.clear();
    workspaceSettings.clear();
    chosenFolders.length = 0;
    contexts.clear();
    said.length = 0;
    offered.length = 0;
    presses.length = 0;
    statusItems.length = 0;
    failures.length = 0;
    copied.length = 0;
    saidBriefly.length = 0;
    shownWork.length = 0;
    shownTexts.length = 0;
    files.clear();
    emptyFolders.clear();
    unreachable.clear();
    treeViews.clear();
  },
};

/** A log that nobody reads. */
export function silentLog(): vscode.LogOutputChannel {
  const ignore = (): void => undefined;
  return {
    name: '',
    logLevel: 3,
    onDidChangeLogLevel: new EventEmitter<vscode.LogLevel>().event,
    ...{ trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
    ...{ append: ignore, appendLine: ignore, replace: ignore, clear: ignore },
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- one of its two forms is
    ...{ show: ignore, hide: ignore, dispose: ignore },
  };
}

/** What an extension keeps of a workspace. */
export class KeptState implements vscode.Memento {
  private readonly values = new Map<string, unknown>();

  keys(): readonly string[] {
    return [...this.values.keys()];
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- so it is in the editor
  get<T>(key: string): T | undefined {
    return this.values.get(key) as T | undefined;
  }

  update(key: string, value: unknown): Promise<void> {
    this.values.set(key, value);
    return Promise.resolve();
  }
}

export const languages = {
  registerDocumentLinkProvider: () => new Disposable(() => undefined),
  registerCodeLensProvider: () => new Disposable(() => undefined),
  registerDocumentSymbolProvider: () => new Disposable(() => undefined),
};
