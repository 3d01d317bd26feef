/** The editor's file systems for the engine's worker, which asks for them by messages. */
import * as vscode from 'vscode';
import { MISSING, type WorkspaceFiles, type WorkspaceStat } from '../engine/workspaceFiles';
import type { TreeEntry } from '../source/treeAccess';
import { uriOf } from './fileNames';

const { File, Directory, SymbolicLink } = vscode.FileType;

export class EditorFiles implements WorkspaceFiles {
  async stat(name: string, path: string): Promise<WorkspaceStat> {
    const { type, size, mtime } = await told(vscode.workspace.fs.stat(place(name, path)));
    // A capture may be a link. One that is found in a folder may lead out of it.
    const target = path === '' ? type & ~SymbolicLink : type;
    const kind = target === File ? 'file' : target === Directory ? 'folder' : 'other';
    return { kind, size, modified: mtime };
  }

  async list(name: string, path: string): Promise<readonly TreeEntry[]> {
    const entries = await told(vscode.workspace.fs.readDirectory(place(name, path)));
    return entries.flatMap(([entry, type]): TreeEntry[] => {
      if (type === File) return [{ name: entry, kind: 'file' }];
      return type === Directory ? [{ name: entry, kind: 'folder' }] : [];
    });
  }

  async read(name: string, path: string, limit: number): Promise<Uint8Array> {
    const { kind, size } = await this.stat(name, path);
    if (kind !== 'file') throw new Error('is no file.');
    if (size > limit) throw new Error(`has more than ${limit} bytes.`);
    const bytes = await told(vscode.workspace.fs.readFile(place(name, path)));
    // Some file systems hand out a part of a larger memory, which would cross to the worker as a whole.
    return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  }

  async write(name: string, path: string, bytes: Uint8Array): Promise<void> {
    await told(vscode.workspace.fs.writeFile(place(name, path), bytes));
  }
}

function place(name: string, path: string): vscode.Uri {
  const uri = uriOf(name);
  return path === '' ? uri : vscode.Uri.joinPath(uri, path);
}

/** Failures in words that continue the name of the file. */
async function told<T>(work: Thenable<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof vscode.FileSystemError ? error.code : '';
  if (code === 'FileNotFound') return MISSING;
  if (code === 'NoPermissions') return 'may not be used: its file system does not allow it.';
  return `cannot be used: ${error instanceof Error ? error.message : String(error)}`;
}
