// npm run host [-- KERNEL-TREE]: the packaged extension with its sample capture in a VS Code served on this machine.
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureCodeServer, findCodeServer, hosts } from './codeServer.mjs';
import { installExtension, packageExtension } from './extensionPackage.mjs';
import { findKernelTree } from './kernelTree.mjs';
import { repository } from './paths.mjs';
import { startServer } from './server.mjs';

const chosen = process.argv[2];
if (chosen && !existsSync(path.join(chosen, 'Kbuild'))) {
  console.error(`${chosen} is no kernel tree: it has no Kbuild. Usage: npm run host [-- KERNEL-TREE]`);
  process.exit(2);
}
const kernelTree = chosen ? path.resolve(chosen) : findKernelTree();

if (!findCodeServer('newest')) {
  console.log(`Installing VS Code ${hosts.newest.vscode} (code-server, 780 MB) from npm; this happens once.`);
}
const host = await ensureCodeServer('newest');
const folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-open-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const extensionsFolder = path.join(folder, 'extensions');
await installExtension(host, await packageExtension(), extensionsFolder);

const sample = path.join(folder, 'sample');
cpSync(path.join(repository, 'media/sample'), sample, { recursive: true });
const workspace = path.join(folder, 'page-holders.code-workspace');
const folders = [{ path: sample }, ...(kernelTree ? [{ path: kernelTree }] : [])];
writeFileSync(workspace, JSON.stringify({ folders }));

const server = await startServer(host, {
  log: 'open',
  extensionsFolder,
  kernelTree,
});
const port = server.authority.split(':')[1];
console.log(`
Page Holders in VS Code ${hosts.newest.vscode} (code-server). Open in a browser:

  ${server.url({ workspace })}

From another machine, first: ssh -L ${port}:127.0.0.1:${port} ${os.hostname()}
${kernelTree ? `Kernel tree: ${kernelTree}` : 'No kernel tree is open; to jump into one: npm run host -- KERNEL-TREE'}
Ctrl+C ends it.`);

const stopSignal = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, resolve);
});
await Promise.race([stopSignal, server.ended]);
await server.stop();
process.exit();
