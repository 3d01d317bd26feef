import { NONE } from './eventTable';

/**
 * How deep one context can interrupt another on a CPU: task, softirq, hardirq, NMI. The kernel keeps its
 * stack buffers by the same count (FTRACE_KSTACK_NESTING in kernel/trace/trace.c).
 */
const DEEPEST = 4;

/** The text does not say in which context an event was written. */
export const UNKNOWN_CONTEXT = -1;

/**
 * Finds the event to which a stack record belongs.
 *
 * An event and its stack are two records, written one after the other with preemption off. Only an interrupt
 * can put its own events and stacks in between, and those are complete before the interrupted context goes on.
 * So the events of one CPU that still wait for their stack nest like the contexts do, and a stack belongs to
 * the newest waiting event of its task. One matcher serves one CPU of one ring buffer.
 */
export class StackMatcher {
  /** Time of the newest record of this CPU, NaN before the first. */
  lastTime = NaN;
  /** Text block of the newest stack of this CPU, for guessing the next one. */
  previousBlock = NONE;
  private readonly rows = new Int32Array(DEEPEST);
  private readonly pids = new Int32Array(DEEPEST);
  private readonly contexts = new Int8Array(DEEPEST);
  private depth = 0;

  /** An event was read. `context` grows with the depth of interruption: 0 task … 3 NMI, or UNKNOWN_CONTEXT. */
  event(row: number, pid: number, context: number): void {
    let depth = this.depth;
    // A context that writes its next event, or a switch to another task, ends the wait of those before.
    while (depth > 0 && !this.mayBeInterrupted(depth - 1, pid, context)) depth--;
    if (depth === DEEPEST) {
      this.rows.copyWithin(0, 1);
      this.pids.copyWithin(0, 1);
      this.contexts.copyWithin(0, 1);
      depth--;
    }
    this.rows[depth] = row;
    this.pids[depth] = pid;
    this.contexts[depth] = context;
    this.depth = depth + 1;
  }

  /** The row of the event to which a stack record belongs, or NONE when that event is gone. */
  find(pid: number, context: number): number {
    for (let i = this.depth - 1; i >= 0; i--) {
      if (this.pids[i] !== pid) continue;
      const eventContext = this.contexts[i]!;
      if (eventContext !== context && eventContext !== UNKNOWN_CONTEXT && context !== UNKNOWN_CONTEXT)
        continue;
      return this.rows[i]!;
    }
    return NONE;
  }

  /** The stack of `row` was read: neither it nor what interrupted it waits any longer. */
  settle(row: number): void {
    while (this.depth > 0 && this.rows[this.depth - 1]! >= row) this.depth--;
  }

  /** No event waits for its stack. */
  get isIdle(): boolean {
    return this.depth === 0;
  }

  /** Records are missing here: what waited may have lost its stack. */
  forget(): void {
    this.depth = 0;
  }

  private mayBeInterrupted(index: number, pid: number, context: number): boolean {
    if (this.pids[index] !== pid) return false;
    const waiting = this.contexts[index]!;
    return waiting === UNKNOWN_CONTEXT || context === UNKNOWN_CONTEXT || waiting < context;
  }
}
