/**
 * One row for each stack of a page_owner dump, and for each order, migratetype and gfp mask that it allocated pages
 * with, so that sums over any of them are right. Stacks with most pages come first.
 */
import type { AllocationTable } from '../../capture/allocationTable';
import type { Capture } from '../../capture/eventTable';
import { sharesOf, type AllocationGroup } from '../../holders/allocationGroups';
import { groupName } from '../allocationNames';
import { askedAllocations } from '../askedAllocations';
import type { HolderSource } from '../holderSource';
import { groupBy } from '../holdings';
import type { HolderFilter } from '../holdersQuery';
import { pfnText } from '../pageFacts';
import { taskText } from '../taskText';
import { csvRecord, emptyFields, stackField, type Field } from './csvRecord';

/** Names are a promise to scripts: added to at the end, never renamed. */
const COLUMNS = [
  'capture',
  'stack_pages',
  'pages',
  'allocations',
  'order',
  'migratetype',
  'gfp',
  'tasks',
  'first_pfn',
  'last_pfn',
  'name',
  'handle',
  'stack',
] as const;

export async function* allocationCsv(
  sources: readonly HolderSource[],
  filter: HolderFilter,
): AsyncGenerator<string> {
  yield csvRecord(COLUMNS);
  for (const source of sources) {
    const { capture } = source;
    const allocations = capture.allocations!;
    const { groups } = askedAllocations(capture, allocations, filter);
    for (const group of groups) yield await recordsOf(source, allocations, group);
  }
}

async function recordsOf(
  { capture, stacks }: HolderSource,
  allocations: AllocationTable,
  group: AllocationGroup,
): Promise<string> {
  const { stack, handle, rows } = group;
  const first = [capture.path, known(group.pages)];
  const last = [
    groupName(capture, group),
    handle === 0 ? null : handle,
    stackField(await stacks.frames(stack)),
  ];
  const parts =
    rows.length === 0
      ? [[known(group.pages), known(group.allocations), ...NO_RECORD]]
      : alike(allocations, rows).map((part) => partFields(capture, allocations, part));
  return parts.map((part) => csvRecord([...first, ...part, ...last])).join('');
}

/** Of sums alone the file does not say more. */
const NO_RECORD = emptyFields(COLUMNS, 'order', 'name');

function partFields(
  capture: Capture,
  allocations: AllocationTable,
  rows: readonly number[],
): readonly Field[] {
  const { symbols } = capture;
  const { pfn, order, migratetype, gfpMask, task } = allocations;
  const [first, last] = [rows[0]!, rows.at(-1)!];
  const text = (id: number): string | null => (id < 0 ? null : symbols.string(id));
  const tasks = sharesOf(allocations, rows, task).map(({ value }) => taskText(capture, value));
  return [
    rows.length * 2 ** order[first]!,
    rows.length,
    order[first]!,
    text(migratetype[first]!),
    text(gfpMask[first]!),
    tasks.filter((name) => name !== null).join('; '),
    pfn[first]! < 0 ? null : pfnText(pfn[first]!),
    pfn[last]! < 0 ? null : pfnText(pfn[last]! + 2 ** order[last]! - 1),
  ];
}

/** The rows of each order, migratetype and gfp mask, those of most pages first. */
function alike(
  { order, migratetype, gfpMask }: AllocationTable,
  rows: readonly number[],
): readonly (readonly number[])[] {
  const parts = groupBy(rows, (row) => `${order[row]} ${migratetype[row]} ${gfpMask[row]}`);
  const pages = (part: readonly number[]): number => part.length * 2 ** order[part[0]!]!;
  return parts.map(([, part]) => part).sort((one, other) => pages(other) - pages(one));
}

function known(count: number): number | null {
  return count < 0 ? null : count;
}
