/** Which captures are open in this window, and what has to happen when one is opened, read again or closed. */
import * as vscode from 'vscode';
import { distinctNames, type NameOf } from '../engine/distinctNames';
import type { CaptureFacts, EngineApi, ProgressReport } from '../engine/protocol';
import { visibleLine } from '../engine/visibleText';
import { CancelledError } from '../engine/errors';
import { isCancel } from './failures';

/** Captures that the engine took with it when it ended, by path. */
interface LostCaptures {
  /** They had been read. */
  readonly open: readonly string[];
  /** They were being read: one of these may be what ended it. */
  readonly reading: readonly string[];
}

/** How far the reading of a capture is; `report` is null when it ended, `failure` then says why where it failed. */
interface CaptureProgress {
  readonly path: string;
  readonly report: ProgressReport | null;
  readonly failure: unknown;
}

/** A reading that was given up for another one of the same file: nobody stopped it. */
export class BegunAnewError extends CancelledError {
  /** @param newer the other one; how it ends is told by whoever began it */
  constructor(readonly newer: () => Promise<CaptureFacts>) {
    super();
  }
}

export class OpenCaptures implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Captures or the kernel tree changed: rows must be asked for again. */
  readonly onDidChange = this.changed.event;
  private readonly closed = new vscode.EventEmitter<string>();
  /** Somebody closed a capture, of that path; not told of those that the engine took with it. */
  readonly onDidClose = this.closed.event;
  private readonly progressed = new vscode.EventEmitter<CaptureProgress>();
  /** A capture is read further, or its reading ended. */
  readonly onDidProgress = this.progressed.event;
  /** What is being read, by path. */
  private readonly opening = new Map<string, AbortController>();
  private list: readonly CaptureFacts[] = [];
  private lostPaths: readonly string[] = [];

  constructor(private readonly engine: EngineApi) {}

  /** Files that rows can be asked of; of one that is being read, what was read so far. */
  get all(): readonly CaptureFacts[] {
    return this.list;
  }

  /** Paths of what is being read, for the first time or again. */
  get reading(): readonly string[] {
    return [...this.opening.keys()];
  }

  /** Paths that were open, or being read, when the engine ended, and were not opened since. */
  get lost(): readonly string[] {
    return this.lostPaths;
  }

  /** How they are called beside each other. */
  get nameOf(): NameOf {
    const names = distinctNames(this.list.map(({ path }) => path));
    return (path) => visibleLine(names(path));
  }

  /** Those with events: no files that only name frames. */
  get withEvents(): readonly CaptureFacts[] {
    return this.list.filter(({ symbolFile }) => symbolFile === null);
  }

  /**
   * Reads a capture, and shows parts of it on the way; one that is open already is read again and takes the place of
   * the old when that is done. One that is being read is begun anew.
   *
   * @throws BegunAnewError where it was begun anew, CancelledError where it was stopped or closed
   */
  open(path: string, tellProgress: (report: ProgressReport) => void): Promise<CaptureFacts> {
    const former = this.opening.get(path);
    const controller = new AbortController();
    this.opening.set(path, controller);
    former?.abort(new BegunAnewError(() => reading));
    this.setOpening();
    const reading = this.read(path, controller, tellProgress);
    return reading;
  }

  isOpening(path: string): boolean {
    return this.opening.has(path);
  }

  /**
   * Reads one capture, or all that are being read, no further. What is shown of one stays; one of which nothing is shown
   * yet is not opened, and one that is read again stays as it was.
   */
  async stopReading(path?: string): Promise<void> {
    const paths = path === undefined ? this.reading : [path];
    await Promise.all(paths.map((each) => this.stopOne(each)));
  }

  /** Closes a capture; one that is being read, for the first time or again, is read no further. */
  async close(id: string): Promise<void> {
    const capture = this.list.find((each) => each.id === id);
    if (capture === undefined) return;
    this.opening.get(capture.path)?.abort();
    if (capture.part === 1) {
      await this.engine.closeCapture({ id });
      this.drop(id);
    }
    this.closed.fire(capture.path);
    if (capture.part < 1) return;
    if (this.hasSymbolFile || capture.symbolFile !== null) await this.askAnew();
  }

  /** Looks at the files of the open captures, and shows what changed. */
  async checkFiles(): Promise<void> {
    const news = await this.engine.checkFiles({});
    if (news.length === 0) return;
    this.list = this.list.map((capture) => news.find(({ id }) => id === capture.id) ?? capture);
    this.notify();
  }

  /** The engine ended and took its captures with it. */
  forgetAll(): LostCaptures {
    const open = this.list.filter(({ part }) => part === 1).map(({ path }) => path);
    const { reading } = this;
    this.lostPaths = [...new Set([...this.lostPaths, ...open, ...reading])];
    this.list = [];
    this.notify();
    return { open, reading };
  }

  /** Names or rules may be others, so that other things are found in the captures; the views are told to ask again. */
  async askAnew(): Promise<void> {
    if (this.list.length > 0) {
      const facts = new Map((await this.engine.captureFacts({})).map((each) => [each.id, each]));
      this.list = this.list.map((capture) => facts.get(capture.id) ?? capture);
    }
    this.notify();
  }

  /** Tells the views to ask again. */
  private notify(): void {
    const pages = this.list.reduce((sum, capture) => sum + capture.pages, 0);
    const pageEvents = this.list.reduce((sum, capture) => sum + capture.pageEvents, 0);
    // Nothing is missing as long as there is more to read.
    const isWhole = this.list.length > 0 && this.list.every(({ part }) => part === 1);
    setContext('hasCaptures', this.list.length > 0);
    setContext('nothingFound', isWhole && pages === 0);
    setContext('noPageEvents', isWhole && pageEvents === 0);
    this.changed.fire();
  }

  dispose(): void {
    this.cancelAll();
    this.changed.dispose();
    this.closed.dispose();
    this.progressed.dispose();
  }

  private async read(
    path: string,
    controller: AbortController,
    tellProgress: (report: ProgressReport) => void,
  ): Promise<CaptureFacts> {
    const { signal } = controller;
    const before = this.list.find((capture) => capture.path === path && capture.part === 1);
    const shown = new Set<string>();
    let failure: unknown = null;
    const onProgress = (report: ProgressReport): void => {
      tellProgress(report);
      this.progressed.fire({ path, report, failure: null });
    };
    const onPart = (facts: CaptureFacts): void => {
      shown.add(facts.id);
      this.put(facts);
    };
    try {
      const facts = await (before === undefined
        ? this.engine.openCapture({ path }, { signal, onProgress, onPart })
        : this.engine.openCapture({ path, replaces: before.id }, { signal, onProgress }));
      this.put(facts);
      const wasSymbolFile = before !== undefined && before.symbolFile !== null;
      if (wasSymbolFile || this.hasSymbolFile) await this.askAnew();
      return facts;
    } catch (error) {
      for (const id of shown) this.drop(id);
      // The engine may have read it to the end before it heard of the cancel.
      if (before !== undefined && isCancel(error)) await this.askAnew().catch(() => undefined);
      failure = signal.reason instanceof BegunAnewError ? signal.reason : error;
      throw failure;
    } finally {
      if (this.opening.get(path) === controller) {
        this.opening.delete(path);
        this.progressed.fire({ path, report: null, failure });
      }
      this.setOpening();
    }
  }

  private async stopOne(path: string): Promise<void> {
    const hasPart = this.list.some((capture) => capture.path === path && capture.part < 1);
    // One that was read to its end meanwhile is there at once.
    if (hasPart) await this.engine.stopReading({ path });
    else this.opening.get(path)?.abort();
  }

  private cancelAll(): void {
    for (const controller of this.opening.values()) controller.abort();
  }

  /** What it names is another thing with every file that comes or goes, and so is what is found in the captures. */
  private get hasSymbolFile(): boolean {
    return this.withEvents.length < this.list.length;
  }

  private put(facts: CaptureFacts): void {
    this.lostPaths = this.lostPaths.filter((path) => path !== facts.path);
    const isKnown = this.list.some(({ id }) => id === facts.id);
    this.list = isKnown
      ? this.list.map((capture) => (capture.id === facts.id ? facts : capture))
      : [...this.list, facts];
    this.notify();
  }

  private drop(id: string): void {
    this.list = this.list.filter((capture) => capture.id !== id);
    this.notify();
  }

  private setOpening(): void {
    setContext('opening', this.opening.size > 0);
  }
}

function setContext(key: string, value: boolean): void {
  void vscode.commands.executeCommand('setContext', `pageHolders.${key}`, value);
}
