/**
 * Writes perf.data files for tests: of both byte orders, to a file or to a pipe, compressed or not. Laid out after
 * tools/perf/Documentation/perf.data-file-format.txt and include/uapi/linux/perf_event.h; `perf script` reads them.
 */

export const SampleType = {
  ip: 1,
  tid: 2,
  time: 4,
  addr: 8,
  read: 16,
  callchain: 32,
  id: 64,
  cpu: 128,
  period: 256,
  streamId: 512,
  raw: 1024,
  identifier: 0x10000,
} as const;

export interface AttributeText {
  readonly type?: number;
  readonly config: number;
  readonly sampleType: number;
  readonly readFormat?: number;
  readonly ids: readonly number[];
  readonly clockId?: number;
  readonly sampleIdAll?: boolean;
  /** As the EVENT_DESC feature names it. */
  readonly name?: string;
}

export interface SampleText {
  readonly id?: number;
  readonly pid?: number;
  readonly tid?: number;
  /** ns */
  readonly time?: number;
  readonly cpu?: number;
  /** Addresses and context marks, innermost first. */
  readonly chain?: readonly bigint[];
  readonly raw?: Uint8Array;
}

export const KERNEL_CONTEXT = 0xffffffffffffff80n;
export const USER_CONTEXT = 0xfffffffffffffe00n;

/** Appends numbers of one byte order. */
export class ByteWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  length = 0;

  constructor(readonly littleEndian: boolean) {}

  u8(value: number): this {
    this.room(1);
    this.view.setUint8(this.length, value);
    this.length += 1;
    return this;
  }

  u16(value: number): this {
    this.room(2);
    this.view.setUint16(this.length, value, this.littleEndian);
    this.length += 2;
    return this;
  }

  u32(value: number): this {
    this.room(4);
    this.view.setUint32(this.length, value >>> 0, this.littleEndian);
    this.length += 4;
    return this;
  }

  u64(value: number | bigint): this {
    this.room(8);
    this.view.setBigUint64(this.length, BigInt.asUintN(64, BigInt(value)), this.littleEndian);
    this.length += 8;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  text(text: string): this {
    return this.raw(new TextEncoder().encode(text));
  }

  zeros(count: number): this {
    this.room(count);
    this.bytes.fill(0, this.length, this.length + count);
    this.length += count;
    return this;
  }

  align(step: number): this {
    return this.zeros((step - (this.length % step)) % step);
  }

  done(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  private room(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const wider = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    wider.set(this.bytes.subarray(0, this.length));
    this.bytes = wider;
    this.view = new DataView(wider.buffer);
  }
}

/** A record: header and content. */
export function record(little: boolean, type: number, content: Uint8Array, misc = 0): Uint8Array {
  return new ByteWriter(little)
    .u32(type)
    .u16(misc)
    .u16(content.length + 8)
    .raw(content)
    .done();
}

/** PERF_RECORD_SAMPLE with the parts that the attribute asks for. */
export function sample(little: boolean, attribute: AttributeText, values: SampleText): Uint8Array {
  const { sampleType: type, readFormat: format = 0 } = attribute;
  const id = values.id ?? attribute.ids[0] ?? 0;
  const out = new ByteWriter(little);
  const has = (bit: number): boolean => (type & bit) !== 0;
  if (has(SampleType.identifier)) out.u64(id);
  if (has(SampleType.ip)) out.u64(0x1234);
  if (has(SampleType.tid)) out.u32(values.pid ?? values.tid ?? 1).u32(values.tid ?? 1);
  if (has(SampleType.time)) out.u64(values.time ?? 0);
  if (has(SampleType.addr)) out.u64(0);
  if (has(SampleType.id)) out.u64(id);
  if (has(SampleType.streamId)) out.u64(id);
  if (has(SampleType.cpu)) out.u32(values.cpu ?? 0).u32(0);
  if (has(SampleType.period)) out.u64(1);
  if (has(SampleType.read)) {
    const isGroup = (format & 8) !== 0;
    if (isGroup) out.u64(2);
    if (!isGroup) out.u64(7);
    if ((format & 1) !== 0) out.u64(100);
    if ((format & 2) !== 0) out.u64(100);
    for (let i = 0; i < (isGroup ? 2 : 1); i++) {
      if (isGroup) out.u64(7);
      if ((format & 4) !== 0) out.u64(id);
      if ((format & 16) !== 0) out.u64(0);
    }
  }
  if (has(SampleType.callchain)) {
    const chain = values.chain ?? [];
    out.u64(chain.length);
    for (const address of chain) out.u64(address);
  }
  if (has(SampleType.raw)) {
    const raw = values.raw ?? new Uint8Array(0);
    // The record with its size word fills up to eight bytes.
    const size = Math.ceil((raw.length + 4) / 8) * 8 - 4;
    out
      .u32(size)
      .raw(raw)
      .zeros(size - raw.length);
  }
  return record(little, 9, out.done(), 1);
}

/** A record that is no sample, with the ids behind its content. */
export function sideRecord(
  little: boolean,
  attribute: AttributeText,
  type: number,
  content: Uint8Array,
  values: SampleText = {},
  misc = 0,
): Uint8Array {
  const out = new ByteWriter(little).raw(content).align(8);
  const has = (bit: number): boolean => (attribute.sampleType & bit) !== 0;
  if (attribute.sampleIdAll !== false) {
    if (has(SampleType.tid)) out.u32(values.pid ?? values.tid ?? 0).u32(values.tid ?? 0);
    if (has(SampleType.time)) out.u64(values.time ?? 0);
    if (has(SampleType.id)) out.u64(values.id ?? attribute.ids[0] ?? 0);
    if (has(SampleType.streamId)) out.u64(0);
    if (has(SampleType.cpu)) out.u32(values.cpu ?? 0).u32(0);
    if (has(SampleType.identifier)) out.u64(values.id ?? attribute.ids[0] ?? 0);
  }
  return record(little, type, out.done(), misc);
}

/** struct perf_event_attr of 128 bytes. */
function attributeBytes(little: boolean, attribute: AttributeText): Uint8Array {
  const bit = (index: number): bigint => 1n << BigInt(little ? index : 63 - index);
  let flags = attribute.sampleIdAll === false ? 0n : bit(18);
  if (attribute.clockId !== undefined) flags |= bit(25);
  return new ByteWriter(little)
    .u32(attribute.type ?? 2)
    .u32(128)
    .u64(attribute.config)
    .u64(1)
    .u64(attribute.sampleType)
    .u64(attribute.readFormat ?? 0)
    .u64(flags)
    .zeros(92 - 48)
    .u32(attribute.clockId ?? 0)
    .zeros(128 - 96)
    .done();
}

/** The content of a feature that is one string. */
export function stringFeature(little: boolean, text: string): Uint8Array {
  const size = Math.ceil((text.length + 1) / 64) * 64;
  return new ByteWriter(little)
    .u32(size)
    .text(text)
    .zeros(size - text.length)
    .done();
}

/** The content of the TRACING_DATA feature with these format texts, by system. */
export function tracingData(
  little: boolean,
  formats: Readonly<Record<string, readonly string[]>>,
): Uint8Array {
  const out = new ByteWriter(little).raw(new Uint8Array([0x17, 0x08, 0x44])).text('tracing0.6\0');
  out
    .u8(little ? 0 : 1)
    .u8(8)
    .u32(4096);
  const page =
    '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n' +
    '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n';
  out.text('header_page\0').u64(page.length).text(page);
  const event =
    '# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n' +
    '\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n';
  out.text('header_event\0').u64(event.length).text(event);
  out.u32(0);
  out.u32(Object.keys(formats).length);
  for (const [system, texts] of Object.entries(formats)) {
    out.text(`${system}\0`).u32(texts.length);
    for (const text of texts) out.u64(text.length).text(text);
  }
  return out.u32(0).u32(0).u64(0).done();
}

interface PerfFileText {
  readonly littleEndian: boolean;
  readonly attributes: readonly AttributeText[];
  /** Contents by number of the feature, tracing data (1) included. */
  readonly features: ReadonlyMap<number, Uint8Array>;
  readonly data: readonly Uint8Array[];
}

/** A perf.data as perf writes it to a file. */
export function perfFile({ littleEndian: little, attributes, features, data }: PerfFileText): Uint8Array {
  const headSize = 104;
  const ids = new ByteWriter(little);
  const entries = new ByteWriter(little);
  for (const attribute of attributes) {
    entries
      .raw(attributeBytes(little, attribute))
      .u64(headSize + ids.length)
      .u64(attribute.ids.length * 8);
    for (const id of attribute.ids) ids.u64(id);
  }
  const content = joinedBytes(data);
  const attributesAt = headSize + ids.length;
  const dataAt = attributesAt + entries.length;
  const present = new Map([...features].sort(([a], [b]) => a - b));
  const list = new ByteWriter(little);
  let at = dataAt + content.length + present.size * 16;
  for (const feature of present.values()) {
    list.u64(at).u64(feature.length);
    at += feature.length;
  }
  let bits = 0n;
  for (const number of present.keys()) bits |= 1n << BigInt(number);
  const out = new ByteWriter(little).raw(magic(little)).u64(headSize).u64(144);
  out.u64(attributesAt).u64(entries.length).u64(dataAt).u64(content.length).u64(0).u64(0);
  out.u64(bits).zeros(24).raw(ids.done()).raw(entries.done()).raw(content).raw(list.done());
  for (const feature of present.values()) out.raw(feature);
  return out.done();
}

/** A perf.data as perf writes it to a pipe. */
export function perfPipe({ littleEndian: little, attributes, features, data }: PerfFileText): Uint8Array {
  const out = new ByteWriter(little).raw(magic(little)).u64(16);
  for (const attribute of attributes) {
    const content = new ByteWriter(little).raw(attributeBytes(little, attribute));
    for (const id of attribute.ids) content.u64(id);
    out.raw(record(little, 64, content.done()));
  }
  for (const [number, feature] of features) {
    if (number === 1) continue;
    out.raw(record(little, 80, new ByteWriter(little).u64(number).raw(feature).align(8).done()));
  }
  const formats = features.get(1);
  if (formats) {
    const size = Math.ceil(formats.length / 8) * 8;
    out.raw(record(little, 66, new ByteWriter(little).u32(size).u32(0).done()));
    out.raw(formats).zeros(size - formats.length);
  }
  return out.raw(joinedBytes(data)).done();
}

/** The content of the COMPRESSED feature, without which perf reads no compressed records. */
export function compressedFeature(little: boolean): Uint8Array {
  return new ByteWriter(little)
    .u32(1)
    .u32(1)
    .u32(1)
    .u32(1)
    .u32(1 << 20)
    .done();
}

/**
 * Records as PERF_RECORD_COMPRESSED: one zstd stream that never ends, cut without regard for the records in it.
 * Blocks are stored as they are (type 0 of the zstd format, RFC 8878), which every decompressor must take.
 */
export function compressedRecords(
  little: boolean,
  data: readonly Uint8Array[],
  pieceSize: number,
): Uint8Array[] {
  const content = joinedBytes(data);
  const records: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += pieceSize) {
    const piece = content.subarray(at, at + pieceSize);
    const payload = new ByteWriter(true);
    // Magic number, no content size and no checksum, a window of 4 kB, which no piece may exceed.
    if (at === 0) payload.u32(0xfd2fb528).u8(0).u8(0x10);
    payload
      .u8((piece.length << 3) & 0xff)
      .u8(piece.length >> 5)
      .u8(piece.length >> 13)
      .raw(piece);
    records.push(record(little, 81, payload.done()));
  }
  return records;
}

export function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new ByteWriter(true);
  for (const part of parts) out.raw(part);
  return out.done();
}

function magic(little: boolean): Uint8Array {
  return new TextEncoder().encode(little ? 'PERFILE2' : '2ELIFREP');
}
