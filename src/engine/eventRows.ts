/** Events of a capture as rows, so that whatever is claimed can be checked against what was recorded. */
import { ABSENT, EventKind, Mapping, NO_CPU, type Capture } from '../capture/eventTable';
import { pinnedAtLeast } from '../capture/pinnedAtLeast';
import { countChange, setsCount } from '../holders/countChange';
import type { MarkEvidence } from '../holders/model';
import type { PlacedStacks } from './frames';
import { heldTimeText } from './heldTime';
import { branch, rangeBranch, type Branch } from './lazyTree';
import { printedFields } from './printedFields';
import { stackRows, withStack } from './stackRows';
import { taskText } from './taskText';
import { pointText } from './timeText';
import { counted, joined, sentence } from './wording';

export class EventRows {
  constructor(
    private readonly capture: Capture,
    private readonly stacks: PlacedStacks,
  ) {}

  /**
   * One folded row with events below it.
   *
   * @param rows of the event table, in order
   * @param said what each event is evidence of, where that is more than the event says itself
   */
  folded(id: string, label: string, rows: ArrayLike<number>, said: readonly string[] = []): Branch {
    return rangeBranch(
      { id, kind: 'events', label, tooltip: { title: label, rows: [], notes: [WHAT_FOR] } },
      {
        total: rows.length,
        rows: (start, end) =>
          Array.from({ length: Math.max(0, end - start) }, (_, index) =>
            this.event(`${id}/${start + index}`, rows[start + index]!, said[start + index] ?? null),
          ),
      },
    );
  }

  /** The events that a reference rests on. */
  ofReference(id: string, rows: readonly number[]): Branch {
    return this.folded(id, `Evidence: ${counted(rows.length, 'event')}`, rows);
  }

  /** The events that say that a page did not move. */
  ofMark(id: string, evidence: readonly MarkEvidence[]): Branch {
    const label = `Evidence: ${counted(evidence.length, 'event')}`;
    return this.folded(
      id,
      label,
      evidence.map(({ row }) => row),
      evidence.map(({ what }) => what),
    );
  }

  private event(id: string, row: number, said: string | null): Branch {
    const { events, symbols } = this.capture;
    const stack = events.stack[row]!;
    const name = symbols.string(events.name[row]!);
    const task = taskText(this.capture, events.task[row]!);
    const cpu = events.cpu[row]!;
    const text = eventText(this.capture, row);
    const what = text === null ? name : sentence(text);
    const made = branch(
      {
        id,
        kind: 'event',
        place: { row, pfn: null },
        label: joined([said === null ? what : sentence(said), task]),
        description: joined([
          this.time(row),
          cpu === NO_CPU ? null : `CPU ${cpu}`,
          name,
          ...numberTexts(this.capture, row),
          stack < 0 ? 'no stack' : null,
        ]),
        tooltip: {
          title: what,
          rows: [
            ['Event', name],
            ['Time', this.time(row)],
            ['Task', task ?? 'not said by the capture'],
            ['CPU', cpu === NO_CPU ? 'not said by the capture' : String(cpu)],
            ...fieldRows(this.capture, row),
            ['Byte offset in the capture', String(events.offset(row))],
          ],
          notes: [],
        },
      },
      stack < 0 ? null : () => stackRows(id, this.stacks, stack),
    );
    return withStack(made, this.stacks, stack);
  }

  private time(row: number): string {
    const { timeBase, clock, resolution, events } = this.capture;
    return pointText(events.time[row]!, timeBase, clock, resolution);
  }
}

const WHAT_FOR = 'What the capture recorded, in its order; each event has its stack below it.';

/** What an event did to the page, e.g. `get +1: count 3`; null for one that only its name describes. */
export function eventText(capture: Capture, row: number): string | null {
  const { events } = capture;
  const kind = events.kind[row]!;
  const count = events.count[row]!;
  const val = events.val[row]!;
  const isDone = events.ret[row] !== 0;
  const behind = count === ABSENT ? '' : `: count ${count}`;
  switch (kind) {
    case EventKind.PageRefSet:
      if (val === ABSENT) return `count set${behind}`;
      if (!setsCount(events, row)) return `marker ${val}${behind}`;
      return val === 1 ? 'count set to 1: first reference' : `count set to ${val}`;
    case EventKind.PageRefMod:
    case EventKind.PageRefModAndReturn:
      return changeText(countChange(events, row)) + behind;
    case EventKind.PageRefModAndTest:
      return changeText(countChange(events, row)) + (events.ret[row] === 1 ? ': the last, freed' : behind);
    case EventKind.PageRefModUnless:
      return isDone ? changeText(countChange(events, row)) + behind : 'get refused: the count was 0';
    case EventKind.PageRefFreeze:
      return isDone ? `frozen at ${val}` : `freeze failed${behind}, expected ${val}`;
    case EventKind.PageRefUnfreeze:
      return `unfrozen${behind}`;
    case EventKind.PinFailure:
      return `failed to move${behind}`;
    case EventKind.PinPut:
      return `put${behind}${pinnedText(capture, row)}`;
    case EventKind.PageAlloc:
      return `allocated, order ${events.order[row]!}`;
    case EventKind.PageFree:
    case EventKind.PageFreeBatched:
      return 'freed';
    default:
      return null;
  }
}

/** `, pinned ≥ 650 ms`, where Android's page_pinner says it. */
function pinnedText(capture: Capture, row: number): string {
  const span = pinnedAtLeast(capture, row);
  return span === null ? '' : `, pinned ${heldTimeText({ span, isLeast: true }, 'ns')}`;
}

function changeText(change: number): string {
  if (change === 0) return 'no change';
  return change > 0 ? `get +${change}` : `put ${change}`;
}

/** The numbers that the event printed and its words leave out. */
function numberTexts({ events }: Capture, row: number): readonly string[] {
  const { val, ret, mapcount } = events;
  return [
    numberText('val', val[row]!),
    numberText('ret', ret[row]!),
    numberText('mapcount', mapcount[row]!),
  ].filter((text) => text !== '');
}

function numberText(name: string, value: number): string {
  return value === ABSENT ? '' : `${name} ${value}`;
}

/** What the event says, in the kernel's words. */
export function fieldRows(capture: Capture, row: number): readonly (readonly [string, string])[] {
  const printed = printedFields(capture, row).filter(([name]) => name !== 'mapping');
  const pointer: Mapping = capture.events.mapping[row]!;
  return [
    ...printed,
    ...(pointer === Mapping.Absent ? [] : [['mapping', MAPPING_MEANINGS[pointer]] as const]),
  ];
}

/** What the pointer tells (include/linux/page-flags.h, PAGE_MAPPING_FLAGS). */
const MAPPING_MEANINGS: Readonly<Record<Exclude<Mapping, Mapping.Absent>, string>> = {
  [Mapping.Null]: '(nil)',
  [Mapping.Hashed]: 'some, printed as a hash',
  [Mapping.Anonymous]: 'anonymous memory',
  [Mapping.File]: 'page cache',
  [Mapping.Movable]: 'memory that a driver can move',
};
