/** Smallest and largest ring buffer page in bytes that is believed: sub-buffers can be of several pages. */
export const SMALLEST_PAGE = 64;
export const LARGEST_PAGE = 1 << 24;

/** Whether ring buffer pages of so many bytes are believed. */
export function isPageSize(size: number): boolean {
  return size >= SMALLEST_PAGE && size <= LARGEST_PAGE;
}
