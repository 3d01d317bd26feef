/** Pages below a holder or a task: only the references of these on each, then the page's marks. */
import type { Page } from '../holders/model';
import { groupBy, timesText, totalsOf, worstFirst, type Holding, type Totals } from './holdings';
import type { HolderRows } from './holderTree';
import type { HoldersQuery } from './holdersQuery';
import { branch, type Branch } from './lazyTree';
import { heldMood, kindText, pfnText } from './pageFacts';
import type { NodeMood } from './protocol';
import { sorted } from './sorting';
import { fromEnd, fromMarks, type Vantage } from './vantage';
import { counted, joined } from './wording';

interface HoldingGroup {
  readonly key: string;
  readonly items: readonly Holding[];
  readonly totals: Totals;
}

export class HeldPages {
  constructor(
    private readonly rows: HolderRows,
    private readonly query: HoldersQuery,
  ) {}

  /** One row a page, in order of PFN unless another is asked for. */
  of(parent: string, holdings: readonly Holding[]): readonly Branch[] {
    const { sortBy } = this.query;
    const pages = this.groups(holdings, ({ page }) => pfnText(page.pfn));
    return sorted(pages, sortBy ?? 'pfn', ({ totals }) => totals).map(({ key, items, totals }) =>
      this.page(`${parent}/${key}`, items, totals),
    );
  }

  /** Holdings by a key with their totals, as the query sorts them; else the worst first. */
  inOrder(holdings: readonly Holding[], keyOf: (holding: Holding) => string): readonly HoldingGroup[] {
    const { sortBy } = this.query;
    const worst = this.groups(holdings, keyOf).sort((a, b) => worstFirst(a.totals, b.totals));
    return sortBy === null ? worst : sorted(worst, sortBy, ({ totals }) => totals);
  }

  private groups(holdings: readonly Holding[], keyOf: (holding: Holding) => string): HoldingGroup[] {
    return groupBy(holdings, keyOf).map(([key, items]) => ({
      key,
      items,
      totals: totalsOf(items, this.rows.end),
    }));
  }

  private page(id: string, holdings: readonly Holding[], totals: Totals): Branch {
    const { page } = holdings[0]!;
    const { capture } = this.rows.source;
    return branch(
      {
        id,
        kind: 'held-page',
        mood: moodOf(holdings),
        label: joined([pfnText(page.pfn), ...this.who(holdings)]),
        description: timesText(totals, capture.clock),
        place: { row: page.marks[0]?.row ?? null, pfn: page.pfn },
      },
      () => [
        ...holdings.map(({ reference }, index) =>
          this.rows.references.row(`${id}/h${index}`, page, reference, this.vantage(page)),
        ),
        ...this.rows.marks(id, page, false),
        ...this.rows.pageEvents(id, page),
      ],
    );
  }

  private who(holdings: readonly Holding[]): readonly string[] {
    if (holdings.length > 1) return [counted(holdings.length, 'reference')];
    const { reference } = holdings[0]!;
    if (this.query.groupBy === 'task') return [kindText(reference), reference.site];
    return [this.rows.references.where(reference, '')];
  }

  private vantage(page: Page): Vantage {
    const { capture } = this.rows.source;
    return page.marks.length > 0 ? fromMarks(capture, page.marks) : fromEnd(capture, this.rows.end);
  }
}

export function moodOf(holdings: readonly Holding[]): NodeMood {
  const held = holdings
    .map(({ reference }) => reference)
    .filter(({ role, weight }) => role === 'held' && weight > 0);
  return held.length > 0 ? heldMood(held) : 'plain';
}
