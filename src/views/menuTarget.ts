/** What a menu of the capture editor was opened on, as VS Code gives it to the command that is chosen there. */

export interface MenuTarget {
  /** Number of the panel. */
  readonly panel: number;
  /** Row of the capture. */
  readonly row: number | null;
  readonly pfn: number | null;
  /** Id of a row of the stack that is shown; empty for none. */
  readonly frame: string;
}

/** null for anything else: others may run the commands, too. */
export function menuTarget(given: unknown): MenuTarget | null {
  if (typeof given !== 'object' || given === null || !('panel' in given)) return null;
  const { panel } = given;
  if (!isCount(panel)) return null;
  const row = 'row' in given && isCount(given.row) ? given.row : null;
  const pfn = 'pfn' in given && isCount(given.pfn) ? given.pfn : null;
  const frame = 'frame' in given && typeof given.frame === 'string' ? given.frame : '';
  return { panel, row, pfn, frame };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
