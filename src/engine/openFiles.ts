/**
 * The captures and symbol files that are open. Captures are named by the symbol files and judged by the rules of now,
 * which may become others while one is read.
 */
import { inTurns, type Pause } from '../capture/turns';
import { analysisSteps } from '../holders/analyseHolders';
import { factsOf } from './captureFacts';
import { distinctNames, type NameOf } from './distinctNames';
import type { CaptureFile, EngineHost } from './engineHost';
import { CancelledError } from './errors';
import type { FileChange } from './fileState';
import { JoinedFiles, openSymbolFile, type Naming, type SymbolFile } from './joinCaptures';
import { KindRuleBook } from './kindRuleBook';
import type { CaptureFacts, Request, RequestOptions } from './protocol';
import { readCapture, type AnalysedCapture } from './readCapture';
import { symbolFacts, type SymbolUse } from './symbolFileRows';
import { pauseFor } from './turns';

export interface OpenedCapture extends AnalysedCapture {
  readonly id: string;
  readonly facts: CaptureFacts;
}

export class OpenFiles {
  readonly joined = new JoinedFiles();
  readonly rules = new KindRuleBook();
  private readonly opened = new Map<string, OpenedCapture>();
  private nextId = 1;
  /** By the names of those of which there is a part while they are read, what stops that, as {@link stopReading}. */
  private readonly stops = new Map<string, () => boolean>();

  /** @param changed called when any file came, grew, became another or went; with the capture that did not go */
  constructor(
    private readonly host: EngineHost,
    private readonly changed: (kept: OpenedCapture | null) => void,
  ) {}

  /** In the order in which they were opened. */
  get captures(): readonly OpenedCapture[] {
    return [...this.opened.values()];
  }

  /** Those of which no part is left to be read: all of their functions are known. */
  get wholeCaptures(): readonly OpenedCapture[] {
    return this.captures.filter(({ part }) => part === 1);
  }

  /** Whether a capture has addresses alone, as its file says it: symbols may name them. */
  get needNames(): boolean {
    return this.wholeCaptures.some(({ read }) => read.missingNames !== null);
  }

  /** How the files are called beside each other. */
  get nameOf(): NameOf {
    const paths = [...this.captures.map(({ facts }) => facts), ...this.joined.symbolFiles.values()];
    return distinctNames(paths.map(({ path }) => path));
  }

  /** Captures alone. */
  get byId(): ReadonlyMap<string, OpenedCapture> {
    return this.opened;
  }

  /** Of captures, and behind them of symbol files. */
  get facts(): readonly CaptureFacts[] {
    const symbolFiles = [...this.joined.symbolFiles].map(([id, file]) => this.symbolFacts(id, file));
    return [...this.captures.map(({ facts }) => facts), ...symbolFiles];
  }

  /** What the symbol files did for a capture; one that is being read is named when all of its frames are known. */
  namingsOf({ read, part }: OpenedCapture): readonly Naming[] {
    return part < 1 ? [] : this.joined.namingsOf(read);
  }

  /** What a symbol file did for each capture. */
  usesOf({ path }: SymbolFile): readonly SymbolUse[] {
    const { nameOf } = this;
    return this.captures.map((opened) => ({
      capture: nameOf(opened.facts.path),
      naming: this.namingsOf(opened).find(({ file }) => file === path) ?? null,
    }));
  }

  /** As the request `openCapture`. */
  open({ path, replaces }: Request<'openCapture'>, options: RequestOptions): Promise<CaptureFacts> {
    return this.withFile(path, options, (file, symbolFile) => {
      if (symbolFile === null) return this.readEvents(file, replaces, options);
      if (replaces !== undefined) this.refuseUnlessOpen(replaces);
      return this.keepSymbols(replaces ?? `s${this.nextId++}`, symbolFile, options);
    });
  }

  /** Opens a file that names frames; null for any other, which is not read. */
  openSymbols(path: string, options: RequestOptions): Promise<CaptureFacts | null> {
    return this.withFile(path, options, (_, symbolFile) =>
      symbolFile === null
        ? Promise.resolve(null)
        : this.keepSymbols(`s${this.nextId++}`, symbolFile, options),
    );
  }

  /** Opens a file for as long as it is used; as what names frames, where it does that. */
  private async withFile<T>(
    path: string,
    options: RequestOptions,
    use: (file: CaptureFile, symbolFile: SymbolFile | null) => Promise<T>,
  ): Promise<T> {
    const file = await this.host.openFile(path, options);
    try {
      return await use(file, await openSymbolFile(file, this.host, options));
    } finally {
      await file.close();
    }
  }

  /** As the request `stopReading`. */
  stopReading(path: string): boolean {
    return this.stops.get(path)?.() === true;
  }

  async close(id: string): Promise<void> {
    this.opened.delete(id);
    if (this.joined.close(id)) await this.judgeAgain();
    this.changed(null);
  }

  /** As the request `checkFiles`. */
  async check(): Promise<readonly CaptureFacts[]> {
    const news = new Set<string>();
    for (const opened of this.wholeCaptures) {
      const changed = await this.host.changeOf(opened.facts.path, opened.file);
      if (changed?.text === opened.facts.changed?.text || this.opened.get(opened.id) !== opened) continue;
      this.opened.set(opened.id, { ...opened, facts: { ...opened.facts, changed } });
      news.add(opened.id);
    }
    if (news.size > 0) this.changed(null);
    // One of them may have been read again or closed while the others were looked at.
    return this.captures.flatMap(({ id, facts }) => (news.has(id) ? [facts] : []));
  }

  /**
   * With other rules references get other kinds, with names the frames that had none. All captures change at once, or
   * none when it is cancelled.
   *
   * @throws CancelledError when the pause does
   */
  async judgeAgain(pause = pauseFor(undefined)): Promise<void> {
    const found: (readonly [OpenedCapture, OpenedCapture])[] = [];
    for (const before of this.wholeCaptures) {
      found.push([before, await this.judgedByNow(before, pause)]);
    }
    for (const [before, judged] of found) {
      const { id, read, capture, rules } = judged;
      // Meanwhile it may have been closed or read again. Whoever changed rules or names since then judges by these.
      const isCurrent = rules === this.rules.all && capture === this.joined.named(read);
      const now = this.opened.get(id);
      if (judged !== before && isCurrent && now?.read === read) this.keep(id, judged, now.facts.changed);
    }
    this.changed(null);
  }

  private async readEvents(
    file: CaptureFile,
    replaces: string | undefined,
    { onPart, ...others }: RequestOptions,
  ): Promise<CaptureFacts> {
    const id = replaces ?? `c${this.nextId++}`;
    const showParts = onPart && replaces === undefined;
    try {
      const whole = await readCapture(file, {
        ...others,
        rules: () => this.rules.all,
        named: (read) => this.joined.named(read),
        // One that is read again stays as it was.
        ...(replaces === undefined ? { onStoppable: (stop) => this.stops.set(file.name, stop) } : {}),
        ...(showParts
          ? {
              onPart: (soFar) => {
                onPart(this.keep(id, soFar));
              },
            }
          : {}),
      });
      const judged = await this.judgedByNow(whole, pauseFor(others.signal));
      // Whoever cancelled it may have asked since what is open.
      if (others.signal?.aborted === true) throw new CancelledError();
      if (replaces !== undefined) this.refuseUnlessOpen(replaces);
      const facts = this.keep(id, judged);
      if (!this.joined.close(id)) return facts;
      // It was a symbol file before, which names frames no more.
      await this.judgeAgain();
      return this.opened.get(id)?.facts ?? facts;
    } catch (error) {
      if (showParts && this.opened.delete(id)) this.changed(null);
      throw error;
    } finally {
      if (replaces === undefined) this.stops.delete(file.name);
    }
  }

  /** @throws CancelledError when the capture to be replaced was closed meanwhile */
  private refuseUnlessOpen(id: string): void {
    if (!this.opened.has(id) && !this.joined.symbolFiles.has(id)) throw new CancelledError();
  }

  /** @param changed what happened to its file since it was read */
  private keep(id: string, analysed: AnalysedCapture, changed: FileChange | null = null): CaptureFacts {
    const opened = { ...analysed, id, facts: { ...factsOf(id, analysed), changed } };
    this.opened.set(id, opened);
    this.changed(opened);
    return opened.facts;
  }

  /** A symbol file whose use is cancelled leaves the captures as they were. */
  private async keepSymbols(
    id: string,
    file: SymbolFile,
    { signal, onProgress }: RequestOptions,
  ): Promise<CaptureFacts> {
    const before = this.joined.symbolFiles.get(id);
    this.joined.addSymbols(id, file);
    onProgress?.({ phase: 'analysing', done: 0, total: 0, unit: '', rowsAtEnd: false });
    const isOpen = (): boolean => this.joined.symbolFiles.get(id) === file;
    try {
      await this.judgeAgain(pauseFor(signal));
      if (signal?.aborted === true || !isOpen()) throw new CancelledError();
    } catch (error) {
      // One that was closed or read again meanwhile has left nothing behind.
      if (!isOpen()) throw error;
      if (before === undefined) this.joined.close(id);
      else this.joined.addSymbols(id, before);
      await this.judgeAgain();
      throw error;
    }
    // It was a capture before.
    if (this.opened.delete(id)) this.changed(null);
    return this.symbolFacts(id, file);
  }

  private symbolFacts(id: string, file: SymbolFile): CaptureFacts {
    return symbolFacts(id, file, this.usesOf(file));
  }

  /** What is found with the names and by the rules of now, which may become others meanwhile. */
  private async judgedByNow<T extends AnalysedCapture>(before: T, pause: Pause): Promise<T> {
    for (let judged = before; ;) {
      const capture = this.joined.named(judged.read);
      const rules = this.rules.all;
      if (judged.capture === capture && judged.rules === rules) return judged;
      judged = { ...judged, ...(await inTurns(analysisSteps(capture, rules), pause)), capture, rules };
    }
  }
}
