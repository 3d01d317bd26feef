/**
 * Which debug info frames are looked up in: what is chosen in this workspace, else what the settings say, else what the
 * engine finds where builds and distributions put it.
 */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import type { DebugInfoFacts, EngineApi, LookedPlace, RequestOptions } from '../engine/protocol';
import type { PathMapping } from '../source/sourcePaths';
import { isCancel, showFailure } from './failures';
import { warn } from './notifications';
import { pickPath, type PathItem } from './pickPath';

const VMLINUX = { memory: 'vmlinux', setting: 'pageHolders.vmlinux' } as const;
const MODULES = { memory: 'modules', setting: 'pageHolders.modules' } as const;
const SOURCE_PATH_MAP = 'pageHolders.sourcePathMap';
const SETTINGS = [VMLINUX.setting, MODULES.setting, SOURCE_PATH_MAP];

type Chosen = typeof VMLINUX | typeof MODULES;

export class DebugInfoChoice implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** The engine has to be told again. */
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable;
  /** What was chosen before the newest choice, until the engine has taken that. */
  private former: { readonly memory: string; readonly path: string | undefined } | null = null;

  constructor(
    private readonly engine: EngineApi,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
    /** Absolute name of a file or folder that stands in the settings. */
    readonly absolutePath: (given: string) => string,
  ) {
    const { registerCommand } = vscode.commands;
    this.subscriptions = vscode.Disposable.from(
      this.changed,
      registerCommand('pageHolders.chooseVmlinux', () => this.chooseVmlinux()),
      registerCommand('pageHolders.chooseModules', () => this.chooseModules()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (SETTINGS.some((setting) => event.affectsConfiguration(setting))) this.changed.fire();
      }),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  /** The vmlinux that is chosen, or null. */
  get vmlinux(): string | null {
    return this.chosenPath(VMLINUX) ?? null;
  }

  /** Tells the engine what is chosen; what cannot be used is told to people, and what was chosen before is used again. */
  async apply(options: RequestOptions): Promise<void> {
    const { vmlinux } = this;
    const modules = this.chosenPath(MODULES) ?? null;
    try {
      const facts = await this.engine.setDebugInfo(
        { vmlinux, modules, sourcePathMap: this.sourcePathMap() },
        options,
      );
      if (facts.vmlinux !== null) {
        this.log.info(`vmlinux: ${facts.vmlinux}, release ${facts.release ?? 'unknown'}`);
      }
      this.former = null;
    } catch (error) {
      showFailure(this.log, error);
      const { former } = this;
      this.former = null;
      if (former === null || isCancel(error)) return;
      await this.memory.update(former.memory, former.path);
      await this.apply(options);
    }
  }

  /** Path in the settings; relative ones are taken from the first open folder. An untrusted workspace's is not read. */
  configuredPath(setting: string): string | undefined {
    const given = vscode.workspace.getConfiguration().get<string>(setting)?.trim();
    return given === undefined || given === '' ? undefined : this.absolutePath(given);
  }

  /** Entries that are no pair of texts are left out: a setting is what somebody typed. */
  private sourcePathMap(): readonly PathMapping[] {
    const setting: unknown = vscode.workspace.getConfiguration().get(SOURCE_PATH_MAP);
    if (typeof setting !== 'object' || setting === null) return [];
    return Object.entries(setting).flatMap(([from, to]: [string, unknown]) =>
      typeof to === 'string' && to.trim() !== '' ? [{ from, to: this.absolutePath(to.trim()) }] : [],
    );
  }

  private chosenPath({ memory, setting }: Chosen): string | undefined {
    return this.memory.get<string>(memory) ?? this.configuredPath(setting);
  }

  private async chooseVmlinux(): Promise<void> {
    const facts = await this.facts();
    const items: PathItem[] = [
      ...inUse(
        facts?.vmlinux,
        facts?.isChosen === true
          ? vscode.l10n.t('in use, chosen')
          : vscode.l10n.t('in use, found, as none is chosen'),
      ),
      ...(await openVmlinux())
        .filter((file) => file !== facts?.vmlinux)
        .map((file) => fileItem(file, vscode.l10n.t('in an open folder'))),
    ];
    await this.pick(VMLINUX, items, lookedItems(facts), {
      title: vscode.l10n.t('vmlinux of the Traced Kernel'),
      placeHolder: vscode.l10n.t(
        'The file with its debug info: lines become exact, and inlined functions are shown',
      ),
      automatic: vscode.l10n.t(
        'the setting {0}, or one that is shown to be of an open capture',
        VMLINUX.setting,
      ),
      dialog: { canSelectFiles: true, canSelectFolders: false },
    });
  }

  private async chooseModules(): Promise<void> {
    const facts = await this.facts();
    const items = (facts?.modules ?? []).map((folder) => fileItem(folder, vscode.l10n.t('in use')));
    await this.pick(MODULES, items, [], {
      title: vscode.l10n.t('Modules of the Traced Kernel'),
      placeHolder: vscode.l10n.t(
        'The folder with NAME.ko.debug or NAME.ko and their debug info, searched with its subfolders',
      ),
      automatic: vscode.l10n.t('the setting {0}, or where those of the vmlinux usually are', MODULES.setting),
      dialog: { canSelectFiles: false, canSelectFolders: true },
    });
  }

  private async pick(
    chosen: Chosen,
    items: readonly PathItem[],
    looked: readonly PathItem[],
    said: {
      readonly title: string;
      readonly placeHolder: string;
      readonly automatic: string;
      readonly dialog: vscode.OpenDialogOptions;
    },
  ): Promise<void> {
    const { title } = said;
    const browse: PathItem = {
      label: vscode.l10n.t('Browse…'),
      iconPath: new vscode.ThemeIcon('folder-opened'),
    };
    const automatic: PathItem = {
      label: vscode.l10n.t('Automatic'),
      description: said.automatic,
      choice: { path: undefined },
    };
    const all = [...items, browse, automatic, ...looked];
    const picked = await pickPath(all, said, this.absolutePath);
    if (picked === undefined) return;
    if (picked.choice !== undefined) return this.remember(chosen, picked.choice.path);
    const [uri] =
      (await vscode.window.showOpenDialog({ title, openLabel: vscode.l10n.t('Choose'), ...said.dialog })) ??
      [];
    if (uri === undefined) return;
    if (uri.scheme === 'file') return this.remember(chosen, uri.fsPath);
    void warn(
      vscode.l10n.t(
        '{0} cannot be used: debug info is read from files of this machine alone.',
        uri.toString(),
      ),
    );
  }

  private async remember({ memory }: Chosen, file: string | undefined): Promise<void> {
    this.former = { memory, path: this.memory.get<string>(memory) };
    await this.memory.update(memory, file);
    this.changed.fire();
  }

  private async facts(): Promise<DebugInfoFacts | null> {
    try {
      return await this.engine.debugInfo({});
    } catch (error) {
      showFailure(this.log, error);
      return null;
    }
  }
}

function inUse(file: string | null | undefined, how: string): PathItem[] {
  return file === null || file === undefined ? [] : [fileItem(file, how)];
}

function fileItem(file: string, description: string): PathItem {
  return { label: baseName(file), description, detail: file, choice: { path: file } };
}

/** What was looked for, and what was there: to see why none is in use, or to take one all the same. */
function lookedItems(facts: DebugInfoFacts | null): PathItem[] {
  const looked = (facts?.looked ?? []).filter((place) => place.path !== facts?.vmlinux);
  if (looked.length === 0) return [];
  const separator: PathItem = {
    label: vscode.l10n.t('Looked for'),
    kind: vscode.QuickPickItemKind.Separator,
  };
  const there = looked.filter(({ isMissing }) => !isMissing);
  const missing = looked.filter(({ isMissing }) => isMissing);
  return [separator, ...there.map(lookedItem), ...missingItems(missing)];
}

function lookedItem({ path, found }: LookedPlace): PathItem {
  return fileItem(path, found);
}

/** Most of the places have none: one row says where. */
function missingItems(places: readonly LookedPlace[]): PathItem[] {
  if (places.length < 2) return places.map(lookedItem);
  const label = vscode.l10n.t('No vmlinux in {0} places', places.length);
  return [{ label, detail: places.map(({ path }) => path).join('   '), folded: places.map(lookedItem) }];
}

/** Files named vmlinux at the root of the open folders. */
async function openVmlinux(): Promise<readonly string[]> {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  const files = folders.map(({ uri }) => vscode.Uri.joinPath(uri, 'vmlinux'));
  const there = await Promise.allSettled(files.map((file) => vscode.workspace.fs.stat(file)));
  return files.filter((_, index) => there[index]?.status === 'fulfilled').map((file) => file.fsPath);
}
