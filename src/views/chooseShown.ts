/** Group By…, Sort By… and Filter… of the Holders view: quick picks that say what holds now. */
import * as vscode from 'vscode';
import {
  filterWords,
  GROUPINGS,
  isFiltering,
  KINDS,
  namesOf,
  NO_FILTER,
  parsePfn,
  parseSpan,
  ROLES,
  SORT_ORDERS,
  type Grouping,
  type HolderFilter,
  type Role,
  type SortOrder,
} from '../engine/holdersQuery';
import { counted, joined, KIND_NAMES, ROLE_MEANINGS, ROLE_NAMES } from '../engine/wording';
import { spanText } from '../engine/timeText';
import type { OpenCaptures } from './openCaptures';
import type { ShownHolders } from './shownHolders';

const GROUPING_NAMES: Readonly<Record<Grouping, string>> = {
  page: 'Page',
  holder: 'Holder',
  attempt: 'Attempt',
  task: 'Task',
};

interface Choice<Value> extends vscode.QuickPickItem {
  readonly value: Value;
}

export class ChooseShown implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly captures: OpenCaptures,
    private readonly shown: ShownHolders,
    private readonly holders: vscode.TreeView<unknown>,
  ) {
    const { registerCommand } = vscode.commands;
    this.subscriptions = vscode.Disposable.from(
      registerCommand('pageHolders.groupBy', (grouping?: unknown) => this.group(grouping)),
      registerCommand('pageHolders.sortBy', () => this.sort()),
      registerCommand('pageHolders.filter', () => this.filter()),
      registerCommand('pageHolders.clearFilter', () => {
        shown.clearFilter();
      }),
      shown.onDidChange(() => {
        this.describe();
      }),
    );
    this.describe();
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  /** @param given a grouping that a key binding names */
  private async group(given: unknown): Promise<void> {
    const { groupBy } = this.shown.query;
    const named = namesOf(GROUPINGS).find((grouping) => grouping === given);
    const picked =
      named ??
      (await pickOne(
        'Group By',
        namesOf(GROUPINGS).map((value) => ({
          value,
          label: GROUPING_NAMES[value],
          detail: GROUPINGS[value],
          description: value === groupBy ? 'now' : '',
        })),
      ));
    if (picked !== undefined) this.shown.change({ groupBy: picked });
  }

  private async sort(): Promise<void> {
    const { sortBy } = this.shown.query;
    const orders: readonly Choice<SortOrder | null>[] = [
      { value: null, label: 'What answers best first' },
      ...namesOf(SORT_ORDERS).map((value) => ({ value, label: SORT_ORDERS[value] })),
    ];
    const picked = await pickOne(
      'Sort By',
      orders.map((order) => ({ ...order, description: order.value === sortBy ? 'now' : '' })),
    );
    if (picked !== undefined) this.shown.change({ sortBy: picked });
  }

  /** One list of all criteria with what each is now; each leads to its own choice. */
  private async filter(): Promise<void> {
    const { filter } = this.shown.query;
    const now = (part: Partial<HolderFilter>): string => filterWords({ ...NO_FILTER, ...part }).join(', ');
    const criteria: readonly Choice<() => Thenable<void> | void>[] = [
      {
        label: '$(search) Text…',
        description: now({ text: filter.text }),
        detail: 'In PFNs, tasks, CMA areas, kinds and the functions of stacks',
        value: () => this.filterByText(),
      },
      {
        label: '$(symbol-class) Kind of Reference…',
        description: now({ kinds: filter.kinds }),
        value: () => this.filterByKind(),
      },
      {
        label: '$(lock) Role…',
        description: now({ roles: filter.roles }),
        detail: 'Held, expected, temporary or earlier',
        value: () => this.filterByRole(),
      },
      {
        label: '$(watch) Held for at Least…',
        description: now({ heldFor: filter.heldFor }),
        value: () => this.filterByTime(),
      },
      {
        label: '$(question) Migrate Reason…',
        description: now({ reason: filter.reason }),
        detail: 'Why pages were to be moved: CMA, compaction, offlining …',
        value: () => this.filterByReason(),
      },
      {
        label: '$(file-binary) Page Frame Number…',
        description: now({ pfns: filter.pfns }),
        detail: 'Any page of the capture, whether or not it failed to move',
        value: () => this.filterByPfn(),
      },
    ];
    const clear: Choice<() => void> = {
      label: '$(clear-all) Clear Filter',
      value: () => {
        this.shown.clearFilter();
      },
    };
    const act = await pickOne('Filter', isFiltering(filter) ? [...criteria, clear] : criteria);
    await act?.();
  }

  private async filterByText(): Promise<void> {
    const text = await vscode.window.showInputBox({
      title: 'Filter by Text',
      value: this.shown.query.filter.text,
      prompt: 'Shows what has this text in its PFN, task, CMA area, kind or stack. Empty: everything.',
    });
    if (text !== undefined) this.shown.changeFilter({ text: text.trim() });
  }

  private async filterByKind(): Promise<void> {
    const counts = sums(this.captures.all.flatMap(({ kinds }) => kinds));
    const { filter } = this.shown.query;
    const kinds = await pickSeveral(
      'Filter by Kind',
      KINDS.filter((kind) => counts.has(kind) || filter.kinds.includes(kind)).map((value) => ({
        value,
        label: KIND_NAMES[value],
        description: counted(counts.get(value) ?? 0, 'reference'),
        picked: filter.kinds.includes(value),
      })),
    );
    if (kinds !== undefined) this.shown.changeFilter({ kinds });
  }

  private async filterByRole(): Promise<void> {
    const { filter } = this.shown.query;
    const roles = await pickSeveral<Role>(
      'Filter by Role',
      ROLES.map((value) => ({
        value,
        label: ROLE_NAMES[value],
        detail: ROLE_MEANINGS[value],
        picked: filter.roles.includes(value),
      })),
    );
    if (roles !== undefined) this.shown.changeFilter({ roles });
  }

  private async filterByTime(): Promise<void> {
    const { heldFor } = this.shown.query.filter;
    const text = await vscode.window.showInputBox({
      title: 'Held for at Least',
      value: heldFor > 0 ? spanText(heldFor, 'ns') : '',
      placeHolder: '10 ms',
      prompt: 'A time with its unit: 10 ms, 1.5 s, 200 us. Empty: however short.',
      validateInput: (given) =>
        given.trim() === '' || parseSpan(given) !== null
          ? null
          : 'Expected a time with its unit, like 10 ms.',
    });
    if (text !== undefined) this.shown.changeFilter({ heldFor: parseSpan(text) ?? 0 });
  }

  private async filterByReason(): Promise<void> {
    const pages = sums(this.captures.all.flatMap(({ reasons }) => reasons));
    const reason = await pickOne<string | null>('Filter by Migrate Reason', [
      { label: 'All reasons', value: null },
      // Marks without a reason can only be seen with all.
      ...Array.from(pages).flatMap(([value, count]) =>
        value === null ? [] : [{ value, label: value, description: counted(count, 'page') }],
      ),
    ]);
    if (reason !== undefined) this.shown.changeFilter({ reason });
  }

  private async filterByPfn(): Promise<void> {
    const { pfns } = this.shown.query.filter;
    const text = await vscode.window.showInputBox({
      title: 'Page Frame Number',
      value: pfns.map((pfn) => `0x${pfn.toString(16)}`).join(' '),
      placeHolder: '0x12f98',
      prompt: 'Hexadecimal with 0x, or decimal; several with spaces between. Empty: all pages.',
      validateInput: (given) => {
        const wrong = wordsOf(given).find((word) => parsePfn(word) === null);
        return wrong === undefined ? null : `${wrong} is no page frame number, like 0x12f98 or 77720.`;
      },
    });
    if (text !== undefined)
      this.shown.changeFilter({ pfns: wordsOf(text).flatMap((word) => parsePfn(word) ?? []) });
  }

  /** The title of the view says how it differs from what a new user sees. */
  private describe(): void {
    const { groupBy, sortBy, filter } = this.shown.query;
    const words = filterWords(filter);
    this.holders.description = joined([
      groupBy === 'page' ? null : `by ${groupBy}`,
      sortBy === null ? null : `sorted by ${sortBy.replace('-', ' ')}`,
      words.length === 0 ? null : `only ${words.join(', ')}`,
    ]);
  }
}

async function pickOne<Value>(title: string, choices: readonly Choice<Value>[]): Promise<Value | undefined> {
  const picked = await vscode.window.showQuickPick(choices, { title, matchOnDetail: true });
  return picked?.value;
}

async function pickSeveral<Value>(
  title: string,
  choices: readonly Choice<Value>[],
): Promise<readonly Value[] | undefined> {
  const placeHolder = 'None chosen: all are shown';
  const picked = await vscode.window.showQuickPick(choices, { title, placeHolder, canPickMany: true });
  return picked?.map(({ value }) => value);
}

/** Counts of several captures in one. */
function sums<Key>(counts: readonly (readonly [Key, number])[]): ReadonlyMap<Key, number> {
  const all = new Map<Key, number>();
  for (const [key, count] of counts) all.set(key, (all.get(key) ?? 0) + count);
  return all;
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}
