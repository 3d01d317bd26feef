/** One event with all that is known of it: its fields, its page, and its stack with the places of the frames. */
import { NO_CPU, type Capture } from '../capture/eventTable';
import type { Page } from '../holders/model';
import { foldsTracerAlone, stackRows } from './stackRows';
import { saidText } from './eventCells';
import type { EventKinds } from './eventFilter/eventKinds';
import type { EventDetails, StackRow } from './eventProtocol';
import type { EventSource } from './eventQueries';
import { fieldRows } from './eventRows';
import type { PlacedStacks } from './frames';
import type { Branch } from './lazyTree';
import { holdersText, isAtEnd, isPoisoning, pfnText } from './pageFacts';
import { taskText } from './taskText';
import { pointText } from './timeText';
import { counted, joined } from './wording';

/** @param pfn of the page that it is about, or -1 */
export async function eventDetails(
  { capture, analyser, facts, part }: EventSource,
  kinds: EventKinds,
  stacks: PlacedStacks,
  row: number,
  pfn: number,
): Promise<EventDetails> {
  const { events, symbols } = capture;
  const stack = events.stack[row]!;
  const name = symbols.string(events.name[row]!);
  const page = pfn < 0 ? null : analyser.page(pfn);
  const cpu = events.cpu[row]!;
  const kind = kinds.text(row);
  return {
    row,
    time: events.time[row]!,
    pfn,
    title: joined([saidText(capture, row), taskText(capture, events.task[row]!)]),
    facts: [
      ['Event', name],
      ['Time', timeText(capture, row)],
      ['CPU', cpu === NO_CPU ? 'not said by the capture' : String(cpu)],
      ...fieldRows(capture, row),
      ...(kind === '' ? [] : [['Kind', kind] as const]),
      ['Byte offset', String(events.offset(row))],
    ],
    frames: stack < 0 ? [] : await frameRows(`${facts.id}/event/${row}`, stacks, stack),
    foldsTracerAlone: stack >= 0 && (await foldsTracerAlone(stacks, stack)),
    noFrames: stack < 0 ? 'The capture has no stack for this event.' : '',
    page: pfn < 0 ? null : pageText(pfn, page, part),
  };
}

/** `PFN 0x12f98 · failed to move 3 times · held by 3` */
function pageText(pfn: number, page: Page | null, part: number): string {
  const said = `PFN ${pfnText(pfn)}`;
  if (page === null || isAtEnd(page)) return said;
  const poisoned = page.marks.filter(isPoisoning).length;
  const failed = page.marks.length - poisoned;
  const happened = [
    ...(failed > 0 ? [`failed to move ${counted(failed, 'time')}`] : []),
    ...(poisoned > 0 ? [`poisoned ${counted(poisoned, 'time')}`] : []),
  ];
  return joined([said, `${happened.join(', ')}${part < 1 ? ' so far' : ''}`, holdersText(page)]);
}

async function frameRows(id: string, stacks: PlacedStacks, stack: number): Promise<readonly StackRow[]> {
  const rows: StackRow[] = [];
  for (const branch of await stackRows(id, stacks, stack)) {
    const folded: readonly Branch[] =
      branch.node.kind === 'frames' ? ((await branch.children?.()) ?? []) : [];
    if (folded.length === 0) rows.push({ node: branch.node, isPlumbing: false });
    for (const { node } of folded) rows.push({ node, isPlumbing: true });
  }
  return rows;
}

function timeText({ events, timeBase, clock, resolution }: Capture, row: number): string {
  return pointText(events.time[row]!, timeBase, clock, resolution);
}
