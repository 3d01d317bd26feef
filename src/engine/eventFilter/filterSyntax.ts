/**
 * The language in which events are filtered: `pfn:0x12c02 comm:kworker* -event:mm_page_alloc count>=3 (cpu:0 or cpu:1)`.
 *
 *   filter  := all (('or' | '||') all)*
 *   all     := (('and' | '&&')? part)+
 *   part    := ('-' | '!' | 'not') part | '(' filter ')' | test | word
 *   test    := key (':' | '=' | '==' | '!=' | '>' | '>=' | '<' | '<=') value (',' value)*
 *
 * A value or a word with spaces, commas or parentheses in it stands in double quotes. Text alone is a word that is
 * looked for in what events name, and a page where it is a hexadecimal number.
 */
import { isEventSystem } from '../../capture/eventNames';
import { nearestName } from '../nearestName';
import { FILTER_KEYS, filterKey, type FilterKey } from './filterKeys';
import { namesOfValues, parseFilterValue, type FilterValue } from './filterValues';

export type Operator = ':' | '>' | '>=' | '<' | '<=';

/** A test of one key: any of its values does. */
export interface FilterTest {
  readonly type: 'test';
  readonly key: FilterKey;
  readonly operator: Operator;
  readonly values: readonly FilterValue[];
  /** Where it stands in the text, as of a {@link FilterProblem}. */
  readonly start: number;
  readonly end: number;
}

export type FilterExpression =
  | { readonly type: 'all' | 'any'; readonly parts: readonly FilterExpression[] }
  | { readonly type: 'not'; readonly part: FilterExpression }
  | { readonly type: 'word'; readonly text: string }
  | FilterTest;

/** What is wrong with a filter, and where: from `start` up to, not including, `end`, in UTF-16 units. */
export interface FilterProblem {
  readonly start: number;
  readonly end: number;
  /** One sentence: what was expected there. */
  readonly message: string;
}

type ParsedFilter =
  | { readonly expression: FilterExpression; readonly problem: null }
  | { readonly expression: null; readonly problem: FilterProblem };

/** An empty text is a filter that leaves nothing out: `all` of no parts. */
export function parseFilter(text: string): ParsedFilter {
  const parser = new FilterParser(text);
  try {
    return { expression: parser.filter(), problem: null };
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    return { expression: null, problem: error.problem };
  }
}

/** A value that the language would take apart stands in quotes; one with a quote in it cannot be written. */
export function quotedValue(text: string): string {
  return /[\s,()]|&&|\|\|/.test(text) || text.startsWith('-') ? `"${text}"` : text;
}

class FilterSyntaxError extends Error {
  constructor(readonly problem: FilterProblem) {
    super(problem.message);
  }
}

const OPERATOR = /^(?:>=|<=|==|!=|[:=<>])/;
const SPACE = /\s/;
/** Words that join parts, and what C and the filters of tracefs write for them. */
const JOINTS = { and: '&&', or: '||' } as const;
/** Deeper nesting is nobody's question, and would end the worker's call stack. */
const DEEPEST = 50;

class FilterParser {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  filter(): FilterExpression {
    const expression = this.any();
    if (this.at < this.text.length) this.fail(this.at, this.at + 1, 'No parenthesis is open here.');
    return expression;
  }

  private any(): FilterExpression {
    const parts = [this.all()];
    for (;;) {
      const joint = this.takeJoint('or');
      if (joint === null) break;
      this.expectPart(joint);
      parts.push(this.all());
    }
    return parts.length === 1 ? parts[0]! : { type: 'any', parts };
  }

  private all(): FilterExpression {
    const parts: FilterExpression[] = [];
    for (;;) {
      const joint = parts.length > 0 ? this.takeJoint('and') : null;
      if (joint !== null) this.expectPart(joint);
      if (this.isAtEndOfPart()) break;
      parts.push(this.part());
    }
    return parts.length === 1 ? parts[0]! : { type: 'all', parts };
  }

  private part(): FilterExpression {
    const start = this.at;
    if (++this.depth > DEEPEST) this.fail(start, start + 1, `Nested more than ${DEEPEST} deep.`);
    const made = this.negated() ?? this.nested() ?? this.test();
    this.depth--;
    return made;
  }

  private negated(): FilterExpression | null {
    const sign = this.text[this.at]!;
    const isSign = sign === '-' || sign === '!';
    if (isSign) this.at++;
    else if (!this.takeWord('not')) return null;
    // A sign belongs to what it stands at.
    if (isSign && (this.at >= this.text.length || SPACE.test(this.text[this.at]!))) {
      this.fail(this.at - 1, this.at, `Expected what to leave out after ${sign}, without a space.`);
    }
    this.expectPart(isSign ? sign : 'not');
    return { type: 'not', part: this.part() };
  }

  private nested(): FilterExpression | null {
    const start = this.at;
    if (this.text[start] !== '(') return null;
    this.at++;
    const inner = this.any();
    this.skipSpace();
    if (this.text[this.at] !== ')') this.fail(start, start + 1, 'This parenthesis is not closed.');
    this.at++;
    return inner;
  }

  private test(): FilterExpression {
    const start = this.at;
    if (this.text[start] === ',') this.fail(start, start + 1, 'Expected no space before a comma in a list.');
    const name = /^[A-Za-z_]+/.exec(this.text.slice(start))?.[0] ?? '';
    const sign = OPERATOR.exec(this.text.slice(start + name.length))?.[0];
    if (name === '' && sign !== undefined) this.fail(start, start + sign.length, withoutKey(sign));
    if (name === '' || sign === undefined) return this.word();
    const key = filterKey(name) ?? this.failAtKey(name);
    const operator = operatorOf(sign);
    this.at += name.length;
    if (operator !== ':' && !key.isOrdered) {
      this.fail(this.at, this.at + sign.length, `${key.name} has no order. Expected ${key.name}:…`);
    }
    this.at += sign.length;
    const values = [this.testValue(key, operator)];
    while (this.text[this.at] === ',') {
      this.at++;
      values.push(this.testValue(key, operator));
    }
    const test: FilterTest = { type: 'test', key, operator, values, start, end: this.at };
    return sign === '!=' ? { type: 'not', part: test } : test;
  }

  private failAtKey(name: string): never {
    const start = this.at;
    const end = start + name.length;
    const behind = this.text.slice(end);
    // As a trace has it before the fields of an event.
    if (/^:(?:\s|$)/.test(behind)) {
      this.fail(start, end + 1, `${name} is no key. Events of that name are event:${name}.`);
    }
    const event = /^:([\w*]+)/.exec(behind)?.[1];
    if (event !== undefined && isEventSystem(name)) {
      const meant = `${name}:${event}`;
      this.fail(start, start + meant.length, `${name} is no key. Events of that name are event:${meant}.`);
    }
    if (name.toLowerCase() === 'time') {
      this.fail(start, end, `${name} is no key. Times are asked for by ${timesMeant(behind)}.`);
    }
    const names = FILTER_KEYS.map((each) => each.name).join(', ');
    this.fail(start, end, `${name} is no key. Expected one of ${names}; put text in quotes.`);
  }

  private word(): FilterExpression {
    const { text, start } = this.value('');
    for (const [name, joint] of Object.entries(JOINTS)) {
      if (this.text.startsWith(joint, start)) {
        this.fail(start, start + joint.length, `Expected a test or a word before ${joint}.`);
      }
      if (text === joint[0] && this.text[start] !== '"') {
        this.fail(start, this.at, `Expected ${name} or ${joint} instead of ${text}.`);
      }
    }
    return { type: 'word', text };
  }

  private testValue(key: FilterKey, operator: Operator): FilterValue {
    const { text, start } = this.value(',');
    const value = text === '' ? null : parseFilterValue(key.value, text);
    if (value === null) {
      const turned = turnedRange(key, text);
      if (turned !== null) {
        this.fail(start, this.at, `${key.name}: the ends of ${text} are reversed; expected ${turned}.`);
      }
      const found = text === '' ? '' : ` instead of ${text}`;
      const meant = meantText(key, text.toLowerCase());
      this.fail(
        start,
        Math.max(this.at, start + 1),
        `${key.name}: expected ${key.expected}${found}.${meant}`,
      );
    }
    if (operator !== ':' && value.type === 'range' && value.first !== value.last) {
      this.fail(
        start,
        this.at,
        `Expected one value after ${operator}; a range goes after a colon, as in ${key.name}:${text}.`,
      );
    }
    return value;
  }

  /** Text up to a space, a closing parenthesis or one of `stops`; or what stands in quotes. */
  private value(stops: string): { readonly text: string; readonly start: number } {
    const start = this.at;
    if (this.text[start] === '"') {
      const end = this.text.indexOf('"', start + 1);
      if (end < 0) this.fail(start, this.text.length, 'The quote is not closed.');
      this.at = end + 1;
      const next = this.text[this.at];
      const isEnd = next === undefined || SPACE.test(next) || next === ')' || stops.includes(next);
      if (!isEnd && !this.seesSign()) {
        this.fail(this.at, this.at + 1, 'Expected a space after the closing quote.');
      }
      return { text: this.text.slice(start + 1, end), start };
    }
    while (this.at < this.text.length) {
      const sign = this.text[this.at]!;
      if (SPACE.test(sign) || sign === ')' || stops.includes(sign) || this.seesSign()) break;
      this.at++;
    }
    return { text: this.text.slice(start, this.at), start };
  }

  private isAtEndOfPart(): boolean {
    this.skipSpace();
    return this.at >= this.text.length || this.text[this.at] === ')' || this.seesJoint('or');
  }

  private expectPart(behind: string): void {
    if (!this.isAtEndOfPart()) return;
    this.fail(this.at, this.at + 1, `Expected a test or a word after ${behind}.`);
  }

  /** Takes a word that joins parts, or the sign for it, and returns which; null where there is none. */
  private takeJoint(name: keyof typeof JOINTS): string | null {
    this.skipSpace();
    if (!this.seesJoint(name)) return null;
    const joint = this.seesWord(name) ? name : JOINTS[name];
    this.at += joint.length;
    return joint;
  }

  private seesJoint(name: keyof typeof JOINTS): boolean {
    return this.seesWord(name) || this.text.startsWith(JOINTS[name], this.at);
  }

  /** Whether a sign that joins parts stands here, which ends a word without a space. */
  private seesSign(): boolean {
    return this.text.startsWith(JOINTS.and, this.at) || this.text.startsWith(JOINTS.or, this.at);
  }

  private takeWord(word: string): boolean {
    this.skipSpace();
    if (!this.seesWord(word)) return false;
    this.at += word.length;
    return true;
  }

  private seesWord(word: string): boolean {
    const end = this.at + word.length;
    if (this.text.slice(this.at, end).toLowerCase() !== word) return false;
    return end >= this.text.length || /[\s()]/.test(this.text[end]!);
  }

  private skipSpace(): void {
    while (this.at < this.text.length && SPACE.test(this.text[this.at]!)) this.at++;
  }

  private fail(start: number, end: number, message: string): never {
    throw new FilterSyntaxError({ start, end, message });
  }
}

function operatorOf(sign: string): Operator {
  return sign === '=' || sign === '==' || sign === '!=' ? ':' : (sign as Operator);
}

/** As tracefs has it in its filters: `pfn == 0x12c02`. */
function withoutKey(sign: string): string {
  return `Expected a key before ${sign}, without spaces: pfn${sign}0x12c02; put text in quotes.`;
}

/** Continues "Did you mean": the name that was mistyped, or the key that has a value of this name; empty for neither. */
function meantText(key: FilterKey, text: string): string {
  const other = FILTER_KEYS.find(({ value }) => namesOfValues(value).includes(text));
  const meant = other === undefined ? nearestName(text, namesOfValues(key.value)) : `${other.name}:${text}`;
  return meant === null ? '' : ` Did you mean ${meant}?`;
}

const TIMES =
  /^(?:[:=]|==|([<>])=?)(\d+(?:\.\d+)?(?:[num\u00b5]?s)?)(?:\.\.(\d+(?:\.\d+)?(?:[num\u00b5]?s)?))?(?![^\s)])/;

/** `after:178.1 before:178.12` of `:178.1..178.12` behind a key that is none; an example of anything else. */
function timesMeant(behind: string): string {
  const [, order, from, to = from] = TIMES.exec(behind) ?? [];
  if (from === undefined) return 'after:12.5s before:13s';
  if (order === '>') return `after:${from}`;
  if (order === '<') return `before:${from}`;
  return `after:${from} before:${to}`;
}

/** The range that was meant where the ends of one are the other way round; null for any other text. */
function turnedRange(key: FilterKey, text: string): string | null {
  const [from, to, ...others] = text.split(text.includes('..') ? '..' : '-');
  const turned = `${to}..${from}`;
  return to !== undefined && others.length === 0 && parseFilterValue(key.value, turned) !== null
    ? turned
    : null;
}
