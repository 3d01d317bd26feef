/** Where the editor's file systems are all there is: a browser's worker, or a folder that is not of this machine. */
import type { EngineHost } from './engineHost';
import { ExportError, inputError } from './errors';
import { IndexStore, type KeptTexts } from './indexStore';
import { changeOfWorkspaceFile, WorkspaceFile } from './workspaceFile';
import { isUri, type WorkspaceFiles } from './workspaceFiles';
import { unpackInMemory } from './packedContent';
import { WorkspaceTree } from './workspaceTree';

/** Bytes of an index of a whole tree at most: those of linux-6.1 have a hundredth. */
const LARGEST_TEXT = 2 ** 28;

/** @param cacheFolder URI of a folder for what is kept from one run to the next; null for nowhere */
export function workspaceHost(files: WorkspaceFiles, cacheFolder: string | null): EngineHost {
  return {
    openFile: (name, options) => WorkspaceFile.open(name, files, options),
    unpack: async (file, options) => ({
      content: await unpackInMemory(file, options),
      close: () => undefined,
    }),
    changeOf: (name, before) => changeOfWorkspaceFile(name, before, files),
    openTree: (root) => WorkspaceTree.open(root, files),
    writeFile: (name, pieces, inputs) => writeWhole(name, pieces, inputs, files),
    index: cacheFolder === null ? null : new IndexStore(textsIn(cacheFolder, files)),
    debugInfo: null,
  };
}

/** One host for what has a path and another for what has a URI; what is kept is kept by the first. */
export function hostByName(paths: EngineHost, uris: EngineHost): EngineHost {
  const of = (name: string): EngineHost => (isUri(name) ? uris : paths);
  return {
    openFile: (name, options) => of(name).openFile(name, options),
    unpack: (file, options) => of(file.name).unpack(file, options),
    changeOf: (name, before) => of(name).changeOf(name, before),
    openTree: (root) => of(root).openTree(root),
    writeFile: (name, pieces, inputs) => of(name).writeFile(name, pieces, inputs),
    index: paths.index,
    debugInfo: paths.debugInfo,
  };
}

async function writeWhole(
  name: string,
  pieces: AsyncIterable<string>,
  inputs: readonly string[],
  files: WorkspaceFiles,
): Promise<number> {
  if (inputs.includes(name)) throw inputError(name, name);
  const texts: string[] = [];
  for await (const piece of pieces) texts.push(piece);
  const bytes = new Uint8Array(await new Blob(texts).arrayBuffer());
  await files.write(name, '', bytes).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExportError(`${name} ${reason} Choose another place.`);
  });
  return bytes.length;
}

function textsIn(folder: string, files: WorkspaceFiles): KeptTexts {
  return {
    read: async (name) => new TextDecoder().decode(await files.read(folder, name, LARGEST_TEXT)),
    write: (name, text) => files.write(folder, name, new TextEncoder().encode(text)),
  };
}
