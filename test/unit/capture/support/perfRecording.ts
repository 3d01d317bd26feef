/** A small recording with a little of everything, as bytes of a perf.data of any kind. */
import {
  ByteWriter,
  KERNEL_CONTEXT,
  SampleType,
  USER_CONTEXT,
  compressedFeature,
  compressedRecords,
  perfFile,
  perfPipe,
  record,
  sample,
  sideRecord,
  stringFeature,
  tracingData,
  type AttributeText,
  type SampleText,
} from './perfDataWriter';

const COMMON =
  'format:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n' +
  '\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n' +
  '\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n' +
  '\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n';

/** __def_pageflag_names of include/trace/events/mmflags.h in 6.1. */
const FLAGS = (
  'locked waiters error referenced uptodate dirty lru active workingset slab owner_priv_1 arch_1 reserved private ' +
  'private_2 writeback head mappedtodisk reclaim swapbacked unevictable mlocked uncached hwpoison'
)
  .split(' ')
  .map((name) => `{1UL << PG_${name}, "${name}" }`)
  .join(', ');

/** As include/trace/events/page_ref.h of 6.1 prints them. */
const FORMATS = {
  page_ref: [
    `name: page_ref_mod_and_test\nID: 617\n${COMMON}` +
      '\tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;\n' +
      '\tfield:unsigned long flags;\toffset:16;\tsize:8;\tsigned:0;\n' +
      '\tfield:int count;\toffset:24;\tsize:4;\tsigned:1;\n' +
      '\tfield:int mapcount;\toffset:28;\tsize:4;\tsigned:1;\n' +
      '\tfield:void * mapping;\toffset:32;\tsize:8;\tsigned:0;\n' +
      '\tfield:int mt;\toffset:40;\tsize:4;\tsigned:1;\n' +
      '\tfield:int val;\toffset:44;\tsize:4;\tsigned:1;\n' +
      '\tfield:int ret;\toffset:48;\tsize:4;\tsigned:1;\n\n' +
      'print fmt: "pfn=0x%lx flags=%s count=%d mapcount=%d mapping=%p mt=%d val=%d ret=%d", REC->pfn, ' +
      `(REC->flags & ((1UL << 24) - 1)) ? __print_flags(REC->flags & ((1UL << 24) - 1), "|", ${FLAGS}) : "none", ` +
      'REC->count, REC->mapcount, REC->mapping, REC->mt, REC->val, REC->ret\n',
  ],
  migrate: [
    `name: mm_migrate_pages_start\nID: 582\n${COMMON}` +
      '\tfield:enum migrate_mode mode;\toffset:8;\tsize:4;\tsigned:0;\n' +
      '\tfield:int reason;\toffset:12;\tsize:4;\tsigned:1;\n\n' +
      'print fmt: "mode=%s reason=%s", __print_symbolic(REC->mode, {0, "MIGRATE_ASYNC"}, {2, "MIGRATE_SYNC"}), ' +
      '__print_symbolic(REC->reason, {0, "compaction"}, {6, "contig_range"})\n',
  ],
  cma: [
    `name: cma_alloc_start\nID: 609\n${COMMON}` +
      '\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:1;\n' +
      '\tfield:unsigned long count;\toffset:16;\tsize:8;\tsigned:0;\n' +
      '\tfield:unsigned int align;\toffset:24;\tsize:4;\tsigned:0;\n\n' +
      'print fmt: "name=%s count=%lu align=%u", __get_str(name), REC->count, REC->align\n',
  ],
};

const USUAL =
  SampleType.identifier |
  SampleType.ip |
  SampleType.tid |
  SampleType.time |
  SampleType.cpu |
  SampleType.period |
  SampleType.callchain |
  SampleType.raw;

export const PAGE_REF: AttributeText = {
  config: 617,
  sampleType: USUAL,
  ids: [10, 11],
  name: 'page_ref:page_ref_mod_and_test',
};
const MIGRATE: AttributeText = {
  config: 582,
  sampleType: USUAL,
  ids: [12, 13],
  name: 'migrate:mm_migrate_pages_start',
};
const CMA: AttributeText = {
  config: 609,
  sampleType: USUAL,
  ids: [14, 15],
  name: 'cma:cma_alloc_start',
};
export const CLOCK: AttributeText = {
  type: 1,
  config: 0,
  sampleType: USUAL & ~SampleType.raw,
  ids: [16],
  name: 'cpu-clock',
};
const ATTRIBUTES: readonly AttributeText[] = [PAGE_REF, MIGRATE, CMA, CLOCK];

export function pageRef(little: boolean, pfn: bigint, count: number, val: number, mapping = 0n): Uint8Array {
  return new ByteWriter(little)
    .u16(617)
    .u16(0)
    .u32(1)
    .u64(pfn)
    .u64(0x14)
    .u32(count)
    .u32(0)
    .u64(mapping)
    .u32(4)
    .u32(val)
    .u32(count === 0 ? 1 : 0)
    .done();
}

/** Records of any content, in the order of the file. */
export class Records {
  readonly all: Uint8Array[] = [];

  constructor(readonly little: boolean) {}

  pageRef(values: SampleText, pfn = 0x10n, count = 2, val = -1, attribute = PAGE_REF): this {
    const raw = pageRef(this.little, pfn, count, val, 0xffff888003a4c501n);
    this.all.push(sample(this.little, attribute, { raw, ...values }));
    return this;
  }

  add(attribute: AttributeText, values: SampleText): this {
    this.all.push(sample(this.little, attribute, values));
    return this;
  }

  comm(tid: number, name: string, time = 0, attribute = PAGE_REF): this {
    const content = new ByteWriter(this.little).u32(tid).u32(tid).text(`${name}\0`).align(8).done();
    return this.side(3, content, { tid, time }, attribute);
  }

  fork(tid: number, parent: number, time = 0): this {
    const content = new ByteWriter(this.little).u32(tid).u32(parent).u32(tid).u32(parent).u64(time).done();
    return this.side(7, content, { tid: parent, time });
  }

  lost(count: number, time: number, cpu: number): this {
    return this.side(2, new ByteWriter(this.little).u64(10).u64(count).done(), { time, cpu });
  }

  lostSamples(count: number, time = 0, misc = 0): this {
    return this.side(13, new ByteWriter(this.little).u64(count).done(), { time }, PAGE_REF, misc);
  }

  map(name: string, start: bigint, length: bigint, pageOffset = 0n): this {
    const content = new ByteWriter(this.little).u32(0xffffffff).u32(0).u64(start).u64(length).u64(pageOffset);
    return this.side(1, content.text(`${name}\0`).align(8).done(), {}, PAGE_REF, 1);
  }

  symbol(name: string, start: bigint, length: number, type: number): this {
    const content = new ByteWriter(this.little).u64(start).u32(length).u16(type).u16(0);
    return this.side(17, content.text(`${name}\0`).align(8).done());
  }

  side(type: number, content: Uint8Array, values: SampleText = {}, attribute = PAGE_REF, misc = 0): this {
    this.all.push(sideRecord(this.little, attribute, type, content, values, misc));
    return this;
  }

  round(): this {
    this.all.push(record(this.little, 68, new Uint8Array(0)));
    return this;
  }
}

export function features(little: boolean): Map<number, Uint8Array> {
  return new Map([
    [1, tracingData(little, FORMATS)],
    [3, stringFeature(little, 'box')],
    [4, stringFeature(little, '6.1.0-test')],
    [6, stringFeature(little, little ? 'x86_64' : 's390x')],
    [12, descriptions(little)],
  ]);
}

/** The EVENT_DESC feature: names of the events by their ids. */
function descriptions(little: boolean): Uint8Array {
  const out = new ByteWriter(little).u32(ATTRIBUTES.length).u32(128);
  for (const { name, ids } of ATTRIBUTES) {
    out
      .zeros(128)
      .u32(ids.length)
      .raw(stringFeature(little, name ?? ''));
    for (const id of ids) out.u64(id);
  }
  return out.done();
}

interface RecordingKind {
  readonly little: boolean;
  readonly pipe: boolean;
  /** Bytes in each compressed record; 0 for none. */
  readonly piece: number;
}

/** The bytes of a perf.data with these records. */
export function recording(
  { little, pipe, piece }: RecordingKind,
  records: Records,
  attributes: readonly AttributeText[] = ATTRIBUTES,
  own: ReadonlyMap<number, Uint8Array> = features(little),
): Uint8Array {
  const all = new Map(own);
  if (piece > 0) all.set(27, compressedFeature(little));
  const data = piece > 0 ? compressedRecords(little, records.all, piece) : records.all;
  const write = pipe ? perfPipe : perfFile;
  return write({ littleEndian: little, attributes, features: all, data });
}

const INNER = [KERNEL_CONTEXT, 0xffffffff81000010n, 0xffffffff81000200n];

/** Two CPUs, tasks that are born and renamed, modules, losses, and rounds that overlap. */
export function mixedRecords(little: boolean): Records {
  const cma = new ByteWriter(little)
    .u16(609)
    .u16(0)
    .u32(1)
    .u32((9 << 16) | 28)
    .u32(0)
    .u64(64)
    .u32(3)
    .text('reserved\0')
    .done();
  const migrate = new ByteWriter(little).u16(582).u16(0).u32(1).u32(2).u32(6).done();
  const records = new Records(little)
    .map('[kernel.kallsyms]_text', 0xffffffff81000000n, 0x1000000n, 0xffffffff81000000n)
    .map('/lib/modules/6.1.0-test/kernel/drivers/md/dm-mod.ko', 0xffffffffc0500000n, 0x10000n)
    .symbol('bpf_prog_1234', 0xffffffffc0600000n, 0x40, 1)
    .comm(7, 'shell')
    .pageRef({ tid: 7, time: 5_000_000_100, cpu: 0, chain: INNER })
    .comm(8, 'worker', 5_000_000_350)
    .pageRef({ tid: 8, time: 5_000_000_400, cpu: 0, chain: [...INNER, USER_CONTEXT, 0x401234n] })
    .fork(8, 7, 5_000_000_300)
    .pageRef({
      tid: 8,
      time: 5_000_000_320,
      cpu: 1,
      chain: [KERNEL_CONTEXT, 0xffffffffc0500020n, 0xffffffffc0600004n],
      id: 11,
    })
    .add(CMA, { tid: 7, time: 5_000_000_330, cpu: 1, raw: cma, chain: INNER })
    .round()
    .lost(12, 5_000_000_600, 1)
    .add(MIGRATE, { tid: 7, time: 5_000_000_610, cpu: 1, raw: migrate, chain: INNER })
    .add(CLOCK, { tid: 0, time: 5_000_000_620, cpu: 1, chain: [USER_CONTEXT, 0x401234n] })
    .pageRef({ tid: 8, time: 5_000_000_500, cpu: 0, chain: INNER }, 0x10n, 0, -1)
    .round()
    .pageRef({ tid: 99, time: 5_000_000_620, cpu: 0 })
    .lostSamples(12);
  return records;
}
