/**
 * The capture editor: a custom editor for captures that are no text, or too much of it. What it shows comes from the
 * worker by range, so a capture of any size opens at once, and shows what was read of it so far.
 */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import type { CapturePlace, EngineApi } from '../engine/protocol';
import { CaptureEditorPanel } from './captureEditorPanel';
import type { EventFollower } from './eventFollower';
import { nameOf, uriOf } from './fileNames';
import type { OpenCaptures } from './openCaptures';
import type { OpenCommands } from './openCommands';
import type { OpenFrame } from './openFrame';
import { placeOf } from './rowPlace';
import { selectedRow, type MoreRow, type Row } from './rows';

/** For captures that are no text, by the names that the manifest has for them. */
const BINARY = 'pageHolders.capture';
const BINARY_NAMES = /^(?:(?:trace-.*|(?:.*\.)?trace)\.dat|(?:.*\.)?perf\.data)$/;
/** The same editor, offered for text too. */
const TEXT = 'pageHolders.textCapture';

/** The editor under the name that fits the file: VS Code knows no title for an editor of a file that it is not for. */
export function viewTypeOf(uri: vscode.Uri): string {
  return BINARY_NAMES.test(baseName(uri.path)) ? BINARY : TEXT;
}

/** What the editors share with the rest of the extension. */
export interface EditorParts {
  readonly engine: EngineApi;
  readonly captures: OpenCaptures;
  readonly opening: OpenCommands;
  readonly frames: OpenFrame;
  readonly follower: EventFollower;
  readonly holders: Pick<vscode.TreeView<Row | MoreRow>, 'selection'>;
  readonly log: vscode.LogOutputChannel;
  /** Folder of the page's own files. */
  readonly pageFolder: vscode.Uri;
}

class CaptureDocument implements vscode.CustomDocument {
  /** @param reading null when its capture was read already, or is being read */
  constructor(
    readonly uri: vscode.Uri,
    readonly reading: Promise<void> | null,
  ) {}

  dispose(): void {
    // The capture stays open in the Captures view.
  }
}

export class CaptureEditor
  implements vscode.CustomReadonlyEditorProvider<CaptureDocument>, vscode.Disposable
{
  private readonly panels = new Set<CaptureEditorPanel>();
  private lastNumber = 0;
  private readonly registrations: vscode.Disposable;
  /** A place for the editor that is being opened. */
  private toReveal: { readonly path: string; readonly place: CapturePlace } | null = null;

  constructor(private readonly parts: EditorParts) {
    const options = { supportsMultipleEditorsPerDocument: true };
    this.registrations = vscode.Disposable.from(
      ...[BINARY, TEXT].map((viewType) =>
        vscode.window.registerCustomEditorProvider(viewType, this, options),
      ),
    );
  }

  /** The capture is read while the window makes room for its page. */
  openCustomDocument(uri: vscode.Uri): CaptureDocument {
    const { captures, opening } = this.parts;
    const path = nameOf(uri);
    const isKnown = captures.isOpening(path) || captures.all.some((capture) => capture.path === path);
    const reading = isKnown ? null : opening.read(uri);
    // The page shows why it failed; it may be closed before it comes up.
    reading?.catch(() => undefined);
    return new CaptureDocument(uri, reading);
  }

  resolveCustomEditor({ uri, reading }: CaptureDocument, webview: vscode.WebviewPanel): void {
    const panel = new CaptureEditorPanel(++this.lastNumber, uri, reading, webview, this.parts);
    this.panels.add(panel);
    this.revealSelected(panel);
    this.revealIn(panel);
    webview.onDidDispose(() => {
      this.panels.delete(panel);
      panel.dispose();
    });
  }

  /** The one that has this number. */
  panel(number: number): CaptureEditorPanel | undefined {
    return [...this.panels].find((panel) => panel.number === number);
  }

  /** The one that is worked in. */
  get active(): CaptureEditorPanel | undefined {
    return [...this.panels].find((panel) => panel.isActive);
  }

  /** Shows the editor of a capture, and a place in it. */
  async open(path: string, place: CapturePlace | null = null): Promise<void> {
    const uri = uriOf(path);
    this.toReveal = place === null ? null : { path, place };
    await vscode.commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri), { preview: false });
    // An editor that was there already was not made anew.
    for (const panel of this.panels) if (panel.path === path) this.revealIn(panel);
  }

  /** Shows a place in the editors of a capture. */
  reveal(capture: string, place: CapturePlace): void {
    for (const panel of this.panels) if (panel.captureId === capture) panel.reveal(place);
  }

  /** What was selected in the Holders view before there was an editor to go along. */
  private revealSelected(panel: CaptureEditorPanel): void {
    const row = selectedRow(this.parts.holders);
    const found = row === null ? null : placeOf(row);
    if (found !== null && found.capture === panel.captureId) panel.reveal(found.place);
  }

  private revealIn(panel: CaptureEditorPanel): void {
    if (this.toReveal?.path !== panel.path) return;
    panel.reveal(this.toReveal.place);
    this.toReveal = null;
  }

  dispose(): void {
    this.registrations.dispose();
  }
}
