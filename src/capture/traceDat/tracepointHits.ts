import { NONE } from '../eventTable';
import { KEY_SIZE, type HitKey } from './hitKey';

/**
 * How far the records of one hit may be apart, in ns or ticks. Between them the kernel records the stack of the first one:
 * 62 µs in an emulated machine (f_dat_instance). Interrupts come between as well, and a clock that stands still between
 * ticks of the timer may go on by one, which is 10 ms at the most (HZ=100).
 */
const FARTHEST = 10e6;
/** Depths of interruption. */
const CONTEXTS = 4;
/** Hits remembered of a depth: usually the newest one is asked for. */
const FEWEST_HITS = 16;
/** As many where the clock stands still, as `uptime` does for a jiffy; a power of two. */
const MOST_HITS = 256;

/** A record that is asked about. */
export interface HitRecord {
  readonly view: DataView;
  readonly at: number;
  readonly length: number;
  readonly time: number;
}

/**
 * The newest hits of tracepoints on one CPU, to tell which records of its ring buffers are of one hit.
 *
 * A tracepoint calls the probes of all instances that have its event on one after the other, with preemption off (__DO_TRACE()
 * of include/linux/tracepoint.h; a real-time kernel may leave it on). So between two records of one hit there is, at the
 * same depth of interruption and of the same task, none of another hit: whatever stands between in time tells them apart. Each
 * buffer has its records in the order of the hits. So a record is of the earliest hit that is not excluded so, has the
 * same event, task and arguments, and comes after the hit of the record before it in its own buffer. Two records of one buffer
 * are never of one hit.
 */
export class TracepointHits {
  private readonly lanes: (HitLane | null)[] = new Array<HitLane | null>(CONTEXTS).fill(null);
  private readonly asked = new AskedRecord();

  /** @param buffers of which the CPU has records */
  constructor(private readonly buffers: number) {}

  /** Hits that were forgotten although a record of theirs could have followed. */
  get forgotten(): number {
    return this.lanes.reduce((sum, lane) => sum + (lane?.forgotten ?? 0), 0);
  }

  /**
   * The row of the hit that a record is of, where another buffer has recorded it already. Else NONE, and the hit is `row`.
   *
   * @param buffer of which the record is: a number below that of the constructor
   */
  rowOf(
    record: HitRecord,
    buffer: number,
    key: HitKey,
    littleEndian: boolean,
    pid: number,
    context: number,
    row: number,
  ): number {
    const { asked } = this;
    const { view, at, length, time } = record;
    asked.buffer = buffer;
    asked.time = time;
    asked.event = key.id;
    asked.pid = pid;
    asked.length = length;
    asked.keyLength = key.write(view, at, length, littleEndian, asked.key);
    const lane = (this.lanes[context] ??= new HitLane(this.buffers));
    const hit = lane.find(asked);
    if (hit !== NONE) return lane.take(hit, buffer);
    lane.add(asked, row);
    return NONE;
  }
}

/** What of a record tells the hit that it is of. */
class AskedRecord {
  buffer = 0;
  time = 0;
  event = 0;
  pid = 0;
  /** Bytes of the record. */
  length = 0;
  readonly key = new Uint8Array(KEY_SIZE);
  keyLength = 0;
}

/** The newest hits at one depth of interruption; they are numbered from 0 on, and each stands where its number leads. */
class HitLane {
  forgotten = 0;
  private readonly times = new Float64Array(MOST_HITS);
  private readonly rows = new Int32Array(MOST_HITS);
  private readonly events = new Int32Array(MOST_HITS);
  private readonly pids = new Int32Array(MOST_HITS);
  private readonly lengths = new Int32Array(MOST_HITS);
  private readonly keys = new Uint8Array(MOST_HITS * KEY_SIZE);
  private count = 0;
  /** How many hits are looked through. */
  private remembered = FEWEST_HITS;
  /** Those before this one were forgotten when fewer were remembered. */
  private oldest = 0;
  /** The time before that of the newest hit. */
  private timeBefore = NaN;
  /** By buffer, the number of the hit that its newest record is of. */
  private readonly newest: Int32Array;

  constructor(buffers: number) {
    this.newest = new Int32Array(buffers).fill(NONE);
  }

  /** Number of the hit that a record is of, NONE if there is none. */
  find(asked: AskedRecord): number {
    const { times, events, pids, lengths, count } = this;
    const { time, event, pid, length } = asked;
    const first = Math.max(this.newest[asked.buffer]! + 1, count - this.remembered, this.oldest);
    let found = NONE;
    // Of the hits before this time, only the last ones: those before have another hit between.
    let last = NaN;
    for (let hit = count - 1; hit >= first; hit--) {
      const slot = slotOf(hit);
      if (pids[slot] !== pid) continue;
      const hitTime = times[slot]!;
      if (hitTime !== time) {
        if (Number.isNaN(last)) last = hitTime;
        if (hitTime !== last || Math.abs(time - hitTime) > FARTHEST) break;
      }
      if (events[slot] === event && lengths[slot] === length && this.hasKey(slot, asked)) found = hit;
    }
    return found;
  }

  /** Notes that the newest record of a buffer is of a hit, and returns its row. */
  take(hit: number, buffer: number): number {
    this.newest[buffer] = hit;
    return this.rows[slotOf(hit)]!;
  }

  add(asked: AskedRecord, row: number): void {
    const { times, count } = this;
    const { time } = asked;
    const newestTime = count === 0 ? NaN : times[slotOf(count - 1)]!;
    if (newestTime !== time) this.timeBefore = newestTime;
    const leaving = count - this.remembered;
    if (leaving >= 0 && this.isWanted(times[slotOf(leaving)]!, time)) this.keepOrForget(leaving);
    const slot = slotOf(count);
    times[slot] = time;
    this.rows[slot] = row;
    this.events[slot] = asked.event;
    this.pids[slot] = asked.pid;
    this.lengths[slot] = asked.length;
    this.keys.set(asked.key, slot * KEY_SIZE);
    this.newest[asked.buffer] = this.count++;
  }

  /** Whether a record may still be of a hit of that time, when the newest one is of `time`. */
  private isWanted(hitTime: number, time: number): boolean {
    return hitTime === time || hitTime === this.timeBefore;
  }

  /** A hit that is wanted leaves those that are remembered, unless these become more. */
  private keepOrForget(leaving: number): void {
    if (this.remembered === MOST_HITS) {
      this.forgotten++;
      return;
    }
    this.remembered *= 2;
    this.oldest = leaving;
  }

  private hasKey(slot: number, { key, keyLength }: AskedRecord): boolean {
    const { keys } = this;
    for (let i = 0, at = slot * KEY_SIZE; i < keyLength; i++, at++) if (keys[at] !== key[i]) return false;
    return true;
  }
}

function slotOf(hit: number): number {
  return hit & (MOST_HITS - 1);
}
