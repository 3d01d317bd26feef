import { AddressStacks } from '../addressStacks';
import { NONE } from '../eventTable';
import { addressName } from '../perfScriptFrames';
import type { SymbolTableBuilder } from '../symbolTableBuilder';

/** More frames than perf keeps of a call chain (sysctl kernel.perf_event_max_stack, 127 by default). */
const MOST_FRAMES = 1024;
const ADDRESS = 8;

/** Values from here to the end of the address space mark what follows: PERF_CONTEXT_MAX is -4095. */
const CONTEXT_HIGH = 0xffffffff;
const FIRST_CONTEXT_LOW = 0xfffff001;
/** PERF_CONTEXT_KERNEL, -128. */
const KERNEL_CONTEXT_LOW = 0xffffff80;

/** Turns the kernel's part of call chains into stack ids; frames are addresses, `0x…`. */
export class CallChains {
  /** Chains with frames of the process, which are left out. */
  userChains = 0;
  readonly stacks = new AddressStacks((view, start, end) => this.newStack(view, start, end));
  private readonly frames = new Int32Array(MOST_FRAMES);

  constructor(
    private readonly symbols: SymbolTableBuilder,
    private readonly littleEndian: boolean,
  ) {}

  /**
   * The stack id of the chain of `length` addresses at `at`, or NONE when it has no frame of the kernel. `bytes` and
   * `view` are of one buffer.
   */
  stack(bytes: Uint8Array, view: DataView, at: number, length: number): number {
    const end = at + length * ADDRESS;
    const start = this.kernelStart(view, at, end);
    let stop = start;
    while (stop < end && !this.isContext(view, stop)) stop += ADDRESS;
    if (stop < end || start > at + ADDRESS) this.userChains++;
    if (stop === start) return NONE;
    this.stacks.blockOf(view, bytes, start, stop);
    return this.stacks.stackOfBlock();
  }

  /** Where the kernel's addresses begin: behind their mark, or at once where kernels before 2.6.31 set none. */
  private kernelStart(view: DataView, at: number, end: number): number {
    for (let i = at; i < end; i += ADDRESS) {
      if (this.isContext(view, i) && this.low(view, i) === KERNEL_CONTEXT_LOW) return i + ADDRESS;
    }
    return at < end && !this.isContext(view, at) && this.high(view, at) >>> 31 === 1 ? at : end;
  }

  private newStack(view: DataView, start: number, end: number): number {
    let length = 0;
    for (let i = start; i < end && length < MOST_FRAMES; i += ADDRESS) {
      const addressHigh = this.high(view, i) | 0;
      const addressLow = this.low(view, i) | 0;
      this.frames[length++] = this.symbols.internFrame({
        function: this.symbols.internText(addressName(addressHigh, addressLow)),
        offset: -1,
        size: -1,
        module: -1,
        addressHigh,
        addressLow,
      });
    }
    return this.symbols.internStack(this.frames, length);
  }

  private isContext(view: DataView, at: number): boolean {
    return this.high(view, at) === CONTEXT_HIGH && this.low(view, at) >= FIRST_CONTEXT_LOW;
  }

  private high(view: DataView, at: number): number {
    return view.getUint32(at + (this.littleEndian ? 4 : 0), this.littleEndian);
  }

  private low(view: DataView, at: number): number {
    return view.getUint32(at + (this.littleEndian ? 0 : 4), this.littleEndian);
  }
}
