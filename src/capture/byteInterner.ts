import { grown } from './growingColumn';
import { HashSlots } from './hashSlots';

const FNV_PRIME = 0x01000193;
const FNV_BASIS = 0x811c9dc5 | 0;

/** A capture is untrusted: beyond this the names are rubbish, and one id stands for all further ones. */
const LARGEST_ARENA = 1 << 29;
/** Longest string kept, in bytes. KSYM_NAME_LEN of the kernel is 512. */
const LONGEST_STRING = 1024;
const OVERFLOW_NAME = new TextEncoder().encode('(too many names)');

/** Gives each distinct run of bytes a dense id. A run that was seen before costs a hash and a compare. */
export class ByteInterner extends HashSlots {
  private arena = new Uint8Array(1 << 14);
  private used = 0;
  private overflow = -1;

  /** The id of `bytes[start, end)`, cut to {@link LONGEST_STRING}. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    return this.look(bytes, start, Math.min(end, start + LONGEST_STRING), true);
  }

  /** The id of `bytes[start, end)`, or -1 when it was never interned. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.look(bytes, start, end, false);
  }

  private look(bytes: Uint8Array, start: number, end: number, add: boolean): number {
    let hash = FNV_BASIS;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
    hash ^= hash >>> 15;
    let slot = hash & this.mask;
    for (;;) {
      const id = this.slots[slot]!;
      if (id < 0) return add ? this.add(bytes, start, end, hash, slot) : -1;
      if (this.hashes[id] === hash && this.equals(id, bytes, start, end)) return id;
      slot = (slot + 1) & this.mask;
    }
  }

  /** A view of the bytes of an id, good until the next `intern`. */
  bytes(id: number): Uint8Array {
    return this.arena.subarray(this.startOf(id), this.ends[id]);
  }

  private equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.startOf(id);
    if (this.ends[id]! - at !== end - start) return false;
    const arena = this.arena;
    for (let i = start; i < end; i++, at++) if (arena[at] !== bytes[i]) return false;
    return true;
  }

  private add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const length = end - start;
    if (this.used + length > LARGEST_ARENA) {
      if (this.overflow < 0) this.overflow = this.store(OVERFLOW_NAME, 0, OVERFLOW_NAME.length, hash, slot);
      return this.overflow;
    }
    return this.store(bytes, start, end, hash, slot);
  }

  private store(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const length = end - start;
    if (this.used + length > this.arena.length) {
      this.arena = grown(this.arena, new Uint8Array(Math.max(this.arena.length * 2, this.used + length)));
    }
    this.arena.set(bytes.subarray(start, end), this.used);
    this.used += length;
    return this.insert(hash, slot, this.used);
  }
}
