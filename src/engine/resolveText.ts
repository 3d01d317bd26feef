/** The source lines of stacks in a text: with debug info, or by the names in a kernel tree. */
import type { CodePlace } from '../source/dwarf/dwarfFile';
import type { DebugFrame, KernelDebugInfo } from '../source/kernelDebugInfo';
import type { SourceLocation } from '../source/location';
import { SourcePaths } from '../source/sourcePaths';
import type { KernelTree } from '../source/treeAccess';
import type { AnnotatedFrame, AnnotatedPlace, AnnotateStack } from './annotateStacks';
import { differing } from './frameLocator';
import { sureInlined } from './frames';
import type { KernelSource } from './kernelSource';
import { certaintyWords } from './stackRows';

function nothing(missing: string): AnnotatedFrame {
  return { places: [], others: [], doubt: '', doubtful: '', missing };
}

/** Functions of other sizes than in the vmlinux that a text has before it is said to be of another build. */
const LEAST_MISFITS = 3;
/** The last function of a section has the space up to the next section in its size by kallsyms. */
const MOST_MISFITS = 0.1;

/** @param tree paths are shown as they are in there where it has them; null for paths as the build had them */
export async function annotateWithDebugInfo(
  info: KernelDebugInfo,
  tree: KernelTree | null,
): Promise<AnnotateStack> {
  const paths = await SourcePaths.create(info.kernel, {
    tree,
    root: null,
    mappings: [],
    isFileIn: () => Promise.resolve(false),
  });
  const shown = async (place: CodePlace): Promise<AnnotatedPlace> => {
    const { file, line } = place;
    const known = file === null ? null : (await paths.place(file)).file;
    return { function: place.function ?? '?', file: known, line };
  };
  const sized = new Map<string, boolean>();
  return async (stack) => {
    const locations = await info.locate(stack);
    for (const [i, { function: name, size, module }] of stack.entries()) {
      const { isOtherSize = false } = locations[i]!;
      if (module === null && typeof size === 'number') sized.set(`${name}/${size}`, isOtherSize);
    }
    const misfits = [...sized.values()].filter(Boolean).length;
    if (misfits >= LEAST_MISFITS && misfits > MOST_MISFITS * sized.size) {
      info.doubtBuild(`${misfits} of ${sized.size} functions have another size in the text`);
    }
    return Promise.all(
      locations.map(async (location): Promise<AnnotatedFrame> => {
        const { places, candidates, note, isDoubtful } = location;
        if (places.length === 0) return nothing(note);
        const others = candidates.flatMap((chain) => differing(places, chain) ?? []);
        return {
          places: await Promise.all(places.map(shown)),
          others: await Promise.all(others.map(shown)),
          doubt: location.certainty === 'exact' ? '' : certaintyWords(location),
          doubtful: isDoubtful === true ? note : '',
          missing: '',
        };
      }),
    );
  };
}

/** Lines by the names of the frames alone, as without a vmlinux. */
export function annotateWithTree(source: KernelSource): AnnotateStack {
  return async (stack) => (await source.locate(stack)).map((location, i) => fromTree(stack[i]!, location));
}

function fromTree(frame: DebugFrame, location: SourceLocation): AnnotatedFrame {
  const { file, line, candidates, certainty } = location;
  const { offset, size } = frame;
  if (offset !== null && typeof size === 'number' && offset > size) {
    return nothing(`The offset of ${frame.function} lies outside of it.`);
  }
  if (file === null) return nothing(location.note);
  return {
    places: [...sureInlined({ location }), { function: frame.function, file, line }],
    others: certainty === 'one-of-several' ? candidates : [],
    doubt: certaintyWords(location),
    doubtful: '',
    missing: '',
  };
}
