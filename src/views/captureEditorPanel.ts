/** One tab of the capture editor: has its capture read, and passes questions of its page on to the engine. */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import type { CaptureState, EditorMethod, FromEditor, ToEditor } from '../engine/editorMessages';
import type { EventDetails, FilterWish } from '../engine/eventProtocol';
import { ProgressText } from '../engine/progressText';
import type { CaptureFacts, CapturePlace, FrameTarget, ProgressReport } from '../engine/protocol';
import type { EditorParts } from './captureEditor';
import { copyText } from './copyText';
import { isCancel, showFailure } from './failures';
import { nameOf } from './fileNames';
import { PROGRESS_WORDS } from './progressWords';
import { symbolFileText } from './symbolFileMessage';

/** What a page may ask; anything else of the engine is none of its business. */
const METHODS: ReadonlySet<EditorMethod> = new Set<EditorMethod>([
  'captureHeader',
  'events',
  'eventPlace',
  'nextMatch',
  'eventDetails',
  'timeline',
  'nextMark',
  'describeSpan',
  'spanFilter',
  'narrowedFilter',
  'completeFilter',
]);

interface FrameRow {
  readonly target: FrameTarget;
  /** As kernels print it, without the size of the function. */
  readonly printed: string;
}

export class CaptureEditorPanel implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable;
  private readonly asked = new Map<number, AbortController>();
  private readonly progressText: ProgressText;
  private progress: ProgressReport | null = null;
  private failure: string | null = null;
  /** Frames of the last details that were asked for, by the id of their row. */
  private frames: ReadonlyMap<string, FrameRow> = new Map();
  private detailsRow: number | null = null;
  private facts: CaptureFacts | undefined;
  private generation = 0;
  private isReady = false;
  private isDisposed = false;
  /** What was to be shown while no page was there: VS Code drops it as long as the tab is hidden. */
  private waiting: CapturePlace | null = null;

  /**
   * @param number tells it from the others in what its menus give to commands
   * @param reading that of its capture, when it has begun already
   */
  constructor(
    readonly number: number,
    private readonly uri: vscode.Uri,
    reading: Promise<void> | null,
    private readonly panel: vscode.WebviewPanel,
    private readonly parts: EditorParts,
  ) {
    const { captures, pageFolder } = parts;
    this.progressText = new ProgressText(this.name, PROGRESS_WORDS);
    const { webview } = panel;
    this.subscriptions = vscode.Disposable.from(
      webview.onDidReceiveMessage((message: FromEditor) => void this.hear(message)),
      captures.onDidChange(() => {
        this.capturesChanged();
      }),
      captures.onDidProgress(({ path: file, report, failure }) => {
        if (file === nameOf(uri)) this.progressed(report, failure);
      }),
    );
    webview.options = { enableScripts: true, localResourceRoots: [pageFolder] };
    this.facts = this.factsNow();
    const atFirst = this.facts === undefined ? `${this.readingText()}…` : '';
    webview.html = pageHtml(webview, pageFolder, number, atFirst);
    void this.read(reading);
  }

  /** Id of the capture that is shown, as long as there is one. */
  get captureId(): string | undefined {
    return this.facts?.id;
  }

  get path(): string {
    return nameOf(this.uri);
  }

  get isActive(): boolean {
    return this.panel.active;
  }

  /** Row of the selected event: that of which the page shows the details. */
  get selectedRow(): number | null {
    return this.detailsRow;
  }

  /** Shows a place, once the editor is seen. */
  reveal(place: CapturePlace): void {
    const isThere = this.isReady && this.panel.visible;
    this.waiting = isThere ? null : place;
    if (isThere) this.tell({ type: 'reveal', ...place });
  }

  dispose(): void {
    this.isDisposed = true;
    this.subscriptions.dispose();
    for (const controller of this.asked.values()) controller.abort();
  }

  private get name(): string {
    return baseName(this.uri.path);
  }

  private factsNow(): CaptureFacts | undefined {
    return this.parts.captures.all.find((capture) => capture.path === this.path);
  }

  /** Has the capture read unless it is, or is being read. */
  private async read(begun: Promise<void> | null): Promise<void> {
    const { captures, opening } = this.parts;
    this.failure = null;
    if (this.facts !== undefined || (begun === null && captures.isOpening(this.path))) return;
    try {
      await (begun ?? opening.read(this.uri));
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    if (!isCancel(error)) this.failure = error instanceof Error ? error.message : String(error);
    this.tellState();
  }

  private capturesChanged(): void {
    const facts = this.factsNow();
    if (facts !== this.facts) this.generation++;
    if (facts?.beginning !== this.facts?.beginning) this.forgetSelected();
    this.facts = facts;
    if (facts !== undefined) this.failure = null;
    this.tellState();
    this.tell({ type: 'placesChanged' });
  }

  private progressed(report: ProgressReport | null, failure: unknown): void {
    this.progress = report;
    if (report === null && failure !== null) this.failed(failure);
    else this.tellState();
  }

  private state(): CaptureState {
    const { facts, failure, progress } = this;
    const isReading = progress !== null || this.parts.captures.isOpening(this.path);
    const base = { name: this.name, generation: facts === undefined ? null : this.generation };
    if (failure !== null) return { ...base, phase: 'failed', message: failure, progress: null };
    if (isReading) {
      const { done, total } = progress ?? { done: 0, total: 0 };
      return {
        ...base,
        phase: 'reading',
        message: progress === null ? this.readingText() : this.progressText.of(progress),
        progress: total === 0 ? null : done / total,
      };
    }
    const named = facts === undefined ? null : symbolFileText(facts);
    if (named !== null) {
      return { ...base, generation: null, phase: 'open', message: named, progress: null };
    }
    if (facts !== undefined) return { ...base, phase: 'open', message: '', progress: null };
    return { ...base, phase: 'closed', message: this.notOpenText(), progress: null };
  }

  private readingText(): string {
    return PROGRESS_WORDS.work.reading(this.name);
  }

  private notOpenText(): string {
    return vscode.l10n.t('{0} is not open.', this.name);
  }

  private async hear(message: FromEditor): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.isReady = true;
        this.tellState();
        if (this.waiting !== null) this.reveal(this.waiting);
        return;
      case 'ask':
        await this.answer(message);
        return;
      case 'cancel':
        this.asked.get(message.id)?.abort();
        return;
      case 'openFrame':
        await this.openFrame(message.frame, (frame) => this.parts.frames.openNext(frame, message.takesFocus));
        return;
      case 'showHolders':
        await this.showHolders(message.pfn);
        return;
      case 'showAllocations':
        await this.showAllocations();
        return;
      case 'showPages':
        await this.showInHolders('pageHolders.showPages', (capture) => capture);
        return;
      case 'selected':
        await this.showElsewhere(message.row);
        return;
      case 'copy':
        await this.copyEvent(message.row);
        return;
      case 'openAgain':
        await this.read(null);
        return;
      case 'stopReading':
        await this.parts.captures.stopReading(this.path);
    }
  }

  private async answer({ id, method, request }: Extract<FromEditor, { type: 'ask' }>): Promise<void> {
    const controller = new AbortController();
    this.asked.set(id, controller);
    try {
      const value = await this.ask(method, request, controller.signal);
      this.tell({ type: 'answer', id, value });
    } catch (error) {
      this.tell({ type: 'failure', id, message: error instanceof Error ? error.message : String(error) });
    } finally {
      this.asked.delete(id);
    }
  }

  private async ask(
    method: EditorMethod,
    request: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { captureId, facts } = this;
    if (captureId === undefined || !METHODS.has(method)) throw new Error(this.notOpenText());
    // The request was typed by the page of the same build; the capture is not for it to choose.
    const value = await this.parts.engine[method]({ ...request, capture: captureId } as never, { signal });
    const isOther = this.facts?.beginning !== facts?.beginning;
    if (method === 'eventDetails' && !isOther) this.keepFrames(value as EventDetails);
    return value;
  }

  /** In another recording of the same file the row is another event, and the page selects none. */
  private forgetSelected(): void {
    this.frames = new Map();
    this.detailsRow = null;
    this.waiting = null;
  }

  private keepFrames(details: EventDetails): void {
    this.frames = framesOf(details);
    this.detailsRow = details.row;
  }

  /**
   * @param id of a row of the last details that were asked for
   * @param open is given the frame once its function is looked up
   */
  async openFrame(id: string, open: (frame: FrameTarget) => Promise<void>): Promise<void> {
    const { captureId, detailsRow } = this;
    const known = this.frames.get(id)?.target;
    if (known === undefined || captureId === undefined || detailsRow === null) return;
    try {
      const frame = known.file === null ? await this.waitForFrame(captureId, detailsRow, id) : known;
      await open(frame ?? known);
    } catch (error) {
      showFailure(this.parts.log, error);
    }
  }

  /** Shows only such events. */
  narrow(wish: FilterWish): void {
    this.tell({ type: 'narrow', wish });
  }

  /** Shows only the events that have the function of a frame in their stack. */
  narrowToFunction(frame: string): void {
    const target = this.frames.get(frame)?.target;
    if (target !== undefined) this.narrow({ type: 'function', name: target.function });
  }

  async copyEvent(row: number): Promise<void> {
    const { captureId } = this;
    if (captureId === undefined) return;
    try {
      await copyText(await this.parts.engine.eventText({ capture: captureId, row }));
    } catch (error) {
      showFailure(this.parts.log, error);
    }
  }

  async copyFrame(id: string): Promise<void> {
    const printed = this.frames.get(id)?.printed;
    if (printed !== undefined) await copyText(printed, printed);
  }

  /** Its function may still be looked up. */
  private async waitForFrame(capture: string, row: number, id: string): Promise<FrameTarget | undefined> {
    return framesOf(await this.parts.engine.eventDetails({ capture, row, waits: true })).get(id)?.target;
  }

  showHolders(pfn: number): Promise<void> {
    const id = `0x${pfn.toString(16)}`;
    return this.showInHolders('pageHolders.showPage', (capture) => ({ node: `${capture}/${id}`, pfn }));
  }

  private showAllocations(): Promise<void> {
    return this.showInHolders('pageHolders.showAllocations', (capture) => capture);
  }

  /** @param what the command is given, of the capture that is shown */
  private async showInHolders(command: string, what: (capture: string) => unknown): Promise<void> {
    const { captureId } = this;
    if (captureId === undefined) return;
    try {
      await vscode.commands.executeCommand(command, what(captureId));
    } catch (error) {
      showFailure(this.parts.log, error);
    }
  }

  /** One selection: the Holders view and the Stack view go along. */
  private async showElsewhere(row: number): Promise<void> {
    const { captureId } = this;
    if (captureId === undefined) return;
    this.parts.follower.select(captureId, row);
    await vscode.commands.executeCommand('pageHolders.showStackOfEvent', captureId, row);
  }

  private tellState(): void {
    this.tell({ type: 'state', state: this.state() });
  }

  private tell(message: ToEditor): void {
    // Questions may be in flight when the tab is closed, and a disposed webview throws.
    if (this.isDisposed) return;
    if (this.isReady) void this.panel.webview.postMessage(message);
  }
}

function framesOf({ frames }: EventDetails): ReadonlyMap<string, FrameRow> {
  return new Map(
    frames.flatMap(({ node: { id, frame, label, tooltip } }) => {
      if (frame === null) return [];
      const module = label.slice(frame.function.length);
      return [[id, { target: frame, printed: `${tooltip.title}${module}` }] as const];
    }),
  );
}

/**
 * The page without a word of the capture in it: everything comes by messages, and is set as text. The page has no API
 * of the editor to translate its texts with, so it brings the translations, which it needs before the first message.
 *
 * @param number of the panel, which the menus of the page give to commands
 * @param atFirst is seen until the page has its first message
 */
function pageHtml(webview: vscode.Webview, folder: vscode.Uri, number: number, atFirst: string): string {
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
  const policy = [
    "default-src 'none'",
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
    // The default is not that of these two.
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const { bundle } = vscode.l10n;
  const translations = bundle === undefined ? '' : ` data-translations="${htmlText(JSON.stringify(bundle))}"`;
  const menus = ` data-vscode-context="${htmlText(JSON.stringify({ panel: number }))}"`;
  return `<!DOCTYPE html>
<html lang="${htmlText(vscode.env.language)}">
  <head>
    <meta charset="UTF-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1.0">
    <link rel="stylesheet" href="${file('captureEditor.css')}">
    <title>Page Holders</title>
  </head>
  <body${menus}${translations}>
    <p class="at-first">${htmlText(atFirst)}</p>
    <script nonce="${nonce}" src="${file('main.js')}"></script>
  </body>
</html>`;
}

/** As the value of an attribute or the text of an element. */
function htmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
