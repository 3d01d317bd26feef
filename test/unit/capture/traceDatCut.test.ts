/** Files of trace.dat that are cut off, or that trace-cmd did not finish: what is there is read, what is lost is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_CPU, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { bufferStatistics } from '../../../src/capture/traceDat/cpuStatistics';
import { assertConsistent, rowTexts } from './support/describeCapture';
import * as events from './support/memoryEvents';
import { ByteWriter } from './support/perfDataWriter';
import { below, seededRandom } from './support/random';
import { memorySource } from './support/sources';
import { recordData, writeTraceDat, type RecordText, type TraceDatText } from './support/traceDatWriter';

const PAGE_SIZE = 256;
/** Bytes of the head of a section, and where in it the size is. */
const SECTION_HEAD = 16;
const SECTION_SIZE = 8;
const BUFFER_SECTION = 3;

const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
const UNAME = [5, text('Linux host 6.1.192-pagelab x86_64')] as const;
const CLOCK = [4, text('local [mono] boot')] as const;
const CPU_COUNT = [8, new ByteWriter(true).u32(3).done()] as const;

/** CPUSTAT: the number of events of each CPU, and before those of an instance its name. */
function statistics(counts: readonly number[], name = ''): [number, Uint8Array][] {
  const stats = counts.map((count, cpu) =>
    text(`CPU: ${cpu}\nentries: ${count}\noverrun: 0\nread events: 0\n`),
  );
  const heads = name === '' ? [] : [text(`\nBuffer: ${name}\n\n`)];
  return [...heads, ...stats].map((data) => [2, data]);
}

/** Events with stacks, some pages of them; from another time on they are of other pages, and so no copies. */
function recordsOf(cpu: number, count = 12, from = 1000, littleEndian = true): RecordText[] {
  const shape = { littleEndian };
  const records: RecordText[] = [];
  for (let i = 0; i < count; i++) {
    const time = BigInt(from + i * 100 + cpu * 7);
    records.push({
      time,
      data: recordData(shape, events.PAGE_REF_MOD, 130 + cpu, { pfn: 0x10000 * cpu + from + i }),
    });
    const tail = new ByteWriter(littleEndian).u64(0xffffffff81001044n).u64(0xffffffff81001090n).done();
    records.push({
      time: time + 1n,
      data: recordData(shape, events.KERNEL_STACK, 130 + cpu, { size: 2 }, { tail }),
    });
  }
  return records;
}

function fileOf(shape: Partial<TraceDatText> & Pick<TraceDatText, 'version'>): Uint8Array {
  const { littleEndian = true } = shape;
  const cpus = (from: number): RecordText[][] => [0, 1].map((cpu) => recordsOf(cpu, 12, from, littleEndian));
  return writeTraceDat({
    pageSize: PAGE_SIZE,
    pagesInChunk: 1,
    events: [events.PAGE_REF_MOD, events.KERNEL_STACK],
    kallsyms: 'ffffffff81001000 T get_page\nffffffff81001080 t put_page\n',
    commandLines: '130 pinner\n131 reader\n',
    options: [UNAME, CLOCK, ...statistics([24, 24]), ...statistics([24, 24], 'pins')],
    buffers: [
      { name: '', clock: 'mono', cpus: cpus(1000) },
      { name: 'pins', clock: 'mono', cpus: cpus(1050) },
    ],
    ...shape,
  });
}

/** CPU 1 of three has no event, and trace-cmd said so, or not. */
const WITH_IDLE_CPU: Omit<TraceDatText, 'version' | 'events'> = {
  options: [UNAME, CLOCK, CPU_COUNT, ...statistics([24, 0, 24])],
  buffers: [{ name: '', clock: 'mono', cpus: [recordsOf(0), [], recordsOf(2)] }],
};

async function read(bytes: Uint8Array, name = 'memory'): Promise<Capture> {
  const capture = await openCapture(memorySource(bytes, name), {
    chunkSize: bytes.length % 3 === 0 ? 700 : 1 << 20,
  });
  assertConsistent(capture, { isInFileOrder: false });
  return capture;
}

function messages(capture: Capture): string {
  return capture.problems.map(({ offset, message }) => `@${offset} ${message}`).join('\n');
}

/** How many events each CPU has; `?` where its number is lost. */
function perCpu(capture: Capture): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const cpu of capture.events.cpu.subarray(0, capture.events.length)) {
    const name = cpu === NO_CPU ? '?' : String(cpu);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Offsets of the sections of version 7 with an id, by the sizes in their heads. */
function sectionsOf(bytes: Uint8Array, id: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: number[] = [];
  let at = firstSection(bytes);
  while (at + SECTION_HEAD <= bytes.length) {
    if (view.getUint16(at, true) === id) found.push(at);
    at += SECTION_HEAD + Number(view.getBigUint64(at + SECTION_SIZE, true));
  }
  return found;
}

/** Where the pages of a buffer of version 7 begin. */
function dataOf(bytes: Uint8Array, buffer: number): number {
  return Math.ceil((sectionsOf(bytes, BUFFER_SECTION)[buffer]! + SECTION_HEAD) / PAGE_SIZE) * PAGE_SIZE;
}

/** Offsets of the compressed chunks of a CPU whose data begins at `start`. */
function chunksOf(bytes: Uint8Array, start: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const offsets: number[] = [];
  let at = start + 4;
  for (let left = view.getUint32(start, true); left > 0; left--) {
    offsets.push(at);
    at += 8 + view.getUint32(at, true);
  }
  return offsets;
}

/** Behind mark, version, byte order, size of a long, page size, compression and the offset of the options. */
function firstSection(bytes: Uint8Array): number {
  const compression = 18;
  const version = bytes.indexOf(0, compression) + 1;
  return bytes.indexOf(0, version) + 1 + 8;
}

/** A copy with 64-bit numbers written over. */
function patched(bytes: Uint8Array, places: readonly number[], value = 0n): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const place of places) new DataView(copy.buffer).setBigUint64(place, value, true);
  return copy;
}

/** Offset behind the tag `flyrecord` of a buffer of version 6: its table of CPUs. */
function tableOf6(bytes: Uint8Array, buffer: number): number {
  let at = 0;
  for (let i = 0; i <= buffer; i++) at = Buffer.from(bytes).indexOf('flyrecord\0', at) + 10;
  return at;
}

const SHAPES = {
  'version 6': { version: 6 },
  'version 7, flat': { version: 7 },
  'version 7, zlib': { version: 7, compression: 'zlib' },
  'version 7, zstd': { version: 7, compression: 'zstd', pagesInChunk: 2 },
  'version 6, big endian': { version: 6, littleEndian: false },
  'version 7, big endian': { version: 7, littleEndian: false, compression: 'zlib' },
} as const;

/** What a row says, apart from its CPU, whose number may be lost. */
function rowsWithoutCpu(capture: Capture): string[] {
  return rowTexts(capture).map((row) => row.replace(/ \[\d+\]/, ''));
}

for (const [name, shape] of Object.entries(SHAPES)) {
  test(`${name}: more bytes never give fewer events`, async () => {
    const bytes = fileOf(shape);
    const whole = await read(bytes);
    assert.equal(whole.problemCount, 0);
    assert.equal(whole.events.length + whole.stackRecords, 96);
    const rows = new Set(rowsWithoutCpu(whole).map((row) => row.replace(/ < .*/, '')));
    let before = 0;
    let counts = 0;
    for (let length = 0; length <= bytes.length; length += length + 64 > bytes.length ? 1 : 64) {
      const capture = await read(bytes.subarray(0, length));
      const count = capture.events.length + capture.stackRecords;
      const what = `${length} of ${bytes.length} bytes`;
      assert.ok(count >= before, `${what}: ${count} records, fewer than ${before}`);
      if (count < 96) assert.ok(capture.problemCount > 0, what);
      for (const { offset } of capture.problems) assert.ok(offset <= length, what);
      if (capture.timeBase === whole.timeBase) {
        for (const row of rowsWithoutCpu(capture))
          assert.ok(rows.has(row.replace(/ < .*/, '')), `${what}: ${row}`);
      }
      if (count > before) counts++;
      before = count;
    }
    assert.equal(before, 96);
    // Page by page or chunk by chunk, not all at once when the last byte is there.
    assert.ok(counts > 8, `${counts} steps`);
  });
}

test('version 7: trace data whose option is lost is read, and is of the CPUs that the statistics say', async () => {
  for (const compression of ['zlib', 'none'] as const) {
    const bytes = fileOf({ version: 7, compression });
    const [top, pins] = sectionsOf(bytes, BUFFER_SECTION);
    // The option stands behind the data: without it, the data is whole.
    const [, afterTop, afterPins] = sectionsOf(bytes, 0);
    const topOnly = await read(bytes.subarray(0, afterTop));
    assert.deepEqual(perCpu(topOnly), { 0: 12, 1: 12 });
    assert.match(
      messages(topOnly),
      new RegExp(
        `@${top} the option with the place of the events of the top level is lost; \\d+ bytes of CPU 0, 1 were found`,
      ),
    );
    assert.match(
      messages(topOnly),
      new RegExp(`cut off at byte ${afterTop}: its list of sections goes on at byte ${afterTop}`),
    );
    assert.match(messages(topOnly), /trace-cmd restore/);
    assert.equal(topOnly.problemCount, 2);

    const both = await read(bytes.subarray(0, afterPins));
    assert.deepEqual(perCpu(both), { 0: 24, 1: 24 });
    assert.deepEqual(rowTexts(both), rowTexts(await read(bytes)));
    assert.match(
      messages(both),
      new RegExp(`@${pins} the option with the place of the events of buffer "pins" is lost`),
    );
    assert.equal(new Map(both.facts).get('instances'), 'pins');
    assert.equal(new Map(both.facts).get('clock'), 'mono');

    const cut = await read(bytes.subarray(0, afterPins! - PAGE_SIZE));
    assert.match(
      messages(cut),
      new RegExp(`found without it, ${PAGE_SIZE} more are missing past the end of the file`),
    );
    assert.ok(cut.events.length > 24 && cut.events.length < 48);
  }
});

test('version 7: a CPU without data leaves nothing in the file, so its number is told only where it is sure', async () => {
  const said = WITH_IDLE_CPU.options!;
  const unsaid = [UNAME, CLOCK, CPU_COUNT];
  /** Without the option of the buffer, and perhaps with the first bytes of its section alone. */
  const withoutOption = (
    compression: 'zlib' | 'none',
    options: typeof said,
    length: number | null = null,
  ): Promise<Capture> => {
    const bytes = fileOf({ version: 7, compression, ...WITH_IDLE_CPU, options });
    const [data] = sectionsOf(bytes, BUFFER_SECTION);
    return read(bytes.subarray(0, length === null ? sectionsOf(bytes, 0)[1] : data! + length));
  };
  assert.deepEqual(perCpu(await withoutOption('zlib', said)), { 0: 12, 2: 12 });
  assert.deepEqual(perCpu(await withoutOption('none', said)), { 0: 12, 2: 12 });
  assert.deepEqual(perCpu(await withoutOption('zlib', unsaid)), { '?': 24 });
  assert.deepEqual(perCpu(await withoutOption('none', unsaid)), { '?': 24 });
  // In compressed data it is sure where a CPU ends; among flat pages those of CPU 2 could stand behind those of CPU 0.
  assert.deepEqual(Object.keys(perCpu(await withoutOption('zlib', said, 600))), ['0']);
  const flat = await withoutOption('none', said, 900);
  assert.deepEqual(Object.keys(perCpu(flat)), ['?']);
  assert.match(messages(flat), /of a CPU whose number is lost too/);
  assert.match(messages(flat), /a CPU whose number is lost: \d+ bytes of a page/);
  assert.deepEqual(
    flat.gaps.map(({ cpu, to, cause }) => [cpu, to, cause]),
    [[null, null, 'lost']],
  );
});

test('buffers of CPUs whose numbers are lost cannot be held against each other', async () => {
  const copies = {
    options: [UNAME, CLOCK, CPU_COUNT],
    buffers: [
      { name: '', clock: 'mono', cpus: [recordsOf(0), [], recordsOf(2)] },
      { name: 'pins', clock: 'mono', cpus: [recordsOf(0), [], recordsOf(2)] },
    ],
  };
  const bytes = fileOf({ version: 7, ...copies });
  const whole = await read(bytes);
  assert.deepEqual([perCpu(whole), whole.copiesLeftOut], [{ 0: 12, 2: 12 }, 24]);
  assert.equal(whole.uncomparedBuffers, undefined);
  const withoutOption = await read(bytes.subarray(0, sectionsOf(bytes, 0)[2]));
  assert.deepEqual(perCpu(withoutOption), { 0: 12, 2: 12, '?': 24 });
  assert.deepEqual(withoutOption.uncomparedBuffers, ['(instance 1)']);
});

test('version 7: a file whose options were never written, or are zeros, is read by its sections', async () => {
  for (const compression of ['zstd', 'none'] as const) {
    const bytes = fileOf({ version: 7, compression });
    const whole = rowTexts(await read(bytes));
    const noList = await read(patched(bytes, [firstSection(bytes) - 8]));
    assert.deepEqual(rowTexts(noList), whole);
    assert.match(messages(noList), /no list of its sections, as trace-cmd was ended before it wrote one/);

    // A copy that was broken off after room was made for all of it.
    const [, afterTop] = sectionsOf(bytes, 0);
    const zeros = await read(Uint8Array.from(bytes).fill(0, afterTop));
    assert.deepEqual(perCpu(zeros), { 0: 12, 1: 12 });
    assert.match(messages(zeros), new RegExp(`expected a section at byte ${afterTop}`));
    const [pins] = sectionsOf(bytes, BUFFER_SECTION).slice(1);
    const zeroPages = await read(Uint8Array.from(bytes).fill(0, pins! + SECTION_HEAD));
    assert.deepEqual(perCpu(zeroPages), { 0: 12, 1: 12 });
    assert.match(messages(zeroPages), /of buffer "pins" is lost, and none of their pages is left/);
  }
});

test('version 7: what trace-cmd was writing when it was ended is read', async () => {
  const bytes = fileOf({ version: 7, compression: 'zlib' });
  const [pins] = sectionsOf(bytes, BUFFER_SECTION).slice(1);
  const [, afterTop] = sectionsOf(bytes, 0);
  // Neither the size of the section nor the number of chunks nor the place of the next options is there yet.
  const chunkCount = dataOf(bytes, 1);
  const nextOptions = pins! - 8;
  assert.ok(nextOptions > afterTop!);
  const open = patched(bytes, [pins! + SECTION_SIZE, nextOptions]);
  new DataView(open.buffer).setUint32(chunkCount, 0, true);
  const first = await read(open.subarray(0, chunkCount + 300));
  assert.ok(first.events.length > 24 && first.events.length < 36, `${first.events.length} events`);
  assert.deepEqual(Object.keys(perCpu(first)), ['0', '1']);
  assert.match(
    messages(first),
    /of buffer "pins" is lost; \d+ bytes of CPU 0 were found without it, and nobody wrote/,
  );
  assert.equal(first.gaps.length, 1);
});

test('version 7: a damaged section is named, with what follows from it', async () => {
  const bytes = fileOf({ version: 7, compression: 'zstd' });
  const cases: readonly (readonly [number, RegExp])[] = [
    [16, /section "header_page and header_event" could not be read whole, so no event can be read: /],
    [17, /section "formats of ftrace events" could not be read whole, so stacks, markers and texts/],
    [18, /section "event formats" could not be read whole, so events whose format it has are left out: /],
    [19, /section "kallsyms" could not be read whole, so addresses that it names stay numbers: /],
    [
      20,
      /section "printk formats" could not be read whole, so texts that it names by address stay numbers: /,
    ],
    [
      21,
      /section "task names \(saved_cmdlines\)" could not be read whole, so tasks that it names stay pids: /,
    ],
  ];
  for (const [id, expected] of cases) {
    const [offset = 0] = sectionsOf(bytes, id);
    const damaged = Uint8Array.from(bytes);
    damaged[offset + SECTION_HEAD + 8]! ^= 0xff;
    const capture = await read(damaged);
    const said = messages(capture);
    assert.match(said, new RegExp(`^@${offset} the section`, 'm'));
    assert.match(said, expected);
    assert.doesNotMatch(said, /does not say how its pages are laid out/);
    const lacksNames = `the kallsyms of the file, at byte ${offset}, could not be read: give that of`;
    assert.equal(capture.missingNames?.startsWith(lacksNames) ?? false, id === 19, `section ${id}`);
  }
});

test('a kallsyms without a line that can be read is not said to be absent', async () => {
  for (const version of [6, 7] as const) {
    const capture = await read(fileOf({ version, kallsyms: '\u0001'.repeat(64) }));
    assert.match(capture.missingNames ?? '', /^the kallsyms of the file has no line that names an address/);
  }
});

test('version 7: a damaged chunk is a gap', async () => {
  const bytes = fileOf({
    version: 7,
    compression: 'zlib',
    buffers: [{ name: '', clock: 'mono', cpus: [recordsOf(0)] }],
  });
  const chunkOffsets = chunksOf(bytes, dataOf(bytes, 0));
  const whole = await read(bytes);
  assert.deepEqual(whole.gaps, []);
  for (const [index, offset] of chunkOffsets.entries()) {
    for (const damage of ['bytes', 'size'] as const) {
      const damaged = Uint8Array.from(bytes);
      if (damage === 'bytes') damaged[offset + 8]! ^= 0xff;
      else new DataView(damaged.buffer).setUint32(offset + 4, 0xffffffff, true);
      const capture = await read(damaged);
      assert.ok(capture.events.length < whole.events.length);
      assert.deepEqual(
        capture.gaps.map(({ cpu, from, to }) => [cpu, from === null, to === null]),
        [[0, index === 0, index === chunkOffsets.length - 1]],
        `${damage} of chunk ${index}`,
      );
    }
  }
});

test('version 7: a CPU of which no chunk is whole is a gap from end to end', async () => {
  const bytes = fileOf({
    version: 7,
    compression: 'zlib',
    buffers: [{ name: '', clock: 'mono', cpus: [recordsOf(0), recordsOf(1)] }],
  });
  const damaged = Uint8Array.from(bytes);
  const chunkOffsets = chunksOf(bytes, dataOf(bytes, 0));
  for (const offset of chunkOffsets) damaged[offset + 8]! ^= 0xff;
  const capture = await read(damaged);
  assert.deepEqual(perCpu(capture), { 1: perCpu(await read(bytes))[1] });
  assert.equal(capture.problemCount, chunkOffsets.length);
  assert.deepEqual(
    capture.gaps.map(({ cpu, from, to, cause }) => [cpu, from, to, cause]),
    [[0, null, null, 'lost']],
  );
});

test('version 7: zeros in place of chunks are a gap, and one problem', async () => {
  const bytes = fileOf({ version: 7, compression: 'zlib' });
  const [, pins] = sectionsOf(bytes, BUFFER_SECTION);
  const end = dataOf(bytes, 1);
  const [first, second, third] = chunksOf(bytes, end);
  assert.ok(first! < second!);
  // Room was made for more than what was written: trace-cmd had written neither the sizes nor the number of chunks.
  const open = new Uint8Array(1 << 18);
  open.set(patched(bytes, [pins! + SECTION_SIZE]).subarray(0, third));
  new DataView(open.buffer).setUint32(end, 0, true);
  const capture = await read(open);
  assert.ok(capture.events.length > 24);
  const zeros = capture.problems.filter(({ message }) => message.includes('chunk'));
  assert.deepEqual(
    zeros.map(({ offset, message }) => [offset, message.slice(0, 18)]),
    [[third, 'a chunk of 0 bytes']],
  );
  assert.equal(capture.gaps.length, 1);
  // In the midst of a CPU whose chunks are counted the rest of them is lost.
  const counted = await read(Uint8Array.from(bytes).fill(0, second, third));
  assert.match(messages(counted), new RegExp(`@${second} a chunk of 0 bytes`));
  assert.deepEqual(
    counted.gaps.map(({ cpu }) => cpu),
    [0],
  );
});

test('version 6: what trace-cmd was writing when it was ended is read', async () => {
  const bytes = fileOf({ version: 6 });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const table = tableOf6(bytes, 0);
  const cpu1 = Number(view.getBigUint64(table + 16, true));
  const instance = Buffer.from(bytes).indexOf('pins\0') - 8;
  // The table has zeros for CPU 1, and the option of the instance no place.
  const open = patched(bytes, [table + 16, table + 24, instance]);
  const capture = await read(open.subarray(0, cpu1 + 3 * PAGE_SIZE));
  const { 0: ofFirst, 1: ofSecond } = perCpu(capture);
  assert.equal(ofFirst, 12);
  assert.ok(ofSecond! > 0 && ofSecond! < 12);
  assert.match(
    messages(capture),
    new RegExp(`@${cpu1} trace-cmd was ended while it wrote the events of CPU 1: the ${3 * PAGE_SIZE} bytes`),
  );
  assert.match(messages(capture), /the events of buffer "pins" were not written yet/);
  assert.deepEqual(
    capture.gaps.map(({ cpu, to }) => [cpu, to]),
    [[1, null]],
  );
  // In a whole file zeros in the table stand for a CPU that has nothing.
  const whole = await read(patched(bytes, [table + 16, table + 24]));
  assert.deepEqual(perCpu(whole), { 0: 24, 1: 12 });
});

test('version 6: an instance behind the end of the file is named', async () => {
  const bytes = fileOf({ version: 6 });
  const place = tableOf6(bytes, 1) - 10;
  const capture = await read(bytes.subarray(0, place - 20));
  assert.match(messages(capture), new RegExp(`the events of buffer "pins" should be at byte ${place}`));
});

test('the text of a latency tracer is read as far as it goes', async () => {
  const line = (pfn: number): string =>
    `  pinner-130   [001] d..2.    17.46283${pfn}: cma_release: name=reserved pfn=0x${pfn} count=1\n`;
  const latencyText = `# tracer: wakeup\n${line(1)}${line(2)}`;
  for (const shape of [{ version: 6 }, { version: 7 }, { version: 7, compression: 'zlib' }] as const) {
    const bytes = fileOf({ ...shape, latencyText, buffers: [{ name: '', cpus: [[]] }] });
    const end = shape.version === 6 ? bytes.length : sectionsOf(bytes, 0)[1]!;
    const capture = await read(bytes.subarray(0, end));
    assert.equal(capture.events.length, 2);
    assert.equal(messages(capture).includes("latency tracer's text is lost"), shape.version === 7);
    if (!('compression' in shape)) {
      const cut = await read(bytes.subarray(0, end - line(2).length - 5));
      assert.equal(cut.events.length, 1);
      assert.ok(cut.problemCount > 0);
    }
  }
});

test('a file that ends before the data of the CPUs has no events, and says what to do', async () => {
  for (const version of [6, 7] as const) {
    const bytes = fileOf({ version });
    for (const part of [0.01, 0.1, 0.5, 0.9]) {
      const end = version === 6 ? tableOf6(bytes, 0) : sectionsOf(bytes, BUFFER_SECTION)[0]!;
      const length = Math.floor(end * part);
      const capture = await read(bytes.subarray(0, length));
      assert.equal(capture.events.length, 0);
      assert.match(
        messages(capture),
        new RegExp(
          `^@0 the file has ${length} bytes and ends before the data of the CPUs, so it has no events\\. Copy the file whole`,
        ),
        'the first is what is told of a file that cannot be opened',
      );
      assert.match(messages(capture), /the \.cpuN files beside it with "trace-cmd restore"/);
    }
  }
});

test('events behind the end of a file are a gap', async () => {
  for (const shape of [{ version: 6 }, { version: 7 }, { version: 7, compression: 'zlib' }] as const) {
    const buffers = [{ name: '', clock: 'mono', cpus: [recordsOf(0)] }];
    const bytes = fileOf({ ...shape, buffers, options: [CLOCK, ...statistics([24])] });
    assert.deepEqual((await read(bytes)).gaps, []);
    const lastPage = shape.version === 6 ? bytes.length : sectionsOf(bytes, 0)[1]!;
    for (const cut of [PAGE_SIZE, PAGE_SIZE + 13]) {
      const capture = await read(bytes.subarray(0, lastPage - cut));
      assert.ok(capture.events.length > 0);
      const last = capture.events.time[capture.events.length - 1]!;
      assert.equal(capture.gaps.length, 1);
      assert.equal(capture.gaps[0]!.cpu, 0);
      assert.ok(capture.gaps[0]!.from! >= last);
      assert.equal(capture.gaps[0]!.to, null);
    }
  }
});

test('zeros in place of pages are said, and are a gap', async () => {
  for (const version of [6, 7] as const) {
    const bytes = fileOf({ version });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const whole = await read(bytes);
    const top = version === 6 ? Number(view.getBigUint64(tableOf6(bytes, 0), true)) : dataOf(bytes, 0);
    const hole = await read(Uint8Array.from(bytes).fill(0, top + PAGE_SIZE, top + 3 * PAGE_SIZE));
    assert.match(messages(hole), new RegExp(`^@${top + PAGE_SIZE} CPU 0: zeros in place of pages`));
    assert.equal(hole.problemCount, 1);
    assert.equal(hole.timeBase, whole.timeBase);
    assert.ok(hole.events.length < whole.events.length);
    assert.deepEqual(
      hole.gaps.map(({ cpu, from, to }) => [cpu, from !== null, to !== null]),
      [[0, true, true]],
    );
    const noBeginning = await read(Uint8Array.from(bytes).fill(0, top, top + PAGE_SIZE));
    assert.equal(noBeginning.timeBase, BigInt(1007));
  }
});

test('the statistics of CPUs and instances', () => {
  const texts = [...statistics([0, 5]), ...statistics([2, 0], 'pins')].map(([, data]) =>
    new TextDecoder().decode(data).replace('\0', ''),
  );
  assert.deepEqual(bufferStatistics([...texts, 'CPU: 3\nentries: 0\nread events: 7\n', 'no statistics']), [
    { name: '', activeCpus: [1] },
    { name: 'pins', activeCpus: [0, 3] },
  ]);
});

test('what a killed trace-cmd record leaves behind is told by its content', async () => {
  const bytes = fileOf({ version: 6 });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const place = Number(view.getBigUint64(tableOf6(bytes, 0), true));
  const pages = bytes.slice(place, place + 4 * PAGE_SIZE);
  for (const name of ['memory', 'trace.dat.cpu0']) {
    const capture = await read(pages, name);
    assert.equal(capture.events.length, 0);
    assert.match(messages(capture), /ring buffer pages of one CPU.*"trace-cmd restore -o restored.dat/);
  }
  // One event says it only under the name that trace-cmd gives.
  const single = fileOf({ version: 6, buffers: [{ name: '', cpus: [recordsOf(0, 1).slice(0, 1)] }] });
  const singlePage = single.slice(-PAGE_SIZE);
  assert.match(messages(await read(singlePage, 'out/trace.dat.pins.cpu12')), /ring buffer pages of one CPU/);
  assert.doesNotMatch(messages(await read(singlePage)), /ring buffer pages/);
  const random = seededRandom(3);
  for (let round = 0; round < 200; round++) {
    const other = Uint8Array.from({ length: 5000 }, () => (random() < 0.5 ? 0 : below(random, 256)));
    assert.doesNotMatch(messages(await read(other)), /ring buffer pages/);
  }
});
