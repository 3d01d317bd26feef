/** What a filter that finds nothing may have meant: tests of tasks by a part of their name, or by the cell of the list. */
import type { SymbolTable } from '../../capture/eventTable';
import { quotedValue, type FilterExpression, type FilterTest } from './filterSyntax';

type Tasks = Pick<SymbolTable, 'taskCount' | 'taskComm' | 'taskPid'>;

/** `comm:cma*`, `task:cma-alloc-230`: a test that finds events where one of the filter finds none; null for none. */
export function nearMiss(expression: FilterExpression, tasks: Tasks): string | null {
  switch (expression.type) {
    case 'all':
    case 'any':
      return expression.parts.reduce<string | null>((found, part) => found ?? nearMiss(part, tasks), null);
    case 'test':
      return nearTest(expression, tasks);
    // What is left out is not what is looked for, and a word is looked for in any part of a name.
    case 'not':
    case 'word':
      return null;
  }
}

function nearTest({ key, values }: FilterTest, tasks: Tasks): string | null {
  if (key.name !== 'comm' && key.name !== 'task') return null;
  const { comms, cells } = namesOf(tasks);
  const [own, others, otherKey] = key.name === 'comm' ? [comms, cells, 'task'] : [cells, comms, 'comm'];
  for (const value of values) {
    if (value.type !== 'pattern' || value.text === '' || value.text.includes('*')) continue;
    const wanted = value.text.toLowerCase();
    if (own.has(wanted)) continue;
    if (others.has(wanted)) return `${otherKey}:${quotedValue(value.text)}`;
    if (hasBegin(own, wanted)) return `${key.name}:${quotedValue(`${value.text}*`)}`;
  }
  return null;
}

/** In lower case: the case of a pattern does not matter. */
function namesOf(tasks: Tasks) {
  const comms = new Set<string>();
  const cells = new Set<string>();
  for (let task = 0; task < tasks.taskCount; task++) {
    const comm = tasks.taskComm(task).toLowerCase();
    comms.add(comm);
    cells.add(`${comm}-${tasks.taskPid(task)}`);
  }
  return { comms, cells };
}

function hasBegin(names: ReadonlySet<string>, begin: string): boolean {
  for (const name of names) if (name.startsWith(begin)) return true;
  return false;
}
