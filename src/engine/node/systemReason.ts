import { getSystemErrorMap } from 'node:util';

/** `no such file or directory`: why the system refused, without its call and the names that this was given. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errno } = error as NodeJS.ErrnoException;
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return words ?? error.message;
}
