/** Whether a file is still what it was when it was opened. */

export interface FileState {
  /** Bytes. */
  readonly size: number;
  /** ns since 1970. */
  readonly modified: bigint;
  /** Device and inode: another file of the same name has others. Empty where a file system has no such thing. */
  readonly identity: string;
}

/** What happened to a file, to continue "the file"; null when nothing did. */
export function changeBetween(before: FileState, now: FileState): string | null {
  if (now.identity !== before.identity) return 'was replaced by another one';
  if (now.size > before.size) return `grew beyond its ${before.size} bytes`;
  if (now.size < before.size) return `was cut below its ${before.size} bytes`;
  return now.modified === before.modified ? null : 'was written to';
}
