import { grown } from './growingColumn';
import { HashSlots } from './hashSlots';

/** Gives each distinct sequence of 32-bit integers a dense id: tasks, frames and stacks are such sequences. */
export class TupleInterner extends HashSlots {
  private arena = new Int32Array(1024);
  private used = 0;

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
    return this.arena[this.startOf(id) + index]!;
  }

  /** A view of the whole sequence of an id, good until the next `intern`. */
  tuple(id: number): Int32Array {
    return this.arena.subarray(this.startOf(id), this.ends[id]);
  }

  private equals(id: number, values: Int32Array, length: number): boolean {
    const start = this.startOf(id);
    if (this.ends[id]! - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.arena[start + i] !== values[i]) return false;
    return true;
  }

  private add(values: Int32Array, length: number, hash: number, slot: number): number {
    if (this.used + length > this.arena.length) {
      this.arena = grown(this.arena, new Int32Array(Math.max(this.arena.length * 2, this.used + length)));
    }
    this.arena.set(values.subarray(0, length), this.used);
    this.used += length;
    return this.insert(hash, slot, this.used);
  }
}
