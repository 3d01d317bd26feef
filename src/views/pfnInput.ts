/** Page frame numbers as people type them into a box: what is wrong with them, and which pages they are. */
import * as vscode from 'vscode';
import { parsePfnRange, turnedPfnRange, type HolderFilter } from '../engine/holdersQuery';
import { pfnRangeText, pfnText } from '../engine/pageFacts';
import type { EngineApi } from '../engine/protocol';
import type { PfnRange } from '../holders/model';
import { inform } from './notifications';

/** More pages than this are no answer any more; the first are shown. */
const MOST_PAGES = 500;

/** What is expected in place of a text; null for a page or a range. */
export function pfnProblem(text: string): string | null {
  if (parsePfnRange(text) !== null) return null;
  if (text.trim() === '') {
    return vscode.l10n.t('Expected a page frame number, like 0x12f98, or a range, like 0x12800..0x12fff.');
  }
  const turned = turnedPfnRange(text);
  return turned === null
    ? vscode.l10n.t(
        '{0} is not a page frame number, like 0x12f98 or 77720, nor a range, like 0x12800..0x12fff.',
        text.trim(),
      )
    : vscode.l10n.t('The ends of {0} are reversed: expected {1}.', text.trim(), turned);
}

/** What is expected in place of a list; null for one of pages and ranges. */
export function pfnsProblem(text: string): string | null {
  const listed = listedPfns(text);
  if (listed.length === 0) return pfnProblem('');
  return listed.map(pfnProblem).find((problem) => problem !== null) ?? null;
}

/**
 * Pages and ranges of a list with spaces or commas between, also behind `pfn:` as in a filter of events or `pfn=` as in a
 * trace; `[12800, 13000)` of a kernel log is one of them.
 */
export function listedPfns(text: string): readonly string[] {
  const joined = text.replace(/(^|[\s,])pfn[\s:=]+/gi, '$1').replace(/\s*(\.\.|[-+])\s*/g, '$1');
  return joined.match(/\[[^\])]*\)|[^\s,]+/g) ?? [];
}

/** A list from which {@link listedPfns} makes the same pages. */
export function pfnListText({ pfns, emptyRanges }: Pick<HolderFilter, 'pfns' | 'emptyRanges'>): string {
  return [...runsOf(pfns), ...emptyRanges].map(rangeText).join(' ');
}

/** The pages of a range of which open captures tell; says so where these are too many, and has the first of them. */
export async function pagesInRange(engine: EngineApi, range: PfnRange): Promise<readonly number[]> {
  const pfns = await engine.pagesInRange({ range, limit: MOST_PAGES + 1 });
  if (pfns.length <= MOST_PAGES) return pfns;
  void inform(
    vscode.l10n.t(
      'More pages than {0} are in the capture: the first of them are shown. Ask for a smaller range.',
      MOST_PAGES,
    ),
  );
  return pfns.slice(0, MOST_PAGES);
}

export function rangeText(range: PfnRange): string {
  return range.first === range.last ? pfnText(range.first) : pfnRangeText(range);
}

/** Pages that follow each other, as ranges. */
function runsOf(pfns: readonly number[]): readonly PfnRange[] {
  const runs: PfnRange[] = [];
  for (const pfn of [...pfns].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && pfn <= last.last + 1) runs[runs.length - 1] = { ...last, last: pfn };
    else runs.push({ first: pfn, last: pfn });
  }
  return runs;
}
