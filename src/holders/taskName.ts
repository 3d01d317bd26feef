/**
 * `pinner-210`, as ftrace prints it. Where there is no comm, as in page_owner up to 5.17 (mm/page_owner.c), `-210` would
 * read as a negative number.
 */
export function taskName(comm: string, pid: number): string {
  return comm === '' ? `pid ${pid}` : `${comm}-${pid}`;
}
