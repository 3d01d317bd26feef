/**
 * The indexes of the times in order of time, or null when they are in order already. Equal times
 * keep their order; NaN counts as the time before it.
 *
 * A recording is one sorted run for each CPU and round of reading, and rounds hardly overlap. So this merges
 * natural runs, with balanced sizes, and each merge only touches the stretch in which two runs overlap. Each merge is
 * a step.
 */
export function* orderSteps(times: Float64Array): Generator<void, Uint32Array | null> {
  const { length } = times;
  const keys = withoutNaN(times);
  const starts = runStarts(keys);
  if (starts.length === 1 || length === 0) return null;
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  const merger = new RunMerger(keys, order);
  // Runs that wait to be merged, each more than twice as long as the next: so there are few, and merges are even.
  const waiting: number[] = [];
  for (let i = 0; i < starts.length; i++) {
    let start = starts[i]!;
    const end = starts[i + 1] ?? length;
    while (waiting.length > 0 && start - waiting[waiting.length - 1]! <= 2 * (end - start)) {
      const before = waiting.pop()!;
      merger.merge(before, start, end);
      yield;
      start = before;
    }
    waiting.push(start);
  }
  for (let start = waiting.pop()!; waiting.length > 0;) {
    const before = waiting.pop()!;
    merger.merge(before, start, length);
    yield;
    start = before;
  }
  return order;
}

function withoutNaN(times: Float64Array): Float64Array {
  let previous = -Infinity;
  let keys: Float64Array | null = null;
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    if (!Number.isNaN(time)) {
      previous = time;
      continue;
    }
    keys ??= times.slice();
    keys[i] = previous;
  }
  return keys ?? times;
}

function runStarts(keys: Float64Array): number[] {
  const starts = [0];
  for (let i = 1; i < keys.length; i++) if (keys[i]! < keys[i - 1]!) starts.push(i);
  return starts;
}

class RunMerger {
  private spare = new Uint32Array(0);

  constructor(
    private readonly keys: Float64Array,
    private readonly order: Uint32Array,
  ) {}

  /** Merges the sorted runs `[start, middle)` and `[middle, end)` of the order. */
  merge(start: number, middle: number, end: number): void {
    const { keys, order } = this;
    // What stands before the second run's first and behind the first run's last stays where it is.
    const first = this.firstAbove(start, middle, keys[order[middle]!]!);
    if (first === middle) return;
    const behind = this.firstNotBelow(middle, end, keys[order[middle - 1]!]!);
    const count = middle - first;
    if (this.spare.length < count) this.spare = new Uint32Array(Math.max(count, this.spare.length * 2));
    const spare = this.spare;
    spare.set(order.subarray(first, middle));
    let left = 0;
    let right = middle;
    for (let to = first; left < count; to++) {
      if (right < behind && keys[order[right]!]! < keys[spare[left]!]!) order[to] = order[right++]!;
      else order[to] = spare[left++]!;
    }
  }

  /** Index of the first entry of `[from, to)` whose key is above `key`. */
  private firstAbove(from: number, to: number, key: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keys[this.order[middle]!]! <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the first entry of `[from, to)` whose key is not below `key`. */
  private firstNotBelow(from: number, to: number, key: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keys[this.order[middle]!]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
