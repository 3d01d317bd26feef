/** What the reference is for that an event takes or drops. */
import { countChange } from '../../holders/countChange';
import { KIND_LABEL } from '../../holders/kindLabel';
import type { Kind, Reference } from '../../holders/model';
import type { Site } from '../../holders/matchSite';
import { StackSites } from '../../holders/stackSites';
import { allPages } from '../captureFacts';
import { KINDS } from '../holdersQuery';
import { kindText } from '../pageFacts';
import type { FilteredCapture } from './compileFilter';
import { remembered } from './remembered';

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

  /** By the reference that the analysis found, else by what the stack of a get or a put says; null where nothing does. */
  of(row: number): Kind | null {
    return this.references.get(row)?.kind ?? this.siteOf(row)?.rule.kind ?? null;
  }

  /** The same in words; empty where nothing says it. */
  text(row: number): string {
    const reference = this.references.get(row);
    if (reference !== undefined) return kindText(reference);
    const site = this.siteOf(row);
    return site === null ? '' : KIND_LABEL[site.rule.kind];
  }

  /**
   * Whether {@link text} of a row passes a test; null when that of no row does. Texts are compared once for each kind
   * and label, so that a row costs look-ups in typed arrays.
   */
  saying(test: (text: string) => boolean): ((row: number) => boolean) | null {
    const asked = new Set(KINDS.filter((kind) => test(KIND_LABEL[kind])));
    const labels = new Set(this.labels.filter(test));
    if (asked.size === 0 && labels.size === 0) return null;
    const { events, symbols } = this.given.capture;
    // 0: part of no reference, 1: of one that is not asked for, 2: of one that is.
    const ofReference = new Uint8Array(events.length);
    for (const [row, { kind, label }] of this.references) {
      ofReference[row] = (label === undefined ? asked.has(kind) : labels.has(label)) ? 2 : 1;
    }
    const isAsked = (site: Site | null): boolean => site !== null && asked.has(site.rule.kind);
    const takes = remembered(symbols.stackCount, (stack) => isAsked(this.sites.of(stack).acquire));
    const drops = remembered(symbols.stackCount, (stack) => isAsked(this.sites.of(stack).release));
    return (row) => {
      const known = ofReference[row]!;
      if (known !== 0) return known === 2;
      const change = countChange(events, row);
      return change !== 0 && (change > 0 ? takes : drops)(events.stack[row]!);
    };
  }

  /** The innermost function of a stack that does not only count references; empty for none. */
  caller(row: number): string {
    return this.sites.of(this.given.capture.events.stack[row]!).holderFunction;
  }

  private get labels(): readonly string[] {
    const labels = new Set<string>();
    for (const { references } of allPages(this.given.analysis)) {
      for (const { label } of references) if (label !== undefined) labels.add(label);
    }
    return [...labels];
  }

  private siteOf(row: number) {
    const { events } = this.given.capture;
    const change = countChange(events, row);
    if (change === 0) return null;
    const site = this.sites.of(events.stack[row]!);
    return change > 0 ? site.acquire : site.release;
  }
}
