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
  readonly offset: number;
  /** Functions on the way that were inlined, innermost first. */
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
  mention: 1,
  macroArgument: 0.3,
  /** Beside a call of the callee itself, one of a function that jumps to it is not worth mentioning. */
  jump: 1.8,
  /** A call through a pointer of which nothing is known but that the callee's address is taken. */
  anyPointer: 5,
} as const;

/** A route that costs more is a guess. */
export const GUESS_COST = 3;

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
  const routes: Route[] = [];
  for (const call of explored.get(definition) ?? []) {
    const step = bestStep(definition, call, callee, costs);
    if (!step) continue;
    const { line, site } = call;
    routes.push({ line, offset: site.offset, cost: step.cost, ...wayOf(explored, step, callee, costs) });
  }
  routes.sort((a, b) => a.cost - b.cost || a.offset - b.offset);
  return routes.filter((route, index) => routes.findIndex((other) => other.line === route.line) === index);
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
      const calls = await graph.calls(one);
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
  /** `through` is called, and ends with a jump; otherwise it is inlined. */
  readonly jumps: boolean;
  readonly site: CallSite;
  readonly match: Match | null;
}

function bestStep(
  definition: Definition,
  call: Call,
  callee: Callee,
  costs: ReadonlyMap<Definition, CostToCallee>,
): Step | null {
  const { site } = call;
  const match = matchOf(definition, call, callee);
  let best: Step | null = match && {
    cost: match.cost,
    costByJump: match.cost,
    through: null,
    jumps: false,
    site,
    match,
  };
  for (const { definition: target, cost: costOfInlining } of call.inlinable) {
    if (target === definition) continue;
    const rest = eventMatches(target, callee) ? { cost: 0, byJump: Infinity } : costs.get(target);
    if (rest === undefined) continue;
    const inlined = costOfInlining + rest.cost;
    const called = MatchCost.jump + rest.byJump;
    const cost = Math.min(inlined, called);
    if (best !== null && cost >= best.cost) continue;
    const costByJump = Math.min(costOfInlining, MatchCost.jump) + rest.byJump;
    best = { cost, costByJump, through: target, jumps: called < inlined, site, match: null };
  }
  return best;
}

/** The inlined functions from the first step on, and how the callee is called in the end. Macros have no frame. */
function wayOf(
  explored: Explored,
  first: Step,
  callee: Callee,
  costs: ReadonlyMap<Definition, CostToCallee>,
): Pick<Route, 'inlined' | 'indirect' | 'jump'> {
  const inlined: InlinedFrame[] = [];
  let step = first;
  while (step.through && !step.jumps && inlined.length <= DEPTH_LIMIT) {
    const through: Definition = step.through;
    if (through.kind === 'event') {
      inlined.unshift({ function: step.site.name, file: through.file, line: through.line });
      return { inlined, indirect: false, jump: null };
    }
    let next: Step | null = null;
    let line = through.line;
    for (const call of explored.get(through) ?? []) {
      const other = bestStep(through, call, callee, costs);
      if (!other || (next && other.cost >= next.cost)) continue;
      next = other;
      line = call.line;
    }
    if (through.kind === 'function') inlined.unshift({ function: through.key, file: through.file, line });
    if (!next) break;
    step = next;
  }
  const jump = step.jumps ? step.site.name : (step.match?.jump ?? null);
  return { inlined, indirect: step.match?.indirect ?? false, jump };
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
    return throughPointer(MatchCost.table, callee.systemCall);
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
