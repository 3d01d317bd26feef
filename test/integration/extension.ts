import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import * as vscode from 'vscode';
import type { FromEngine } from '../../src/engine/protocol';
import type { PageHoldersApi } from '../../src/extension';

const ID = 'page-holders.page-holders';

/** The extension under test. */
export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension(ID);
  assert.ok(found, `${ID} is not among the extensions of this host`);
  return found;
}

/** The rows of the Captures view, which know those below them. */
export async function capturesTree(): Promise<PageHoldersApi['captures']> {
  const { captures } = (await extension().activate()) as PageHoldersApi;
  return captures;
}

/** Closes every file by its row: without one, the user is asked which. */
export async function closeAll(): Promise<void> {
  for (const row of await (await capturesTree()).getChildren()) {
    if ('node' in row && (row.node.kind === 'capture' || row.node.kind === 'symbol-file')) {
      await vscode.commands.executeCommand('pageHolders.closeCapture', row);
    }
  }
}

/** The sample capture that ships with the extension. */
export function sampleUri(): vscode.Uri {
  return vscode.Uri.joinPath(extension().extensionUri, 'media/sample/trace.txt');
}

/** The kernel tree, which is the folder that is open. */
export function kernelTree(): string {
  const tree = process.env['PAGE_HOLDERS_KERNEL_TREE'];
  assert.ok(tree, 'PAGE_HOLDERS_KERNEL_TREE is not set');
  assert.equal(vscode.workspace.workspaceFolders?.[0]?.uri.fsPath, tree);
  return tree;
}

/** Everything in the Holders view as text: the tree itself cannot be asked. */
export async function holdersText(): Promise<string> {
  await vscode.env.clipboard.writeText('');
  await vscode.commands.executeCommand('pageHolders.copyAllAsText');
  return vscode.env.clipboard.readText();
}

type Act = () => PromiseLike<unknown>;

/** What `act` tells the user in error messages; they are answered with nothing. */
export function errorMessages(act: Act): Promise<readonly string[]> {
  return messages('showErrorMessage', act);
}

/** In warnings. */
export function warnings(act: Act): Promise<readonly string[]> {
  return messages('showWarningMessage', act);
}

/** In messages that are no failures. */
export function informationMessages(act: Act): Promise<readonly string[]> {
  return messages('showInformationMessage', act);
}

async function messages(
  kind: 'showErrorMessage' | 'showWarningMessage' | 'showInformationMessage',
  act: Act,
): Promise<readonly string[]> {
  const said: string[] = [];
  // The suite lies within the extension's folder, so this is the extension's own `vscode.window`.
  const { [kind]: show } = vscode.window;
  vscode.window[kind] = (message: string): Promise<undefined> => {
    said.push(message);
    return Promise.resolve(undefined);
  };
  try {
    await act();
  } finally {
    vscode.window[kind] = show;
  }
  return said;
}

/** The worker of the extension, met when the next message goes to it. */
export async function engineWorker(): Promise<Worker> {
  const met: Worker[] = [];
  const original = Object.getOwnPropertyDescriptor(Worker.prototype, 'postMessage')!;
  const post = original.value as (...args: unknown[]) => void;
  Object.defineProperty(Worker.prototype, 'postMessage', {
    ...original,
    value: function (this: Worker, ...args: unknown[]): void {
      met.push(this);
      post.apply(this, args);
    },
  });
  try {
    await holdersText();
  } finally {
    Object.defineProperty(Worker.prototype, 'postMessage', original);
  }
  assert.ok(met[0], 'no message went to a worker');
  return met[0];
}

/** Keeps what a worker answers until it is released. */
export function holdAnswers(worker: Worker): { readonly held: readonly FromEngine[]; release: () => void } {
  const held: FromEngine[] = [];
  const emit = worker.emit.bind(worker) as (event: string, ...given: unknown[]) => boolean;
  Object.defineProperty(worker, 'emit', {
    configurable: true,
    value: (event: string, ...given: unknown[]): boolean => {
      if (event !== 'message') return emit(event, ...given);
      held.push(given[0] as FromEngine);
      return true;
    },
  });
  const release = (): void => {
    Reflect.deleteProperty(worker, 'emit');
    for (const message of held.splice(0)) worker.emit('message', message);
  };
  return { held, release };
}
