/** Holds a capture against what `trace-cmd report` prints of the same recording, event by event. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { EventKind, NONE, type Capture } from '../../../../src/capture/eventTable';

/** Frames that the print format of kernel_stack has, by which trace-cmd prints without its plugins (`-N`). */
export const FRAMES_OF_FORMAT = 8;

const EVENT = /^(?:(\S+):\s+)?\s*(.+)-(\d+)\s+\[(\d+)\]\s*([\d.]+): (\S+):\s*(.*)$/;
const FRAME = /^\s*=> (.*)$/;
const DROPPED = /^CPU:(\d+) \[(?:(\d+) )?EVENTS DROPPED\]$/;
/** A `const char *` that libtraceevent cannot follow. */
const ADDRESS = /^[0-9a-f]{8,16}$/;
/** What the capture keeps of the flags; the number that is printed has no bits of section, node and zone. */
const FLAG_BITS = 0xffffff;

/** What each buffer reads from the page anew when it records an event. */
const READ_FROM_PAGE = /\b(?:flags|count|mapcount|mapping|mt)=\S+/g;
/** Lines of other events between two of one event: those of other CPUs, and of interrupts. */
const NEARBY = 16;

/** A line that was compared, to find those that other buffers have of the same event. */
interface PrintedEvent {
  readonly row: number;
  readonly buffers: Set<string>;
  /** CPU, task, name and arguments. */
  readonly text: string;
}

/** What was compared, so that a test can ask for enough of it. */
interface Compared {
  events: number;
  stacks: number;
  /** Events whose flags are printed as a number, but for `locked`. */
  unnamedFlags: number;
  /** Stacks of which {@link ReportComparison} was told that frames are missing, and are. */
  cutStacks: number;
  /** Reasons by name, with the number of events. */
  reasons: Map<string, number>;
  /** Events whose reason is printed as an address. */
  addressesAsReason: number;
}

/**
 * Takes a report line by line and asserts that the capture says the same of each event: number, time, CPU, task, name,
 * PFN, counts, val, flags, reason and stack. Stacks are attached by CPU and task, as those of the kernel are. Where the
 * capture says that it left out copies, lines of another buffer that say the same as one before are these, as many as it says.
 */
export class ReportComparison {
  readonly compared: Compared = {
    events: 0,
    stacks: 0,
    unnamedFlags: 0,
    cutStacks: 0,
    reasons: new Map(),
    addressesAsReason: 0,
  };
  private readonly numbers: readonly (readonly [string, ArrayLike<number>])[];
  private readonly hasStack: Uint8Array;
  /** Newest events of a CPU and task that have no stack yet, oldest first. */
  private readonly newest = new Map<string, number[]>();
  private readonly stackTexts = new Map<string, string>();
  private lost = 0;
  private stackOf = NONE;
  private frames: string[] | null = null;
  private copies = 0;
  /** The newest lines, where there are copies. */
  private readonly nearby: PrintedEvent[] = [];

  /** @param framesPrinted the report has no more frames of a stack than so many */
  constructor(
    private readonly capture: Capture,
    private readonly framesPrinted = Infinity,
  ) {
    const { events } = capture;
    this.hasStack = new Uint8Array(events.length);
    this.numbers = [
      ['count', events.count],
      ['mapcount', events.mapcount],
      ['val', events.val],
      ['ret', events.ret],
      ['mt', events.migratetype],
      ['order', events.order],
    ];
  }

  /** The next line of the report. */
  line(line: string): void {
    const frame = FRAME.exec(line);
    if (frame) {
      this.frames?.push(frame[1]!);
      return;
    }
    this.endStack();
    const match = EVENT.exec(line);
    if (!match) {
      this.lost += Number(DROPPED.exec(line)?.[2] ?? 0);
      return;
    }
    const [, instance = '', , pid, cpu, , name, text] = match;
    const key = `${instance}/${cpu!}/${pid!}`;
    if (name === 'kernel_stack') this.beginStack(key, text!);
    else if (this.capture.copiesLeftOut === undefined || !this.isCopy(key, match)) this.event(key, match);
  }

  /** After the last line: the numbers of events, stacks and losses are the capture's. */
  end(): Compared {
    this.endStack();
    const { events, stackRecords, lost } = this.capture;
    assert.equal(this.compared.events, events.length, 'events');
    assert.equal(this.compared.stacks, stackRecords, 'stacks');
    assert.equal(this.lost, lost, 'lost events');
    assert.equal(this.copies, this.capture.copiesLeftOut ?? 0, 'copies');
    for (let row = 0; row < events.length; row++) {
      if (this.hasStack[row] === 0) this.same(row, 'stack', events.stack[row]!, NONE);
    }
    return this.compared;
  }

  private isCopy(key: string, match: RegExpExecArray): boolean {
    const [, buffer = '', , pid, cpu, , name, printed] = match;
    const text = `${cpu!} ${pid!} ${name!} ${isArgument(name!) ? printed! : printed!.replace(READ_FROM_PAGE, '')}`;
    const same = this.nearby.find((event) => event.text === text && !event.buffers.has(buffer));
    if (same === undefined) {
      this.nearby.push({ row: this.compared.events, buffers: new Set([buffer]), text });
      if (this.nearby.length > NEARBY) this.nearby.shift();
      return false;
    }
    same.buffers.add(buffer);
    this.copies++;
    this.waitForStack(key, same.row);
    return true;
  }

  private waitForStack(key: string, row: number): void {
    const rows = this.newest.get(key);
    if (rows === undefined) this.newest.set(key, [row]);
    else if (rows.push(row) > 4) rows.shift();
  }

  private event(key: string, match: RegExpExecArray): void {
    const row = this.compared.events++;
    const { events, symbols } = this.capture;
    assert.ok(row < events.length, `more than ${events.length} events`);
    const [, , comm, pid, cpu, time, name, text] = match;
    this.time(row, time!);
    const task = events.task[row]!;
    this.same(row, 'CPU', events.cpu[row], Number(cpu));
    this.same(row, 'pid', symbols.taskPid(task), Number(pid));
    this.same(row, 'comm', symbols.taskComm(task), comm!.trim());
    this.same(row, 'name', symbols.string(events.name[row]!), name);
    this.waitForStack(key, row);
    const kind = events.kind[row]!;
    if (kind !== EventKind.Other) this.fields(row, kind, text!);
  }

  /** Whole ns, ticks, or a report in microseconds, whose last digit is rounded. */
  private time(row: number, printed: string): void {
    const [whole, fraction] = printed.split('.');
    const time = this.capture.timeBase + BigInt(this.capture.events.time[row]!);
    if (fraction === undefined || fraction.length === 9) {
      this.same(row, 'time', time, BigInt(whole! + (fraction ?? '')));
      return;
    }
    const unit = 10n ** BigInt(9 - fraction.length);
    const apart = time - BigInt(whole! + fraction) * unit;
    assert.ok(apart <= unit && -apart <= unit, `event ${row}: time ${time}, printed ${printed}`);
  }

  private fields(row: number, kind: EventKind, text: string): void {
    const { events, symbols } = this.capture;
    const printed = new Map<string, string>();
    for (const [, key, value] of text.matchAll(/([a-z_]+)=(\S+)/g)) printed.set(key!, value!);
    const pfn = printed.get('pfn') ?? printed.get('start_pfn');
    if (pfn !== undefined) {
      const isFailed = kind === EventKind.PageAlloc && Number(pfn) === 0;
      this.same(row, 'pfn', events.pfn[row], isFailed ? NONE : Number(pfn));
    }
    const detail = events.detail[row]!;
    const reason = printed.get('reason');
    if (reason !== undefined) this.reason(row, reason, events.details.reason[detail]!);
    if (kind === EventKind.MigratePages) {
      for (const [key, column] of [
        ['nr_succeeded', events.details.pages],
        ['nr_failed', events.details.failed],
      ] as const) {
        const value = printed.get(key);
        if (value !== undefined) this.same(row, key, column[detail], Number(value));
      }
      const mode = printed.get('mode');
      if (mode !== undefined) this.same(row, 'mode', symbols.string(events.details.label[detail]!), mode);
    }
    if (kind >= EventKind.CmaAllocStart) return;
    for (const [key, column] of this.numbers) {
      const value = printed.get(key);
      if (value !== undefined && value !== 'ARRAY') this.same(row, key, column[row], Number(value));
    }
    const flags = printed.get('flags');
    if (flags !== undefined) this.flags(row, flags);
  }

  /** libtraceevent knows no `PG_locked`…: to it each is 0, so that bit 0 alone gets a name. */
  private flags(row: number, printed: string): void {
    let bits = 0;
    for (const part of printed.split('|')) {
      if (part === 'locked') bits |= 1;
      else if (part !== 'none') bits |= Number(BigInt(part) & BigInt(FLAG_BITS));
    }
    if (printed.includes('0x')) this.compared.unnamedFlags++;
    this.same(row, 'flags', this.capture.events.flags[row], bits);
  }

  private reason(row: number, printed: string, id: number): void {
    if (ADDRESS.test(printed)) {
      this.compared.addressesAsReason++;
      return;
    }
    this.same(row, 'reason', this.capture.symbols.string(id), printed);
    this.compared.reasons.set(printed, (this.compared.reasons.get(printed) ?? 0) + 1);
  }

  private beginStack(key: string, text: string): void {
    this.frames = [];
    this.stackOf = this.newest.get(key)?.pop() ?? NONE;
    // That of a copy, which is held against the one before all the same.
    if (this.hasStack[this.stackOf] !== 1) this.compared.stacks++;
    // Without plugins the first frame is on the line of the event.
    const first = FRAME.exec(text);
    if (first) this.frames.push(first[1]!);
  }

  private endStack(): void {
    const { frames, stackOf: row } = this;
    this.frames = null;
    if (frames === null || row === NONE) return;
    this.hasStack[row] = 1;
    const stack = this.capture.events.stack[row]!;
    assert.notEqual(stack, NONE, `event ${row} has a stack`);
    const length = this.capture.symbols.stackFrames(stack).length;
    if (length > this.framesPrinted) this.compared.cutStacks++;
    // The print format of kernel_stack has so many frames even where the stack ends earlier: rubbish follows.
    if (length < this.framesPrinted && this.framesPrinted !== Infinity) frames.length = length;
    this.same(row, 'stack', this.stackText(stack, frames[0]?.endsWith(')') ?? true), frames.join(' < '));
  }

  private stackText(stack: number, withAddress: boolean): string {
    const key = `${stack} ${withAddress}`;
    let text = this.stackTexts.get(key);
    if (text === undefined) {
      const { symbols } = this.capture;
      text = Array.from(symbols.stackFrames(stack).slice(0, this.framesPrinted), (frame) => {
        const address = symbols.frameAddress(frame)!.toString(16);
        return symbols.frameFunction(frame) + (withAddress ? ` (${address})` : '');
      }).join(' < ');
      this.stackTexts.set(key, text);
    }
    return text;
  }

  private same<T extends number | bigint | string | undefined>(
    row: number,
    what: string,
    actual: T,
    expected: T,
  ): void {
    if (actual !== expected)
      assert.equal(actual, expected, `event ${row}: ${what}: ${actual} !== ${expected}`);
  }
}

/** All that an event prints was given to its tracepoint. */
function isArgument(name: string): boolean {
  return !/^(?:page_ref|page_pin|report_page)/.test(name);
}

/** Runs `trace-cmd report -t` on a file and compares all of it. */
export async function compareWithTraceCmd(
  capture: Capture,
  file: string,
  options: readonly string[] = [],
): Promise<Compared> {
  const comparison = new ReportComparison(capture, options.includes('-N') ? FRAMES_OF_FORMAT : Infinity);
  const child = spawn('trace-cmd', ['report', '-t', ...options, '-i', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const closed = once(child, 'close');
  try {
    for await (const line of createInterface({ input: child.stdout })) comparison.line(line);
  } catch (error) {
    child.kill();
    throw error;
  }
  await closed;
  assert.equal(child.exitCode, 0);
  return comparison.end();
}
