import { NONE } from './eventTable';
import { StackBlockCache } from './stackBlockCache';

/** Stacks that a binary file holds as addresses: one whose bytes were met before is not made again. */
export class AddressStacks {
  readonly blocks = new StackBlockCache();
  private newest = NONE;

  /** @param stackOf makes the stack of the addresses in `[start, end)`, and returns its id */
  constructor(private readonly stackOf: (view: DataView, start: number, end: number) => number) {}

  /**
   * The block of the addresses in `[start, end)`, NONE where there is no room for it. `view` and `bytes` are of one
   * buffer.
   */
  blockOf(view: DataView, bytes: Uint8Array, start: number, end: number): number {
    const known = this.blocks.find(view, start, end);
    this.newest = known === NONE ? this.stackOf(view, start, end) : this.blocks.stack(known);
    return known === NONE ? this.blocks.add(bytes, start, end, this.newest, 0, false) : known;
  }

  /** The stack of the block that was asked for last. */
  stackOfBlock(): number {
    return this.newest;
  }
}
