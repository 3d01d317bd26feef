/** Debug info in the files of this machine. */
import type { KernelIdentity } from '../../capture/eventTable';
import type { DebugInfoMachine, OpenDebugInfo } from '../engineHost';
import type { RequestOptions } from '../protocol';
import { DebugInfoFiles } from './debugInfoFiles';
import { isFileIn, isThere, vmlinuxOfRelease, vmlinuxPlaces } from './debugInfoPlaces';

export class NodeDebugInfo implements DebugInfoMachine {
  readonly isThere = isThere;
  readonly isFileIn = isFileIn;

  /** @param root what the paths of the system begin with, `/`; null for a machine that is not searched */
  constructor(private readonly root: string | null) {}

  get isSearched(): boolean {
    return this.root !== null;
  }

  vmlinuxPlaces(kernels: readonly KernelIdentity[], tree: string | null): readonly string[] {
    return vmlinuxPlaces(kernels, { tree, root: this.root });
  }

  vmlinuxOfRelease(release: string): string {
    return vmlinuxOfRelease(this.root ?? '/', release);
  }

  open(
    vmlinux: string,
    modules: string | null,
    tree: string | null,
    options: RequestOptions,
  ): Promise<OpenDebugInfo> {
    return DebugInfoFiles.open(vmlinux, modules, { tree, root: this.root }, options);
  }
}
