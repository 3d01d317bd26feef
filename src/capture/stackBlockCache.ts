import { NONE } from './eventTable';

/** 2^32 by the golden ratio. */
const HASH_FACTOR = 0x9e3779b1;

/** Room for the blocks of a small file, in blocks and bytes of them: a folder may have hundreds. */
const SMALL = { blocks: 1 << 6, arena: 1 << 14 };
/**
 * The next size, which most recordings stay below (474 and 529 distinct stacks in 2.4 million). V8 compiles the hot path on
 * the belief that what is not replaced never is, and once more when it is: a large file gets here before that.
 */
const USUAL = { blocks: 1 << 12, arena: 1 << 20 };
/** Stack texts beyond this are parsed each time instead of kept: a bound for files without repetition. */
const LARGEST_ARENA = 1 << 26;
/** Guesses for each block that there is room for. */
const GUESSES_A_BLOCK = 4;

/**
 * Remembers which stack a block of text stood for, so that a block seen before is recognised by its bytes and
 * not parsed again: of 2.4 million stacks of a busy machine 529 were distinct.
 *
 * Most blocks are not even hashed. A CPU walks the same paths again and again, so the block that followed the
 * last one, for the same event, is the right guess 96 times in 100, and one compare confirms it.
 */
export class StackBlockCache {
  /** Per block: where its text lies in the arena, and what it stands for. */
  private starts = new Int32Array(SMALL.blocks);
  private lengths = new Int32Array(SMALL.blocks);
  private hashes = new Int32Array(SMALL.blocks);
  private stacks = new Int32Array(SMALL.blocks);
  private lineCounts = new Int32Array(SMALL.blocks);
  private cutFlags = new Uint8Array(SMALL.blocks);
  private count = 0;
  private arena = new Uint8Array(SMALL.arena);
  private arenaView = new DataView(this.arena.buffer);
  private used = 0;
  private slots = new Int32Array(2 * SMALL.blocks).fill(NONE);
  private mask = 2 * SMALL.blocks - 1;
  private newestHash = 0;
  /** Guesses by the block before and the event; a place that two of them share only guesses wrong. */
  private guesses = new Int32Array(GUESSES_A_BLOCK * SMALL.blocks).fill(NONE);

  /** The block that most likely follows `previous` for an event of name `name`, or NONE. */
  guess(previous: number, name: number): number {
    return this.guesses[this.guessSlot(previous, name)]!;
  }

  /** The guess, if its block is `length` bytes long and stands at `start`, else NONE. */
  confirmedGuess(previous: number, name: number, text: DataView, start: number, length: number): number {
    const block = this.guesses[this.guessSlot(previous, name)]!;
    if (block === NONE || this.lengths[block] !== length) return NONE;
    return this.matches(block, text, start) ? block : NONE;
  }

  /** What has followed. */
  learn(previous: number, name: number, block: number): void {
    this.guesses[this.guessSlot(previous, name)] = block;
  }

  /** Whether the text of `block` stands at `start`; `text` must reach to its end. */
  matches(block: number, text: DataView, start: number): boolean {
    const length = this.lengths[block]!;
    const from = this.starts[block]!;
    const arena = this.arenaView;
    let i = 0;
    // Four words and one jump a turn: most comparisons go through to the end.
    for (const stop = length - 15; i < stop; i += 16) {
      const a = arena.getInt32(from + i, true) ^ text.getInt32(start + i, true);
      const b = arena.getInt32(from + i + 4, true) ^ text.getInt32(start + i + 4, true);
      const c = arena.getInt32(from + i + 8, true) ^ text.getInt32(start + i + 8, true);
      const d = arena.getInt32(from + i + 12, true) ^ text.getInt32(start + i + 12, true);
      if ((a | b | c | d) !== 0) return false;
    }
    for (const stop = length - 3; i < stop; i += 4) {
      if (arena.getInt32(from + i, true) !== text.getInt32(start + i, true)) return false;
    }
    for (; i < length; i++) {
      if (arena.getUint8(from + i) !== text.getUint8(start + i)) return false;
    }
    return true;
  }

  /** The block of `bytes[start, end)`, or NONE when it was not seen before. */
  find(text: DataView, start: number, end: number): number {
    let hash = end - start;
    let i = start;
    for (const stop = end - 3; i < stop; i += 4) {
      hash = Math.imul(hash ^ text.getInt32(i, true), HASH_FACTOR);
      hash ^= hash >>> 15;
    }
    for (; i < end; i++) hash = Math.imul(hash ^ text.getUint8(i), HASH_FACTOR);
    hash ^= hash >>> 15;
    this.newestHash = hash;
    for (let slot = hash & this.mask; ; slot = (slot + 1) & this.mask) {
      const block = this.slots[slot]!;
      if (block === NONE) return NONE;
      if (this.hashes[block] !== hash || this.lengths[block] !== end - start) continue;
      if (this.matches(block, text, start)) return block;
    }
  }

  /** Keeps the block that {@link find} has just not found; NONE when there is no room left. */
  add(bytes: Uint8Array, start: number, end: number, stack: number, lines: number, isCut: boolean): number {
    const length = end - start;
    if (this.used + length > LARGEST_ARENA) return NONE;
    this.reserve(this.used + length);
    const block = this.count++;
    if (block === this.starts.length) this.widen();
    this.arena.set(bytes.subarray(start, end), this.used);
    this.starts[block] = this.used;
    this.lengths[block] = length;
    this.hashes[block] = this.newestHash;
    this.stacks[block] = stack;
    this.lineCounts[block] = lines;
    this.cutFlags[block] = isCut ? 1 : 0;
    this.used += length;
    this.place(block);
    return block;
  }

  length(block: number): number {
    return this.lengths[block]!;
  }

  stack(block: number): number {
    return this.stacks[block]!;
  }

  lines(block: number): number {
    return this.lineCounts[block]!;
  }

  /** Whether the text shows fewer frames than the record had. */
  isCut(block: number): boolean {
    return this.cutFlags[block] === 1;
  }

  private guessSlot(previous: number, name: number): number {
    return (Math.imul(previous, HASH_FACTOR) + name) & (this.guesses.length - 1);
  }

  private place(block: number): void {
    let slot = this.hashes[block]! & this.mask;
    while (this.slots[slot] !== NONE) slot = (slot + 1) & this.mask;
    this.slots[slot] = block;
  }

  private reserve(size: number): void {
    if (size <= this.arena.length) return;
    const wider = new Uint8Array(Math.max(this.arena.length * 2, USUAL.arena, size));
    wider.set(this.arena.subarray(0, this.used));
    this.arena = wider;
    this.arenaView = new DataView(wider.buffer);
  }

  private widen(): void {
    const before = this.starts.length;
    const capacity = Math.max(before * 2, USUAL.blocks);
    this.starts = copied(this.starts, new Int32Array(capacity));
    this.lengths = copied(this.lengths, new Int32Array(capacity));
    this.hashes = copied(this.hashes, new Int32Array(capacity));
    this.stacks = copied(this.stacks, new Int32Array(capacity));
    this.lineCounts = copied(this.lineCounts, new Int32Array(capacity));
    this.cutFlags = copied(this.cutFlags, new Uint8Array(capacity));
    this.slots = new Int32Array(2 * capacity).fill(NONE);
    this.mask = 2 * capacity - 1;
    for (let block = 0; block < before; block++) this.place(block);
    // What was learnt of few blocks is soon learnt again.
    this.guesses = new Int32Array(GUESSES_A_BLOCK * capacity).fill(NONE);
  }
}

function copied<T extends Int32Array | Uint8Array>(column: T, wider: T): T {
  wider.set(column);
  return wider;
}
