/** What somebody meant who mistyped a name. */

/** The name of `names` that `typed` is short for, or most like; null where none is like it. */
export function nearestName(typed: string, names: readonly string[]): string | null {
  const longer = names.filter((name) => name.startsWith(typed));
  if (typed.length > 1 && longer.length === 1) return longer[0]!;
  // Of a short name so few letters are left after two slips that it may be any.
  let least = Math.floor(typed.length / 3) + 1;
  let nearest: string | null = null;
  for (const name of names) {
    const slips = slipsBetween(typed, name);
    if (slips >= least) continue;
    least = slips;
    nearest = name;
  }
  return nearest;
}

/** Letters left out, added, mistaken, or in the order of one another (optimal string alignment). */
function slipsBetween(one: string, other: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      next.push(
        Math.min(
          row[j]! + 1,
          next[j - 1]! + 1,
          row[j - 1]! + (isSame ? 0 : 1),
          isSwapped ? before[j - 2]! + 1 : Infinity,
        ),
      );
    }
    before = row;
    row = next;
  }
  return row[other.length]!;
}
