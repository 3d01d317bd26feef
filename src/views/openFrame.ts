/** Takes the reader from a frame to its line in the kernel tree, and says how sure that line is. */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import type { EngineApi, FrameTarget, SourcePlace } from '../engine/protocol';
import { visibleLine } from '../engine/visibleText';
import { answerOf } from './answerOf';
import { showFailure } from './failures';
import { nameOf, uriOf } from './fileNames';
import type { KernelTreeChoice } from './kernelTreeChoice';
import { NAME_FRAMES } from './nameFrames';
import { inform, sayBriefly, showWork } from './notifications';
import { PlacePreviews } from './placePreviews';
import type { Row } from './rows';
import { visibleItem } from './visibleItem';

export class OpenFrame implements vscode.Disposable {
  private readonly commands: vscode.Disposable;
  private noted: vscode.Disposable | null = null;
  /** The frame that was opened last. */
  private last: vscode.TextEditor | null = null;
  /** How many were asked for: one that is found late gives way to a later one. */
  private asked = 0;

  constructor(
    private readonly engine: EngineApi,
    private readonly kernelTree: KernelTreeChoice,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const { registerCommand } = vscode.commands;
    this.commands = vscode.Disposable.from(
      // The tree keeps the focus: the next frame is one key away, and no key falls into the source.
      registerCommand('pageHolders.openFrame', (given?: FrameTarget | Row) =>
        this.open(target(given), { viewColumn: columnFor(activeGroup(), this.group()), preserveFocus: true }),
      ),
      registerCommand('pageHolders.openFrameToSide', (given?: FrameTarget | Row) =>
        this.openToSide(target(given)),
      ),
      registerCommand('pageHolders.openNextFrame', (frame: FrameTarget | null) =>
        this.openNext(frame, false),
      ),
      registerCommand('pageHolders.peekPlaces', (given?: FrameTarget | Row, at?: PlaceInText) =>
        this.peek(target(given), at),
      ),
    );
  }

  dispose(): void {
    this.commands.dispose();
    this.noted?.dispose();
  }

  /** From frame to frame the source stays in one group. */
  async openNext(frame: FrameTarget | null, takesFocus: boolean): Promise<void> {
    await this.open(frame, {
      viewColumn: columnFor(this.group(), activeGroup()),
      preserveFocus: !takesFocus,
    });
  }

  async openToSide(frame: FrameTarget | null): Promise<void> {
    await this.open(frame, { viewColumn: vscode.ViewColumn.Beside });
  }

  /** Says beside the line why nothing better is known, until the next frame is opened. */
  private note({ function: name, certainty, note }: FrameTarget): void {
    this.noted?.dispose();
    const text = certainty === 'exact' || note === '' ? '' : `${name}: ${note}`;
    this.noted = sayBriefly(text, 10_000);
  }

  /** Where the last frame was opened, if that is still there. */
  private group(): vscode.TabGroup | undefined {
    return vscode.window.tabGroups.all.find(({ viewColumn }) => viewColumn === this.last?.viewColumn);
  }

  private async open(asked: FrameTarget | null, options: vscode.TextDocumentShowOptions): Promise<void> {
    if (asked === null) return;
    const turn = ++this.asked;
    const root = (await this.kernelTree.tree())?.root;
    try {
      const frame = await this.searched(asked, root);
      if (frame === null || turn !== this.asked) return;
      if (frame.candidates.length > 1) {
        this.last = (await pickPlace(root, frame, options)) ?? this.last;
      } else if (frame.file === null) {
        sayUnknown(frame, root);
      } else {
        const place = { ...frame, file: frame.file, line: frame.line ?? 1 };
        const document = await documentOf(root, place);
        // A slow file system may give it after that of the frame which was asked for next.
        if (turn !== this.asked) return;
        this.last = await showDocument(document, place.line, options);
        this.note(frame);
      }
    } catch (error) {
      await this.explain(error, root, options);
    }
  }

  /** Every place that may be meant, in a peek where the frame is printed, or else on the first place. */
  private async peek(asked: FrameTarget | null, at?: PlaceInText): Promise<void> {
    if (asked === null) return;
    const root = (await this.kernelTree.tree())?.root;
    try {
      const frame = await this.searched(asked, root);
      if (frame !== null) await peekPlaces(root, frame, at);
    } catch (error) {
      await this.explain(error, root, {});
    }
  }

  /** The frame once the kernel tree has been looked through for it; null when that is cancelled. */
  private async searched(frame: FrameTarget, root: string | undefined): Promise<FrameTarget | null> {
    const { function: name, pending } = frame;
    if (pending === undefined || root === undefined) return frame;
    const title = vscode.l10n.t('{0} opens when it is found in {1}', name, baseName(root));
    return showWork(title, async (cancel) => {
      const cancelled = new Promise<null>((resolve) => {
        cancel.onCancellationRequested(() => {
          resolve(null);
        });
      });
      // The walk goes on when nobody waits for it any more: other frames want it.
      const found = this.engine.resolveFrames({ stack: pending, others: [] });
      return Promise.race([cancelled, found.then((frames) => frames.at(-1) ?? frame)]);
    });
  }

  private async explain(
    error: unknown,
    root: string | undefined,
    options: vscode.TextDocumentShowOptions,
  ): Promise<void> {
    if (error instanceof OutsideTreeError) await askOutside(error.place, root, options);
    else showFailure(this.log, error);
  }
}

function activeGroup(): vscode.TabGroup {
  return vscode.window.tabGroups.activeTabGroup;
}

/** The first of the groups in which the source does not cover the capture that its frames are read from. */
function columnFor(...groups: readonly (vscode.TabGroup | undefined)[]): vscode.ViewColumn {
  return (
    groups.find((group) => group !== undefined && !showsCapture(group))?.viewColumn ??
    vscode.ViewColumn.Beside
  );
}

function showsCapture({ activeTab }: vscode.TabGroup): boolean {
  const input = activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.viewType.startsWith('pageHolders.');
}

/** Where a frame is printed; 0-based. */
export interface PlaceInText {
  /** Address of the document. */
  readonly document: string;
  readonly line: number;
  readonly character: number;
}

/** The file is not known to be on this machine: people are asked before a path of the debug info is opened. */
class OutsideTreeError extends Error {
  constructor(readonly place: SourcePlace) {
    super(vscode.l10n.t('{0} is not in the kernel tree.', place.file));
  }
}

function sayUnknown(frame: FrameTarget, root: string | undefined): void {
  if (frame.function.startsWith('0x')) {
    sayNameless(frame);
    return;
  }
  const choose = vscode.l10n.t('Choose Kernel Tree…');
  const message =
    root === undefined
      ? vscode.l10n.t(
          '{0}: no kernel tree is open. Open or choose the source of the traced kernel.',
          frame.function,
        )
      : `${vscode.l10n.t('{0} was not found in {1}.', frame.function, root)} ${frame.note}`;
  void inform(message.trim(), choose).then((chosen) => {
    if (chosen === choose) void vscode.commands.executeCommand('pageHolders.chooseKernelTree');
  });
}

/** There is nothing by which a tree could be searched. */
function sayNameless(frame: FrameTarget): void {
  const name = vscode.l10n.t('Name Frames…');
  const message = vscode.l10n.t('{0} is an address without a name.', frame.function);
  void inform(message, name).then((chosen) => {
    if (chosen === name) void vscode.commands.executeCommand(NAME_FRAMES);
  });
}

/** Returns at once; what is on this machine under that very path is opened only if that is chosen. */
async function askOutside(
  place: SourcePlace,
  root: string | undefined,
  options: vscode.TextDocumentShowOptions,
): Promise<void> {
  const { file } = place;
  const uri = vscode.Uri.file(file);
  const isHere =
    file.startsWith('/') &&
    (await vscode.workspace.fs.stat(uri).then(
      ({ type }) => type === vscode.FileType.File,
      () => false,
    ));
  const open = vscode.l10n.t('Open {0}', baseName(file));
  const map = vscode.l10n.t('Map Source Path…');
  const choose = vscode.l10n.t('Choose Kernel Tree…');
  const message = outsideText(place, root);
  const actions = [...(isHere ? [open] : []), ...(root === undefined ? [choose] : []), map];
  void inform(message, ...actions).then(async (chosen) => {
    if (chosen === open) await showAt(uri, place.line, options);
    if (chosen === choose) await vscode.commands.executeCommand('pageHolders.chooseKernelTree');
    if (chosen === map) {
      const outside = root === undefined ? 'no-tree' : 'build';
      const target: Partial<FrameTarget> = { file, outside };
      await vscode.commands.executeCommand('pageHolders.mapSourcePath', target);
    }
  });
}

function outsideText({ function: name, line, file }: SourcePlace, root: string | undefined): string {
  return root === undefined
    ? vscode.l10n.t(
        '{0} is at line {1} of {2}, as the debug info names it; no kernel tree is open.',
        name,
        line,
        file,
      )
    : vscode.l10n.t(
        '{0} is at line {1} of {2}, as the debug info names it; it is not in {3}.',
        name,
        line,
        file,
        root,
      );
}

/** A frame comes from a click, its row from a menu or a key. */
function target(given: FrameTarget | Row | undefined): FrameTarget | null {
  if (given === undefined) return null;
  return 'node' in given ? given.node.frame : given;
}

/**
 * Address of a place in the kernel tree.
 *
 * @throws Error when it is not there, or lies outside the tree (a link in it may lead anywhere)
 */
async function placeUri(root: string, file: string): Promise<vscode.Uri> {
  const tree = uriOf(root);
  const wanted = vscode.Uri.joinPath(tree, file);
  const parts = file.split('/');
  // In the order of the path: below a link there is nothing of the tree.
  for (let depth = 1; depth <= parts.length; depth++) {
    const { type } = await statOf(vscode.Uri.joinPath(tree, ...parts.slice(0, depth)), wanted);
    if ((type & vscode.FileType.SymbolicLink) !== 0 || parts.includes('..')) {
      const text = vscode.l10n.t(
        '{0} may lead out of the kernel tree {1} and is not opened.',
        nameOf(wanted),
        root,
      );
      throw new Error(text);
    }
  }
  return wanted;
}

async function statOf(place: vscode.Uri, wanted: vscode.Uri): Promise<vscode.FileStat> {
  try {
    return await vscode.workspace.fs.stat(place);
  } catch {
    throw new Error(
      vscode.l10n.t(
        '{0} cannot be read: it was there when the kernel tree was searched. Refresh to search again.',
        nameOf(wanted),
      ),
    );
  }
}

/** Address of a place; null when it cannot be opened without asking. */
export async function uriInTree(root: string | undefined, place: SourcePlace): Promise<vscode.Uri | null> {
  return sourceUri(root, place).catch(() => null);
}

/** @throws OutsideTreeError for a place that may be nowhere on this machine */
async function sourceUri(root: string | undefined, place: SourcePlace): Promise<vscode.Uri> {
  // The engine found it below a folder of the settings.
  if (place.outside === 'mapped') return vscode.Uri.file(place.file);
  if (place.outside === 'build' || root === undefined) throw new OutsideTreeError(place);
  return placeUri(root, place.file);
}

async function show(
  root: string | undefined,
  place: SourcePlace,
  options: vscode.TextDocumentShowOptions,
): Promise<vscode.TextEditor> {
  return showDocument(await documentOf(root, place), place.line, options);
}

/** @throws OutsideTreeError, or the editor's own when it cannot be opened */
async function documentOf(root: string | undefined, place: SourcePlace): Promise<vscode.TextDocument> {
  return vscode.workspace.openTextDocument(await sourceUri(root, place));
}

async function showAt(
  uri: vscode.Uri,
  wantedLine: number,
  options: vscode.TextDocumentShowOptions,
): Promise<vscode.TextEditor> {
  return showDocument(await vscode.workspace.openTextDocument(uri), wantedLine, options);
}

async function showDocument(
  document: vscode.TextDocument,
  wantedLine: number,
  options: vscode.TextDocumentShowOptions,
): Promise<vscode.TextEditor> {
  const line = Math.min(wantedLine, document.lineCount) - 1;
  const start = document.lineAt(line).firstNonWhitespaceCharacterIndex;
  const selection = new vscode.Range(line, start, line, start);
  const editor = await vscode.window.showTextDocument(document, { preview: true, ...options, selection });
  editor.revealRange(selection, vscode.TextEditorRevealType.InCenter);
  return editor;
}

/** Those of the places that can be opened without asking, in their order. */
export async function locationsOf(
  root: string | undefined,
  places: readonly SourcePlace[],
): Promise<readonly vscode.Location[]> {
  const found = await Promise.all(
    places.map(async (place) => {
      const uri = await uriInTree(root, place);
      return uri === null ? [] : [new vscode.Location(uri, new vscode.Position(place.line - 1, 0))];
    }),
  );
  return found.flat();
}

/**
 * The candidates that can be opened, in a peek.
 *
 * @throws OutsideTreeError, or why the likeliest of them cannot be opened, when none can
 */
async function peekPlaces(root: string | undefined, frame: FrameTarget, at?: PlaceInText): Promise<void> {
  const locations = await locationsOf(root, frame.candidates);
  const [[likeliest], [first]] = [frame.candidates, locations];
  if (first === undefined) {
    if (likeliest === undefined) sayUnknown(frame, root);
    else await sourceUri(root, likeliest);
    return;
  }
  const [uri, position] = at === undefined ? await shownPlace(first) : printedPlace(at);
  await vscode.commands.executeCommand('editor.action.peekLocations', uri, position, locations, 'peek');
}

async function shownPlace({ uri, range }: vscode.Location): Promise<[vscode.Uri, vscode.Position]> {
  const editor = await showAt(uri, range.start.line + 1, { viewColumn: vscode.ViewColumn.Active });
  return [uri, editor.selection.active];
}

function printedPlace({ document, line, character }: PlaceInText): [vscode.Uri, vscode.Position] {
  return [vscode.Uri.parse(document), new vscode.Position(line, character)];
}

interface PlaceItem extends vscode.QuickPickItem {
  readonly place: SourcePlace;
}

/** Lets the reader choose among the calls that fit; each is shown as it is gone over. */
async function pickPlace(
  root: string | undefined,
  frame: FrameTarget,
  options: vscode.TextDocumentShowOptions,
): Promise<vscode.TextEditor | undefined> {
  const items = await Promise.all(
    frame.candidates.map(async (place): Promise<PlaceItem> => ({
      label: `${place.file}:${place.line}`,
      description: place.function === frame.function ? '' : place.function,
      detail: await sourceLine(root, place),
      place,
    })),
  );
  const picked = await pickedPlace(root, frame, items, options);
  if (picked === 'peek') await peekPlaces(root, frame);
  return typeof picked === 'object' ? show(root, picked, options) : undefined;
}

async function pickedPlace(
  root: string | undefined,
  frame: FrameTarget,
  items: readonly PlaceItem[],
  options: vscode.TextDocumentShowOptions,
): Promise<SourcePlace | 'peek' | undefined> {
  const pick = vscode.window.createQuickPick<PlaceItem>();
  pick.items = items.map(visibleItem);
  pick.title = visibleLine(vscode.l10n.t('{0}: one of {1} places', frame.function, items.length));
  pick.placeholder = vscode.l10n.t('The likeliest comes first');
  pick.matchOnDetail = true;
  pick.buttons = [
    { iconPath: new vscode.ThemeIcon('references'), tooltip: vscode.l10n.t('Peek All Places') },
  ];
  const previews = new PlacePreviews();
  const place = await answerOf<SourcePlace | 'peek'>(pick, (answer) => {
    pick.onDidChangeActive(([active]) => {
      if (active === undefined) return;
      previews.show(() => show(root, active.place, { ...options, preserveFocus: true }));
    });
    pick.onDidTriggerButton(() => {
      answer('peek');
    });
    pick.onDidAccept(() => {
      answer(pick.selectedItems[0]?.place);
    });
  });
  await (place === undefined ? previews.takeBack() : previews.end());
  return place;
}

async function sourceLine(root: string | undefined, place: SourcePlace): Promise<string> {
  try {
    const document = await documentOf(root, place);
    return document.lineAt(Math.min(place.line, document.lineCount) - 1).text.trim();
  } catch {
    return '';
  }
}
