/** Which line of a function calls another one, by the call sites that the compiler wrote down. */
import type { CodePlace } from './dwarf/dwarfFile';
import type { CodeSymbol, DebugFile } from './debugFile';
import { kept } from './keptPromises';

type CallKind =
  /** The function calls the other one, by name. */
  | 'direct'
  /** What it calls ends with a jump to the other one, and so is in no stack. */
  | 'tail'
  /** It calls through a pointer, which may be to the other one. */
  | 'pointer';

/** A place in a function that may be where it calls another one. */
export interface CallSite {
  readonly kind: CallKind;
  /** The address behind the call, as the file has it. */
  readonly returnAddress: bigint;
  /** The innermost inlined function first, the calling function last. */
  readonly places: readonly CodePlace[];
  /** Functions that are jumped through to the other one, the first one first; none unless `kind` is `tail`. */
  readonly jumpsThrough: readonly string[];
}

/** A function of the kernel or of a module, and the file that has it. */
export interface FoundFunction {
  readonly file: DebugFile;
  readonly symbol: CodeSymbol;
}

/** Finds functions by name, so that jumps from one function to the next can be followed into another file. */
export type FindFunctions = (name: string) => Promise<readonly FoundFunction[]>;

/** Jumps that are followed one after the other. */
const MOST_JUMPS = 3;
/** Functions on the way: dispatchers such as x64_sys_call jump to hundreds. */
const MOST_SEEN = 1000;

/** Name of a function without what GCC and Clang add to copies of it (`.isra.0`, `.constprop.0`, `.part.0`, `.cold`, `.llvm.1`). */
export function nameInSource(name: string): string {
  const dot = name.indexOf('.', 1);
  return dot < 0 ? name : name.slice(0, dot);
}

/**
 * The places where `caller` may call `callee` (names as the capture prints them), best first: those that call it by
 * name, then those that call what jumps to it; where there are none of both, those that call through a pointer.
 * Places on one line with the same inlined functions are one.
 */
export async function callSites(
  caller: FoundFunction,
  callee: string,
  jumps: JumpSearch,
): Promise<readonly CallSite[]> {
  const { file, symbol } = caller;
  const wanted = nameInSource(callee);
  const calls = await file.callsIn(symbol.address);
  const sites: Omit<CallSite, 'places'>[] = [];
  for (const call of calls) {
    if (call.callee !== null && nameInSource(call.callee) === wanted) {
      sites.push({ kind: 'direct', returnAddress: call.address, jumpsThrough: [] });
    }
  }
  for (const call of calls) {
    // A function that is jumped to returns past this one: it would not be in the stack.
    if (call.callee === null || call.isTailCall || nameInSource(call.callee) === wanted) continue;
    const jumpsThrough = await jumps.through(call.callee, wanted);
    if (jumpsThrough !== null) sites.push({ kind: 'tail', returnAddress: call.address, jumpsThrough });
  }
  if (sites.length === 0) {
    for (const call of calls) {
      if (call.callee === null)
        sites.push({ kind: 'pointer', returnAddress: call.address, jumpsThrough: [] });
    }
  }
  const found = await file.lookUpAll(sites.map(({ returnAddress }) => returnAddress - 1n));
  const placed = sites.map((site, i) => ({ ...site, places: found[i]!.places }));
  const end = symbol.address + BigInt(symbol.size);
  // The compiler moves what it expects to be rare out of the function (.cold): the others come first.
  const isRare = ({ returnAddress }: CallSite): number =>
    returnAddress > symbol.address && returnAddress <= end ? 0 : 1;
  return distinct(placed).sort(
    (a, b) => isRare(a) - isRare(b) || a.jumpsThrough.length - b.jumpsThrough.length,
  );
}

/** Follows jumps at the ends of functions, and remembers which functions end with which. */
export class JumpSearch {
  private readonly jumpsOf = new Map<string, Promise<readonly string[]>>();

  constructor(private readonly find: FindFunctions) {}

  /**
   * The functions that a call of `name` jumps through to get to the wanted one (name in the source), by the shortest
   * way; null when it does not.
   */
  async through(name: string, wanted: string): Promise<readonly string[] | null> {
    const seen = new Set([name]);
    let ways: (readonly string[])[] = [[name]];
    for (let jumps = 0; jumps < MOST_JUMPS; jumps++) {
      const further: (readonly string[])[] = [];
      for (const way of ways) {
        for (const next of await this.jumps(way.at(-1)!)) {
          if (nameInSource(next) === wanted) return way;
          if (seen.has(next) || seen.size >= MOST_SEEN) continue;
          seen.add(next);
          further.push([...way, next]);
        }
      }
      ways = further;
    }
    return null;
  }

  private jumps(name: string): Promise<readonly string[]> {
    return kept(this.jumpsOf, name, () => this.look(name));
  }

  private async look(name: string): Promise<readonly string[]> {
    const callees = new Set<string>();
    for (const { file, symbol } of await this.find(name)) {
      for (const { callee, isTailCall } of await file.callsIn(symbol.address)) {
        if (isTailCall && callee !== null) callees.add(callee);
      }
    }
    return [...callees];
  }
}

function distinct(sites: readonly CallSite[]): CallSite[] {
  const byPlaces = new Map<string, CallSite>();
  for (const site of sites) {
    const lines = site.places.map((place) => `${place.function} ${place.file}:${place.line}`);
    const key = lines.length === 0 ? site.returnAddress.toString() : lines.join('\n');
    if (!byPlaces.has(key)) byPlaces.set(key, site);
  }
  return [...byPlaces.values()];
}
