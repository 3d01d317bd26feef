/** Where builds and distributions put the vmlinux of a kernel and its modules. */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { KernelIdentity } from '../../capture/eventTable';
import { isUri } from '../workspaceFiles';

/** Where the debug info of a kernel may be, likeliest first. */
export interface SearchedMachine {
  /** Folder of the kernel source, which is also where it is built; null when none is chosen. */
  readonly tree: string | null;
  /** What the paths of the system begin with: `/`; null for a machine that is not searched. */
  readonly root: string | null;
}

/** A release is part of a path: it must not lead anywhere else. */
const PLAIN_RELEASE = /^[\w.+~-]+$/;

/** Places of the vmlinux of these kernels, likeliest first. */
export function vmlinuxPlaces(
  kernels: readonly KernelIdentity[],
  { tree, root }: SearchedMachine,
): readonly string[] {
  const places = new Set<string>();
  if (root === null) return [];
  // One that an editor's file system has is none of this machine.
  if (tree !== null && !isUri(tree)) places.add(path.join(tree, 'vmlinux'));
  for (const { buildId } of kernels) {
    if (buildId === null || buildId.length < 4) continue;
    places.add(path.join(root, `usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`));
  }
  for (const { release } of kernels) {
    if (release === null || !PLAIN_RELEASE.test(release) || release.startsWith('.')) continue;
    places.add(vmlinuxOfRelease(root, release));
    places.add(path.join(root, `usr/lib/debug/lib/modules/${release}/vmlinux`));
    places.add(path.join(root, `boot/vmlinux-${release}`));
    places.add(path.join(root, `lib/modules/${release}/build/vmlinux`));
    places.add(path.join(root, `lib/modules/${release}/vmlinux`));
  }
  return [...places];
}

/** Where the debug package of Debian and Ubuntu has it. */
export function vmlinuxOfRelease(root: string, release: string): string {
  return path.join(root, `usr/lib/debug/boot/vmlinux-${release}`);
}

/** Folders that may have the modules of a vmlinux, those that are there. */
export async function modulesPlaces(
  vmlinux: string,
  release: string | null,
  { tree, root }: SearchedMachine,
): Promise<readonly string[]> {
  if (root === null) return [];
  const beside = path.dirname(vmlinux);
  const places = beside === tree || (await isThere(path.join(beside, 'Module.symvers'))) ? [beside] : [];
  if (release !== null && PLAIN_RELEASE.test(release) && !release.startsWith('.')) {
    places.push(path.join(root, `usr/lib/debug/lib/modules/${release}`));
    places.push(path.join(root, `lib/modules/${release}`));
  }
  const found: string[] = [];
  for (const place of places) if (await isThere(place)) found.push(place);
  return found;
}

export async function isThere(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}

/** Whether it is a file, and in the folder also when symbolic links are followed. */
export async function isFileIn(folder: string, file: string): Promise<boolean> {
  try {
    const [realFolder, realFile] = await Promise.all([realpath(folder), realpath(file)]);
    return realFile.startsWith(realFolder + path.sep) && (await stat(realFile)).isFile();
  } catch {
    return false;
  }
}
