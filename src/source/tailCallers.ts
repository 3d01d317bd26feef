/** Which functions end with a jump to a function: collected over the whole tree, asked for a few names. */

/** How many jumps in a row are followed. */
const DEPTH_LIMIT = 4;
/** Jumping functions of one name that are kept. */
const CALLER_LIMIT = 400;

export class TailCallers {
  private readonly callers = new Map<string, Set<string>>();

  /** `caller` is a source key; what it ends with is the call of `callee`. */
  add(callee: string, caller: string): void {
    if (callee === caller) return;
    const callers = this.callers.get(callee);
    if (callers) callers.add(caller);
    else this.callers.set(callee, new Set([caller]));
  }

  /** Functions from which jumps alone lead to `callee`, nearest first. */
  of(callee: string): string[] {
    const found = new Set<string>();
    let level = [callee];
    for (let depth = 0; depth < DEPTH_LIMIT && level.length > 0; depth++) {
      const next: string[] = [];
      for (const name of level) {
        for (const caller of [...(this.callers.get(name) ?? [])].sort()) {
          if (caller === callee || found.has(caller) || found.size >= CALLER_LIMIT) continue;
          found.add(caller);
          next.push(caller);
        }
      }
      level = next;
    }
    return [...found];
  }
}
