/** Which of several definitions of one name is the one of a stack. */
import { GUESS_COST, type Route } from './callSearch';
import type { CompileCommands } from './compileCommands';
import type { Definition } from './definition';
import { pathHasModule } from './modulePath';
import { isHeader } from './treeWalk';

export interface DefinitionCandidate {
  readonly definition: Definition;
  /** Calls of the next-inner frame in it. */
  readonly routes: readonly Route[];
}

/** What a frame's neighbours and the capture say about it. */
interface FrameContext {
  /** Module that the capture names, or null. */
  readonly module: string | null;
  /** Files of the frames around it that are known, nearest first. */
  readonly neighbours: readonly string[];
  /** File of the next-outer frame, or null: a static function is called from its own file. */
  readonly callerFile: string | null;
  /** Of the machine that made the capture; x86 has files for each. */
  readonly wordSize: 32 | 64;
  /** What is compiled in this tree; null when nothing tells. */
  readonly compiled: CompileCommands | null;
}

export interface RankedDefinition extends DefinitionCandidate {
  readonly score: number;
}

/** Programs of their own and test code, whose functions never stand in a stack beside the kernel's. */
const UNLIKELY_PATH =
  /(?:^|\/)(?:boot|realmode|purgatory|vdso|libstub|um|kunit|selftests?|tests?)\/|(?:^|\/)test_\w+\.c$|_(?:test|kunit)\.c$/;

/** Alternatives that distributions do not build: no MMU, and the allocators before SLUB (gone since 6.8). */
const UNUSUAL_FILE = /nommu|^mm\/(?:slab|slob|percpu-km)\.c$|[-_]stubs?\.c$/;

/** A body of this many bytes that does not call the next frame says only `{ return 0; }`. */
const STUB_BODY = 40;

/** Best first. */
export function rankDefinitions(
  candidates: readonly DefinitionCandidate[],
  context: FrameContext,
): readonly RankedDefinition[] {
  return candidates
    .map((candidate) => ({ ...candidate, score: scoreOf(candidate, context) }))
    .sort((a, b) => b.score - a.score);
}

function scoreOf({ definition, routes }: DefinitionCandidate, context: FrameContext): number {
  const { file } = definition;
  let score = 0;
  const route = routes[0];
  if (route) score += route.cost > GUESS_COST && route.jump === null ? 2 : 20 - Math.min(route.cost, 10);
  if (definition.kind === 'macro') score -= 15;
  if (definition.isWeak) score -= 4;
  if (!route && isStub(definition)) score -= 8;
  if (isHeader(file) && definition.kind !== 'event') score -= 3;
  if (UNLIKELY_PATH.test(file)) score -= 12;
  if (UNUSUAL_FILE.test(file)) score -= 6;
  if (context.wordSize === 64 ? /_32\.[chS]$/.test(file) : /_64\.[chS]$/.test(file)) score -= 6;
  if (file.startsWith('arch/')) score += 2;
  if (/^(?:drivers|sound|net)\//.test(file)) score -= 2;
  score -= notCompiled(file, context.compiled);
  if (context.module !== null) score += pathHasModule(file, context.module) ? 30 : -10;
  if (definition.isStatic && context.callerFile === file) score += 6;
  for (const [distance, neighbour] of context.neighbours.entries()) {
    score += (1.5 * commonFolders(file, neighbour)) / (distance + 1);
  }
  return score;
}

/**
 * What speaks against a file that is not compiled. One beside compiled files may be included by one of them
 * (kernel/sched/rt.c by build_policy.c), and has no command of its own then. Assembly never has one before 6.2.
 */
function notCompiled(file: string, compiled: CompileCommands | null): number {
  if (compiled === null || !file.endsWith('.c') || compiled.files.has(file)) return 0;
  return compiled.folders.has(file.slice(0, file.lastIndexOf('/'))) ? 5 : 14;
}

function isStub(definition: Definition): boolean {
  if (definition.kind !== 'function') return false;
  return definition.bodyTo - definition.bodyFrom <= STUB_BODY;
}

/** Folders that two paths share from the root on; one more when it is the same file. */
function commonFolders(a: string, b: string): number {
  const first = a.split('/');
  const second = b.split('/');
  let common = 0;
  while (common < first.length && first[common] === second[common]) common++;
  return common;
}
