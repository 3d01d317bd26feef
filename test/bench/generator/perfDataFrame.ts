import type { ByteSource } from '../../../src/capture/byteSource';
import { parseAttribute, type PerfAttribute } from '../../../src/capture/perfData/perfAttribute';
import { Feature } from '../../../src/capture/perfData/perfFacts';
import { readPerfHeader } from '../../../src/capture/perfData/perfHeader';
import { readTracingData } from '../../../src/capture/perfData/tracingData';
import { ProblemList } from '../../../src/capture/problemList';
import { FileRanges } from '../../../src/capture/traceDat/fileRanges';
import type { TraceMetadata } from '../../../src/capture/traceDat/metadata';

/** struct perf_file_section. */
const SECTION_SIZE = 16;
/** Where the head says how long the data is. */
const DATA_SIZE_AT = 48;

/** An event of a recording, with the ids of its samples, one a CPU. */
interface RecordedEvent {
  readonly attribute: PerfAttribute;
  readonly ids: readonly bigint[];
}

/** A perf.data around its records, so that others can be put in their place. */
export class PerfDataFrame {
  private constructor(
    private readonly whole: Uint8Array,
    /** Of the whole file. */
    readonly view: DataView,
    readonly events: readonly RecordedEvent[],
    readonly metadata: TraceMetadata,
    /** Where the records are. */
    readonly start: number,
    readonly end: number,
    private readonly features: readonly { at: number; offset: number }[],
  ) {}

  /**
   * @param source a little-endian perf.data that is no pipe's; it is held in memory
   * @throws Error when it is another one, or damaged
   */
  static async read(source: ByteSource): Promise<PerfDataFrame> {
    const file = new FileRanges(source, {});
    const header = await readPerfHeader(file);
    if (!header.littleEndian || header.isPipe) {
      throw new Error('expected a little-endian perf.data that perf wrote to a file');
    }
    const whole = (await file.read(0, file.size)).slice();
    const view = new DataView(whole.buffer);
    const { attributes, attributeSize, data } = header;
    const end = data.offset + data.size;

    const events: RecordedEvent[] = [];
    for (let at = attributes.offset; at < attributes.offset + attributes.size; at += attributeSize) {
      const attribute = parseAttribute(view, at, attributeSize - SECTION_SIZE, true);
      const first = Number(view.getBigUint64(at + attributeSize - SECTION_SIZE, true));
      const size = Number(view.getBigUint64(at + attributeSize - 8, true));
      const ids: bigint[] = [];
      for (let id = first; id < first + size; id += 8) ids.push(view.getBigUint64(id, true));
      events.push({ attribute, ids });
    }
    if (events.length === 0) throw new Error('it describes no event');

    const features = header.features.map((feature, index) => {
      const at = end + index * SECTION_SIZE;
      const offset = Number(view.getBigUint64(at, true));
      return { feature, at, offset, size: Number(view.getBigUint64(at + 8, true)) };
    });
    const tracing = features.find(({ feature }) => feature === Feature.tracingData);
    if (!tracing) throw new Error('it has no formats of tracepoints');
    const metadata = await readTracingData(file, tracing.offset, tracing.size, null, new ProblemList());
    return new PerfDataFrame(whole, view, events, metadata, data.offset, end, features);
  }

  /** What stands before records of `size` bytes. */
  head(size: number): Uint8Array {
    const head = this.whole.slice(0, this.start);
    new DataView(head.buffer).setBigUint64(DATA_SIZE_AT, BigInt(size), true);
    return head;
  }

  /** What stands behind records of `size` bytes. */
  tail(size: number): Uint8Array {
    const tail = this.whole.slice(this.end);
    const view = new DataView(tail.buffer);
    const moved = size - (this.end - this.start);
    for (const { at, offset } of this.features)
      view.setBigUint64(at - this.end, BigInt(offset + moved), true);
    return tail;
  }
}
