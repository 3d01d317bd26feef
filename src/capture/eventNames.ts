import { EventKind } from './eventTable';

/** The kinds of the events that the analysis uses, by the name that the kernel gives them. */
const KINDS: Readonly<Record<string, EventKind>> = {
  // include/trace/events/page_ref.h; folio_ref_* is the announced successor with the same fields.
  page_ref_set: EventKind.PageRefSet,
  page_ref_mod: EventKind.PageRefMod,
  page_ref_mod_and_test: EventKind.PageRefModAndTest,
  page_ref_mod_and_return: EventKind.PageRefModAndReturn,
  page_ref_mod_unless: EventKind.PageRefModUnless,
  page_ref_freeze: EventKind.PageRefFreeze,
  page_ref_unfreeze: EventKind.PageRefUnfreeze,
  folio_ref_set: EventKind.PageRefSet,
  folio_ref_mod: EventKind.PageRefMod,
  folio_ref_mod_and_test: EventKind.PageRefModAndTest,
  folio_ref_mod_and_return: EventKind.PageRefModAndReturn,
  folio_ref_mod_unless: EventKind.PageRefModUnless,
  folio_ref_freeze: EventKind.PageRefFreeze,
  folio_ref_unfreeze: EventKind.PageRefUnfreeze,
  // RFC v2 "page_pin_owner" and v1 "page_pinner" (linux-mm, December 2021).
  report_page_pinners: EventKind.PinFailure,
  page_pin_owner_put: EventKind.PinPut,
  page_pinner_failure: EventKind.PinFailure,
  page_pinner_put: EventKind.PinPut,
  mm_page_alloc: EventKind.PageAlloc,
  mm_page_free: EventKind.PageFree,
  mm_page_free_batched: EventKind.PageFreeBatched,
  // Up to 5.12 there was one event, at the end of cma_alloc().
  cma_alloc: EventKind.CmaAllocFinish,
  cma_alloc_start: EventKind.CmaAllocStart,
  cma_alloc_busy_retry: EventKind.CmaAllocBusyRetry,
  cma_alloc_finish: EventKind.CmaAllocFinish,
  cma_release: EventKind.CmaRelease,
  cma_alloc_info: EventKind.CmaAllocInfo,
  test_pages_isolated: EventKind.TestPagesIsolated,
  mm_migrate_pages_start: EventKind.MigratePagesStart,
  mm_migrate_pages: EventKind.MigratePages,
  mm_compaction_begin: EventKind.CompactionBegin,
  mm_compaction_end: EventKind.CompactionEnd,
  mm_compaction_migratepages: EventKind.CompactionMigratePages,
  memory_failure_event: EventKind.MemoryFailure,
};

const BY_NAME = new Map(Object.entries(KINDS));

/** The systems that these events are of, by the beginnings of their names; one that has moved has several. */
const SYSTEMS: readonly (readonly [begin: string, systems: readonly string[]])[] = [
  ['page_ref_', ['page_ref']],
  ['folio_ref_', ['page_ref']],
  ['report_page_pinners', ['page_pin_owner']],
  ['page_pin_owner_', ['page_pin_owner']],
  ['page_pinner_', ['page_pinner']],
  ['mm_page_', ['kmem']],
  ['cma_', ['cma']],
  ['test_pages_isolated', ['page_isolation']],
  ['mm_migrate_', ['migrate']],
  ['mm_compaction_', ['compaction']],
  ['memory_failure_event', ['ras', 'memory_failure']],
];

/** The systems that an event is of; null where its name, which formats of text print alone, does not tell. */
export function systemsOf(name: string): readonly string[] | null {
  const colon = name.lastIndexOf(':');
  if (colon >= 0) return [name.slice(0, colon)];
  return SYSTEMS.find(([begin]) => name.startsWith(begin))?.[1] ?? null;
}

/** Whether events that the analysis uses are of this system. */
export function isEventSystem(name: string): boolean {
  return SYSTEMS.some(([, systems]) => systems.includes(name));
}

/** The kind of an event printed as `event` or `system:event`. */
export function eventKindOf(name: string): EventKind {
  return BY_NAME.get(name.slice(name.lastIndexOf(':') + 1)) ?? EventKind.Other;
}
