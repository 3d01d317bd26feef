/** The functions that the stacks of the open captures name, and which of them the kernel tree has. */
import type { HolderAnalysis } from '../holders/model';
import type { Capture } from '../capture/eventTable';
import { allPages } from './captureFacts';
import { namedFunctions, type NamedFunction } from './frames';
import type { KernelSource } from './kernelSource';

interface Found {
  readonly capture: Capture;
  readonly analysis: HolderAnalysis;
}

/** What was looked up in the kernel tree. */
export interface SymbolLookup {
  readonly asked: number;
  /** Names that the tree does not have, sorted. */
  readonly unknown: readonly string[];
  /** Of links that may be why, for people; empty for none. */
  readonly linksOut: string;
}

/** @param captures read as a whole: the functions of one that is being read are looked up when all are known */
export function functionsOf(captures: readonly Found[]): readonly NamedFunction[] {
  return captures.flatMap(({ capture, analysis }) => namedFunctions(capture, allPages(analysis)));
}

/** Null without a kernel tree or a whole capture, and before every function was looked for. */
export function symbolLookup(source: KernelSource | null, captures: readonly Found[]): SymbolLookup | null {
  if (source?.isSettled !== true || captures.length === 0) return null;
  const names = new Set(functionsOf(captures).map((each) => each.function));
  const unknown = [...names].filter((name) => !source.knows(name)).sort();
  return { asked: names.size, unknown, linksOut: source.linksOut };
}
