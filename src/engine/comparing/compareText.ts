/** A comparison of two captures as text that can be read in an editor, a terminal and a mail. */
import { codePathId } from '../groupByHolder';
import { lostText } from '../gapText';
import { assumedText } from '../pageFacts';
import { spanText, type Clock } from '../timeText';
import { wasTried } from '../triedAtAll';
import { visibleLine } from '../visibleText';
import { counted, failedPages, joined, pagesText, type HeldNumbers } from '../wording';
import {
  type ComparedCapture,
  type Comparison,
  type HolderChange,
  type HolderTotals,
} from './compareCaptures';

const INDENT = '  ';
/** So much deeper stands what goes on. */
const CONTINUATION = 4;

/**
 * Lines without a newline at the end of the last.
 *
 * @param columns longest line; lines that go on stand deeper. A word that is longer stays whole
 */
export function compareText(comparison: Comparison, columns = Infinity): string {
  return compareLines(comparison)
    .flatMap((line) => brokenLine(line, columns))
    .join('\n')
    .trimEnd();
}

/** A holder that a line of the text names. */
export interface NamedHolder {
  /** From 0, of the text whose lines are not broken. */
  readonly line: number;
  /** Columns of the name. */
  readonly start: number;
  readonly end: number;
  /** The capture that has it: the second one, where both do. */
  readonly side: 'before' | 'after';
  /** Id of its row behind that of the capture, in the tree of holders grouped by holder. */
  readonly row: string;
}

/** Of what is no reference, and so has no code path: the sections of the tree. */
const SECTIONS: ReadonlyMap<string, string> = new Map([
  ['untraced', 'untraced'],
  ['nobody', 'nobody'],
  ['unclear', 'unclear'],
]);

export function namedHolders(comparison: Comparison): readonly NamedHolder[] {
  const { gone, appeared, changed, unchanged } = comparison;
  const now = [...appeared, ...changed.map(({ after }) => after), ...unchanged];
  // As the sections have them.
  const holders = [
    ...gone.map((holder) => ({ holder, side: 'before' as const })),
    ...now.map((holder) => ({ holder, side: 'after' as const })),
  ];
  const named: NamedHolder[] = [];
  for (const [line, text] of compareLines(comparison).entries()) {
    const next = holders[named.length];
    if (next === undefined) break;
    const { holder, side } = next;
    if (text !== visibleLine(INDENT + nameOf(holder))) continue;
    const row = SECTIONS.get(holder.kind) ?? codePathId(holder.kind, holder.path);
    named.push({ line, start: INDENT.length, end: text.length, side, row });
  }
  return named;
}

/** A line broken between its parts, or its words where it has none. */
function brokenLine(line: string, columns: number): readonly string[] {
  if (line.length <= columns) return [line];
  const indent = line.length - line.trimStart().length;
  const lines: string[] = [];
  let last = '';
  for (const piece of line.trimStart().split(line.includes(' · ') ? /(?<= \u00b7) / : ' ')) {
    const head = ' '.repeat(lines.length === 0 ? indent : indent + CONTINUATION);
    const longer = last === '' ? head + piece : `${last} ${piece}`;
    if (last === '' || longer.length <= columns) last = longer;
    else {
      lines.push(last);
      last = ' '.repeat(indent + CONTINUATION) + piece;
    }
  }
  return [...lines, last];
}

function compareLines(comparison: Comparison): readonly string[] {
  const { before, after, gone, appeared, changed, unchanged, doubts } = comparison;
  const nothing = gone.length + appeared.length + changed.length + unchanged.length === 0;
  const isAnswer = wasTried(before) && wasTried(after);
  const careful = carefulLines(doubts);
  const [unseenAfter, unseenBefore] = [whyUnseen(after, 'after'), whyUnseen(before, 'before')];
  const lines = [
    // Whoever reads no further than the first line must not take it for a cure.
    ...(isAnswer ? [] : careful),
    ...sideLines('Before', before),
    ...sideLines('After', after),
    ...(isAnswer ? careful : []),
    '',
    ...(nothing ? nothingLines(before, after) : []),
    ...section(
      unseenAfter === null ? 'Gone' : 'Not seen after',
      `kept pages before${unseenAfter === null ? ', and no longer' : `; ${unseenAfter}`}`,
      totalsLines(gone, before.clock),
    ),
    ...section(
      unseenBefore === null ? 'New' : 'Not seen before',
      `keep pages now${unseenBefore === null ? ', and did not before' : `; ${unseenBefore}`}`,
      totalsLines(appeared, after.clock),
    ),
    ...section('Changed', 'kept pages before, and do now', changeLines(changed, before.clock, after.clock)),
    ...section('Unchanged', '', totalsLines(unchanged, after.clock)),
  ];
  return lines.map(visibleLine);
}

/** Each doubt on its own, below a word that is said once. */
function carefulLines(doubts: readonly string[]): readonly string[] {
  const [first, ...others] = doubts;
  if (first === undefined) return [];
  return others.length === 0 ? [`Careful: ${first}`] : ['Careful:', ...doubts.map((doubt) => INDENT + doubt)];
}

/** Why holders that a capture does not have may have been there all the same; null where it judges every page. */
function whyUnseen(side: ComparedCapture, when: 'before' | 'after'): string | null {
  if (!wasTried(side)) return `no attempt is seen ${when}`;
  const { pages, unjudgedPages, lost, lostAtLeast } = side;
  if (unjudgedPages > 0) {
    return `${unjudgedPages === pages ? 'no page' : 'not every page'} could be judged ${when}`;
  }
  if (!namesAllPages(side)) return `not every page that failed is named ${when}`;
  return lost > 0 || lostAtLeast ? `events are lost ${when}` : null;
}

function namesAllPages({ pagesAtLeast, unnamedFailures }: ComparedCapture): boolean {
  return !pagesAtLeast && unnamedFailures === null;
}

function nothingLines(before: ComparedCapture, after: ComparedCapture): readonly string[] {
  if (before.pages + after.pages === 0) return [noPageText(before, after), ''];
  return before.unjudgedPages + after.unjudgedPages > 0
    ? []
    : ['Nobody held a poisoned page in either capture.', ''];
}

function noPageText(...sides: readonly ComparedCapture[]): string {
  return sides.every(namesAllPages)
    ? 'No page failed to move in either capture.'
    : 'No page is named in either capture that failed to move.';
}

function sideLines(name: string, side: ComparedCapture): readonly string[] {
  const { path, span, clock, attempts, attemptsBlocked, lost, lostAtLeast } = side;
  const numbers = joined([
    `${counted(attempts, 'attempt')}, ${attemptsBlocked} blocked`,
    pagesOfSide(side),
    span === null ? null : spanText(span, clock),
    lostText(lost, lostAtLeast) || null,
  ]);
  return [`${`${name}:`.padEnd(8)}${path}`, `${' '.repeat(8)}${numbers}`];
}

/** `2 pages failed to move, 1 held; 1 page poisoned, 0 held` */
function pagesOfSide(side: ComparedCapture): string {
  const { pagesAtLeast, poisoned } = side;
  const failed = failedPages(side);
  const isPoisonedAlone = failed.pages === 0 && poisoned.pages > 0;
  const texts = [
    ...(isPoisonedAlone
      ? []
      : [`${pagesText({ ...failed, pagesAtLeast })} failed to move${heldText(failed)}`]),
    ...(poisoned.pages > 0 ? [`${counted(poisoned.pages, 'page')} poisoned${heldText(poisoned)}`] : []),
  ];
  return texts.join('; ');
}

function heldText({ pages, heldPages, unjudgedPages }: HeldNumbers): string {
  if (pages > 0 && unjudgedPages === pages) return ', not judged';
  return `, ${heldPages} held${unjudgedPages > 0 ? `, ${unjudgedPages} not judged` : ''}`;
}

function section(title: string, meaning: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  const count = lines.filter((line) => !line.startsWith(INDENT.repeat(2))).length;
  return [`${title} (${count})${meaning === '' ? '' : `: ${meaning}`}`, ...lines, ''];
}

function totalsLines(holders: readonly HolderTotals[], clock: Clock): readonly string[] {
  return holders.flatMap((holder) => [
    INDENT + nameOf(holder),
    INDENT.repeat(2) +
      measures(holder, clock)
        .map(({ text }) => text)
        .concat(assumedText(holder.assumedMatches, holder.references) ?? '')
        .filter((text) => text !== '')
        .join(' · '),
  ]);
}

/** Each number that differs in a line of its own, the old and the new; what is the same is left out, but for doubts. */
function changeLines(changes: readonly HolderChange[], old: Clock, now: Clock): readonly string[] {
  return changes.flatMap(({ before, after }) => {
    const later = measures(after, now);
    const lines = measures(before, old).flatMap(({ name, value }, index) => {
      const other = later[index]!.value;
      return value === other ? [] : [`${INDENT.repeat(2)}${name.padEnd(NAME_WIDTH)}${value} → ${other}`];
    });
    const isSure = before.assumedMatches + after.assumedMatches === 0;
    return [
      INDENT + nameOf(after),
      ...(lines.length === 0 ? [`${INDENT.repeat(2)}by less than is shown`] : lines),
      ...(isSure ? [] : [assumedLine(before, after)]),
    ];
  });
}

/** What both rest on, also where it is as much of one as of the other. */
function assumedLine(before: HolderTotals, after: HolderTotals): string {
  const [one, other] = [before, after].map((each) =>
    each.assumedMatches === 0 ? 'none' : `${each.assumedMatches} of ${each.references}`,
  );
  return `${INDENT.repeat(2)}${'matches assumed'.padEnd(NAME_WIDTH)}${one === other ? one : `${one} → ${other}`}`;
}

function nameOf({ kind, path }: HolderTotals): string {
  return `${kind} · ${path}`;
}

interface Measure {
  readonly name: string;
  /** Alone, beside the other side's. */
  readonly value: string;
  /** In a sentence; empty for what need not be said. */
  readonly text: string;
}

const NAME_WIDTH = 18;

function measures(holder: HolderTotals, clock: Clock): readonly Measure[] {
  const { pages, references, stillHeld, attemptsBlocked, longest, total, isLeast } = holder;
  const time = (span: number | null): string =>
    span === null ? 'not known' : `${isLeast ? '≥ ' : ''}${spanText(span, clock)}`;
  return [
    {
      name: 'attempts blocked',
      value: String(attemptsBlocked),
      text: attemptsBlocked === 0 ? '' : `${counted(attemptsBlocked, 'attempt')} blocked`,
    },
    { name: 'pages', value: String(pages), text: counted(pages, 'page') },
    {
      name: 'references',
      value: String(references),
      text: references === pages || references === 0 ? '' : counted(references, 'reference'),
    },
    { name: 'still held', value: String(stillHeld), text: stillHeld === 0 ? '' : `${stillHeld} still held` },
    { name: 'longest', value: time(longest), text: longest === null ? '' : `longest ${time(longest)}` },
    {
      name: 'total',
      value: time(total),
      text: total === null || references < 2 ? '' : `total ${time(total)}`,
    },
  ];
}
