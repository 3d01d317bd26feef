/** Where debug info is that was split off from a vmlinux or a module, as gdb looks for it ("Separate Debug Files"). */
import path from 'node:path';
import { Crc32 } from '../../capture/crc32';
import { DebugFile } from '../../source/debugFile';
import { DebugFileError } from '../../source/elf/debugProblems';
import type { RangeSource } from '../../source/elf/rangeSource';
import { isFileIn } from './debugInfoPlaces';
import type { OpenFiles } from './openFiles';

/** Bytes read at a time for a checksum. */
const STEP = 1 << 20;

/** A file that may be the wanted one, and the folder that it must be in for real. */
interface Candidate {
  readonly file: string;
  readonly folder: string;
}

/**
 * Opens the debug info of a stripped file. Of the right build it is by its build-id, or by the checksum in
 * .gnu_debuglink where there are no build-ids.
 *
 * @param place path of the stripped file
 * @param folders trees that may have it, beside the folder of the file itself
 * @param root what the paths of the system begin with, `/`; null when the system is not searched
 * @returns null when it is not found
 */
export async function openSeparate(
  stripped: DebugFile,
  place: string,
  folders: readonly string[],
  root: string | null,
  handles: OpenFiles,
): Promise<DebugFile | null> {
  const system = root === null ? [] : [path.join(root, 'usr/lib/debug')];
  for (const { file, folder } of candidates(stripped, place, folders, system)) {
    if (!(await isFileIn(folder, file))) continue;
    try {
      const source = handles.open(file);
      const found = await DebugFile.open(source);
      if (!found.hasDebugInfo || !isOf(stripped, found, source)) continue;
      found.stripped = stripped;
      return found;
    } catch (error) {
      if (!(error instanceof DebugFileError)) throw error;
    }
  }
  return null;
}

function* candidates(
  { buildId, debugLink }: DebugFile,
  place: string,
  folders: readonly string[],
  system: readonly string[],
): Generator<Candidate> {
  const beside = path.dirname(place);
  const trees = new Set([beside, ...folders, ...system]);
  if (buildId !== null && buildId.length >= 4) {
    const name = `.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
    for (const folder of trees) yield { file: path.join(folder, name), folder };
  }
  // The name is the file's own claim: it must not lead anywhere.
  const name = debugLink?.name ?? '';
  if (!/^[^/\\\0]+$/.test(name) || name === '.' || name === '..') return;
  yield { file: path.join(beside, name), folder: beside };
  yield { file: path.join(beside, '.debug', name), folder: beside };
  for (const folder of system) yield { file: path.join(folder, beside, name), folder };
}

function isOf(stripped: DebugFile, found: DebugFile, source: RangeSource): boolean {
  if (stripped.buildId !== null && found.buildId !== null) return stripped.buildId === found.buildId;
  return stripped.debugLink !== null && stripped.debugLink.checksum === checksumOf(source);
}

function checksumOf(source: RangeSource): number {
  const checksum = new Crc32();
  const buffer = new Uint8Array(STEP);
  for (let offset = 0; offset < source.size; offset += STEP) {
    checksum.update(buffer.subarray(0, source.readNow!(offset, buffer)));
  }
  return checksum.value;
}
