/** vmlinux and the modules of a kernel, as files of this machine. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DebugFile } from '../../source/debugFile';
import { DebugFileError } from '../../source/elf/debugProblems';
import type { OpenDebugInfo, OpenModules } from '../engineHost';
import type { RequestOptions } from '../protocol';
import { modulesPlaces, type SearchedMachine } from './debugInfoPlaces';
import { OpenFiles } from './openFiles';
import { openSeparate } from './separateDebugFile';

/** Files looked at below the folder of the modules: a distribution's have some 7000. */
const MOST_FILES = 200_000;
/** Modules that are all opened to find out which has a function; of a distribution's only those of a like name are. */
const MOST_SEARCHED = 100;
/** Names of a module's file, the more telling first; `.debug` is what distributions split off. */
const ENDINGS = ['.ko.debug', '.ko.unstripped', '.ko'].flatMap((ending) =>
  ['', '.zst', '.xz', '.gz'].map((compression) => ending + compression),
);
/** Bytes of a compressed vmlinux and of a compressed module when decompressed; those that there are have a quarter. */
export const LARGEST_VMLINUX = 4 * 2 ** 30;
const LARGEST_MODULE = 2 ** 29;

/** What is read of a vmlinux and of modules, open until {@link close}. */
export class DebugInfoFiles implements OpenDebugInfo {
  private constructor(
    readonly kernel: DebugFile,
    readonly release: string | null,
    readonly modules: ModuleFolders,
    private readonly vmlinux: string,
    private readonly root: string | null,
    private readonly handles: OpenFiles,
    private readonly moduleHandles: OpenFiles,
  ) {}

  /**
   * Opens a vmlinux for look-ups.
   *
   * @param modules folder of the modules, searched with its subfolders when a frame names one; null for where those of
   *   this kernel usually are
   * @throws DebugFileError when the vmlinux cannot be used; the message names it and says what was expected
   * @throws CancelledError
   */
  static async open(
    vmlinux: string,
    modules: string | null,
    machine: SearchedMachine,
    options: RequestOptions = {},
  ): Promise<DebugInfoFiles> {
    const handles = new OpenFiles();
    try {
      const chosen = await DebugFile.open(await handles.openUnpacked(vmlinux, LARGEST_VMLINUX, options));
      if (chosen.isRelocatable) {
        throw new DebugFileError(
          `${vmlinux} is a module, expected the vmlinux of the kernel: modules are found in their folder ` +
            '(--modules, or Choose Folder of Modules…)',
        );
      }
      const kernel = chosen.hasDebugInfo
        ? chosen
        : await openSeparate(chosen, vmlinux, [], machine.root, handles);
      if (kernel === null) {
        throw new DebugFileError(
          `${vmlinux} has no debug info, expected a section .debug_info${lookedFor(chosen)}: take the vmlinux of a ` +
            'build with CONFIG_DEBUG_INFO, or the one of the debug package of the distribution',
        );
      }
      return await DebugInfoFiles.withModules(kernel, vmlinux, modules, machine, handles);
    } catch (error) {
      handles.close();
      throw error;
    }
  }

  private static async withModules(
    kernel: DebugFile,
    vmlinux: string,
    modules: string | null,
    machine: SearchedMachine,
    handles: OpenFiles,
  ): Promise<DebugInfoFiles> {
    const release = await kernel.kernelRelease();
    const folders = modules === null ? await modulesPlaces(vmlinux, release, machine) : [modules];
    const moduleHandles = new OpenFiles();
    const open = new ModuleFolders(folders, machine.root, moduleHandles);
    return new DebugInfoFiles(kernel, release, open, vmlinux, machine.root, handles, moduleHandles);
  }

  async renewed(modules: string | null, tree: string | null): Promise<DebugInfoFiles | null> {
    const { kernel, vmlinux, root, handles } = this;
    if (!(await handles.areUnchanged())) return null;
    const renewed = await DebugInfoFiles.withModules(kernel, vmlinux, modules, { tree, root }, handles);
    this.moduleHandles.close();
    return renewed;
  }

  close(): void {
    this.handles.close();
    this.moduleHandles.close();
  }
}

/** The modules below some folders. What cannot be opened there is as if it were not there. */
class ModuleFolders implements OpenModules {
  private readonly found = new Map<string, Promise<DebugFile | null>>();
  private files: ReadonlyMap<string, string> | null = null;
  private readonly named = new Map<string, boolean>();

  constructor(
    readonly folders: readonly string[],
    /** See {@link SearchedMachine}. */
    private readonly root: string | null,
    private readonly handles: OpenFiles,
  ) {}

  /** Modules that were asked for, and whether there is debug info of them. */
  get asked(): ReadonlyMap<string, boolean> {
    return this.named;
  }

  open(name: string): Promise<DebugFile | null> {
    const key = moduleKey(name);
    let module = this.found.get(key);
    if (module === undefined) {
      module = this.openFile(this.all().get(key));
      this.found.set(key, module);
      void module.then((file) => this.named.set(key, file !== null));
    }
    return module;
  }

  mayHave(name: string): readonly string[] {
    const bare = name.replace(/^_+/, '');
    const all = [...this.all().keys()];
    const alike = all.filter((module) => bare.startsWith(module)).sort((a, b) => b.length - a.length);
    return all.length > MOST_SEARCHED
      ? alike
      : [...alike, ...all.filter((module) => !alike.includes(module))];
  }

  private async openFile(file: string | undefined): Promise<DebugFile | null> {
    if (file === undefined) return null;
    try {
      const module = await DebugFile.open(await this.handles.openUnpacked(file, LARGEST_MODULE));
      if (module.hasDebugInfo) return module;
      return await openSeparate(module, file, this.folders, this.root, this.handles);
    } catch {
      return null;
    }
  }

  private all(): ReadonlyMap<string, string> {
    this.files ??= moduleFiles(this.folders);
    return this.files;
  }
}

/** What else was looked for, to continue "expected a section". */
function lookedFor({ buildId, debugLink }: DebugFile): string {
  const files = [
    ...(buildId === null ? [] : [`.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`]),
    ...(debugLink === null ? [] : [debugLink.name]),
  ];
  return files.length === 0 ? '' : ` or the file ${files.join(' or ')} beside it`;
}

/** By name of the module, its file. Symbolic links are not followed: they may lead out of the folder. */
function moduleFiles(places: readonly string[]): ReadonlyMap<string, string> {
  const files = new Map<string, { file: string; rank: number }>();
  const folders = [...places].reverse();
  for (let seen = 0; folders.length > 0 && seen < MOST_FILES;) {
    const next = folders.pop()!;
    for (const entry of entriesOf(next)) {
      seen++;
      const place = path.join(next, entry.name);
      if (entry.isDirectory()) folders.push(place);
      const rank = ENDINGS.findIndex((ending) => entry.name.endsWith(ending));
      if (!entry.isFile() || rank < 0) continue;
      const key = moduleKey(entry.name.slice(0, -ENDINGS[rank]!.length));
      if (rank < (files.get(key)?.rank ?? ENDINGS.length)) files.set(key, { file: place, rank });
    }
  }
  return new Map([...files].map(([key, { file }]) => [key, file]));
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Module names have `_` where file names may have `-` (kernel/module/main.c). */
function moduleKey(name: string): string {
  return name.replaceAll('-', '_');
}
