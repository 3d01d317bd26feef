/** Which files of a kernel tree can hold the code of a stack, and in which order to read them. */
import type { CompileCommands } from './compileCommands';
import { kept } from './keptPromises';
import type { KernelTree, LinkOut, TreeEntry } from './treeAccess';

/** Folders at the root that hold no kernel code. */
const SKIPPED_ROOTS = new Set([
  ...['Documentation', 'LICENSES', 'samples', 'scripts', 'tools', 'usr', 'rust', 'debian', 'certs'],
]);
/** Folders anywhere that hold none: device tree constants, what is there for user space, and separate programs. */
const SKIPPED_FOLDERS = new Set(['dt-bindings', 'uapi', 'selftests', 'kunit', '.git', 'node_modules']);
/** Every root folder that is not one of the kernel's own (a vendor's, say) comes as late as the drivers. */
const CORE_ROOTS = new Set([
  ...[
    'arch',
    'block',
    'crypto',
    'fs',
    'include',
    'init',
    'io_uring',
    'ipc',
    'kernel',
    'lib',
    'mm',
    'security',
    'virt',
  ],
]);

/** Of those that come late, the first. */
export const NETWORK_ROOT = 'net';

/** Where the drivers of most stacks are: the search often ends before the rest, which is nine tenths of drivers/. */
const LIKELY_DRIVERS = new Set([
  ...[
    'base',
    'ata',
    'block',
    'char',
    'dax',
    'dma-buf',
    'iommu',
    'irqchip',
    'md',
    'mmc',
    'nvdimm',
    'nvme',
    'pci',
  ],
  ...['scsi', 'target', 'tty', 'ufs', 'vfio', 'vhost', 'virtio', 'xen'],
]);

const SOURCE_NAME = /(?<!\.mod)\.[chS]$/;

/** Folders nested deeper than this are not the kernel's (6.1 reaches 10). */
const DEPTH_LIMIT = 32;
/** Nor are more sources than this (6.1 has 57,000). */
const FILE_LIMIT = 400_000;

/** Files in the order in which they are read; the walk may stop between two tiers. */
export interface SourceFiles {
  /** What the next files are, for progress: "core headers". */
  readonly name: string;
  /** Root folders that this tier reads, for people. */
  readonly folders: readonly string[];
  /** Headers, or sources and assembly. */
  readonly headers: boolean;
  /** Read only while something is missing. */
  readonly isLate: boolean;
  list(): Promise<string[]>;
}

/** What of a folder the walk is about. */
export interface FolderSources {
  /** Paths of the sources in it; of one that is a link, of what it leads to. */
  readonly files: readonly string[];
  /** The same of the folders that the walk enters. */
  readonly folders: readonly string[];
}

/**
 * @param architecture as in {@link sourceTiers}
 */
export function sourcesOf(
  folder: string,
  entries: readonly TreeEntry[],
  architecture: string | null,
): FolderSources {
  const files: string[] = [];
  const folders: string[] = [];
  for (const { name, kind, target } of entries) {
    const path = target ?? (folder === '' ? name : `${folder}/${name}`);
    if (kind === 'folder' && enters(folder, name, architecture)) folders.push(path);
    // Files at the root are none of the kernel.
    if (kind === 'file' && folder !== '' && SOURCE_NAME.test(name)) files.push(path);
  }
  return { files, folders };
}

/**
 * `architecture` is a folder below arch/, or null to read them all. What is compiled is read first: the walk then ends
 * sooner. The rest is read as well while something is missing, for the configuration of the capture may be another.
 *
 * @param listed called with each folder that is looked through
 */
export async function sourceTiers(
  tree: KernelTree,
  architecture: string | null,
  compiled: CompileCommands | null = null,
  listed: (folder: string, sources: FolderSources) => void = () => undefined,
): Promise<readonly SourceFiles[]> {
  const entries = await tree.list('');
  listed('', sourcesOf('', entries, architecture));
  const folders = entries.filter(({ kind, name }) => kind === 'folder' && isKernelRoot(name));
  const roots = folders.map(({ name }) => name).sort();
  const links = folders.flatMap(({ name, target }) =>
    target === undefined ? [] : [[name, target] as const],
  );
  const core = roots.filter(isCore);
  const late = roots.filter((root) => !isCore(root));
  const walk = new TreeWalk(tree, architecture, new Map(links), listed);
  const tier = (name: string, folders: string[], headers: boolean): SourceFiles => ({
    name,
    folders,
    headers,
    isLate: !folders.some(isCore),
    list: async () => {
      const files = (await Promise.all(folders.map((root) => walk.filesBelow(root)))).flat();
      const wanted = files.filter((file) => isHeader(file) === headers);
      const isFirst =
        compiled === null || headers ? isLikelyDriver : (file: string) => compiled.files.has(file);
      return [...wanted.filter(isFirst), ...wanted.filter((file) => !isFirst(file))];
    },
  });
  return [
    tier('core headers', core, true),
    tier('core sources', core, false),
    tier(
      'network sources',
      late.filter((root) => root === NETWORK_ROOT),
      false,
    ),
    tier(
      'driver sources',
      late.filter((root) => root !== NETWORK_ROOT),
      false,
    ),
    compiledElsewhere(compiled),
    tier('driver headers', late, true),
  ].filter((files) => files.folders.length > 0);
}

/** Where hardly any kernel code is, some may be compiled in: tools/lib/bpf/relo_core.c since 5.17. */
function compiledElsewhere(compiled: CompileCommands | null): SourceFiles {
  const files = [...(compiled?.files ?? [])].filter(
    (file) => SKIPPED_ROOTS.has(file.slice(0, file.indexOf('/'))) && SOURCE_NAME.test(file),
  );
  return {
    name: 'other compiled sources',
    folders: [...new Set(files.map((file) => file.slice(0, file.lastIndexOf('/'))))],
    headers: false,
    isLate: true,
    list: () => Promise.resolve(files),
  };
}

function isLikelyDriver(file: string): boolean {
  const [root, folder = ''] = file.split('/', 2);
  return root === 'drivers' && LIKELY_DRIVERS.has(folder);
}

class TreeWalk {
  private files = 0;
  /** What links alone lead to: several may lead to one place, or round in a circle. */
  private readonly linked = new Set<string>();
  private readonly listed = new Map<string, Promise<string[]>>();

  /** @param links where those of the root folders lead to that are symbolic links */
  constructor(
    private readonly tree: KernelTree,
    private readonly architecture: string | null,
    private readonly links: ReadonlyMap<string, string>,
    private readonly seen: (folder: string, sources: FolderSources) => void,
  ) {}

  /** Paths of all sources below a root folder, sorted. */
  filesBelow(root: string): Promise<string[]> {
    return kept(this.listed, root, async () => (await this.walkRoot(root)).sort());
  }

  private async walkRoot(root: string): Promise<string[]> {
    const target = this.links.get(root);
    if (target === undefined) return this.walk(root, 1);
    return this.isFirst(target, target) ? this.walk(target, 1) : [];
  }

  /** @param folder with no link on the way to it: what links lead to has its own path */
  private async walk(folder: string, depth: number): Promise<string[]> {
    const files: string[] = [];
    const folders: string[] = [];
    if (this.files > FILE_LIMIT) return files;
    const isReached = this.isReached(folder);
    const entries = await this.tree.list(folder);
    this.seen(folder, sourcesOf(folder, entries, this.architecture));
    for (const { name, kind, target } of entries) {
      const path = target ?? `${folder}/${name}`;
      const byItself = isReached && target === undefined;
      if (kind === 'file' && SOURCE_NAME.test(name) && (byItself || this.isFirst(path, parentOf(path)))) {
        files.push(path);
        this.files++;
      }
      if (kind === 'folder' && depth < DEPTH_LIMIT && enters(folder, name, this.architecture)) {
        if (byItself || this.isFirst(path, path)) folders.push(path);
      }
    }
    for (const below of await Promise.all(folders.map((path) => this.walk(path, depth + 1)))) {
      for (const file of below) files.push(file);
    }
    return files;
  }

  /** Of a place that the walk comes to through a link: not if it comes to `folder` without one, nor a second time. */
  private isFirst(place: string, folder: string): boolean {
    if (this.isReached(folder) || this.linked.has(place)) return false;
    this.linked.add(place);
    return true;
  }

  /** Whether the walk comes to a folder without a link. */
  private isReached(folder: string): boolean {
    const [root = '', ...rest] = folder.split('/');
    if (!isKernelRoot(root)) return folder === '';
    let parent = root;
    return rest.every((name) => {
      const isEntered = enters(parent, name, this.architecture);
      parent += `/${name}`;
      return isEntered;
    });
  }
}

function enters(folder: string, name: string, architecture: string | null): boolean {
  if (folder === '') return isKernelRoot(name);
  if (SKIPPED_FOLDERS.has(name)) return false;
  if (architecture === null) return true;
  if (folder === 'arch') return name === architecture;
  // arch/x86/um is the other half of arch/um.
  return !(folder === `arch/${architecture}` && name === 'um');
}

export function isHeader(file: string): boolean {
  return file.endsWith('.h');
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Whether the walk reads what is in a root folder in any case. */
export function isCore(root: string): boolean {
  return CORE_ROOTS.has(root);
}

function isKernelRoot(name: string): boolean {
  return name !== '' && !SKIPPED_ROOTS.has(name) && !name.startsWith('.');
}

/** Whether the walk would have followed a link, had it stayed in the tree. */
export function wouldFollow({ path, kind }: LinkOut): boolean {
  const [root = '', ...folders] = path.split('/');
  if (!isKernelRoot(root) || folders.some((name) => SKIPPED_FOLDERS.has(name))) return false;
  return kind === 'folder' || (folders.length > 0 && SOURCE_NAME.test(path));
}
