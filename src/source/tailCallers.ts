/** Which functions end with a jump to a function: collected over the whole tree, asked for a few names. */

/** How many jumps in a row are followed. */
const DEPTH_LIMIT = 4;
/** Jumping functions of one name that are kept. */
const CALLER_LIMIT = 400;

export class TailCallers {
  /** By callee: the callers, and the file that was first found to have each. */
  private readonly callers = new Map<string, Map<string, string>>();

  /** `caller` is a source key; what it ends with is the call of `callee`. */
  add(callee: string, caller: string, file: string): void {
    if (callee === caller) return;
    const callers = this.callers.get(callee);
    if (!callers) this.callers.set(callee, new Map([[caller, file]]));
    else if (!callers.has(caller)) callers.set(caller, file);
  }

  /** Functions from which jumps alone lead to `callee`, nearest first, and the files that say so. */
  of(callee: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    let level = [callee];
    for (let depth = 0; depth < DEPTH_LIMIT && level.length > 0; depth++) {
      const next: string[] = [];
      for (const name of level) {
        const callers = [...(this.callers.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
        for (const [caller, file] of callers) {
          if (caller === callee || found.has(caller) || found.size >= CALLER_LIMIT) continue;
          found.set(caller, file);
          next.push(caller);
        }
      }
      level = next;
    }
    return found;
  }
}
