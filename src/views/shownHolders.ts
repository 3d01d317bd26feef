/** How the holders are grouped, sorted and filtered in this workspace; kept from one window to the next. */
import * as vscode from 'vscode';
import {
  DEFAULT_QUERY,
  GROUPINGS,
  isFiltering,
  KINDS,
  namesOf,
  NO_FILTER,
  ROLES,
  SORT_ORDERS,
  type HolderFilter,
  type HoldersQuery,
  type SourceLines,
} from '../engine/holdersQuery';

const KEPT = 'holdersQuery';
const KEPT_BEFORE = 'holdersQueryBefore';

/** What was shown before a link led elsewhere. */
interface ShownBefore extends Pick<HoldersQuery, 'groupBy' | 'filter'> {
  /** Id of the row that was selected. */
  readonly row: string | null;
}

export class ShownHolders implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly wentBack = new vscode.EventEmitter<string>();
  /** What was shown before a link is shown again; with the row that was selected then. */
  readonly onDidGoBack = this.wentBack.event;
  private current: HoldersQuery;
  /** Null where what is shown was chosen by people. */
  private before: ShownBefore | null;

  constructor(private readonly memento: vscode.Memento) {
    this.current = checkedQuery(memento.get(KEPT));
    this.before = checkedBefore(memento.get(KEPT_BEFORE));
    this.tell();
  }

  get query(): HoldersQuery {
    return this.current;
  }

  /** A grouping that is chosen where a link led stays when the filter is cleared. */
  change(part: Partial<HoldersQuery>): void {
    const { before } = this;
    this.use({ ...this.current, ...part }, before && { ...before, groupBy: part.groupBy ?? before.groupBy });
  }

  /**
   * Shows what a link leads to, until the filter is cleared: what people had chosen comes back then.
   *
   * @param row id of the row that is selected before that
   */
  lead(part: Pick<HoldersQuery, 'groupBy' | 'filter'>, row: string | null): void {
    const { groupBy, filter } = this.current;
    this.use({ ...this.current, ...part }, this.before ?? { groupBy, filter, row });
  }

  changeFilter(part: Partial<HolderFilter>): void {
    this.change({ filter: { ...this.current.filter, ...part } });
  }

  /** Whether there is a filter, or what was shown before a link, which clearing it brings back. */
  get isFiltered(): boolean {
    return this.before !== null || isFiltering(this.current.filter);
  }

  clearFilter(): void {
    const { before } = this;
    if (before === null) {
      this.change({ filter: NO_FILTER });
      return;
    }
    const { groupBy, filter, row } = before;
    this.use({ ...this.current, groupBy, filter }, null);
    if (row !== null) this.wentBack.fire(row);
  }

  dispose(): void {
    this.changed.dispose();
    this.wentBack.dispose();
  }

  private use(query: HoldersQuery, before: ShownBefore | null): void {
    this.current = query;
    this.before = before;
    void this.memento.update(KEPT, query);
    void this.memento.update(KEPT_BEFORE, before ?? undefined);
    this.tell();
    this.changed.fire();
  }

  private tell(): void {
    void vscode.commands.executeCommand('setContext', 'pageHolders.filtered', this.isFiltered);
  }
}

/** What was kept may be of another version of the extension: only what is known is taken. */
function checkedQuery(kept: unknown): HoldersQuery {
  const { groupBy, sortBy, filter } = recordOf(kept);
  const { reason, kinds, roles, heldFor, text, pfns, through, minPages } = recordOf(filter);
  const known = <Name extends string>(names: readonly Name[], value: unknown): Name | null =>
    names.find((name) => name === value) ?? null;
  const listed = <Name extends string>(names: readonly Name[], values: unknown): readonly Name[] =>
    Array.isArray(values) ? names.filter((name) => values.includes(name)) : [];
  return {
    groupBy: known(namesOf(GROUPINGS), groupBy) ?? DEFAULT_QUERY.groupBy,
    sortBy: known(namesOf(SORT_ORDERS), sortBy),
    filter: {
      reason: typeof reason === 'string' ? reason : null,
      kinds: listed(KINDS, kinds),
      roles: listed(ROLES, roles),
      heldFor: typeof heldFor === 'number' && heldFor >= 0 ? heldFor : 0,
      text: typeof text === 'string' ? text : '',
      pfns: Array.isArray(pfns) ? pfns.filter((pfn) => Number.isSafeInteger(pfn)) : [],
      emptyRanges: [],
      through: checkedLines(through),
      minPages: typeof minPages === 'number' && minPages >= 0 ? minPages : 0,
    },
  };
}

function checkedBefore(kept: unknown): ShownBefore | null {
  if (kept === undefined) return null;
  const { groupBy, filter } = checkedQuery(kept);
  const { row } = recordOf(kept);
  return { groupBy, filter, row: typeof row === 'string' ? row : null };
}

function checkedLines(kept: unknown): SourceLines | null {
  const { file, first, last, function: name } = recordOf(kept);
  const isWhole = typeof file === 'string' && typeof name === 'string';
  if (!isWhole || typeof first !== 'number' || typeof last !== 'number') return null;
  return { file, first, last, function: name };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
