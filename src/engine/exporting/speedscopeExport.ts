/**
 * Time held by the stacks that took the references, as a profile of speedscope: a flame graph of who keeps pages.
 * https://www.speedscope.app/file-format-schema.json
 *
 * One sampled profile a capture. A sample is one reference in the way of a page: what it is called, below it the stack
 * of its get (of its put, where the get is not in the capture), outermost first as the format wants; its weight is how
 * long it was held.
 */
import type { Reference } from '../../holders/model';
import { sureInlined, type PlacedFrame } from '../frames';
import { heldTime } from '../heldTime';
import type { HolderSource } from '../holderSource';
import type { HoldersQuery } from '../holdersQuery';
import { kindText } from '../pageFacts';
import { shownPages } from './shownPages';

interface Frame {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
}

interface SampledProfile {
  readonly type: 'sampled';
  readonly name: string;
  readonly unit: 'nanoseconds' | 'none';
  readonly startValue: 0;
  readonly endValue: number;
  readonly samples: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

export async function speedscopeExport(
  sources: readonly HolderSource[],
  query: HoldersQuery,
  exporter: string,
): Promise<string> {
  const frames = new FrameTable();
  const profiles: SampledProfile[] = [];
  for (const source of sources) {
    if (source.analysis.pages.length > 0) profiles.push(await profileOf(source, query, frames));
  }
  return `${JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter,
    name: sources.map(({ name }) => name).join(', '),
    activeProfileIndex: 0,
    shared: { frames: frames.all },
    profiles,
  })}\n`;
}

async function profileOf(
  source: HolderSource,
  query: HoldersQuery,
  frames: FrameTable,
): Promise<SampledProfile> {
  const { capture, stacks } = source;
  const { pages, references, end } = shownPages(source, query);
  const samples: number[][] = [];
  const weights: number[] = [];
  for (const page of pages) {
    for (const reference of references(page)) {
      const time = reference.role === 'held' ? heldTime(page, reference, end) : null;
      if (time === null) continue;
      const stack = await stacks.frames((reference.acquired ?? reference.released)?.stack ?? -1);
      samples.push([
        frames.id({ name: rootText(reference) }),
        ...stack
          .flatMap((frame) => innermostFirst(frame))
          .reverse()
          .map((frame) => frames.id(frame)),
      ]);
      weights.push(Math.round(time.span));
    }
  }
  return {
    type: 'sampled',
    name: `${source.name}: time held`,
    unit: capture.clock === 'ns' ? 'nanoseconds' : 'none',
    startValue: 0,
    endValue: weights.reduce((sum, weight) => sum + weight, 0),
    samples,
    weights,
  };
}

function rootText(reference: Reference): string {
  return reference.acquired === null
    ? `${kindText(reference)}, by the stack of the put`
    : kindText(reference);
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

/** Frames by what they say, each once. */
class FrameTable {
  readonly all: Frame[] = [];
  private readonly ids = new Map<string, number>();

  id(frame: Frame): number {
    const key = `${frame.name}\0${frame.file ?? ''}\0${frame.line ?? ''}`;
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    this.ids.set(key, this.all.length);
    return this.all.push(frame) - 1;
  }
}
