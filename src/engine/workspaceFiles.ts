/**
 * The files of an editor's file systems, for an engine that cannot reach them by itself: the worker asks the extension's
 * host, which has `workspace.fs`. What is asked for is named by a URI, and a path below it: `/` separated, or empty for
 * the URI itself.
 */
import type { TreeEntry } from '../source/treeAccess';

/** What is said of a file that is not there, to continue its name. */
export const MISSING = 'does not exist.';

export interface WorkspaceFiles {
  /** @throws Error that continues the name of the file, as {@link MISSING} does */
  stat(uri: string, path: string): Promise<WorkspaceStat>;
  /** Entries of a folder, without symbolic links. @throws Error as {@link stat} */
  list(uri: string, path: string): Promise<readonly TreeEntry[]>;
  /** A whole file of at most `limit` bytes. @throws Error as {@link stat} */
  read(uri: string, path: string, limit: number): Promise<Uint8Array>;
  /** Creates a file, or replaces one. @throws Error as {@link stat} */
  write(uri: string, path: string, bytes: Uint8Array): Promise<void>;
}

export interface WorkspaceStat {
  readonly kind: 'file' | 'folder' | 'other';
  /** Bytes. */
  readonly size: number;
  /** Modification time in ms since 1970, as the file system gives it. */
  readonly modified: number;
}

export type FileMethod = keyof WorkspaceFiles;

/** Whether a name is a URI; a single letter before the colon is a drive of Windows. */
export function isUri(name: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(name);
}
