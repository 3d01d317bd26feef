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

export class ShownHolders implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private current: HoldersQuery;

  constructor(private readonly memento: vscode.Memento) {
    this.current = checkedQuery(memento.get(KEPT));
    this.tell();
  }

  get query(): HoldersQuery {
    return this.current;
  }

  change(part: Partial<HoldersQuery>): void {
    this.current = { ...this.current, ...part };
    void this.memento.update(KEPT, this.current);
    this.tell();
    this.changed.fire();
  }

  changeFilter(part: Partial<HolderFilter>): void {
    this.change({ filter: { ...this.current.filter, ...part } });
  }

  clearFilter(): void {
    this.change({ filter: NO_FILTER });
  }

  dispose(): void {
    this.changed.dispose();
  }

  private tell(): void {
    const isFiltered = isFiltering(this.current.filter);
    void vscode.commands.executeCommand('setContext', 'pageHolders.filtered', isFiltered);
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

function checkedLines(kept: unknown): SourceLines | null {
  const { file, first, last, function: name } = recordOf(kept);
  const isWhole = typeof file === 'string' && typeof name === 'string';
  if (!isWhole || typeof first !== 'number' || typeof last !== 'number') return null;
  return { file, first, last, function: name };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
