/*
 * AssemblyScript: the loop over the records of all CPUs, in order, for those that nearly all are. They become what CpuCursor
 * and RecordReader would make of them; the first record that needs more ends it, and is left to them. Of each CPU it sees
 * the page that its cursor stands in, and those behind it where they lie in this memory.
 */
import * as layout from '../layout';
import { NONE, makeRow, placeRow } from './rows';
import { giveStack, isBlock, otherBlock, placeOfGuess } from './stackBlocks';

/** As in recordReader.ts. */
const MOST_FRAMES: i32 = 1024;
/** As in cpuCursor.ts. */
const SMALLEST_RECORD: i32 = 8;

/** Asked for the task of a pid that is not in the table, and then is. */
declare function taskOf(pid: i32): i32;

/** In place of the reasons of layout.ts: the record behind is not the next one of all cursors. */
const TURN_IS_OVER: i32 = -1;

/** Adds a cursor, which stands on a record. */
export function add(cursor: i32): void {
  let at = load<i32>(layout.STATE_CURSORS);
  store<i32>(layout.STATE_CURSORS, at + 1);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = cursorAt(parent);
    if (!comesBefore(cursor, above)) break;
    putCursor(at, above);
    at = parent;
  }
  putCursor(at, cursor);
}

/** Takes the first cursor out, which has no more records. */
export function removeFirst(): void {
  const last = load<i32>(layout.STATE_CURSORS) - 1;
  store<i32>(layout.STATE_CURSORS, last);
  if (last == 0) return;
  putCursor(0, cursorAt(last));
  sinkFirst();
}

/**
 * Reads records of all cursors in order of time, of several at one time those of the lower cursor first, up to one that is
 * none for the loop. Stacks have no time that counts. Returns a reason of layout.ts.
 *
 * @param isInTurn the first cursor's record comes next; else it came to another one, which may be later than those of others
 * @param isOneByOne no record is for the loop at this time
 */
export function read(isInTurn: i32, isOneByOne: i32): i32 {
  if (isInTurn == 0) sinkFirst();
  if (isOneByOne != 0) return layout.AT_RECORD;
  let reason = readFirst();
  while (reason == TURN_IS_OVER) {
    sinkFirst();
    reason = readFirst();
  }
  return reason;
}

/** Reads on in the first cursor, until another one comes first. */
function readFirst(): i32 {
  const cursor = cursorAt(0);
  const rival = second();
  const limit = rival == 0 ? f64.MAX_VALUE : load<f64>(rival, layout.RECORD_TIME);
  return readRun(cursor, limit, rival == 0 || cursor < rival);
}

function cursorAt(index: i32): i32 {
  return load<i32>(load<i32>(layout.STATE_HEAP) + (index << 2));
}

function putCursor(index: i32, cursor: i32): void {
  store<i32>(load<i32>(layout.STATE_HEAP) + (index << 2), cursor);
}

/** Cursors lie in memory as they are ordered. */
function comesBefore(a: i32, b: i32): bool {
  const time = load<f64>(a, layout.RECORD_TIME);
  const other = load<f64>(b, layout.RECORD_TIME);
  return time < other || (time == other && a < b);
}

/** The cursor that comes next after the first, or 0. */
function second(): i32 {
  const count = load<i32>(layout.STATE_CURSORS);
  if (count < 2) return 0;
  return count > 2 && comesBefore(cursorAt(2), cursorAt(1)) ? cursorAt(2) : cursorAt(1);
}

function sinkFirst(): void {
  const count = load<i32>(layout.STATE_CURSORS);
  const cursor = cursorAt(0);
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= count) break;
    if (below + 1 < count && comesBefore(cursorAt(below + 1), cursorAt(below))) below++;
    if (!comesBefore(cursorAt(below), cursor)) break;
    putCursor(at, cursorAt(below));
    at = below;
  }
  putCursor(at, cursor);
}

/**
 * Reads the record of a cursor, and those behind it while they are ordinary and before `limit`, or at it if they
 * `mayBeAtLimit`. Returns a reason of layout.ts, or {@link TURN_IS_OVER}.
 */
function readRun(cursor: i32, limit: f64, mayBeAtLimit: bool): i32 {
  if (load<i32>(cursor, layout.IS_ORDINARY) == 0) return layout.AT_RECORD;
  const typeOffset = load<i32>(layout.TYPE_OFFSET);
  const longShift = load<i32>(layout.LONG_SHIFT);
  const firstRow = load<i32>(layout.STATE_FIRST_ROW);
  let end = load<i32>(cursor, layout.PAGE_END);
  let rows = load<i32>(layout.STATE_ROWS);
  let stacks = load<i32>(layout.STATE_STACKS);
  let record = load<i32>(cursor, layout.RECORD);
  let next = load<i32>(cursor, layout.NEXT_RECORD);
  let data = load<i32>(cursor, layout.RECORD_DATA);
  let length = load<i32>(cursor, layout.RECORD_LENGTH);
  let time = load<f64>(cursor, layout.RECORD_TIME);
  let stamp = load<f64>(cursor, layout.STAMP);
  let block = load<i32>(cursor, layout.BLOCK);
  let waitingRow = load<i32>(cursor, layout.WAITING_ROW);
  let waitingPid = load<i32>(cursor, layout.WAITING_PID);
  let waitingContext = load<i32>(cursor, layout.WAITING_CONTEXT);
  let reason = layout.AT_RECORD;

  for (;;) {
    if (length < typeOffset + 2) break;
    const type = <i32>load<u16>(data + typeOffset);
    const decoder = layout.DECODER_TABLE + <i32>load<u8>(layout.TYPE_DECODERS + type) * layout.DECODER_SIZE;
    // No record is long enough for the decoder of types that are not read here.
    if (length < load<i32>(decoder, layout.SMALLEST)) break;
    const pid = load<i32>(data + load<i32>(decoder, layout.PID_AT));
    const context = contextOf(load<i32>(decoder, layout.FLAGS_AT), data);

    if (load<i32>(decoder, layout.IS_STACK) != 0) {
      const row = waitingRow - firstRow;
      // A row before the batch is in the table already.
      if (waitingRow == NONE || row < 0 || pid != waitingPid || context != waitingContext) break;
      const start = data + load<i32>(decoder, layout.CALLER_AT);
      const room = (data + length - start) >> longShift;
      const said = saidFrames(load<i32>(decoder, layout.STACK_SIZE_AT), data);
      if (said > room) break;
      const bytes = min(said > 0 ? said : room, MOST_FRAMES) << longShift;
      const guess = placeOfGuess(block, load<i32>(layout.NAME + (row << 2)));
      block = load<i32>(guess);
      if (isBlock(block, start, bytes)) {
        giveStack(row, block);
      } else {
        block = otherBlock(start, bytes, row);
        store<i32>(guess, block);
      }
      waitingRow = NONE;
      stacks++;
    } else {
      if (waitingRow != NONE) break;
      if (rows == layout.ROWS) {
        reason = layout.BATCH_IS_FULL;
        break;
      }
      makeRow(rows, decoder, data);
      store<f64>(layout.TIME + (rows << 3), time);
      store<u16>(layout.CPU + (rows << 1), load<u16>(cursor, layout.CURSOR_CPU));
      store<i32>(layout.TASK + (rows << 2), knownTask(pid));
      placeRow(rows, cursor, record);
      waitingRow = firstRow + rows;
      waitingPid = pid;
      waitingContext = context;
      rows++;
    }

    reason = layout.BEHIND_RECORD;
    if (next + SMALLEST_RECORD > end) {
      if (next < end || !turnPage(cursor)) break;
      next = load<i32>(cursor, layout.NEXT_RECORD);
      end = load<i32>(cursor, layout.PAGE_END);
      stamp = load<f64>(cursor, layout.STAMP);
      if (next + SMALLEST_RECORD > end) break;
    }
    const head = load<u32>(next);
    const words = head & load<u32>(layout.TYPE_MASK);
    if (words > load<u32>(layout.LARGEST_DATA)) break;
    const nextData = next + (words == 0 ? 8 : 4);
    const nextLength = words == 0 ? load<i32>(next, 4) - 4 : <i32>(words << 2);
    if (nextLength <= 0 || nextLength > end - nextData) break;
    record = next;
    data = nextData;
    length = nextLength;
    next = data + ((length + 3) & ~3);
    stamp += <f64>(head >> load<u32>(layout.DELTA_SHIFT));
    time = stamp;
    const isInTurn = time < limit || (mayBeAtLimit && time == limit);
    reason = isInTurn || isStack(data + typeOffset, length) ? layout.AT_RECORD : TURN_IS_OVER;
    if (reason == TURN_IS_OVER) break;
  }

  store<i32>(layout.STATE_ROWS, rows);
  store<i32>(layout.STATE_STACKS, stacks);
  store<i32>(cursor, record, layout.RECORD);
  store<i32>(cursor, next, layout.NEXT_RECORD);
  store<i32>(cursor, data, layout.RECORD_DATA);
  store<i32>(cursor, length, layout.RECORD_LENGTH);
  store<f64>(cursor, time, layout.RECORD_TIME);
  store<f64>(cursor, stamp, layout.STAMP);
  store<i32>(cursor, block, layout.BLOCK);
  store<i32>(cursor, waitingRow, layout.WAITING_ROW);
  store<i32>(cursor, waitingPid, layout.WAITING_PID);
  store<i32>(cursor, waitingContext, layout.WAITING_CONTEXT);
  return reason;
}

/** Goes to the next page of the span, if it is one as most are. Another one is left to CpuCursor.turnPage(). */
function turnPage(cursor: i32): bool {
  const page = load<i32>(cursor, layout.NEXT_PAGE);
  const size = load<i32>(cursor, layout.PAGE_SIZE);
  if (size > load<i32>(cursor, layout.SPAN_END) - page) return false;
  const recordsAt = load<i32>(layout.PAGE_RECORDS_AT);
  // Its upper bits say that events are missing.
  const commit = load<u32>(page + load<i32>(layout.PAGE_COMMIT_AT));
  if (commit == 0 || commit > <u32>(size - recordsAt)) return false;
  const timeAt = page + load<i32>(layout.PAGE_TIME_AT);
  const high = <f64>load<u32>(timeAt, 4) - load<f64>(layout.BASE_HIGH);
  const low = <f64>load<u32>(timeAt) - load<f64>(layout.BASE_LOW);
  store<f64>(cursor, high * 4294967296.0 + low, layout.STAMP);
  store<i32>(cursor, page, layout.PAGE);
  store<i32>(cursor, page + recordsAt, layout.NEXT_RECORD);
  store<i32>(cursor, page + recordsAt + <i32>commit, layout.PAGE_END);
  store<i32>(cursor, page + size, layout.NEXT_PAGE);
  store<i32>(cursor, load<i32>(cursor, layout.PAGES_TURNED) + 1, layout.PAGES_TURNED);
  return true;
}

function contextOf(flagsAt: i32, data: i32): i32 {
  return flagsAt < 0 ? 0 : <i32>load<u8>(layout.CONTEXTS + <i32>load<u8>(data + flagsAt));
}

function isStack(typeAt: i32, length: i32): bool {
  return length >= load<i32>(layout.SMALLEST_STACK) && <i32>load<u16>(typeAt) == load<i32>(layout.STACK_TYPE);
}

function saidFrames(at: i32, data: i32): i32 {
  return at < 0 ? 0 : load<i32>(data + at);
}

function knownTask(pid: i32): i32 {
  const slot = (pid & (layout.TASKS - 1)) << 2;
  if (load<i32>(layout.TASK_PIDS + slot) == pid) return load<i32>(layout.TASK_IDS + slot);
  const task = taskOf(pid);
  store<i32>(layout.TASK_PIDS + slot, pid);
  store<i32>(layout.TASK_IDS + slot, task);
  return task;
}
