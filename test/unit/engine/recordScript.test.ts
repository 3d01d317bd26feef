import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { DEFAULT_RECORDING, type RecordOptions } from '../../../src/engine/recording/recordOptions';
import { recordScript } from '../../../src/engine/recording/recordScript';
import {
  addProgram,
  fakeKernel,
  filesBelow,
  NEAREST,
  PAGE_REF,
  PIN_OWNER,
  writeAll,
  type FakeKernel,
} from './support/fakeTracefs';

const AREA = { kind: 'cma-area', name: 'reserved' } as const;
const FILTER = 'pfn >= 0x12800 && pfn <= 0x12fff';

function scriptFile(kernel: FakeKernel, options: Partial<RecordOptions>): string {
  const file = path.join(kernel.folder, 'record.sh');
  writeFileSync(file, recordScript({ ...DEFAULT_RECORDING, ...options }));
  return file;
}

/** Runs the script in a shell; the command that it records copies the tracing files as they then are. */
function record(kernel: FakeKernel, options: Partial<RecordOptions>, shell = 'dash') {
  const during = path.join(kernel.folder, 'during');
  const buffer = options.writer === 'trace-cmd' ? kernel.tracefs : '"$TRACEFS"/instances/page_holders';
  const copy = `if [ -d ${buffer} ]; then cp -r ${buffer} "${during}"; else cp -r "$TRACEFS" "${during}"; fi`;
  const command = ['sh', '-c', `${copy}; exit 3`];
  const { status, stderr } = spawnSync(shell, [scriptFile(kernel, options), ...command], {
    env: kernel.env,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, said: stderr, during: existsSync(during) ? filesBelow(during) : {} };
}

/** As {@link filesBelow}, less what a kernel answers in its own words: a filter that is cleared reads `none`. */
function settings(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(filesBelow(folder)).map(([name, text]) => [
      name,
      name.endsWith('/filter')
        ? text.replace(/^0$/m, 'none')
        : name.endsWith('/enable')
          ? text.replace('*', '')
          : name.endsWith('trace_clock')
            ? text.replace(/.*\[(\w+)\].*/, '$1')
            : name.endsWith('buffer_size_kb')
              ? text.replace(/ .*/, '')
              : text,
    ]),
  );
}

const EVERY: readonly Partial<RecordOptions>[] = [
  {},
  { writer: 'trace-cmd' },
  { stack: 'trigger', pages: AREA, reason: 'contig_range', thresholdUs: 300_000, seconds: 5 },
  {
    writer: 'trace-cmd',
    stack: 'trigger',
    pages: { kind: 'pfns', range: { first: 0x12f98, last: 0x12f98 } },
  },
  {
    pages: { kind: 'cma-area', name: 'linux,cma\'; rm -rf $HOME `id` "' },
    pageOwner: false,
    kallsyms: false,
  },
];

test('every script is one of a POSIX shell, and shellcheck has nothing to say', (context) => {
  for (const options of EVERY) {
    const input = recordScript({ ...DEFAULT_RECORDING, ...options });
    assert.equal(spawnSync('dash', ['-n'], { input }).status, 0);
    // That name is meant as it stands, the dollar and the back quotes in it too.
    const checked = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2016', '-'], { input, encoding: 'utf8' });
    if (checked.error) {
      context.skip('shellcheck is not installed');
      return;
    }
    assert.equal(checked.stdout, '');
  }
});

test('the settings stand at the top, each with what it means, and are words of the shell', () => {
  const script = recordScript({ ...DEFAULT_RECORDING, ...EVERY[4] });
  assert.match(script, /^#!\/bin\/sh\n/);
  assert.ok(script.includes(`\ncma_area='linux,cma'\\''; rm -rf $HOME \`id\` "'\n`));
  for (const setting of ['events=auto', "pfn_first=''", 'buffer_kb=16384', 'clock=global', 'page_owner=no']) {
    assert.ok(script.includes(`\n${setting}\n`), setting);
  }
  assert.ok(Math.max(...script.split('\n').map((line) => line.length)) <= 140);
});

for (const shell of ['dash', 'bash']) {
  test(`page_ref events of a CMA area are recorded in an instance, which is gone afterwards (${shell})`, () => {
    const kernel = fakeKernel(PAGE_REF, true);
    const before = filesBelow(kernel.tracefs);
    const { status, said, during } = record(kernel, { pages: AREA }, shell);
    assert.equal(status, 3, 'the status of the command');
    assert.deepEqual(filesBelow(kernel.tracefs), before);
    assert.deepEqual(
      {
        tracing_on: during['tracing_on'],
        clock: during['trace_clock'],
        size: during['buffer_size_kb'],
        stacks: during['options/stacktrace'],
        offsets: during['options/sym-offset'],
        trace: during['trace'],
        mod: [during['events/page_ref/page_ref_mod/enable'], during['events/page_ref/page_ref_mod/filter']],
        alloc: [during['events/kmem/mm_page_alloc/enable'], during['events/kmem/mm_page_alloc/filter']],
        cma: [during['events/cma/cma_alloc_start/enable'], during['events/cma/cma_alloc_start/filter']],
      },
      {
        tracing_on: '1\n',
        clock: 'global\n',
        size: '16384\n',
        stacks: '1\n',
        offsets: '1\n',
        trace: '',
        mod: ['1\n', `${FILTER}\n`],
        alloc: ['1\n', `${FILTER}\n`],
        cma: ['1\n', 'none\n'],
      },
    );
    assert.match(said, /page_ref events, every get and put .*: yes\n/);
    assert.match(said, /page_pin_owner events, .*: no\n/);
    assert.match(said, /WARNING: 7 events were overwritten or dropped/);
    const saved = path.join(kernel.folder, 'out');
    assert.deepEqual(Object.keys(filesBelow(saved)), ['kallsyms.gz', 'page_owner.txt.gz', 'trace.txt']);
    const trace = readFileSync(path.join(saved, 'trace.txt'), 'utf8');
    assert.match(trace, /^# kernel: \S+\n/);
    assert.match(trace, /\n# cpu1 overrun: 4\n/);
    assert.match(said, /memory while it records: 32 MiB \(16384 KiB of buffer for each of 2 CPUs\)\n/);
    assert.ok(said.includes(`page-holders report ${saved}/*\n`));
    const owners = gunzipSync(readFileSync(path.join(saved, 'page_owner.txt.gz'))).toString();
    assert.equal(owners, 'owners\n');
  });
}

test('without instances the main buffer is used, and set back as it was', () => {
  const kernel = fakeKernel(PAGE_REF, false);
  writeAll(kernel.tracefs, { 'events/page_ref/page_ref_mod/filter': 'pfn > 1 || val < 0\n' });
  const before = settings(kernel.tracefs);
  const { status, said, during } = record(kernel, { pages: AREA });
  assert.equal(status, 3);
  assert.match(said, /WARNING: no instance can be made/);
  assert.equal(during['current_tracer'], 'nop\n');
  assert.equal(during['events/page_ref/page_ref_mod/filter'], `${FILTER}\n`);
  const restored = settings(kernel.tracefs);
  // What was in the buffer is lost, as it says.
  assert.deepEqual({ ...restored, trace: '' }, { ...before, trace: '' });
});

test('stacktrace triggers have the filter too, and are taken away', () => {
  const kernel = fakeKernel(PAGE_REF, false);
  const { during } = record(kernel, { pages: AREA, stack: 'trigger' });
  assert.equal(during['options/stacktrace'], '0\n');
  assert.equal(during['events/page_ref/page_ref_mod/trigger'], `stacktrace if ${FILTER}\n`);
  assert.match(during['events/cma/cma_alloc_start/trigger']!, /^# Available/);
  const after = filesBelow(kernel.tracefs);
  assert.equal(after['events/page_ref/page_ref_mod/trigger'], `!stacktrace if ${FILTER}\n`);
});

test('page_pin_owner as its RFC says: its events, and a reason for its reports', () => {
  const kernel = fakeKernel(PIN_OWNER, true);
  const { said, during } = record(kernel, { reason: 'contig_range' });
  assert.match(said, /records the puts after each failed migration/);
  assert.doesNotMatch(said, /not booted with/);
  assert.equal(during['events/page_pin_owner/page_pin_owner_put/enable'], '1\n');
  assert.equal(during['events/page_pin_owner/page_pin_owner_put/filter'], 'none\n');
  assert.equal(during['events/page_pin_owner/report_page_pinners/filter'], 'reason == "contig_range"\n');
  assert.match(recordScript({ ...DEFAULT_RECORDING, reason: 'cma' }), /\nreason=contig_range\n/);
});

test('beside page_ref events the reports of the RFC are recorded, not its puts a second time', () => {
  const { during } = record(fakeKernel([...PIN_OWNER, 'page_ref:page_ref_mod'], true), {});
  assert.equal(during['events/page_pin_owner/report_page_pinners/enable'], '1\n');
  assert.equal(during['events/page_pin_owner/page_pin_owner_put/enable'], '0*\n');
});

test("Android's page_pinner files are switched on, copied and set back", () => {
  const kernel = fakeKernel(NEAREST, true);
  const files = { failure_tracking: '0\n', threshold: '100\n', buffer: 'At least, pinned for 5 us\n' };
  writeAll(path.join(kernel.debugfs, 'page_pinner'), files);
  const { status, said } = record(kernel, { thresholdUs: 300_000 });
  assert.equal(status, 3);
  assert.match(said, /WARNING: not booted with page_pinner=on/);
  assert.equal(readFileSync(path.join(kernel.folder, 'out/page_pinner-buffer.txt'), 'utf8'), files.buffer);
  assert.deepEqual(filesBelow(path.join(kernel.debugfs, 'page_pinner')), files);
});

test('a kernel without any such event is recorded as far as it goes, and that is said', () => {
  const { status, said, during } = record(fakeKernel(NEAREST, true), {});
  assert.equal(status, 3);
  assert.match(said, /WARNING: no event of this kernel shows references/);
  assert.equal(during['events/migrate/mm_migrate_pages/enable'], '1\n');
});

test('one page stands for the folio that may cover it', () => {
  const pages = { kind: 'pfns', range: { first: 0x12f98, last: 0x12f98 } } as const;
  const { during } = record(fakeKernel(PAGE_REF, true), { pages });
  assert.equal(during['events/page_ref/page_ref_mod/filter'], 'pfn >= 0x12e00 && pfn <= 0x12f98\n');
});

test('--help prints how it is used, and an option is no command to record', () => {
  const kernel = fakeKernel(PAGE_REF, false);
  const before = filesBelow(kernel.tracefs);
  const file = scriptFile(kernel, {});
  const run = (option: string) =>
    spawnSync('dash', [file, option], { env: kernel.env, encoding: 'utf8', timeout: 20_000 });
  const help = run('--help');
  assert.deepEqual([help.status, help.stderr], [0, '']);
  assert.match(
    help.stdout,
    /^Records who holds the pages .*\n[^]*\nusage, as root on the machine to look at:\n/,
  );
  assert.match(help.stdout, /writes into a new folder only\.\n$/);
  const option = run('--seconds');
  assert.equal(option.status, 1);
  assert.match(option.stderr, /^record: --seconds is no command, and there are no options: /);
  assert.deepEqual(filesBelow(kernel.tracefs), before);
  assert.ok(!existsSync(path.join(kernel.folder, 'out')));
});

test('what cannot be done is said before anything is changed', () => {
  const wrong: readonly (readonly [Partial<RecordOptions>, RegExp])[] = [
    [{ events: 'page_pin_owner' }, /no page_pin_owner events: .*Set events=auto/],
    [{ events: 'page_pinner' }, /neither page_pinner events nor its files/],
    [{ pages: { kind: 'cma-area', name: 'dma' } }, /reserved\n.*no CMA area dma\. Set pfn_first/],
    [{ clock: 'x86-tsc' }, /no trace clock x86-tsc: expected one of \[local\] global counter mono/],
  ];
  for (const [options, message] of wrong) {
    const kernel = fakeKernel(PAGE_REF, false);
    const before = filesBelow(kernel.tracefs);
    const { status, said } = record(kernel, options);
    assert.equal(status, 1, said);
    assert.match(said, message);
    assert.deepEqual(filesBelow(kernel.tracefs), before);
    assert.ok(!existsSync(path.join(kernel.folder, 'out')));
  }
  const nothing = spawnSync('dash', [scriptFile(fakeKernel(PAGE_REF, false), {})], {
    env: { ...process.env, TRACEFS: '/nowhere' },
    encoding: 'utf8',
  });
  assert.equal(nothing.status, 1);
  assert.match(nothing.stderr, /no events in \/nowhere\. Run this as root/);
});

test('nothing is overwritten, and a recording that goes on is not disturbed', () => {
  const kernel = fakeKernel(PAGE_REF, true);
  writeAll(path.join(kernel.folder, 'out'), { 'trace.txt': 'precious\n' });
  const { status, said } = record(kernel, {});
  assert.equal(status, 1);
  assert.match(said, /cannot make the folder .*out: set output to one that does not exist/);
  assert.equal(readFileSync(path.join(kernel.folder, 'out/trace.txt'), 'utf8'), 'precious\n');

  const busy = fakeKernel(PAGE_REF, true);
  writeAll(path.join(busy.tracefs, 'instances/page_holders'), { tracing_on: '1\n' });
  const second = record(busy, {});
  assert.equal(second.status, 1);
  assert.match(second.said, /page_holders is in use: another recording runs/);
  assert.ok(existsSync(path.join(busy.tracefs, 'instances/page_holders/tracing_on')));
});

for (const [signal, expected] of [
  ['SIGINT', 0],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} while it records: tracing is set back${expected === 0 ? ', and what was recorded saved' : ''}`, async () => {
    const kernel = fakeKernel(PAGE_REF, false);
    const before = settings(kernel.tracefs);
    const child = spawn('dash', [scriptFile(kernel, { seconds: 60 })], {
      env: kernel.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const status = new Promise((resolve) => child.once('close', resolve));
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (said.includes('ends after 60 s, or at Ctrl+C')) setTimeout(() => child.kill(signal), 100);
    });
    assert.equal(await status, expected, said);
    assert.deepEqual({ ...settings(kernel.tracefs), trace: '' }, { ...before, trace: '' });
    assert.equal(existsSync(path.join(kernel.folder, 'out/trace.txt')), signal === 'SIGINT');
  });
}

test('Enter on the terminal ends it, wherever standard input comes from', async () => {
  for (const command of ['dash FILE', 'dash -s <FILE', 'dash FILE </dev/null']) {
    const kernel = fakeKernel(PAGE_REF, true);
    // script(1) makes a terminal, of which its standard input are the keys.
    const inTerminal = command.replace('FILE', `'${scriptFile(kernel, {})}'`);
    const child = spawn('script', ['-qec', inTerminal, '/dev/null'], {
      env: kernel.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const status = new Promise((resolve) => child.once('close', resolve));
    let said = '';
    let isPressed = false;
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (isPressed || !said.includes('Enter or Ctrl+C')) return;
      isPressed = true;
      assert.match(
        readFileSync(path.join(kernel.tracefs, 'instances/page_holders/tracing_on'), 'utf8'),
        /^1/,
      );
      child.stdin.write('\n');
    });
    assert.equal(await status, 0, said);
    assert.ok(isPressed, said);
    assert.match(said, /done\. Open all files/);
    child.stdin.end();
  }
});

test('without a terminal, a command or seconds it does not begin, and says so', () => {
  const kernel = fakeKernel(PAGE_REF, true);
  const { status, stderr } = spawnSync('setsid', ['-w', 'dash', scriptFile(kernel, {})], {
    env: kernel.env,
    encoding: 'utf8',
    input: '',
  });
  assert.equal(status, 1);
  assert.match(stderr, /no terminal on which Enter could end it: give a COMMAND to record, or set seconds/);
  assert.ok(!existsSync(path.join(kernel.tracefs, 'instances/page_holders')));
});

test('kallsyms that hides its addresses is not copied, and it is said how to have them', () => {
  const kernel = fakeKernel(PAGE_REF, true);
  writeAll(kernel.folder, { kallsyms: '0000000000000000 T _stext\n0000000000000000 T _text\n' });
  const { said } = record(kernel, {});
  assert.match(said, /kallsyms has no addresses and was not copied: .*kptr_restrict=1/);
  assert.deepEqual(
    Object.keys(filesBelow(path.join(kernel.folder, 'out'))).filter((name) => name.startsWith('kallsyms')),
    [],
  );
});

test('trace-cmd is asked for the same, in an instance, with a filter and a stack for each event of pages', () => {
  const kernel = fakeKernel(PAGE_REF, true);
  const before = filesBelow(kernel.tracefs);
  addProgram(
    kernel,
    'trace-cmd',
    `#!/bin/sh\nprintf '%s\\n' "$@" >"${kernel.folder}/asked"\nwhile [ "$1" != -o ]; do shift; done\necho data >"$2"\nexit 5\n`,
  );
  const { status, said } = record(kernel, { writer: 'trace-cmd', stack: 'trigger', pages: AREA });
  assert.equal(status, 5, said);
  const asked = readFileSync(path.join(kernel.folder, 'asked'), 'utf8').split('\n');
  const options = ['record', '-d', '-o', path.join(kernel.folder, 'out/trace.dat'), '-B', 'page_holders'];
  assert.deepEqual(asked.slice(0, 10), [...options, '-C', 'global', '-b', '16384']);
  for (const event of ['page_ref:page_ref_mod', 'page_ref:page_ref_freeze', 'kmem:mm_page_alloc']) {
    const at = asked.indexOf(event);
    assert.deepEqual(asked.slice(at - 1, at + 5), [
      '-e',
      event,
      '-f',
      FILTER,
      '-R',
      `stacktrace if ${FILTER}`,
    ]);
  }
  assert.ok(['-e', 'sh'].includes(asked[asked.indexOf('cma:cma_alloc_start') + 1]!), 'it has a filter');
  assert.deepEqual(asked.slice(asked.indexOf('sh'), -2)[1], '-c');
  assert.deepEqual(filesBelow(kernel.tracefs), before);
});
