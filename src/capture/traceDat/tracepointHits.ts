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
/** As many where the clock stands still, as `uptime` does for a jiffy. */
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
  private readonly key = new Uint8Array(KEY_SIZE);

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
    const lane = (this.lanes[context] ??= new HitLane(this.buffers));
    const { view, at, length, time } = record;
    const keyLength = key.write(view, at, length, littleEndian, this.key);
    const hit = lane.find(buffer, time, key.id, pid, length, this.key, keyLength);
    if (hit !== NONE) return lane.take(hit, buffer);
    lane.add(buffer, time, key.id, pid, length, this.key, row);
    return NONE;
  }
}

/** The newest hits at one depth of interruption; they are numbered from 0 on, and each stands where its number leads. */
class HitLane {
  forgotten = 0;
  private capacity = FEWEST_HITS;
  private times = new Float64Array(FEWEST_HITS);
  private rows = new Int32Array(FEWEST_HITS);
  private events = new Int32Array(FEWEST_HITS);
  private pids = new Int32Array(FEWEST_HITS);
  private lengths = new Int32Array(FEWEST_HITS);
  private keys = new Uint8Array(FEWEST_HITS * KEY_SIZE);
  private count = 0;
  /** The time before that of the newest hit. */
  private timeBefore = NaN;
  /** By buffer, the number of the hit that its newest record is of. */
  private readonly newest: Int32Array;

  constructor(buffers: number) {
    this.newest = new Int32Array(buffers).fill(NONE);
  }

  /** Number of the hit that a record is of, NONE if there is none. */
  find(
    buffer: number,
    time: number,
    event: number,
    pid: number,
    length: number,
    key: Uint8Array,
    keyLength: number,
  ): number {
    const { times, events, pids, lengths, capacity, count } = this;
    const first = Math.max(this.newest[buffer]! + 1, count - capacity);
    let found = NONE;
    // Of the hits before this time, only the last ones: those before have another hit between.
    let last = NaN;
    for (let hit = count - 1; hit >= first; hit--) {
      const slot = hit & (capacity - 1);
      if (pids[slot] !== pid) continue;
      const hitTime = times[slot]!;
      if (hitTime !== time) {
        if (Number.isNaN(last)) last = hitTime;
        if (hitTime !== last || Math.abs(time - hitTime) > FARTHEST) break;
      }
      if (events[slot] === event && lengths[slot] === length && this.hasKey(slot, key, keyLength)) {
        found = hit;
      }
    }
    return found;
  }

  /** Notes that the newest record of a buffer is of a hit, and returns its row. */
  take(hit: number, buffer: number): number {
    this.newest[buffer] = hit;
    return this.rows[hit & (this.capacity - 1)]!;
  }

  add(
    buffer: number,
    time: number,
    event: number,
    pid: number,
    length: number,
    key: Uint8Array,
    row: number,
  ): void {
    const newestTime = this.count === 0 ? NaN : this.times[(this.count - 1) & (this.capacity - 1)]!;
    if (newestTime !== time) this.timeBefore = newestTime;
    if (this.count >= this.capacity && this.isWanted(this.times[this.count & (this.capacity - 1)]!, time)) {
      if (this.capacity < MOST_HITS) this.grow();
      else this.forgotten++;
    }
    const slot = this.count & (this.capacity - 1);
    this.times[slot] = time;
    this.rows[slot] = row;
    this.events[slot] = event;
    this.pids[slot] = pid;
    this.lengths[slot] = length;
    this.keys.set(key, slot * KEY_SIZE);
    this.newest[buffer] = this.count++;
  }

  /** Whether a record may still be of a hit of that time, when the newest one is of `time`. */
  private isWanted(hitTime: number, time: number): boolean {
    return hitTime === time || hitTime === this.timeBefore;
  }

  private hasKey(slot: number, key: Uint8Array, keyLength: number): boolean {
    const { keys } = this;
    for (let i = 0, at = slot * KEY_SIZE; i < keyLength; i++, at++) if (keys[at] !== key[i]) return false;
    return true;
  }

  /** Doubles the room. It is full: the older hits move to where their numbers lead then. */
  private grow(): void {
    const { capacity, count, times, rows, events, pids, lengths, keys } = this;
    this.capacity = capacity * 2;
    this.times = new Float64Array(this.capacity);
    this.rows = new Int32Array(this.capacity);
    this.events = new Int32Array(this.capacity);
    this.pids = new Int32Array(this.capacity);
    this.lengths = new Int32Array(this.capacity);
    this.keys = new Uint8Array(this.capacity * KEY_SIZE);
    for (let hit = count - capacity; hit < count; hit++) {
      const from = hit & (capacity - 1);
      const to = hit & (this.capacity - 1);
      this.times[to] = times[from]!;
      this.rows[to] = rows[from]!;
      this.events[to] = events[from]!;
      this.pids[to] = pids[from]!;
      this.lengths[to] = lengths[from]!;
      this.keys.set(keys.subarray(from * KEY_SIZE, (from + 1) * KEY_SIZE), to * KEY_SIZE);
    }
  }
}
