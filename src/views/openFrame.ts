/** Takes the reader from a frame to its line in the kernel tree, and says how sure that line is. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { FrameTarget, SourcePlace } from '../engine/protocol';
import { showFailure } from './failures';
import type { KernelTreeChoice } from './kernelTreeChoice';
import type { Row } from './rows';

export class OpenFrame implements vscode.Disposable {
  private readonly commands: vscode.Disposable;
  private noted: vscode.Disposable | null = null;

  constructor(
    private readonly kernelTree: KernelTreeChoice,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const { registerCommand } = vscode.commands;
    this.commands = vscode.Disposable.from(
      // The tree keeps the focus: the next frame is one key away, and no key falls into the source.
      registerCommand('pageHolders.openFrame', (given?: FrameTarget | Row) =>
        this.open(target(given), { viewColumn: vscode.ViewColumn.Active, preserveFocus: true }),
      ),
      registerCommand('pageHolders.openFrameToSide', (given?: FrameTarget | Row) =>
        this.open(target(given), { viewColumn: vscode.ViewColumn.Beside }),
      ),
    );
  }

  dispose(): void {
    this.commands.dispose();
    this.noted?.dispose();
  }

  /** Opens the place of a frame beside what is active, which keeps the focus unless the source is to take it. */
  openBeside(frame: FrameTarget, takesFocus: boolean): Promise<void> {
    return this.open(frame, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: !takesFocus });
  }

  /** Says beside the line why nothing better is known, until the next frame is opened. */
  private note({ function: name, certainty, note }: FrameTarget): void {
    this.noted?.dispose();
    const text = certainty === 'exact' || note === '' ? '' : `${name}: ${note}`;
    this.noted = vscode.window.setStatusBarMessage(text, 10_000);
  }

  private async open(frame: FrameTarget | null, options: vscode.TextDocumentShowOptions): Promise<void> {
    if (frame === null) return;
    const root = (await this.kernelTree.tree())?.root;
    if (root === undefined || frame.file === null) {
      sayUnknown(frame, root);
      return;
    }
    try {
      if (frame.candidates.length > 1) {
        await pickPlace(root, frame, options);
        return;
      }
      const place = { function: frame.function, file: frame.file, line: frame.line ?? 1 };
      await show(root, place, options);
      this.note(frame);
    } catch (error) {
      showFailure(this.log, error);
    }
  }
}

function sayUnknown(frame: FrameTarget, root: string | undefined): void {
  const choose = 'Choose Kernel Tree…';
  const message =
    root === undefined
      ? `${frame.function}: no kernel tree is open. Open or choose the source of the traced kernel.`
      : `${frame.function} was not found in ${root}. ${frame.note}`;
  void vscode.window.showInformationMessage(message.trim(), choose).then((chosen) => {
    if (chosen === choose) void vscode.commands.executeCommand('pageHolders.chooseKernelTree');
  });
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
export async function placeUri(root: string, file: string): Promise<vscode.Uri> {
  const wanted = path.join(root, file);
  const [realRoot, realFile] = await Promise.all([realpath(root), realpath(wanted)]).catch(() => {
    throw new Error(
      `${wanted} cannot be read: it was there when the kernel tree was searched. Refresh to search again.`,
    );
  });
  if (!realFile.startsWith(realRoot + path.sep)) {
    throw new Error(`${wanted} leads out of the kernel tree ${root} and is not opened.`);
  }
  return vscode.Uri.file(wanted);
}

/** Address of a place in the kernel tree; null when it cannot be opened there. */
export async function uriInTree(root: string, { file, outside }: SourcePlace): Promise<vscode.Uri | null> {
  if (outside !== undefined) return null;
  return placeUri(root, file).catch(() => null);
}

async function show(
  root: string,
  place: SourcePlace,
  options: vscode.TextDocumentShowOptions,
): Promise<void> {
  const document = await vscode.workspace.openTextDocument(await placeUri(root, place.file));
  const line = Math.min(place.line, document.lineCount) - 1;
  const start = document.lineAt(line).firstNonWhitespaceCharacterIndex;
  const selection = new vscode.Range(line, start, line, start);
  const editor = await vscode.window.showTextDocument(document, { preview: true, ...options, selection });
  editor.revealRange(selection, vscode.TextEditorRevealType.InCenter);
}

/** Lets the reader choose among the calls that fit; each is shown as it is gone over. */
async function pickPlace(
  root: string,
  frame: FrameTarget,
  options: vscode.TextDocumentShowOptions,
): Promise<void> {
  const items = await Promise.all(
    frame.candidates.map(async (place) => ({
      label: `${place.file}:${place.line}`,
      description: place.function === frame.function ? '' : place.function,
      detail: await sourceLine(root, place),
      place,
    })),
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: `${frame.function}: one of ${items.length} places`,
    placeHolder: 'The likeliest comes first',
    matchOnDetail: true,
    onDidSelectItem: (item) => {
      const active = items.find((each) => each === item);
      if (active === undefined) return;
      void show(root, active.place, { ...options, preserveFocus: true }).catch(() => undefined);
    },
  });
  if (picked !== undefined) await show(root, picked.place, options);
}

async function sourceLine(root: string, place: SourcePlace): Promise<string> {
  try {
    const document = await vscode.workspace.openTextDocument(await placeUri(root, place.file));
    return document.lineAt(Math.min(place.line, document.lineCount) - 1).text.trim();
  } catch {
    return '';
  }
}
