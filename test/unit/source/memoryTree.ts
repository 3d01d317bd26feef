import type { FileStamp, KernelTree, TreeEntry } from '../../../src/source/treeAccess';

const MAKEFILE = 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 7\nEXTRAVERSION = -rc1\nNAME = Test\n';

/** What makes a folder a kernel tree, so that a test names only the files that it is about. */
const SKELETON: Readonly<Record<string, string>> = {
  Makefile: MAKEFILE,
  Kconfig: '',
  'arch/x86/Kconfig': '',
  'fs/Kconfig': '',
  'include/linux/kernel.h': '',
  'kernel/Makefile': '',
  'mm/Makefile': '',
};

/** A kernel tree in memory. Reads are counted, and can be made to change or to fail. */
export class MemoryTree implements KernelTree {
  readonly name = 'memory';
  readonly files = new Map<string, { bytes: Uint8Array; modified: number }>();
  reads: string[] = [];
  onRead: (path: string) => void = () => undefined;

  constructor(files: Readonly<Record<string, string | Uint8Array>>, skeleton = true) {
    for (const [path, text] of Object.entries({ ...(skeleton ? SKELETON : {}), ...files }))
      this.write(path, text);
  }

  write(path: string, text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    this.files.set(path, { bytes, modified: (this.files.get(path)?.modified ?? 0) + 1 });
  }

  list(folder: string): Promise<readonly TreeEntry[]> {
    const prefix = folder === '' ? '' : `${folder}/`;
    const kinds = new Map<string, 'file' | 'folder'>();
    for (const path of this.files.keys()) {
      if (!path.startsWith(prefix)) continue;
      const [name = '', ...rest] = path.slice(prefix.length).split('/');
      kinds.set(name, rest.length > 0 ? 'folder' : 'file');
    }
    return Promise.resolve([...kinds].map(([name, kind]) => ({ name, kind })));
  }

  read(path: string, limit: number): Promise<Uint8Array | null> {
    this.reads.push(path);
    this.onRead(path);
    const bytes = this.files.get(path)?.bytes;
    return Promise.resolve(bytes && bytes.length <= limit ? bytes : null);
  }

  stat(path: string): Promise<FileStamp | null> {
    const file = this.files.get(path);
    return Promise.resolve(file ? { size: file.bytes.length, modified: file.modified } : null);
  }
}
