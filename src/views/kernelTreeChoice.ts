/**
 * Which kernel tree frames lead into: the one chosen in this workspace, else the one in the settings, else the first
 * open folder that looks like one.
 */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import type { EngineApi, KernelTreeFacts, ProgressReport, RequestOptions } from '../engine/protocol';
import { isCancel, showFailure } from './failures';
import { nameOf, uriOf } from './fileNames';
import { KIND_RULES_SETTING, KindRuleReport, RULE_FILE, sendKindRules } from './kindRuleSetting';
import type { DebugInfoChoice } from './debugInfoChoice';
import { inform, warn } from './notifications';
import type { OpenCaptures } from './openCaptures';
import { pickPath, type PathItem } from './pickPath';
import { ProgressText } from '../engine/progressText';
import { PROGRESS_WORDS } from './progressWords';
import { joined } from '../engine/wording';
import { CURRENT } from './currentChoice';
import type { ViewMessage } from './viewMessage';

const CHOSEN = 'kernelTree';
/** What was said last of links out of a tree. */
const LINKS_TOLD = 'linksOutTold';
const SETTING = 'pageHolders.kernelTree';
/** What a kernel tree has at its root; the engine looks closer. */
const LANDMARKS = ['Kconfig', 'Makefile', 'include/linux', 'mm'];

export class KernelTreeChoice implements vscode.Disposable {
  private current: KernelTreeFacts | null = null;
  /** Null until the engine was told; the engine starts with the first capture or link, not with the window. */
  private settled: Promise<void> | null = null;
  /** What the engine is told of trees and debug info, one after the other. */
  private telling: Promise<void> = Promise.resolve();
  /** Those that go on, and the opening of debug info: captures that are opened meanwhile bring functions of their own. */
  private readonly lookUps = new Set<AbortController>();
  private readonly subscriptions: vscode.Disposable;
  private readonly kindRules: KindRuleReport;
  /** Watches for rules in the current tree. */
  private ruleFile: vscode.Disposable | null = null;

  constructor(
    private readonly engine: EngineApi,
    private readonly captures: OpenCaptures,
    private readonly debugInfo: DebugInfoChoice,
    private readonly memory: vscode.Memento,
    private readonly message: ViewMessage,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.kindRules = new KindRuleReport(log);
    this.subscriptions = vscode.Disposable.from(
      vscode.commands.registerCommand('pageHolders.chooseKernelTree', () => this.choose()),
      vscode.commands.registerCommand('pageHolders.cancelLookUp', () => {
        for (const lookUp of this.lookUps) lookUp.abort();
      }),
      debugInfo.onDidChange(() => this.updateDebugInfo()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.update()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.update()),
      vscode.workspace.onDidChangeConfiguration((event) =>
        event.affectsConfiguration(SETTING) || event.affectsConfiguration(KIND_RULES_SETTING)
          ? this.update()
          : undefined,
      ),
    );
  }

  /** The tree in use, once the engine has it. */
  async tree(): Promise<KernelTreeFacts | null> {
    this.settled ??= this.tell(() => this.apply());
    await this.settled;
    return this.current;
  }

  /** Whether functions are being looked up: places that are missing may still come. */
  get isLookingUp(): boolean {
    return this.lookUps.size > 0;
  }

  /** The engine is a new one that knows of no tree. */
  engineIsNew(): void {
    this.settled = null;
    this.current = null;
  }

  dispose(): void {
    this.ruleFile?.dispose();
    this.subscriptions.dispose();
  }

  /** Finds out again which tree to use, also when it is the same: its files may have changed. */
  async update(): Promise<void> {
    if (this.settled === null) return;
    await this.tell(() => this.apply());
    await this.lookUpFunctions();
  }

  /** The tree stays what it is: nothing is looked up in it again. */
  private async updateDebugInfo(): Promise<void> {
    if (this.settled === null) return;
    await this.tell(async () => {
      await this.applyDebugInfo();
      await this.askAnew();
    });
    await this.lookUpFunctions();
  }

  /** Has the functions of the open captures looked up; rows of frames wait for it in any case. */
  async lookUpFunctions(): Promise<void> {
    const tree = await this.tree();
    if (this.captures.all.length === 0) return;
    const started = Date.now();
    const ofTree = new ProgressText(baseName(tree?.root ?? ''), PROGRESS_WORDS);
    const ofDebugInfo = new ProgressText(
      vscode.l10n.t({
        message: 'the vmlinux',
        comment: ['Stands for {0} in: Comparing the captures with {0}'],
      }),
      PROGRESS_WORDS,
    );
    const textOf = (report: ProgressReport): string =>
      (report.phase === 'indexing' ? ofTree : ofDebugInfo).of(report);
    try {
      const symbols = await this.shown(textOf, (options) => this.engine.lookUpFunctions({}, options));
      if (symbols === null || tree === null) return;
      const { found, asked, linksOut } = symbols;
      this.log.info(`${found} of ${asked} functions found in ${tree.root}, in ${Date.now() - started} ms`);
      if (linksOut !== '') await this.tellOfLinks(linksOut);
    } catch (error) {
      showFailure(this.log, error);
    } finally {
      await this.askAnew();
    }
  }

  /** Opens the chosen debug info: a packed vmlinux takes some seconds. */
  private async applyDebugInfo(): Promise<void> {
    const { vmlinux } = this.debugInfo;
    if (vmlinux === null) return this.debugInfo.apply({});
    const text = new ProgressText(baseName(vmlinux), PROGRESS_WORDS);
    await this.shown(
      (report) => text.of(report),
      (options) => this.debugInfo.apply(options),
    );
  }

  /** Shows work of the engine in the view for as long as it goes on, with what ends it; rejects as it does. */
  private async shown<T>(
    textOf: (report: ProgressReport) => string,
    work: (options: RequestOptions) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const onProgress = (report: ProgressReport): void => {
      this.message.progress(textOf(report));
    };
    this.lookUps.add(controller);
    setLookingUp(true);
    try {
      const location = { viewId: 'pageHolders.captures' };
      return await vscode.window.withProgress({ location }, () =>
        work({ signal: controller.signal, onProgress }),
      );
    } finally {
      this.lookUps.delete(controller);
      if (!this.isLookingUp) {
        setLookingUp(false);
        this.message.clear();
      }
    }
  }

  /** Once: it stands below the tree in the Captures view. */
  private async tellOfLinks(text: string): Promise<void> {
    if (this.memory.get<string>(LINKS_TOLD) === text) return;
    await this.memory.update(LINKS_TOLD, text);
    this.log.warn(text);
    const choose = vscode.l10n.t('Choose Kernel Tree…');
    void warn(text, choose).then((chosen) => {
      if (chosen === choose) void this.choose();
    });
  }

  /** Folders, settings, trust and files may all change while one change is told: the last of them is the one to hold. */
  private tell(change: () => Promise<void>): Promise<void> {
    const told = this.telling.then(change);
    this.telling = told.catch(() => undefined);
    this.settled = told;
    return told;
  }

  private async apply(): Promise<void> {
    await this.useTree();
    await this.applyRest();
  }

  /** Has the engine use the tree that is chosen; resolves to why it cannot, which was told to people, or null. */
  private async useTree(): Promise<unknown> {
    const root =
      this.memory.get<string>(CHOSEN) ?? this.debugInfo.configuredPath(SETTING) ?? (await openTree());
    try {
      await sendKindRules(this.engine);
      this.current = await this.engine.setKernelTree({
        root: root ?? null,
        trusted: vscode.workspace.isTrusted,
      });
      if (this.current !== null) {
        this.log.info(`Kernel tree: ${this.current.root}, version ${this.current.version ?? 'unknown'}`);
      }
      return null;
    } catch (error) {
      this.current = null;
      const isWrong = error instanceof Error && error.name === 'KernelTreeError';
      showFailure(this.log, error, isWrong ? chooseAnother() : undefined);
      return error;
    }
  }

  private async applyRest(): Promise<void> {
    await this.applyDebugInfo();
    this.watchRules();
    await this.kindRules.tell(this.engine).catch((error: unknown) => {
      showFailure(this.log, error);
    });
    await this.askAnew();
  }

  /** Places, names and rules may be others than before. */
  private async askAnew(): Promise<void> {
    await this.captures.askAnew().catch((error: unknown) => {
      showFailure(this.log, error);
    });
  }

  /** Whoever writes rules wants to see what they do. */
  private watchRules(): void {
    this.ruleFile?.dispose();
    this.ruleFile = null;
    if (this.current === null) return;
    const pattern = new vscode.RelativePattern(uriOf(this.current.root), RULE_FILE);
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const update = (): void => void this.update();
    this.ruleFile = vscode.Disposable.from(
      watcher,
      watcher.onDidChange(update),
      watcher.onDidCreate(update),
      watcher.onDidDelete(update),
    );
  }

  private async choose(): Promise<void> {
    const looked = await lookedFolders();
    const browse: PathItem = {
      label: vscode.l10n.t('Browse…'),
      iconPath: new vscode.ThemeIcon('folder-opened'),
    };
    const chosen = this.memory.get<string>(CHOSEN);
    const inUse = this.current?.root ?? null;
    const setting = this.debugInfo.configuredPath(SETTING);
    const now = stateText(chosen ?? setting, chosen === undefined, inUse);
    const automatic: PathItem = {
      label: vscode.l10n.t('Automatic'),
      description: joined([chosen === undefined ? CURRENT : null, automaticText(setting)]),
      isCurrent: chosen === undefined && inUse === null,
      choice: { path: undefined },
    };
    const folderItem = (folder: string, description: string): PathItem => ({
      label: baseName(folder),
      description: folder === inUse || folder === chosen ? now : description,
      detail: folder,
      isCurrent: folder === (chosen ?? inUse),
      choice: { path: folder },
    });
    const refusedItem = ({ folder, missing }: LookedFolder): PathItem => ({
      label: baseName(folder),
      description: vscode.l10n.t('not a kernel tree: it has no {0}', missing.join(', ')),
      detail: folder,
      refusal: vscode.l10n.t('{0} is not a kernel tree: it has no {1}.', folder, missing.join(', ')),
    });
    const open = looked.filter(({ missing }) => missing.length === 0).map(({ folder }) => folder);
    // Chosen by its path, or in the settings.
    const elsewhere = [chosen ?? inUse].filter((folder) => typeof folder === 'string');
    const others = looked.filter(({ missing }) => missing.length > 0);
    const separator: PathItem = {
      label: vscode.l10n.t('Looked at'),
      kind: vscode.QuickPickItemKind.Separator,
    };
    const items = [
      ...elsewhere.filter((folder) => !open.includes(folder)).map((folder) => folderItem(folder, '')),
      ...open.map((folder) => folderItem(folder, vscode.l10n.t('open folder'))),
      browse,
      automatic,
      ...(others.length === 0 ? [] : [separator, ...others.map(refusedItem)]),
    ];
    const said = {
      title: vscode.l10n.t('Kernel Tree'),
      placeHolder: vscode.l10n.t('Where the source of the traced kernel is: choose it, or type its path'),
    };
    const picked = await pickPath(items, said, this.debugInfo.absolutePath);
    if (picked === undefined) return;
    if (picked.choice !== undefined) return this.remember(picked.choice.path);
    const [folder] =
      (await vscode.window.showOpenDialog({
        title: vscode.l10n.t('Kernel Tree'),
        openLabel: vscode.l10n.t('Choose'),
        canSelectFiles: false,
        canSelectFolders: true,
      })) ?? [];
    if (folder !== undefined) await this.remember(nameOf(folder));
  }

  /** Looks at a choice at once, also where nothing is open yet; a wrong one does not take the place of that before. */
  private async remember(root: string | undefined): Promise<void> {
    const former = this.memory.get<string>(CHOSEN);
    await this.tell(async () => {
      await this.memory.update(CHOSEN, root);
      const failure = await this.useTree();
      if (failure === null) this.confirm();
      else if (!isCancel(failure) && root !== undefined) {
        await this.memory.update(CHOSEN, former === root ? undefined : former);
        await this.useTree();
      }
      await this.applyRest();
    });
    await this.lookUpFunctions();
  }

  /** The rows of a capture say it by themselves. */
  private confirm(): void {
    if (this.captures.all.length > 0) return;
    const { current } = this;
    void inform(
      current === null
        ? vscode.l10n.t('No kernel tree is in use: no open folder is one.')
        : vscode.l10n.t('Frames lead into {0}, {1}.', current.root, versionText(current)),
    );
  }
}

function versionText({ version }: KernelTreeFacts): string {
  return version === null ? vscode.l10n.t('of unknown version') : `Linux ${version}`;
}

/** Beside a failure of the tree. */
function chooseAnother(): { readonly label: string; readonly command: string } {
  return { label: vscode.l10n.t('Choose Kernel Tree…'), command: 'pageHolders.chooseKernelTree' };
}

/** Of the folder that is chosen or set, or in use where none is. */
function stateText(given: string | undefined, isOfSetting: boolean, inUse: string | null): string {
  if (given === undefined) return vscode.l10n.t('in use, found, as none is chosen');
  // Nothing is in use before the first capture.
  if (inUse === null) return vscode.l10n.t('chosen');
  return isOfSetting ? vscode.l10n.t('in use') : vscode.l10n.t('in use, chosen');
}

function automaticText(setting: string | undefined): string {
  return setting === undefined
    ? vscode.l10n.t('the setting {0} (empty), or the open folder that is a kernel tree', SETTING)
    : vscode.l10n.t('the setting {0} ({1}), or the open folder that is a kernel tree', SETTING, setting);
}

function setLookingUp(isLookingUp: boolean): void {
  void vscode.commands.executeCommand('setContext', 'pageHolders.lookingUp', isLookingUp);
}

/** The first open folder that looks like a kernel tree. */
async function openTree(): Promise<string | undefined> {
  return (await lookedFolders()).find(({ missing }) => missing.length === 0)?.folder;
}

/** An open folder, and what it would have at its root as a kernel tree. */
interface LookedFolder {
  readonly folder: string;
  readonly missing: readonly string[];
}

async function lookedFolders(): Promise<readonly LookedFolder[]> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return Promise.all(
    folders.map(async ({ uri }) => ({ folder: nameOf(uri), missing: await missingLandmarks(uri) })),
  );
}

async function missingLandmarks(folder: vscode.Uri): Promise<readonly string[]> {
  const found = await Promise.allSettled(
    LANDMARKS.map((name) => vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, name))),
  );
  return LANDMARKS.filter((_, index) => found[index]?.status === 'rejected');
}
