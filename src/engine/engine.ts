/**
 * Owns the open captures and the kernel tree, and answers what is asked of them. The same class serves the command
 * line directly and the editor from a worker; nothing here knows which.
 */
import { version } from '../../package.json';
import { NONE, type Capture } from '../capture/eventTable';
import { inTurns, type Pause } from '../capture/turns';
import { analysisSteps } from '../holders/analyseHolders';
import type { Page } from '../holders/model';
import {
  baseName,
  captureSays,
  captureDescription,
  captureRow,
  kernelTreeRow,
  kindRulesRow,
  type SymbolLookup,
} from './captureTree';
import { reportAllocations, reportGroups, reportJoins, reportNaming } from './allocationReport';
import { AllocationRows, dumpRows } from './allocationRows';
import { compareCaptures } from './comparing/compareCaptures';
import { DebugInfo } from './debugInfo';
import { debugInfoRow } from './debugInfoRows';
import type { CaptureFile, EngineHost } from './engineHost';
import { CancelledError, CompareError } from './errors';
import { EventQueries } from './eventQueries';
import { csvExport } from './exporting/csvExport';
import type { ExportFormat } from './exporting/exportFormats';
import { markdownLines } from './exporting/markdownExport';
import { speedscopeExport } from './exporting/speedscopeExport';
import type { PlacedStacks } from './frames';
import { frameTarget, namedFunctions, NOT_SEARCHED, type NamedFunction } from './frames';
import { FramePlaces } from './framePlaces';
import { groupedRows } from './groupedRows';
import { allPages, factsOf, saysAllocationsAlone } from './captureFacts';
import { captureMarks } from './captureMarks';
import { HeldPlaces, type HeldSource } from './heldLines';
import { lastTime } from './heldTime';
import { HolderMatcher } from './holderMatcher';
import type { HolderSource, PageAdditions } from './holderSource';
import type { HolderFilter, HoldersQuery } from './holdersQuery';
import { JoinedFiles, openSymbolFile, type Naming, type SymbolFile } from './joinCaptures';
import { jsonReport, type JsonSource } from './jsonReport';
import { KernelSource } from './kernelSource';
import { KindRuleBook } from './kindRuleBook';
import { branch, LazyTree, type Branch } from './lazyTree';
import { isHeld, isNotJudged } from './pageFacts';
import { pageInShort } from './pageInShort';
import { pagesInRange } from './pagesInRange';
import type { Answer, CaptureFacts, EngineApi, Request, RequestOptions, RuleFacts } from './protocol';
import { readCapture, type AnalysedCapture } from './readCapture';
import { pagesWithReason } from './reasonFilter';
import { reportDebugInfo } from './report';
import { namingRows, symbolFacts, symbolFileRow, type SymbolUse } from './symbolFileRows';
import { wholeStack } from './stackRows';
import { taskText } from './taskText';
import { textLines, type TextOptions } from './textReport';
import { pointText } from './timeText';
import { pauseFor } from './turns';
import { joined } from './wording';

/** Rows of a report, and rows one step below them. */
interface ReportPart {
  readonly rows: readonly Branch[];
  readonly below: readonly Branch[];
}

interface OpenedCapture extends AnalysedCapture {
  readonly id: string;
  readonly facts: CaptureFacts;
}

/** For each capture the stacks that go through the lines that a filter names; null when it names none. */
type StacksThrough = ReadonlyMap<Capture, ReadonlySet<number>> | null;

interface EngineManner {
  /**
   * Lines of debug info are answered before those that only the kernel tree has, which take a walk, and everything is
   * when the tree is far away: ask again then.
   */
  readonly answersEarly?: boolean;
}

export class Engine implements EngineApi {
  private readonly opened = new Map<string, OpenedCapture>();
  private readonly joined = new JoinedFiles();
  private readonly places: FramePlaces;
  private readonly rules = new KindRuleBook();
  /** How often a kernel tree was chosen, and the work of the last choice. */
  private treeChoices = 0;
  private treeChange: Promise<unknown> = Promise.resolve();
  private nextId = 1;
  /** Trees by query; made anew when a capture or the kernel tree changes. */
  private readonly holderTrees = new Map<string, LazyTree>();
  private captureTree: LazyTree | null = null;
  private readonly eventQueries = new EventQueries(
    (id) => this.opened.get(id),
    (id, waits) => {
      const opened = this.opened.get(id)!;
      return waits ? this.placedStacks(opened) : this.places.stacksAtOnce(opened.capture, opened.part === 1);
    },
  );
  private heldPlaces: HeldPlaces | null = null;

  /**
   * @param host where it runs
   * @param manner for whom it works
   */
  constructor(
    private readonly host: EngineHost,
    manner: EngineManner = {},
  ) {
    this.places = new FramePlaces(new DebugInfo(host.debugInfo), manner.answersEarly === true, () =>
      this.comparable(),
    );
  }

  async openCapture(request: Request<'openCapture'>, options: RequestOptions = {}): Promise<CaptureFacts> {
    const { path, replaces } = request;
    const file = await this.host.openFile(path, options);
    try {
      const symbolFile = await openSymbolFile(file, options);
      if (symbolFile === null) return await this.readEvents(file, replaces, options);
      if (replaces !== undefined) this.refuseUnlessOpen(replaces);
      return await this.keepSymbols(replaces ?? `s${this.nextId++}`, symbolFile, options);
    } finally {
      await file.close();
    }
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
      return this.keep(id, judged);
    } catch (error) {
      if (showParts && this.opened.delete(id)) this.forgetTrees();
      throw error;
    }
  }

  /** @throws CancelledError when the capture to be replaced was closed meanwhile */
  private refuseUnlessOpen(id: string): void {
    if (!this.opened.has(id) && !this.joined.symbolFiles.has(id)) throw new CancelledError();
  }

  captureFacts(): Promise<Answer<'captureFacts'>> {
    const symbolFiles = [...this.joined.symbolFiles].map(([id, file]) => symbolFacts(id, file));
    return Promise.resolve([...[...this.opened.values()].map(({ facts }) => facts), ...symbolFiles]);
  }

  async closeCapture(request: Request<'closeCapture'>): Promise<null> {
    this.opened.delete(request.id);
    if (this.joined.close(request.id)) await this.judgeAgain();
    this.forgetTrees();
    return null;
  }

  async checkFiles(): Promise<Answer<'checkFiles'>> {
    const news: CaptureFacts[] = [];
    for (const opened of [...this.opened.values()]) {
      const { id, part, file } = opened;
      if (part < 1) continue;
      const changed = await this.host.changeOf(opened.facts.path, file);
      if (changed === opened.facts.changed || this.opened.get(id) !== opened) continue;
      const facts = { ...opened.facts, changed };
      this.opened.set(id, { ...opened, facts });
      news.push(facts);
    }
    if (news.length > 0) this.forgetTrees();
    return news;
  }

  children(request: Request<'children'>): Promise<Answer<'children'>> {
    const { tree, node, start, end, query } = request;
    const rows = tree === 'holders' ? this.holderTree(query) : this.captures();
    return rows.page(node, start, end);
  }

  setKernelTree(request: Request<'setKernelTree'>): Promise<Answer<'setKernelTree'>> {
    const choice = ++this.treeChoices;
    // A tree that is refused leaves none behind: no row may lead into the one before.
    this.places.useTree(null);
    this.forgetTrees();
    // One after the other: the tree of an earlier choice may take longer to look at than that of the last.
    const change = this.treeChange.then(() => this.changeTree(request, choice));
    this.treeChange = change.catch(() => undefined);
    return change;
  }

  private async changeTree(
    { root, trusted }: Request<'setKernelTree'>,
    choice: number,
  ): Promise<Answer<'setKernelTree'>> {
    if (choice !== this.treeChoices) throw new CancelledError();
    if (root === null) {
      if (this.rules.forgetTree()) await this.judgeAgain();
      return null;
    }
    const source = await KernelSource.open(root, this.host).catch(async (error: unknown) => {
      if (this.rules.forgetTree()) await this.judgeAgain();
      throw error;
    });
    const isJudgedAnew = await (trusted ? this.rules.readTree(source) : this.rules.withholdTree(source));
    if (isJudgedAnew) await this.judgeAgain();
    if (choice !== this.treeChoices) throw new CancelledError();
    source.want(this.functions());
    this.places.useTree(source);
    this.forgetTrees();
    return source.facts;
  }

  async setDebugInfo(request: Request<'setDebugInfo'>): Promise<Answer<'setDebugInfo'>> {
    try {
      await this.places.debug.choose(request);
    } finally {
      this.forgetTrees();
    }
    return this.places.debug.facts;
  }

  async debugInfo(
    _request: Request<'debugInfo'>,
    options: RequestOptions = {},
  ): Promise<Answer<'debugInfo'>> {
    await this.places.debug.settleFor(this.comparable(), options);
    return this.places.debug.facts;
  }

  setKindRules(request: Request<'setKindRules'>): Promise<Answer<'setKindRules'>> {
    return this.useRules(() => this.rules.useSetting(request.text));
  }

  /** Takes the rules of a file given on the command line, in place of the settings'. */
  useRuleFile(path: string, text: string): Promise<RuleFacts> {
    return this.useRules(() => this.rules.useFile(path, text));
  }

  kindRules(): Promise<RuleFacts> {
    return Promise.resolve(this.rules.facts);
  }

  async lookUpFunctions(
    _request: Request<'lookUpFunctions'>,
    options: RequestOptions = {},
  ): Promise<Answer<'lookUpFunctions'>> {
    await this.places.debug.settleFor(this.comparable(), options);
    this.captureTree = null;
    if (this.places.source === null) return null;
    await this.places.source.lookUp(options);
    if (this.places.isAnsweredEarly) this.forgetTrees();
    this.captureTree = null;
    const symbols = this.symbolLookup();
    return symbols && { asked: symbols.asked, found: symbols.asked - symbols.unknown.length };
  }

  async resolveFrames(request: Request<'resolveFrames'>): Promise<Answer<'resolveFrames'>> {
    const { stack, others, atOnce } = request;
    const locate = await this.places.locateInTexts([...stack, ...others], atOnce === true);
    const places = (await locate?.(stack)) ?? [];
    return stack.map((frame, index) => frameTarget({ ...frame, location: places[index] ?? NOT_SEARCHED }));
  }

  async heldLines({ file }: Request<'heldLines'>): Promise<Answer<'heldLines'>> {
    const { source } = this.places;
    if (source === null) return null;
    const places = this.placesOfHeld();
    const text = (await places.has(file)) ? await source.sourceFile(file) : null;
    return text === null ? null : places.heldLines(file, text);
  }

  captureMarks({ id }: Request<'captureMarks'>): Promise<Answer<'captureMarks'>> {
    const opened = this.opened.get(id);
    return Promise.resolve(opened === undefined ? null : captureMarks(id, opened.capture, opened.analysis));
  }

  pageInShort({ id, pfn }: Request<'pageInShort'>): Promise<Answer<'pageInShort'>> {
    const opened = this.opened.get(id);
    return Promise.resolve(opened === undefined ? null : pageInShort(this.holderSource(opened), pfn));
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
    return this.eventQueries.eventDetails(request);
  }

  timeline(request: Request<'timeline'>, { signal }: RequestOptions = {}): Promise<Answer<'timeline'>> {
    return this.eventQueries.timeline(request, signal);
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

  completeFilter(request: Request<'completeFilter'>): Promise<Answer<'completeFilter'>> {
    return Promise.resolve(this.eventQueries.completeFilter(request));
  }

  /** Whether an open capture has addresses alone, which a symbol file may name. */
  lacksNames(): boolean {
    return [...this.opened.values()].some(({ capture }) =>
      capture.problems.some(({ isMissingNames }) => isMissingNames === true),
    );
  }

  /** What speaks against the debug info being that of the captures, a sentence each. */
  debugInfoDoubts(): readonly string[] {
    return [...this.opened.values()].flatMap(({ capture }) => {
      const mismatch = this.places.debug.fitOf(capture)?.mismatch ?? '';
      return mismatch === '' ? [] : [`${capture.path}: ${mismatch}: lines are doubtful.`];
    });
  }

  async stackOf({ node, query }: Request<'stackOf'>): Promise<Answer<'stackOf'>> {
    const way = await this.holderTree(query).way(node);
    const row = way.findLast(({ stack }) => stack !== undefined);
    if (row?.stack === undefined) return null;
    const { label, description } = row.node;
    return { title: label, description, ...wholeStack(await row.stack()) };
  }

  async stackOfEvent({ capture: id, row }: Request<'stackOfEvent'>): Promise<Answer<'stackOfEvent'>> {
    const opened = this.opened.get(id);
    const stack = opened?.capture.events.stack[row] ?? NONE;
    if (opened === undefined || row >= opened.capture.events.length || stack < 0) return null;
    const { capture } = opened;
    const { events, symbols } = capture;
    const point = pointText(events.time[row]!, capture.timeBase, capture.clock, capture.resolution);
    return {
      title: joined([symbols.string(events.name[row]!), taskText(capture, events.task[row]!)]),
      description: point,
      ...wholeStack(await this.placedStacks(opened).frames(stack)),
    };
  }

  async text(request: Request<'text'>): Promise<string> {
    const tree = this.holderTree(request.query);
    if (request.node === null) return (await textLines(await tree.branches(null))).join('\n');
    const row = await tree.find(request.node);
    // Whoever copies a folded row wants what is in it.
    const unfolded = row === undefined ? [] : [{ ...row, node: { ...row.node, expanded: true } }];
    return (await textLines(unfolded)).join('\n');
  }

  /** Lines of the text report of all captures, grouped, sorted and filtered. */
  async *textReport(query: HoldersQuery, layout: TextOptions): AsyncGenerator<string> {
    for (const { rows, below } of await this.reportParts(query)) {
      yield* await textLines(rows, layout);
      yield* await textLines(below, { ...layout, full: false }, 1);
      yield '';
    }
  }

  /** The answer in a form that leaves the program, in pieces. */
  async *exported(format: ExportFormat, query: HoldersQuery): AsyncGenerator<string> {
    switch (format) {
      case 'json':
        yield* this.jsonReport(query);
        return;
      case 'csv':
        yield* csvExport(await this.exportSources(query), query);
        return;
      case 'speedscope':
        yield await speedscopeExport(await this.exportSources(query), query, `Page Holders ${version}`);
        return;
      case 'markdown':
        for (const { rows, below } of await this.reportParts(query)) {
          yield `${(await markdownLines([...rows, ...below])).join('\n')}\n\n`;
        }
    }
  }

  async exportFile({ format, query, path }: Request<'exportFile'>): Promise<Answer<'exportFile'>> {
    return { bytes: await this.host.writeFile(path, this.exported(format, query)) };
  }

  pagesInRange({ range, limit }: Request<'pagesInRange'>): Promise<Answer<'pagesInRange'>> {
    const pfns = [...this.opened.values()].flatMap((opened) =>
      pagesInRange(this.holderSource(opened), range, limit),
    );
    return Promise.resolve([...new Set(pfns)].sort((a, b) => a - b).slice(0, limit));
  }

  compare({ before, after }: Request<'compare'>): Promise<Answer<'compare'>> {
    const [one, other] = [before, after].map((id) => this.opened.get(id));
    if (one === undefined || other === undefined) {
      return Promise.reject(new CompareError('A capture that is to be compared is not open any more.'));
    }
    return Promise.resolve(compareCaptures(this.holderSource(one), this.holderSource(other)));
  }

  private async exportSources(query: HoldersQuery): Promise<readonly HolderSource[]> {
    const through = await this.stacksThrough(query.filter);
    return [...this.opened.values()].map((opened) => this.holderSource(opened, through));
  }

  /** Each capture with its rows, and what is said below where it has none; then the symbol files. */
  private async reportParts(query: HoldersQuery): Promise<readonly ReportPart[]> {
    const through = await this.stacksThrough(query.filter);
    const parts = [...this.opened.values()].map((opened): ReportPart => {
      const { pageEvents, allocations } = opened.facts;
      const isEmpty = opened.analysis.pages.length === 0 && (pageEvents > 0 || allocations === 0);
      const label = pageEvents === 0 ? NO_PAGE_EVENTS : LOOKED_FOR;
      return {
        rows: [this.captureHeading(opened, query, through)],
        below: isEmpty ? [branch({ id: 'looked-for', kind: 'note', label })] : [],
      };
    });
    const symbolFiles = this.symbolFileRows();
    return symbolFiles.length === 0 ? parts : [...parts, { rows: symbolFiles, below: [] }];
  }

  /** The JSON report of all captures in pieces, so that no string grows beyond what one page needs. */
  async *jsonReport(query: HoldersQuery): AsyncGenerator<string> {
    yield* jsonReport(
      [...this.opened.values()].map((opened) => this.jsonSource(opened)),
      query,
    );
    yield* this.jsonAllocations();
    yield '}\n';
  }

  /** Events that a filter asks for: {@link EventQueries.lines}. */
  eventLines(
    capture: string,
    filter: string,
    limit: number,
    format: 'text' | 'json',
  ): AsyncGenerator<string> {
    return this.eventQueries.lines(capture, filter, limit, format);
  }

  private jsonSource(opened: OpenedCapture): JsonSource {
    const { id, capture } = opened;
    const ids = [...this.opened.keys()];
    const indexOf = (other: string): number => ids.indexOf(other);
    const joined = this.joined.allocationsOf(id, this.opened);
    return {
      ...this.holderSource(opened),
      joins: reportJoins(capture, joined, indexOf),
      names: this.namingsOf(opened).map(reportNaming),
      debugInfo: reportDebugInfo(this.places.debug.facts, this.places.debug.fitOf(capture)),
      allocatedBy: (page) =>
        reportAllocations(capture, page, joined, (other) => this.stacksOf(other), indexOf),
    };
  }

  private async *jsonAllocations(): AsyncGenerator<string> {
    const all = [...this.opened.values()];
    if (!all.some(({ facts }) => saysAllocationsAlone(facts))) return;
    yield ',"allocations":[';
    let separator = '\n';
    for (const [index, opened] of all.entries()) {
      const { capture } = opened;
      if (!saysAllocationsAlone(opened.facts)) continue;
      const groups = reportGroups(index, capture, capture.allocations!, this.placedStacks(opened));
      for await (const group of groups) {
        yield separator + JSON.stringify(group);
        separator = ',\n';
      }
    }
    yield ']';
  }

  /** Whether somebody held any page that the filter asks for, or may have: its references could not be judged. */
  anyHeld(filter: HolderFilter): boolean {
    return [...this.opened.values()].some((opened) =>
      this.askedPages(opened, filter).some((page) => isHeld(page) || isNotJudged(page)),
    );
  }

  private askedPages(
    { capture, analysis }: OpenedCapture,
    filter: HolderFilter,
    through: StacksThrough = null,
  ): readonly Page[] {
    const stacks = through?.get(capture) ?? null;
    const matcher = new HolderMatcher(capture, filter, analysis.attempts, stacks);
    return pagesWithReason(analysis.pages, filter.reason).filter((page) => matcher.page(page));
  }

  private keep(id: string, analysed: AnalysedCapture): CaptureFacts {
    const facts = factsOf(id, analysed);
    // More functions are wanted when the whole is read.
    if (analysed.part === 1)
      this.places.source?.want(namedFunctions(analysed.capture, allPages(analysed.analysis)));
    this.opened.set(id, { ...analysed, id, facts });
    this.forgetTrees();
    return facts;
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
    try {
      await this.judgeAgain(pauseFor(signal));
      if (signal?.aborted === true) throw new CancelledError();
    } catch (error) {
      if (before === undefined) this.joined.close(id);
      else this.joined.addSymbols(id, before);
      await this.judgeAgain();
      throw error;
    }
    this.forgetTrees();
    return symbolFacts(id, file);
  }

  /** @param change answers whether the rules are others than before */
  private async useRules(change: () => boolean): Promise<RuleFacts> {
    if (change()) await this.judgeAgain();
    return this.rules.facts;
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

  /**
   * With other rules references get other kinds, with names the frames that had none. All captures change at once, or
   * none when it is cancelled.
   *
   * @throws CancelledError when the pause does
   */
  private async judgeAgain(pause = pauseFor(undefined)): Promise<void> {
    const found: (readonly [OpenedCapture, OpenedCapture])[] = [];
    for (const before of this.wholeCaptures()) {
      found.push([before, await this.judgedByNow(before, pause)]);
    }
    for (const [before, judged] of found) {
      const { id, read, capture, rules } = judged;
      // Meanwhile it may have been closed or read again. Whoever changed rules or names since then judges by these.
      const isCurrent = rules === this.rules.all && capture === this.joined.named(read);
      if (judged !== before && isCurrent && this.opened.get(id)?.read === read) this.keep(id, judged);
    }
    this.forgetTrees();
  }

  private holderTree(query: HoldersQuery): LazyTree {
    const key = JSON.stringify(query);
    const known = this.holderTrees.get(key);
    if (known !== undefined) return known;
    // Whoever filters tries out many words: their trees are not kept for ever.
    if (this.holderTrees.size >= KEPT_TREES) this.holderTrees.clear();
    const made = new LazyTree(() => this.holderRoots(query));
    this.holderTrees.set(key, made);
    return made;
  }

  /** The pages of the only capture, or a row for each capture. */
  private async holderRoots(query: HoldersQuery): Promise<readonly Branch[]> {
    const through = await this.stacksThrough(query.filter);
    const all = [...this.opened.values()];
    const [only] = all;
    if (only === undefined) return this.symbolFileRows();
    return all.length === 1
      ? this.holderRows(only, query, through)
      : all.map((each) => this.captureHeading(each, query, through));
  }

  private async stacksThrough({ through }: HolderFilter): Promise<StacksThrough> {
    if (through === null) return null;
    const places = this.placesOfHeld();
    const stacks = new Map<Capture, ReadonlySet<number>>();
    for (const { capture } of this.wholeCaptures()) {
      stacks.set(capture, await places.stacksThrough(capture, through));
    }
    return stacks;
  }

  private captureHeading(opened: OpenedCapture, query: HoldersQuery, through: StacksThrough = null): Branch {
    const { id, facts } = opened;
    const pages = this.askedPages(opened, query.filter, through);
    const rows = this.holderRows(opened, query, through);
    return branch(
      {
        id,
        kind: 'capture',
        label: `${baseName(facts.path)} · ${captureSays(facts, opened.capture, pages, query.filter)}`,
        description: captureDescription(facts, opened.capture),
        tooltip: { title: facts.path, rows: [], notes: [] },
        // Beside the traces that it is joined to, a dump is at hand but not in the way.
        expanded: !saysAllocationsAlone(opened.facts) || this.joined.tracesOf(id, this.opened).length === 0,
      },
      rows.length === 0 ? null : () => rows,
    );
  }

  private holderRows(opened: OpenedCapture, query: HoldersQuery, through: StacksThrough): readonly Branch[] {
    const { id, capture } = opened;
    const source = this.holderSource(opened, through);
    const rows = groupedRows(source, query);
    if (!saysAllocationsAlone(opened.facts)) return rows;
    return [...rows, ...dumpRows(id, capture, capture.allocations!, source.stacks)];
  }

  private holderSource(opened: OpenedCapture, through: StacksThrough = null): HolderSource {
    const { id, capture, analyser, analysis, part } = opened;
    return {
      id,
      capture,
      analysis,
      part,
      stacks: this.placedStacks(opened),
      additions: this.additions(opened),
      eventsOf: (pfn) => analyser.eventsOf(pfn),
      pageOf: (pfn) => analyser.page(pfn),
      through: through?.get(capture) ?? null,
    };
  }

  /** What the other open files say of a capture and its pages. */
  private additions(opened: OpenedCapture): PageAdditions {
    const { id, capture, analysis } = opened;
    const joined = this.joined.allocationsOf(id, this.opened);
    const rows = new AllocationRows(capture, joined, analysis.pages, (other) => this.stacksOf(other));
    const refused = this.namingsOf(opened).filter(({ refusal }) => refusal !== null);
    return {
      notes: (parent) => [...namingRows(parent, refused), ...rows.notes(parent)],
      rows: (parent, page) => rows.rows(parent, page),
    };
  }

  private stacksOf(capture: Capture): PlacedStacks {
    const opened = [...this.opened.values()].find((each) => each.capture === capture);
    return this.places.stacksOf(capture, opened === undefined || opened.part === 1);
  }

  private symbolFileRows(): readonly Branch[] {
    return [...this.joined.symbolFiles].map(([id, file]) => symbolFileRow(id, file, this.usesOf(file)));
  }

  /** A capture that is being read is named when all of its frames are known. */
  private namingsOf({ read, part }: OpenedCapture): readonly Naming[] {
    return part < 1 ? [] : this.joined.namingsOf(read);
  }

  private usesOf({ path }: SymbolFile): readonly SymbolUse[] {
    return [...this.opened.values()].map((opened) => ({
      capture: opened.facts.path,
      naming: this.namingsOf(opened).find(({ file }) => file === path) ?? null,
    }));
  }

  private captures(): LazyTree {
    this.captureTree ??= new LazyTree(() => {
      const all = [...this.opened.values()];
      const symbolFiles = this.symbolFileRows();
      if (all.length + symbolFiles.length === 0) return [];
      const rows = all.map((opened) => {
        const { id, facts, capture } = opened;
        const used = this.namingsOf(opened).filter(({ refusal }) => refusal === null);
        const notes = [...namingRows(`${id}/used`, used), ...this.additions(opened).notes(id)];
        return captureRow(facts, capture, all.length === 1, notes);
      });
      return [
        kernelTreeRow(this.places.source?.facts ?? null, this.symbolLookup()),
        debugInfoRow({
          facts: this.places.debug.facts,
          captures: all.map(({ capture }) => ({ path: capture.path, fit: this.places.debug.fitOf(capture) })),
          modules: this.places.debug.modules,
          problems: this.places.debug.problems,
        }),
        ...kindRulesRow(this.rules.facts),
        ...rows,
        ...symbolFiles,
      ];
    });
    return this.captureTree;
  }

  private symbolLookup(): SymbolLookup | null {
    const { source } = this.places;
    const isReading = [...this.opened.values()].every(({ part }) => part < 1);
    if (source?.isSettled !== true || isReading) return null;
    const names = new Set(this.functions().map((each) => each.function));
    const unknown = [...names].filter((name) => !source.knows(name)).sort();
    return { asked: names.size, unknown };
  }

  private functions(): readonly NamedFunction[] {
    return this.wholeCaptures().flatMap(({ capture, analysis }) =>
      namedFunctions(capture, allPages(analysis)),
    );
  }

  /** The functions of a capture that is being read are looked up when all of them are known. */
  private wholeCaptures(): readonly OpenedCapture[] {
    return [...this.opened.values()].filter(({ part }) => part === 1);
  }

  private placesOfHeld(): HeldPlaces {
    this.heldPlaces ??= new HeldPlaces(this.wholeCaptures().map((opened) => this.heldSource(opened)));
    return this.heldPlaces;
  }

  private heldSource(opened: OpenedCapture): HeldSource {
    const { capture, analysis } = opened;
    return { capture, analysis, stacks: this.placedStacks(opened), end: lastTime(capture) };
  }

  /** Captures whose frames can be held against debug info. */
  private comparable(): readonly Capture[] {
    return this.wholeCaptures().map(({ capture }) => capture);
  }

  private placedStacks({ capture, part }: OpenedCapture): PlacedStacks {
    return this.places.stacksOf(capture, part === 1);
  }

  private forgetTrees(): void {
    this.places.forget();
    this.joined.forgetAllocations();
    this.holderTrees.clear();
    this.captureTree = null;
    this.heldPlaces = null;
  }
}

const LOOKED_FOR =
  'Looked for: reports of page_pin_owner and page_pinner, page_ref_freeze that failed, test_pages_isolated that ' +
  'failed, busy retries of cma_alloc, memory_failure, and pages that a migration refused or put back.';
const NO_PAGE_EVENTS =
  'No event says anything of a page. Record page_ref, page_isolation, migrate, cma, compaction and kmem with stacks.';

/** Trees of as many queries as one switches to and fro between. */
const KEPT_TREES = 8;
