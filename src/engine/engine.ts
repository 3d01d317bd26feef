/**
 * Owns the open captures and the kernel tree, and answers what is asked of them. The same class serves the command
 * line directly and the editor from a worker; nothing here knows which.
 */
import { EventKind, type Capture } from '../capture/eventTable';
import { inTurns } from '../capture/turns';
import { analysisSteps } from '../holders/analyseHolders';
import type { Page } from '../holders/model';
import {
  baseName,
  failedText,
  type FailedPages,
  captureDescription,
  captureRow,
  kernelTreeRow,
  kindRulesRow,
  type SymbolLookup,
} from './captureTree';
import { reportAllocations, reportGroups, reportJoins, reportNaming } from './allocationReport';
import { AllocationRows, dumpRows } from './allocationRows';
import { allocationCount, allocationsText } from './allocationsText';
import { changeOf } from './fileState';
import {
  frameTarget,
  namedFunctions,
  NOT_SEARCHED,
  NOT_YET_SEARCHED,
  PlacedStacks,
  type LocateStack,
  type NamedFunction,
} from './frames';
import { heldReferences, holderRows, isHeld, type PageAdditions } from './holderTree';
import type { IndexStore } from './indexStore';
import { JoinedFiles, openSymbolFile, type SymbolFile } from './joinCaptures';
import { KernelSource } from './kernelSource';
import { KindRuleBook, readRuleFile } from './kindRuleBook';
import { branch, LazyTree, type Branch } from './lazyTree';
import type { Answer, CaptureFacts, EngineApi, Request, RequestOptions, RuleFacts } from './protocol';
import { readCapture, type AnalysedCapture } from './readCapture';
import { pagesWithReason } from './reasonFilter';
import { reportCapture, reportPage } from './report';
import { namingRows, symbolFacts, symbolFileRow, type SymbolUse } from './symbolFileRows';
import { textLines, type Styles } from './textReport';
import { pauseFor } from './turns';

interface OpenedCapture extends AnalysedCapture {
  readonly id: string;
  readonly facts: CaptureFacts;
}

export class Engine implements EngineApi {
  private readonly opened = new Map<string, OpenedCapture>();
  private readonly joined = new JoinedFiles();
  private source: KernelSource | null = null;
  private readonly rules = new KindRuleBook();
  private nextId = 1;
  /** Trees by reason, and the stacks under them; made anew when a capture or the kernel tree changes. */
  private readonly holderTrees = new Map<string | null, LazyTree>();
  private readonly stacks = new Map<string, PlacedStacks>();
  private captureTree: LazyTree | null = null;

  /** @param store where lookups in kernel trees are kept from one run to the next; null for nowhere */
  constructor(private readonly store: IndexStore | null = null) {}

  async openCapture(request: Request<'openCapture'>, options: RequestOptions = {}): Promise<CaptureFacts> {
    const { path, replaces } = request;
    const symbolFile = await openSymbolFile(path, options);
    if (symbolFile !== null) return this.keepSymbols(replaces ?? `s${this.nextId++}`, symbolFile);
    const { onPart, ...others } = options;
    const id = replaces ?? `c${this.nextId++}`;
    const showParts = onPart && replaces === undefined;
    try {
      const whole = await readCapture(path, {
        ...others,
        rules: () => this.rules.all,
        ...(showParts
          ? {
              onPart: (soFar) => {
                onPart(this.keep(id, soFar));
              },
            }
          : {}),
      });
      const judged = await this.judgedByNow(whole);
      return this.keep(id, { ...judged, ...this.joined.named(id, judged, this.rules.all) });
    } catch (error) {
      if (showParts && this.opened.delete(id)) this.forgetTrees();
      throw error;
    }
  }

  captureFacts(): Promise<Answer<'captureFacts'>> {
    const symbolFiles = [...this.joined.symbolFiles].map(([id, file]) => symbolFacts(id, file));
    return Promise.resolve([...[...this.opened.values()].map(({ facts }) => facts), ...symbolFiles]);
  }

  closeCapture(request: Request<'closeCapture'>): Promise<null> {
    this.opened.delete(request.id);
    if (this.joined.close(request.id)) this.nameAnew();
    this.forgetTrees();
    return Promise.resolve(null);
  }

  async checkFiles(): Promise<Answer<'checkFiles'>> {
    const news: CaptureFacts[] = [];
    for (const opened of [...this.opened.values()]) {
      const { id, part, file } = opened;
      if (part < 1) continue;
      const changed = await changeOf(opened.facts.path, file);
      if (changed === opened.facts.changed || this.opened.get(id) !== opened) continue;
      const facts = { ...opened.facts, changed };
      this.opened.set(id, { ...opened, facts });
      news.push(facts);
    }
    if (news.length > 0) this.forgetTrees();
    return news;
  }

  children(request: Request<'children'>): Promise<Answer<'children'>> {
    const { tree, node, start, end, reason } = request;
    const rows = tree === 'holders' ? this.holderTree(reason) : this.captures();
    return rows.page(node, start, end);
  }

  async setKernelTree(request: Request<'setKernelTree'>): Promise<Answer<'setKernelTree'>> {
    const { root } = request;
    // A tree that is refused leaves none behind: no row may lead into the one before.
    this.source = null;
    this.forgetTrees();
    if (root === null) {
      if (this.rules.forgetTree()) await this.judgeAgain();
      return null;
    }
    const source = await KernelSource.open(root, this.store).catch(async (error: unknown) => {
      if (this.rules.forgetTree()) await this.judgeAgain();
      throw error;
    });
    if (await this.rules.readTree(source)) await this.judgeAgain();
    source.want(this.functions());
    this.source = source;
    this.forgetTrees();
    return source.facts;
  }

  setKindRules(request: Request<'setKindRules'>): Promise<Answer<'setKindRules'>> {
    return this.useRules(() => this.rules.useSetting(request.text));
  }

  /** Takes the rules of a file given on the command line, in place of the settings'. */
  async readRuleFile(path: string): Promise<RuleFacts> {
    const file = await readRuleFile(path);
    return this.useRules(() => this.rules.useFile(path, file));
  }

  kindRules(): Promise<RuleFacts> {
    return Promise.resolve(this.rules.facts);
  }

  async lookUpFunctions(
    _request: Request<'lookUpFunctions'>,
    options: RequestOptions = {},
  ): Promise<Answer<'lookUpFunctions'>> {
    if (this.source === null) return null;
    await this.source.lookUp(options);
    this.captureTree = null;
    const symbols = this.symbolLookup();
    return symbols && { asked: symbols.asked, found: symbols.asked - symbols.unknown.length };
  }

  async resolveFrames(request: Request<'resolveFrames'>): Promise<Answer<'resolveFrames'>> {
    const { stack, others } = request;
    // A printed stack may name functions that no open capture has.
    this.source?.want([...stack, ...others]);
    const places = (await this.source?.locate(stack)) ?? [];
    return stack.map((frame, index) => frameTarget({ ...frame, location: places[index] ?? NOT_SEARCHED }));
  }

  async text(request: Request<'text'>): Promise<string> {
    const tree = this.holderTree(request.reason);
    if (request.node === null) return (await textLines(await tree.branches(null))).join('\n');
    const row = await tree.find(request.node);
    // Whoever copies a folded row wants what is in it.
    const unfolded = row === undefined ? [] : [{ ...row, node: { ...row.node, expanded: true } }];
    return (await textLines(unfolded)).join('\n');
  }

  /** Lines of the text report of all captures, with the marks of one reason or of all. */
  async *textReport(reason: string | null, styles: Styles): AsyncGenerator<string> {
    for (const opened of this.opened.values()) {
      yield* await textLines([this.captureHeading(opened, reason)], styles);
      const { pageEvents, allocations } = opened.facts;
      if (opened.pages.length === 0 && (pageEvents > 0 || allocations === 0)) {
        yield `  ${pageEvents === 0 ? NO_PAGE_EVENTS : LOOKED_FOR}`;
      }
      yield '';
    }
    const symbolFiles = this.symbolFileRows();
    if (symbolFiles.length === 0) return;
    yield* await textLines(symbolFiles, styles);
    yield '';
  }

  /** The JSON report of all captures in pieces, so that no string grows beyond what one page needs. */
  async *jsonReport(reason: string | null): AsyncGenerator<string> {
    const ids = [...this.opened.keys()];
    const indexOf = (id: string): number => ids.indexOf(id);
    const captures = [...this.opened.values()].map(({ id, capture }) =>
      reportCapture(
        capture,
        reportJoins(capture, this.joined.allocationsOf(id, this.opened), indexOf),
        this.joined.namingsOf(id).map(reportNaming),
      ),
    );
    yield `{"version":1,"captures":${JSON.stringify(captures)},"pages":[`;
    let separator = '\n';
    for (const opened of this.opened.values()) {
      const { id, capture, pages } = opened;
      const joined = this.joined.allocationsOf(id, this.opened);
      for (const page of pagesWithReason(pages, reason)) {
        const stacks = this.placedStacks(opened);
        const by = await reportAllocations(capture, page, joined, (other) => this.stacksOf(other), indexOf);
        yield separator + JSON.stringify(await reportPage(indexOf(id), capture, page, stacks, by));
        separator = ',\n';
      }
    }
    yield ']';
    yield* this.jsonAllocations();
    yield '}\n';
  }

  private async *jsonAllocations(): AsyncGenerator<string> {
    const all = [...this.opened.values()];
    if (!all.some(saysAllocationsAlone)) return;
    yield ',"allocations":[';
    let separator = '\n';
    for (const [index, opened] of all.entries()) {
      const { capture } = opened;
      if (!saysAllocationsAlone(opened)) continue;
      const groups = reportGroups(index, capture, capture.allocations!, this.placedStacks(opened));
      for await (const group of groups) {
        yield separator + JSON.stringify(group);
        separator = ',\n';
      }
    }
    yield ']';
  }

  /** Whether any page has a reference that somebody held, at marks of one reason or of all. */
  anyHeld(reason: string | null): boolean {
    return [...this.opened.values()].some(({ pages }) => pagesWithReason(pages, reason).some(isHeld));
  }

  private keep(id: string, analysed: AnalysedCapture): CaptureFacts {
    const facts = factsOf(id, analysed);
    // More functions are wanted when the whole is read.
    if (analysed.part === 1) this.source?.want(namedFunctions(analysed.capture, analysed.pages));
    this.opened.set(id, { ...analysed, id, facts });
    this.forgetTrees();
    return facts;
  }

  private keepSymbols(id: string, file: SymbolFile): CaptureFacts {
    this.joined.addSymbols(id, file);
    this.nameAnew();
    this.forgetTrees();
    return symbolFacts(id, file);
  }

  /** Names change what is found: captures that need them are analysed anew. */
  private nameAnew(): void {
    for (const [id, opened] of this.opened) {
      const named = this.joined.namedAnew(id, this.rules.all);
      if (named === null || named.capture === opened.capture) continue;
      this.keep(id, { ...opened, ...named });
    }
  }

  /** @param change answers whether the rules are others than before */
  private async useRules(change: () => boolean): Promise<RuleFacts> {
    if (change()) {
      await this.judgeAgain();
      this.source?.want(this.functions());
    }
    return this.rules.facts;
  }

  /** The rules may have changed while a capture was read. */
  private async judgedByNow(read: AnalysedCapture): Promise<AnalysedCapture> {
    const rules = this.rules.all;
    if (read.rules === rules) return read;
    const { pages } = await inTurns(analysisSteps(read.capture, rules), pauseFor(undefined));
    return { ...read, pages, rules };
  }

  /** With other rules references get other kinds. */
  private async judgeAgain(): Promise<void> {
    for (const opened of [...this.opened.values()]) {
      const rules = this.rules.all;
      const { pages } = await inTurns(analysisSteps(opened.capture, rules), pauseFor(undefined));
      // Meanwhile it may have been closed, read again, or judged by still other rules.
      if (this.opened.get(opened.id) !== opened || this.rules.all !== rules) continue;
      this.keep(opened.id, { ...opened, pages, rules });
    }
    this.forgetTrees();
  }

  private holderTree(reason: string | null): LazyTree {
    const known = this.holderTrees.get(reason);
    if (known !== undefined) return known;
    const made = new LazyTree(() => this.holderRoots(reason));
    this.holderTrees.set(reason, made);
    return made;
  }

  /** The pages of the only capture, or a row for each capture. */
  private holderRoots(reason: string | null): readonly Branch[] {
    const all = [...this.opened.values()];
    const [only] = all;
    if (only === undefined) return this.symbolFileRows();
    return all.length === 1
      ? this.holderRows(only, reason)
      : all.map((each) => this.captureHeading(each, reason));
  }

  private captureHeading(opened: OpenedCapture, reason: string | null): Branch {
    const { id, facts } = opened;
    const pages = pagesWithReason(opened.pages, reason);
    const forReason = reason === null ? '' : ` for ${reason}`;
    const rows = this.holderRows(opened, reason);
    return branch(
      {
        id,
        kind: 'capture',
        label: `${baseName(facts.path)} · ${saysText(opened, countPages(pages))}${forReason}`,
        description: captureDescription(facts, opened.capture),
        tooltip: { title: facts.path, rows: [], notes: [] },
        // Beside the traces that it is joined to, a dump is at hand but not in the way.
        expanded: !saysAllocationsAlone(opened) || this.joined.tracesOf(id, this.opened).length === 0,
      },
      rows.length === 0 ? null : () => rows,
    );
  }

  private holderRows(opened: OpenedCapture, reason: string | null): readonly Branch[] {
    const { id, capture, part } = opened;
    const pages = pagesWithReason(opened.pages, reason);
    const stacks = this.placedStacks(opened);
    const rows = holderRows(id, capture, pages, stacks, part, this.additions(opened, pages));
    if (!saysAllocationsAlone(opened)) return rows;
    return [...rows, ...dumpRows(id, capture, capture.allocations!, stacks)];
  }

  /** What the other open files say of a capture and its pages. */
  private additions({ id, capture }: OpenedCapture, pages: readonly Page[]): PageAdditions {
    const joined = this.joined.allocationsOf(id, this.opened);
    const rows = new AllocationRows(capture, joined, pages, (other) => this.stacksOf(other));
    const refused = this.joined.namingsOf(id).filter(({ refusal }) => refusal !== null);
    return {
      notes: (parent) => [...namingRows(parent, refused), ...rows.notes(parent)],
      rows: (parent, page) => rows.rows(parent, page),
    };
  }

  private stacksOf(capture: Capture): PlacedStacks {
    return this.placedStacks([...this.opened.values()].find((each) => each.capture === capture)!);
  }

  private symbolFileRows(): readonly Branch[] {
    return [...this.joined.symbolFiles].map(([id, file]) => symbolFileRow(id, file, this.usesOf(file)));
  }

  private usesOf({ path }: SymbolFile): readonly SymbolUse[] {
    return [...this.opened.values()].map(({ id, facts }) => ({
      capture: facts.path,
      naming: this.joined.namingsOf(id).find(({ file }) => file === path) ?? null,
    }));
  }

  private captures(): LazyTree {
    this.captureTree ??= new LazyTree(() => {
      const all = [...this.opened.values()];
      const symbolFiles = this.symbolFileRows();
      if (all.length + symbolFiles.length === 0) return [];
      const rows = all.map((opened) => {
        const { id, facts, capture, pages } = opened;
        const used = this.joined.namingsOf(id).filter(({ refusal }) => refusal === null);
        const notes = [...namingRows(`${id}/used`, used), ...this.additions(opened, pages).notes(id)];
        return captureRow(facts, capture, all.length === 1, notes);
      });
      return [
        kernelTreeRow(this.source?.facts ?? null, this.symbolLookup()),
        ...kindRulesRow(this.rules.facts),
        ...rows,
        ...symbolFiles,
      ];
    });
    return this.captureTree;
  }

  private symbolLookup(): SymbolLookup | null {
    const { source } = this;
    const isReading = [...this.opened.values()].every(({ part }) => part < 1);
    if (source?.isSettled !== true || isReading) return null;
    const names = new Set(this.functions().map((each) => each.function));
    const unknown = [...names].filter((name) => !source.knows(name)).sort();
    return { asked: names.size, unknown };
  }

  private functions(): readonly NamedFunction[] {
    // The functions of a capture that is being read are looked up when all of them are known.
    const whole = [...this.opened.values()].filter(({ part }) => part === 1);
    return whole.flatMap(({ capture, pages }) => namedFunctions(capture, pages));
  }

  private placedStacks({ id, capture, part }: OpenedCapture): PlacedStacks {
    const known = this.stacks.get(id);
    if (known !== undefined) return known;
    const made = new PlacedStacks(capture, this.locate(part));
    this.stacks.set(id, made);
    return made;
  }

  /** A capture that is being read does not start a walk over the kernel tree: its functions are not all known yet. */
  private locate(part: number): LocateStack | null {
    const { source } = this;
    if (source === null) return null;
    if (part === 1) return (stack) => source.locate(stack);
    return async (stack) => (await source.locateKnown(stack)) ?? stack.map(() => NOT_YET_SEARCHED);
  }

  private forgetTrees(): void {
    this.joined.forgetAllocations();
    this.holderTrees.clear();
    this.stacks.clear();
    this.captureTree = null;
  }
}

const LOOKED_FOR =
  'Looked for: reports of page_pin_owner and page_pinner, page_ref_freeze that failed, test_pages_isolated that ' +
  'failed, busy retries of cma_alloc, memory_failure, and pages that a migration refused or put back.';
const NO_PAGE_EVENTS =
  'No event says anything of a page. Record page_ref, page_isolation, migrate, cma, compaction and kmem with stacks.';

function factsOf(id: string, { capture, pages, part }: AnalysedCapture): CaptureFacts {
  const reasons = new Map<string | null, number>();
  for (const page of pages) {
    for (const reason of new Set(page.marks.map((mark) => mark.reason))) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  return {
    id,
    path: capture.path,
    format: capture.format,
    events: capture.events.length,
    stacks: capture.stackRecords,
    lost: capture.lost,
    gaps: capture.gaps.length,
    problems: capture.problemCount,
    pageEvents: pageEvents(capture),
    allocations: allocationCount(capture.allocations),
    ...countPages(pages),
    reasons: [...reasons],
    part,
    changed: null,
  };
}

/** A page_owner dump: no event, but allocations. */
function saysAllocationsAlone({ facts }: OpenedCapture): boolean {
  return facts.pageEvents === 0 && facts.allocations > 0;
}

function saysText(opened: OpenedCapture, pages: FailedPages): string {
  return saysAllocationsAlone(opened)
    ? allocationsText(opened.capture.allocations!)
    : failedText(pages, opened.facts);
}

function countPages(pages: readonly Page[]): FailedPages {
  const heldPages = pages.filter((page) => heldReferences(page).length > 0).length;
  return { pages: pages.length, heldPages, untracedPages: pages.filter(isHeld).length - heldPages };
}

function pageEvents(capture: Capture): number {
  const { kind, length } = capture.events;
  let count = 0;
  for (let row = 0; row < length; row++) if (kind[row] !== EventKind.Other) count++;
  return count;
}
