/** Roles, certainties and numbers in words. */
import { KIND_LABEL } from '../holders/kindLabel';
import type { Confidence, Role } from '../holders/model';
import type { Certainty } from '../source/location';

/** Where there is room for it, with the flag that tells one sort of get_user_pages from the other. */
export const KIND_NAMES: typeof KIND_LABEL = {
  ...KIND_LABEL,
  'gup-pin': `${KIND_LABEL['gup-pin']} (FOLL_PIN)`,
  'gup-get': `${KIND_LABEL['gup-get']} (FOLL_GET)`,
};

export const ROLE_NAMES: Readonly<Record<Role, string>> = {
  held: 'Held',
  expected: 'Expected',
  temporary: 'Temporary',
  earlier: 'Earlier',
};

/** What a role means, relative to the mark. */
export const ROLE_MEANINGS: Readonly<Record<Role, string>> = {
  held: 'Open when the page failed to move or was poisoned, and not one that migration accounts for: these kept the page.',
  expected: 'Open when the page failed to move or was poisoned, and accounted for by migration itself.',
  temporary: 'Taken after the page had failed to move or was poisoned.',
  earlier: 'Dropped before the page failed to move or was poisoned.',
};

/** Of what was open at a mark whose references have no function names: no role says what it was. */
export const NOT_JUDGED_NAME = 'Open, not judged';

export const NOT_JUDGED_MEANING =
  'Open when the page failed to move or was poisoned. Without function names nothing says which of these migration accounts for, and ' +
  'which kept the page.';

export const CONFIDENCE_NAMES: Readonly<Record<Confidence, string>> = {
  exact: 'exact: get and put belong to one call',
  rule: 'by rule: get and put sites of this kind belong together',
  assumed: 'assumed: several references fit, and the capture does not say which one is meant',
};

/** How sure a line is, beside it. */
export const CERTAINTY_WORDS: Readonly<Record<Certainty, string>> = {
  exact: 'exact',
  'one-call-site': 'one call site',
  'one-of-several': 'one of several',
  'function-only': 'function only',
  unknown: 'not found',
};

export const CERTAINTY_NAMES: Readonly<Record<Certainty, string>> = {
  exact: 'exact, by debug info',
  'one-call-site': 'the only place in the function that calls the next frame',
  'one-of-several': 'one of several places; the first is shown',
  'function-only': 'the function is known, the line in it is not',
  unknown: 'not found',
};

/** Of a line to which the way is a guess, though it is the only one. */
export const UNPROVEN_NAME = 'not proven: the way to this line is a guess';

/** Of a line on its own, where it is not seen whether there are others. */
export const UNSURE_LINE_NAME = 'one of several places, or the way to it is not proven';

/** How sure a line is by debug info that may be of another build. */
export function doubtfulName(name: string): string {
  return `doubtful: ${name} in debug info that may be of another build`;
}

export const DOUBTFUL_NAME = 'doubtful: the debug info may be of another build';

/** Names of the errors that migration and isolation return (include/uapi/asm-generic/errno-base.h). */
const ERRNO_NAMES: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  4: 'EINTR',
  5: 'EIO',
  11: 'EAGAIN',
  12: 'ENOMEM',
  14: 'EFAULT',
  16: 'EBUSY',
  22: 'EINVAL',
  38: 'ENOSYS',
};

/** `-EBUSY`, or the number where the name is not known. */
export function errorText(error: number): string {
  const name = ERRNO_NAMES[-error];
  return name === undefined ? String(error) : `-${name}`;
}

/** `1 reference`, `2 references`, `2,365,231 events`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${numberText(count)} ${count === 1 ? noun : plural}`;
}

/**
 * A whole number, `9999` or `2,365,231`: four digits are read without a comma. Reports are in English, and for the first
 * number toLocaleString() loads what it knows of languages, which takes as long as all the rest of a small report.
 */
export function numberText(count: number): string {
  const digits = String(count);
  return count < 10_000 ? digits : digits.replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** How many pages have a mark, and how many of them are held, and are not judged. */
export interface HeldNumbers {
  readonly pages: number;
  readonly heldPages: number;
  readonly unjudgedPages: number;
}

/** How many pages have a mark, and what is known of their holders. */
export interface PageNumbers extends HeldNumbers {
  /** Pages with a known holder. */
  readonly heldPages: number;
  /** Pages without one, whose count shows a reference too many. */
  readonly untracedPages: number;
  /** Pages without one, of whose references nothing tells who took them. */
  readonly unjudgedPages: number;
}

export interface FoundPages extends PageNumbers {
  /** There may be more that failed to move. */
  readonly pagesAtLeast: boolean;
  /** Those of them that memory_failure() poisoned, and of which nothing says that they failed to move. */
  readonly poisoned: PageNumbers;
}

/**
 * `2 pages failed to move, 1 held, 1 untraced; 1 page poisoned, 0 held`; none is said to be free of holders that could
 * not be judged.
 */
export function foundText(found: FoundPages): string {
  const { poisoned, pagesAtLeast } = found;
  const failed = { ...failedPages(found), untracedPages: found.untracedPages - poisoned.untracedPages };
  const texts = [
    ...(failed.pages > 0
      ? [`${pagesText({ ...failed, pagesAtLeast })} failed to move${judgedText(failed)}`]
      : []),
    ...(poisoned.pages > 0 ? [`${counted(poisoned.pages, 'page')} poisoned${judgedText(poisoned)}`] : []),
  ];
  return texts.join('; ');
}

/** Without the pages that were poisoned, and that nothing tried to move. */
export function failedPages(found: HeldNumbers & { readonly poisoned: HeldNumbers }): HeldNumbers {
  const { poisoned } = found;
  return {
    pages: found.pages - poisoned.pages,
    heldPages: found.heldPages - poisoned.heldPages,
    unjudgedPages: found.unjudgedPages - poisoned.unjudgedPages,
  };
}

function judgedText({ pages, heldPages, untracedPages, unjudgedPages }: PageNumbers): string {
  if (unjudgedPages === pages) return ', not judged';
  const untraced = untracedPages > 0 ? `, ${untracedPages} untraced` : '';
  const unjudged = unjudgedPages > 0 ? `, ${unjudgedPages} not judged` : '';
  return `, ${heldPages} held${untraced}${unjudged}`;
}

/** `2 pages`, `at least 2 pages`. */
export function pagesText({ pages, pagesAtLeast }: Pick<FoundPages, 'pages' | 'pagesAtLeast'>): string {
  return `${pagesAtLeast ? 'at least ' : ''}${counted(pages, 'page')}`;
}

/** `38 %`: never more than there is. */
export function percentText(part: number): string {
  return `${Math.floor(part * 100)} %`;
}

/** `a · b · c` without what is not there. */
export function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}

/** With a capital letter at its beginning, unless that is a name of the kernel: `memory_failure: Recovered`. */
export function sentence(text: string): string {
  return /^\w*_/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
