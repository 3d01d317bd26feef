/** Stacks in a text (ftrace, dmesg, a crash report) with the source lines of their frames: what decode_stacktrace.sh does. */
import type { DebugFrame } from '../source/kernelDebugInfo';
import { visibleLine } from './visibleText';
import { CERTAINTY_WORDS } from './wording';

/** A place to print. */
export interface AnnotatedPlace {
  readonly function: string;
  /** As it is to be printed. */
  readonly file: string | null;
  readonly line: number | null;
  /** Of an inlined function: further places that may be meant, best first. */
  readonly others?: readonly AnnotatedPlace[];
}

export interface AnnotatedFrame {
  /** The innermost inlined function first, the frame's own function last; empty when nothing is known. */
  readonly places: readonly AnnotatedPlace[];
  /** Further lines that may be meant, best first. */
  readonly others: readonly AnnotatedPlace[];
  /** What is to be said of a line that debug info does not give for sure; empty where it does. */
  readonly doubt: string;
  /** Why the line may be of another build, and with it the functions that were inlined there; empty when it is not. */
  readonly doubtful: string;
  /** Why there is no place; empty when there is one. */
  readonly missing: string;
  /** What an address alone stands for, where something beside debug info says it. */
  readonly name?: string;
}

/** Finds the places of the frames of a stack, innermost first. */
export type AnnotateStack = (stack: readonly DebugFrame[]) => Promise<readonly AnnotatedFrame[]>;

/** A frame in a line of text: where it stands, and what it says. */
export interface FrameText {
  readonly frame: DebugFrame;
  /** `? func`: an address that was found on the stack, not a caller; the frame outside of it did not call it. */
  readonly isUncertain: boolean;
  /** Column behind the frame, where its place is printed. */
  readonly end: number;
  /** Column at which the frame begins: what is before is repeated for inlined functions. */
  readonly start: number;
}

// func.isra.0+0x1a/0x2b [module 0123…]; the id is there with CONFIG_STACKTRACE_BUILD_ID. perf script has ([module]).
const NAMED =
  /(?<![\w.$+/-])([A-Za-z_][\w.$]*)\+0x([0-9a-f]{1,8})(?:\/0x([0-9a-f]{1,8}))?(?: \(?\[([\w-]+)(?: ([0-9a-f]{16,64}))?\]\)?)?/;
/** perf script names the file of a frame of a program: `main+0x1f (/bin/true)`. */
const OF_PROGRAM = /^\S+ \((?:\/|\[(?:vdso|vsyscall|unknown)\])/;
// ` => func`, as ftrace has it; trace-cmd adds ` (ffffffff81234567)`, and has nothing else where it knows no name
const ARROW =
  /^(\s*=> ?)(?:(?![0-9a-f]{16}\s*$)([A-Za-z_][\w.$]*)(?:\+0x([0-9a-f]{1,8}))?(?:\/0x([0-9a-f]{1,8}))?(?: \[([\w-]+)\])?)?(?: *[(<]*(?:0x)?([0-9a-f]{16})[)>]*)?\s*$/;
const ADDRESS = /(?<![\w])(?:\[<|0x)?(ffff[0-9a-f]{12})(?:>\])?(?![\w])/;
/**
 * Lines that say where the processor was: no return address. Beside the registers of an oops that is the trap of a
 * WARN_ON (lib/bug.c, kernel/panic.c __warn).
 */
const EXACT =
  /\bR?IP: |\bEIP: |\bpc : |\bepc\s+: |\bPC is at |\bNIP \[|\bKrnl PSW : |\bWARNING: (?:.* at \S+:\d+ |(?:\S+:\d+ )?at )/;
/** More than printk prints in one line (LOG_LINE_MAX, kernel/printk/printk.c): EXACT may try a line many times. */
const LONGEST_LINE = 1024;
const NO_ADDRESS = /^0+$/;

/** The frame of a line, or null when it has none. */
export function frameIn(line: string): FrameText | null {
  const arrow = ARROW.exec(line);
  if (arrow !== null) {
    const [whole, head, name, offset, size, module, address] = arrow;
    if (name === undefined && address === undefined) return null;
    const frame = makeFrame(name ?? `0x${address}`, offset, size, module, address, false);
    return { frame, isUncertain: false, start: head!.length, end: whole.trimEnd().length };
  }
  const isInterrupted = EXACT.test(line.slice(0, LONGEST_LINE));
  const named = NAMED.exec(line);
  if (named !== null) {
    if (OF_PROGRAM.test(line.slice(named.index))) return null;
    const [whole, name, offset, size, module, buildId] = named;
    // `[<ffffffff81234567>] func+0x1/0x2`, as kernels before 4.11 and arm printed it
    const before = ADDRESS.exec(line.slice(0, named.index));
    const frame = {
      ...makeFrame(name!, offset, size, module, before?.[1], isInterrupted),
      moduleBuildId: buildId ?? null,
    };
    const isUncertain = line.slice(0, named.index).endsWith('? ');
    return { frame, isUncertain, start: named.index, end: named.index + whole.length };
  }
  // An address alone is a frame only where the line has nothing else: registers and dumps are full of them.
  const alone = /^(.*?)((?:\[<|0x)?ffff[0-9a-f]{12}(?:>\])?)\s*$/.exec(line);
  if (alone === null || !/^(?:\[[\s\d.]+\](?:\[[^\]]*\])?)?[\s?]*$/.test(alone[1]!)) return null;
  const address = ADDRESS.exec(alone[2]!)![1]!;
  const frame = makeFrame(`0x${address}`, undefined, undefined, undefined, address, isInterrupted);
  const start = alone[1]!.length;
  return { frame, isUncertain: alone[1]!.endsWith('? '), start, end: start + alone[2]!.length };
}

function makeFrame(
  name: string,
  offset: string | undefined,
  size: string | undefined,
  module: string | undefined,
  address: string | undefined,
  isInterrupted: boolean,
): DebugFrame {
  return {
    function: name,
    offset: offset === undefined ? null : parseInt(offset, 16),
    size: size === undefined ? null : parseInt(size, 16),
    module: module ?? null,
    address: address === undefined || NO_ADDRESS.test(address) ? null : BigInt(`0x${address}`),
    isInterrupted,
  };
}

/** Frames of longer runs of lines are taken as several stacks. */
const LONGEST_STACK = 1024;

interface StackLine {
  readonly line: string;
  readonly found: FrameText;
}

/** The lines of a text, those with frames followed by their places. Timestamps and all else stay as they are. */
export async function* annotateLines(
  lines: Iterable<string> | AsyncIterable<string>,
  annotate: AnnotateStack,
): AsyncGenerator<string, void> {
  let stack: StackLine[] = [];
  const flush = async (): Promise<string[]> => {
    const finished = stack;
    stack = [];
    const annotated = new Map<FrameText, AnnotatedFrame>();
    const frames = finished.map(({ found }) => found);
    const sure = frames.filter(({ isUncertain }) => !isUncertain);
    const alone = frames.filter(({ isUncertain }) => isUncertain).map((one) => [one]);
    for (const chain of [sure, ...alone]) {
      if (chain.length === 0) continue;
      const places = await annotate(chain.map(({ frame }) => frame));
      for (const [i, one] of chain.entries()) annotated.set(one, places[i]!);
    }
    return finished.flatMap((one) => printed(one, annotated.get(one.found)!));
  };
  for await (const line of lines) {
    const found = frameIn(line);
    if (found === null || stack.length >= LONGEST_STACK) {
      yield* await flush();
    }
    if (found === null) yield line;
    else stack.push({ line, found });
  }
  yield* await flush();
}

function printed(
  { line, found }: StackLine,
  { places, others, doubt, doubtful, name }: AnnotatedFrame,
): string[] {
  const { frame, start, end } = found;
  const own = places.at(-1);
  const [head, text, rest] = [line.slice(0, start), line.slice(start, end), line.slice(end)];
  const isAddress = frame.function.startsWith('0x');
  const said = name ?? (isAddress ? own?.function : undefined);
  const shown = said === undefined ? `${head}${text}` : `${head}${text} ${visibleLine(said)}`;
  if (own === undefined) return [`${shown}${rest}`];
  const isDoubtful = doubtful !== '';
  const inlined = places.slice(0, -1).flatMap((place) => inlinedLines(head, place, isDoubtful));
  const located = `${shown} (${placeText(own)}${doubt === '' ? '' : `, ${doubt}`})${rest}`;
  return [...inlined, located, ...others.map((place) => orLine(head, place))];
}

function inlinedLines(head: string, place: AnnotatedPlace, isDoubtful: boolean): readonly string[] {
  const { function: name, others = [] } = place;
  const doubts = [
    ...(others.length > 0 ? [CERTAINTY_WORDS['one-of-several']] : []),
    ...(isDoubtful ? ['doubtful'] : []),
  ];
  const line = `${head}${visibleLine(name)} (${[placeText(place), ...doubts].join(', ')}) [inlined]`;
  return [line, ...others.map((other) => orLine(head, other))];
}

function orLine(head: string, place: AnnotatedPlace): string {
  return `${head}  or ${visibleLine(place.function)} (${placeText(place)})`;
}

function placeText({ file, line }: AnnotatedPlace): string {
  return `${visibleLine(file ?? '?')}:${line ?? '?'}`;
}
