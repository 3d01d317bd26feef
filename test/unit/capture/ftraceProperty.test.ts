/** Random well-formed text comes back as what it was made from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCapture } from '../../../src/capture/openCapture';
import { assertConsistent, eventText, stackText } from './support/describeCapture';
import { below, pick, seededRandom } from './support/random';
import { memorySource } from './support/sources';

type Random = () => number;

interface Writer {
  /** Text before the event. */
  head(comm: string, pid: number, cpu: number, irq: string, microseconds: number): string;
  name(name: string): string;
  stack(head: string, frames: readonly Frame[]): string;
  flags(names: readonly string[]): string;
  null: string;
}

interface Frame {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly module: string | null;
  readonly address: bigint;
}

const FLAG_BITS: readonly (readonly [string, number])[] = [
  ['locked', 0],
  ['referenced', 1],
  ['uptodate', 2],
  ['dirty', 3],
  ['lru', 4],
  ['private', 13],
  ['swapbacked', 19],
];

const seconds = (microseconds: number): string =>
  `${Math.floor(microseconds / 1e6)}.${String(microseconds % 1e6).padStart(6, '0')}`;

const traceFile: Writer = {
  head: (comm, pid, cpu, irq, time) =>
    `${comm.padStart(16)}-${String(pid).padEnd(7)} [${String(cpu).padStart(3, '0')}] d.${irq}2. ${seconds(time).padStart(12)}: `,
  name: (name) => `${name}: `,
  stack: (head, frames) =>
    `${head}<stack trace>\n${frames
      .map(({ name, offset, size, module }) => {
        const suffix = module === null ? '' : ` [${module}]`;
        return ` => ${name}+0x${offset.toString(16)}/0x${size.toString(16)}${suffix}\n`;
      })
      .join('')}`,
  flags: (names) => names.join('|') || 'none',
  null: '0000000000000000',
};

const report: Writer = {
  head: (comm, pid, cpu, _irq, time) =>
    `${comm.padStart(16)}-${String(pid).padEnd(5)} [${String(cpu).padStart(3, '0')}] ${seconds(time).padStart(12)}: `,
  name: (name) => `${`${name}:`.padEnd(21)} `,
  stack: (head, frames) =>
    `${head}${'kernel_stack:'.padEnd(22)}<stack trace >\n${frames
      .map(({ name, address }) => `=> ${name} (${address.toString(16)})\n`)
      .join('')}`,
  flags: (names) => {
    const bits = names.reduce((sum, name) => sum | (1 << FLAG_BITS.find(([flag]) => flag === name)![1]), 0);
    if ((bits & 1) === 0) return names.length === 0 ? 'none' : `0x${bits.toString(16)}`;
    return bits === 1 ? 'locked' : `locked|0x${(bits & ~1).toString(16)}`;
  },
  null: '(nil)',
};

function randomFrame(random: Random): Frame {
  const size = 1 + below(random, 5000);
  return {
    name: `${pick(random, ['do_', '__', 'ext4_', 'folio_'])}${pick(random, ['add', 'get.part.0', 'put', 'write'])}${below(random, 9)}`,
    offset: below(random, size),
    size,
    module: random() < 0.3 ? pick(random, ['ext4', 'jbd2', 'nf_tables']) : null,
    address: 0xffffffff80000000n + BigInt(below(random, 0x40000000)),
  };
}

/** What a frame comes back as: each writer leaves something out. */
function expectedFrame(writer: Writer, { name, offset, size, module, address }: Frame): string {
  if (writer === report) return `${name} <${address.toString(16)}>`;
  return `${name}+0x${offset.toString(16)}/0x${size.toString(16)}${module === null ? '' : ` [${module}]`}`;
}

interface Written {
  readonly text: string;
  readonly events: string[];
  readonly stacks: string[];
}

/** A text of `count` events of several tasks on several CPUs, each with a stack, with interrupts in between. */
function write(random: Random, writer: Writer, count: number): Written {
  const events: string[] = [];
  const stacks: string[] = [];
  const pools = Array.from({ length: 6 }, () =>
    Array.from({ length: 1 + below(random, 12) }, () => randomFrame(random)),
  );
  let text = '';
  let time = below(random, 1e9);
  const base = time;
  const first = (): string => {
    const comm = pick(random, ['sh', 'a b', 'kworker/0:1', '<idle>', 'x-1 [0] 1.0:', 'cma-alloc', '<...>']);
    return comm;
  };
  const record = (cpu: number, comm: string, pid: number, irq: string, depth: number): void => {
    const head = writer.head(comm, pid, cpu, irq, time);
    const pfn = below(random, 2 ** 31);
    const value = pick(random, [1, -1, 1024, -1024]);
    const n = below(random, 2000);
    const isNull = random() < 0.5;
    // No kernel has an anonymous page in a page table that is not up to date: numbers would be of another version.
    const isMapped = !isNull && n > 1;
    const names = FLAG_BITS.map(([name]) => name).filter(
      (name) => random() < 0.3 || (isMapped && name === 'uptodate'),
    );
    text += `${head}${writer.name('page_ref_mod')}pfn=0x${pfn.toString(16)} flags=${writer.flags(names)} count=${n} mapcount=${n - 1} mapping=${isNull ? writer.null : 'ffff888012345679'} mt=${n % 6} val=${value}\n`;
    events.push(
      `${(time - base) * 1000} [${cpu}] ${comm}-${pid} page_ref_mod PageRefMod pfn=0x${pfn.toString(16)} flags=${names.join('|') || 'none'} mapping=${isNull ? 'Null' : 'Anonymous'} count=${n} mapcount=${n - 1} val=${value} mt=${n % 6}`,
    );
    const row = stacks.push('') - 1;
    time += below(random, 50);
    // An interrupt on the same CPU runs as the same task, and is over before the stack is written.
    while (depth < 2 && random() < 0.2) record(cpu, comm, pid, depth === 0 ? 's' : 'h', depth + 1);
    const frames = pick(random, pools);
    text += writer.stack(writer.head(comm, pid, cpu, irq, time), frames);
    stacks[row] = frames.map((frame) => expectedFrame(writer, frame)).join(' < ');
    time += below(random, 3);
  };
  while (events.length < count) record(below(random, 4), first(), below(random, 40000), '.', 0);
  return { text, events, stacks };
}

for (const [name, writer] of [
  ['trace file', traceFile],
  ['trace-cmd report', report],
] as const) {
  test(`random ${name}`, async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const { text, events, stacks } = write(random, writer, 1 + below(random, 80));
      const capture = await openCapture(memorySource(text), { chunkSize: 1 + below(random, 3000) });
      assert.deepEqual(capture.problems, [], `seed ${seed}`);
      assertConsistent(capture);
      assert.equal(capture.orphanStacks, 0);
      for (const [row, expected] of events.entries()) {
        assert.equal(eventText(capture, row), expected, `seed ${seed} row ${row}`);
        assert.equal(stackText(capture, capture.events.stack[row]!), stacks[row], `seed ${seed} row ${row}`);
      }
      assert.equal(capture.events.length, events.length);
    }
  });
}
