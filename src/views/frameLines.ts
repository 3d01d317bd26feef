/** Frames of kernel stacks in the lines of a text: where they stand, and the stack that each is of. */
import { frameIn, type FrameText } from '../engine/annotateStacks';
import type { PrintedFrame } from '../engine/protocol';

/** The lines of a document, without their ends. */
export interface Lines {
  readonly count: number;
  readonly at: (line: number) => string;
}

export interface FrameOnLine {
  readonly frame: PrintedFrame;
  /** First column of the name. */
  readonly start: number;
  readonly nameEnd: number;
  /** Behind the offset, where one is printed. */
  readonly end: number;
}

/** A stack as it is printed, innermost frame first, and which frame of it is meant. */
interface StackInText {
  readonly stack: readonly PrintedFrame[];
  readonly index: number;
}

/** Frames on either side of a line that are looked at. */
const LONGEST_STACK = 256;
const NAME = /^[A-Za-z_][\w.$]*/;
const OFFSET = /^\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?/;
const STACK_BEGINS = /<(?:user )?stack trace\s*>|kernel_stack:/;

/**
 * The frame on a line, or null. ` => func` alone is one in the text of a trace; elsewhere it needs a neighbour of its
 * kind, for it may be anything.
 */
export function frameOnLine(lines: Lines, line: number, isTrace: boolean): FrameOnLine | null {
  const text = lines.at(line);
  const found = namedFrame(text);
  if (found === null) return null;
  if (!isTrace && isNameAlone(found) && !isAmongFrames(lines, line)) return null;
  return onLine(text, found);
}

/** The frame in a line by itself, or null. */
export function frameInText(text: string): FrameOnLine | null {
  const found = namedFrame(text);
  return found && onLine(text, found);
}

/** The stack that the frame of a line is of; null when there is none on it. */
export function stackAround(lines: Lines, line: number): StackInText | null {
  const found = namedFrame(lines.at(line));
  if (found === null) return null;
  if (found.isUncertain) return { stack: [found.frame], index: 0 };
  const before = framesFrom(lines, line, -1).reverse();
  return {
    stack: [...before, found.frame, ...framesFrom(lines, line, 1)],
    index: before.length,
  };
}

function framesFrom(lines: Lines, line: number, step: 1 | -1): PrintedFrame[] {
  const frames: PrintedFrame[] = [];
  for (let at = line + step; at >= 0 && at < lines.count && frames.length < LONGEST_STACK; at += step) {
    const found = frameIn(lines.at(at));
    if (found === null) break;
    if (!found.isUncertain) frames.push(found.frame);
  }
  return frames;
}

function namedFrame(text: string): FrameText | null {
  // Most lines of a trace are events, without either.
  if (!text.includes('=>') && !text.includes('+0x')) return null;
  const found = frameIn(text);
  return found !== null && NAME.test(found.frame.function) ? found : null;
}

function onLine(text: string, { frame, start }: FrameText): FrameOnLine {
  const nameEnd = start + frame.function.length;
  const offset = OFFSET.exec(text.slice(nameEnd))?.[0] ?? '';
  return { frame, start, nameEnd, end: nameEnd + offset.length };
}

function isNameAlone({ frame }: FrameText): boolean {
  return frame.offset === null && (frame.address ?? null) === null;
}

function isAmongFrames(lines: Lines, line: number): boolean {
  return [line - 1, line + 1].some((near) => {
    if (near < 0 || near >= lines.count) return false;
    const text = lines.at(near);
    return STACK_BEGINS.test(text) || (/^\s*=>/.test(text) && frameIn(text) !== null);
  });
}
