/** Where in a function another one is called, directly or through what was inlined into it. */
import type { Call, CallGraph } from './callGraph';
import type { CallSite } from './callSites';
import type { Definition } from './definition';
import type { InlinedFrame } from './location';
import { sourceName } from './symbolName';

/** The function that a stack says was called. */
interface Callee {
  /** Name without suffixes. */
  readonly base: string;
  /** Source keys, see symbolName.ts. */
  readonly keys: ReadonlySet<string>;
  /** Functions that end with a jump to it, by the names under which they are called. */
  readonly jumpers: ReadonlySet<string>;
  /** Members, variables and arrays that it, or what jumps to it, is assigned to somewhere in the tree. */
  readonly assignedTo: ReadonlyMap<string, Via>;
  /** `function#index` that it is passed to somewhere in the tree. */
  readonly passedTo: ReadonlySet<string>;
  /** How it is reached through the table of system calls, or null when it is none. */
  readonly systemCall: Via | null;
}

/** The callee itself, or the function that jumps to it. */
interface Via {
  readonly jump: string | null;
}

/** A place in a function that leads to the callee. */
export interface Route {
  /** 1-based line in the function. */
  readonly line: number;
  /** Lines that its calls may have in place of {@link line}. */
  readonly otherLines: readonly number[];
  readonly offset: number;
  /** Functions on the way that were inlined, innermost first, as far as it is the only one. */
  readonly inlined: readonly InlinedFrame[];
  /** How unlikely this route is, see Cost in callGraph.ts. */
  readonly cost: number;
  /** The callee is reached through a pointer. */
  readonly indirect: boolean;
  /** The function that is called here, and ends with a jump to the callee; null when the callee itself is called. */
  readonly jump: string | null;
}

/** Cost of a match that is not a call by name. */
const MatchCost = {
  member: 0.5,
  parameter: 0.6,
  table: 0.5,
  /** Beside the table of x86-64 that of x32 is not worth mentioning: next to no program is made for it. */
  x32Table: 3,
  mention: 1,
  macroArgument: 0.3,
  /** Beside a call of the callee itself, one of a function that jumps to it is not worth mentioning. */
  jump: 1.8,
  /** A call through a pointer of which nothing is known but that the callee's address is taken. */
  anyPointer: 5,
} as const;

/** A route that costs more is a guess. */
export const GUESS_COST = 3;
/** What costs this much more than the best is not worth mentioning. */
export const ROUTE_MARGIN = 2.4;
/**
 * What costs less than this more than the best keeps it from being sure: of 838 calls of a 6.1 whose second route cost 2.4
 * to 3.5 more than the first, 48 took that (test/bench/sourceTruth.mjs --calls 40000); beyond, one in 80.
 */
export const SURE_MARGIN = 3.5;

/** Inlined calls within each other: get_page_from_freelist to __page_ref_set are 5, and macros count. */
const DEPTH_LIMIT = 9;
/** Levels looked at beyond the first that leads to the callee, for other routes. */
const DEPTH_SLACK = 3;
const NODE_LIMIT = 3000;

/** arch/x86/entry/common.c, arch/arm64/kernel/syscall.c: what calls the functions of the system call tables. */
const SYSTEM_CALL_TABLE = /sys_call_table|^(?:x64|x32|ia32)_sys_call$|^syscall_fn$/;

export function calleeOf(graph: CallGraph, symbol: string): Callee {
  const { base, keys } = sourceName(symbol);
  const assignedTo = new Map<string, Via>();
  const passedTo = new Set<string>();
  const jumpers = graph.jumpersTo(base);
  let systemCall: Via | null = keys.some((key) => key.startsWith('syscall:')) ? { jump: null } : null;
  for (const use of graph.pointerUses(base)) {
    if (use.how === 'assigned') assignedTo.set(use.to, { jump: null });
    else passedTo.add(`${use.of}#${use.index}`);
  }
  for (const jump of jumpers) {
    if (jump.startsWith('syscall:')) systemCall ??= { jump: `sys_${jump.slice('syscall:'.length)}` };
    for (const use of graph.pointerUses(jump)) {
      if (use.how === 'assigned' && !assignedTo.has(use.to)) assignedTo.set(use.to, { jump });
    }
  }
  return { base, keys: new Set(keys), jumpers: new Set(jumpers), assignedTo, passedTo, systemCall };
}

/** All calls in `definition` that lead to `callee`, the likeliest first; calls on one line count once. */
export async function findRoutes(
  graph: CallGraph,
  definition: Definition,
  callee: Callee,
): Promise<readonly Route[]> {
  const explored = await explore(graph, definition, callee);
  const costs = costsToCallee(explored, callee);
  const stepsIn = (through: Definition): readonly Step[] =>
    stepsFrom(through, explored.get(through) ?? [], callee, costs);
  const routes: Route[] = [];
  for (const [line, calls] of byLine(explored.get(definition) ?? [])) {
    const [first, ...others] = stepsFrom(definition, calls, callee, costs);
    if (!first) continue;
    const way = wayOf(first, others, stepsIn);
    const otherLines = otherLinesOf([first, ...others]);
    routes.push({ line, otherLines, offset: first.site.offset, cost: first.cost, ...way });
  }
  return routes.sort((a, b) => a.cost - b.cost || a.offset - b.offset);
}

function byLine(calls: readonly Call[]): ReadonlyMap<number, readonly Call[]> {
  const lines = new Map<number, Call[]>();
  for (const call of calls) {
    const known = lines.get(call.line);
    if (known === undefined) lines.set(call.line, [call]);
    else known.push(call);
  }
  return lines;
}

type Explored = Map<Definition, readonly Call[]>;

/** Reads the functions that may be inlined below `definition`, level by level, a little beyond the first match. */
async function explore(graph: CallGraph, definition: Definition, callee: Callee): Promise<Explored> {
  const explored: Explored = new Map();
  let level = [definition];
  let lastLevel = DEPTH_LIMIT;
  for (let depth = 0; depth <= lastLevel && level.length > 0; depth++) {
    const next = new Set<Definition>();
    for (const one of level) {
      const calls = await graph.calls(one, definition.file);
      explored.set(one, calls);
      for (const call of calls) {
        const match = matchOf(one, call, callee);
        if (match && match.cost < MatchCost.jump) lastLevel = Math.min(lastLevel, depth + DEPTH_SLACK);
        for (const { definition: target } of call.inlinable) {
          if (eventMatches(target, callee)) lastLevel = Math.min(lastLevel, depth + DEPTH_SLACK);
          if (!explored.has(target) && explored.size + next.size < NODE_LIMIT) next.add(target);
        }
      }
    }
    level = [...next].filter((one) => !explored.has(one));
  }
  return explored;
}

/** Least cost from within a function to the callee. */
interface CostToCallee {
  readonly cost: number;
  /** The same when the last thing that the function does leads there, so that it may jump; else infinite. */
  readonly byJump: number;
}

function costsToCallee(explored: Explored, callee: Callee): Map<Definition, CostToCallee> {
  const costs = new Map<Definition, CostToCallee>();
  let changed = true;
  for (let round = 0; changed && round <= DEPTH_LIMIT; round++) {
    changed = false;
    for (const [definition, calls] of explored) {
      const before = costs.get(definition) ?? { cost: Infinity, byJump: Infinity };
      let { cost, byJump } = before;
      for (const call of calls) {
        const step = bestStep(definition, call, callee, costs);
        if (!step) continue;
        cost = Math.min(cost, step.cost);
        if (call.site.isLast) byJump = Math.min(byJump, step.costByJump);
      }
      if (cost === before.cost && byJump === before.byJump) continue;
      costs.set(definition, { cost, byJump });
      changed = true;
    }
  }
  return costs;
}

interface Step {
  readonly cost: number;
  readonly costByJump: number;
  /** The function on the way to the callee, or null when the call is that of the callee. */
  readonly through: Definition | null;
  /** As in {@link Inlinable}. */
  readonly passedTo: InlinedFrame | null;
  /** `through` is called, and ends with a jump; otherwise it is inlined. */
  readonly jumps: boolean;
  readonly site: CallSite;
  /** As in {@link Call}. */
  readonly line: number;
  readonly otherLine: number | null;
  readonly match: Match | null;
}

/** All that a call may do to lead to the callee: a name may have several definitions. */
function stepsOf(
  definition: Definition,
  call: Call,
  callee: Callee,
  costs: ReadonlyMap<Definition, CostToCallee>,
): readonly Step[] {
  const { site, line, otherLine } = call;
  const steps: Step[] = [];
  const match = matchOf(definition, call, callee);
  if (match) {
    const { cost } = match;
    const toCallee = { through: null, passedTo: null, jumps: false };
    steps.push({ cost, costByJump: cost, ...toCallee, site, line, otherLine, match });
  }
  for (const { definition: target, cost: costOfInlining, passedTo } of call.inlinable) {
    if (target === definition) continue;
    const rest = eventMatches(target, callee) ? { cost: 0, byJump: Infinity } : costs.get(target);
    if (rest === undefined) continue;
    const inlined = costOfInlining + rest.cost;
    const called = MatchCost.jump + rest.byJump;
    const cost = Math.min(inlined, called);
    const costByJump = Math.min(costOfInlining, MatchCost.jump) + rest.byJump;
    const jumps = called < inlined;
    steps.push({ cost, costByJump, through: target, passedTo, jumps, site, line, otherLine, match: null });
  }
  return steps;
}

function bestStep(
  definition: Definition,
  call: Call,
  callee: Callee,
  costs: ReadonlyMap<Definition, CostToCallee>,
): Step | null {
  let best: Step | null = null;
  for (const step of stepsOf(definition, call, callee, costs)) {
    if (best === null || step.cost < best.cost) best = step;
  }
  return best;
}

/** What leads from calls in a function to the callee and is worth mentioning, the likeliest first. */
function stepsFrom(
  definition: Definition,
  calls: readonly Call[],
  callee: Callee,
  costs: ReadonlyMap<Definition, CostToCallee>,
): readonly Step[] {
  const steps = calls.flatMap((call) => stepsOf(definition, call, callee, costs));
  const least = steps.reduce((cost, step) => Math.min(cost, step.cost), Infinity);
  return steps.filter(({ cost }) => cost <= least + ROUTE_MARGIN).sort((a, b) => a.cost - b.cost);
}

/**
 * The inlined functions from the first step on, as far as there is one way, and how the callee is called in the end.
 * Macros have no frame.
 *
 * @param beside other steps from the line of the first
 */
function wayOf(
  first: Step,
  beside: readonly Step[],
  stepsIn: (through: Definition) => readonly Step[],
): Pick<Route, 'inlined' | 'indirect' | 'jump'> {
  const inlined: InlinedFrame[] = [];
  let step = first;
  let others = beside;
  /** Those in place of the next inlined function. */
  let instead = placesOf(partingFrom(first, beside), stepsIn);
  let isOnlyWay = true;
  for (let depth = 0; step.through && !step.jumps && depth <= DEPTH_LIMIT; depth++) {
    const { through, site, passedTo } = step;
    if (isOnlyWay && passedTo !== null) inlined.unshift(withOthers(passedTo, takersBeside(step, others)));
    if (through.kind === 'event') {
      const { file, line } = through;
      if (isOnlyWay) inlined.unshift(withOthers({ function: site.name, file, line }, instead));
      return { inlined, indirect: false, jump: null };
    }
    const [next, ...rest] = stepsIn(through);
    const line = next?.line ?? through.line;
    const parting = next ? partingFrom(next, rest) : [];
    if (through.kind === 'macro') {
      instead = [...instead, ...placesOf(parting, stepsIn)];
    } else if (isOnlyWay && through.kind === 'function') {
      const own = { function: through.key, file: through.file, line };
      const steps = next ? [next, ...rest] : [];
      const lines = [...steps.map((other) => other.line), ...otherLinesOf(steps)];
      const further = lines.filter((other) => other !== line).map((other) => ({ ...own, line: other }));
      inlined.unshift(withOthers(own, [...further, ...instead]));
      isOnlyWay = instead.length === 0 && parting.every((other) => other.line === line);
      instead = placesOf(parting, stepsIn);
    }
    if (!next) break;
    step = next;
    others = rest;
  }
  const jump = step.jumps ? step.site.name : (step.match?.jump ?? null);
  return { inlined, indirect: step.match?.indirect ?? false, jump };
}

function otherLinesOf(steps: readonly Step[]): readonly number[] {
  return [...new Set(steps.flatMap(({ otherLine }) => otherLine ?? []))];
}

/** Where else the function between is called from: NF_HOOK() has two definitions, of two configurations. */
function takersBeside({ through, passedTo }: Step, beside: readonly Step[]): readonly InlinedFrame[] {
  const takers = beside.filter((other) => other.through === through).flatMap((other) => other.passedTo ?? []);
  return [...(passedTo?.others ?? []), ...takers.flatMap((taker) => [taker, ...(taker.others ?? [])])];
}

/** Those that go on through another function. */
function partingFrom({ through }: Step, others: readonly Step[]): readonly Step[] {
  return others.filter((other) => other.through !== through);
}

function withOthers(own: InlinedFrame, others: readonly InlinedFrame[]): InlinedFrame {
  const places = new Map([own, ...others].map((place) => [`${place.file}:${place.line}`, place]));
  const [, ...distinct] = places.values();
  return distinct.length === 0 ? own : { ...own, others: distinct };
}

/** The outermost inlined functions to which steps lead; none for a step to the callee itself. */
function placesOf(
  steps: readonly Step[],
  stepsIn: (through: Definition) => readonly Step[],
): readonly InlinedFrame[] {
  return steps.flatMap((first) => {
    let step: Step | undefined = first;
    for (let depth = 0; step?.through && !step.jumps && depth <= DEPTH_LIMIT; depth++) {
      const { through, site }: Step = step;
      const { kind, key, file } = through;
      if (kind === 'event') return [{ function: site.name, file, line: through.line }];
      step = stepsIn(through)[0];
      if (kind === 'function') return [{ function: key, file, line: step?.line ?? through.line }];
    }
    return [];
  });
}

/** The functions that a tracepoint's call reaches: include/trace/trace_events.h, include/linux/tracepoint.h. */
function eventMatches(target: Definition, callee: Callee): boolean {
  if (target.kind !== 'event') return false;
  return callee.keys.has(target.key) || callee.keys.has(`class:${target.eventClass ?? ''}`);
}

interface Match {
  readonly cost: number;
  readonly indirect: boolean;
  readonly jump: string | null;
}

/** How far a call site fits the callee, or null when it does not at all. */
function matchOf(definition: Definition, { site, inMacro }: Call, callee: Callee): Match | null {
  if (site.how === 'mention') {
    // printk_index_wrap(_printk, …), INDIRECT_CALL_1(…, tcp_v4_rcv, …): such macros call what they are given.
    if (site.name === callee.base && inMacro)
      return { cost: MatchCost.macroArgument, indirect: false, jump: null };
    if (site.name === callee.base) return throughPointer(MatchCost.mention, { jump: null });
    return callee.jumpers.has(site.name) ? throughPointer(MatchCost.mention, { jump: site.name }) : null;
  }
  if (site.how === 'name' || site.how === 'branch') {
    if (site.name === callee.base) return { cost: 0, indirect: false, jump: null };
    if (callee.jumpers.has(site.name)) return { cost: MatchCost.jump, indirect: false, jump: site.name };
  }
  if (callee.systemCall && SYSTEM_CALL_TABLE.test(site.name)) {
    const cost = site.name.startsWith('x32_') ? MatchCost.x32Table : MatchCost.table;
    return throughPointer(cost, callee.systemCall);
  }
  const parameter = definition.parameters.indexOf(site.name);
  if (site.how === 'name' && parameter < 0) return null;
  if (parameter >= 0 && callee.passedTo.has(`${definition.key}#${parameter}`)) {
    return throughPointer(MatchCost.parameter, { jump: null });
  }
  const assigned = callee.assignedTo.get(site.name);
  if (assigned) return throughPointer(MatchCost.member, assigned);
  const isPointer = callee.assignedTo.size > 0 || callee.passedTo.size > 0;
  return isPointer && definition.kind !== 'macro'
    ? throughPointer(MatchCost.anyPointer, { jump: null })
    : null;
}

function throughPointer(cost: number, { jump }: Via): Match {
  return { cost: jump === null ? cost : cost + MatchCost.jump, indirect: true, jump };
}
