/** Bits of `sample_type` (enum perf_event_sample_format of include/uapi/linux/perf_event.h), in record order. */
export const SampleBit = {
  ip: 1 << 0,
  tid: 1 << 1,
  time: 1 << 2,
  addr: 1 << 3,
  read: 1 << 4,
  callchain: 1 << 5,
  id: 1 << 6,
  cpu: 1 << 7,
  period: 1 << 8,
  streamId: 1 << 9,
  raw: 1 << 10,
  identifier: 1 << 16,
} as const;

/** Bits of `read_format` (enum perf_event_read_format). */
export const ReadBit = { enabled: 1 << 0, running: 1 << 1, id: 1 << 2, group: 1 << 3, lost: 1 << 4 } as const;

/** Bits of the flags word of struct perf_event_attr. */
const SAMPLE_ID_ALL = 18;
const EXCLUDE_CALLCHAIN_KERNEL = 21;
const USE_CLOCKID = 25;

/** PERF_TYPE_TRACEPOINT. */
export const TRACEPOINT = 2;

/** PERF_ATTR_SIZE_VER0: what every version of the structure has. */
export const SMALLEST_ATTRIBUTE = 64;
/** No version is larger; 136 bytes in Linux 6.3. */
export const LARGEST_ATTRIBUTE = 4096;

/** Where the byte offset of a field that a sample does not have stands. */
const NOWHERE = -1;

/**
 * What one event of the recording is and how its samples are laid out: struct perf_event_attr. Offsets are in
 * bytes from behind the record's header.
 */
export interface PerfAttribute {
  /** PERF_TYPE_*. */
  readonly type: number;
  /** Of a tracepoint, the id in its format file. */
  readonly config: number;
  /** {@link SampleBit}. */
  readonly sampleType: number;
  /** {@link ReadBit}. */
  readonly readFormat: number;
  /** Records that are no samples end with the sample's ids (tid, time, cpu …). */
  readonly hasTrailer: boolean;
  readonly excludesKernelFrames: boolean;
  /** CLOCK_*, or null for perf's own clock. */
  readonly clockId: number | null;
  readonly layout: SampleLayout;
}

/** Offsets in a sample of what stands before its parts of variable size; NOWHERE where it is not there. */
interface SampleLayout {
  readonly id: number;
  readonly tid: number;
  readonly time: number;
  readonly cpu: number;
  /** Size of all that stands before the parts of variable size. */
  readonly fixedSize: number;
}

/**
 * Reads the attribute at `at`, of which `size` bytes (at least SMALLEST_ATTRIBUTE) are there; what an older
 * structure does not have is zero.
 */
export function parseAttribute(
  view: DataView,
  at: number,
  size: number,
  littleEndian: boolean,
): PerfAttribute {
  const word = (offset: number): number => view.getUint32(at + offset, littleEndian);
  const lowHalf = (offset: number): number => word(offset + (littleEndian ? 0 : 4));
  const long = (offset: number): number =>
    word(offset + (littleEndian ? 4 : 0)) * 0x100000000 + lowHalf(offset);
  const flags = view.getBigUint64(at + 40, littleEndian);
  // Bit-fields begin at the lowest bit on a little-endian machine and at the highest on a big-endian one.
  const flag = (bit: number): boolean => ((flags >> BigInt(littleEndian ? bit : 63 - bit)) & 1n) === 1n;
  const sampleType = lowHalf(24);
  return {
    type: word(0),
    config: long(8),
    sampleType,
    readFormat: lowHalf(32),
    hasTrailer: flag(SAMPLE_ID_ALL),
    excludesKernelFrames: flag(EXCLUDE_CALLCHAIN_KERNEL),
    clockId: flag(USE_CLOCKID) && size >= 96 ? view.getInt32(at + 92, littleEndian) : null,
    layout: layoutOf(sampleType),
  };
}

function layoutOf(sampleType: number): SampleLayout {
  let size = 0;
  const place = (bit: number): number => {
    if ((sampleType & bit) === 0) return NOWHERE;
    size += 8;
    return size - 8;
  };
  // The order of perf_output_sample() in kernel/events/core.c.
  const identifier = place(SampleBit.identifier);
  place(SampleBit.ip);
  const tid = place(SampleBit.tid);
  const time = place(SampleBit.time);
  place(SampleBit.addr);
  const id = place(SampleBit.id);
  place(SampleBit.streamId);
  const cpu = place(SampleBit.cpu);
  place(SampleBit.period);
  return { id: identifier >= 0 ? identifier : id, tid, time, cpu, fixedSize: size };
}

/** Offsets of the ids at the end of a record that is no sample, in bytes from the record's end (negative), or 0. */
export interface TrailerLayout {
  readonly id: number;
  readonly tid: number;
  readonly time: number;
  readonly cpu: number;
}

/** Where perf_event__output_id_sample() of kernel/events/core.c puts the ids. */
export function trailerOf(attribute: PerfAttribute): TrailerLayout {
  let size = 0;
  const place = (bit: number): number => {
    if (!attribute.hasTrailer || (attribute.sampleType & bit) === 0) return 0;
    size += 8;
    return -size;
  };
  const identifier = place(SampleBit.identifier);
  const cpu = place(SampleBit.cpu);
  place(SampleBit.streamId);
  const id = place(SampleBit.id);
  const time = place(SampleBit.time);
  const tid = place(SampleBit.tid);
  return { id: identifier === 0 ? id : identifier, cpu, time, tid };
}
