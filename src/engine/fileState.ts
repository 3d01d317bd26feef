/** Whether a file is still what it was when it was opened. */

export interface FileState {
  /** Bytes. */
  readonly size: number;
  /** ns since 1970. */
  readonly modified: bigint;
  /** Device and inode: another file of the same name has others. Empty where a file system has no such thing. */
  readonly identity: string;
}

/** What happened to a file since it was opened. */
export interface FileChange {
  readonly kind: 'changed' | 'gone' | 'unknown';
  /** To continue "the file". */
  readonly text: string;
}

export const GONE: FileChange = { kind: 'gone', text: 'was deleted or moved away' };

/** @param reason why the system does not say what became of it, to follow the words: in parentheses or after a colon */
export function unknownChange(reason: string): FileChange {
  return { kind: 'unknown', text: `cannot be looked at any more${reason}` };
}

/** Null when nothing happened. */
export function changeBetween(before: FileState, now: FileState): FileChange | null {
  const text = differenceText(before, now);
  return text === null ? null : { kind: 'changed', text };
}

function differenceText(before: FileState, now: FileState): string | null {
  if (now.identity !== before.identity) return 'was replaced by another one';
  if (now.size > before.size) return `grew beyond its ${before.size} bytes`;
  if (now.size < before.size) return `was cut below its ${before.size} bytes`;
  return now.modified === before.modified ? null : 'was written to';
}
