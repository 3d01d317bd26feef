/** Task → pages: who took the references; who dropped them, where the get is not in the capture. */
import type { Capture } from '../capture/eventTable';
import { taskName } from '../holders/taskName';
import { HeldPages, moodOf } from './heldPages';
import { extentText, timesText, type Holding } from './holdings';
import type { HolderRows } from './holderTree';
import type { HoldersQuery } from './holdersQuery';
import { branch, type Branch } from './lazyTree';
import { kindText } from './pageFacts';
import { joined } from './wording';

export function groupByTask(
  rows: HolderRows,
  parent: string,
  holdings: readonly Holding[],
  query: HoldersQuery,
): readonly Branch[] {
  const { capture } = rows.source;
  const pages = new HeldPages(rows, query);
  return pages
    .inOrder(holdings, (holding) => taskKey(capture, holding))
    .map(({ key, items, totals }) => {
      const id = `${parent}/${key}`;
      return branch(
        {
          id,
          kind: 'task',
          mood: moodOf(items),
          label: `${taskLabel(capture, key, items)}: ${extentText(totals)}`,
          description: joined([kindsOf(items), timesText(totals, capture.clock)]),
        },
        () => pages.of(id, items),
      );
    });
}

const UNKNOWN = 'unknown';
const IN_INTERRUPT = 'interrupt';
const PUT_IN_INTERRUPT = 'put-in-interrupt';

/** What stands in the place of a task. */
const WITHOUT_TASK: Readonly<Record<string, string>> = {
  [UNKNOWN]: 'task not in the capture',
  [IN_INTERRUPT]: 'interrupts',
  [PUT_IN_INTERRUPT]: 'put in interrupts',
};

/** By pid: a process changes its comm when it runs another program, and stays who it is. */
function taskKey({ symbols }: Capture, { reference: { acquired, released } }: Holding): string {
  const end = acquired ?? released;
  if (end?.inInterrupt === true) return acquired === null ? PUT_IN_INTERRUPT : IN_INTERRUPT;
  const pid = end === null || end.task < 0 ? -1 : symbols.taskPid(end.task);
  if (pid < 0) return UNKNOWN;
  return `${acquired === null ? 'put-by' : 'task'}-${pid}`;
}

/** `pinner-210`, `sh/cat-210`, `put by reader-9`. */
function taskLabel({ symbols }: Capture, key: string, holdings: readonly Holding[]): string {
  const noTask = WITHOUT_TASK[key];
  if (noTask !== undefined) return noTask;
  const ends = holdings.flatMap(({ reference }) => reference.acquired ?? reference.released ?? []);
  const comms = new Set(ends.map(({ task }) => symbols.taskComm(task)));
  const named = [...comms].filter((comm) => comm !== '');
  const name = taskName(named.join('/'), Number(key.slice(key.lastIndexOf('-') + 1)));
  return key.startsWith('put-by') ? `put by ${name}` : name;
}

function kindsOf(holdings: readonly Holding[]): string {
  return [...new Set(holdings.map(({ reference }) => kindText(reference)))].join(', ');
}
