import type { ReferenceEnd } from './model';

/**
 * `pinner-210`, as ftrace prints it. Where there is no comm, as in page_owner up to 5.17 (mm/page_owner.c), `-210` would
 * read as a negative number.
 */
export function taskName(comm: string, pid: number): string {
  return comm === '' ? `pid ${pid}` : `${comm}-${pid}`;
}

/**
 * Who dropped a reference: `by reader-9`, `in an interrupt`; null where the capture names no task.
 *
 * @param task name of the task that ran, or null
 */
export function byWhom(
  task: string | null,
  { inInterrupt }: Pick<ReferenceEnd, 'inInterrupt'>,
): string | null {
  if (inInterrupt === true) return 'in an interrupt';
  return task === null ? null : `by ${task}`;
}
