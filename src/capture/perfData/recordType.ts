/** Types of records: enum perf_event_type of include/uapi/linux/perf_event.h, and from 64 on those of perf itself. */
export const RecordType = {
  mmap: 1,
  lost: 2,
  comm: 3,
  exit: 4,
  throttle: 5,
  unthrottle: 6,
  fork: 7,
  sample: 9,
  mmap2: 10,
  lostSamples: 13,
  ksymbol: 17,
  headerAttribute: 64,
  tracingData: 66,
  headerBuildId: 67,
  finishedRound: 68,
  auxTrace: 71,
  eventUpdate: 78,
  headerFeature: 80,
  compressed: 81,
  /** PERF_RECORD_COMPRESSED2 of Linux 6.16: as `compressed`, padded, with its size before the data. */
  compressed2: 83,
} as const;

/** The last type of the kernel: 22 is PERF_RECORD_CALLCHAIN_DEFERRED. */
const LAST_OF_KERNEL = 31;
const FIRST_OF_PERF = 64;
const LAST_OF_PERF = 127;

/** Whether a record may be of this type, also of one that younger kernels add. */
export function isRecordType(type: number): boolean {
  return (type >= 1 && type <= LAST_OF_KERNEL) || (type >= FIRST_OF_PERF && type <= LAST_OF_PERF);
}
