/** Where the marks and attempts of a capture stand in its text, and what is to be said there. */
import type { Capture } from '../capture/eventTable';
import type { Attempt, HolderAnalysis, Mark, MarkSource, Page, Reference } from '../holders/model';
import { groupMarks } from './markGroups';
import { holdersText, kindsText, heldReferences, pfnText } from './pageFacts';
import type { AttemptInText, CaptureMarks, MarkInText } from './protocol';
import { taskText } from './taskText';
import { joined, sentence } from './wording';

/** Marks that are told at most: whoever needs more asks the tree. */
const MOST_MARKS = 20_000;

/** @param id of the capture, the first step of the ids of its rows */
export function captureMarks(id: string, capture: Capture, analysis: HolderAnalysis): CaptureMarks {
  const marks = analysis.pages
    .flatMap((page) => marksOf(id, capture, page))
    .sort((one, other) => one.offset - other.offset);
  return {
    attempts: analysis.attempts.map((attempt) => attemptInText(capture, attempt)),
    marks: marks.slice(0, MOST_MARKS),
    total: marks.length,
  };
}

function marksOf(id: string, { events }: Capture, page: Page): readonly MarkInText[] {
  const pfn = pfnText(page.pfn);
  const groupOf = new Map(
    groupMarks(page).flatMap(({ marks }, group) => marks.map((mark) => [mark, group] as const)),
  );
  const held = page.marks.map((): Reference[] => []);
  for (const reference of heldReferences(page)) {
    // Of one mark alone, it is open at that.
    const atMark = { ...reference, openAt: [0] };
    for (const mark of reference.openAt) held[mark]?.push(atMark);
  }
  return page.marks.map((mark, index) => {
    const alone = { ...page, marks: [mark], references: held[index]! };
    return {
      offset: events.offset(mark.row),
      furtherOffsets: firstRowsOf(mark).map((row) => events.offset(row)),
      pfn: page.pfn,
      label: `PFN ${pfn}: ${holdersText(alone)}`,
      description: joined([mark.reason ?? mark.dumpedBecause, kindsText(alone.references)]),
      node: `${id}/${pfn}/m${groupOf.get(mark)!}`,
      attempt: mark.attempt < 0 ? null : mark.attempt,
    };
  });
}

/** The first event of each sort of evidence, without that of the mark itself. */
function firstRowsOf({ row, evidence }: Mark): readonly number[] {
  const firsts = new Map<MarkSource, number>();
  for (const each of evidence) if (!firsts.has(each.source)) firsts.set(each.source, each.row);
  return [...firsts.values()].filter((first) => first !== row);
}

function attemptInText(capture: Capture, attempt: Attempt): AttemptInText {
  const { what, area, firstRow, lastRow, result, resultText, task } = attempt;
  const { events } = capture;
  return {
    label: joined([sentence(what), area, resultText ?? result]),
    description: taskText(capture, task) ?? '',
    from: events.offset(firstRow),
    to: events.offset(lastRow),
  };
}
