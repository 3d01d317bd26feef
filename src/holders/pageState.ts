/** What an event says of a page's owners: who maps it, and whether the page cache has it. */
import { ABSENT, Mapping, PageFlag, type EventTable } from '../capture/eventTable';
import type { MapcountBase } from './mapcountBase';
import type { PageNature } from './pageNature';

export const MAPCOUNT_ASSUMED =
  'the capture does not name its kernel: mapcount is read as before 6.10; from there on there is one mapping more';

/** What an event says of the page's owners. */
export interface PageState {
  readonly mapping: Mapping;
  readonly mappings: number;
  /** False where {@link mappings} may be one more. */
  readonly isMapcountKnown: boolean;
  /** The event has a mapcount, and it is 0. */
  readonly printsNoMapping: boolean;
  readonly hasPrivate: boolean;
  /** Whether the page cache has the page; null where the capture does not tell. */
  readonly cached: boolean | null;
  /** Its driver moves it and owns it by one reference (movable_operations). */
  readonly ofDriver: boolean;
  readonly isHugetlb: boolean;
  readonly swapCache: boolean;
}

/** Reads one event's view of the page. */
export function pageState(
  events: EventTable,
  row: number,
  nature: PageNature | null,
  mapcounts: MapcountBase,
): PageState {
  const flags = events.flags[row]!;
  const mapcount = events.mapcount[row]!;
  const mapping = events.mapping[row]! as Mapping;
  const { base, isKnown } = mapcounts.at(row);
  const swapCache =
    (flags & PageFlag.swapbacked) !== 0 && (flags & PageFlag.owner_priv_1) !== 0 && mapping !== Mapping.File;
  return {
    mapping,
    mappings: mapcount === ABSENT ? 0 : Math.max(0, mapcount + base),
    printsNoMapping: mapcount === 0,
    isMapcountKnown: isKnown,
    hasPrivate: (flags & PageFlag.private) !== 0,
    cached: isCached(mapping, flags, nature),
    ofDriver: mapping === Mapping.Movable || nature === 'driver',
    isHugetlb: nature === 'hugetlb' || nature === 'hugetlb-file',
    swapCache,
  };
}

/** Flags that pages of drivers with movable_operations never have: they come from the allocator and stay off the LRU lists. */
const FLAGS_OF_CACHED_PAGES =
  PageFlag.referenced |
  PageFlag.uptodate |
  PageFlag.dirty |
  PageFlag.active |
  PageFlag.workingset |
  PageFlag.writeback |
  PageFlag.mappedtodisk |
  PageFlag.reclaim;

function isCached(mapping: Mapping, flags: number, nature: PageNature | null): boolean | null {
  if (mapping === Mapping.Null || mapping === Mapping.Anonymous || mapping === Mapping.Movable) return false;
  if (mapping === Mapping.File) return true;
  if (nature !== null) return nature === 'hugetlb' ? null : nature === 'file' || nature === 'hugetlb-file';
  if (mapping !== Mapping.Hashed || flags === ABSENT) return null;
  // Anonymous and shmem pages are swap-backed. Others with a mapping are in the page cache, but for huge pages of
  // hugetlb, which are never on an LRU list and always heads, and for pages that drivers move.
  if ((flags & PageFlag.swapbacked) !== 0) return null;
  if ((flags & PageFlag.lru) !== 0) return true;
  return (flags & PageFlag.head) === 0 && (flags & FLAGS_OF_CACHED_PAGES) !== 0 ? true : null;
}

/**
 * References that the page cache has on a folio: one per page. On a huge page of hugetlb it has one in 6.1 and one per
 * page in 6.12 (mm/filemap.c __filemap_add_folio): the count tells which.
 */
export function cacheShare({ isHugetlb, mappings }: PageState, size: number, count: number): number {
  return isHugetlb && count - mappings < size ? 1 : size;
}

/**
 * References that the owners of a page have on it, as far as its state tells: one for private data, one for each
 * mapping, that of its driver, and those of the page cache or the swap cache.
 *
 * @param share as of {@link cacheShare}
 */
export function ownersOf(state: PageState, share: number): number {
  const inCache = state.cached === true || state.swapCache;
  return (state.hasPrivate ? 1 : 0) + state.mappings + (state.ofDriver ? 1 : 0) + (inCache ? share : 0);
}

/** Said where {@link PageState.cached} is null. */
export function cacheUnknown({ isHugetlb }: PageState, flags: number): string {
  if (isHugetlb) return 'the capture does not tell an anonymous huge page of hugetlb from one of a file here';
  return (flags & PageFlag.swapbacked) !== 0
    ? 'the capture does not tell an anonymous page from a shmem page here'
    : 'the capture does not tell whether the page cache has the page: its mapping is hashed, and it may be a huge page ' +
        'of hugetlb or one that its driver moves (balloon, zsmalloc)';
}
