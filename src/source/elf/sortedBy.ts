const ID_RANGE = 2 ** 21;
const VALUE_RANGE = 2 ** 32;

/** Ids in the order of their values, then of themselves. */
export function sortedBy(ids: Uint32Array, values: ArrayLike<number>): Uint32Array {
  // One number for both is sorted without a call for each comparison: 4 ms instead of 30 for the symbols of a kernel.
  const keys = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    const value = values[id]!;
    if (!(id < ID_RANGE && value >= 0 && value < VALUE_RANGE)) {
      return ids.slice().sort((a, b) => values[a]! - values[b]! || a - b);
    }
    keys[i] = value * ID_RANGE + id;
  }
  keys.sort();
  const sorted = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) sorted[i] = keys[i]! % ID_RANGE;
  return sorted;
}
