/** Places of frames by debug info, and by their names in the kernel tree where debug info has none. */
import type { CodePlace } from '../source/dwarf/dwarfFile';
import type { DebugFrame, DebugLocation, KernelDebugInfo } from '../source/kernelDebugInfo';
import type { InlinedFrame, SourceLocation } from '../source/location';
import type { SourcePaths } from '../source/sourcePaths';
import { NOT_YET_SEARCHED, type LocateStack } from './frames';
import type { KernelSource } from './kernelSource';

/** @param tree finds places by name; null without a kernel tree. It is asked only for what debug info leaves open. */
export function locateWithDebugInfo(
  info: KernelDebugInfo,
  paths: SourcePaths,
  tree: LocateStack | null,
): LocateStack {
  return async (stack) => {
    const proven = await info.locate(stack);
    const found = await Promise.all(
      proven.map((location, index) => sourceLocation(location, stack[index]!, paths)),
    );
    if (tree === null || found.every(isSettled)) return found;
    const named = await tree(stack);
    return found.map((location, index) => better(location, named[index]));
  };
}

/** Nothing that is found by names can add to it. */
export function isSettled({ certainty, isDoubtful }: DebugLocation | SourceLocation): boolean {
  return certainty === 'exact' || certainty === 'one-call-site' || isDoubtful === true;
}

/** Of what debug info and what names say of a frame, what is nearer to its line. */
export function better(proven: SourceLocation, named: SourceLocation | undefined): SourceLocation {
  if (named === NOT_YET_SEARCHED && proven.certainty === 'unknown') return named;
  if (named?.file === undefined || named.file === null || isSettled(proven)) return proven;
  if (proven.certainty === 'unknown') {
    return { ...named, note: [named.note, proven.note].filter((note) => note !== '').join(' ') };
  }
  if (named.certainty !== 'one-call-site' || named.file !== proven.file) return proven;
  if (proven.certainty === 'function-only')
    return { ...named, note: `${FOUND_BY_NAME} ${named.note}`.trim() };
  // Among several calls the names may leave one.
  const isAmong = [proven, ...proven.candidates].some(
    ({ file, line }) => file === named.file && line === named.line,
  );
  return isAmong ? { ...named, candidates: [], note: FOUND_BY_NAME } : proven;
}

const FOUND_BY_NAME =
  'The debug info has no record of this call; its line is found by the names in the kernel tree.';

/** A place in debug info as people see it: its paths are those of the kernel tree. */
export async function sourceLocation(
  { certainty, places, candidates, note, isDoubtful }: DebugLocation,
  frame: DebugFrame,
  paths: SourcePaths,
): Promise<SourceLocation> {
  const own = places.at(-1);
  if (own === undefined) {
    return { file: null, line: null, certainty: 'unknown', inlined: [], candidates: [], note };
  }
  const placed = own.file === null ? null : await paths.place(own.file);
  const others = candidates.flatMap((chain) => differing(places, chain) ?? []);
  return {
    ...(placed ?? { file: null }),
    line: own.line,
    certainty,
    ...(isDoubtful === true ? { isDoubtful } : {}),
    inlined: await lines(places.slice(0, -1), paths),
    candidates: await lines(others, paths),
    note:
      frame.function.startsWith('0x') && own.function !== null
        ? `It is in ${own.function}. ${note}`.trim()
        : note,
  };
}

/** Those of which the debug info says a line. */
async function lines(places: readonly CodePlace[], paths: SourcePaths): Promise<InlinedFrame[]> {
  const placed: InlinedFrame[] = [];
  for (const { function: name, file, line } of places) {
    if (file !== null && line !== null)
      placed.push({ function: name ?? '?', ...(await paths.place(file)), line });
  }
  return placed;
}

/** Where a chain of calls leaves the one that is shown, from the outermost on. */
export function differing(shown: readonly CodePlace[], other: readonly CodePlace[]): CodePlace | undefined {
  for (let depth = 1; depth <= other.length; depth++) {
    const [place, theirs] = [shown.at(-depth), other.at(-depth)!];
    const isSame =
      place?.function === theirs.function && place.file === theirs.file && place.line === theirs.line;
    if (!isSame) return theirs;
  }
  return undefined;
}

/** Places that are known without a walk over the kernel tree, by its tags file where that knows them. */
export async function locateBeforeWalk(
  source: KernelSource | null,
  stack: readonly DebugFrame[],
): Promise<readonly SourceLocation[]> {
  const known = await source?.locateKnown(stack);
  if (known) return known;
  const byTags = await source?.locateByTags(stack);
  return stack.map((_, index) => {
    const found = byTags?.[index];
    return found === undefined || found.certainty === 'unknown'
      ? NOT_YET_SEARCHED
      : { ...found, note: `${found.note} The tree is still being indexed.` };
  });
}
