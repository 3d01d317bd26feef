/** What the filter language can ask of an event. A table, so that errors, completion and help say the same. */
import type { ValueType } from './filterValues';

export interface FilterKey {
  readonly name: string;
  /** As events print it. */
  readonly alias?: string;
  /** For people: what it looks at. */
  readonly about: string;
  readonly value: ValueType;
  /** Continues "expected", where a value is none. */
  readonly expected: string;
  /** Whether `>` and `<` make sense. */
  readonly isOrdered: boolean;
}

const NUMBER = 'a number such as 3, or a range such as 2..5';
const PATTERN = 'text, with * for any text';

function pattern(name: string, about: string, expected = PATTERN): FilterKey {
  return { name, about, value: 'pattern', expected, isOrdered: false };
}

function number(name: string, about: string): FilterKey {
  return { name, about, value: 'number', expected: NUMBER, isOrdered: true };
}

export const FILTER_KEYS: readonly FilterKey[] = [
  {
    name: 'pfn',
    about: 'Page frame number, also in ranges of events, which Holders view and reports count for no page',
    value: 'pfn',
    expected: 'a page frame number such as 0x12c02, or a range such as 0x12800..0x12fff',
    isOrdered: true,
  },
  pattern('event', 'Name of the event, with or without its system: kmem:mm_page_alloc'),
  pattern('comm', 'Name of the task'),
  number('pid', 'Number of the task'),
  pattern('task', 'Name and number of the task, as in bash-412'),
  number('cpu', 'CPU that recorded the event'),
  {
    name: 'after',
    about: 'From this time on, by the clock of the capture',
    value: 'time',
    expected: 'a time such as 12.5s or 12500ms, by the clock of the capture',
    isOrdered: false,
  },
  {
    name: 'before',
    about: 'Up to this time, by the clock of the capture',
    value: 'time',
    expected: 'a time such as 13s or 13000ms, by the clock of the capture',
    isOrdered: false,
  },
  pattern('stack', 'A function in the stack, by its whole name: vmsplice, *splice*, [ext4]'),
  {
    name: 'kind',
    about: 'What the reference is for that the event takes or drops',
    value: 'kind',
    expected: 'a kind of reference such as gup-pin or pipe-buffer',
    isOrdered: false,
  },
  {
    name: 'role',
    about: 'Role of the reference, on failed and never released pages',
    value: 'role',
    expected: 'held, expected, temporary or earlier',
    isOrdered: false,
  },
  {
    name: 'held',
    about: 'How long the reference was held, on failed and never released pages',
    value: 'span',
    expected: 'a time with its unit such as 10ms, 1.5s or 200us',
    isOrdered: true,
  },
  pattern('reason', 'Migrate reason of the event, or of the mark that it is evidence of'),
  {
    name: 'is',
    about: 'A mark (a page failed to move or was poisoned), a get or a put of a reference',
    value: 'act',
    expected: 'mark, get or put',
    isOrdered: false,
  },
  number('count', 'refcount that the event prints'),
  number('mapcount', 'mapcount that the event prints'),
  number('val', 'Operand (val)'),
  number('ret', 'Result (ret)'),
  number('order', 'Order of an allocation or a free'),
  { ...number('migratetype', 'Number of the migratetype (mt)'), alias: 'mt' },
  pattern('flags', 'A page flag such as lru or private'),
  pattern('err', 'Error of the event, as in EBUSY or -16'),
];

/** The key of a test, in any case; null where there is none of that name. */
export function filterKey(text: string): FilterKey | null {
  const wanted = text.toLowerCase();
  return FILTER_KEYS.find(({ name, alias }) => name === wanted || alias === wanted) ?? null;
}
