/**
 * Which references that no event explains may be an owner's all the same: what an event prints of a page does not say
 * how many references its owners have.
 */
import { Mapping } from '../capture/eventTable';
import { cacheUnknown, MAPCOUNT_ASSUMED, type PageState } from './pageState';

export interface PerhapsOwned {
  readonly count: number;
  readonly of: 'page-cache' | 'page-table';
  /** Why that is open, for people. */
  readonly note: string;
}

/** What the capture shows of the folio. */
export interface SeenFolio {
  /** It has several pages. */
  readonly isLarge: boolean;
  /** False where it is known by its flags alone (PG_head): the capture does not show its allocation. */
  readonly isKnown: boolean;
  /** References that the page cache or the swap cache has on it, as far as its size is known. */
  readonly share: number;
  /** Something else than mapcount says that no page table has it. */
  readonly isUnmapped: boolean;
}

const OF_UNKNOWN_SIZE =
  'it is the head of a folio whose allocation the capture does not show: the page cache, or the swap cache, has one ' +
  'reference for each of its pages, and how many these are is not known';

/**
 * `page_mapcount()` of 6.1 counts the mappings of the whole folio and those of this page, `_mapcount` of 6.10 those of
 * this page alone (include/linux/mm.h).
 */
const OF_FIRST_PAGE =
  'it is the head of a folio, and mapcount leaves out the mappings of its other pages, each of which has a reference';

/**
 * @param spare references that no event explains, at least 1
 * @returns null where the owners' are all known
 */
export function perhapsOwned(
  state: PageState,
  flags: number,
  folio: SeenFolio,
  spare: number,
): PerhapsOwned | null {
  const { cached, swapCache, isHugetlb, mapping } = state;
  if (cached === null) {
    // A hashed mapping pointer may be the page cache's; its reference is then one of the nameless ones.
    const count = folio.isKnown ? Math.min(spare, folio.share) : spare;
    const taken = folio.isKnown ? 'one reference per page is taken as the page cache’s' : OF_UNKNOWN_SIZE;
    return { count, of: 'page-cache', note: `${cacheUnknown(state, flags)}; ${taken}` };
  }
  if (!folio.isKnown && (cached || swapCache))
    return { count: spare, of: 'page-cache', note: OF_UNKNOWN_SIZE };
  if (folio.isLarge && !isHugetlb && mapping !== Mapping.Null)
    return { count: spare, of: 'page-table', note: OF_FIRST_PAGE };
  // Of 6.10 and later the 0 that is printed is one mapping.
  if (!folio.isUnmapped && !state.isMapcountKnown && state.printsNoMapping)
    return { count: 1, of: 'page-table', note: MAPCOUNT_ASSUMED };
  return null;
}
