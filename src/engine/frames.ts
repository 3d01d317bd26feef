/** The stacks of a capture with the places of their frames, each looked up once. */
import type { Capture } from '../capture/eventTable';
import type { Page } from '../holders/model';
import type { DebugFrame } from '../source/kernelDebugInfo';
import type { SourceLocation } from '../source/location';
import { kept } from '../source/keptPromises';
import type { FrameTarget, SourcePlace } from './protocol';

/** Tells where the frames of a stack are; the frames come innermost first, and so do the places. */
export type LocateStack = (stack: readonly DebugFrame[]) => Promise<readonly SourceLocation[]>;

export interface PlacedFrame extends DebugFrame {
  readonly location: SourceLocation;
  /** For a place that is {@link NOT_YET_SEARCHED}: the stack up to the frame, innermost first. */
  readonly pending?: readonly DebugFrame[];
}

/** The place of every frame as long as no kernel tree is chosen. */
export const NOT_SEARCHED: SourceLocation = {
  file: null,
  line: null,
  certainty: 'unknown',
  inlined: [],
  candidates: [],
  note: 'No kernel tree and no vmlinux is chosen.',
};

/** The place of every frame that was not looked up yet: its capture is being read, or the kernel tree is walked. */
export const NOT_YET_SEARCHED: SourceLocation = {
  ...NOT_SEARCHED,
  note: 'It is still to be looked up in the kernel tree.',
};

/** The place of an address without a name of which no debug info knows more: there is nothing to look up. */
export const NAMELESS: SourceLocation = {
  ...NOT_SEARCHED,
  note: 'The capture has the address of the function, and not its name.',
};

export class PlacedStacks {
  private readonly placed = new Map<number, Promise<readonly PlacedFrame[]>>();

  /** @param locate null when no kernel tree is chosen */
  constructor(
    private readonly capture: Capture,
    private readonly locate: LocateStack | null,
  ) {}

  /** Frames of a stack, innermost first; none for stack id -1. */
  frames(stack: number): Promise<readonly PlacedFrame[]> {
    if (stack < 0) return Promise.resolve([]);
    return kept(this.placed, stack, () => this.place(stackFrames(this.capture, stack)));
  }

  /** The place of a function by its name alone. */
  async definition(name: string): Promise<PlacedFrame> {
    const [frame] = await this.place([{ function: name, offset: null, module: null }]);
    return frame!;
  }

  /**
   * The places of functions that do the same step in one kernel or another: those that the tree has, or all
   * where it has none of them or is not there.
   */
  async definitions(names: readonly string[]): Promise<readonly PlacedFrame[]> {
    const placed = await Promise.all(names.map((name) => this.definition(name)));
    const found = placed.filter(({ location }) => location.file !== null);
    return found.length > 0 ? found : placed;
  }

  private async place(stack: readonly DebugFrame[]): Promise<readonly PlacedFrame[]> {
    const locations = this.locate === null ? [] : await this.locate(stack);
    return placedFrames(stack, locations).map((frame) => {
      const { function: name, location } = frame;
      const isNameless = name.startsWith('0x') && location.certainty === 'unknown';
      return isNameless && location !== NOT_YET_SEARCHED ? { ...frame, location: NAMELESS } : frame;
    });
  }
}

/** The frames of a stack with their places; those without one were not searched. */
export function placedFrames(
  stack: readonly DebugFrame[],
  locations: readonly SourceLocation[],
): readonly PlacedFrame[] {
  return stack.map((frame, index) => {
    const location = locations[index] ?? NOT_SEARCHED;
    const pending = location === NOT_YET_SEARCHED ? { pending: stack.slice(0, index + 1) } : {};
    return { ...frame, location, ...pending };
  });
}

/** Frames of a stack as the source room takes them, innermost first. */
function stackFrames(capture: Capture, stack: number): readonly DebugFrame[] {
  return Array.from(capture.symbols.stackFrames(stack), (frame) => frameOf(capture, frame));
}

/** Every frame of a capture, once. */
export function allFrames(capture: Capture): readonly DebugFrame[] {
  return Array.from({ length: capture.symbols.frameCount }, (_, frame) => frameOf(capture, frame));
}

function frameOf({ symbols, moduleBuildIds }: Capture, frame: number): DebugFrame {
  const module = symbols.frameModule(frame);
  const offset = symbols.frameOffset(frame);
  const size = symbols.frameSize(frame);
  return {
    function: symbols.frameFunction(frame),
    offset: offset < 0 ? null : offset,
    size: size < 0 ? null : size,
    module,
    address: symbols.frameAddress(frame),
    moduleBuildId: module === null ? null : (moduleBuildIds?.get(module) ?? null),
  };
}

/** A function to look up, as the capture prints it. */
export interface NamedFunction {
  readonly function: string;
  /** Module that the capture names, or null. */
  readonly module: string | null;
}

/** Every function that the stacks of a capture or its deduced acquire sites name, once; no bare addresses. */
export function namedFunctions(capture: Capture, pages: readonly Page[]): readonly NamedFunction[] {
  const { symbols } = capture;
  const named = new Map<string, NamedFunction>();
  for (let frame = 0; frame < symbols.frameCount; frame++) {
    const name = symbols.frameFunction(frame);
    const module = symbols.frameModule(frame);
    if (/^[A-Za-z_]/.test(name)) named.set(`${name} ${module ?? ''}`, { function: name, module });
  }
  for (const page of pages) {
    for (const reference of page.references) {
      for (const name of reference.deducedAcquire) named.set(`${name} `, { function: name, module: null });
    }
  }
  return [...named.values()];
}

/** What a view needs to go to a frame. */
export function frameTarget(frame: PlacedFrame): FrameTarget {
  const { file, line, outside, certainty, isDoubtful, note } = frame.location;
  const { pending } = frame;
  return {
    function: frame.function,
    file,
    line,
    ...(outside === undefined ? {} : { outside }),
    certainty,
    ...(isDoubtful === undefined ? {} : { isDoubtful }),
    ...(pending === undefined ? {} : { pending }),
    inlined: sureInlined(frame),
    candidates: distinctPlaces(frame),
    note,
  };
}

/** Every place that may be meant, best first; several routes to a call may share its line. */
export function distinctPlaces({
  function: name,
  location,
}: Pick<PlacedFrame, 'function' | 'location'>): readonly SourcePlace[] {
  const { file, line, outside, candidates } = location;
  const own = outside === undefined ? {} : { outside };
  const places =
    file === null || line === null ? candidates : [{ function: name, file, line, ...own }, ...candidates];
  return [...new Map(places.map((place) => [`${place.file}:${place.line}`, place])).values()];
}

/** One of several routes from one function to another is a guess: no frame is made of it. */
export function sureInlined({ location }: Pick<PlacedFrame, 'location'>): SourceLocation['inlined'] {
  return location.certainty === 'one-of-several' ? [] : location.inlined;
}
