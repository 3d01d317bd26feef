/**
 * What the lines of a text capture are, by their text alone: ftrace's trace and trace_pipe, trace-cmd report and perf
 * script. One pass over the lines answers each question; a trace may have half a million.
 */
import type { Lines } from './frameLines';

/** kernel/trace/trace.c print_trace_header(); the first line of trace-cmd report. */
const HEADER = /^(?:# tracer: [\w-]+|cpus=\d+|version = \d+)$/;
/** `sh-84 [000] ...2. 7.289237: page_ref_mod: …`, with an instance before it or a tgid behind; `func <-caller`. */
const FTRACE_EVENT =
  /^\s*(?:\w+:\s+)?.{1,16}-\d+\s+(?:\(\s*[\d-]+\)\s+)?(?:\[\d{3,}\]|\d+(?=[^\s\d]))\s*(?:\S{4,8}\s+)?\d+(?:\.\d+)?:\s+(?:\(\+\d+\)\s+)?(?:[A-Za-z_][\w.]*:|[\w.]+ <-|<(?:user )?stack trace)/;
/** `comm pid/tid [cpu] time: system:event: …` (tools/perf/builtin-script.c). */
const PERF_EVENT =
  /\S\s+-?\d+(?:\/-?\d+)?\s+(?:\[-?\d+\]\s+)?\d+\.\d{6,9}:\s+(?:\d+\s+)?[\w-]+:[\w.-]+:(?:\s|$)/;
const LOST = /^CPU:\s*\d+ \[(?:LOST \d+ EVENTS|\d+ EVENTS DROPPED)\]$/;
/** A file that other programs write has none of these in its first lines. */
const LINES_LOOKED_AT = 50;
/**
 * Characters of a line that are looked at: every plain text is, whatever it is, on the thread of all extensions. An
 * event is told by what stands before its fields: 16 of a name, numbers, a time, and the name of the event.
 */
const HEAD_OF_LINE = 512;

/** Whether a text is a trace by its first lines. */
export function isTraceText(lines: Lines): boolean {
  for (let line = 0; line < Math.min(LINES_LOOKED_AT, lines.count); line++) {
    const text = lines.at(line).slice(0, HEAD_OF_LINE);
    if (line === 0 && HEADER.test(text)) return true;
    if (FTRACE_EVENT.test(text) || PERF_EVENT.test(text) || LOST.test(text)) return true;
  }
  return false;
}

/** Lines of a part of a text, 0-based and both included. */
interface LineRange {
  readonly first: number;
  readonly last: number;
}

/** Stacks that can be folded, each with the event that it belongs to when that stands right before it. */
export function stackBlocks(lines: Lines): readonly LineRange[] {
  const blocks: LineRange[] = [];
  let first = -1;
  for (let line = 0; line <= lines.count; line++) {
    const isFrame = line < lines.count && isFrameLine(lines.at(line));
    if (isFrame && first < 0) first = line;
    if (isFrame || first < 0) continue;
    const head = headOfStack(lines, first);
    if (head < line - 1) blocks.push({ first: head, last: line - 1 });
    first = -1;
  }
  return blocks;
}

/** ` => func`, `=> func`; a tab is before those of perf script, and of trace-cmd report without its plugins. */
function isFrameLine(text: string): boolean {
  const at = text.charCodeAt(0);
  if (at === TAB) return text.length > 1;
  return text.startsWith(at === SPACE ? ' => ' : '=> ');
}

const TAB = 9;
const SPACE = 32;

/** The line that is still seen when the stack is folded. */
function headOfStack(lines: Lines, firstFrame: number): number {
  const header = firstFrame - 1;
  if (header < 0) return firstFrame;
  const text = lines.at(header);
  if (!isStackHeader(text))
    return lines.at(firstFrame).charCodeAt(0) === TAB && text !== '' ? header : firstFrame;
  const event = header - 1;
  if (event < 0) return header;
  const cpu = taskAndCpu(text);
  return cpu !== '' && lines.at(event).startsWith(cpu) ? event : header;
}

function isStackHeader(text: string): boolean {
  return text.includes('stack trace') || text.includes('kernel_stack:');
}

/** The columns up to the CPU, which an event has in common with its stack; empty where there is none. */
function taskAndCpu(text: string): string {
  return /^.*?\[\d+\]/.exec(text)?.[0] ?? '';
}

/** What an event says of attempts to move pages. */
type SpokenOf = 'attempt' | 'mark';

export interface TraceEvent {
  readonly line: number;
  readonly spokenOf: SpokenOf;
  /** `cma_alloc_start`. */
  readonly name: string;
  readonly fields: string;
}

/** More of them are no outline that one reads. */
const MOST_EVENTS = 20_000;
const BEGINS: readonly string[] = ['cma_alloc_start', 'mm_compaction_begin', 'mm_migrate_pages_start'];
const MARKS: readonly string[] = [
  'report_page_pinners',
  'page_pinner_failure',
  'test_pages_isolated',
  'cma_alloc_busy_retry',
  'memory_failure_event',
];
const TELLING = new RegExp(`(?:^|[\\s:])(${[...BEGINS, ...MARKS].join('|')}): *(.*)$`);

/** Events that begin an attempt to move pages, or say that a page did not move, in order of the text. */
export function tellingEvents(lines: Lines): readonly TraceEvent[] {
  const events: TraceEvent[] = [];
  for (let line = 0; line < lines.count && events.length < MOST_EVENTS; line++) {
    const text = lines.at(line);
    if (isFrameLine(text)) continue;
    const [, name, fields] = TELLING.exec(text) ?? [];
    if (name === undefined || fields === undefined) continue;
    if (name === 'test_pages_isolated' && !fields.includes('ret=fail')) continue;
    events.push({ line, spokenOf: BEGINS.includes(name) ? 'attempt' : 'mark', name, fields });
  }
  return events;
}

/**
 * Lines that begin at byte offsets of the file.
 *
 * @param offsets ascending
 * @param endLength bytes of a line end
 * @param begin bytes before the first line (a byte order mark)
 * @returns one line for each offset, null where no line begins
 */
export function linesAtOffsets(
  lines: Lines,
  offsets: readonly number[],
  endLength: number,
  begin = 0,
): readonly (number | null)[] {
  const found: (number | null)[] = [];
  let line = 0;
  let at = begin;
  for (const offset of offsets) {
    while (at < offset && line < lines.count) {
      at += utf8Length(lines.at(line)) + endLength;
      line++;
    }
    found.push(at === offset && line < lines.count ? line : null);
  }
  return found;
}

/**
 * The same by the bytes of the file, where the text does not tell: bytes that are no UTF-8 are other ones in it, and its
 * line ends are all alike.
 *
 * @param offsets ascending
 */
export function linesInBytes(bytes: Uint8Array, offsets: readonly number[]): readonly (number | null)[] {
  let line = 0;
  let at = BYTE_ORDER_MARK.every((byte, index) => bytes[index] === byte) ? BYTE_ORDER_MARK.length : 0;
  return offsets.map((offset) => {
    while (at < offset && at < bytes.length) {
      at = nextLine(bytes, at);
      line++;
    }
    return at === offset && at < bytes.length ? line : null;
  });
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const LF = 10;
const CR = 13;

/** An editor ends lines at a carriage return alone, too. */
function nextLine(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF)) return at + 1;
  }
  return bytes.length;
}

const encoder = new TextEncoder();

function utf8Length(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return encoder.encode(text).length;
  return text.length;
}
