/**
 * Answers what is asked of the open files, the kernel tree and the debug info. The same class serves the command line
 * directly and the editor from a worker; nothing here knows which.
 */
import { NONE } from '../capture/eventTable';
import { functionsOf, symbolLookup } from './captureFunctions';
import { captureMarks } from './captureMarks';
import { compareCaptures, whyNotCompared } from './comparing/compareCaptures';
import { DebugInfo, fitOfAll } from './debugInfo';
import type { EngineHost } from './engineHost';
import { CompareError } from './errors';
import { EventQueries } from './eventQueries';
import { FramePlaces } from './framePlaces';
import { frameTarget, placedFrames } from './frames';
import { firstStackId } from './groupByHolder';
import { HolderSources } from './holderSources';
import { KernelTreeChoice } from './kernelTreeChoice';
import type { Branch } from './lazyTree';
import { OpenFiles, type OpenedCapture } from './openFiles';
import { pageInShort } from './pageInShort';
import { pagesInRange } from './pagesInRange';
import { placeOfEvent } from './placeOfEvent';
import type { Answer, CaptureFacts, EngineApi, Request, RequestOptions, RuleFacts } from './protocol';
import { Reports } from './reports';
import { wholeStack } from './stackRows';
import type { SymbolsInUse } from './symbolsInUse';
import { taskText } from './taskText';
import { textLines } from './textReport';
import { pointText } from './timeText';
import { Trees } from './trees';
import { pauseFor } from './turns';
import { visibleLine } from './visibleText';
import { joined } from './wording';

interface EngineManner {
  /**
   * Rows are answered before the walk over the kernel tree is done: ask again then. What is copied or exported waits
   * for it, unless the tree is far away.
   */
  readonly answersEarly?: boolean;
}

export class Engine implements EngineApi {
  private readonly files: OpenFiles;
  private readonly places: FramePlaces;
  private readonly sources: HolderSources;
  private readonly trees: Trees;
  private readonly kernelTree: KernelTreeChoice;
  readonly reports: Reports;
  readonly eventQueries: EventQueries;

  /**
   * @param host where it runs
   * @param manner for whom it works
   */
  constructor(
    private readonly host: EngineHost,
    manner: EngineManner = {},
  ) {
    this.places = new FramePlaces(new DebugInfo(host.debugInfo), manner.answersEarly === true, () =>
      this.files.wholeCaptures.map(({ capture }) => capture),
    );
    this.files = new OpenFiles(host, (kept) => {
      // More functions are wanted when the whole is read.
      if (kept?.part === 1) this.places.source?.want(functionsOf([kept]));
      this.forget();
    });
    this.kernelTree = new KernelTreeChoice(host, this.files, this.places, () => {
      this.forget();
    });
    this.sources = new HolderSources(this.files, this.places);
    this.trees = new Trees(this.sources);
    this.reports = new Reports(this.sources);
    this.eventQueries = new EventQueries(
      (id) => this.files.byId.get(id),
      (id, waits) => {
        const opened = this.files.byId.get(id)!;
        return waits
          ? this.sources.stacks(opened)
          : this.places.stacksAtOnce(opened.capture, opened.part === 1);
      },
      (id) => this.symbolsOf(this.files.byId.get(id)!),
    );
  }

  async openCapture(request: Request<'openCapture'>, options: RequestOptions = {}): Promise<CaptureFacts> {
    const facts = await this.files.open(request, options);
    await this.nameByDebugInfo();
    return this.files.byId.get(facts.id)?.facts ?? facts;
  }

  stopReading({ path }: Request<'stopReading'>): Promise<Answer<'stopReading'>> {
    return Promise.resolve(this.files.stopReading(path));
  }

  /** Opens a file that names frames, as {@link openCapture} does; null for a capture, which is not read. */
  async openSymbols(path: string, options: RequestOptions = {}): Promise<CaptureFacts | null> {
    const facts = await this.files.openSymbols(path, options);
    await this.nameByDebugInfo();
    return facts;
  }

  captureFacts(): Promise<Answer<'captureFacts'>> {
    return Promise.resolve(this.files.facts);
  }

  async closeCapture({ id }: Request<'closeCapture'>): Promise<null> {
    await this.files.close(id);
    return null;
  }

  checkFiles(): Promise<Answer<'checkFiles'>> {
    return this.files.check();
  }

  children({ tree, node, start, end, query }: Request<'children'>): Promise<Answer<'children'>> {
    const rows = this.trees.named(tree, query);
    return rows.page(node, start, end);
  }

  setKernelTree(request: Request<'setKernelTree'>): Promise<Answer<'setKernelTree'>> {
    return this.kernelTree.choose(request);
  }

  async setDebugInfo(
    request: Request<'setDebugInfo'>,
    options: RequestOptions = {},
  ): Promise<Answer<'setDebugInfo'>> {
    try {
      await this.places.debug.choose(request, options);
    } finally {
      await this.nameByDebugInfo();
      this.forget();
    }
    return this.places.debug.facts;
  }

  async debugInfo(
    _request: Request<'debugInfo'>,
    options: RequestOptions = {},
  ): Promise<Answer<'debugInfo'>> {
    await this.settleDebugInfo(options);
    return this.places.debug.facts;
  }

  setKindRules(request: Request<'setKindRules'>): Promise<Answer<'setKindRules'>> {
    return this.useRules(() => this.files.rules.useSetting(request.text));
  }

  /** Takes the rules of a file given on the command line, in place of the settings'. */
  useRuleFile(path: string, text: string): Promise<RuleFacts> {
    return this.useRules(() => this.files.rules.useFile(path, text));
  }

  kindRules(): Promise<RuleFacts> {
    return Promise.resolve(this.files.rules.facts);
  }

  async lookUpFunctions(
    _request: Request<'lookUpFunctions'>,
    options: RequestOptions = {},
  ): Promise<Answer<'lookUpFunctions'>> {
    await this.settleDebugInfo(options);
    this.trees.forgetCaptures();
    if (this.places.source === null) return null;
    await this.places.source.lookUp(options);
    if (this.places.isAnsweredEarly) this.forget();
    this.trees.forgetCaptures();
    const symbols = symbolLookup(this.places.source, this.files.wholeCaptures);
    if (symbols === null) return null;
    const { asked, unknown, linksOut } = symbols;
    return { asked, found: asked - unknown.length, linksOut };
  }

  async resolveFrames(request: Request<'resolveFrames'>): Promise<Answer<'resolveFrames'>> {
    const { stack, others, atOnce } = request;
    const locate = await this.places.locateInTexts([...stack, ...others], atOnce === true);
    return placedFrames(stack, (await locate?.(stack)) ?? []).map(frameTarget);
  }

  async heldLines({ file }: Request<'heldLines'>): Promise<Answer<'heldLines'>> {
    const { source } = this.places;
    if (source === null) return null;
    const places = this.sources.heldPlaces;
    const text = (await places.has(file)) ? await source.sourceFile(file) : null;
    return text === null ? null : places.heldLines(file, text);
  }

  captureMarks({ id }: Request<'captureMarks'>): Promise<Answer<'captureMarks'>> {
    const opened = this.files.byId.get(id);
    return Promise.resolve(opened === undefined ? null : captureMarks(id, opened.capture, opened.analysis));
  }

  pageInShort({ id, pfn }: Request<'pageInShort'>): Promise<Answer<'pageInShort'>> {
    const opened = this.files.byId.get(id);
    return Promise.resolve(opened === undefined ? null : pageInShort(this.sources.of(opened), pfn));
  }

  captureHeader(request: Request<'captureHeader'>): Promise<Answer<'captureHeader'>> {
    return Promise.resolve(this.eventQueries.captureHeader(request));
  }

  events(request: Request<'events'>, { signal }: RequestOptions = {}): Promise<Answer<'events'>> {
    return this.eventQueries.events(request, signal);
  }

  eventPlace(request: Request<'eventPlace'>, { signal }: RequestOptions = {}): Promise<Answer<'eventPlace'>> {
    return this.eventQueries.eventPlace(request, signal);
  }

  nextMatch(request: Request<'nextMatch'>, { signal }: RequestOptions = {}): Promise<Answer<'nextMatch'>> {
    return this.eventQueries.nextMatch(request, signal);
  }

  eventDetails(request: Request<'eventDetails'>): Promise<Answer<'eventDetails'>> {
    if (!request.waits) return this.eventQueries.eventDetails(request);
    return this.settleNames().then(() => this.eventQueries.eventDetails(request));
  }

  timeline(request: Request<'timeline'>, { signal }: RequestOptions = {}): Promise<Answer<'timeline'>> {
    return this.eventQueries.timeline(request, signal);
  }

  nextMark(request: Request<'nextMark'>): Promise<Answer<'nextMark'>> {
    return Promise.resolve(this.eventQueries.nextMark(request));
  }

  describeSpan(
    request: Request<'describeSpan'>,
    { signal }: RequestOptions = {},
  ): Promise<Answer<'describeSpan'>> {
    return this.eventQueries.describeSpan(request, signal);
  }

  spanFilter(request: Request<'spanFilter'>): Promise<string> {
    return Promise.resolve(this.eventQueries.spanFilter(request));
  }

  narrowedFilter(request: Request<'narrowedFilter'>): Promise<string> {
    return Promise.resolve(this.eventQueries.narrowedFilter(request));
  }

  eventText(request: Request<'eventText'>): Promise<string> {
    return Promise.resolve(this.eventQueries.eventText(request));
  }

  eventWithStack(request: Request<'eventWithStack'>): Promise<string> {
    return Promise.resolve(this.eventQueries.eventWithStack(request));
  }

  completeFilter(request: Request<'completeFilter'>): Promise<Answer<'completeFilter'>> {
    return Promise.resolve(this.eventQueries.completeFilter(request));
  }

  async stackOf({ node, query }: Request<'stackOf'>): Promise<Answer<'stackOf'>> {
    const tree = this.trees.holders(query);
    const way = await tree.way(node);
    const path = way.at(-1)?.node;
    // Pages below a code path may be of other stacks than its first.
    const first = path?.kind === 'code-path' ? await tree.find(firstStackId(path.id)) : undefined;
    const row = first ?? way.findLast(({ stack }) => stack !== undefined);
    if (row?.stack === undefined) return null;
    const { label, description } = row.node;
    const title = first === undefined ? label : joined([path?.label ?? '', description]);
    return { title, description, ...wholeStack(await row.stack()) };
  }

  async stackOfEvent({ capture: id, row }: Request<'stackOfEvent'>): Promise<Answer<'stackOfEvent'>> {
    const opened = this.files.byId.get(id);
    const stack = opened?.capture.events.stack[row] ?? NONE;
    if (opened === undefined || row >= opened.capture.events.length || stack < 0) return null;
    const { capture } = opened;
    const { events, symbols } = capture;
    const point = pointText(events.time[row]!, capture.timeBase, capture.clock, capture.resolution);
    return {
      title: visibleLine(joined([symbols.string(events.name[row]!), taskText(capture, events.task[row]!)])),
      description: point,
      ...wholeStack(await this.sources.stacks(opened).frames(stack)),
    };
  }

  placeOfEvent({ capture, row }: Request<'placeOfEvent'>): Promise<Answer<'placeOfEvent'>> {
    const opened = this.files.byId.get(capture);
    return Promise.resolve(opened === undefined ? null : placeOfEvent(opened, row));
  }

  vmlinuxInUse(): Promise<Answer<'vmlinuxInUse'>> {
    const { debug } = this.places;
    const { vmlinux } = debug.facts;
    const fits = this.files.captures.map(({ capture }) => debug.fitOf(capture));
    return Promise.resolve(vmlinux === null ? null : { path: vmlinux, fit: fitOfAll(fits) });
  }

  treeDoubts(): Promise<Answer<'treeDoubts'>> {
    return Promise.resolve(this.reports.treeDoubts());
  }

  async text(request: Request<'text'>, options: RequestOptions = {}): Promise<string> {
    const { tree: name = 'holders', node, query, enough = Infinity } = request;
    await this.settleNames(options);
    const pause = pauseFor(options.signal);
    await pause();
    const tree = this.trees.once(name, query);
    const rows = node === null ? await tree.branches(null) : unfolded(await tree.find(node));
    return (await textLines(rows, { pause, enough })).join('\n');
  }

  async exportFile(
    { format, query, path }: Request<'exportFile'>,
    options?: RequestOptions,
  ): Promise<Answer<'exportFile'>> {
    await this.settleNames(options);
    const { vmlinux } = this.places.debug.facts;
    const inputs = [...this.files.facts.map((facts) => facts.path), ...(vmlinux === null ? [] : [vmlinux])];
    const pieces = untilAborted(this.reports.exported(format, query), options?.signal);
    return { bytes: await this.host.writeFile(path, pieces, inputs) };
  }

  pagesInRange({ range, limit }: Request<'pagesInRange'>): Promise<Answer<'pagesInRange'>> {
    const pfns = this.files.captures.flatMap((opened) => pagesInRange(this.sources.of(opened), range, limit));
    return Promise.resolve([...new Set(pfns)].sort((a, b) => a - b).slice(0, limit));
  }

  compare({ before, after }: Request<'compare'>): Promise<Answer<'compare'>> {
    const [one, other] = [before, after].map((id) => this.files.byId.get(id));
    if (one === undefined || other === undefined) {
      return Promise.reject(new CompareError('A capture that is to be compared is not open any more.'));
    }
    for (const { facts } of [one, other]) {
      if (!facts.tellsOfMoving) return Promise.reject(new CompareError(whyNotCompared(facts)));
    }
    return Promise.resolve(compareCaptures(this.sources.of(one), this.sources.of(other)));
  }

  private symbolsOf(opened: OpenedCapture): SymbolsInUse {
    const { debug, source } = this.places;
    return {
      debugInfo: debug.facts,
      fit: debug.fitOf(opened.capture),
      tree: source?.facts ?? null,
      namings: this.files.namingsOf(opened),
    };
  }

  /** @param change answers whether the rules are others than before */
  private async useRules(change: () => boolean): Promise<RuleFacts> {
    if (change()) await this.files.judgeAgain();
    return this.files.rules.facts;
  }

  /** What is found names what has no names, and is held against what was named. */
  private async settleDebugInfo(options: RequestOptions): Promise<void> {
    await this.places.settleDebugInfo(options);
    if (await this.nameByDebugInfo()) await this.places.settleDebugInfo(options);
  }

  /** Names captures that have addresses alone by the debug info in use; answers whether others are named than before. */
  private async nameByDebugInfo(): Promise<boolean> {
    const symbols = this.files.needNames ? await this.places.debug.symbols() : null;
    if (!this.files.joined.useDebugInfo(symbols)) return false;
    await this.files.judgeAgain();
    return true;
  }

  /** Before an answer that stays as it is: a text, a file. */
  private async settleNames(options?: RequestOptions): Promise<void> {
    await this.places.settleNames(options);
    if (this.places.isAnsweredEarly && this.places.source?.isSettled === true) this.forget();
  }

  private forget(): void {
    this.places.forget();
    this.files.joined.forgetAllocations();
    this.sources.forget();
    this.trees.forget();
  }
}

/** @throws CancelledError once the signal is aborted, behind the last piece, too: a file that is there stays then */
async function* untilAborted(
  pieces: AsyncIterable<string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const pause = pauseFor(signal);
  for await (const piece of pieces) {
    yield piece;
    await pause();
  }
}

/** Whoever copies a folded row wants what is in it. */
function unfolded(row: Branch | undefined): readonly Branch[] {
  return row === undefined ? [] : [{ ...row, node: { ...row.node, expanded: true } }];
}
