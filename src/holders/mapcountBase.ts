import type { Capture } from '../capture/eventTable';

/** What must be added to a mapcount that a capture prints to get the number of mappings. */
interface PrintedMapcount {
  readonly base: 0 | 1;
  /** False where nothing in the capture tells: page_mapcount() is then assumed. */
  readonly isKnown: boolean;
}

/** What the events of a capture print as mapcount. */
interface SeenMapcounts {
  /** Some print -1. */
  readonly minusOne: boolean;
  /** Some print 0 for a page that was just allocated. */
  readonly zeroWhenFresh: boolean;
}

/** page_mapcount(), or what it was before it went: `_mapcount + 1`. */
const MAPPINGS: PrintedMapcount = { base: 0, isKnown: true };

/**
 * How the mapcounts of a capture are printed, which depends on what printed them.
 *
 * Tracepoints of page_ref print page_mapcount() up to 6.9 and the raw `_mapcount`, which is -1 without a mapping, from
 * 6.10 on ("trace/events/page_ref: trace the raw page mapcount value"). The kernel's release tells; without it, the
 * events of pages that cannot be mapped: a page that was just allocated, or any that prints -1.
 *
 * dump_page() prints mappings in all versions (mm/debug.c: page_mapcount(), from 6.10 on `_mapcount + 1`), and so does
 * Android's page_pinner (mm/page_pinner.c: page_mapcount()).
 */
export class MapcountBase {
  /** Whether rows of a name are dumps, by its id. */
  private readonly isDump: (boolean | undefined)[] = [];
  private readonly ofTracepoints: PrintedMapcount;

  constructor(
    private readonly capture: Capture,
    seen: SeenMapcounts,
  ) {
    this.ofTracepoints = capture.format === 'page-pinner' ? MAPPINGS : ofTracepoints(capture, seen);
  }

  at(row: number): PrintedMapcount {
    const { events, symbols } = this.capture;
    const name = events.name[row]!;
    const isDump = (this.isDump[name] ??= symbols.string(name) === 'dump_page');
    return isDump ? MAPPINGS : this.ofTracepoints;
  }
}

function ofTracepoints({ facts, kernel }: Capture, seen: SeenMapcounts): PrintedMapcount {
  if (seen.minusOne) return { base: 1, isKnown: true };
  if (seen.zeroWhenFresh) return MAPPINGS;
  const release = kernel?.release ?? facts.find(([name]) => name === 'kernel')?.[1];
  const version = /(\d+)\.(\d+)/.exec(release ?? '');
  if (version === null) return { base: 0, isKnown: false };
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > 6 || (major === 6 && minor >= 10) ? { base: 1, isKnown: true } : MAPPINGS;
}
