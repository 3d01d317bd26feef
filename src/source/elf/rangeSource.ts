/**
 * The only way the source room touches a file with debug info. A vmlinux has hundreds of megabytes: it is read by
 * ranges, never whole.
 */
export interface RangeSource {
  /** What people call it: a path or URI, used in messages only. */
  readonly name: string;
  /** Bytes, as they were when it was opened. */
  readonly size: number;
  /** Reads up to `length` bytes at `offset`; a shorter result means that the file ends there. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * Like {@link read}, into the whole of `target` and without waiting; says how many bytes there were. Optional:
   * thousands of small reads take a hundredth of the time where the file can be read at once.
   */
  readNow?(offset: number, target: Uint8Array): number;
}

/** A value that may be there already: waiting for it costs more than most look-ups. */
export type Now<T> = T | Promise<T>;

/** What `next` makes of the value: at once where it is there. */
export function then<T, U>(value: Now<T>, next: (value: T) => Now<U>): Now<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Reads up to `length` bytes into memory of their own. */
export function readRange(source: RangeSource, offset: number, length: number): Now<Uint8Array> {
  const wanted = Math.max(0, Math.min(length, source.size - offset));
  if (source.readNow === undefined) return source.read(offset, wanted);
  const bytes = new Uint8Array(wanted);
  return bytes.subarray(0, source.readNow(offset, bytes));
}
