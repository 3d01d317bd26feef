/** The parts of the trace.dat reader that have rules of their own: formats, symbols, clocks, compressed sources. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openCapture } from '../../../src/capture/openCapture';
import { ProblemList } from '../../../src/capture/problemList';
import { collectSource } from '../../../src/capture/memorySource';
import { SymbolTableBuilder } from '../../../src/capture/symbolTableBuilder';
import { CaptureClock } from '../../../src/capture/traceDat/clock';
import { parseEventFormat, parseField } from '../../../src/capture/traceDat/eventFormat';
import { KernelSymbols } from '../../../src/capture/traceDat/kernelSymbols';
import { constantOf, parsePrintFormat } from '../../../src/capture/traceDat/printFormat';
import { below, seededRandom } from './support/random';
import { memorySource } from './support/sources';

test('fields of a format', () => {
  const parse = (declaration: string): string => {
    const field = parseField(`\tfield:${declaration};\toffset:16;\tsize:8;\tsigned:1;`);
    return field ? `${field.type}|${field.name}|${field.storage}|${field.signed}` : 'none';
  };
  assert.equal(parse('unsigned long pfn'), 'unsigned long|pfn|plain|true');
  assert.equal(parse('const char * reason'), 'const char *|reason|plain|true');
  assert.equal(parse('const char *reason'), 'const char *|reason|plain|true');
  assert.equal(parse('char comm[16]'), 'char|comm|array|true');
  assert.equal(parse('__data_loc char[] name'), '__data_loc char[]|name|data-loc|true');
  assert.equal(parse('__rel_loc char[] name'), '__rel_loc char[]|name|rel-loc|true');
  assert.equal(parse('enum migrate_mode mode'), 'enum migrate_mode|mode|plain|true');
  assert.equal(parseField('\tfield:int a;\toffset:0;\tsize:4;')?.signed, false);
  assert.equal(parseField('print fmt: "%d", REC->a'), null);
  assert.equal(parseField('\tfield:int a;\toffset:99999;\tsize:4;\tsigned:1;'), null);
  assert.equal(parseEventFormat('x', 'ID: 5\n'), null);
});

test('values of a print format', () => {
  const text =
    '"a=%lu, 100%% b=%#lx %s c=%-8.3s d=%*d", REC->first, (REC->second & ((1UL << 3) - 1)) ? f(",", "}") : 0, ' +
    '__get_str(third), __print_symbolic(REC->fourth, {0, "zero"}, { 1 << 4, "with \\"quotes\\", and comma" }, {X, "no number"}), ' +
    'REC->width, REC->fifth';
  const values = parsePrintFormat(text);
  assert.deepEqual(
    values.map(({ key, member }) => [key, member]),
    [
      ['a', 'first'],
      ['b', 'second'],
      ['', 'third'],
      ['c', 'fourth'],
      ['', 'width'],
      ['d', 'fifth'],
    ],
  );
  assert.deepEqual(
    [...values[3]!.symbols!],
    [
      [0, 'zero'],
      [16, 'with \\"quotes\\", and comma'],
    ],
  );
  assert.deepEqual(parsePrintFormat(''), []);
  assert.deepEqual(parsePrintFormat('"text alone"'), []);
  parsePrintFormat('"a=%d, REC->a, (((');
});

test('constants of a print format', () => {
  const cases: [string, number | null][] = [
    ['8', 8],
    ['0x10u', 16],
    ['1UL << 3', 8],
    ['((1UL) << (40))', 2 ** 40],
    ['(-1)', -1],
    ['(gfp_t)0x400u', 0x400],
    ['(unsigned long)(1 << 2)', 4],
    ['1UL << PG_locked', null],
    ['PG_locked', null],
    ['', null],
  ];
  for (const [text, value] of cases) assert.equal(constantOf(text), value, text);
});

test('addresses are named as the kernel does', () => {
  const symbols = new KernelSymbols();
  symbols.readKallsyms(
    new TextEncoder().encode(
      [
        '0000000000000000 A __per_cpu_start',
        '0000000000001000 A cpu_debug_store',
        'ffffffff81000000 T _stext',
        'ffffffff81001000 d some_data_label',
        'ffffffff81001000 t first',
        'ffffffff81001000 T first_alias',
        'ffffffff81001040 t second.isra.0',
        'not a symbol line',
        'ffffffff81002000 D data',
        'ffffffffc0002000 t later\t[mod_b]',
        'ffffffffc0001000 t earlier\t[mod_a]',
        'ffffffffa0000000 t bpf_prog_6deef7357e7b4530 [bpf]',
        'ffffffffc0003000 t $x\t[mod_d]',
        'ffffffffc0003000 t on_arm\t[mod_d]',
        'ffffffffc0003020 t $d\t[mod_d]',
        'ffffffffc0003020 t .LANCHOR0\t[mod_d]',
        'ffffffffc0003020 t L0\x02\t[mod_d]',
        'ffffffffc0003040 t arch_rethook_trampoline\t[mod_d]',
        'ffffffffc0003080 t ret_fast_syscall\t[mod_d]',
        'ffffffffffffffff t last',
      ].join('\n'),
    ),
  );
  symbols.readModules(new TextEncoder().encode('mod_c 8192 0 - Live 0xffffffffc1000000 (OE)\nbad line\n'));
  const table = new SymbolTableBuilder();
  const name = (address: bigint, isReturnAddress = false): string => {
    const frame = symbols.frame(
      Number(address >> 32n),
      Number(address & 0xffffffffn),
      table,
      isReturnAddress,
    );
    assert.equal(table.frameAddress(frame), address === 0n ? null : address);
    const module = table.frameModule(frame);
    return `${table.frameFunction(frame)}+${table.frameOffset(frame)}/${table.frameSize(frame)}${module === null ? '' : ` [${module}]`}`;
  };
  assert.equal(name(0xffffffff81001000n), 'first+0/64');
  assert.equal(name(0xffffffff8100103fn), 'first+63/64');
  assert.equal(name(0xffffffff81001041n), 'second.isra.0+1/4032');
  assert.equal(name(0xffffffffc0001fffn), 'earlier+4095/4096 [mod_a]');
  assert.equal(name(0xffffffffc0002010n), 'later+16/4096 [mod_b]');
  assert.equal(name(0xffffffffa0000004n), 'bpf_prog_6deef7357e7b4530+4/-1 [bpf]');
  assert.equal(name(0xffffffffffffffffn), 'last+0/-1');
  // What the linker of arm marks is no function.
  assert.equal(name(0xffffffffc0003010n), 'on_arm+16/64 [mod_d]');
  assert.equal(name(0xffffffffc0003024n), 'on_arm+36/64 [mod_d]');
  // A call that never returns is the last of its function, and what it would return to is in no other module.
  assert.equal(name(0xffffffff81001040n, true), 'first+64/64');
  assert.equal(name(0xffffffff81001041n, true), 'second.isra.0+1/4032');
  assert.equal(name(0xffffffffc0002000n, true), 'later+0/4096 [mod_b]');
  assert.equal(name(0xffffffffa0000000n, true), 'bpf_prog_6deef7357e7b4530+0/-1 [bpf]');
  // What probes and entries put into the stack.
  assert.equal(name(0xffffffffc0003040n, true), 'arch_rethook_trampoline+0/64 [mod_d]');
  assert.equal(name(0xffffffffc0003080n, true), 'ret_fast_syscall+0/-1 [mod_d]');
  // Data, the per-CPU area, the far end of nowhere, and a module without symbols.
  assert.equal(name(0xffffffff81002008n), '0xffffffff81002008+-1/-1');
  assert.equal(name(0x1010n), '0x1010+-1/-1');
  assert.equal(name(0xffffffffb0000000n), '0xffffffffb0000000+-1/-1');
  assert.equal(name(0xffffffffc1000010n), '0xffffffffc1000010+-1/-1 [mod_c]');
  assert.equal(name(0x7fffffffn), '[FTRACE TRAMPOLINE]+-1/-1');
});

test('a symbol of the kernel itself is found by its whole name', () => {
  const symbols = new KernelSymbols();
  symbols.readKallsyms(
    new TextEncoder().encode(
      [
        'ffffffffc0001000 t init\t[mod_a]',
        'ffffffff81001000 T _text_end',
        'ffffffff81002000 T initial',
        'ffffffff81000000 T _text',
        'ffffffff81003000 t init',
        'ffffffff81004000 t init',
        'ffff800080000001 T _etext',
      ].join('\n'),
    ),
  );
  assert.equal(symbols.addressOf('_text'), 0xffffffff81000000n);
  assert.equal(symbols.addressOf('init'), 0xffffffff81003000n);
  assert.equal(symbols.addressOf('_etext'), 0xffff800080000001n);
  for (const name of ['_tex', 'etext', 'text_end', '']) assert.equal(symbols.addressOf(name), null, name);
});

test('symbols in any order', () => {
  const random = seededRandom(11);
  const addresses = Array.from({ length: 500 }, (_, i) => 0xffffffff81000000n + BigInt(i) * 16n);
  const lines = addresses.map((address, i) => `${address.toString(16)} t f${i}`);
  for (let i = lines.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [lines[i], lines[j]] = [lines[j]!, lines[i]!];
  }
  const symbols = new KernelSymbols();
  symbols.readKallsyms(new TextEncoder().encode(lines.join('\n')));
  const table = new SymbolTableBuilder();
  for (const [i, address] of addresses.entries()) {
    const frame = symbols.frame(Number(address >> 32n), Number((address & 0xffffffffn) + 5n), table);
    assert.equal(table.frameFunction(frame), `f${i}`);
  }
});

test('TSC times are those of the kernel to the nanosecond, for any multiplier', () => {
  const random = seededRandom(4);
  const kernel = (ticks: bigint, mult: bigint, shift: bigint): bigint => {
    const low = ((ticks & 0xffffffffn) * mult) >> shift;
    return low + (((ticks >> 32n) * mult) << (32n - shift));
  };
  for (let round = 0; round < 500; round++) {
    const shift = below(random, 33);
    const mult = 1 + below(random, shift < 20 ? 2 ** shift * 4 : 2 ** 32 - 1);
    const first = BigInt(below(random, 2 ** 53)) * 16n;
    const clock = new CaptureClock(first, 0n, { mult, shift }, null);
    for (let i = 0; i < 20; i++) {
      const ticks = first + BigInt(below(random, 2 ** 44));
      const relative = clock.relative(Number(ticks >> 32n), Number(ticks & 0xffffffffn));
      const time = clock.convert(relative, 0);
      if (!Number.isSafeInteger(time)) continue;
      const expected = kernel(ticks, BigInt(mult), BigInt(shift));
      assert.equal(BigInt.asUintN(64, clock.timeBase + BigInt(time)), BigInt.asUintN(64, expected));
    }
  }
});

test('a collected stream reads like a file', async () => {
  const random = seededRandom(2);
  const bytes = Uint8Array.from({ length: 5000 }, () => below(random, 256));
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < bytes.length;) {
      const length = below(random, 300);
      yield await Promise.resolve(bytes.slice(at, at + length));
      at += length;
    }
  }
  const source = await collectSource('x', 100, chunks(), new ProblemList());
  assert.equal(source.size, bytes.length);
  for (let round = 0; round < 500; round++) {
    const offset = below(random, 5100);
    const length = below(random, 1000);
    assert.deepEqual(await source.read(offset, length), bytes.slice(offset, offset + length));
  }
});

test('a stream that grows without bound is cut, and that is said', async () => {
  async function* endless(): AsyncGenerator<Uint8Array, void> {
    const chunk = new Uint8Array(1 << 20);
    for (;;) yield await Promise.resolve(chunk);
  }
  const problems = new ProblemList();
  const source = await collectSource('x', 1000, endless(), problems);
  assert.ok(source.size <= (1 << 26) + 64_000);
  assert.match(problems.kept[0]!.message, /larger than \d+ bytes/);
});

test('what is no trace.dat of a known version says so', async () => {
  const magic = '\x17\x08Dtracing';
  const cases: [string, RegExp][] = [
    [`${magic}5\0\0\b\0\x10\0\0`, /version "5", expected 6 or 7/],
    [`${magic}6\0\x07\b\0\x10\0\0`, /byte order of 7, expected 0 \(little\) or 1/],
    [magic, /the version should take 1 bytes here, but only 0 are left|the version has no end mark/],
    [
      `${magic}7\0\0\b\0\x10\0\0lz4\x001\0${'\0'.repeat(8)}`,
      /compressed with "lz4", expected zstd, zlib or none/,
    ],
  ];
  for (const [text, message] of cases) {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    for (const content of [bytes, new Uint8Array(gzipSync(bytes))]) {
      const capture = await openCapture(memorySource(content));
      assert.equal(capture.format, 'trace-dat');
      assert.equal(capture.events.length, 0);
      assert.match(capture.problems.map((problem) => problem.message).join(), message);
    }
  }
});
