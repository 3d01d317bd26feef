/** Which pages and references a filter asks for. */
import type { Capture } from '../capture/eventTable';
import { KIND_LABEL } from '../holders/kindLabel';
import type { Attempt, Page, Reference, ReferenceEnd } from '../holders/model';
import { heldTime, lastTime } from './heldTime';
import {
  asksForPages,
  asksForReason,
  asksForReferences,
  rolesAsked,
  type HolderFilter,
  type Role,
} from './holdersQuery';
import { kindText, pfnText } from './pageFacts';
import { doerText, taskText } from './taskText';

export class HolderMatcher {
  private readonly words: string;
  private readonly asksForReferences: boolean;
  private readonly roles: readonly Role[];
  private readonly end: number;
  private readonly stackMatches = new Map<number, boolean>();

  constructor(
    private readonly capture: Capture,
    private readonly filter: HolderFilter,
    private readonly attempts: readonly Attempt[],
    /** Stacks that go through the lines that the filter names; null when it names none. */
    private readonly through: ReadonlySet<number> | null = null,
  ) {
    this.words = filter.text.toLowerCase();
    this.asksForReferences = asksForReferences(filter);
    this.roles = rolesAsked(filter);
    this.end = filter.heldFor > 0 ? lastTime(capture) : NaN;
  }

  /** Whether the page itself is asked for, or a reference on it. */
  page(page: Page): boolean {
    if (asksForPages(this.filter) && !this.filter.pfns.some((pfn) => covers(page, pfn))) return false;
    if (!this.asksForReferences) return true;
    if (page.references.some((reference) => this.reference(page, reference))) return true;
    return this.untracedIsAsked(page) || (this.asksForTextAlone() && this.textIsOfPage(page));
  }

  reference(page: Page, reference: Reference): boolean {
    const { kinds } = this.filter;
    if (kinds.length > 0 && !kinds.includes(reference.kind)) return false;
    if (this.roles.length > 0 && !this.roles.includes(reference.role)) return false;
    if (!this.isHeldLongEnough(page, reference) || !this.goesThrough(reference)) return false;
    return this.words === '' || this.textIsOfPage(page) || this.textIsOf(reference);
  }

  /** Attempts that name no page have no reference to be asked for. */
  attempt(attempt: Attempt): boolean {
    const { reason } = this.filter;
    if (reason !== null && !asksForReason(reason, attempt.reason)) return false;
    if (asksForPages(this.filter)) return false;
    return !this.asksForReferences || (this.asksForTextAlone() && this.textIsOfAttempt(attempt));
  }

  private asksForTextAlone(): boolean {
    const { kinds, roles, heldFor, through } = this.filter;
    return kinds.length === 0 && roles.length === 0 && heldFor === 0 && through === null;
  }

  /** Somebody holds a page with references that no event explains; who and how long is not known. */
  private untracedIsAsked(page: Page): boolean {
    if (this.filter.kinds.length > 0 || this.filter.through !== null) return false;
    if (this.roles.length > 0 && !this.roles.includes('held')) return false;
    if (this.words !== '' && !this.textIsOfPage(page)) return false;
    return page.marks.some((mark) => (mark.untraced ?? 0) > 0);
  }

  /** A clock that counts ticks of unknown length says nothing against it. */
  private isHeldLongEnough(page: Page, reference: Reference): boolean {
    const { heldFor } = this.filter;
    if (heldFor === 0) return true;
    if (reference.weight === 0) return false;
    if (this.capture.clock === 'ticks') return true;
    const held = heldTime(page, reference, this.end);
    return held === null || held.span >= heldFor;
  }

  private goesThrough({ acquired, released, weight }: Reference): boolean {
    if (this.filter.through === null) return true;
    const stack = (acquired ?? released)?.stack ?? -1;
    return weight > 0 && this.through?.has(stack) === true;
  }

  private textIsOfPage(page: Page): boolean {
    if (this.has(pfnText(page.pfn))) return true;
    return page.marks.some((mark) => {
      const attempt = this.attempts[mark.attempt];
      return (
        this.has(mark.reason) ||
        this.has(mark.dumpedBecause) ||
        this.has(mark.causeDetail) ||
        this.has(taskText(this.capture, mark.task)) ||
        (attempt !== undefined && this.textIsOfAttempt(attempt))
      );
    });
  }

  private textIsOfAttempt({ what, reason, area, resultText, task }: Attempt): boolean {
    return [what, reason, area, resultText, taskText(this.capture, task)].some((text) => this.has(text));
  }

  private textIsOf(reference: Reference): boolean {
    const { acquired, released, deducedAcquire } = reference;
    if (this.has(reference.holder) || this.has(kindText(reference)) || this.has(KIND_LABEL[reference.kind]))
      return true;
    if (deducedAcquire.some((name) => this.has(name))) return true;
    return [acquired, released].some((end) => end !== null && this.textIsOfEnd(end));
  }

  private textIsOfEnd(end: ReferenceEnd): boolean {
    return this.has(doerText(this.capture, end)) || (end.stack >= 0 && this.textIsInStack(end.stack));
  }

  private textIsInStack(stack: number): boolean {
    const known = this.stackMatches.get(stack);
    if (known !== undefined) return known;
    const { symbols } = this.capture;
    const matches = symbols
      .stackFrames(stack)
      .some((frame) => this.has(symbols.frameFunction(frame)) || this.has(symbols.frameModule(frame)));
    this.stackMatches.set(stack, matches);
    return matches;
  }

  private has(text: string | null): boolean {
    return text?.toLowerCase().includes(this.words) === true;
  }
}

/** What a filter asks for, and what it leaves out, each in order. */
export function divided<T>(
  items: readonly T[],
  isAsked: (item: T) => boolean,
): { readonly asked: readonly T[]; readonly others: readonly T[] } {
  const asked: T[] = [];
  const others: T[] = [];
  for (const item of items) (isAsked(item) ? asked : others).push(item);
  return { asked, others };
}

/** Whether a PFN is one of the pages of a folio. */
export function covers(page: Page, pfn: number): boolean {
  return pfn >= page.pfn && pfn < page.pfn + 2 ** page.order;
}
