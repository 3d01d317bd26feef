// The kernel source that the tests jump into: Debian's linux-source-6.1, of the kernel that made the captures.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runLogged } from './command.mjs';
import { downloadPackage, ensureTools } from './debian.mjs';
import { cacheFolder } from './paths.mjs';

const name = 'linux-source-6.1';

/** $PAGE_HOLDERS_KERNEL_TREE, or the tree that an earlier run unpacked, or undefined. */
export function findKernelTree() {
  const chosen = process.env.PAGE_HOLDERS_KERNEL_TREE;
  if (chosen && !existsSync(path.join(chosen, 'Kbuild'))) {
    throw new Error(`PAGE_HOLDERS_KERNEL_TREE: ${chosen} is no kernel tree (it has no Kbuild)`);
  }
  return [chosen, path.join(cacheFolder, name)].find((folder) => folder && existsSync(folder));
}

/** The folder of the tree, unpacked first if need be (130 MB to download, 1.4 GB on disk). */
export async function ensureKernelTree() {
  const found = findKernelTree();
  if (found) return found;
  const started = Date.now();
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(path.join(cacheFolder, 'unpacking-'));
  try {
    const archive = await sourceArchive(work);
    await ensureTools('unpacker');
    await runLogged('kernel-tree', 'tar', ['-xf', archive, '-C', work]);
    renameSync(path.join(work, name), path.join(cacheFolder, name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(`${name}: unpacked in ${Math.round((Date.now() - started) / 1000)} s`);
  return path.join(cacheFolder, name);
}

async function sourceArchive(work) {
  const installed = `/usr/src/${name}.tar.xz`;
  if (existsSync(installed)) return installed;
  await downloadPackage(name, work);
  const deb = readdirSync(work).find((file) => file.endsWith('.deb'));
  await runLogged('kernel-tree', 'dpkg-deb', ['-x', path.join(work, deb), work]);
  return path.join(work, installed);
}
