/** That a kernel tree is of another version than the kernel whose lines are shown in it. */
import { isOtherVersion } from '../source/kernelVersion';
import type { DebugInfoFacts, KernelTreeFacts } from './protocol';

/**
 * A sentence without a full stop; empty where the versions are the same, or not both known.
 *
 * @param traced release of the kernel that ran, and what says it; null when it is not known
 * @param debugInfo whose lines are shown where there is one
 */
export function treeDoubt(
  tree: Pick<KernelTreeFacts, 'version'> | null,
  traced: { readonly what: string; readonly release: string | null },
  debugInfo: Pick<DebugInfoFacts, 'vmlinux' | 'release'>,
): string {
  const version = tree?.version ?? null;
  if (version === null) return '';
  const isByDebugInfo = debugInfo.vmlinux !== null && debugInfo.release !== null;
  const what = isByDebugInfo ? 'vmlinux' : traced.what;
  const release = isByDebugInfo ? debugInfo.release : traced.release;
  if (release === null || !isOtherVersion(release, version)) return '';
  const shifted = isByDebugInfo
    ? 'its lines are those of its own source, and may be shifted in this tree'
    : 'lines may be shifted';
  return `the tree is Linux ${version}, the ${what} is of ${release}: ${shifted}`;
}
