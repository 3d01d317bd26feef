import { createSourceIndex } from '../../../src/source/sourceIndex';
import type { InlinedFrame, SourceLocation, StackFrame } from '../../../src/source/location';
import { createSourceResolver } from '../../../src/source/resolveStack';
import type { KernelTree } from '../../../src/source/treeAccess';
import { MemoryTree } from './memoryTree';

/** `name` or `name [module]`, as stacks print it. */
export function frameOf(text: string): StackFrame {
  const [, name = '', module = null] = /^(\S+)(?: \[(\w+)\])?$/.exec(text) ?? [];
  return { function: name, offset: null, module };
}

/** Locations of a stack, innermost first, in a tree made of `files`. */
export async function resolve(
  files: Readonly<Record<string, string>> | KernelTree,
  stack: readonly string[],
): Promise<SourceLocation[]> {
  const tree =
    'read' in files && typeof files.read === 'function'
      ? (files as KernelTree)
      : new MemoryTree(files as Record<string, string>);
  const index = await createSourceIndex(tree, { symbols: stack.map(frameOf) });
  return createSourceResolver(tree, index).resolveStack(stack.map(frameOf));
}

/** `certainty file:line` and, behind, the inlined functions and the candidates, for short assertions. */
export function brief(location: SourceLocation | undefined): string {
  if (!location) return 'nothing';
  const either = ({ line, others = [] }: InlinedFrame): string =>
    [line, ...others.map((one) => `${one.file}:${one.line}`)].join('|');
  const inlined = location.inlined.map((frame) => `${frame.function}:${either(frame)}`).join(' < ');
  const candidates = location.candidates.map((one) => `${one.file}:${one.line}`).join(' ');
  return [
    `${location.certainty} ${location.file ?? '-'}:${location.line ?? '-'}`,
    inlined === '' ? '' : ` via ${inlined}`,
    candidates === '' ? '' : ` or ${candidates}`,
  ].join('');
}
