/** What names the frames of a capture and leads them to lines, in a few words. */
import type { Capture } from '../capture/eventTable';
import type { CaptureFit } from './debugInfo';
import { baseName } from './distinctNames';
import type { Naming } from './joinCaptures';
import type { DebugInfoFacts, KernelTreeFacts } from './protocol';
import { namingText } from './symbolFileRows';
import { joined, sentence } from './wording';

export interface SymbolsInUse {
  readonly debugInfo: Pick<DebugInfoFacts, 'vmlinux' | 'release'>;
  /** Null before the capture was held against the vmlinux. */
  readonly fit: CaptureFit | null;
  readonly tree: KernelTreeFacts | null;
  /** What files beside the capture did for its addresses. */
  readonly namings: readonly Naming[];
}

/** `vmlinux, fits`; `kernel tree linux-6.1, by name · kallsyms of the capture`; `none`. */
export function symbolsText(capture: Capture, { debugInfo, fit, tree, namings }: SymbolsInUse): string {
  const { vmlinux } = debugInfo;
  const isNameless = capture.missingNames !== null;
  const byName = tree === null || isNameless ? '' : `kernel tree ${baseName(tree.root)}, by name`;
  const lines = vmlinux === null ? byName : `${baseName(vmlinux)}, ${fitText(fit)}`;
  const names = isNameless ? '' : namesText(capture, namings, vmlinux);
  if (isNameless) return joined([lines === '' ? 'none' : lines, 'addresses alone']);
  return joined([lines, names]) || 'none';
}

/** Whether answers or lines may be wrong by them. */
export function areSymbolsDoubtful({ missingNames }: Capture, { fit }: SymbolsInUse): boolean {
  return missingNames !== null || (fit !== null && fit.mismatch !== '');
}

/** More about them, a line each. */
export function symbolsDetails(
  { missingNames }: Capture,
  { debugInfo, fit, tree, namings }: SymbolsInUse,
): readonly string[] {
  const { vmlinux, release } = debugInfo;
  return [
    ...(missingNames === null ? [] : [`${sentence(missingNames)}.`]),
    ...(vmlinux === null ? [] : [`${vmlinux}, of ${release ?? 'an unknown release'}`]),
    ...(fit === null ? [] : [`Compared: ${fit.evidence}`]),
    ...(fit === null || fit.mismatch === '' ? [] : [`${sentence(fit.mismatch)}.`]),
    ...namings.map((naming) => `${baseName(naming.file)}: ${namingText(naming)}`),
    tree === null
      ? 'No kernel tree is chosen.'
      : `Kernel tree: ${tree.root}, ${tree.version ?? 'version unknown'}`,
  ];
}

function fitText(fit: CaptureFit | null): string {
  if (fit === null) return 'not compared yet';
  if (fit.mismatch !== '') return 'another build';
  return fit.isProven ? 'fits' : 'not proven to fit';
}

/** Texts have the names that the kernel printed, which go without saying. */
function namesText({ format }: Capture, namings: readonly Naming[], vmlinux: string | null): string {
  const used = namings.find(({ refusal, file }) => refusal === null && file !== vmlinux);
  if (used !== undefined) return `${baseName(used.file)} beside it`;
  return format === 'trace-dat' && vmlinux === null ? 'kallsyms of the capture' : '';
}
