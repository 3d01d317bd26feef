/** What the reference is for that an event takes or drops. */
import { countChange, givesFirstCount } from '../../holders/countChange';
import { KIND_LABEL } from '../../holders/kindLabel';
import type { Kind, Reference } from '../../holders/model';
import type { Site } from '../../holders/matchSite';
import { StackSites } from '../../holders/stackSites';
import { allPages } from '../captureFacts';
import { KINDS } from '../holdersQuery';
import { kindText } from '../pageFacts';
import type { FilteredCapture } from './compileFilter';
import { remembered, rememberedText } from './remembered';

export class EventKinds {
  private readonly sites: StackSites;
  /** By row, of pages that failed to move or were never released; an event may be part of several. */
  private readonly references = new Map<number, Reference>();

  constructor(private readonly given: FilteredCapture) {
    const { capture, analysis, rules } = given;
    this.sites = new StackSites(capture.symbols, rules);
    for (const page of allPages(analysis)) {
      // The first of a page's references are those that were in the way.
      for (const reference of page.references) {
        for (const row of reference.rows) {
          if (!this.references.has(row)) this.references.set(row, reference);
        }
      }
    }
  }

  /**
   * Whether it is of one of these kinds, by the reference that the analysis found, else by what the stack of a get or a
   * put says. What gives a page its first count takes the allocation's reference, whatever that becomes.
   */
  isAmong(row: number, kinds: readonly Kind[]): boolean {
    if (this.isFirst(row) && kinds.includes('allocation')) return true;
    const kind = this.references.get(row)?.kind ?? this.siteOf(row)?.rule.kind ?? null;
    return kind !== null && kinds.includes(kind);
  }

  /** The kind in words: `pipe buffer`, `allocation, then page table mapping`; empty where nothing says it. */
  text(row: number): string {
    const reference = this.references.get(row);
    if (this.isFirst(row)) return firstText(reference);
    if (reference !== undefined) return kindText(reference);
    const site = this.siteOf(row);
    return site === null ? '' : KIND_LABEL[site.rule.kind];
  }

  /**
   * Whether {@link text} of a row passes a test; null when that of no row does. Each text is compared once, so that a row
   * costs look-ups in typed arrays.
   */
  saying(test: (text: string) => boolean): ((row: number) => boolean) | null {
    const isSaid = rememberedText(test);
    const asked = new Set(KINDS.filter((kind) => isSaid(KIND_LABEL[kind])));
    const { events, symbols } = this.given.capture;
    // 0: part of no reference, 1: of one that is not asked for, 2: of one that is.
    const ofReference = new Uint8Array(events.length);
    let isAnySaid = asked.size > 0;
    for (const row of this.references.keys()) {
      const isRowSaid = isSaid(this.text(row));
      ofReference[row] = isRowSaid ? 2 : 1;
      isAnySaid ||= isRowSaid;
    }
    if (!isAnySaid) return null;
    const asksForFirst = asked.has('allocation');
    const isAsked = (site: Site | null): boolean => site !== null && asked.has(site.rule.kind);
    const takes = remembered(symbols.stackCount, (stack) => isAsked(this.sites.of(stack).acquire));
    const drops = remembered(symbols.stackCount, (stack) => isAsked(this.sites.of(stack).release));
    return (row) => {
      const known = ofReference[row]!;
      if (known !== 0) return known === 2;
      if (this.isFirst(row)) return asksForFirst;
      const change = countChange(events, row);
      return change !== 0 && (change > 0 ? takes : drops)(events.stack[row]!);
    };
  }

  /** The innermost function of a stack that does not only count references; empty for none. */
  caller(row: number): string {
    return this.sites.of(this.given.capture.events.stack[row]!).holderFunction;
  }

  private isFirst(row: number): boolean {
    return givesFirstCount(this.given.capture.events, row);
  }

  private siteOf(row: number) {
    const { events } = this.given.capture;
    const change = countChange(events, row);
    if (change === 0) return null;
    const site = this.sites.of(events.stack[row]!);
    return change > 0 ? site.acquire : site.release;
  }
}

/** @param reference what it became, where the analysis looked at the page */
function firstText(reference: Reference | undefined): string {
  const first = KIND_LABEL.allocation;
  if (reference === undefined) return first;
  return reference.kind === 'allocation' ? kindText(reference) : `${first}, then ${kindText(reference)}`;
}
