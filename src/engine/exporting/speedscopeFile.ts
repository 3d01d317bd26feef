/** Sampled profiles in one file of speedscope: https://www.speedscope.app/file-format-schema.json */
import { sureInlined, type PlacedFrame } from '../frames';
import { visibleJson } from '../visibleText';

interface Frame {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
}

/** Its name, and what its weights count; `none` for what is no time. */
interface ProfileHead {
  readonly name: string;
  readonly unit: 'nanoseconds' | 'none';
}

/** One sample: frame ids, outermost first as the format wants, and how much they weigh. */
export interface Sample {
  readonly stack: readonly number[];
  readonly weight: number;
}

export interface SampledProfile extends ProfileHead {
  readonly type: 'sampled';
  readonly startValue: 0;
  readonly endValue: number;
  readonly samples: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

export function sampledProfile({ name, unit }: ProfileHead, samples: readonly Sample[]): SampledProfile {
  return {
    type: 'sampled',
    name,
    unit,
    startValue: 0,
    endValue: samples.reduce((sum, { weight }) => sum + weight, 0),
    samples: samples.map(({ stack }) => stack),
    weights: samples.map(({ weight }) => weight),
  };
}

/** @param sources what the profiles are of */
export function speedscopeFile(
  exporter: string,
  sources: readonly { readonly name: string }[],
  frames: FrameTable,
  profiles: readonly SampledProfile[],
): string {
  return `${visibleJson({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter,
    name: sources.map(({ name }) => name).join(', '),
    activeProfileIndex: 0,
    shared: { frames: frames.all },
    profiles,
  })}\n`;
}

/** Frames by what they say, each once. */
export class FrameTable {
  readonly all: Frame[] = [];
  private readonly ids = new Map<string, number>();

  /** Of what is no function. */
  named(name: string): number {
    return this.id({ name });
  }

  /** Of a stack, which is innermost first, and of what is surely inlined into it. */
  outermostFirst(stack: readonly PlacedFrame[]): readonly number[] {
    return stack
      .flatMap((frame) => innermostFirst(frame))
      .reverse()
      .map((frame) => this.id(frame));
  }

  private id(frame: Frame): number {
    const key = `${frame.name}\0${frame.file ?? ''}\0${frame.line ?? ''}`;
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    this.ids.set(key, this.all.length);
    return this.all.push(frame) - 1;
  }
}

/** The frame, behind those that are surely inlined into it. A line that is a guess is left out: it would be a fact. */
function innermostFirst(frame: PlacedFrame): readonly Frame[] {
  const { file, line, certainty } = frame.location;
  const isLineSure = certainty === 'exact' || certainty === 'one-call-site';
  return [
    ...sureInlined(frame).map((each) => ({ name: each.function, file: each.file, line: each.line })),
    {
      name: frame.function,
      ...(file === null ? {} : { file }),
      ...(line === null || !isLineSure ? {} : { line }),
    },
  ];
}
