/** Answers what the capture editor and the command line ask of the events of the open captures. */
import type { Capture } from '../capture/eventTable';
import type { HolderAnalyser } from '../holders/analyseHolders';
import type { HolderAnalysis } from '../holders/model';
import { saysAllocationsAlone } from './allocationsAlone';
import { headerFacts } from './captureHeaderFacts';
import { fittedColumns } from './columnWidths';
import { CaptureError } from './errors';
import { eventCells, EVENT_COLUMNS } from './eventCells';
import { eventDetails } from './eventDetails';
import { FilterCompleter } from './eventFilter/completeFilter';
import { eventWithStack } from './eventWithStack';
import type { FilteredCapture } from './eventFilter/compileFilter';
import { eventJson, eventLine } from './eventLines';
import { EventKinds } from './eventFilter/eventKinds';
import { FilteredRows, type RowList } from './eventFilter/filteredRows';
import { parseFilter } from './eventFilter/filterSyntax';
import { nearMiss } from './eventFilter/nearMiss';
import { narrowedFilter } from './eventFilter/narrowFilter';
import { withSpan } from './eventFilter/spanFilter';
import type {
  CaptureHeader,
  EventColumn,
  EventDetails,
  EventPlace,
  EventQuery,
  EventRequests,
  EventRow,
  EventWindow,
  FilterCompletions,
  FilterProblem,
  Timeline,
  TimelineMark,
  TimeRange,
} from './eventProtocol';
import { EventTimes, MOST_COLUMNS } from './eventTimes';
import type { PlacedStacks } from './frames';
import { gapText } from './gapText';
import { pageCounts } from './pageCounts';
import type { CaptureFacts } from './protocol';
import type { SymbolsInUse } from './symbolsInUse';
import { TimelineFacts } from './timeline';
import { pointText, spanText } from './timeText';
import { pagesOfMarks, pfnOfEvent, type PagesOfMarks } from './pagesOfMarks';
import { timeTicks } from './timeTicks';
import { counted } from './wording';

/** An open capture, as far as its events go. */
export interface EventSource extends FilteredCapture {
  readonly facts: CaptureFacts;
  readonly analyser: HolderAnalyser;
  /** Part of the file that was read. */
  readonly part: number;
}

type Ask<Name extends keyof EventRequests> = EventRequests[Name]['request'];

/** A window of rows asked for at once is no longer than that. */
const LONGEST_WINDOW = 1000;
/** One label needs that many columns. */
const COLUMNS_A_TICK = 110;

/** What was worked out about one capture as it stands; it is gone with it. */
class ExaminedCapture {
  readonly rows: FilteredRows;
  readonly marks: PagesOfMarks;
  private known: Partial<{
    kinds: EventKinds;
    times: EventTimes;
    completer: FilterCompleter;
    timeline: TimelineFacts | null;
    gaps: ReadonlyMap<number, string>;
    columns: readonly EventColumn[];
  }> = {};

  constructor(readonly source: EventSource) {
    this.rows = new FilteredRows(source);
    this.marks = pagesOfMarks(source.analysis);
  }

  get kinds(): EventKinds {
    return (this.known.kinds ??= new EventKinds(this.source));
  }

  get times(): EventTimes {
    return (this.known.times ??= new EventTimes(this.source.capture));
  }

  get completer(): FilterCompleter {
    return (this.known.completer ??= new FilterCompleter(this.source));
  }

  /** null for a capture without times. */
  get timeline(): TimelineFacts | null {
    const { capture, analysis, part } = this.source;
    const { span } = this.times;
    return (this.known.timeline ??= span === null ? null : new TimelineFacts(capture, analysis, span, part));
  }

  get columns(): readonly EventColumn[] {
    return (this.known.columns ??= fittedColumns(
      this.source.capture,
      this.kinds,
      new Set(this.marks.keys()),
    ));
  }

  /** By the row before which events are missing. */
  get gaps(): ReadonlyMap<number, string> {
    return (this.known.gaps ??= gapsByRow(this.source.capture));
  }
}

export class EventQueries {
  /** By what was found in the capture: it is another when more is read, or when other rules judge it. */
  private readonly examined = new WeakMap<HolderAnalysis, ExaminedCapture>();

  /**
   * @param find an open capture by id
   * @param stacksOf its stacks with their places in the kernel tree: all of them, or those known without waiting
   * @param symbolsOf what names its frames and leads them to lines by now
   */
  constructor(
    private readonly find: (id: string) => EventSource | undefined,
    private readonly stacksOf: (id: string, waits: boolean) => PlacedStacks,
    private readonly symbolsOf: (id: string) => SymbolsInUse,
  ) {}

  captureHeader({ capture }: Ask<'captureHeader'>): CaptureHeader {
    const { source, times, columns } = this.of(capture);
    // What happened to the file since it was read is news of a capture that is what it was.
    const { facts, part } = this.sourceOf(capture);
    return {
      path: facts.path,
      part,
      beginning: facts.beginning,
      events: source.capture.events.length,
      facts: headerFacts(facts, source.capture, times.span, this.symbolsOf(capture)),
      isOfAllocations: saysAllocationsAlone(facts),
      columns,
      span: times.span,
    };
  }

  async events(request: Ask<'events'>, signal?: AbortSignal): Promise<EventWindow> {
    const examined = this.of(request.capture);
    const { matching, shown, problem } = await this.lists(examined, request, signal);
    const start = clamped(request.start, shown.length);
    const end = Math.min(clamped(request.end, shown.length), start + LONGEST_WINDOW);
    const isFound = request.use === 'find' && matching.rows !== null;
    const rows: EventRow[] = [];
    for (let index = start; index < end; index++) {
      const row = shown.at(index);
      rows.push(this.eventRow(examined, row, isFound && matching.at(matching.indexOf(row)) === row));
    }
    const total = examined.source.capture.events.length;
    return {
      start,
      rows,
      shown: shown.length,
      matching: matching.length,
      total,
      problem,
      nearMiss: matching.length > 0 ? null : nearMissOf(request.filter, examined.source),
    };
  }

  async eventPlace(request: Ask<'eventPlace'>, signal?: AbortSignal): Promise<EventPlace | null> {
    const examined = this.of(request.capture);
    const { shown } = await this.lists(examined, request, signal);
    const { at } = request;
    const index = 'row' in at ? shown.indexOf(at.row) : examined.times.indexAt(shown, at.time);
    return placeAt(examined.source.capture, shown, Math.min(index, shown.length - 1));
  }

  async nextMatch(request: Ask<'nextMatch'>, signal?: AbortSignal): Promise<EventPlace | null> {
    const examined = this.of(request.capture);
    const { matching, shown } = await this.lists(examined, request, signal);
    const { length } = matching;
    if (length === 0) return null;
    const { row, step } = request;
    const next = step > 0 ? matching.indexOf(row + 1) : matching.indexOf(row) - 1;
    const found = matching.at((next + length) % length);
    return placeAt(examined.source.capture, shown, shown.indexOf(found));
  }

  eventDetails({ capture, row, waits }: Ask<'eventDetails'>): Promise<EventDetails> {
    const { source, kinds, marks } = this.withEvent(capture, row);
    const pfn = pfnOfEvent(marks, row, source.capture.events.pfn[row]!);
    return eventDetails(source, kinds, this.stacksOf(capture, waits), row, pfn);
  }

  async timeline(request: Ask<'timeline'>, signal?: AbortSignal): Promise<Timeline | null> {
    const examined = this.of(request.capture);
    const { source, times, timeline } = examined;
    const { span } = times;
    if (span === null || timeline === null) return null;
    const { matching } = await this.lists(examined, request, signal);
    const columns = Math.max(1, Math.min(MOST_COLUMNS, Math.floor(request.columns)));
    const range = within(request.range ?? span, span);
    const { all } = examined.rows;
    const { pfn } = request;
    const page = pfn === null ? null : source.analyser.page(pfn);
    const { capture, analyser } = source;
    const isWhole = range.from === span.from && range.to === span.to;
    return {
      range,
      part: isWhole
        ? ''
        : `${spanText(range.to - range.from, capture.clock)} of ${spanText(span.to - span.from, capture.clock)}`,
      span,
      all: times.counts(all, range, columns),
      matching: times.counts(matching, range, columns),
      ticks: timeTicks(capture, range, columns / COLUMNS_A_TICK),
      marks: timeline.marksIn(range, columns),
      gaps: timeline.gapsIn(range),
      lanes: timeline.lanes(range, columns, page),
      page:
        pfn === null ? null : pageCounts(capture.events, pfn, analyser.eventsOf(pfn), page, range, columns),
    };
  }

  nextMark({ capture, row, step }: Ask<'nextMark'>): TimelineMark | null {
    return this.of(capture).timeline?.nextMark(row, step) ?? null;
  }

  async describeSpan(request: Ask<'describeSpan'>, signal?: AbortSignal): Promise<readonly string[]> {
    const examined = this.of(request.capture);
    const { capture } = examined.source;
    const { matching, problem } = await this.lists(examined, request, signal);
    const { range, filter } = request;
    const { timeBase, clock, resolution } = capture;
    const point = (time: number): string => pointText(time, timeBase, clock, resolution);
    const [all] = examined.times.counts(examined.rows.all, range, 1);
    const [asked] = examined.times.counts(matching, range, 1);
    const isFiltered = filter.trim() !== '' && problem === null;
    const { from, to } = range;
    return [
      from === to ? point(from) : `${point(from)} to ${point(to)} (${spanText(to - from, clock)})`,
      counted(all!, 'event') + (isFiltered ? `, ${counted(asked!, 'match', 'matches')}` : ''),
    ];
  }

  spanFilter({ capture, filter, range }: Ask<'spanFilter'>): string {
    return withSpan(filter, range, this.of(capture).source.capture);
  }

  narrowedFilter({ capture, filter, wish }: Ask<'narrowedFilter'>): string {
    return narrowedFilter(filter, wish, this.of(capture).source.capture);
  }

  eventText({ capture, row }: Ask<'eventText'>): string {
    return eventLine({ columns: EVENT_COLUMNS }, this.eventRow(this.of(capture), row, false));
  }

  eventWithStack({ capture, row }: Ask<'eventWithStack'>): string {
    return eventWithStack(this.withEvent(capture, row).source.capture, row);
  }

  completeFilter({ capture, filter, offset }: Ask<'completeFilter'>): FilterCompletions {
    return this.of(capture).completer.complete(filter, offset);
  }

  /** The events that a filter asks for as lines, many at a time. */
  async *lines(
    capture: string,
    filter: string,
    limit: number,
    format: 'text' | 'json',
    most = Infinity,
  ): AsyncGenerator<string> {
    // Widths that are the same for all captures are for programs; on a terminal they would take the room.
    const header = { columns: most === Infinity ? EVENT_COLUMNS : this.of(capture).columns };
    const of = this.of(capture).source.capture;
    for (let start = 0; start < limit;) {
      const end = Math.min(limit, start + LONGEST_WINDOW);
      const { rows } = await this.events({ capture, filter, use: 'filter', start, end });
      if (rows.length === 0) return;
      const lines = rows.map((row) =>
        format === 'text' ? eventLine(header, row, most) : eventJson(of, header, row),
      );
      yield lines.join('\n');
      start += rows.length;
    }
  }

  /** The rows that a filter asks for, and those that are shown. */
  private async lists(
    { rows }: ExaminedCapture,
    { filter, use }: Pick<EventQuery, 'filter' | 'use'>,
    signal: AbortSignal | undefined,
  ): Promise<{ matching: RowList; shown: RowList; problem: FilterProblem | null }> {
    const { rows: matching, problem } = await rows.of(filter, signal);
    return { matching, shown: use === 'find' ? rows.all : matching, problem };
  }

  private eventRow({ source, kinds, marks, gaps }: ExaminedCapture, row: number, isMatch: boolean): EventRow {
    const { events } = source.capture;
    return {
      row,
      time: events.time[row]!,
      pfn: pfnOfEvent(marks, row, events.pfn[row]!),
      cells: eventCells(source.capture, kinds, row),
      isMark: marks.has(row),
      gap: gaps.get(row) ?? '',
      isMatch,
    };
  }

  /** @throws CaptureError when it was closed meanwhile */
  private sourceOf(id: string): EventSource {
    const source = this.find(id);
    if (source === undefined) throw new CaptureError('The capture', 'was closed.');
    return source;
  }

  /** @throws CaptureError as {@link sourceOf} does */
  private of(id: string): ExaminedCapture {
    const source = this.sourceOf(id);
    const known = this.examined.get(source.analysis);
    if (known !== undefined) return known;
    const made = new ExaminedCapture(source);
    this.examined.set(source.analysis, made);
    return made;
  }

  /** @throws CaptureError also when it has no event in that row */
  private withEvent(id: string, row: number): ExaminedCapture {
    const examined = this.of(id);
    const { capture, facts } = examined.source;
    if (!(row >= 0 && row < capture.events.length)) {
      throw new CaptureError(facts.path, `has no event ${row}.`);
    }
    return examined;
  }
}

function nearMissOf(filter: string, source: EventSource): string | null {
  const { expression } = parseFilter(filter);
  return expression === null ? null : nearMiss(expression, source);
}

function placeAt({ events }: Capture, rows: RowList, index: number): EventPlace | null {
  if (index < 0 || index >= rows.length) return null;
  const row = rows.at(index);
  return { index, row, time: events.time[row]!, pfn: events.pfn[row]! };
}

function gapsByRow({ gaps }: Capture): ReadonlyMap<number, string> {
  const texts = new Map<number, string>();
  for (const gap of gaps) {
    if (gap.cause === 'started') continue;
    const before = texts.get(gap.beforeRow);
    texts.set(gap.beforeRow, before === undefined ? gapText(gap) : `${before}; ${gapText(gap)}`);
  }
  return texts;
}

/** The part of a range that lies in the span; the span where nothing does. */
function within({ from, to }: TimeRange, span: TimeRange): TimeRange {
  const part = { from: Math.max(from, span.from), to: Math.min(to, span.to) };
  return part.from <= part.to ? part : span;
}

function clamped(index: number, length: number): number {
  return Math.max(0, Math.min(length, Math.floor(index)));
}
