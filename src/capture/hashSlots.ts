import { grown } from './growingColumn';

/**
 * The hash table with open addressing that the interners are made of: it gives out dense ids, and knows the hash of each
 * and where what it stands for ends in the interner's arena. To look something up stays with the interner, as this
 * is where reading spends its time.
 */
export abstract class HashSlots {
  /** Where what an id stands for ends in the arena; it starts where the one before ends. */
  protected ends = new Int32Array(256);
  protected hashes = new Int32Array(256);
  /** Ids by hash & mask, or by the next slot that was free; -1 in those that are. */
  protected slots = new Int32Array(1024).fill(-1);
  protected mask = 1023;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Where what an id stands for starts in the arena. */
  protected startOf(id: number): number {
    return id === 0 ? 0 : this.ends[id - 1]!;
  }

  /** A new id, for what ends at `end` in the arena, in the free slot that its hash has led to. */
  protected insert(hash: number, slot: number, end: number): number {
    const id = this.count++;
    if (id === this.ends.length) {
      this.ends = grown(this.ends, new Int32Array(id * 2));
      this.hashes = grown(this.hashes, new Int32Array(id * 2));
    }
    this.ends[id] = end;
    this.hashes[id] = hash;
    this.slots[slot] = id;
    if (this.count * 2 > this.slots.length) this.rehash();
    return id;
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2).fill(-1);
    this.mask = this.slots.length - 1;
    for (let id = 0; id < this.count; id++) {
      let slot = this.hashes[id]! & this.mask;
      while (this.slots[slot]! >= 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = id;
    }
  }
}
