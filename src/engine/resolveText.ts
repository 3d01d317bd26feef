/** The source lines of stacks in a text: with debug info, or by the names in a kernel tree. */
import type { CodePlace } from '../source/dwarf/dwarfFile';
import type { DebugFrame, DebugLocation, KernelDebugInfo } from '../source/kernelDebugInfo';
import type { SourceLocation } from '../source/location';
import { SourcePaths } from '../source/sourcePaths';
import type { KernelTree } from '../source/treeAccess';
import type { AnnotatedFrame, AnnotatedPlace, AnnotateStack } from './annotateStacks';
import { better, differing, isSettled, sourceLocation } from './frameLocator';
import { distinctPlaces, sureInlined } from './frames';
import type { KernelSource } from './kernelSource';
import { certaintyWords } from './stackRows';

function nothing(missing: string): AnnotatedFrame {
  return { places: [], others: [], doubt: '', doubtful: '', missing };
}

/** Functions of other sizes than in the vmlinux that a text has before it is said to be of another build. */
const LEAST_MISFITS = 3;
/** The last function of a section has the space up to the next section in its size by kallsyms. */
const MOST_MISFITS = 0.1;

/** What a kernel tree says of frames that debug info leaves open. */
export interface NamesInTree {
  locate(stack: readonly DebugFrame[]): Promise<readonly SourceLocation[]>;
  /** Whether the text says that the kernel of this very version ran. */
  isOfTraced(): boolean;
}

/**
 * @param tree paths are shown as they are in there where it has them; null for paths as the build had them
 * @param names asked for frames that debug info leaves open; null for nothing more than what that says
 */
export async function annotateWithDebugInfo(
  info: KernelDebugInfo,
  tree: KernelTree | null,
  names: NamesInTree | null = null,
): Promise<AnnotateStack> {
  const paths = await SourcePaths.create(info.kernel, {
    tree,
    root: null,
    mappings: [],
    isFileIn: () => Promise.resolve(false),
  });
  const sizes = new SizesOfText(info);
  return async (stack) => {
    let locations = await info.locate(stack);
    // What shows another build makes the rest of its own stack doubtful, too.
    if (sizes.showOtherBuild(stack, locations)) locations = await info.locate(stack);
    const isOfTraced = names?.isOfTraced() === true;
    const isOpen = (each: DebugLocation): boolean =>
      !isSettled(each) || (isOfTraced && each.isDoubtful === true);
    const named = names !== null && locations.some(isOpen) ? await names.locate(stack) : [];
    return Promise.all(
      locations.map(async (location, i): Promise<AnnotatedFrame> => {
        const frame = stack[i]!;
        if (isOutside(frame)) return nothing(outside(frame));
        const byName = isOpen(location) ? named[i] : undefined;
        const proven = await fromDebugInfo(location, paths);
        if (byName === undefined) return proven;
        if (location.places.length === 0) return orMissing(fromTree(frame, byName), proven.missing);
        if (location.isDoubtful === true) return surerThanDoubtful(frame, byName) ?? proven;
        const own = await sourceLocation(location, frame, paths);
        const best = better(own, byName);
        return best === own ? proven : fromTree(frame, best);
      }),
    );
  };
}

/** Holds the sizes that the functions of a text have against the debug info, as it goes on, of each boot anew. */
class SizesOfText {
  private readonly isOther = new Map<string, boolean>();
  private boot = 0;

  constructor(private readonly info: KernelDebugInfo) {}

  /** True when it is known from this stack on that the text is of another build. */
  showOtherBuild(stack: readonly DebugFrame[], locations: readonly DebugLocation[]): boolean {
    if (this.boot !== this.info.boot) this.isOther.clear();
    this.boot = this.info.boot;
    for (const [i, { function: name, size, module }] of stack.entries()) {
      const { isOtherSize = false } = locations[i]!;
      if (module === null && typeof size === 'number') this.isOther.set(`${name}/${size}`, isOtherSize);
    }
    const misfits = [...this.isOther.values()].filter(Boolean).length;
    const isKnown = this.info.mismatch !== '';
    if (isKnown || misfits < LEAST_MISFITS || misfits <= MOST_MISFITS * this.isOther.size) return false;
    this.info.doubtBuild(`${misfits} of ${this.isOther.size} functions have another size in the text`);
    return true;
  }
}

async function fromDebugInfo(location: DebugLocation, paths: SourcePaths): Promise<AnnotatedFrame> {
  const { places, candidates, note, isDoubtful } = location;
  if (places.length === 0) return nothing(note);
  const shown = async (place: CodePlace): Promise<AnnotatedPlace> => {
    const { file, line } = place;
    const known = file === null ? null : (await paths.place(file)).file;
    return { function: place.function ?? '?', file: known, line };
  };
  const others = candidates.flatMap((chain) => differing(places, chain) ?? []);
  return {
    places: await Promise.all(places.map(shown)),
    others: await Promise.all(others.map(shown)),
    doubt:
      location.certainty === 'exact'
        ? ''
        : certaintyWords({ ...location, candidates: [places, ...candidates] }),
    doubtful: isDoubtful === true ? note : '',
    missing: '',
  };
}

/** The call that the source of the very kernel has is nearer than the line of another build. */
function surerThanDoubtful(frame: DebugFrame, byName: SourceLocation): AnnotatedFrame | null {
  return byName.certainty === 'one-call-site' && byName.isDoubtful !== true ? fromTree(frame, byName) : null;
}

/** Why the debug info has nothing is told with why the tree has nothing. */
function orMissing(found: AnnotatedFrame, missing: string): AnnotatedFrame {
  if (found.places.length > 0) return found;
  return nothing([missing, found.missing].filter((note) => note !== '').join(' '));
}

/** No lines: of addresses that have no name it is said. */
export const annotateWithNothing: AnnotateStack = (stack) =>
  Promise.resolve(
    stack.map((frame) => nothing(frame.function.startsWith('0x') ? `Nothing names ${frame.function}.` : '')),
  );

/** Lines by the names of the frames alone, as without a vmlinux. */
export function annotateWithTree(source: KernelSource): AnnotateStack {
  return async (stack) => (await source.locate(stack)).map((location, i) => fromTree(stack[i]!, location));
}

function fromTree(frame: DebugFrame, location: SourceLocation): AnnotatedFrame {
  const { file, line } = location;
  if (isOutside(frame)) return nothing(outside(frame));
  if (file === null) return nothing(location.note);
  const candidates = distinctPlaces({ function: frame.function, location });
  return {
    places: [...sureInlined({ location }), { function: frame.function, file, line }],
    others: candidates.slice(1),
    doubt: certaintyWords({ ...location, candidates }),
    doubtful: location.isDoubtful === true ? location.note : '',
    missing: '',
  };
}

/** As of a line that was damaged on its way: a kernel prints the function that the address is in. */
function isOutside({ offset, size }: DebugFrame): boolean {
  return offset !== null && typeof size === 'number' && offset > size;
}

function outside({ function: name }: DebugFrame): string {
  return `The offset of ${name} lies outside of it.`;
}
