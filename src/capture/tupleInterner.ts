/** Gives each distinct sequence of 32-bit integers a dense id: tasks, frames and stacks are such sequences. */
export class TupleInterner {
  private arena = new Int32Array(1024);
  private used = 0;
  /** Where the sequence of an id ends in the arena; it starts where the one before ends. */
  private ends = new Int32Array(256);
  private hashes = new Int32Array(256);
  private slots = new Int32Array(1024).fill(-1);
  private mask = 1023;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The id of the first `length` numbers of `values`. */
  intern(values: Int32Array, length: number): number {
    let hash = length;
    for (let i = 0; i < length; i++) {
      hash = Math.imul(hash ^ values[i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    let slot = hash & this.mask;
    for (;;) {
      const id = this.slots[slot]!;
      if (id < 0) return this.add(values, length, hash, slot);
      if (this.hashes[id] === hash && this.equals(id, values, length)) return id;
      slot = (slot + 1) & this.mask;
    }
  }

  /** Number `index` of the sequence of an id. */
  at(id: number, index: number): number {
    return this.arena[this.start(id) + index]!;
  }

  /** A view of the whole sequence of an id, good until the next `intern`. */
  tuple(id: number): Int32Array {
    return this.arena.subarray(this.start(id), this.ends[id]);
  }

  private start(id: number): number {
    return id === 0 ? 0 : this.ends[id - 1]!;
  }

  private equals(id: number, values: Int32Array, length: number): boolean {
    const start = this.start(id);
    if (this.ends[id]! - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.arena[start + i] !== values[i]) return false;
    return true;
  }

  private add(values: Int32Array, length: number, hash: number, slot: number): number {
    if (this.used + length > this.arena.length) {
      this.arena = widened(this.arena, Math.max(this.arena.length * 2, this.used + length));
    }
    this.arena.set(values.subarray(0, length), this.used);
    this.used += length;
    const id = this.count++;
    if (id === this.ends.length) {
      this.ends = widened(this.ends, id * 2);
      this.hashes = widened(this.hashes, id * 2);
    }
    this.ends[id] = this.used;
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

function widened(column: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(capacity);
  wider.set(column);
  return wider;
}
