import { joined } from '../../../src/capture/byteChunks';
import type { ByteSource } from '../../../src/capture/byteSource';
import { ProblemList } from '../../../src/capture/problemList';
import { BufferData } from '../../../src/capture/traceDat/bufferData';
import { FileRanges } from '../../../src/capture/traceDat/fileRanges';
import { FileStructure, type RingBuffer } from '../../../src/capture/traceDat/fileStructure';
import { OptionId } from '../../../src/capture/traceDat/fileOptions';
import { readFileHeader } from '../../../src/capture/traceDat/fileHeader';
import { decompressorOf } from '../../../src/capture/traceDat/decompressor';
import { Extent, pageStride, timeStride } from './repetition';
import { change, findChanges, pageNumber, type Changes } from './ringPages';

const SECTION_HEAD = 16;
/** trace-cmd maps the pages of a CPU into memory, from a multiple of this on. */
const ALIGNMENT = 4096;
/** TRACECMD_OPTION_STRINGS: where the names of sections are. */
const STRINGS = 15;
/** Options whose data is nothing but the offset of a section. */
const SECTIONS: readonly number[] = [
  STRINGS,
  OptionId.headerInfo,
  OptionId.ftraceEvents,
  OptionId.eventFormats,
  OptionId.kallsyms,
  OptionId.printk,
  OptionId.commandLines,
  OptionId.btf,
  OptionId.modules,
];

interface CpuPages {
  readonly cpu: number;
  readonly bytes: Uint8Array;
  readonly changes: Changes;
}
interface BufferPages {
  readonly buffer: RingBuffer;
  readonly cpus: readonly CpuPages[];
}
interface Option {
  readonly id: number;
  readonly data: Uint8Array;
}

/**
 * Yields a trace.dat of version 7 without compression, in which all events of `source` come `times` times.
 *
 * @param source a little-endian trace.dat of version 7, compressed or not; it is held in memory
 * @throws Error when it is another one, or damaged
 */
export async function* repeatTraceDat(source: ByteSource, times: number): AsyncGenerator<Uint8Array> {
  const input = await TraceDatInput.read(source);
  const { buffers } = input;
  const stamps = new Extent();
  const pages = new Extent();
  let events = 0;
  for (const { bytes, changes } of buffers.flatMap(({ cpus }) => cpus)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (changes.firstTime !== null) stamps.add(changes.firstTime);
    if (changes.lastTime !== null) stamps.add(changes.lastTime);
    for (const place of changes.pages) pages.add(pageNumber(view, place));
    events += changes.events;
  }
  if (events === 0) throw new Error('it holds no event');
  const timeStep = timeStride(stamps, events);
  const pageStep = pageStride(pages);

  const head = input.head(times);
  yield head.bytes;
  let at = head.bytes.length;
  for (const { cpus } of buffers) {
    for (const { bytes, changes } of cpus) {
      yield new Uint8Array(aligned(at) - at);
      at = aligned(at);
      for (let round = 0n; round < times; round++) {
        const copy = new Uint8Array(bytes.length);
        change(copy, bytes, changes, round * timeStep, round * pageStep);
        yield copy;
      }
      at += bytes.length * times;
    }
  }
}

/** What a trace.dat holds, with its sections as they are in the file. */
class TraceDatInput {
  private constructor(
    private readonly magic: Uint8Array,
    private readonly options: readonly Option[],
    private readonly sections: ReadonlyMap<number, Uint8Array>,
    readonly buffers: readonly BufferPages[],
  ) {}

  static async read(source: ByteSource): Promise<TraceDatInput> {
    const problems = new ProblemList();
    const file = new FileRanges(source, {});
    const structure = new FileStructure(file, problems);
    await structure.read();
    const { header } = structure;
    if (header?.version !== 7 || !header.littleEndian) {
      throw new Error('expected a little-endian trace.dat of version 7; make one with "trace-cmd convert"');
    }
    const buffers: BufferPages[] = [];
    const data = new BufferData(file, structure, problems);
    for (const buffer of structure.buffers) {
      const cpus: CpuPages[] = [];
      for (const { range, data: pages } of data.ofBuffer(buffer)) {
        const spans: Uint8Array[] = [];
        for (let span = await pages.next(); span; span = await pages.next()) spans.push(span.bytes.slice());
        const bytes = joined(spans);
        cpus.push({
          cpu: range.cpu,
          bytes,
          changes: findChanges(bytes, buffer.pageSize, structure.metadata),
        });
      }
      buffers.push({ buffer, cpus });
    }
    const whole = await file.read(0, file.size);
    const { options, sections } = await readSections(whole, file);
    if (problems.count > 0)
      throw new Error(`${problems.kept[0]!.message} (byte ${String(problems.kept[0]!.offset)})`);
    // Up to the name of the compression.
    const magic = whole.slice(0, whole.indexOf(0, MAGIC_LENGTH) + 1 + 1 + 1 + 4);
    return new TraceDatInput(magic, options, sections, buffers);
  }

  /** All that stands before the pages: head, sections, options. */
  head(times: number): { bytes: Uint8Array } {
    const sectionBytes = [...this.sections].map(([id, bytes]) =>
      joined([sectionHead(id, bytes.length), bytes]),
    );
    const start = this.magic.length + TEXT_NONE.length + 8;
    const offsets = new Map<number, number>();
    let at = start;
    [...this.sections.keys()].forEach((id, index) => {
      offsets.set(id, at);
      at += sectionBytes[index]!.length;
    });
    const bufferHeads = at;
    at += this.buffers.length * SECTION_HEAD;
    const optionsOffset = at;
    // The size of the options does not depend on the offsets in them.
    const optionsAt = (dataStart: number): Uint8Array =>
      joined([
        ...this.options.map(({ id, data }) => {
          const offset = offsets.get(id);
          return option(id, offset === undefined ? data : long(offset));
        }),
        ...this.bufferOptions(bufferHeads, dataStart, times),
        option(OptionId.done, long(0)),
      ]);
    const size = optionsAt(0).length;
    const options = optionsAt(optionsOffset + SECTION_HEAD + size);
    return {
      bytes: joined([
        this.magic,
        TEXT_NONE,
        long(optionsOffset),
        ...sectionBytes,
        ...this.buffers.map(({ cpus }) =>
          sectionHead(
            OptionId.buffer,
            cpus.reduce((sum, { bytes }) => sum + bytes.length * times, 0),
          ),
        ),
        sectionHead(OptionId.done, options.length),
        options,
      ]),
    };
  }

  private bufferOptions(heads: number, dataStart: number, times: number): Uint8Array[] {
    let at = dataStart;
    return this.buffers.map(({ buffer, cpus }, index) => {
      const ranges = cpus.map(({ cpu, bytes }) => {
        const range = joined([word(cpu), long(aligned(at)), long(bytes.length * times)]);
        at = aligned(at) + bytes.length * times;
        return range;
      });
      return option(
        OptionId.buffer,
        joined([
          long(heads + index * SECTION_HEAD),
          text(buffer.name),
          text(buffer.clock),
          word(buffer.pageSize),
          word(cpus.length),
          ...ranges,
        ]),
      );
    });
  }
}

const MAGIC_LENGTH = '\x17\x08\x44tracing'.length;
/** Name of the compression, and its version. */
const TEXT_NONE = joined([text('none'), text('')]);

/** The options and the metadata sections as they are, decompressed. */
export async function readSections(
  whole: Uint8Array,
  file: FileRanges,
): Promise<{ options: Option[]; sections: Map<number, Uint8Array> }> {
  const header = await readFileHeader(file);
  const decompressor = await decompressorOf(header.compression);
  const view = new DataView(whole.buffer, whole.byteOffset, whole.length);
  const sectionAt = (at: number): Uint8Array => {
    const isCompressed = (view.getUint16(at + 2, true) & 1) === 1;
    const start = at + SECTION_HEAD;
    if (!isCompressed) return whole.slice(start, start + Number(view.getBigUint64(at + 8, true)));
    const compressed = view.getUint32(start, true);
    const size = view.getUint32(start + 4, true);
    const bytes = new Uint8Array(size);
    if (decompressor?.decompress(whole.subarray(start + 8, start + 8 + compressed), bytes) !== true) {
      throw new Error(`the section at byte ${String(at)} does not decompress`);
    }
    return bytes;
  };
  const options: Option[] = [];
  const sections = new Map<number, Uint8Array>();
  for (let next = header.optionsOffset; next !== 0;) {
    const list = sectionAt(next);
    const listView = new DataView(list.buffer, list.byteOffset, list.length);
    next = 0;
    for (let at = 0; at < list.length;) {
      const id = listView.getUint16(at, true);
      const size = listView.getUint32(at + 2, true);
      const data = list.slice(at + 6, at + 6 + size);
      at += 6 + size;
      if (id === OptionId.done) {
        next = Number(listView.getBigUint64(at - 8, true));
        break;
      }
      if (id === OptionId.buffer || id === OptionId.bufferText) continue;
      options.push({ id, data });
      if (SECTIONS.includes(id)) sections.set(id, sectionAt(Number(listView.getBigUint64(at - size, true))));
    }
  }
  return { options, sections };
}

function aligned(at: number): number {
  return Math.ceil(at / ALIGNMENT) * ALIGNMENT;
}

function option(id: number, data: Uint8Array): Uint8Array {
  const head = new Uint8Array(6);
  const view = new DataView(head.buffer);
  view.setUint16(0, id, true);
  view.setUint32(2, data.length, true);
  return joined([head, data]);
}

/** Id, flags (not compressed), where its name is (nowhere), and size. */
function sectionHead(id: number, size: number): Uint8Array {
  const head = new Uint8Array(SECTION_HEAD);
  const view = new DataView(head.buffer);
  view.setUint16(0, id, true);
  view.setInt32(4, -1, true);
  view.setBigUint64(8, BigInt(size), true);
  return head;
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function long(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}
