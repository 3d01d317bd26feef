/*
 * AssemblyScript: the loop over the samples of a perf.data, for those that nearly all are: of a tracepoint that was met
 * before, with all that perf takes of one, and a call chain that begins in the kernel. They become what PerfRecords would
 * make of them; the first record that needs more ends the loop, and is left to it.
 */
import * as layout from '../layout';
import { NONE, makeRow, placeRow } from './rows';
import { giveStack, isBlock, otherBlock, placeOfGuess } from './stackBlocks';

/** struct perf_event_header: u32 type, u16 misc, u16 size; PERF_RECORD_SAMPLE. */
const HEADER: i32 = 8;
const SAMPLE: u32 = 9;
/** NO_CPU of eventTable.ts. */
const NO_CPU: u32 = 0xffff;
/** Bytes of an address, as a power of two. */
const ADDRESS_SHIFT: i32 = 3;
/** As in callChains.ts: PERF_CONTEXT_KERNEL, and the lowest value that marks what follows. */
const KERNEL_CONTEXT: u64 = 0xffffffffffffff80;
const FIRST_CONTEXT: u64 = 0xfffffffffffff001;

/**
 * Reads the samples from `from` on, up to one that is none for the loop, or is not there as a whole before `end`:
 * STATE_SAMPLE says where that is. Returns a reason of layout.ts.
 */
export function read(from: i32, end: i32): i32 {
  const idAt = load<i32>(layout.ID_AT);
  const baseHigh = load<f64>(layout.BASE_HIGH);
  const baseLow = load<f64>(layout.BASE_LOW);
  let newestTime = load<f64>(layout.STATE_NEWEST_TIME);
  let rows = load<i32>(layout.STATE_ROWS);
  let reason = layout.AT_RECORD;
  let at = from;
  while (end - at > HEADER) {
    const size = <i32>load<u16>(at, 6);
    if (load<u32>(at) != SAMPLE || size > end - at || size < idAt + 8) break;
    const behind = at + size;
    const decoder = decoderOf(at + idAt);
    const chain = at + load<i32>(decoder, layout.CHAIN_AT) + 8;
    if (chain > behind) break;
    const frames = load<u64>(chain - 8);
    if (frames > <u64>((behind - chain) >> ADDRESS_SHIFT)) break;
    const chainEnd = chain + ((<i32>frames) << ADDRESS_SHIFT);
    const raw = chainEnd + 4;
    if (raw > behind) break;
    const rawSize = load<u32>(chainEnd);
    // No record is long enough for the decoder of ids that are not read here.
    if (rawSize > <u32>(behind - raw) || rawSize < load<u32>(decoder, layout.SMALLEST)) break;
    const cpu = load<i32>(at + load<i32>(decoder, layout.CPU_AT));
    if (<u32>cpu >= NO_CPU) break;
    if (frames > 0 && load<u64>(chain) != KERNEL_CONTEXT) break;
    if (rows == layout.ROWS) {
      reason = layout.BATCH_IS_FULL;
      break;
    }

    makeRow(rows, decoder, raw);
    const timeAt = at + load<i32>(decoder, layout.TIME_AT);
    const high = <f64>load<u32>(timeAt, 4) - baseHigh;
    const low = <f64>load<u32>(timeAt) - baseLow;
    const time = high * 4294967296.0 + low;
    if (time > newestTime) newestTime = time;
    store<f64>(layout.TIME + (rows << 3), time);
    store<u16>(layout.CPU + (rows << 1), <u16>cpu);
    store<i32>(layout.TASK + (rows << 2), load<i32>(at + load<i32>(decoder, layout.TID_AT)));
    placeRow(rows, layout.CURSORS, at);
    if (frames > 0) findStack(chain + 8, chainEnd, cpu, rows);
    rows++;
    at = behind;
  }
  store<f64>(layout.STATE_NEWEST_TIME, newestTime);
  store<i32>(layout.STATE_ROWS, rows);
  store<i32>(layout.STATE_SAMPLE, at);
  return reason;
}

/** The decoder for the event whose id is there. */
function decoderOf(idAt: i32): i32 {
  const low = load<i32>(idAt);
  const slot = low & (layout.IDS - 1);
  const isMet =
    load<i32>(layout.ID_LOWS + (slot << 2)) == low &&
    load<i32>(layout.ID_HIGHS + (slot << 2)) == load<i32>(idAt, 4);
  const number = isMet ? <i32>load<u8>(layout.ID_DECODERS + slot) : 0;
  return layout.DECODER_TABLE + number * layout.DECODER_SIZE;
}

/** Gives the row its stack: of the addresses in `[start, end)` those of the kernel, which come first. */
function findStack(start: i32, end: i32, cpu: i32, row: i32): void {
  // CPUs that share a place only guess wrong.
  const newest = layout.CPU_BLOCKS + ((cpu & (layout.CPUS - 1)) << 2);
  const guess = placeOfGuess(load<i32>(newest), load<i32>(layout.NAME + (row << 2)));
  let block = load<i32>(guess);
  let stop = guessedEnd(block, start, end);
  if (stop != NONE) {
    giveStack(row, block);
  } else {
    stop = start;
    while (stop < end && !isContext(stop)) stop += 8;
    if (stop > start) {
      block = otherBlock(start, stop - start, row);
      store<i32>(guess, block);
    }
  }
  if (stop < end) add(layout.STATE_USER_CHAINS);
  if (stop == start) return;
  store<i32>(newest, block);
  add(layout.STATE_STACKS);
}

/** Where a block ends that stands at `start` and is all that the kernel's part of the chain has, or NONE. */
function guessedEnd(block: i32, start: i32, end: i32): i32 {
  if (<u32>block >= <u32>layout.BLOCKS) return NONE;
  const bytes = load<i32>(layout.BLOCK_LENGTHS + (block << 2));
  if (bytes <= 0 || bytes > end - start) return NONE;
  const stop = start + bytes;
  return (stop == end || isContext(stop)) && isBlock(block, start, bytes) ? stop : NONE;
}

function isContext(at: i32): bool {
  return load<u64>(at) >= FIRST_CONTEXT;
}

function add(counter: i32): void {
  store<i32>(counter, load<i32>(counter) + 1);
}
