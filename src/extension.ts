/** The extension in Node: on the desktop, or on the host of a remote window. */
import { open } from 'node:fs/promises';
import * as vscode from 'vscode';
import { absolutePath } from './absolutePath';
import { compose, type PageHoldersApi } from './composition';
import { inWorkerThread } from './engine/node/startWorker';

export type { PageHoldersApi } from './composition';

export function activate(context: vscode.ExtensionContext): PageHoldersApi {
  const bundled = (name: string): string => vscode.Uri.joinPath(context.extensionUri, 'dist', name).fsPath;
  const cacheFolder = context.globalStorageUri.fsPath;
  return compose(context, {
    startEngine: inWorkerThread(bundled('worker.js'), {
      cacheFolder,
      systemRoot: '/',
      decompressionScript: bundled('decompression.js'),
    }),
    absolutePath,
    headOf,
  });
}

async function headOf(file: string, length: number): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
