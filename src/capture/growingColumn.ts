/** The arrays that table columns are made of. */
export type Column = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array | Int8Array;

/** `wider`, beginning with what `column` holds. */
export function grown<T extends Column>(column: T, wider: T): T {
  wider.set(column);
  return wider;
}
