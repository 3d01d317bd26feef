/** Frames of real recordings, by the debug info of the kernel that made them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { annotateLines, frameIn } from '../../../src/engine/annotateStacks';
import { DebugFile } from '../../../src/source/debugFile';
import type { CodePlace } from '../../../src/source/dwarf/dwarfFile';
import { KernelDebugInfo, type DebugFrame } from '../../../src/source/kernelDebugInfo';
import { fileSource, sharedFile, SHARED_KERNEL, textSymbols, type TextSymbol } from './debugSupport';

const CAPTURES = '../shared/captures';

async function openKernel(t: TestContext): Promise<KernelDebugInfo | null> {
  const file = existsSync(SHARED_KERNEL) ? sharedFile('vmlinux') : null;
  if (file === null) {
    t.skip('no ../shared/kernel here');
    return null;
  }
  const kernel = await DebugFile.open(fileSource(file, true));
  const modules = new Map<string, DebugFile>();
  for (const name of ['ext4', 'jbd2', 'mbcache']) {
    modules.set(name, await DebugFile.open(fileSource(sharedFile(`${name}.ko`)!, true)));
  }
  return new KernelDebugInfo(kernel, {
    open: (name) => Promise.resolve(modules.get(name) ?? null),
    mayHave: () => [...modules.keys()],
  });
}

/** The distinct stacks of a recording, in the order of their first occurrence. */
function stacksOf(capture: string): DebugFrame[][] {
  const bytes = readFileSync(path.join(CAPTURES, capture));
  const text = (capture.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  const stacks = new Map<string, DebugFrame[]>();
  let lines: string[] = [];
  for (const line of [...text.split('\n'), '']) {
    if (/^ ?=> /.test(line)) {
      lines.push(line);
      continue;
    }
    if (lines.length > 0)
      stacks.set(
        lines.join('\n'),
        lines.flatMap((one) => frameIn(one)?.frame ?? []),
      );
    lines = [];
  }
  return [...stacks.values()];
}

const chainText = (places: readonly CodePlace[]): string =>
  places.map((place) => `${place.function} ${place.file}:${place.line}`).join(' < ');

for (const capture of ['f_raw_symoffset/trace.txt', 'f_raw_symaddr/trace.txt.gz']) {
  test(`${capture}: names alone lead to the line that the offsets prove, or say that they may not`, async (t) => {
    const info = await openKernel(t);
    if (info === null) return;
    const counts = { frames: 0, exact: 0, among: 0, other: 0, function: 0 };
    const wrong: string[] = [];
    for (const stack of stacksOf(capture).slice(0, 400)) {
      const proven = await info.locate(stack);
      const named = await info.locate(
        stack.map(({ function: name, module }) => ({ function: name, module, offset: null })),
      );
      for (const [i, { certainty, places, candidates }] of named.entries()) {
        const truth = proven[i]!;
        if (truth.certainty !== 'exact') continue;
        counts.frames++;
        const wanted = chainText(truth.places);
        const isFirst = chainText(places) === wanted;
        if (certainty === 'function-only' || certainty === 'unknown') counts.function++;
        else if (certainty === 'exact' || certainty === 'one-call-site') {
          counts.exact++;
          if (!isFirst)
            wrong.push(
              `${stack[i]!.function} < ${stack[i - 1]?.function}: ${chainText(places)}; is ${wanted}`,
            );
        } else if (isFirst || candidates.some((chain) => chainText(chain) === wanted)) counts.among++;
        else counts.other++;
      }
    }
    t.diagnostic(JSON.stringify(counts));
    assert.deepEqual([...new Set(wrong)], []);
    assert.ok(counts.frames > 500);
    // Assembly, tracepoints (static calls) and jumps through pointers have no call site: their frames stay without.
    assert.ok(counts.exact + counts.among > 0.95 * (counts.frames - counts.function));
    assert.ok(counts.function < 0.3 * counts.frames);
  });
}

test('a KASLR kernel: addresses alone are the same frames as names with offsets', async (t) => {
  const info = await openKernel(t);
  if (info === null) return;
  let checked = 0;
  for (const stack of stacksOf('f_raw_symaddr/trace.txt.gz').slice(0, 60)) {
    const named = await info.locate(stack);
    const bare = await info.locate(
      stack.map(({ address }) => ({
        function: `0x${address!.toString(16)}`,
        module: null,
        offset: null,
        address: address!,
      })),
    );
    for (const [i, frame] of stack.entries()) {
      // Modules are elsewhere in memory: their frames need a name.
      if (frame.module !== null || i === 0) continue;
      assert.equal(chainText(bare[i]!.places), chainText(named[i]!.places), frame.function);
      checked++;
    }
  }
  assert.ok(checked > 200, String(checked));
});

test('another build is found and said, and no line is exact any more', async (t) => {
  const info = await openKernel(t);
  if (info === null) return;
  const frame = { function: 'alloc_contig_range', module: null, offset: 0x1a0, size: 0x270 };
  const [before] = await info.locate([frame]);
  assert.equal(before!.certainty, 'exact');
  const [other] = await info.locate([{ ...frame, size: 0x400 }]);
  assert.equal(other!.certainty, 'one-of-several');
  assert.match(
    other!.note,
    /doubtful: alloc_contig_range has 0x400 bytes in the trace and 0x265 in .*vmlinux/,
  );
  await info.compareKernel(info.kernel.buildId, 'any');
  assert.equal(info.mismatch, '');
  await info.compareKernel(null, '6.1.0-13-amd64');
  assert.match(info.mismatch, /is of kernel 6\.1\.192-pagelab, the trace of 6\.1\.0-13-amd64$/);
  const [after] = await info.locate([frame]);
  assert.equal(after!.certainty, 'one-of-several');
});

test('names and addresses without modules, as trace-cmd prints them: every frame is exact, those of modules too', async (t) => {
  const info = await openKernel(t);
  if (info === null) return;
  const stacks = stacksOf('c_jbd2/report.txt.gz');
  assert.ok(stacks.flat().every(({ module, offset }) => module === null && offset === null));
  await info.learn(stacks.flat());
  assert.equal(info.mismatch, '');
  assert.equal(info.isProven, true);
  const places = new Set<string>();
  for (const stack of stacks) {
    for (const [i, { certainty, places: found, note }] of (await info.locate(stack)).entries()) {
      assert.equal(certainty, 'exact', `${stack[i]!.function}: ${note}`);
      places.add(chainText(found));
    }
  }
  assert.ok([...places].some((chain) => chain.includes('fs/ext4/')));
});

test('addresses of another build do not fit, whatever its functions are called', async (t) => {
  const info = await openKernel(t);
  if (info === null) return;
  await info.learn(stacksOf('pd_soft/report.txt').flat());
  assert.match(
    info.mismatch,
    /is of another build: \d+ of \d+ functions are at other addresses in the capture/,
  );
  assert.equal(info.isProven, false);
});

test('the interrupted frame is where the processor was, the others are calls', async (t) => {
  const info = await openKernel(t);
  if (info === null) return;
  const base = { module: null, function: 'ksys_read' };
  const [call] = await info.locate([{ ...base, offset: 0x63 }]);
  const [exact] = await info.locate([{ ...base, offset: 0x62, isInterrupted: true }]);
  const [, outer] = await info.locate([
    { function: 'asm_exc_page_fault', module: null, offset: 0x22 },
    { ...base, offset: 0x62 },
  ]);
  assert.deepEqual(call, exact);
  assert.deepEqual(outer, exact);
  // x86 up to 5.7, arm64 up to 5.11, arm, riscv
  for (const entry of [
    'page_fault',
    'reschedule_interrupt',
    'nmi',
    'el1_irq',
    'el1_sync',
    '__pabt_svc',
    'handle_exception',
  ]) {
    const stack = [
      { function: entry, module: null, offset: 0x22 },
      { ...base, offset: 0x62 },
    ];
    assert.deepEqual((await info.locate(stack))[1], exact, entry);
  }
  for (const other of ['handle_page_fault', 'nmi_handle', 'el1_irq_handler', 'do_interrupt']) {
    const stack = [
      { function: other, module: null, offset: 0x22 },
      { ...base, offset: 0x63 },
    ];
    assert.deepEqual((await info.locate(stack))[1], exact, other);
  }
});

test('functions of one name are told apart by size and by what they call, and else all are given', async (t) => {
  const info = await openKernel(t);
  if (info === null) return;
  const byName = new Map<string, TextSymbol[]>();
  for (const symbol of textSymbols(info.kernel.name)) {
    byName.set(symbol.name, [...(byName.get(symbol.name) ?? []), symbol]);
  }
  const counts = { frames: 0, bySize: 0, exact: 0, among: 0 };
  const wrong: string[] = [];
  for (const [name, symbols] of [...byName].filter(([, { length }]) => length > 1).slice(0, 400)) {
    for (const { address, size } of symbols) {
      const call = (await info.kernel.callsIn(address)).find(
        ({ callee, isTailCall }) => callee && !isTailCall,
      );
      if (call === undefined) continue;
      const truth = chainText((await info.kernel.lookUp(call.address - 1n)).places);
      const frame = { function: name, module: null, offset: Number(call.address - address), size };
      const inner = { function: call.callee!, module: null, offset: 1 };
      const [, location] = await info.locate([inner, frame]);
      const { certainty, places, candidates } = location!;
      counts.frames++;
      if (symbols.filter((other) => other.size === size).length === 1) counts.bySize++;
      if (certainty === 'exact') {
        counts.exact++;
        if (chainText(places) !== truth) wrong.push(`${name}: ${chainText(places)}; is ${truth}`);
      } else if ([places, ...candidates].some((chain) => chainText(chain) === truth)) {
        counts.among++;
      } else if (symbols.length < 9) {
        // No more candidates are given.
        wrong.push(`${name} (${certainty}): ${truth} is not among them`);
      }
    }
  }
  t.diagnostic(JSON.stringify(counts));
  assert.deepEqual(wrong, []);
  // What a function calls, and where that returns to, tells some that their sizes do not.
  assert.ok(counts.bySize > 100 && counts.exact > counts.bySize);
  assert.ok(counts.exact > 0.75 * counts.frames);
});

test('an unknown module says so', async (t) => {
  const info = await openKernel(t);
  if (info === null) return;
  const [location] = await info.locate([{ function: 'f', module: 'nvidia', offset: 1 }]);
  assert.equal(location!.certainty, 'unknown');
  assert.match(location!.note, /nvidia/);
});

const FRAMES: readonly (readonly [line: string, frame: string | null])[] = [
  [' => alloc_contig_range', 'alloc_contig_range'],
  [' => ext4_bread+0x12/0x62 [ext4]', 'ext4_bread+18/98 [ext4]'],
  [' => __page_ref_mod+0x43/0x60 <ffffffffbe2bf6c3>', '__page_ref_mod+67/96 @ffffffffbe2bf6c3'],
  [' => ffffffff812345f0', '0xffffffff812345f0 @ffffffff812345f0'],
  [' => 0xffffffff812345f0', '0xffffffff812345f0 @ffffffff812345f0'],
  ['=> migrate_pages (ffffffff812345f0)', 'migrate_pages @ffffffff812345f0'],
  ['[   12.5]  do_syscall_64+0x38/0x84', 'do_syscall_64+56/132'],
  ['[   12.5][  T412]  ? foo.isra.0+0x38/0x84 [a_b 0123456789abcdef0123]', 'foo.isra.0+56/132 [a_b]'],
  ['[   12.5] RIP: 0010:foo+0x1/0x20', 'foo+1/32 !'],
  ['[   12.5] WARNING: CPU: 0 PID: 7 at mm/page_alloc.c:12 foo+0x1/0x20 [m]', 'foo+1/32 [m] !'],
  ['[   12.5] NIP [c000000000a1b2c4] foo+0x1/0x20', 'foo+1/32 !'],
  ['[   12.5] lr : foo+0x1/0x20', 'foo+1/32'],
  ['[   12.5] pc : foo+0x1/0x20 [m]', 'foo+1/32 [m] !'],
  ['[   12.5] [<ffffffff81234567>] foo+0x1/0x20', 'foo+1/32 @ffffffff81234567'],
  ['[   12.5]  [<ffffffff81234567>]', '0xffffffff81234567 @ffffffff81234567'],
  ['RSP: 0018:ffffc90000013d80 EFLAGS: 00010246', null],
  ['RAX: ffffffff81234567 RBX: ffffffff81234567', null],
  ['  bash-1  [000] 1.0: page_ref_mod: pfn=0x1 val=+0x10', null],
  ['plain text', null],
];

test('frames in lines of text', () => {
  for (const [line, expected] of FRAMES) {
    const frame = frameIn(line)?.frame;
    const shown = frame && [
      `${frame.function}${frame.offset === null ? '' : `+${frame.offset}`}${frame.size ? `/${frame.size}` : ''}`,
      ...(frame.module === null ? [] : [`[${frame.module}]`]),
      ...(frame.address ? [`@${frame.address.toString(16)}`] : []),
      ...(frame.isInterrupted === true ? ['!'] : []),
    ];
    assert.equal(shown?.join(' ') ?? null, expected, line);
  }
});

test('an oops: stacks end with their tags and registers, and only registers say where the processor was', async () => {
  const lines = [
    '[ 1.0] RIP: 0010:fault+0x1/0x9',
    '[ 1.0] Code: 00 01 <0f> 0b',
    '[ 1.0] Call Trace:',
    '[ 1.0]  <IRQ>',
    '[ 1.0]  ? stale+0x1/0x9',
    '[ 1.0]  tick+0x1/0x9',
    '[ 1.0]  </IRQ>',
    '[ 1.0]  <TASK>',
    '[ 1.0]  asm_sysvec_apic_timer_interrupt+0x1a/0x20',
    '[ 1.0] RIP: 0010:idle+0x2/0x9',
    '[ 1.0] RSP: 0018:ffffc90000013d80 EFLAGS: 00010246',
    '[ 1.0]  start+0x1/0x9',
    '[ 1.0]  </TASK>',
  ];
  const asked: string[] = [];
  const annotated = annotateLines(lines, (stack) => {
    asked.push(stack.map((frame) => frame.function + (frame.isInterrupted === true ? '!' : '')).join(' '));
    return Promise.resolve(
      stack.map(() => ({ places: [], others: [], doubt: '', doubtful: '', missing: '' })),
    );
  });
  const printed: string[] = [];
  for await (const line of annotated) printed.push(line);
  assert.deepEqual(printed, lines);
  assert.deepEqual(asked, ['fault!', 'tick', 'stale', 'asm_sysvec_apic_timer_interrupt idle!', 'start']);
});

test('lines of a warning and of registers say where the processor was', () => {
  for (const line of [
    'WARNING: CPU: 0 PID: 1 at mm/foo.c:12 caller+0x53/0x9b',
    'WARNING: mm/foo.c:12 at caller+0x53/0x9b, CPU#0: swapper/0/1',
    'WARNING: at caller+0x53/0x9b, CPU#0: swapper/0/1',
    'epc   : ffffffff80210220 caller+0x53/0x9b',
    'Krnl PSW : 0704c00180000000 00000000001a2b3c (caller+0x53/0x9b)',
    '[   12.3] RIP: 0010:caller+0x53/0x9b',
  ]) {
    assert.equal(frameIn(line)?.frame.isInterrupted, true, line);
  }
  assert.equal(frameIn('WARNING: stack of caller+0x53/0x9b')?.frame.isInterrupted, false);
});

test('all else in a text stays as it is', async () => {
  const lines = ['[ 1.0] Call Trace:', '[ 1.0]  ? a+0x1/0x2', '[ 1.0]  b+0x1/0x2 [m] tail', 'end', ''];
  const asked: string[] = [];
  const printed: string[] = [];
  const annotated = annotateLines(lines, (stack) => {
    asked.push(stack.map((frame) => frame.function).join());
    return Promise.resolve(
      stack.map((frame) => ({
        places: [
          { function: 'inner', file: 'x.h', line: 3 },
          { function: frame.function, file: 'x.c', line: 9 },
        ],
        others: [],
        doubt: '',
        doubtful: '',
        missing: '',
      })),
    );
  });
  for await (const line of annotated) printed.push(line);
  assert.deepEqual(asked, ['b', 'a']);
  assert.deepEqual(printed, [
    '[ 1.0] Call Trace:',
    '[ 1.0]  ? inner (x.h:3) [inlined]',
    '[ 1.0]  ? a+0x1/0x2 (x.c:9)',
    '[ 1.0]  inner (x.h:3) [inlined]',
    '[ 1.0]  b+0x1/0x2 [m] (x.c:9) tail',
    'end',
    '',
  ]);
});

test('the module of a function is looked for again where its file could not be opened', async (t) => {
  const info = await openKernel(t);
  if (info === null) return;
  const ext4 = await DebugFile.open(fileSource(sharedFile('ext4.ko')!, true));
  const failures = [new Error('the connection was lost')];
  const again = new KernelDebugInfo(info.kernel, {
    open: () => {
      const failure = failures.pop();
      return failure === undefined ? Promise.resolve(ext4) : Promise.reject(failure);
    },
    mayHave: () => ['ext4'],
  });
  const frame = { function: 'ext4_readahead', module: null, offset: null };
  await assert.rejects(again.locate([frame]), /connection/);
  const [found] = await again.locate([frame]);
  assert.match(found?.places.at(-1)?.file ?? '', /fs\/ext4\/inode\.c$/);
});
