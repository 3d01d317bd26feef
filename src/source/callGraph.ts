/** From a function to those that it calls and that a compiler may have inlined into it. */
import type { CallSite } from './callSites';
import type { Definition } from './definition';
import type { PointerUse } from './functionPointers';
import type { SourceIndex } from './indexData';
import { kept } from './keptPromises';
import type { InlinedFrame } from './location';
import { localIncludes, sitesIn, usesIn, type SourceText, type SourceTexts } from './sourceText';

/** A call in a function, with what stands behind the called name. */
export interface Call {
  readonly site: CallSite;
  /** 1-based line that debug info gives to the call: that of the outermost macro around it, if any. */
  readonly line: number;
  /** Another line that it may have in place of {@link line}, see {@link CallSite.ownLine}; null for none. */
  readonly otherLine: number | null;
  /** The call stands among the arguments of a macro's use. */
  readonly inMacro: boolean;
  /** Definitions that the compiler may have put in the place of the call. */
  readonly inlinable: readonly Inlinable[];
}

interface Inlinable {
  readonly definition: Definition;
  readonly cost: number;
  /** The function between, which the definition is passed to and which calls it; null where it is called itself. */
  readonly passedTo: InlinedFrame | null;
}

/**
 * How unlikely it is that a call was inlined, in steps of which two make another path not worth mentioning.
 * Measured against the debug info of a 6.1 built by GCC 12 (test/bench/sourceTruth.mjs).
 */
const Cost = {
  macro: 0.1,
  marked: 0.2,
  /** A static function with one caller: GCC inlines nearly all (-finline-functions-called-once). */
  calledOnce: 0.5,
  smallStatic: 0.8,
  largeStatic: 3,
  smallGlobal: 1.5,
  largeGlobal: 6,
  noinline: 8,
} as const;

/** Bytes of source text up to which GCC takes a function for small. */
const SMALL_BODY = 500;

/** Headers of one name that are looked into. */
const HEADER_LIMIT = 4;
/** Definitions of one name that a call may mean. No function of 6.1 has more in a file; text that has takes time alone. */
const SAME_NAME_LIMIT = 12;

/** include/linux/tracepoint.h: the names under which a tracepoint is called. */
const TRACE_CALL = /^(?:trace|__trace|do_trace|__do_trace|trace_call__)_(\w+?)(?:_rcuidle)?$/;

export class CallGraph {
  private readonly headers: ReadonlyMap<string, readonly number[]>;
  private readonly pointers: ReadonlyMap<string, readonly PointerUse[]>;
  private readonly jumps: ReadonlyMap<string, readonly string[]>;
  private readonly callsOf = new Map<Definition, Promise<readonly Call[]>>();
  /** By name and file that it stands in. */
  private readonly inlinableOf = new Map<string, Promise<readonly Inlinable[]>>();
  private readonly parametersOf = new Map<Definition, Promise<ReadonlyMap<string, InlinedFrame>>>();

  constructor(
    private readonly index: SourceIndex,
    private readonly texts: SourceTexts,
  ) {
    this.headers = new Map(index.headers);
    this.pointers = new Map(index.pointers);
    this.jumps = new Map(index.jumps);
  }

  pointerUses(name: string): readonly PointerUse[] {
    return this.pointers.get(name) ?? [];
  }

  /** Functions that end with a jump to `name`, as source keys, nearest first. */
  jumpersTo(name: string): readonly string[] {
    return this.jumps.get(name) ?? [];
  }

  /** The calls in a definition, as the compiler sees them that reads it for the file `unit`. */
  async calls(definition: Definition, unit: string): Promise<readonly Call[]> {
    const calls = await kept(this.callsOf, definition, () => this.findCalls(definition));
    const text = definition.file === unit ? null : await this.texts.load(unit);
    return text === null ? calls : calls.map((call) => this.callFrom(call, text));
  }

  /** What a header's function calls may be defined in the file that includes it: lock_sock() calls lock_sock_nested(). */
  private callFrom(call: Call, unit: SourceText): Call {
    if (call.site.how !== 'name' || call.inlinable.length > 0) return call;
    const own = unit.byKey.get(call.site.name)?.slice(0, SAME_NAME_LIMIT) ?? [];
    const functions = own.filter(({ kind }) => kind === 'function');
    return functions.length === 0 ? call : { ...call, inlinable: this.inPlaceOfCall(functions, unit) };
  }

  private async findCalls(definition: Definition): Promise<readonly Call[]> {
    const text = await this.texts.load(definition.file);
    if (!text) return [];
    const calls: Call[] = [];
    for (const site of sitesIn(text, definition)) {
      const byName = site.how === 'name' || site.how === 'branch';
      calls.push({
        site,
        ...(await this.linesOf(site, text)),
        inMacro: site.uses.length > 0 && (await this.isMacro(site.uses.at(-1)!.name, text)),
        inlinable: byName ? await this.inlinable(site.name, text) : await this.inlinablePassed(site, text),
      });
    }
    return calls;
  }

  /** A call within the use of a macro has the line of that use, whatever lines its arguments span. */
  private async linesOf(site: CallSite, text: SourceText): Promise<Pick<Call, 'line' | 'otherLine'>> {
    for (const use of site.uses) {
      if (use.line === site.line && use.ownLine === site.ownLine) continue;
      if (await this.isMacro(use.name, text)) return linesOfUse(use);
    }
    return linesOfUse(site);
  }

  private async isMacro(name: string, text: SourceText): Promise<boolean> {
    const [first] = await this.inlinable(name, text);
    return first?.definition.kind === 'macro';
  }

  private inlinable(name: string, text: SourceText): Promise<readonly Inlinable[]> {
    return kept(this.inlinableOf, `${name}\n${text.path}`, async () => {
      const found = await this.definitionsOf(name, text);
      return this.inPlaceOfCall(found.slice(0, SAME_NAME_LIMIT), text);
    });
  }

  private inPlaceOfCall(definitions: readonly Definition[], caller: SourceText): readonly Inlinable[] {
    return definitions.map((definition) => ({
      definition,
      cost: this.costOf(definition, caller),
      passedTo: null,
    }));
  }

  /** A function that is passed to another one, which calls its parameter, may be inlined into that: madvise_walk_vmas(). */
  private async inlinablePassed(site: CallSite, text: SourceText): Promise<readonly Inlinable[]> {
    const use = site.argument < 0 ? undefined : site.uses.at(-1);
    if (use === undefined) return [];
    const found: Inlinable[] = [];
    for (const taker of await this.inlinable(use.name, text)) {
      const parameter = taker.definition.parameters[site.argument];
      const passedTo = (await this.calledParameters(taker.definition)).get(parameter ?? '');
      if (passedTo === undefined) continue;
      for (const passed of await this.inlinable(site.name, text)) {
        const isMacro = taker.definition.kind === 'macro';
        if (passed.definition.kind === 'macro' && !isMacro) continue;
        const cost = taker.cost + passed.cost;
        found.push({ definition: passed.definition, cost, passedTo: isMacro ? null : passedTo });
      }
    }
    return found;
  }

  /** The parameters that a function or macro calls, and where. */
  private calledParameters(taker: Definition): Promise<ReadonlyMap<string, InlinedFrame>> {
    return kept(this.parametersOf, taker, async () => {
      const called = new Map<string, InlinedFrame>();
      const text = taker.parameters.length === 0 ? null : await this.texts.load(taker.file);
      const sites = text === null ? [] : sitesIn(text, taker);
      for (const { name, how, line } of sites) {
        if (!(how === 'name' || how === 'pointer') || !taker.parameters.includes(name)) continue;
        const place = { function: taker.key, file: taker.file, line };
        const first = called.get(name);
        if (first === undefined) called.set(name, place);
        else if ((first.others?.length ?? 0) < SAME_NAME_LIMIT)
          called.set(name, { ...first, others: [...(first.others ?? []), place] });
      }
      return called;
    });
  }

  /** What the name can stand for in the file: its own definitions, else those of the headers that it can see. */
  private async definitionsOf(name: string, text: SourceText): Promise<readonly Definition[]> {
    const own = text.byKey.get(name);
    if (own) return [...own, ...(await this.inPlaceOf(own, name, text))];
    const traced = TRACE_CALL.exec(name)?.[1];
    const key = traced !== undefined && this.headers.has(`event:${traced}`) ? `event:${traced}` : name;
    const shared = this.headers.has(key) ? await this.definitionsInHeaders(key, text) : [];
    return shared.length > 0 ? shared : this.definitionsInOwnHeaders(key, text);
  }

  /** A function that is not static may be an inline one of a header in other configurations: filemap_alloc_folio. */
  private async inPlaceOf(
    own: readonly Definition[],
    name: string,
    text: SourceText,
  ): Promise<readonly Definition[]> {
    if (!own.every(({ kind, isStatic }) => kind === 'function' && !isStatic)) return [];
    const found = await this.definitionsInHeaders(name, text);
    return found.filter(({ kind, isStatic }) => kind === 'function' && isStatic);
  }

  private async definitionsInHeaders(key: string, text: SourceText): Promise<readonly Definition[]> {
    const paths = visibleHeaders(
      (this.headers.get(key) ?? []).map((number) => this.index.files[number]!.path),
      text.path,
    );
    const found: Definition[] = [];
    for (const path of paths.slice(0, HEADER_LIMIT)) {
      const header = await this.texts.load(path);
      found.push(...(header?.byKey.get(key) ?? []));
    }
    return found;
  }

  /** The index has the private headers of the core alone; those of a driver are read when its functions are. */
  private async definitionsInOwnHeaders(key: string, text: SourceText): Promise<readonly Definition[]> {
    for (const path of localIncludes(text)) {
      const found = (await this.texts.load(path))?.byKey.get(key);
      if (found) return found;
    }
    return [];
  }

  private costOf(definition: Definition, caller: SourceText): number {
    if (definition.kind === 'macro') return Cost.macro;
    if (definition.kind === 'event') return Cost.marked;
    if (definition.isNoinline || definition.kind === 'assembly') return Cost.noinline;
    if (definition.isInline) return Cost.marked;
    const small = definition.bodyTo - definition.bodyFrom <= SMALL_BODY;
    if (!definition.isStatic) return small ? Cost.smallGlobal : Cost.largeGlobal;
    if (usesIn(caller, definition.key) <= 1) return Cost.calledOnce;
    return small ? Cost.smallStatic : Cost.largeStatic;
  }
}

function linesOfUse({ line, ownLine }: Pick<CallSite, 'line' | 'ownLine'>): Pick<Call, 'line' | 'otherLine'> {
  return { line, otherLine: ownLine === line ? null : ownLine };
}

/** Headers that a file can include, the likeliest first. */
function visibleHeaders(paths: readonly string[], from: string): readonly string[] {
  const folder = from.slice(0, from.lastIndexOf('/'));
  const rank = (path: string): number => {
    const own = path.slice(0, path.lastIndexOf('/'));
    if (own === folder) return 0;
    if (/^arch\/[^/]+\/include\//.test(path)) return 1;
    if (path.startsWith('include/asm-generic/')) return 3;
    if (path.startsWith('include/')) return 2;
    // A private header is for the files beside and below it, and for those of the same part of the kernel.
    if (folder.startsWith(`${own}/`)) return 4;
    return own.split('/', 2).join('/') === folder.split('/', 2).join('/') ? 5 : 9;
  };
  const ranked = paths.map((path) => ({ path, rank: rank(path) })).filter((one) => one.rank < 9);
  // asm-generic is what an architecture without a version of its own uses.
  const hasArchitecture = ranked.some((one) => one.rank === 1);
  return ranked
    .filter((one) => !(hasArchitecture && one.rank === 3))
    .sort((a, b) => a.rank - b.rank)
    .map((one) => one.path);
}
