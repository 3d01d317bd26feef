/** Whether what a WebAssembly module exports is a function: it takes numbers and returns one. */
export function isNumericFunction(value: unknown): value is (...numbers: number[]) => number {
  return typeof value === 'function';
}
