/**
 * Time held by the stacks that took the references, as a profile of speedscope: a flame graph of who keeps pages.
 *
 * One sampled profile a capture. A sample is one reference in the way of a page: what it is called, below it the stack
 * of its get (of its put, where the get is not in the capture); its weight is how long it was held. Between both stands
 * that the match of its get and put is assumed, where it is: so a bar shows how much of a kind's time rests on that.
 */
import type { Reference } from '../../holders/model';
import { heldTime } from '../heldTime';
import type { HolderSource } from '../holderSource';
import type { HoldersQuery } from '../holdersQuery';
import { isMatchAssumed, kindText, MATCH_ASSUMED } from '../pageFacts';
import { shownPages } from './shownPages';
import {
  FrameTable,
  sampledProfile,
  speedscopeFile,
  type Sample,
  type SampledProfile,
} from './speedscopeFile';

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
  return speedscopeFile(exporter, sources, frames, profiles);
}

async function profileOf(
  source: HolderSource,
  query: HoldersQuery,
  frames: FrameTable,
): Promise<SampledProfile> {
  const { name, capture, stacks } = source;
  const { pages, references, end } = shownPages(source, query);
  const samples: Sample[] = [];
  for (const page of pages) {
    for (const reference of references(page)) {
      const time = reference.role === 'held' ? heldTime(page, reference, end) : null;
      if (time === null) continue;
      const stack = await stacks.frames((reference.acquired ?? reference.released)?.stack ?? -1);
      samples.push({
        stack: [...headTexts(reference).map((text) => frames.named(text)), ...frames.outermostFirst(stack)],
        weight: Math.round(time.span),
      });
    }
  }
  const unit = capture.clock === 'ns' ? 'nanoseconds' : 'none';
  return sampledProfile({ name: `${name}: time held`, unit }, samples);
}

/** What stands before the frames, outermost first. */
function headTexts(reference: Reference): readonly string[] {
  return isMatchAssumed(reference) ? [rootText(reference), MATCH_ASSUMED] : [rootText(reference)];
}

function rootText(reference: Reference): string {
  return reference.acquired === null
    ? `${kindText(reference)}, by the stack of the put`
    : kindText(reference);
}
