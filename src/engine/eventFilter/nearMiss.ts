/**
 * What a filter that finds nothing may have meant: tests of tasks by a part of their name, or by the cell of the list, and
 * names of reasons and flags that are nearly those of the capture.
 */
import { ABSENT, PageFlag, type Capture, type SymbolTable } from '../../capture/eventTable';
import type { HolderAnalysis } from '../../holders/model';
import { taskName } from '../../holders/taskName';
import { reasonNames } from '../holdersQuery';
import { nearestName } from '../nearestName';
import { quotedValue, type FilterExpression, type FilterTest } from './filterSyntax';

interface Given {
  readonly capture: Capture;
  readonly analysis: HolderAnalysis;
}

/** `comm:cma*`, `task:cma-alloc-230`: a test that finds events where one of the filter finds none; null for none. */
export function nearMiss(expression: FilterExpression, given: Given): string | null {
  switch (expression.type) {
    case 'all':
    case 'any':
      return expression.parts.reduce<string | null>((found, part) => found ?? nearMiss(part, given), null);
    case 'test':
      return nearTest(expression, given);
    // What is left out is not what is looked for, and a word is looked for in any part of a name.
    case 'not':
    case 'word':
      return null;
  }
}

function nearTest(test: FilterTest, given: Given): string | null {
  switch (test.key.name) {
    case 'comm':
    case 'task':
      return nearTask(test, given.capture.symbols);
    case 'reason':
      return nearName(test, reasonsOf(given));
    case 'flags':
      return nearName(test, flagsOf(given.capture));
    default:
      return null;
  }
}

function nearTask(test: FilterTest, symbols: SymbolTable): string | null {
  const { key } = test;
  const { comms, cells } = namesOf(symbols);
  const [own, others, otherKey] = key.name === 'comm' ? [comms, cells, 'task'] : [cells, comms, 'comm'];
  for (const text of wholeNames(test)) {
    const wanted = text.toLowerCase();
    if (own.has(wanted)) continue;
    if (others.has(wanted)) return `${otherKey}:${quotedValue(text)}`;
    if (hasBegin(own, wanted)) return `${key.name}:${quotedValue(`${text}*`)}`;
  }
  return null;
}

function nearName(test: FilterTest, names: ReadonlySet<string>): string | null {
  for (const text of wholeNames(test)) {
    const wanted = text.toLowerCase();
    if (names.has(wanted)) continue;
    const near = nearestName(wanted, [...names]);
    if (near !== null) return `${test.key.name}:${near}`;
    if (hasBegin(names, wanted)) return `${test.key.name}:${quotedValue(`${text}*`)}`;
  }
  return null;
}

/** Values of a test that are no patterns. */
function wholeNames({ values }: FilterTest): readonly string[] {
  return values.flatMap((value) =>
    value.type === 'pattern' && value.text !== '' && !value.text.includes('*') ? [value.text] : [],
  );
}

/** In lower case: the case of a pattern does not matter. */
function namesOf(tasks: SymbolTable) {
  const comms = new Set<string>();
  const cells = new Set<string>();
  for (let task = 0; task < tasks.taskCount; task++) {
    const comm = tasks.taskComm(task).toLowerCase();
    comms.add(comm);
    cells.add(taskName(comm, tasks.taskPid(task)));
  }
  return { comms, cells };
}

function reasonsOf({ capture: { events, symbols }, analysis }: Given): ReadonlySet<string> {
  const reasons = new Set(analysis.pages.flatMap(({ marks }) => marks.flatMap(({ reason }) => reason ?? [])));
  const { reason, length } = events.details;
  for (let detail = 0; detail < length; detail++) {
    if (reason[detail]! >= 0) reasons.add(symbols.string(reason[detail]!));
  }
  return new Set([...reasons].flatMap(reasonNames));
}

function flagsOf({ events: { flags, length } }: Capture): ReadonlySet<string> {
  let seen = 0;
  for (let row = 0; row < length; row++) if (flags[row] !== ABSENT) seen |= flags[row]!;
  return new Set(Object.entries(PageFlag).flatMap(([name, bit]) => ((seen & bit) !== 0 ? [name] : [])));
}

function hasBegin(names: ReadonlySet<string>, begin: string): boolean {
  for (const name of names) if (name.startsWith(begin)) return true;
  return false;
}
