/** The JSON report of several captures in pieces, so that no string grows beyond what one page needs. */
import type { Page, Reference } from '../holders/model';
import { reportGroups, type ReportAllocation, type ReportJoin, type ReportNaming } from './allocationReport';
import { askedAllocations } from './askedAllocations';
import { saysAllocationsAlone } from './allocationsAlone';
import { filteredParts, otherPages, unreleasedInOrder } from './groupedRows';
import { pagesInOrder } from './groupByPage';
import { lastTime } from './heldTime';
import { HolderMatcher } from './holderMatcher';
import type { HolderSource } from './holderSource';
import type { HoldersQuery } from './holdersQuery';
import {
  reportAttempt,
  reportCapture,
  reportPage,
  reportUnreleased,
  type ReportDebugInfo,
  type ReportLeftOut,
} from './report';
import { visibleJson } from './visibleText';

/** A capture, and what the files beside it say of it. */
export interface JsonSource extends HolderSource {
  readonly joins: readonly ReportJoin[];
  readonly names: readonly ReportNaming[];
  /** What speaks against the kernel tree being that of the capture. */
  readonly treeDoubts: readonly string[];
  /** Null without a vmlinux. */
  readonly debugInfo: ReportDebugInfo | null;
  readonly allocatedBy: (page: Page) => Promise<readonly ReportAllocation[]>;
}

/** Sorted and filtered as the query says; how it groups is for people only. */
export async function* jsonReport(
  sources: readonly JsonSource[],
  query: HoldersQuery,
): AsyncGenerator<string> {
  const shown = sources.map((source, index) => shownOf(source, index, query));
  const captures = sources.map(({ capture, facts, joins, names, debugInfo, treeDoubts }) => {
    const reported = reportCapture(capture, facts, joins, names, debugInfo);
    return { ...reported, doubts: [...reported.doubts, ...treeDoubts] };
  });
  const attempts = sources.flatMap(({ capture, analysis }, index) =>
    analysis.attempts.map((attempt) => reportAttempt(index, capture, attempt)),
  );
  yield `{"version":1,"captures":${visibleJson(captures)},"attempts":${visibleJson(attempts)}`;
  yield* list('pages', pages(shown));
  yield* list('neverReleased', atEnd(shown, 'unreleased'));
  yield* list('pinned', atEnd(shown, 'pinned'));
  yield* list('otherPages', atEnd(shown, 'asked'));
  yield `,"leftOut":${visibleJson(leftOut(shown))}`;
  if (sources.some(({ facts }) => saysAllocationsAlone(facts))) {
    yield* list('allocations', groups(shown));
  }
  yield '}\n';
}

type Shown = ReturnType<typeof shownOf>;

function shownOf(source: JsonSource, index: number, query: HoldersQuery) {
  const { capture, facts, analysis, through } = source;
  const matcher = new HolderMatcher(capture, query.filter, analysis.attempts, through);
  const parts = filteredParts(source, query, matcher);
  const end = lastTime(capture);
  return {
    source,
    index,
    matcher,
    pages: pagesInOrder(parts.pages, query.sortBy ?? 'pfn', end),
    unreleased: unreleasedInOrder(parts.unreleased, end),
    pinned: parts.pinned,
    asked: otherPages(source, query).flatMap(({ page }) => page ?? []),
    leftOut: parts.leftOut,
    allocations: saysAllocationsAlone(facts)
      ? askedAllocations(capture, capture.allocations!, query.filter)
      : null,
  };
}

async function* pages(shown: readonly Shown[]): AsyncGenerator<object> {
  let firstAttempt = 0;
  for (const each of shown) {
    const { source, index } = each;
    for (const page of each.pages) {
      const place = { capture: index, firstAttempt };
      const by = await source.allocatedBy(page);
      yield await reportPage(place, source.capture, page, askedReferences(each, page), source.stacks, by);
    }
    firstAttempt += source.analysis.attempts.length;
  }
}

async function* atEnd(
  shown: readonly Shown[],
  which: 'unreleased' | 'pinned' | 'asked',
): AsyncGenerator<object> {
  for (const each of shown) {
    const { source, index } = each;
    for (const page of each[which]) {
      const references = askedReferences(each, page);
      // Of a page that nobody asked for, what was dropped long ago is no answer.
      const open = which !== 'unreleased' ? references : references.filter(({ role }) => role !== 'earlier');
      yield await reportUnreleased(index, source.capture, page, open, source.stacks);
    }
  }
}

/** Of dumps alone, by stack. */
async function* groups(shown: readonly Shown[]): AsyncGenerator<object> {
  for (const { source, index, allocations } of shown) {
    if (allocations === null) continue;
    const { capture, stacks } = source;
    yield* reportGroups(index, capture, capture.allocations!, allocations.groups, stacks);
  }
}

async function* list(name: string, items: AsyncGenerator<object>): AsyncGenerator<string> {
  yield `,"${name}":[`;
  let separator = '\n';
  for await (const item of items) {
    yield separator + visibleJson(item);
    separator = ',\n';
  }
  yield ']';
}

function askedReferences({ matcher }: Shown, page: Page): readonly Reference[] {
  return page.references.filter((reference) => matcher.reference(page, reference));
}

function leftOut(shown: readonly Shown[]): ReportLeftOut {
  const sum = (count: (each: Shown) => number): number =>
    shown.reduce((total, each) => total + count(each), 0);
  return {
    pages: sum((each) => each.leftOut.pages.length),
    marks: sum((each) => each.leftOut.marks),
    neverReleased: sum((each) => each.leftOut.unreleased.length),
    pinned: sum((each) => each.leftOut.pinned.length),
    references: sum((each) =>
      each.pages.reduce(
        (total, page) => total + page.references.length - askedReferences(each, page).length,
        0,
      ),
    ),
    stacks: sum((each) => each.allocations?.leftOut.stacks ?? 0),
    allocatedPages: sum((each) => each.allocations?.leftOut.pages ?? 0),
  };
}
