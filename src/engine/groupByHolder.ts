/** Kind of holder → code path → pages: who is the worst. */
import type { Reference } from '../holders/model';
import { HeldPages, moodOf } from './heldPages';
import { extentText, timesText, type Holding } from './holdings';
import type { HolderRows } from './holderTree';
import type { HoldersQuery } from './holdersQuery';
import { branch, type Branch } from './lazyTree';
import { kindText } from './pageFacts';
import { stackRows, withStack } from './stackRows';
import { counted } from './wording';

export function groupByHolder(
  rows: HolderRows,
  parent: string,
  holdings: readonly Holding[],
  query: HoldersQuery,
): readonly Branch[] {
  const { capture } = rows.source;
  const pages = new HeldPages(rows, query);
  return pages
    .inOrder(holdings, ({ reference }) => kindText(reference))
    .map(({ key, items, totals }) => {
      const id = `${parent}/${stepOf(key)}`;
      return branch(
        {
          id,
          kind: 'holder-kind',
          mood: moodOf(items),
          label: `${key}: ${extentText(totals)}`,
          description: timesText(totals, capture.clock),
          expanded: true,
        },
        () => codePaths(rows, pages, id, items),
      );
    });
}

function codePaths(
  rows: HolderRows,
  pages: HeldPages,
  parent: string,
  holdings: readonly Holding[],
): readonly Branch[] {
  const { capture } = rows.source;
  return pages
    .inOrder(holdings, ({ reference }) => pathText(reference))
    .map(({ key, items, totals }) => {
      const id = `${parent}/${stepOf(key)}`;
      return branch(
        {
          id,
          kind: 'code-path',
          mood: moodOf(items),
          label: `${key}: ${extentText(totals)}`,
          description: timesText(totals, capture.clock),
        },
        () => [...firstStack(rows, firstStackId(id), items), ...pages.of(id, items)],
      );
    });
}

/** Id of the row of a code path behind that of its capture, in a tree that is grouped by holder. */
export function codePathId(kind: string, path: string): string {
  return `${stepOf(kind)}/${stepOf(path)}`;
}

/** Id of the row of the first stack below that of a code path. */
export function firstStackId(codePath: string): string {
  return `${codePath}/stack`;
}

/** Ids are paths. */
function stepOf(name: string): string {
  return name.replaceAll('/', '_');
}

/** How the path of a reference begins of which the capture has the put alone. */
export const PUT_PATH = 'put in ';

/** `vmsplice`; `put in pipe_read` where the get is not in the capture. */
export function pathText({ acquired, released, site }: Reference): string {
  if (acquired !== null) return site === '' ? 'function not known' : site;
  if (released === null) return 'neither get nor put in the capture';
  return site === '' ? 'put, function not known' : `${PUT_PATH}${site}`;
}

/** The way into the code: the stack of the first reference, and how many others there are. */
function firstStack(rows: HolderRows, id: string, holdings: readonly Holding[]): readonly Branch[] {
  const stacks = new Set(
    holdings.flatMap(({ reference: { acquired, released } }) => (acquired ?? released)?.stack ?? []),
  );
  stacks.delete(-1);
  const [first] = stacks;
  if (first === undefined) return [];
  const verb = holdings[0]!.reference.acquired === null ? 'Released' : 'Acquired';
  const { stacks: placed } = rows.source;
  const made = branch(
    {
      id,
      kind: verb === 'Acquired' ? 'acquired' : 'released',
      label: `${verb} through`,
      description: stacks.size === 1 ? '' : `the first of ${counted(stacks.size, 'different stack')}`,
      expanded: true,
    },
    () => stackRows(id, placed, first),
  );
  return [withStack(made, placed, first)];
}
