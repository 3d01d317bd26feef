/** What may stand at the cursor in a filter: its keys, then values that the capture has. */
import { PageFlag, type Capture } from '../../capture/eventTable';
import type { Page } from '../../holders/model';
import type { FilterCompletion, FilterCompletions } from '../eventProtocol';
import { KIND_NAMES, ROLE_MEANINGS } from '../wording';
import { KINDS, ROLES } from '../holdersQuery';
import { holdersText, pfnText, reasonsText } from '../pageFacts';
import { MIGRATE_REASONS } from '../reasonFilter';
import { calledName } from '../../holders/calledName';
import { taskName } from '../../holders/taskName';
import { counted, joined } from '../wording';
import type { FilteredCapture } from './compileFilter';
import { FILTER_KEYS, filterKey, type FilterKey } from './filterKeys';
import { quotedValue } from './filterSyntax';
import { ACTS, type Act } from './filterValues';

/** Longer lists are not read. */
const MOST_ITEMS = 50;

const ACT_MEANINGS: Readonly<Record<Act, string>> = {
  mark: 'Says that a page failed to move, or was poisoned',
  get: 'Takes a reference',
  put: 'Drops a reference',
};

export class FilterCompleter {
  private counted: NameCounts | null = null;

  constructor(private readonly given: FilteredCapture) {}

  complete(filter: string, offset: number): FilterCompletions {
    const start = tokenStart(filter, offset);
    const token = filter.slice(start, offset);
    const sign = /^[-!]?/.exec(token)![0].length;
    const test = /^[-!]?([A-Za-z_]+)(?:>=|<=|==|!=|[:=<>])/.exec(token);
    if (test === null) {
      const typed = token.slice(sign).toLowerCase();
      return { start: start + sign, end: offset, items: keyItems(typed) };
    }
    const key = filterKey(test[1]!);
    const valueStart = test[0].length + lastValueStart(token.slice(test[0].length));
    const typed = token.slice(valueStart).replace(/^"/, '').toLowerCase();
    const items = key === null ? [] : this.valueItems(key, typed);
    return { start: start + valueStart, end: tokenEnd(filter, start + valueStart, offset), items };
  }

  private valueItems(key: FilterKey, typed: string): readonly FilterCompletion[] {
    const items = this.valuesOf(key);
    const begins = items.filter(({ text }) => text.toLowerCase().startsWith(typed));
    const has = items.filter(
      ({ text }) => !text.toLowerCase().startsWith(typed) && text.toLowerCase().includes(typed),
    );
    return [...begins, ...has]
      .slice(0, MOST_ITEMS)
      .map(({ text, about }) => ({ text: quotedValue(text), about }));
  }

  private valuesOf({ name }: FilterKey): readonly FilterCompletion[] {
    const { capture, analysis } = this.given;
    switch (name) {
      case 'pfn':
        return analysis.pages.map(pageItem);
      case 'event':
        return this.names().events;
      case 'comm':
        return this.names().comms;
      case 'pid':
        return this.names().pids;
      case 'task':
        return this.names().tasks;
      case 'cpu':
        return this.names().cpus;
      case 'stack':
        return functionItems(capture);
      case 'kind':
        return KINDS.map((kind) => ({ text: kind, about: KIND_NAMES[kind] }));
      case 'role':
        return ROLES.map((role) => ({ text: role, about: ROLE_MEANINGS[role] }));
      case 'reason':
        return reasonItems(analysis.pages);
      case 'is':
        return ACTS.map((act) => ({ text: act, about: ACT_MEANINGS[act] }));
      case 'flags':
        return Object.keys(PageFlag).map((text) => ({ text, about: '' }));
      default:
        return [];
    }
  }

  private names(): NameCounts {
    this.counted ??= countNames(this.given.capture);
    return this.counted;
  }
}

function keyItems(typed: string): readonly FilterCompletion[] {
  return FILTER_KEYS.filter(({ name }) => name.startsWith(typed)).map(({ name, about, value }) => ({
    text: value === 'span' ? `${name}>` : `${name}:`,
    about,
  }));
}

interface NameCounts {
  readonly events: readonly FilterCompletion[];
  readonly comms: readonly FilterCompletion[];
  readonly pids: readonly FilterCompletion[];
  readonly tasks: readonly FilterCompletion[];
  readonly cpus: readonly FilterCompletion[];
}

/** Names by how many events have them, most first. */
function countNames({ events, symbols }: Capture): NameCounts {
  const names = new Uint32Array(symbols.stringCount);
  const tasks = new Uint32Array(symbols.taskCount);
  const cpus = new Map<number, number>();
  for (let row = 0; row < events.length; row++) {
    names[events.name[row]!]!++;
    if (events.task[row]! >= 0) tasks[events.task[row]!]!++;
  }
  for (let row = 0; row < events.length; row++) {
    const cpu = events.cpu[row]!;
    if (cpu !== 0xffff) cpus.set(cpu, (cpus.get(cpu) ?? 0) + 1);
  }
  const comms = new Map<string, number>();
  const byTask: [string, number][] = [];
  const byPid: [string, number, string][] = [];
  for (let task = 0; task < tasks.length; task++) {
    const count = tasks[task]!;
    if (count === 0) continue;
    const comm = symbols.taskComm(task);
    const pid = symbols.taskPid(task);
    comms.set(comm, (comms.get(comm) ?? 0) + count);
    if (pid < 0) continue;
    byTask.push([taskName(comm, pid), count]);
    byPid.push([String(pid), count, comm]);
  }
  const byName = Array.from(names, (count, id): [string, number] => [symbols.string(id), count]);
  return {
    events: frequent(byName),
    comms: frequent([...comms]),
    tasks: frequent(byTask),
    cpus: [...cpus]
      .sort(([a], [b]) => a - b)
      .map(([cpu, count]) => ({ text: String(cpu), about: counted(count, 'event') })),
    pids: byPid
      .sort((a, b) => b[1] - a[1])
      .map(([text, count, comm]) => ({ text, about: joined([comm, counted(count, 'event')]) })),
  };
}

function frequent(names: readonly (readonly [string, number])[]): readonly FilterCompletion[] {
  return names
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([text, count]) => ({ text, about: counted(count, 'event') }));
}

function functionItems({ symbols }: Capture): readonly FilterCompletion[] {
  const names = new Set<string>();
  for (let frame = 0; frame < symbols.frameCount; frame++) {
    const name = symbols.frameFunction(frame);
    names.add(name).add(calledName(name));
  }
  return [...names].sort().map((text) => ({ text, about: '' }));
}

function reasonItems(pages: readonly Page[]): readonly FilterCompletion[] {
  const known = new Map<string, number>();
  for (const { marks } of pages) {
    for (const { reason } of marks) if (reason !== null) known.set(reason, (known.get(reason) ?? 0) + 1);
  }
  const others = MIGRATE_REASONS.filter((reason) => !known.has(reason));
  return [
    ...[...known].map(([text, count]) => ({ text, about: counted(count, 'mark') })),
    ...others.map((text) => ({ text, about: 'not in this capture' })),
  ];
}

function pageItem(page: Page): FilterCompletion {
  return { text: pfnText(page.pfn), about: joined([holdersText(page), reasonsText(page)]) };
}

/** Where the token begins that ends at `offset`: behind a space or an open parenthesis outside of quotes. */
function tokenStart(filter: string, offset: number): number {
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < offset; at++) {
    const sign = filter[at]!;
    if (sign === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (/\s/.test(sign) || (sign === '(' && start === at))) start = at + 1;
  }
  return start;
}

/** Where the last of several values begins. */
function lastValueStart(values: string): number {
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < values.length; at++) {
    if (values[at] === '"') isQuoted = !isQuoted;
    else if (values[at] === ',' && !isQuoted) start = at + 1;
  }
  return start;
}

/** A quoted value is replaced up to its closing quote, where that stands behind the cursor. */
function tokenEnd(filter: string, start: number, offset: number): number {
  if (filter[start] !== '"') return offset;
  const end = filter.indexOf('"', Math.max(offset, start + 1));
  return end === offset ? end + 1 : offset;
}
