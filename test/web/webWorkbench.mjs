// The packaged extension in a workbench that runs in the browser alone, with a small kernel tree in a folder over HTTP.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openBrowser } from '../host/browser.mjs';
import { ensureCodeOss } from '../host/codeOss.mjs';
import { packageExtension, unpackExtension } from '../host/extensionPackage.mjs';
import { ensureKernelTree } from '../host/kernelTree.mjs';
import { outFolder, repository } from '../host/paths.mjs';
import { settings } from '../host/server.mjs';
import { startWebServer } from '../host/webServer.mjs';
import { driveWorkbench, openWindow, page, rowInExplorer, succeeds } from '../ui/workbench.mjs';

/** What makes a folder a kernel tree, and the sources of the stacks of the captures. */
const sources = [
  ...[
    'Kconfig',
    'Makefile',
    'Kbuild',
    'include/linux/mm.h',
    'include/linux/uio.h',
    'include/linux/page_ref.h',
  ],
  ...[
    'mm',
    'kernel/panic.c',
    'lib/iov_iter.c',
    'fs/splice.c',
    'fs/pipe.c',
    'fs/read_write.c',
    'arch/x86/entry',
  ],
];

/** What lies in its folder `captures of today`. */
const captureFiles = {
  'trace.txt': 'media/sample/trace.txt',
  'trace.dat': 'test/fixtures/a_reader/trace.dat',
  'pipes.trace.dat': 'test/fixtures/f_dat_v7_zstd/trace.dat',
  'page_owner.xz': 'test/fixtures/dumps/page_owner.xz',
  'page_owner.zst': 'test/fixtures/dumps/page_owner.zst',
};

/** The folder that the workbench has as `mounted:/linux`. */
export let tree;
/** What the mounted folder was asked, and hosts that are not of this machine. */
export let asked;
export let refused;

let scratch;
let server;
let browser;

export async function startWebWorkbench() {
  const [workbench, kernelTree] = await Promise.all([ensureCodeOss(), ensureKernelTree()]);
  scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-web-'));
  const extension = unpackExtension(await packageExtension(), path.join(scratch, 'vsix'));
  const mounted = path.join(scratch, 'mounted');
  tree = path.join(mounted, 'linux');
  for (const source of sources) {
    mkdirSync(path.dirname(path.join(tree, source)), { recursive: true });
    cpSync(path.join(kernelTree, source), path.join(tree, source), { recursive: true });
  }
  const captures = path.join(tree, 'captures of today');
  mkdirSync(captures);
  for (const [name, file] of Object.entries(captureFiles)) {
    copyFileSync(path.join(repository, file), path.join(captures, name));
  }
  server = await startWebServer({
    workbench,
    extensions: [extension, path.join(import.meta.dirname, 'mountedFolder')],
    mounted,
    settings,
  });
  ({ asked } = server);
  browser = await openBrowser((host) => /^(?:.*\.)?localhost$/.test(host));
  ({ refused } = browser);
  driveWorkbench({ page: browser.page, url: server.url, shots: path.join(outFolder, 'shots-web') });
  if (process.env.PAGE_HOLDERS_VERBOSE) {
    page.on('console', (message) => console.log(`[${message.type()}] ${message.text()}`));
  }
}

export async function stopWebWorkbench() {
  await browser?.close();
  await server?.stop();
  if (scratch) rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}

/** Opens a window on the mounted kernel tree. */
export async function openTree() {
  await openWindow({ folder: 'mounted:/linux' });
}

/** Opens the context menu of a file in the explorer, and chooses an entry of it. */
export async function chooseInExplorer(folder, file, entry) {
  await (await rowInExplorer(file, folder)).click({ button: 'right' });
  const item = page.locator('.context-view .action-label', { hasText: entry }).first();
  // A menu takes no click in its first tenth of a second.
  for (let tries = 0; tries < 5; tries++) {
    await item.click();
    const isClosed = await succeeds(item.waitFor({ state: 'hidden', timeout: 1000 }));
    if (isClosed) return;
  }
  throw new Error(`${entry} cannot be chosen`);
}
