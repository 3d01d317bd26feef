/** Which frames of a text got no line, or a doubtful one, and why: told once at its end, not on each line. */
import type { AnnotatedFrame, AnnotateStack } from './annotateStacks';
import { counted } from './wording';

/** Reasons that are told; the others are counted. */
const MOST_REASONS = 5;

export class ResolveTally {
  private frames = 0;
  private readonly missing = new Map<string, number>();
  private readonly doubtful = new Map<string, number>();

  /** The same answers, which are counted on their way. */
  watching(annotate: AnnotateStack): AnnotateStack {
    return async (stack) => {
      const annotated = await annotate(stack);
      for (const frame of annotated) this.count(frame);
      return annotated;
    };
  }

  private count({ missing, doubtful }: AnnotatedFrame): void {
    this.frames++;
    if (missing !== '') this.missing.set(missing, (this.missing.get(missing) ?? 0) + 1);
    if (doubtful !== '') this.doubtful.set(doubtful, (this.doubtful.get(doubtful) ?? 0) + 1);
  }

  /**
   * Lines for people, without a newline; empty when there is nothing to tell.
   *
   * @param withDoubtful tells of doubtful lines too, unless one sentence says it of all
   */
  lines(withDoubtful: boolean): readonly string[] {
    const { frames, missing, doubtful } = this;
    if (frames === 0)
      return ['no frame of a stack was found, expected lines with "func+0x1a/0x2b" or " => func".'];
    return [
      ...told('no line', frames, missing),
      ...(withDoubtful ? told('a doubtful line', frames, doubtful) : []),
    ];
  }
}

function told(what: string, frames: number, reasons: ReadonlyMap<string, number>): readonly string[] {
  if (reasons.size === 0) return [];
  const all = [...reasons].sort(([, one], [, other]) => other - one);
  const sum = all.reduce((total, [, count]) => total + count, 0);
  const shown = all.slice(0, MOST_REASONS).map(([reason, count]) => `  ${count} × ${reason}`);
  const rest = all.length - shown.length;
  return [
    `${sum} of ${counted(frames, 'frame')} ${sum === 1 ? 'has' : 'have'} ${what}:`,
    ...shown,
    ...(rest > 0 ? [`  and ${counted(rest, 'other reason')}`] : []),
  ];
}
