/** What allocations with one stack are called: by the function that asked for the pages. */
import { NONE, type Capture } from '../capture/eventTable';
import type { AllocationGroup } from '../holders/allocationGroups';

/** Frames of the page allocator and of its wrappers: every allocation has them, so they do not tell one from another. */
const ALLOCATOR =
  /^(?:(?:__|___)?alloc_(?:frozen_)?pages?(?:_\w+)?|get_page_from_freelist|prep_new_page|post_alloc_hook|set_page_owner|__set_page_owner|(?:__|vma_)*(?:folio|filemap)_alloc\w*|alloc_(?:zeroed_)?\w*folio\w*|__get_free_pages\w*|get_zeroed_page\w*|__page_cache_alloc|trace_event_raw_event_\w+|__traceiter_\w+|perf_trace_\w+|rmqueue\w*)$/;

/** How many frames, from the innermost on, are of the page allocator; never all of them. */
export function allocatorDepth(functions: readonly string[]): number {
  return Math.max(
    0,
    functions.findIndex((name) => !ALLOCATOR.test(name.replace(/\..*/, ''))),
  );
}

/** Allocators above that of pages: the function that called one tells what the memory is for. */
const OTHER_ALLOCATOR =
  /^(?:allocate_slab|new_slab|_{0,3}slab_alloc\w*|(?:__)?kmem_cache_alloc\w*|(?:__)?k[mvz]+alloc\w*|(?:__)?v[mz]alloc\w*|pcpu_\w+|__alloc_percpu\w*)$/;

/** `allocate_slab for ext4_alloc_inode`: the innermost function that is not of the page allocator, and its user. */
export function groupName(capture: Capture, { stack, handle }: AllocationGroup): string {
  if (stack === NONE) return handle === 0 ? 'no stack recorded' : `stack of handle ${handle}`;
  const { symbols } = capture;
  const names = Array.from(symbols.stackFrames(stack), (frame) => symbols.frameFunction(frame));
  const inner = names.slice(allocatorDepth(names));
  const [first] = inner;
  if (first === undefined) return 'an empty stack';
  const user = inner.find((name) => !OTHER_ALLOCATOR.test(name.replace(/\..*/, '')));
  return user === undefined || user === first ? first : `${first} for ${user}`;
}
