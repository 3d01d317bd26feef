/** Which rule names the reference that a stack takes or drops, and the function that it names as the holder. */
import type { FrameFacts, FunctionSite, Side } from './frameFacts';
import { isInTreeModule } from './inTreeModules';
import { MODULE_RULE } from './kindRules';
import type { KindRule } from './kindRule';
import type { Kind } from './model';

/** A rule that matched, and the function that it matched on. */
export interface Site {
  readonly rule: KindRule;
  /** Names the holder: the matched function, or who called it where many use it. */
  readonly functionName: string;
  /** The function that the rule names. */
  readonly matchedFunction: string;
  /** Module of {@link functionName}'s frame, or null. */
  readonly module: string | null;
}

/** GUP and page cache lookups serve everybody: the first frame beyond them names the holder. */
const SERVICE_KINDS: ReadonlySet<Kind> = new Set<Kind>(['gup-get', 'gup-pin', 'page-cache-lookup']);

function serves(site: FunctionSite): boolean {
  return (site.strength === 'weak' || site.strength === 'fallback') && SERVICE_KINDS.has(site.rule.kind);
}

function siteAt(frames: readonly FrameFacts[], rule: KindRule, depth: number, named = depth): Site {
  return {
    rule,
    functionName: frames[named]!.name,
    matchedFunction: frames[depth]!.name,
    module: frames[named]!.module,
  };
}

/** The first frame beyond those that only serve, or the matched one when there is none. */
function callerDepth(side: Side, frames: readonly FrameFacts[], depth: number): number {
  for (let caller = depth + 1; caller < frames.length; caller++) {
    const frame = frames[caller]!;
    const isKnown = frame.isNamed || frame.module !== null;
    if (isKnown && !frame[side].own.some(serves)) return caller;
  }
  return depth;
}

/** Where a rule matches. */
interface Match {
  readonly rule: KindRule;
  readonly depth: number;
}

/** Surest strength first, innermost first. */
function matchUserSite(side: Side, frames: readonly FrameFacts[]): Match | null {
  let weak: Match | null = null;
  for (let depth = 0; depth < frames.length; depth++) {
    for (const { rule, strength } of frames[depth]![side].user) {
      if (strength === 'strong' || (strength === 'direct' && depth === 0)) return { rule, depth };
      if (strength === 'weak') weak ??= { rule, depth };
    }
  }
  return weak;
}

/**
 * The innermost direct or strong match wins; else the innermost weak one, else the innermost fallback. A module
 * that is not of the kernel tree is as sure as a strong match, unless a weak one stands further in.
 *
 * A rule that a person wrote wins over those of the kernel's functions, unless a direct or strong one of these
 * stands further in: on its way a pin puts pages into LRU batches, and may isolate and migrate them.
 *
 * @param frames those that may name the holder, innermost first: no plumbing, nothing beyond an interrupt
 */
export function matchSite(side: Side, frames: readonly FrameFacts[]): Site | null {
  const user = matchUserSite(side, frames);
  let weak: Match | null = null;
  let fallback: Match | null = null;
  for (let depth = 0; depth < frames.length; depth++) {
    if (user?.depth === depth) return siteAt(frames, user.rule, depth);
    const { module, [side]: sites } = frames[depth]!;
    for (const { rule, strength } of sites.own) {
      if (strength === 'strong' || (strength === 'direct' && depth === 0)) return siteAt(frames, rule, depth);
      if (strength === 'weak') weak ??= { rule, depth };
      if (strength === 'fallback') fallback ??= { rule, depth };
    }
    if (user === null && weak === null && module !== null && !isInTreeModule(module)) {
      return siteAt(frames, MODULE_RULE, depth);
    }
  }
  const found = weak ?? fallback;
  if (found === null) {
    const inModule = frames.findIndex(({ module }) => module !== null);
    return inModule < 0 ? null : siteAt(frames, MODULE_RULE, inModule);
  }
  const { rule, depth } = found;
  if (!SERVICE_KINDS.has(rule.kind)) return siteAt(frames, rule, depth);
  return siteAt(frames, rule, depth, callerDepth(side, frames, depth));
}
