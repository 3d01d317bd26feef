/** Asks, in the text of a filter, for what a menu speaks of: a page, a task, a function, events of a name, or any but those. */
import type { Capture } from '../../capture/eventTable';
import type { FilterWish } from '../eventProtocol';
import { pfnText } from '../pageFacts';
import { taskText } from '../taskText';
import { parseFilter, quotedValue, type FilterExpression } from './filterSyntax';

/** Keys of which an event has one value: who asks for another one no longer wants the one before. */
const OF_ONE_VALUE: ReadonlySet<string> = new Set(['pfn', 'task', 'event']);

/** The filter with a test for the wish behind it; as it is where the language cannot say what is wished. */
export function narrowedFilter(filter: string, wish: FilterWish, capture: Capture): string {
  const { events, symbols } = capture;
  switch (wish.type) {
    case 'page':
      return withTest(filter, 'pfn', pfnText(wish.pfn));
    case 'task':
      return withTest(filter, 'task', taskText(capture, events.task[wish.row]!));
    case 'events':
      return withTest(filter, 'event', symbols.string(events.name[wish.row]!));
    case 'other-events':
      return withTest(filter, '-event', symbols.string(events.name[wish.row]!));
    case 'function':
      return withTest(filter, 'stack', wish.name);
  }
}

function withTest(filter: string, key: string, value: string | null): string {
  // A quote cannot be written.
  if (value === null || value.includes('"')) return filter;
  const test = `${key}:${quotedValue(value)}`;
  const others = asPart(
    without(filter, (text, part) => text === test || (OF_ONE_VALUE.has(key) && asksBy(part, key))),
  );
  return others === '' ? test : `${others} ${test}`;
}

/** A filter as one to which tests can be added; empty for one that is not understood, which would hide them. */
export function asPart(filter: string): string {
  const { expression, problem } = parseFilter(filter);
  if (problem !== null) return '';
  return expression.type === 'any' ? `(${filter})` : filter.replace(/\s+/g, ' ').trim();
}

/** Whether a part is a test that asks, with this key, for values. */
export function asksBy(part: FilterExpression, key: string): boolean {
  return part.type === 'test' && part.operator === ':' && part.key.name === key;
}

/**
 * Leaves out tests that every event has to pass, and tests with a minus that none may.
 *
 * @param isLeftOut is given the text of such a test, and what it is
 */
export function without(
  filter: string,
  isLeftOut: (text: string, part: FilterExpression) => boolean,
): string {
  const { expression } = parseFilter(filter);
  if (expression === null) return filter;
  const parts = expression.type === 'all' ? expression.parts : [expression];
  const left = parts
    .map((part) => placeOf(part, filter))
    .filter((place) => place !== null)
    .filter(({ start, end, part }) => isLeftOut(filter.slice(start, end), part));
  // From behind: places before stay what they are.
  return left.toReversed().reduce((text, { start, end }) => cut(text, start, end), filter);
}

function placeOf(
  part: FilterExpression,
  filter: string,
): { readonly start: number; readonly end: number; readonly part: FilterExpression } | null {
  if (part.type === 'test') return { start: part.start, end: part.end, part };
  if (part.type !== 'not' || part.part.type !== 'test') return null;
  const { start, end } = part.part;
  // Not those with != or the word, which are not written here.
  return filter[start - 1] === '-' ? { start: start - 1, end, part } : null;
}

/** Takes the word that joined it to the others along. */
function cut(text: string, start: number, end: number): string {
  const before = text.slice(0, start);
  const after = text.slice(end);
  const joined = before.replace(/(?:(?<=[\s)])and|&&)\s*$/i, '');
  const rest = joined === before ? after.replace(/^\s*(?:and(?=[\s(])|&&)/i, '') : after;
  return `${joined} ${rest}`.trim();
}
