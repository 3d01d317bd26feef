/** From the frames of a stack to places in the kernel tree, without debug info. */
import { guessArchitecture, guessWordSize, ofArchitecture } from './architecture';
import { CallGraph } from './callGraph';
import { calleeOf, findRoutes, GUESS_COST, ROUTE_MARGIN, SURE_MARGIN, type Route } from './callSearch';
import { compiledFor, type CompileCommands } from './compileCommands';
import type { Definition } from './definition';
import { kept } from './keptPromises';
import type { InlinedFrame, SourceLocation, StackFrame } from './location';
import { rankDefinitions, type DefinitionCandidate, type RankedDefinition } from './rankDefinitions';
import type { IndexedPlace, SourceIndex } from './indexData';
import { SourceTexts } from './sourceText';
import { ModuleMakefiles } from './moduleMakefiles';
import { isSymbolName, sourceName, type SourceName } from './symbolName';
import { TaggedDefinitions } from './taggedDefinitions';
import type { KernelTree } from './treeAccess';
import type { TreeTags } from './treeTags';

export interface SourceResolver {
  /**
   * Places of the frames, innermost first like the frames. The files that are needed are read from the tree
   * when asked for, and kept. Never rejects because of what stands in a file.
   */
  resolveStack(frames: readonly StackFrame[]): Promise<SourceLocation[]>;
  /** A file of the tree as it was read for this; null when it is not there or no source text. */
  sourceFile(path: string): Promise<SourceFile | null>;
}

export interface SourceFile {
  /** In order of the file, macros left out. */
  readonly functions: readonly DefinedFunction[];
  readonly lines: readonly string[];
}

/** Lines are 1-based, those of the name and of the closing brace. */
export interface DefinedFunction {
  readonly function: string;
  readonly line: number;
  readonly lastLine: number;
}

/** Files that a build or a person left in a kernel tree, and that help to find functions there. */
export interface TreeHelps {
  readonly compiled: CompileCommands | null;
  readonly tags: TreeTags | null;
}

/**
 * `index` is an index of this tree in which the frames' symbols were looked up.
 *
 * @param architecture folder below arch/ of stacks that do not say theirs, where the index has several; null when
 *   nothing tells
 */
export function createSourceResolver(
  tree: KernelTree,
  index: SourceIndex,
  helps: Partial<TreeHelps> = {},
  architecture: string | null = null,
): SourceResolver {
  const resolvers = new Map<string | null, Resolver>();
  const usual = index.architecture ?? architecture ?? helps.compiled?.architecture ?? null;
  const resolverOf = (wanted: string | null): Resolver => {
    let resolver = resolvers.get(wanted);
    if (resolver === undefined) {
      const compiled = compiledFor(helps.compiled ?? null, wanted);
      const tagged = helps.tags ? new TaggedDefinitions(helps.tags, wanted) : null;
      resolver = new Resolver(tree, ofArchitecture(index, wanted), compiled, tagged);
      resolvers.set(wanted, resolver);
    }
    return resolver;
  };
  return {
    resolveStack: (frames) => {
      const own = index.architecture ?? guessArchitecture(frames.map((frame) => frame.function));
      return resolverOf(own ?? usual).resolveStack(frames);
    },
    sourceFile: (path) => resolverOf(usual).sourceFile(path),
  };
}

/** Definitions whose scores are this near leave the choice open. */
const SCORE_MARGIN = 3;
/** Definitions of one name that are looked into. */
const DEFINITION_LIMIT = 24;
const CANDIDATE_LIMIT = 8;

/**
 * Entries of interrupts and exceptions: the frame outside of them was interrupted, it did not call them. x86 and arm64
 * had other names up to 5.7 and 5.11 (their entry_64.S and entry.S).
 */
const INTERRUPT_ENTRY = new RegExp(
  `^(?:${[
    'asm_(?:sysvec|exc|common_interrupt|spurious)\\w*',
    '(?:async_)?page_fault|general_protection|ret_from_intr|(?:end_repeat_)?nmi|x86_platform_ipi|\\w+_callback_vector',
    '(?:apic_timer|reschedule|call_function|call_function_single|irq_work|error|thermal|threshold)_interrupt',
    'el1[ht]_64_(?:sync|irq|fiq|error)|el1_(?:sync|irq|error)',
    '__(?:irq|fiq|dabt|pabt|und)_svc',
    'handle_exception|ret_from_exception',
    // x86 with FRED (since 6.9), s390, powerpc (exceptions-64s.S), loongarch
    'asm_fred_entrypoint_kernel',
    '(?:pgm_check|ext_int|io_int|mcck_int)_handler',
    '(?:hardware_interrupt|h?decrementer|doorbell_super|h_virt_irq|performance_monitor|machine_check)_common(?:_virt|_real)?',
    '(?:(?:data|instruction)_access(?:_slb)?|alignment|program_check|system_reset)_common(?:_virt|_real)?',
    'handle_vint',
  ].join('|')})$`,
);

/** Whether a function of this name is entered by the processor: the frame outside of it was interrupted. */
export function isInterruptEntry(name: string): boolean {
  return INTERRUPT_ENTRY.test(name);
}

class Resolver {
  private readonly texts: SourceTexts;
  private readonly makefiles: ModuleMakefiles;
  private readonly graph: CallGraph;
  private readonly places: ReadonlyMap<string, readonly IndexedPlace[]>;
  private readonly wordSize: 32 | 64;
  private readonly candidatesOf = new Map<string, Promise<readonly DefinitionCandidate[]>>();

  constructor(
    tree: KernelTree,
    private readonly index: SourceIndex,
    private readonly compiled: CompileCommands | null,
    private readonly tagged: TaggedDefinitions | null,
  ) {
    this.texts = new SourceTexts(tree, new Map(index.templates));
    this.makefiles = new ModuleMakefiles(tree);
    this.graph = new CallGraph(index, this.texts);
    this.places = new Map(index.definitions);
    this.wordSize = guessWordSize(index.symbols);
  }

  async resolveStack(frames: readonly StackFrame[]): Promise<SourceLocation[]> {
    const candidates = await Promise.all(
      frames.map((frame, position) => this.candidates(frame, calledFrame(frames, position))),
    );
    const files = candidates.map((of) => (of.length === 1 ? of[0]!.definition.file : null));
    const locations = frames.map((frame, position): SourceLocation => {
      const ranked = rankDefinitions(candidates[position]!, {
        module: frame.module,
        neighbours: nearestFiles(files, position),
        callerFile: files[position + 1] ?? null,
        wordSize: this.wordSize,
        compiled: this.compiled,
      });
      files[position] = ranked[0]?.definition.file ?? null;
      const location = this.locate(frame, frames[position - 1] ?? null, ranked);
      const best = ranked[0]?.definition;
      return best !== undefined && this.tagged?.has(best) === true ? this.tagged.doubted(location) : location;
    });
    return Promise.all(locations.map((location, position) => this.ofModule(location, frames[position]!)));
  }

  /** A function of that name in the tree need not be the one of a module that is from elsewhere. */
  private async ofModule(location: SourceLocation, { module }: StackFrame): Promise<SourceLocation> {
    const { file, note } = location;
    if (module === null || file === null) return location;
    if ((await this.makefiles.build(file, module)) !== false) return location;
    const doubt = `No Makefile of its folders builds the module ${module}: it may be another function of this name.`;
    return { ...location, isDoubtful: true, note: `${doubt} ${note}`.trim() };
  }

  async sourceFile(path: string): Promise<SourceFile | null> {
    const text = await this.texts.load(path);
    if (text === null) return null;
    const { bytes, lines, definitions } = text;
    return {
      functions: definitions
        .filter(({ kind }) => kind !== 'macro')
        .map(({ key, line, bodyTo }) => ({
          function: nameOfKey(key),
          line,
          lastLine: lines.lineAt(Math.max(0, bodyTo - 1)),
        })),
      lines: new TextDecoder().decode(bytes).split('\n'),
    };
  }

  private candidates(frame: StackFrame, inner: StackFrame | null): Promise<readonly DefinitionCandidate[]> {
    const key = `${frame.function}\n${inner?.function ?? ''}`;
    return kept(this.candidatesOf, key, () => this.findCandidates(frame, inner));
  }

  private async findCandidates(
    frame: StackFrame,
    inner: StackFrame | null,
  ): Promise<readonly DefinitionCandidate[]> {
    const definitions = await this.definitionsOf(sourceName(frame.function));
    const callee = inner && calleeOf(this.graph, inner.function);
    return Promise.all(
      definitions.map(async (definition) => ({
        definition,
        routes: callee ? await findRoutes(this.graph, definition, callee) : [],
      })),
    );
  }

  private async definitionsOf(name: SourceName): Promise<readonly Definition[]> {
    const found: Definition[] = [];
    for (const key of name.keys) {
      const files = new Set((this.places.get(key) ?? []).map((place) => place.file));
      for (const file of [...files].slice(0, DEFINITION_LIMIT)) {
        const text = await this.texts.load(this.index.files[file]!.path);
        found.push(...(text?.byKey.get(key) ?? []));
      }
    }
    const withBody = found.filter((definition) => definition.kind !== 'macro');
    if (withBody.length > 0) return withBody;
    if (found.length > 0 || this.tagged === null) return found;
    return this.tagged.find(name, this.texts);
  }

  private locate(
    frame: StackFrame,
    inner: StackFrame | null,
    ranked: readonly RankedDefinition[],
  ): SourceLocation {
    const name = sourceName(frame.function);
    const best = ranked[0];
    if (!best) return unknownLocation(name, frame.module, this.index);
    const others = ranked.slice(1).filter((other) => best.score - other.score < SCORE_MARGIN);
    const { definition } = best;
    const place = { file: definition.file, line: definition.line };

    if (this.tagged?.isLineOnly(definition) === true)
      return ambiguous(functionOnly(place, 'Only its line was found: a macro may define it there.'), others);
    if (isGenerated(definition)) return ambiguous(generatedLocation(definition, inner), others);
    if (inner === null) {
      return ambiguous(functionOnly(place, 'It is the innermost frame: nothing tells its line.'), others);
    }
    if (isInterruptEntry(inner.function)) {
      const note = `It was interrupted: ${inner.function} is entered by the processor, not called.`;
      return ambiguous(functionOnly(place, note), others);
    }
    const location = callLocation(name, definition, best.routes, sourceName(inner.function).base);
    return ambiguous(location, others);
  }
}

/** The frame that this one called, or null for the innermost frame and one that was interrupted. */
function calledFrame(frames: readonly StackFrame[], position: number): StackFrame | null {
  const inner = frames[position - 1];
  return inner && !isInterruptEntry(inner.function) ? inner : null;
}

function nearestFiles(files: readonly (string | null)[], position: number): readonly string[] {
  const nearest: string[] = [];
  for (let distance = 1; distance < files.length && nearest.length < 4; distance++) {
    for (const file of [files[position - distance], files[position + distance]]) {
      if (file !== undefined && file !== null) nearest.push(file);
    }
  }
  return nearest;
}

function isGenerated(definition: Definition): boolean {
  return definition.kind === 'event' || definition.kind === 'generated';
}

function generatedLocation(definition: Definition, inner: StackFrame | null): SourceLocation {
  return {
    file: definition.file,
    line: definition.line,
    certainty: inner === null ? 'function-only' : 'one-call-site',
    inlined: [],
    candidates: [],
    note: 'A macro generates the function: all its code has this line.',
  };
}

function callLocation(
  name: SourceName,
  definition: Definition,
  routes: readonly Route[],
  callee: string,
): SourceLocation {
  const { file, line } = definition;
  const best = routes[0];
  if (!best) {
    return functionOnly(
      { file, line },
      `No call of ${callee} was found in it; it may end with a jump to what calls ${callee}.`,
    );
  }
  const near = worthMentioning(routes);
  const lines = linesOf(near);
  const isSure = lines.length === 1 && best.jump === null && best.cost <= GUESS_COST;
  const certainty = isSure ? 'one-call-site' : 'one-of-several';
  const wrapped = wrappersOf(name, definition);
  const outermost = wrapped.length > 0 ? line : best.line;
  return {
    file,
    line: outermost,
    certainty,
    inlined: [...best.inlined, ...wrappers(wrapped, definition, best.line)],
    candidates: lines
      .slice(1, 1 + CANDIDATE_LIMIT)
      .map((other) => ({ function: name.base, file, line: other })),
    note: noteOf(best, near.length, callee),
  };
}

/** @param routes the likeliest first */
function worthMentioning(routes: readonly Route[]): readonly Route[] {
  const least = routes[0]?.cost ?? 0;
  const within = (margin: number): readonly Route[] => routes.filter(({ cost }) => cost <= least + margin);
  const near = within(ROUTE_MARGIN);
  return near.length > 1 ? near : within(SURE_MARGIN);
}

function linesOf(routes: readonly Route[]): readonly number[] {
  return routes.flatMap((route) => [route.line, ...route.otherLines]);
}

/** Functions between the symbol and the text in braces, innermost first. */
function wrappersOf(name: SourceName, definition: Definition): readonly string[] {
  if (definition.kind === 'wrapped') return [`____${name.base}`];
  if (definition.kind !== 'syscall') return [];
  // SYSCALL_DEFINE0 has no arguments to convert, and so no wrapper (arch/*/include/asm/syscall_wrapper.h).
  return definition.parameters.length > 1 ? name.wrapped : [];
}

function wrappers(names: readonly string[], definition: Definition, bodyLine: number): InlinedFrame[] {
  return names.map((name, level) => ({
    function: name,
    file: definition.file,
    line: level === 0 ? bodyLine : definition.line,
  }));
}

function noteOf(best: Route, places: number, callee: string): string {
  const notes: string[] = [];
  if (places > 1) notes.push(`${places} places in it lead to ${callee}.`);
  const called = best.indirect ? 'is called through a pointer' : 'is called';
  if (best.jump !== null) notes.push(`${best.jump} ${called}, and ends with a jump to ${callee}.`);
  else if (best.indirect) notes.push(`${callee} ${called}.`);
  if (best.otherLines.length > 0)
    notes.push('The call is an argument: it has its own line, or that of the call around it.');
  if (best.jump === null && best.cost > GUESS_COST) notes.push('Nothing ties this call to it for sure.');
  return notes.join(' ');
}

/** `vmsplice` of `syscall:vmsplice`. */
function nameOfKey(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}

function functionOnly(place: { file: string; line: number }, note: string): SourceLocation {
  return { ...place, certainty: 'function-only', inlined: [], candidates: [], note };
}

/** Adds the definitions that may be meant as well. */
function ambiguous(location: SourceLocation, others: readonly RankedDefinition[]): SourceLocation {
  if (others.length === 0) return location;
  const candidates = others.flatMap(({ definition, routes }) => {
    const { key, file, line } = definition;
    const lines = routes.length > 0 ? linesOf(worthMentioning(routes)) : [line];
    return lines.map((one) => ({ function: nameOfKey(key), file, line: one }));
  });
  return {
    ...location,
    certainty: location.certainty === 'one-call-site' ? 'one-of-several' : location.certainty,
    candidates: [...location.candidates, ...candidates.slice(0, CANDIDATE_LIMIT)],
    note: `${location.note} The tree has ${others.length + 1} definitions that fit.`.trim(),
  };
}

/** More are counted in messages. */
const MOST_NAMED_FOLDERS = 6;

function unknownLocation(name: SourceName, module: string | null, index: SourceIndex): SourceLocation {
  const { folders, version } = index;
  const where =
    folders.length > MOST_NAMED_FOLDERS ? `the ${folders.length} folders with code` : folders.join(', ');
  const ofModule = module === null ? '' : ` The module ${module} may not be of this tree.`;
  const searched = !isSymbolName(name.base)
    ? 'The capture gives no name for this address.'
    : index.symbols.includes(name.base)
      ? `No definition of ${name.base} in ${where} of linux ${version}.${ofModule}`
      : `${name.base} was not looked up.`;
  return { file: null, line: null, certainty: 'unknown', inlined: [], candidates: [], note: searched };
}
