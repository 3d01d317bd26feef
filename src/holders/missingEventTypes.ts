/**
 * Whether a capture lacks a whole type of page_ref events: filtered out, or never switched on. Each event reports the
 * count behind it, so what another one changed shows as a step that no event explains.
 */
import { ABSENT, EventKind, type Capture } from '../capture/eventTable';
import { countChange } from './countChange';

/** Events of include/trace/events/page_ref.h that change the count, and the steps that are left when they are missing. */
const CHANGING: readonly (readonly [kind: EventKind, name: string, rises: boolean, falls: boolean])[] = [
  [EventKind.PageRefMod, 'page_ref_mod', true, true],
  [EventKind.PageRefModAndTest, 'page_ref_mod_and_test', false, true],
  [EventKind.PageRefModUnless, 'page_ref_mod_unless', true, false],
];

/** CPUs that change one page at a time report each other's changes: steps up and down again. More of one are a sign. */
const LEAST_STEPS = 3;
const LEAST_PART = 0.01;

interface MissingEventTypes {
  /** Of those that the capture does not have, the ones that would explain its steps. */
  readonly names: readonly string[];
  /** How often a count rose, and fell, without an event, and how many pairs of events were looked at. */
  readonly rises: number;
  readonly falls: number;
  readonly pairs: number;
}

/** Null where all types occur, and where the counts do not tell that one is missing. */
export function missingEventTypes({ events, gaps }: Capture): MissingEventTypes | null {
  const seen = new Set<number>();
  const { kind, length } = events;
  for (let row = 0; row < length && seen.size < CHANGING.length; row++) {
    if (isChanging(kind[row]!)) seen.add(kind[row]!);
  }
  if (seen.size === 0 || seen.size === CHANGING.length) return null;
  const { rises, falls, pairs } = steps(events, gaps);
  const isOften = (more: number): boolean => more >= LEAST_STEPS && more > LEAST_PART * pairs;
  const names = CHANGING.filter(
    ([type, , doesRise, doesFall]) =>
      !seen.has(type) && ((doesRise && isOften(rises - falls)) || (doesFall && isOften(falls - rises))),
  ).map(([, name]) => name);
  return names.length === 0 ? null : { names, rises, falls, pairs };
}

function isChanging(kind: number): boolean {
  return (
    kind === EventKind.PageRefMod ||
    kind === EventKind.PageRefModAndTest ||
    kind === EventKind.PageRefModUnless
  );
}

type Steps = Omit<MissingEventTypes, 'names'>;

/** Steps between events of one page that follow each other, with no gap in the record between them. */
function steps(events: Capture['events'], gaps: Capture['gaps']): Steps {
  const { kind, pfn, count, length } = events;
  const starts = gaps.map(({ beforeRow }) => beforeRow).sort((a, b) => a - b);
  let last = new Map<number, number>();
  let [rises, falls, pairs] = [0, 0, 0];
  for (let row = 0, gap = 0; row < length; row++) {
    for (; starts[gap] !== undefined && starts[gap]! <= row; gap++) last = new Map();
    const page = pfn[row]!;
    if (kind[row] === EventKind.Other) continue;
    if (!isChanging(kind[row]!) || count[row] === ABSENT) {
      // What freezes, sets or frees it gives it another count.
      last.delete(page);
      continue;
    }
    const before = last.get(page);
    last.set(page, count[row]!);
    if (before === undefined) continue;
    const step = count[row]! - before - countChange(events, row);
    pairs++;
    if (step > 0) rises++;
    else if (step < 0) falls++;
  }
  return { rises, falls, pairs };
}
