/**
 * One row for each reference at a mark. A mark at which no reference was open has a row too: its sum says what kept the
 * page.
 */
import type { Attempt, Mark, Page, Reference } from '../../holders/model';
import { heldTime } from '../heldTime';
import type { HolderSource } from '../holderSource';
import type { HoldersQuery } from '../holdersQuery';
import { isReferenceNotJudged, isStillHeld, kindText, pfnText } from '../pageFacts';
import { timeString } from '../report';
import { doerText, taskText } from '../taskText';
import { csvRecord, emptyFields, stackField, type Field } from './csvRecord';
import { shownPages } from './shownPages';

/** Names are a promise to scripts: added to at the end, never renamed. What `clock` says holds for times named `_ns` too. */
const COLUMNS = [
  'capture',
  'pfn',
  'order',
  'mark_time_ns',
  'reason',
  'attempt',
  'attempt_task',
  'refcount',
  'expected',
  'held',
  'untraced',
  'cause',
  'role',
  'kind',
  'name',
  'weight',
  'match',
  'holder_function',
  'acquired_time_ns',
  'acquired_by',
  'acquired_stack',
  'released_time_ns',
  'released_by',
  'released_stack',
  'still_held',
  'held_time_ns',
  'held_time_is_least',
  'clock',
  'mark_last_time_ns',
  'not_judged',
  'mark_tail_pfns',
  'attempt_result',
  'attempt_result_text',
  'attempt_error',
] as const;

export async function* csvExport(
  sources: readonly HolderSource[],
  query: HoldersQuery,
): AsyncGenerator<string> {
  yield csvRecord(COLUMNS);
  for (const source of sources) {
    const { pages, references, end } = shownPages(source, query);
    for (const page of pages) {
      const asked = references(page);
      let rows = '';
      for (const [index, mark] of page.marks.entries()) {
        const open = asked.filter(({ openAt }) => openAt.includes(index));
        const first = markFields(source, page, mark);
        const { clock, timeBase } = source.capture;
        const last = [clock, timeString(mark.lastTime, timeBase)];
        const tails = mark.tailPfns.map(pfnText).join(' ') || null;
        const ended = outcomeFields(source.analysis.attempts[mark.attempt]);
        if (open.length === 0) rows += csvRecord([...first, ...NO_REFERENCE, ...last, null, tails, ...ended]);
        for (const reference of open) {
          const fields = await referenceFields(source, page, reference, end);
          const notJudged = isReferenceNotJudged(reference) ? 'yes' : 'no';
          rows += csvRecord([...first, ...fields, ...last, notJudged, tails, ...ended]);
        }
      }
      yield rows;
    }
  }
}

function markFields({ capture, analysis }: HolderSource, page: Page, mark: Mark): readonly Field[] {
  const { count, expected, held, untraced, cause, causeDetail } = mark;
  return [
    capture.path,
    pfnText(page.pfn),
    page.order,
    timeString(mark.time, capture.timeBase),
    mark.reason,
    analysis.attempts[mark.attempt]?.what ?? null,
    taskText(capture, mark.task),
    count,
    expected,
    held,
    untraced,
    causeDetail ?? cause,
  ];
}

/** As the JSON says them of attempts; a mark is a failure on the way, and its attempt may succeed. */
function outcomeFields(attempt: Attempt | undefined): readonly Field[] {
  return [attempt?.result ?? null, attempt?.resultText ?? null, attempt?.error ?? null];
}

const NO_REFERENCE = emptyFields(COLUMNS, 'role', 'clock');

async function referenceFields(
  source: HolderSource,
  page: Page,
  reference: Reference,
  end: number,
): Promise<readonly Field[]> {
  const { role, kind, weight, confidence, site, acquired, released } = reference;
  const time = heldTime(page, reference, end);
  return [
    role,
    kind,
    kindText(reference),
    weight,
    confidence,
    site,
    ...(await endFields(source, acquired)),
    ...(await endFields(source, released)),
    isStillHeld(reference) ? 'yes' : 'no',
    time === null ? null : Math.round(time.span),
    time === null ? null : time.isLeast ? 'yes' : 'no',
  ];
}

/** Time, task and stack. */
async function endFields(
  { capture, stacks }: HolderSource,
  end: Reference['acquired'],
): Promise<readonly Field[]> {
  if (end === null) return [null, null, null];
  const frames = await stacks.frames(end.stack);
  return [timeString(end.time, capture.timeBase), doerText(capture, end), stackField(frames)];
}
