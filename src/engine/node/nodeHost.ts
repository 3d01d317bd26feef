/** Node on this machine: files and folders by their paths. */
import type { EngineHost } from '../engineHost';
import { IndexStore } from '../indexStore';
import { LARGEST_VMLINUX } from './debugInfoFiles';
import { NodeDebugInfo } from './debugInfoMachine';
import { NodeFile } from './nodeFile';
import { changeOf } from './nodeFileState';
import { OpenFiles } from './openFiles';
import { NodeTexts } from './nodeTexts';
import { NodeTree } from './nodeTree';
import { otherThreadsOf } from './otherThreads';
import { writePieces } from './writePieces';

/**
 * @param cacheFolder where lookups in kernel trees are kept from one run to the next; null for nowhere
 * @param systemRoot where a vmlinux and modules are looked for that nobody chose: `/`; null for nowhere
 * @param decompressionScript path of the bundled thread that decompresses large captures; null for none
 */
export function nodeHost(
  cacheFolder: string | null = null,
  systemRoot: string | null = null,
  decompressionScript: string | null = null,
): EngineHost {
  const otherThreads = otherThreadsOf(decompressionScript);
  return {
    openFile: (name) => NodeFile.open(name, otherThreads),
    unpack: async ({ name }, options) => {
      const files = new OpenFiles();
      try {
        const content = await files.openUnpacked(name, LARGEST_VMLINUX, options);
        return {
          content,
          close: () => {
            files.close();
          },
        };
      } catch (error) {
        files.close();
        throw error;
      }
    },
    changeOf,
    openTree: (root) => NodeTree.open(root),
    writeFile: writePieces,
    index: cacheFolder === null ? null : new IndexStore(new NodeTexts(cacheFolder)),
    debugInfo: new NodeDebugInfo(systemRoot),
  };
}
