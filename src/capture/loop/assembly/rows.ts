/* AssemblyScript: a row of the batch, as EventFields makes it of a record whose fields are words. */
import * as layout from '../layout';

/** NONE and ABSENT of eventTable.ts. */
export const NONE: i32 = -1;
const ABSENT: i32 = i32.MIN_VALUE;
/** Mapping of eventTable.ts. */
const MAPPING_ABSENT: u8 = 0;
const MAPPING_NULL: u8 = 1;
const MAPPING_HASHED: u8 = 2;
const MAPPING_ANONYMOUS: u8 = 3;
const MAPPING_FILE: u8 = 4;
const MAPPING_MOVABLE: u8 = 5;
/** As in eventFields.ts. */
const TAIL_MAPPING: u32 = 0x400;
const ILLEGAL_POINTER_HIGH: u32 = 0xdead0000;
const HIGHEST_PFN_HIGH: u32 = 0xfffff;

/** Fills the cells of a row that come from the record. */
export function makeRow(row: i32, decoder: i32, data: i32): void {
  store<i32>(layout.NAME + (row << 2), load<i32>(decoder, layout.EVENT_NAME));
  store<u8>(layout.KIND + row, load<u8>(decoder, layout.EVENT_KIND));
  store<f64>(layout.PFN + (row << 3), pfn(decoder, data));
  store<i32>(layout.FLAGS + (row << 2), pageFlags(decoder, data));
  store<u8>(layout.MAPPING + row, mapping(decoder, data));
  store<i32>(layout.COUNT + (row << 2), number(load<i32>(decoder, layout.COUNT_AT), data));
  store<i32>(layout.MAPCOUNT + (row << 2), number(load<i32>(decoder, layout.MAPCOUNT_AT), data));
  store<i32>(layout.VAL + (row << 2), number(load<i32>(decoder, layout.VAL_AT), data));
  store<i32>(layout.RET + (row << 2), number(load<i32>(decoder, layout.RET_AT), data));
  store<i8>(layout.MIGRATETYPE + row, smallNumber(load<i32>(decoder, layout.MIGRATETYPE_AT), data, -1));
  const absentOrder = load<i8>(decoder, layout.ABSENT_ORDER);
  store<i8>(layout.ORDER + row, smallNumber(load<i32>(decoder, layout.ORDER_AT), data, absentOrder));
  store<i32>(layout.STACK + (row << 2), NONE);
}

/** Notes where in the file a record of a span is: below 2^48, as in {@link EventTableBuilder}. */
export function placeRow(row: i32, span: i32, record: i32): void {
  const inSpan = <f64>(record + load<i32>(span, layout.TO_SPAN));
  const place = load<f64>(span, layout.SPAN_OFFSET) + floor(inSpan * load<f64>(span, layout.SPAN_SCALE));
  const offset = <u64>place;
  store<u32>(layout.OFFSET_LOW + (row << 2), <u32>offset);
  store<u16>(layout.OFFSET_HIGH + (row << 1), <u16>(offset >> 32));
}

function number(at: i32, data: i32): i32 {
  return at < 0 ? ABSENT : load<i32>(data + at);
}

/** The lowest byte of a number, as a column of bytes takes it. */
function smallNumber(at: i32, data: i32, absent: i8): i8 {
  return at < 0 ? absent : load<i8>(data + at);
}

function pfn(decoder: i32, data: i32): f64 {
  const lowAt = load<i32>(decoder, layout.PFN_LOW_AT);
  if (lowAt < 0) return NONE;
  const low = load<u32>(data + lowAt);
  const highAt = load<i32>(decoder, layout.PFN_HIGH_AT);
  if (highAt < 0) return low == 0xffffffff ? NONE : <f64>low;
  const high = load<u32>(data + highAt);
  return high > HIGHEST_PFN_HIGH ? NONE : <f64>high * 4294967296.0 + <f64>low;
}

function pageFlags(decoder: i32, data: i32): i32 {
  const at = load<i32>(decoder, layout.PAGE_FLAGS_AT);
  if (at < 0) return 0;
  const flags = load<u32>(data + at);
  // Four tables of 256 numbers, one for each byte.
  const tables = load<i32>(decoder, layout.FLAG_TABLE_OF_DECODER);
  return (
    load<i32>(tables + ((flags & 0xff) << 2)) |
    load<i32>(tables + (((flags >> 8) & 0xff) << 2), 1024) |
    load<i32>(tables + (((flags >> 16) & 0xff) << 2), 2048) |
    load<i32>(tables + ((flags >> 24) << 2), 3072)
  );
}

/** As EventFields.mappingOf(), which says why. */
function mapping(decoder: i32, data: i32): u8 {
  const lowAt = load<i32>(decoder, layout.MAPPING_LOW_AT);
  if (lowAt < 0) return MAPPING_ABSENT;
  const low = load<u32>(data + lowAt);
  const highAt = load<i32>(decoder, layout.MAPPING_HIGH_AT);
  const high: u32 = highAt < 0 ? 0 : load<u32>(data + highAt);
  if (high == 0 && low == 0) return MAPPING_NULL;
  const isPointer = high >> 31 == 1 || highAt < 0 || load<i32>(decoder, layout.HAS_LOW_ADDRESSES) != 0;
  const isTail = low == TAIL_MAPPING && (high == 0 || high == ILLEGAL_POINTER_HIGH);
  if (!isPointer || isTail) return MAPPING_HASHED;
  if ((low & 1) != 0) return MAPPING_ANONYMOUS;
  return (low & 2) != 0 ? MAPPING_MOVABLE : MAPPING_FILE;
}
