/** Group By…, Sort By… and Filter… of the Holders view: quick picks that say what holds now. */
import * as vscode from 'vscode';
import { saysAllocationsAlone } from '../engine/allocationsAlone';
import {
  filterWords,
  GROUPINGS,
  KINDS,
  namesOf,
  NO_FILTER,
  parsePageCount,
  parsePfnRange,
  parseSpan,
  ROLES,
  SORT_ORDERS,
  type Grouping,
  type HolderFilter,
  type Role,
  type SortOrder,
} from '../engine/holdersQuery';
import { joined, KIND_NAMES, ROLE_MEANINGS, ROLE_NAMES } from '../engine/wording';
import type { EngineApi } from '../engine/protocol';
import { spanText } from '../engine/timeText';
import { visibleLine } from '../engine/visibleText';
import type { PfnRange } from '../holders/model';
import { answerOf } from './answerOf';
import { choiceText } from './choiceText';
import { CURRENT } from './currentChoice';
import { showFailure } from './failures';
import { numberText } from './numberText';
import type { OpenCaptures } from './openCaptures';
import { listedPfns, pagesInRange, pfnListText, pfnsProblem } from './pfnInput';
import type { ShownHolders } from './shownHolders';

const GROUPING_NAMES: Readonly<Record<Grouping, string>> = {
  page: vscode.l10n.t('Page'),
  holder: vscode.l10n.t('Holder'),
  attempt: vscode.l10n.t('Attempt'),
  task: vscode.l10n.t('Task'),
};

/** In the title of the view; by page is what is expected there. */
const GROUPED_BY: Readonly<Record<Grouping, string | null>> = {
  page: null,
  holder: vscode.l10n.t('by holder'),
  attempt: vscode.l10n.t('by attempt'),
  task: vscode.l10n.t('by task'),
};

const SORTED_BY: Readonly<Record<SortOrder, string>> = {
  pfn: vscode.l10n.t('sorted by pfn'),
  'first-mark': vscode.l10n.t('sorted by first mark'),
  holders: vscode.l10n.t('sorted by holders'),
  'longest-held': vscode.l10n.t('sorted by longest held'),
  attempts: vscode.l10n.t('sorted by attempts'),
};

interface Choice<Value> extends vscode.QuickPickItem {
  readonly value: Value;
  readonly isCurrent?: boolean;
}

export class ChooseShown implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly engine: EngineApi,
    private readonly captures: OpenCaptures,
    private readonly shown: ShownHolders,
    private readonly holders: Pick<vscode.TreeView<unknown>, 'description'>,
    private readonly log: vscode.LogOutputChannel,
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
        vscode.l10n.t('Group By'),
        namesOf(GROUPINGS).map((value) => ({
          value,
          label: GROUPING_NAMES[value],
          detail: choiceText(GROUPINGS[value]),
          ...currentIf(value === groupBy),
        })),
      ));
    if (picked !== undefined) this.shown.change({ groupBy: picked });
  }

  private async sort(): Promise<void> {
    const { sortBy } = this.shown.query;
    const orders: readonly Choice<SortOrder | null>[] = [
      { value: null, label: vscode.l10n.t('What answers best first') },
      ...namesOf(SORT_ORDERS).map((value) => ({ value, label: choiceText(SORT_ORDERS[value]) })),
    ];
    const picked = await pickOne(
      vscode.l10n.t('Sort By'),
      orders.map((order) => ({ ...order, ...currentIf(order.value === sortBy) })),
    );
    if (picked !== undefined) this.shown.change({ sortBy: picked });
  }

  /** One list of all criteria with what each is now; each leads to its own choice. */
  private async filter(): Promise<void> {
    const { filter } = this.shown.query;
    const now = (part: Partial<HolderFilter>): string => filterWords({ ...NO_FILTER, ...part }).join(', ');
    const criteria: readonly Choice<() => Thenable<void> | void>[] = [
      {
        label: vscode.l10n.t('$(search) Text…'),
        description: now({ text: filter.text }),
        detail: vscode.l10n.t('In PFNs, tasks, CMA areas, kinds and the functions of stacks'),
        value: () => this.filterByText(),
      },
      {
        label: vscode.l10n.t('$(symbol-class) Kind of Reference…'),
        description: now({ kinds: filter.kinds }),
        value: () => this.filterByKind(),
      },
      {
        label: vscode.l10n.t('$(lock) Role…'),
        description: now({ roles: filter.roles }),
        detail: vscode.l10n.t('Held, expected, temporary or earlier'),
        value: () => this.filterByRole(),
      },
      {
        label: vscode.l10n.t('$(watch) Held for at Least…'),
        description: now({ heldFor: filter.heldFor }),
        value: () => this.filterByTime(),
      },
      {
        label: vscode.l10n.t('$(question) Migrate Reason…'),
        description: now({ reason: filter.reason }),
        detail: vscode.l10n.t('Why pages were to be moved: CMA, compaction, offlining …'),
        value: () => this.filterByReason(),
      },
      {
        label: vscode.l10n.t('$(file-binary) Page Frame Number…'),
        description: now({ pfns: filter.pfns, emptyRanges: filter.emptyRanges }),
        detail: vscode.l10n.t('Any page of the capture, whether or not it failed to move'),
        value: () => this.filterByPfn(),
      },
      ...(this.hasAllocations || filter.minPages > 0
        ? [
            {
              label: vscode.l10n.t('$(layers) Pages of a Stack…'),
              description: now({ minPages: filter.minPages }),
              detail: vscode.l10n.t('Of a page_owner dump: only stacks that allocated at least so many'),
              value: () => this.filterByPages(),
            },
          ]
        : []),
    ];
    const clear: Choice<() => void> = {
      label: vscode.l10n.t('$(clear-all) Clear Filter'),
      value: () => {
        this.shown.clearFilter();
      },
    };
    const act = await pickOne(
      vscode.l10n.t('Filter'),
      this.shown.isFiltered ? [...criteria, clear] : criteria,
    );
    await act?.();
  }

  private async filterByText(): Promise<void> {
    const text = await vscode.window.showInputBox({
      title: vscode.l10n.t('Filter by Text'),
      value: this.shown.query.filter.text,
      prompt: vscode.l10n.t(
        'Shows what has this text in its PFN, task, CMA area, kind or stack. Empty: everything.',
      ),
    });
    if (text !== undefined) this.shown.changeFilter({ text: text.trim() });
  }

  private async filterByKind(): Promise<void> {
    const counts = sums(this.captures.all.flatMap(({ kinds }) => kinds));
    const { filter } = this.shown.query;
    const kinds = await pickSeveral(
      vscode.l10n.t('Filter by Kind'),
      KINDS.filter((kind) => counts.has(kind) || filter.kinds.includes(kind)).map((value) => ({
        value,
        label: KIND_NAMES[value],
        description: referencesText(counts.get(value) ?? 0),
        picked: filter.kinds.includes(value),
      })),
    );
    if (kinds !== undefined) this.shown.changeFilter({ kinds });
  }

  private async filterByRole(): Promise<void> {
    const { filter } = this.shown.query;
    const roles = await pickSeveral<Role>(
      vscode.l10n.t('Filter by Role'),
      ROLES.map((value) => ({
        value,
        label: ROLE_NAMES[value],
        detail: choiceText(ROLE_MEANINGS[value]),
        picked: filter.roles.includes(value),
      })),
    );
    if (roles !== undefined) this.shown.changeFilter({ roles });
  }

  private async filterByTime(): Promise<void> {
    const { heldFor } = this.shown.query.filter;
    const asked = await askLeast(parseSpan, vscode.l10n.t('Expected a time with its unit, like 10 ms.'), {
      title: vscode.l10n.t('Held for at Least'),
      value: heldFor > 0 ? spanText(heldFor, 'ns') : '',
      placeHolder: '10 ms',
      prompt: vscode.l10n.t('A time with its unit: 10 ms, 1.5 s, 200 us. Empty: however short.'),
    });
    if (asked !== undefined) this.shown.changeFilter({ heldFor: asked });
  }

  private async filterByReason(): Promise<void> {
    const pages = sums(this.captures.all.flatMap(({ reasons }) => reasons));
    const now = this.shown.query.filter.reason;
    const reason = await pickOne<string | null>(vscode.l10n.t('Filter by Migrate Reason'), [
      { label: vscode.l10n.t('All reasons'), value: null, isCurrent: now === null },
      // Marks without a reason can only be seen with all.
      ...Array.from(pages).flatMap(([value, count]) =>
        value === null
          ? []
          : [
              {
                value,
                label: visibleLine(value),
                description: pagesText(count),
                isCurrent: value === now,
              },
            ],
      ),
    ]);
    if (reason !== undefined) this.shown.changeFilter({ reason });
  }

  private async filterByPfn(): Promise<void> {
    const text = await vscode.window.showInputBox({
      title: vscode.l10n.t('Page Frame Number'),
      value: pfnListText(this.shown.query.filter),
      placeHolder: '0x12f98 0x12c00..0x12fff 0x13000+512',
      prompt: vscode.l10n.t(
        'Pages and ranges, hexadecimal with 0x or decimal, with spaces or commas between. Empty: all pages.',
      ),
      validateInput: (given) => (given.trim() === '' ? null : pfnsProblem(given)),
    });
    if (text === undefined) return;
    try {
      this.shown.changeFilter(
        await this.pagesOf(listedPfns(text).flatMap((word) => parsePfnRange(word) ?? [])),
      );
    } catch (error) {
      showFailure(this.log, error);
    }
  }

  /** A page is asked for whether or not an event tells of it; of a range those pages of which some does. */
  private async pagesOf(ranges: readonly PfnRange[]): Promise<Pick<HolderFilter, 'pfns' | 'emptyRanges'>> {
    const pfns = new Set<number>();
    const emptyRanges: PfnRange[] = [];
    for (const range of ranges) {
      const found = range.first === range.last ? [range.first] : await pagesInRange(this.engine, range);
      if (found.length === 0) emptyRanges.push(range);
      for (const pfn of found) pfns.add(pfn);
    }
    return { pfns: [...pfns], emptyRanges };
  }

  private get hasAllocations(): boolean {
    return this.captures.all.some(saysAllocationsAlone);
  }

  private async filterByPages(): Promise<void> {
    const { minPages } = this.shown.query.filter;
    const asked = await askLeast(parsePageCount, vscode.l10n.t('Expected a number of pages, like 16.'), {
      title: vscode.l10n.t('Pages of a Stack, at Least'),
      value: minPages > 0 ? String(minPages) : '',
      placeHolder: '16',
      prompt: vscode.l10n.t('How many pages a stack must have allocated to be shown. Empty: however few.'),
    });
    if (asked !== undefined) this.shown.changeFilter({ minPages: asked });
  }

  /** The title of the view says how it differs from what a new user sees. */
  private describe(): void {
    const { groupBy, sortBy, filter } = this.shown.query;
    const words = filterWords(filter);
    this.holders.description = joined([
      GROUPED_BY[groupBy],
      sortBy === null ? null : SORTED_BY[sortBy],
      words.length === 0
        ? null
        : vscode.l10n.t({
            message: 'only {0}',
            args: [words.join(', ')],
            comment: ['{0} is a list of what is shown, such as: contig_range, pipe buffer, ≥ 10 ms'],
          }),
    ]);
  }
}

function currentIf(isCurrent: boolean): Pick<Choice<unknown>, 'description' | 'isCurrent'> {
  return { description: isCurrent ? CURRENT : '', isCurrent };
}

/** The choice of now has the focus. */
function pickOne<Value>(title: string, choices: readonly Choice<Value>[]): Promise<Value | undefined> {
  const pick = vscode.window.createQuickPick<Choice<Value>>();
  pick.title = title;
  pick.matchOnDetail = true;
  pick.items = choices;
  pick.activeItems = choices.filter(({ isCurrent }) => isCurrent === true);
  return answerOf<Value>(pick, (answer) => {
    pick.onDidAccept(() => {
      answer(pick.selectedItems[0]?.value);
    });
  });
}

async function pickSeveral<Value>(
  title: string,
  choices: readonly Choice<Value>[],
): Promise<readonly Value[] | undefined> {
  const placeHolder = vscode.l10n.t('None chosen: all are shown');
  const picked = await vscode.window.showQuickPick(choices, { title, placeHolder, canPickMany: true });
  return picked?.map(({ value }) => value);
}

function referencesText(count: number): string {
  return count === 1 ? vscode.l10n.t('1 reference') : vscode.l10n.t('{0} references', numberText(count));
}

function pagesText(count: number): string {
  return count === 1 ? vscode.l10n.t('1 page') : vscode.l10n.t('{0} pages', numberText(count));
}

/** Counts of several captures in one. */
function sums<Key>(counts: readonly (readonly [Key, number])[]): ReadonlyMap<Key, number> {
  const all = new Map<Key, number>();
  for (const [key, count] of counts) all.set(key, (all.get(key) ?? 0) + count);
  return all;
}

/**
 * Asks what is to be left out below; 0 for an empty answer, undefined where there is none.
 *
 * @param parse null for what it does not understand, which is answered with `expected`
 */
async function askLeast(
  parse: (text: string) => number | null,
  expected: string,
  box: vscode.InputBoxOptions,
): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    ...box,
    validateInput: (given) => (given.trim() === '' || parse(given) !== null ? null : expected),
  });
  return text === undefined ? undefined : (parse(text) ?? 0);
}
