/* AssemblyScript: stacks that are recognised by the bytes of their addresses. */
import * as layout from '../layout';

/** 2^32 by the golden ratio. */
const HASH_FACTOR: i32 = 0x9e3779b1;

/** Asked for the block of a stack in `[start, end)` that is not known here. */
declare function blockOf(start: i32, end: i32): i32;
/** The stack of the block that was asked for last. */
declare function stackOfBlock(): i32;

/** Two that share a place only guess wrong. */
export function placeOfGuess(block: i32, name: i32): i32 {
  return layout.GUESS_TABLE + (((block * HASH_FACTOR + name) & (layout.GUESSES - 1)) << 2);
}

/**
 * The block of a row's stack that is not the guessed one, 4 in 100: nearly all were met before, and are found without a
 * question. The row gets the stack.
 */
export function otherBlock(start: i32, bytes: i32, row: i32): i32 {
  const place = placeOfHash(start, bytes);
  const known = load<i32>(place);
  if (isBlock(known, start, bytes)) {
    giveStack(row, known);
    return known;
  }
  const block = blockOf(start, start + bytes);
  store<i32>(place, block);
  store<i32>(layout.STACK + (row << 2), stackOfBlock());
  return block;
}

/** Gives a row the stack of a block that is known here. */
export function giveStack(row: i32, block: i32): void {
  store<i32>(layout.STACK + (row << 2), load<i32>(layout.BLOCK_STACKS + (block << 2)));
}

/** As {@link StackBlockCache.find}; two that share a place only ask again. */
function placeOfHash(start: i32, bytes: i32): i32 {
  let hash = bytes;
  for (let at = 0; at < bytes; at += 4) {
    hash = (hash ^ load<i32>(start + at)) * HASH_FACTOR;
    hash ^= hash >>> 15;
  }
  return layout.BLOCKS_BY_HASH + ((hash & (layout.HASHES - 1)) << 2);
}

/** Whether the bytes of a block, which are a multiple of 4, stand at `start`. */
export function isBlock(block: i32, start: i32, bytes: i32): bool {
  if (<u32>block >= <u32>layout.BLOCKS) return false;
  if (load<i32>(layout.BLOCK_LENGTHS + (block << 2)) != bytes) return false;
  const from = load<i32>(layout.BLOCK_STARTS + (block << 2));
  let at = 0;
  for (const stop = bytes - 15; at < stop; at += 16) {
    if (v128.any_true(v128.xor(v128.load(from + at), v128.load(start + at)))) return false;
  }
  for (; at < bytes; at += 4) {
    if (load<u32>(from + at) != load<u32>(start + at)) return false;
  }
  return true;
}
