import { systemReason } from './systemReason';

/** Why a file cannot be opened, to continue its name; without a full stop. */
export function openFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read: check its permissions';
  if (code === 'EISDIR') return 'is a folder';
  return `cannot be opened: ${systemReason(error)}`;
}
