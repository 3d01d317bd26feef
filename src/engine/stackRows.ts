/** The frames of a stack as rows, each with its place in the kernel tree. */
import { isPlumbing, isTracing } from '../holders/kindRules';
import type { Certainty } from '../source/location';
import { stripSuffixes } from '../source/symbolName';
import {
  frameTarget,
  NAMELESS,
  NOT_SEARCHED,
  NOT_YET_SEARCHED,
  sureInlined,
  type PlacedFrame,
  type PlacedStacks,
} from './frames';
import { branch, type Branch } from './lazyTree';
import type { FrameTarget, StackRows, TreeNode } from './protocol';
import { CERTAINTY_NAMES, CERTAINTY_WORDS, counted, DOUBTFUL_NAME, joined } from './wording';

/** Why a frame is folded: it is the tracer's, or of reference counting. */
type Plumbing = 'tracing' | 'counting';

/** Frames of a stack, innermost first; those that say nothing of the holder are folded. */
export async function stackRows(id: string, stacks: PlacedStacks, stack: number): Promise<readonly Branch[]> {
  const frames = await stacks.frames(stack);
  const rows = allFrameRows(id, frames);
  const folds = plumbingRows(frames);
  if (folds.length === 0) return rows;
  const plumbing = rows.slice(0, folds.length);
  const says = plumbingText(
    plumbing.map(({ node }) => node),
    folds,
  );
  const folded = foldedFrames(id, 'plumbing', plumbing, says);
  return [folded, ...rows.slice(folds.length)];
}

/** A row that is of a stack. */
export function withStack(row: Branch, stacks: PlacedStacks, stack: number): Branch {
  return stack < 0 ? row : { ...row, stack: () => stacks.frames(stack) };
}

/** All rows of a stack, none folded. */
function allFrameRows(id: string, frames: readonly PlacedFrame[]): readonly Branch[] {
  return frames.flatMap((frame, index) => frameRows(`${id}/f${index}`, frame));
}

/** All rows of a stack, with ids of their own, and the row that those which say nothing of the holder are folded into. */
export function wholeStack(frames: readonly PlacedFrame[]): Pick<StackRows, 'frames' | 'first' | 'folded'> {
  const rows = allFrameRows('stack', frames).map(({ node }) => node);
  const folds = plumbingRows(frames);
  const first = folds.length;
  const says = plumbingText(rows.slice(0, first), folds);
  const folded =
    first === 0 ? null : branch({ id: 'stack/plumbing', kind: 'frames', ...says }, () => []).node;
  return { frames: rows, first, folded };
}

function plumbingText(
  rows: readonly TreeNode[],
  folds: readonly Plumbing[],
): { readonly label: string; readonly description: string } {
  return {
    label: counted(rows.length, isOfTracer(folds) ? 'tracing frame' : 'reference-counting frame'),
    description: rows.map(({ label }) => label).join(', '),
  };
}

function isOfTracer(folds: readonly Plumbing[]): boolean {
  return folds.every((fold) => fold === 'tracing');
}

/** Whether what is folded of a stack is the tracer's alone, as where the event counts no references. */
export async function foldsTracerAlone(stacks: PlacedStacks, stack: number): Promise<boolean> {
  return isOfTracer(plumbingRows(await stacks.frames(stack)));
}

/** One row with rows of a stack below it, whose ids get `step` behind that of the stack. */
export function foldedFrames(
  stack: string,
  step: string,
  frames: readonly Branch[],
  said: { readonly label: string; readonly description: string },
): Branch {
  const id = `${stack}/${step}`;
  return branch({ id, kind: 'frames', ...said }, () =>
    frames.map((row) => branch({ ...row.node, id: row.node.id.replace(stack, id) })),
  );
}

/** Rows of a frame, behind those of what is inlined into it. */
export function frameRows(id: string, frame: PlacedFrame): readonly Branch[] {
  return [...inlinedRows(id, frame), frameRow(id, frame)];
}

function isSearched({ location }: PlacedFrame): boolean {
  return location !== NOT_SEARCHED && location !== NOT_YET_SEARCHED && location !== NAMELESS;
}

export function frameRow(id: string, frame: PlacedFrame): Branch {
  const target = frameTarget(frame);
  const offset = frame.offset === null ? '' : `+0x${frame.offset.toString(16)}`;
  const isUnsure = target.certainty === 'unknown' || target.isDoubtful === true;
  return branch({
    id,
    kind: 'frame',
    mood: isUnsure && isSearched(frame) ? 'doubt' : 'plain',
    label: frame.module === null ? frame.function : `${frame.function} [${frame.module}]`,
    description: isSearched(frame) ? placeText(target) : '',
    tooltip: {
      title: `${frame.function}${offset}`,
      rows: [
        ...(frame.module === null ? [] : [['Module', frame.module] as const]),
        ['Place', target.file === null ? 'unknown' : `${target.file}:${target.line ?? '?'}`],
        ['How sure', target.isDoubtful === true ? DOUBTFUL_NAME : CERTAINTY_NAMES[target.certainty]],
        ...target.candidates.slice(1).map((place) => ['Or', `${place.file}:${place.line}`] as const),
      ],
      notes: [...(target.note === '' ? [] : [target.note]), ...outsideNotes(target)],
    },
    frame: target,
  });
}

/** Rows of the inline functions between a frame and the one it called, which no stack shows. */
function inlinedRows(id: string, frame: PlacedFrame): readonly Branch[] {
  return sureInlined(frame).map(({ others = [], ...inlined }, index) => {
    const certainty = others.length > 0 ? 'one-of-several' : frame.location.certainty;
    const target: FrameTarget = {
      ...inlined,
      certainty,
      isInlined: true,
      inlined: [],
      candidates: [inlined, ...others],
      note: '',
    };
    return branch({
      id: `${id}i${index}`,
      kind: 'frame',
      label: inlined.function,
      description: `${inlined.file}:${inlined.line} · ${inlinedWords(certainty)}`,
      tooltip: {
        title: inlined.function,
        rows: [
          ['Place', `${inlined.file}:${inlined.line}`],
          ['How sure', CERTAINTY_NAMES[certainty]],
          ...others.map((place) => ['Or', `${place.file}:${place.line}`] as const),
        ],
        notes: [`Inlined into ${frame.function}.`, ...outsideNotes(target)],
      },
      frame: target,
    });
  });
}

function inlinedWords(certainty: Certainty): string {
  if (certainty === 'one-of-several') return `inlined, ${CERTAINTY_WORDS[certainty]}`;
  return certainty === 'exact' ? 'inlined, exact' : 'inlined';
}

interface Sureness {
  readonly certainty: Certainty;
  readonly candidates: readonly unknown[];
  readonly isDoubtful?: boolean;
}

/** Several routes may lead to one line: then there is nothing to choose, but it is not proven either. */
export function certaintyWords({ certainty, candidates, isDoubtful }: Sureness): string {
  if (isDoubtful === true) return 'doubtful';
  return certainty === 'one-of-several' && candidates.length < 2 ? 'not proven' : CERTAINTY_WORDS[certainty];
}

/** `fs/splice.c:1203 · one of 3 calls`. */
function placeText(target: FrameTarget): string {
  if (target.file === null) return CERTAINTY_WORDS.unknown;
  const outside = target.outside === 'build' ? 'not in the kernel tree' : '';
  return joined([`${target.file}:${target.line ?? '?'}`, certaintyWords(target), outside]);
}

function outsideNotes({ outside }: FrameTarget): readonly string[] {
  const isAsBuilt = outside === 'build' || outside === 'no-tree';
  const why = outside === 'build' ? 'no such file is in the kernel tree' : 'no kernel tree is chosen';
  return isAsBuilt ? [`The path is as the debug info has it: ${why}.`] : [];
}

/**
 * The rows at the inner end of a stack that say nothing of the holder: the tracer's own frames and those of reference
 * counting, with what is inlined between them; never all.
 */
function plumbingRows(frames: readonly PlacedFrame[]): readonly Plumbing[] {
  const folds: Plumbing[] = [];
  for (const frame of frames) {
    const inlined = sureInlined(frame);
    const of = inlined.map((place) => plumbingOf(stripSuffixes(place.function), true, false));
    const called = of.length > 0 ? of.at(-1) : folds.at(-1);
    const own = plumbingOf(stripSuffixes(frame.function), false, called === 'tracing');
    if (own === null) {
      const firstInlined = of.indexOf(null);
      const before = firstInlined < 0 ? of : of.slice(0, firstInlined);
      return [...folds, ...before.map((fold) => fold ?? 'counting')];
    }
    folds.push(...of.map((fold) => fold ?? 'counting'), own);
  }
  return [];
}

/** @param name without compiler suffixes @param isAfterTracer what it called is a tracing function */
function plumbingOf(name: string, isInlined: boolean, isAfterTracer: boolean): Plumbing | null {
  if (isTracing(name)) return 'tracing';
  // trace_mm_migrate_pages() is inlined where the event is; functions that only have such a name are not.
  if (name.startsWith('trace_') && (isInlined || isAfterTracer)) return 'tracing';
  return isPlumbing(name) ? 'counting' : null;
}
