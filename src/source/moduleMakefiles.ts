/**
 * Whether a module can be built from a source file, as the Makefiles of its folders say. The name of a folder does not
 * tell: drivers/net/ethernet/nvidia builds forcedeth, and has an nv_open() as the nvidia module out of the tree has one.
 */
import { kept } from './keptPromises';
import type { KernelTree } from './treeAccess';
import { parentOf } from './treeWalk';

/** `Makefile` and `Kbuild`, and what they include: virt/kvm/Makefile.kvm. */
const MAKEFILE = /^(?:Makefile|Kbuild)(?:\.|$)/;
/** Headers belong to whatever includes them. */
const HEADER = /(?:^|\/)include\/|\.h$/;
/** The largest Makefile of 6.1 has 70 kB. */
const LARGEST_MAKEFILE = 1 << 20;

export class ModuleMakefiles {
  /** Of a folder alone, with `_` for `-` as the kernel prints modules; empty where it has none. */
  private readonly texts = new Map<string, Promise<string>>();

  constructor(private readonly tree: KernelTree) {}

  /**
   * Whether a Makefile of the file's folder, or of one around it, builds the module. null where that says nothing: no
   * folder has a Makefile, the file is a header, or a folder named like the module builds it beside those of the file, as
   * amd/amdgpu does amdgpu with amd/amdkfd and amd/display.
   */
  async build(file: string, module: string): Promise<boolean | null> {
    if (HEADER.test(file)) return null;
    const name = module.replaceAll('-', '_');
    if (!/^\w+$/.test(name)) return null;
    const target = new RegExp(`(?<!\\w)${name}(?:\\.o\\b|_(?:y|m|objs)\\b|_\\$)`);
    let hasMakefile = false;
    for (let folder = parentOf(file); folder !== ''; folder = parentOf(folder)) {
      const text = await this.textOf(folder);
      if (target.test(text)) return true;
      hasMakefile ||= text !== '';
    }
    if (!hasMakefile) return null;
    return (await this.isBuiltBeside(file, name, target)) ? null : false;
  }

  private async isBuiltBeside(file: string, name: string, target: RegExp): Promise<boolean> {
    for (let folder = parentOf(file); folder !== ''; folder = parentOf(folder)) {
      for (const own of [name, name.replaceAll('_', '-')]) {
        if (target.test(await this.textOf(`${folder}/${own}`))) return true;
      }
    }
    return false;
  }

  private textOf(folder: string): Promise<string> {
    return kept(this.texts, folder, () => this.read(folder));
  }

  private async read(folder: string): Promise<string> {
    const texts: string[] = [];
    for (const { name, kind } of await this.tree.list(folder)) {
      if (kind !== 'file' || !MAKEFILE.test(name)) continue;
      const bytes = await this.tree.read(`${folder}/${name}`, LARGEST_MAKEFILE);
      if (bytes !== null) texts.push(new TextDecoder('latin1').decode(bytes));
    }
    return texts.join('\n').replaceAll('-', '_');
  }
}
