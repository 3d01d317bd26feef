/** The answer as a whole, in the forms in which it leaves the program. */
import { version } from '../../package.json';
import { reportAllocations, reportJoins, reportNaming } from './allocationReport';
import { askedFailures, askedPages } from './askedPages';
import { askedAllocations, type AskedAllocations } from './askedAllocations';
import { areDumpsAlone, saysAllocationsAlone } from './allocationsAlone';
import { captureHeading } from './captureHeading';
import { allocationCsv } from './exporting/allocationCsv';
import { allocationProfiles } from './exporting/allocationProfile';
import { csvExport } from './exporting/csvExport';
import type { ExportFormat } from './exporting/exportFormats';
import { markdownLines } from './exporting/markdownExport';
import { speedscopeExport } from './exporting/speedscopeExport';
import { nothingFoundRow, saysNothingFound } from './groupedRows';
import type { HolderSource } from './holderSource';
import type { HolderSources } from './holderSources';
import type { HolderFilter, HoldersQuery } from './holdersQuery';
import { jsonReport, type JsonSource } from './jsonReport';
import { branch, type Branch } from './lazyTree';
import { mayBeHeld } from './pageFacts';
import type { CaptureFacts } from './protocol';
import { reportDebugInfo } from './report';
import { textLines, type TextOptions } from './textReport';
import { EMPTY_TRACE, isMostlyUnread } from './triedAtAll';

/** Rows of a report, and rows one step below them. */
interface ReportPart {
  readonly rows: readonly Branch[];
  readonly below: readonly Branch[];
}

export class Reports {
  constructor(private readonly sources: HolderSources) {}

  /** Lines of the text report of all captures, grouped, sorted and filtered. */
  async *text(query: HoldersQuery, layout: TextOptions): AsyncGenerator<string> {
    for (const { rows, below } of await this.parts(query)) {
      yield* await textLines(rows, layout);
      yield* await textLines(below, { ...layout, full: false }, 1);
      yield '';
    }
  }

  /** The answer in a form for other programs or a mail, in pieces. */
  async *exported(format: ExportFormat, query: HoldersQuery): AsyncGenerator<string> {
    switch (format) {
      case 'json':
        yield* this.json(query);
        return;
      case 'csv':
        yield* this.csv(query);
        return;
      case 'speedscope':
        yield await this.speedscope(query);
        return;
      case 'markdown':
        for (const { rows, below } of await this.parts(query)) {
          yield `${(await markdownLines([...rows, ...below])).join('\n')}\n\n`;
        }
    }
  }

  /**
   * Whether somebody held any page that the filter asks for, or may have: pages failed that are not named, or most of a
   * capture could not be read.
   */
  anyHeld(filter: HolderFilter): boolean {
    return this.sources.files.captures.some((opened) => {
      if (isMostlyUnread(opened.facts)) return true;
      const source = this.sources.of(opened);
      return askedPages(source, filter).some(mayBeHeld) || askedFailures(source, filter).length > 0;
    });
  }

  /** What the filter leaves of a page_owner dump; null for a capture with events of pages. */
  askedOfDump(id: string, filter: HolderFilter): AskedAllocations | null {
    const { facts, capture } = this.sources.files.byId.get(id) ?? {};
    if (facts === undefined || capture === undefined || !saysAllocationsAlone(facts)) return null;
    return askedAllocations(capture, capture.allocations!, filter);
  }

  /** What speaks against the debug info being that of the captures, a sentence each. */
  debugInfoDoubts(): readonly string[] {
    const { files, places } = this.sources;
    return files.captures.flatMap(({ capture }) => {
      const fit = places.debug.fitOf(capture);
      if (fit === null) return [];
      return [
        ...(fit.mismatch === '' ? [] : [`${capture.path}: ${fit.mismatch}: lines are doubtful.`]),
        ...Array.from(
          fit.otherModules,
          ([module, differs]) => `${capture.path}: ${differs}: lines of ${module} are doubtful.`,
        ),
      ];
    });
  }

  /** Of dumps alone their allocations; beside a trace the columns are those of marks, whatever the trace says. */
  private async *csv(query: HoldersQuery): AsyncGenerator<string> {
    const sources = await this.sources.all(query.filter);
    const { filter } = query;
    yield* areDumpsAlone(sources.map(({ facts }) => facts))
      ? allocationCsv(sources, filter)
      : csvExport(sources, query);
  }

  private async speedscope(query: HoldersQuery): Promise<string> {
    const sources = await this.sources.all(query.filter);
    const exporter = `Page Holders ${version}`;
    return areDumpsAlone(sources.map(({ facts }) => facts))
      ? allocationProfiles(sources, query.filter, exporter)
      : speedscopeExport(sources, query, exporter);
  }

  /** What speaks against the kernel tree being that of the captures, a sentence each without a full stop. */
  treeDoubts(): readonly string[] {
    return this.sources.places.treeDoubts(this.sources.files.captures.map(({ capture }) => capture));
  }

  private async *json(query: HoldersQuery): AsyncGenerator<string> {
    const all = await this.sources.all(query.filter);
    yield* jsonReport(
      all.map((source) => this.jsonSource(source)),
      query,
    );
  }

  private jsonSource(source: HolderSource): JsonSource {
    const { sources } = this;
    const { id, capture } = source;
    const { debug } = sources.places;
    const ids = sources.files.captures.map((each) => each.id);
    const indexOf = (other: string): number => ids.indexOf(other);
    const joined = sources.allocationsOf(id);
    return {
      ...source,
      joins: reportJoins(capture, joined, indexOf),
      names: sources.files.namingsOf(sources.files.byId.get(id)!).map(reportNaming),
      treeDoubts: sources.places.treeDoubts([capture]),
      debugInfo: reportDebugInfo(debug.facts, debug.fitOf(capture)),
      allocatedBy: (page) =>
        reportAllocations(capture, page, joined, (other) => sources.stacksOf(other), indexOf),
    };
  }

  /** Each capture with its rows, and what is said below where it has none; then the symbol files. */
  private async parts(query: HoldersQuery): Promise<readonly ReportPart[]> {
    const sources = await this.sources.all(query.filter);
    const parts = sources.map((source): ReportPart => {
      const { pageEvents, allocations } = source.facts;
      const isEmpty = source.analysis.pages.length === 0 && (pageEvents > 0 || allocations === 0);
      return {
        rows: [captureHeading(source, query)],
        below: isEmpty ? nothingRows(source) : [],
      };
    });
    const symbolFiles = [...this.sources.symbolFileRows(), ...this.sources.debugInfoNames()];
    return symbolFiles.length === 0 ? parts : [...parts, { rows: symbolFiles, below: [] }];
  }
}

/** Below the heading of a capture in which no page failed to move, and what rows there are. */
function nothingRows(source: HolderSource): readonly Branch[] {
  const { isEmpty, pageEvents, notTried } = source.facts;
  const isUnsaid = !isEmpty && pageEvents > 0 && notTried !== null && !saysNothingFound(source);
  return [
    ...(isUnsaid ? [nothingFoundRow(source)] : []),
    branch({ id: 'looked-for', kind: 'note', label: whyNoPage(source.facts) }),
  ];
}

function whyNoPage({ isEmpty, events, pageEvents, lost, gaps }: CaptureFacts): string {
  if (isEmpty) return `${EMPTY_TRACE}.`;
  // What was recorded is not known, and not the question.
  if (events === 0 && (lost > 0 || gaps > 0)) return NOTHING_KEPT;
  return pageEvents === 0 ? NO_PAGE_EVENTS : LOOKED_FOR;
}

const LOOKED_FOR =
  'Looked for: reports of page_pin_owner and page_pinner, page_ref_freeze that failed, test_pages_isolated that ' +
  'failed, busy retries of cma_alloc, memory_failure, and pages that a migration refused or put back.';
const NOTHING_KEPT =
  'Nothing of the trace is left. Record with larger buffers, or with a filter on the pages in question.';
const NO_PAGE_EVENTS =
  'No event says anything of a page. Record page_ref, page_isolation, migrate, cma, compaction and kmem with stacks.';
