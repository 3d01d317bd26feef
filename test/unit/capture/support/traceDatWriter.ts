/**
 * Writes trace.dat files for tests: both versions, both byte orders, kernels of 32 and 64 bits, with and without
 * compression. Laid out after trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5); `trace-cmd report` reads them.
 */
import { zlibSync } from 'fflate';
import { ByteWriter } from './perfDataWriter';

export interface FieldText {
  /** As in a format file, e.g. `unsigned long pfn` or `char comm[16]`. */
  readonly declaration: string;
  /** Bytes; `long` for those of the kernel's long. */
  readonly size: number | 'long';
  readonly signed?: boolean;
}

export interface EventText {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly fields: readonly FieldText[];
  readonly print: string;
}

export interface RecordText {
  readonly time: bigint;
  readonly data: Uint8Array;
  /** Events lost before this record: it begins a page that says so; -1 when nobody counted them. */
  readonly lostBefore?: number;
  /** How its time is told: from the record before, or in full. */
  readonly stamp?: 'delta' | 'absolute';
  /** Bytes of a discarded record before this one. */
  readonly paddingBefore?: number;
  /** Write the length in a word of its own although it would fit into the head. */
  readonly longForm?: boolean;
}

interface BufferText {
  readonly name: string;
  readonly clock?: string;
  /** By CPU. */
  readonly cpus: readonly (readonly RecordText[])[];
}

export interface TraceDatText {
  readonly version: 6 | 7;
  readonly littleEndian?: boolean;
  readonly longSize?: 4 | 8;
  readonly pageSize?: number;
  /** Of version 7; zstd is written as stored blocks. */
  readonly compression?: 'none' | 'zlib' | 'zstd';
  readonly pagesInChunk?: number;
  readonly events: readonly EventText[];
  readonly kallsyms?: string;
  readonly modules?: string;
  readonly printk?: string;
  readonly commandLines?: string;
  /** Options beside those that lead to sections: id and data. */
  readonly options?: readonly (readonly [id: number, data: Uint8Array])[];
  readonly buffers: readonly BufferText[];
  /** The text of a latency tracer in place of the pages of the top buffer. */
  readonly latencyText?: string;
}

const SECTION_COMPRESSED = 1;

/** Places `fields` behind the common ones, aligned as a C compiler does. */
function layoutOf(event: EventText, longSize: number): { name: string; offset: number; size: number }[] {
  let offset = 8;
  return event.fields.map((field) => {
    const size = field.size === 'long' ? longSize : field.size;
    const isArray = field.declaration.includes('[') && !field.declaration.startsWith('__');
    const step = !isArray ? size : field.declaration.startsWith('unsigned long') ? longSize : 1;
    offset = Math.ceil(offset / step) * step;
    const place = { name: nameOf(field.declaration), offset, size };
    offset += size;
    return place;
  });
}

function nameOf(declaration: string): string {
  return /([a-z_]\w*)(?:\[[^\]]*\])?$/i.exec(declaration)![1]!;
}

/** The `format` file of an event. */
function formatText(event: EventText, longSize: number): string {
  const lines = [
    `name: ${event.name}`,
    `ID: ${event.id}`,
    'format:',
    '\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;',
    '\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;',
    '\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;',
    '\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;',
    '',
  ];
  for (const [index, { offset, size }] of layoutOf(event, longSize).entries()) {
    const { declaration, signed = false } = event.fields[index]!;
    lines.push(`\tfield:${declaration};\toffset:${offset};\tsize:${size};\tsigned:${signed ? 1 : 0};`);
  }
  lines.push('', `print fmt: ${event.print}`, '');
  return lines.join('\n');
}

/** The data of a record: the common fields, then the values by field name; `tail` follows the last field. */
export function recordData(
  file: { littleEndian?: boolean; longSize?: 4 | 8 },
  event: EventText,
  pid: number,
  values: Readonly<Record<string, number | bigint | Uint8Array>>,
  { flags = 0, tail = new Uint8Array(0) }: { flags?: number; tail?: Uint8Array } = {},
): Uint8Array {
  const { littleEndian = true, longSize = 8 } = file;
  const out = new ByteWriter(littleEndian).u16(event.id).u8(flags).u8(0).u32(pid);
  for (const { name, offset, size } of layoutOf(event, longSize)) {
    out.zeros(offset - out.length);
    const value = values[name] ?? 0;
    if (value instanceof Uint8Array) out.raw(value).zeros(Math.max(0, size - value.length));
    else if (size === 8) out.u64(value);
    else if (size === 4) out.u32(Number(BigInt.asUintN(32, BigInt(value))));
    else if (size === 2) out.u16(Number(value));
    else if (size === 1) out.u8(Number(value));
  }
  return out.raw(tail).align(4).done();
}

/** The pages of one CPU. */
function pagesOf(file: TraceDatText, records: readonly RecordText[]): Uint8Array {
  const { littleEndian = true, longSize = 8, pageSize = 4096 } = file;
  const dataOffset = 8 + longSize;
  const pages: Uint8Array[] = [];
  let data = new ByteWriter(littleEndian);
  let pageTime = 0n;
  let last = 0n;
  let lost = 0;
  const flush = (): void => {
    if (data.length === 0) return;
    const page = new ByteWriter(littleEndian).u64(pageTime);
    const fits = dataOffset + data.length + longSize <= pageSize;
    const isStored = lost > 0 && fits;
    const commit = data.length + (lost !== 0 ? 2 ** 31 : 0) + (isStored ? 2 ** 30 : 0);
    if (longSize === 8) page.u64(commit);
    else page.u32(commit);
    page.raw(data.done());
    if (isStored && longSize === 8) page.u64(lost);
    else if (isStored) page.u32(lost);
    pages.push(page.zeros(pageSize - page.length).done());
    data = new ByteWriter(littleEndian);
    lost = 0;
  };
  for (const record of records) {
    const bytes = recordBytes(record, last, littleEndian);
    const isFull = dataOffset + data.length + bytes.length > pageSize;
    if (isFull || record.lostBefore !== undefined) flush();
    if (data.length === 0) {
      pageTime = last = record.time;
      lost = record.lostBefore ?? 0;
      data.raw(recordBytes(record, last, littleEndian));
    } else {
      data.raw(bytes);
    }
    last = record.time;
  }
  flush();
  const all = new ByteWriter(littleEndian);
  for (const page of pages) all.raw(page);
  return all.done();
}

function headWord(type: number, delta: number, littleEndian: boolean): number {
  return littleEndian ? type + delta * 32 : type * 2 ** 27 + delta;
}

function recordBytes(record: RecordText, last: bigint, littleEndian: boolean): Uint8Array {
  const out = new ByteWriter(littleEndian);
  const low = (value: bigint): number => Number(value & 0x7ffffffn);
  const isAbsolute = record.stamp === 'absolute';
  let delta = isAbsolute ? 0n : record.time - last;
  if (record.paddingBefore !== undefined) {
    out
      .u32(headWord(29, 1, littleEndian))
      .u32(record.paddingBefore)
      .zeros(record.paddingBefore - 4);
    if (delta > 0n) delta--;
  }
  if (isAbsolute) {
    out.u32(headWord(31, low(record.time), littleEndian)).u32(Number((record.time >> 27n) & 0xffffffffn));
  } else if (delta > 0x7ffffffn) {
    out.u32(headWord(30, low(delta), littleEndian)).u32(Number(delta >> 27n));
    delta = 0n;
  }
  const words = record.data.length / 4;
  if (words > 28 || record.longForm === true) {
    out.u32(headWord(0, Number(delta), littleEndian)).u32(record.data.length + 4);
  } else {
    out.u32(headWord(words, Number(delta), littleEndian));
  }
  return out.raw(record.data).done();
}

/** A whole file. */
export function writeTraceDat(file: TraceDatText): Uint8Array {
  return file.version === 6 ? writeVersion6(file) : writeVersion7(file);
}

function head(file: TraceDatText): ByteWriter {
  const { littleEndian = true, longSize = 8, pageSize = 4096 } = file;
  return new ByteWriter(littleEndian)
    .u8(0x17)
    .u8(0x08)
    .u8(0x44)
    .text(`tracing${file.version}\0`)
    .u8(littleEndian ? 0 : 1)
    .u8(longSize)
    .u32(pageSize);
}

function sized8(out: ByteWriter, text: string): ByteWriter {
  const bytes = new TextEncoder().encode(text);
  return out.u64(bytes.length).raw(bytes);
}

function sized4(out: ByteWriter, text: string): ByteWriter {
  const bytes = new TextEncoder().encode(text);
  return out.u32(bytes.length).raw(bytes);
}

function headerInfo(out: ByteWriter, file: TraceDatText): ByteWriter {
  const { longSize = 8, pageSize = 4096 } = file;
  const page = [
    '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;',
    `\tfield: local_t commit;\toffset:8;\tsize:${longSize};\tsigned:1;`,
    '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;',
    `\tfield: char data;\toffset:${8 + longSize};\tsize:${pageSize - 8 - longSize};\tsigned:1;`,
    '',
  ].join('\n');
  const event = [
    '# compressed entry header',
    '\ttype_len    :    5 bits',
    '\ttime_delta  :   27 bits',
    '\tarray       :   32 bits',
    '',
    '\tpadding     : type == 29',
    '\ttime_extend : type == 30',
    '\ttime_stamp : type == 31',
    '\tdata max type_len  == 28',
    '',
  ].join('\n');
  sized8(out.text('header_page\0'), page);
  return sized8(out.text('header_event\0'), event);
}

function ftraceFormats(out: ByteWriter, file: TraceDatText): ByteWriter {
  const events = file.events.filter((event) => event.system === 'ftrace');
  out.u32(events.length);
  for (const event of events) sized8(out, formatText(event, file.longSize ?? 8));
  return out;
}

function eventFormats(out: ByteWriter, file: TraceDatText): ByteWriter {
  const systems = [...new Set(file.events.map((event) => event.system))].filter(
    (system) => system !== 'ftrace',
  );
  out.u32(systems.length);
  for (const system of systems) {
    const events = file.events.filter((event) => event.system === system);
    out.text(`${system}\0`).u32(events.length);
    for (const event of events) sized8(out, formatText(event, file.longSize ?? 8));
  }
  return out;
}

function option(out: ByteWriter, id: number, data: Uint8Array): ByteWriter {
  return out.u16(id).u32(data.length).raw(data);
}

/** Where the CPU tables of the instances and the pages of each CPU of each buffer are. */
interface Places {
  readonly tables: number[];
  readonly pages: number[][];
}

function writeVersion6(file: TraceDatText): Uint8Array {
  // The places are not known before everything is written, and writing them changes no length.
  const { places } = version6Bytes(file, { tables: [], pages: [] });
  return version6Bytes(file, places).bytes;
}

function version6Bytes(file: TraceDatText, known: Places): { bytes: Uint8Array; places: Places } {
  const [top, ...instances] = file.buffers;
  const cpuCount = top?.cpus.length ?? 1;
  const places: Places = { tables: [], pages: [] };
  const out = head(file);
  headerInfo(out, file);
  ftraceFormats(out, file);
  eventFormats(out, file);
  sized4(out, file.kallsyms ?? '');
  sized4(out, file.printk ?? '');
  sized8(out, file.commandLines ?? '');
  out.u32(cpuCount).text('options  \0');
  for (const [id, data] of file.options ?? []) option(out, id, data);
  if (top?.clock !== undefined) option(out, 4, new Uint8Array(0));
  for (const [index, { name }] of instances.entries()) {
    const data = new ByteWriter(out.littleEndian).u64(known.tables[index] ?? 0).text(`${name}\0`);
    option(out, 3, data.done());
  }
  out.u16(0);
  if (file.latencyText !== undefined) {
    return { bytes: out.text('latency  \0').text(file.latencyText).done(), places };
  }
  for (const [index, buffer] of file.buffers.entries()) {
    if (index > 0) places.tables.push(out.length);
    out.text('flyrecord\0');
    for (let cpu = 0; cpu < cpuCount; cpu++) {
      out.u64(known.pages[index]?.[cpu] ?? 0).u64(pagesOf(file, buffer.cpus[cpu] ?? []).length);
    }
    if (index === 0 && top?.clock !== undefined) sized8(out, `local [${top.clock}]\n`);
  }
  for (const buffer of file.buffers) {
    places.pages.push(
      buffer.cpus.map((records) => {
        const place = out.align(file.pageSize ?? 4096).length;
        out.raw(pagesOf(file, records));
        return place;
      }),
    );
  }
  return { bytes: out.done(), places };
}

function compressed(file: TraceDatText, bytes: Uint8Array): Uint8Array {
  return file.compression === 'zlib' ? zlibSync(bytes) : storedZstd(bytes);
}

/** A zstd frame of stored blocks (RFC 8878). */
export function storedZstd(bytes: Uint8Array): Uint8Array {
  // As trace-cmd writes it, the size of the content is not said; 0x38 is a window of 128 kB, the largest of blocks.
  const out = new ByteWriter(true).u32(0xfd2fb528).u8(0).u8(0x38);
  const largest = 1 << 17;
  for (let at = 0; at === 0 || at < bytes.length; at += largest) {
    const block = bytes.subarray(at, at + largest);
    const isLast = at + largest >= bytes.length;
    const blockHead = (block.length << 3) | (isLast ? 1 : 0);
    out
      .u16(blockHead & 0xffff)
      .u8(blockHead >>> 16)
      .raw(block);
  }
  return out.done();
}

function writeVersion7(file: TraceDatText): Uint8Array {
  const { littleEndian = true, pageSize = 4096, compression = 'none', pagesInChunk = 2 } = file;
  const isCompressed = compression !== 'none';
  const out = head(file).text(`${compression}\0`).text('1.0\0').u64(0);
  const sectionPlaces: [number, number][] = [];
  // Numbers of 64 bits that are known only when what they tell of is written.
  const later: [place: number, value: number][] = [];
  let nextOptions = out.length - 8;

  const section = (id: number, data: Uint8Array, mayCompress = true): number => {
    const place = out.length;
    const isBlock = isCompressed && mayCompress;
    const content = isBlock ? compressed(file, data) : data;
    out
      .u16(id)
      .u16(isBlock ? SECTION_COMPRESSED : 0)
      .u32(0);
    out.u64(isBlock ? content.length + 8 : content.length);
    if (isBlock) out.u32(content.length).u32(data.length);
    out.raw(content);
    return place;
  };
  const part = (write: (out: ByteWriter) => void): Uint8Array => {
    const writer = new ByteWriter(littleEndian);
    write(writer);
    return writer.done();
  };
  const metadata = (id: number, write: (out: ByteWriter) => void): void => {
    sectionPlaces.push([id, section(id, part(write))]);
  };
  metadata(16, (writer) => headerInfo(writer, file));
  metadata(17, (writer) => ftraceFormats(writer, file));
  metadata(18, (writer) => eventFormats(writer, file));
  metadata(19, (writer) => sized4(writer, file.kallsyms ?? ''));
  metadata(20, (writer) => sized4(writer, file.printk ?? ''));
  metadata(21, (writer) => sized8(writer, file.commandLines ?? ''));
  if (file.modules !== undefined) metadata(25, (writer) => writer.text(file.modules!));

  const options = (list: readonly (readonly [number, Uint8Array])[], mayCompress: boolean): void => {
    const place = section(
      0,
      part((writer) => {
        for (const [id, data] of list) option(writer, id, data);
        option(
          writer,
          0,
          part((data) => data.u64(0)),
        );
      }),
      mayCompress,
    );
    later.push([nextOptions, place]);
    nextOptions = out.length - 8;
  };
  // As trace-cmd does: what is known before the data comes in a first section, each buffer in one behind its data.
  // Only the last one may be compressed: where the next one is, is written into those before.
  const places = sectionPlaces.map(([id, place]) => [id, part((writer) => writer.u64(place))] as const);
  options([...places, ...(file.options ?? [])], false);
  for (const buffer of file.buffers) {
    const isLast = buffer === file.buffers.at(-1);
    const place = out.length;
    const clock = buffer.clock ?? 'local';
    if (file.latencyText !== undefined && buffer.name === '') {
      const text = new TextEncoder().encode(file.latencyText);
      const content = isCompressed ? chunksOf(file, text, text.length) : text;
      out
        .u16(22)
        .u16(isCompressed ? SECTION_COMPRESSED : 0)
        .u32(0)
        .u64(content.length)
        .raw(content);
      options([[22, part((writer) => writer.u64(place).text('\0').text(`${clock}\0`))]], isLast);
      continue;
    }
    out
      .u16(3)
      .u16(isCompressed ? SECTION_COMPRESSED : 0)
      .u32(0)
      .u64(0);
    // trace-cmd leaves out a CPU without data.
    const withData = buffer.cpus.flatMap((records, cpu) => (records.length > 0 ? [{ cpu, records }] : []));
    const cpus = new ByteWriter(littleEndian).u32(pageSize).u32(withData.length);
    for (const { cpu, records } of withData) {
      const pages = pagesOf(file, records);
      out.align(pageSize);
      const offset = out.length;
      const chunks = isCompressed ? chunksOf(file, pages, pagesInChunk * pageSize) : pages;
      out.raw(chunks);
      // trace-cmd leaves the number of chunks out of the size.
      cpus
        .u32(cpu)
        .u64(offset)
        .u64(isCompressed ? chunks.length - 4 : chunks.length);
    }
    later.push([place + 8, out.length - place - 16]);
    const data = part((writer) =>
      writer.u64(place).text(`${buffer.name}\0`).text(`${clock}\0`).raw(cpus.done()),
    );
    options([[3, data]], isLast);
  }

  const bytes = out.done();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const [place, value] of later) view.setBigUint64(place, BigInt(value), littleEndian);
  return bytes;
}

function chunksOf(file: TraceDatText, bytes: Uint8Array, chunkSize: number): Uint8Array {
  const out = new ByteWriter(file.littleEndian ?? true).u32(Math.ceil(bytes.length / chunkSize));
  for (let at = 0; at < bytes.length; at += chunkSize) {
    const chunk = bytes.subarray(at, at + chunkSize);
    const block = compressed(file, chunk);
    out.u32(block.length).u32(chunk.length).raw(block);
  }
  return out.done();
}
