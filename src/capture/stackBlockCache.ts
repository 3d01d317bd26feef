import { NONE } from './eventTable';

/** 2^32 by the golden ratio. */
const HASH_FACTOR = 0x9e3779b1;

/**
 * Blocks and bytes of them that most recordings stay below (474 and 529 distinct stacks in 2.4 million): V8 compiles the
 * hot path on the belief that what was never replaced never is, and once more when it is.
 */
const USUAL_BLOCKS = 1 << 12;
const USUAL_ARENA = 1 << 20;
/** Stack texts beyond this are parsed each time instead of kept: a bound for files without repetition. */
const LARGEST_ARENA = 1 << 26;
const GUESSES = 1 << 14;

/**
 * Remembers which stack a block of text stood for, so that a block seen before is recognised by its bytes and
 * not parsed again: of 2.4 million stacks of a busy machine 529 were distinct.
 *
 * Most blocks are not even hashed. A CPU walks the same paths again and again, so the block that followed the
 * last one, for the same event, is the right guess 96 times in 100, and one compare confirms it.
 */
export class StackBlockCache {
  /** Per block: where its text lies in the arena, and what it stands for. */
  private starts = new Int32Array(USUAL_BLOCKS);
  private lengths = new Int32Array(USUAL_BLOCKS);
  private hashes = new Int32Array(USUAL_BLOCKS);
  private stacks = new Int32Array(USUAL_BLOCKS);
  private lineCounts = new Int32Array(USUAL_BLOCKS);
  private cutFlags = new Uint8Array(USUAL_BLOCKS);
  private count = 0;
  private arena = new Uint8Array(USUAL_ARENA);
  private arenaView = new DataView(this.arena.buffer);
  private used = 0;
  private slots = new Int32Array(2 * USUAL_BLOCKS).fill(NONE);
  private mask = 2 * USUAL_BLOCKS - 1;
  private newestHash = 0;
  /** Guesses by the block before and the event; a place that two of them share only guesses wrong. */
  private readonly guesses = new Int32Array(GUESSES).fill(NONE);

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
    if (this.count * 2 > this.slots.length) this.rehash();
    else this.place(block);
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
    return (Math.imul(previous, HASH_FACTOR) + name) & (GUESSES - 1);
  }

  private place(block: number): void {
    let slot = this.hashes[block]! & this.mask;
    while (this.slots[slot] !== NONE) slot = (slot + 1) & this.mask;
    this.slots[slot] = block;
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2).fill(NONE);
    this.mask = this.slots.length - 1;
    for (let block = 0; block < this.count; block++) this.place(block);
  }

  private reserve(size: number): void {
    if (size <= this.arena.length) return;
    const wider = new Uint8Array(Math.max(this.arena.length * 2, size));
    wider.set(this.arena.subarray(0, this.used));
    this.arena = wider;
    this.arenaView = new DataView(wider.buffer);
  }

  private widen(): void {
    const capacity = this.starts.length * 2;
    this.starts = copied(this.starts, new Int32Array(capacity));
    this.lengths = copied(this.lengths, new Int32Array(capacity));
    this.hashes = copied(this.hashes, new Int32Array(capacity));
    this.stacks = copied(this.stacks, new Int32Array(capacity));
    this.lineCounts = copied(this.lineCounts, new Int32Array(capacity));
    this.cutFlags = copied(this.cutFlags, new Uint8Array(capacity));
  }
}

function copied<T extends Int32Array | Uint8Array>(column: T, wider: T): T {
  wider.set(column);
  return wider;
}
