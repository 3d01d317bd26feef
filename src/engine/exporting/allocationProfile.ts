/**
 * Pages by the stack that allocated them, as a profile of speedscope: a flame graph of what memory is allocated for.
 *
 * One sampled profile a page_owner dump. A sample is one stack; its weight is its pages, whose size the dump does not
 * say. Where a file has the number of allocations alone, these are a profile of their own.
 */
import type { AllocationGroup } from '../../holders/allocationGroups';
import { groupName } from '../allocationNames';
import { askedAllocations } from '../askedAllocations';
import type { HolderSource } from '../holderSource';
import type { HolderFilter } from '../holdersQuery';
import {
  FrameTable,
  sampledProfile,
  speedscopeFile,
  type Sample,
  type SampledProfile,
} from './speedscopeFile';

export async function allocationProfiles(
  sources: readonly HolderSource[],
  filter: HolderFilter,
  exporter: string,
): Promise<string> {
  const frames = new FrameTable();
  const profiles: SampledProfile[] = [];
  for (const source of sources) {
    const { capture, name } = source;
    const { groups } = askedAllocations(capture, capture.allocations!, filter);
    const inPages = groups.filter(({ pages }) => pages >= 0);
    const inAllocations = groups.filter(({ pages, allocations }) => pages < 0 && allocations >= 0);
    for (const [of, weights, text] of [
      [inPages, 'pages', 'pages allocated'],
      [inAllocations, 'allocations', 'allocations'],
    ] as const) {
      if (of.length === 0) continue;
      const samples = await samplesOf(source, of, weights, frames);
      profiles.push(sampledProfile({ name: `${name}: ${text}`, unit: 'none' }, samples));
    }
  }
  return speedscopeFile(exporter, sources, frames, profiles);
}

async function samplesOf(
  { capture, stacks }: HolderSource,
  groups: readonly AllocationGroup[],
  weights: 'pages' | 'allocations',
  frames: FrameTable,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const group of groups) {
    const placed = await stacks.frames(group.stack);
    const stack =
      placed.length === 0 ? [frames.named(groupName(capture, group))] : frames.outermostFirst(placed);
    samples.push({ stack, weight: group[weights] });
  }
  return samples.sort((one, other) => compareStacks(one.stack, other.stack));
}

/** Those with the same callers stand together: drawn in the order of the file, too, a caller is one bar. */
function compareStacks(one: readonly number[], other: readonly number[]): number {
  const differs = one.findIndex((frame, depth) => frame !== other[depth]);
  return differs < 0 ? one.length - other.length : one[differs]! - (other[differs] ?? -1);
}
