/** What the reference is for that an event takes or drops. */
import { countChange } from '../../holders/countChange';
import { KIND_LABEL } from '../../holders/kindLabel';
import type { Kind, Reference } from '../../holders/model';
import { StackSites } from '../../holders/stackSites';
import { kindText } from '../pageFacts';
import type { FilteredCapture } from './compileFilter';

export class EventKinds {
  private readonly sites: StackSites;
  /** By row, of pages that failed to move or were never released; an event may be part of several. */
  private readonly references = new Map<number, Reference>();

  constructor(private readonly given: FilteredCapture) {
    const { capture, analysis, rules } = given;
    this.sites = new StackSites(capture.symbols, rules);
    for (const page of [...analysis.pages, ...analysis.unreleased]) {
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

  /** The innermost function of a stack that does not only count references; empty for none. */
  caller(row: number): string {
    return this.sites.of(this.given.capture.events.stack[row]!).holderFunction;
  }

  private siteOf(row: number) {
    const { events } = this.given.capture;
    const change = countChange(events, row);
    if (change === 0) return null;
    const site = this.sites.of(events.stack[row]!);
    return change > 0 ? site.acquire : site.release;
  }
}
