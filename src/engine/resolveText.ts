/** The source lines of stacks in a text: with debug info, or by the names in a kernel tree. */
import type { CodePlace } from '../source/dwarf/dwarfFile';
import type { DebugFrame, DebugLocation, KernelDebugInfo } from '../source/kernelDebugInfo';
import type { SourceLocation } from '../source/location';
import { SourcePaths } from '../source/sourcePaths';
import type { KernelTree } from '../source/treeAccess';
import type { AnnotatedFrame, AnnotatedPlace, AnnotateStack } from './annotateStacks';
import { differing } from './frameLocator';
import { sureInlined } from './frames';
import type { KernelSource } from './kernelSource';

const NOTHING: AnnotatedFrame = { places: [], others: [], doubt: '' };

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
  return async (stack) => {
    const locations = await info.locate(stack);
    return Promise.all(
      locations.map(async (location): Promise<AnnotatedFrame> => {
        const { places, candidates } = location;
        if (places.length === 0) return NOTHING;
        const others = candidates.flatMap((chain) => differing(places, chain) ?? []);
        return {
          places: await Promise.all(places.map(shown)),
          others: await Promise.all(others.map(shown)),
          doubt: doubtOf(location),
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
  if (file === null) return NOTHING;
  return {
    places: [...sureInlined({ location }), { function: frame.function, file, line }],
    others: certainty === 'one-of-several' ? candidates : [],
    doubt: doubtOf(location),
  };
}

function doubtOf({
  certainty,
  note,
  isDoubtful,
}: Pick<DebugLocation, 'certainty' | 'note' | 'isDoubtful'>): string {
  switch (certainty) {
    case 'exact':
    case 'one-call-site':
      return '';
    case 'function-only':
      return 'the function only';
    default:
      return isDoubtful === true ? note : 'one of several';
  }
}
