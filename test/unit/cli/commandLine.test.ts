import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { runCli, runCliAndLeave, runCliIntoFile, scratch, unbroken } from './support/runCli';

const SAMPLE = 'media/sample/trace.txt';

function file(name: string, content: string | Uint8Array): string {
  const place = path.join(scratch, name);
  writeFileSync(place, content);
  return place;
}

test('text is what the tree shows, without colours into a pipe', async () => {
  const { status, output, errors } = await runCli(['report', SAMPLE]);
  assert.equal(status, 0);
  assert.equal(errors, '');
  const lines = output.split('\n');
  assert.equal(lines[0], 'trace.txt · 1 page failed to move, 1 held (ftrace · 216 events · 10.8 s)');
  assert.ok(lines.includes('        pipe buffer · vmsplice · owner-225 · still held (held ≥ 47.3 ms ·'));
  assert.ok(lines.includes('      Earlier: 3 references (2 × LRU batch, isolation)'));
  assert.ok(!output.includes('\x1b'));
});

test('a kind goes by its name in rows too, and a time held without a role says which role that is', async () => {
  const [named, labelled] = [
    await runCli(['report', SAMPLE, '--kind', 'pipe-buffer']),
    await runCli(['report', SAMPLE, '--kind', 'Pipe buffer']),
  ];
  assert.equal(named.status, 0);
  assert.deepEqual(labelled, named);
  const { output } = await runCli(['report', SAMPLE, '--held-for', '10s']);
  assert.match(output, /filter: held, ≥ 10 s\)/);
});

test('--help and --version', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  assert.deepEqual(await runCli(['--version']), {
    status: 0,
    output: `page-holders ${version}\n`,
    errors: '',
  });
  const help = await runCli(['--help']);
  assert.equal(help.status, 0);
  assert.match(help.output, /^page-holders report CAPTURE…/);
  for (const line of help.output.split('\n')) assert.ok(line.length <= 100, line);
});

test('--help after a command tells of that command alone', async () => {
  for (const args of [
    ['resolve', '--help'],
    ['-h', 'resolve'],
    ['help', 'resolve'],
  ]) {
    const { status, output } = await runCli(args);
    assert.equal(status, 0);
    assert.match(output, /^page-holders resolve /);
    assert.match(output, /--vmlinux FILE/);
    assert.match(output, /Exit status:/);
    assert.ok(!output.includes('CAPTURE'), 'that is of report');
  }
});

test('the help of a command that reads captures names the values of its options', async () => {
  for (const command of ['report', 'export']) {
    const { output } = await runCli([command, '--help']);
    for (const name of [
      'best ',
      'longest-held',
      'pipe-buffer',
      'gup-pin',
      'contig_range',
      'temporary',
      'json',
    ]) {
      assert.ok(output.includes(name), `${command}: ${name}`);
    }
    for (const line of output.split('\n')) assert.ok(line.length <= 100, line);
  }
  const all = await runCli(['--help']);
  assert.equal(all.output.split('\n  --sort ORDER').length, 2, 'what commands share is said once');
  const best = await runCli(['report', SAMPLE, '--sort', 'best']);
  assert.equal(best.output, (await runCli(['report', SAMPLE])).output);
});

test('--full unfolds the frames that only count references', async () => {
  const folded = await runCli(['report', SAMPLE, '--width', '0']);
  assert.match(folded.output, /\n( +)3 reference-counting frames\n\1internal_get_user_pages_fast\n/);
  const { output } = await runCli(['report', SAMPLE, '--width', '0', '--full']);
  assert.match(
    output,
    /\n( +)3 reference-counting frames\n\1 {2}trace_event_raw_event_page_ref_mod_and_test_template\n/,
  );
});

test('options may stand before the command, and only its own are known', async () => {
  const { status, output } = await runCli(['--format', 'json', 'report', SAMPLE]);
  assert.equal(status, 0);
  assert.match(output, /^\{"version":1/);
  const wrong = await runCli(['resolve', '--exit-code']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.errors, /resolve: unknown option --exit-code\n/);
});

test('wrong usage is told with what was expected', async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /no command given; expected report/],
    [['explain', SAMPLE], /unknown command explain; expected report/],
    [['--hlep'], /unknown option --hlep; did you mean --help\?\n/],
    [['help', 'repor'], /unknown command repor; did you mean report\?\n/],
    [['report', SAMPLE, '--version=3'], /report: --version takes no value\n/],
    [['exprot', SAMPLE], /unknown command exprot; did you mean export\?/],
    [['report'], /no capture given/],
    [['report', SAMPLE, '--format', 'xml'], /--format xml: expected text or json\n/],
    [
      ['report', SAMPLE, '--format', 'markdown'],
      /expected text or json; page-holders export --as markdown writes/,
    ],
    [
      ['report', SAMPLE, '--sort', 'size'],
      /--sort size: expected best, pfn, first-mark, holders, longest-held or/,
    ],
    [['report', SAMPLE, '--kind', 'gup-pn'], /--kind gup-pn: did you mean gup-pin\?\n/],
    [['report', SAMPLE, '--reason', 'contig_rnge'], /--reason contig_rnge: did you mean contig_range\?\n/],
    [
      ['report', SAMPLE, '--grop-by', 'page'],
      /report: unknown option --grop-by; did you mean --group-by\?\n/,
    ],
    [['report', SAMPLE, '--group=page'], /report: unknown option --group; did you mean --group-by\?\n/],
    [['report', SAMPLE, '-pfn', '5'], /report: unknown option -pfn; did you mean --pfn\?\n/],
    [['report', SAMPLE, '--explain'], /report: unknown option --explain\n/],
    [['events', SAMPLE, '-n', '5'], /events: unknown option -n\n/],
    [['report', SAMPLE, '--tree'], /report: --tree: expected a value after it\n/],
    [['report', SAMPLE, '--tree', '--full'], /report: --tree: expected a value before --full; /],
    [['export', SAMPLE, '--as', '-o', 'x'], /export: --as: expected a value before -o; /],
    [['report', SAMPLE, '--full=yes'], /report: --full takes no value\n/],
    [
      ['report', SAMPLE, '--pfn', '0x200-0x100'],
      /report: --pfn 0x200-0x100: the ends are reversed; expected 0x100\.\.0x200\n/,
    ],
    [['report', SAMPLE, '--pfn', '-1'], /report: --pfn -1: expected a page frame number/],
  ];
  for (const [args, message] of wrong) {
    const { status, output, errors } = await runCli(args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(output, '');
    assert.match(errors, message);
    const known = ['report', 'export', 'events'].find((command) => args[0] === command);
    const help = known === undefined ? '--help' : `${known} --help`;
    assert.ok(errors.endsWith(`\nTry: page-holders ${help}\n`), errors);
    assert.equal(errors.split('\n').length, 3);
  }
});

test('of a reason without pages those are named that the captures have', async () => {
  for (const args of [['report'], ['report', '--format', 'json'], ['export', '--as', 'csv']]) {
    const { status, errors } = await runCli([...args, SAMPLE, '--reason', 'compaction,demotion']);
    assert.equal(status, 0);
    assert.equal(
      errors,
      'page-holders: --reason compaction,demotion: no page is named that failed to move for it; the captures have contig_range.\n',
    );
  }
  for (const reason of ['cma', 'demotion,contig_range']) {
    assert.equal((await runCli(['report', SAMPLE, '--reason', reason])).errors, '');
  }
});

test('a reason that is none lists those that are', async () => {
  const { status, errors } = await runCli(['report', SAMPLE, '--reason', 'cma_alloc']);
  assert.equal(status, 2);
  assert.match(errors, /--reason cma_alloc: .*Expected one of compaction, memory_failure,/);
});

test('--exit-code is 1 with held references and 0 without', async () => {
  assert.equal((await runCli(['report', SAMPLE, '--exit-code'])).status, 1);
  assert.equal((await runCli(['report', SAMPLE])).status, 0);
  assert.equal((await runCli(['report', SAMPLE, '--exit-code', '--reason', 'demotion'])).status, 0);
  assert.equal((await runCli(['report', 'test/fixtures/c_jbd2/report.txt.gz', '--exit-code'])).status, 0);
});

test('files that are no capture: the message names the file, what it is and what was expected', async () => {
  const files: readonly (readonly [string, RegExp])[] = [
    [path.join(scratch, 'absent.txt'), /absent\.txt does not exist/],
    [scratch, /is a folder; a trace file was expected/],
    [file('empty.txt', ''), /empty\.txt cannot be opened: .*empty.*expected ftrace text/],
    [file('program', readFileSync(process.execPath).subarray(0, 4096)), /ELF file, expected ftrace text/],
    [
      file('letter.txt', 'Dear kernel,\n\nwho holds my page?\n'),
      /no line of a trace was found in this text, which begins "Dear kernel,", expected ftrace text/,
    ],
    [file('zeros', new Uint8Array(10_000)), /expected ftrace text/],
    [
      file('cut.dat', readFileSync('test/fixtures/a_reader/trace.dat').subarray(0, 12_000)),
      /the option with the place of the events of the top level is lost, and none of their pages is left\. Copy the file whole/,
    ],
    [file('wide.txt', Buffer.from('# tracer: nop\n', 'utf16le')), /UTF-16 text.*iconv/],
  ];
  for (const [place, message] of files) {
    const { status, output, errors } = await runCli(['report', place]);
    assert.equal(status, 2, place);
    assert.equal(output, '');
    assert.match(errors, message);
    assert.ok(errors.startsWith(`page-holders: ${place} `));
    assert.doesNotMatch(errors, /\n\s+at /, 'a stack trace is no message for people');
  }
});

test('a bad capture among good ones is told, and the good ones are reported', async () => {
  const bad = file('bad.txt', 'no trace\n');
  const { status, output, errors } = await runCli(['report', bad, SAMPLE, '--exit-code']);
  assert.equal(status, 2);
  assert.match(errors, /bad\.txt cannot be opened/);
  assert.match(output, /0x12f98 · held by 3/);
});

test('damage within a capture costs what is damaged and is said', async () => {
  const text = readFileSync(SAMPLE, 'utf8');
  const lines = text.split('\n');
  lines.splice(600, 0, '\0\0\0 neither event nor frame \0');
  lines.splice(700, 0, 'x'.repeat(10_000_000));
  const damaged = file('damaged.txt', lines.join('\n').trimEnd().slice(0, -30));
  const { status, output, errors } = await runCli(['report', damaged]);
  assert.equal(status, 0, errors);
  assert.match(output, /\d+ places of the capture could not be read \(the first in line 601\)/);
  assert.match(output, /0x12f98 · held by 3/);
});

test('a capture without events that matter says what was looked for', async () => {
  const text = '# tracer: nop\n            sh-84      [000] ...2.     7.289237: sched_wakeup: comm=a pid=1\n';
  const { status, output } = await runCli(['report', file('sched.txt', text)]);
  assert.equal(status, 0);
  assert.match(output, /No event speaks of a page/);
  assert.match(output, /No event says anything of a page\. Record page_ref/);
});

test('an empty trace is said to be that: what to record is not the question', async () => {
  const header = readFileSync(SAMPLE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .map((line) => line.replace(/\d+\/\d+/, '0/0'));
  const empty = file('none.txt', `${header.join('\n')}\n`);
  const { status, output, errors } = await runCli(['report', empty, '--width', '0']);
  assert.deepEqual([status, errors], [0, '']);
  assert.match(
    output,
    /^none\.txt · The trace is empty \(ftrace · 0 events\)\n {2}The trace is empty: nothing happened/,
  );
  assert.doesNotMatch(output, /Record/);
  const json = await runCli(['report', empty, '--format', 'json']);
  assert.match(json.output, /"doubts":\["The trace is empty: nothing happened /);
});

test('where no page was to be moved, the report says so as compare does', async () => {
  const text = readFileSync(SAMPLE, 'utf8');
  const isTried = /cma_|test_pages_isolated|mm_migrate|page_ref_freeze|compaction/;
  const quiet = file(
    'quiet.txt',
    text
      .split(/\n(?!\s*=>)/)
      .filter((event) => !isTried.test(event))
      .join('\n'),
  );
  const seen = 'o attempt to move pages is seen in the capture';
  const said = `${seen}, which says little: no event that shows one is in it (cma, migrate, compaction, page_isolation)`;
  const { output } = await runCli(['report', quiet, '--width', '0']);
  assert.ok(output.startsWith(`quiet.txt · N${seen} (ftrace · `), output.slice(0, 200));
  assert.ok(output.includes(`\n  N${said}`));
  assert.doesNotMatch(output, /No page failed to move|nobody/);
  const json = await runCli(['report', quiet, '--format', 'json']);
  const { captures } = JSON.parse(json.output) as { captures: { doubts: string[] }[] };
  assert.ok(captures[0]?.doubts.some((doubt) => doubt.startsWith(`N${said}`)));
  const compared = await runCli(['compare', SAMPLE, quiet]);
  assert.ok(compared.output.replace(/\s+/g, ' ').includes(`After: n${said}`));
});

test('without an attempt in what is left of a capture, nobody is said not to have been in the way', async () => {
  const cut = file('cut.gz', gzipSync(readFileSync(SAMPLE).subarray(0, 40_000)).subarray(0, -20));
  const overwritten = file(
    'overwritten.txt',
    '# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/500   #P:2\n',
  );
  for (const [capture, headline, why] of [
    ['test/fixtures/f_pipe_lost/trace_pipe.txt.gz', 'seen in what the capture has kept', '7599 events lost;'],
    [
      'test/fixtures/f_raw_overwritten/trace.txt.gz',
      'seen in what the capture has kept',
      '18,095 earlier events overwritten;',
    ],
    [overwritten, 'No event is in what the capture has kept', '500 earlier events overwritten;'],
    [cut, 'seen in what could be read', 'places of it could not be read;'],
  ] as const) {
    const { output } = await runCli(['report', capture, '--width', '0']);
    const [heading = ''] = output.split('\n');
    assert.ok(heading.includes(headline), heading);
    assert.ok(output.includes(`says little: `) && output.includes(why), output.slice(0, 900));
    assert.doesNotMatch(output, /nobody|No page failed to move/);
  }
});

test('a perf.data without the formats of its tracepoints is refused, though its data is whole', async () => {
  const whole = gunzipSync(readFileSync('test/fixtures/perf/multi.perf.data.gz'));
  const formats = whole.readBigUInt64LE(40) + whole.readBigUInt64LE(48);
  const cut = file('cut.perf.data', whole.subarray(0, Number(formats) + 1688));
  const { status, output, errors } = await runCli(['report', cut, '--exit-code']);
  assert.deepEqual([status, output], [2, '']);
  assert.match(errors, /it is cut off, and the fields of its tracepoints cannot be read\.\n/);
});

test('where most events cannot be read, neither the headline nor the status is a clean bill', async () => {
  const events = ['page_ref:page_ref_set', 'kmem:mm_page_alloc', 'page_ref:page_ref_mod'].map(
    (name) => `owner   696 [000]   321.996783:     ${name}: \n\tffffffffbe2bf783 get_page_from_freelist\n\n`,
  );
  const info =
    'owner   696 [000]   321.996790:   migrate:mm_migrate_pages_start: mode=MIGRATE_SYNC reason=contig_range\n';
  const bare = file('bare.txt', events.join('') + info);
  const { status, output } = await runCli(['report', bare, '--exit-code', '--width', '0']);
  assert.equal(status, 1);
  assert.match(output, /^bare\.txt · No page that failed to move is named in what could be read /);
});

test('events without stacks do not show an attempt, and that is said', async () => {
  const counts = readFileSync(SAMPLE, 'utf8')
    .split('\n')
    .filter((line) => /^#|: page_ref_|: mm_page_/.test(line));
  const { output } = await runCli(['report', file('counts.txt', `${counts.join('\n')}\n`), '--width', '0']);
  assert.match(output, /^ {2}No attempt to move pages is seen in the capture, which says little: no event/m);
});

function pageDump(refcount: number): string {
  return [
    `page:000000003e1f0a31 refcount:${refcount} mapcount:1 mapping:0000000092899e71 index:0x0 pfn:0x12f90`,
    'flags: 0x40000000000a001d(locked|uptodate|dirty|lru|mappedtodisk|swapbacked|zone=1) CMA',
    'page dumped because: migration failure',
  ]
    .map((line) => `[  211.000090] ${line}\n`)
    .join('');
}

test('a page dump has the reason that the log gives, where it does not say which migration it was', async () => {
  const { output } = await runCli(['report', file('dump.txt', pageDump(4))]);
  assert.match(output, /^ {2}0x12f90 · .*\(migration failure\)$/m);
  assert.doesNotMatch(output, /reason unknown/);
});

test('a page dump is explained by what a kernel log can have, not by gets and puts of a trace', async () => {
  const log = file('counted.txt', pageDump(3));
  const { output } = await runCli(['report', log, '--width', '0']);
  assert.match(output, /^ {6}1 reference more than migration accounts for$/m);
  assert.match(
    output,
    /^ {6}A page dump has the count alone, and a kernel log no get or put: record page_ref/m,
  );
  assert.doesNotMatch(output, /no event explains|never put in the capture/);
  const byHolder = await runCli(['report', log, '--width', '0', '--group-by', 'holder']);
  assert.match(byHolder.output, /^ {2}Untraced: 1 page \(references more than migration accounts for\)$/m);
});

test('a tree that is no kernel tree is refused before anything is printed', async () => {
  for (const [tree, message] of [
    [path.join(scratch, 'nowhere'), /nowhere does not exist or cannot be read/],
    [scratch, /is not a kernel source tree: it has no Makefile, Kconfig/],
  ] as const) {
    const { status, output, errors } = await runCli(['report', SAMPLE, '--tree', tree]);
    assert.equal(status, 2);
    assert.equal(output, '');
    assert.match(errors, message);
  }
});

test(
  'output that cannot be written is told in a line, with the reason',
  { skip: !existsSync('/dev/full') },
  async () => {
    for (const args of [['report', SAMPLE], ['events', SAMPLE], ['--version']]) {
      const { status, errors } = await runCliIntoFile(args, '/dev/full');
      assert.equal(errors, 'page-holders: standard output cannot be written: no space left on device.\n');
      assert.equal(status, 2);
    }
  },
);

test('whoever reads the output may stop reading', async () => {
  const copies = Array.from({ length: 8 }, (_, copy) =>
    file(`copy${copy}.gz`, readFileSync('test/fixtures/c_jbd2/report.txt.gz')),
  );
  const { status, errors } = await runCliAndLeave(['report', '--format', 'json', ...copies]);
  assert.deepEqual([status, errors], [0, '']);
});

test('whoever reads the output may stop reading, and still has the exit status', async () => {
  const copies = Array.from({ length: 8 }, (_, copy) =>
    file(`held${copy}.gz`, readFileSync('test/fixtures/c_jbd2/report.txt.gz')),
  );
  const args = ['report', '--format', 'json', '--exit-code', SAMPLE, ...copies];
  const { status, errors } = await runCliAndLeave(args);
  assert.deepEqual([status, errors], [1, '']);
});

test('record-script prints a script, and takes only what a script can be made of', async () => {
  const { status, output, errors } = await runCli([
    'record-script',
    '--pfn',
    '0x12800..0x12fff',
    '--buffer',
    '4096',
  ]);
  assert.deepEqual([status, errors], [0, '']);
  assert.match(output, /^#!\/bin\/sh\n/);
  assert.match(output, /\npfn_first=0x12800\npfn_last=0x12fff\n/);
  assert.match(output, /\nbuffer_kb=4096\n/);
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--pfn', '0x20..x'], /--pfn 0x20\.\.x: expected page frame numbers, like/],
    [['--pfn', '0x20..0x10'], /--pfn 0x20\.\.0x10: the ends are reversed; expected 0x10\.\.0x20\n/],
    [['--pfn', '5', '--cma-area', 'dma'], /two ways to say the same/],
    [['--cma-area', '../x'], /--cma-area \.\.\/x: expected a name as in debugfs/],
    [['--events', 'all'], /--events all: expected auto, page_ref, page_pin_owner or page_pinner/],
    [['--buffer', '0'], /--buffer 0: expected a number from 1 to 1000000000\n/],
    [['--seconds', '9999999999'], /--seconds 9999999999: expected a number from 1 to 1000000000\n/],
    [
      ['--threshold', '5', '--events', 'page_ref'],
      /--threshold 5: is of page_pinner alone; expected --events page_pinner or auto\n/,
    ],
    [['--reason', 'cma', '--events', 'page_ref'], /--reason cma: is of page_pin_owner alone; expected/],
    [['--reason', 'cma_alloc'], /--reason cma_alloc: expected compaction, memory_failure, .* damon or cma\n/],
    [['--clock', 'foo'], /--clock foo: expected local, global, .* x86-tsc or ppc-tb\n/],
    [['file'], /unexpected file/],
  ];
  for (const [args, message] of wrong) {
    const refused = await runCli(['record-script', ...args]);
    assert.equal(refused.status, 2, args.join(' '));
    assert.match(refused.errors, message);
  }
});

test('--exit-code is 1 where nothing tells whose the references are', async () => {
  const addresses = 'test/fixtures/perf/multi.perf.data.gz';
  const { status, output } = await runCli(['report', addresses, '--exit-code']);
  assert.equal(status, 1);
  assert.match(output, /· At least 1 page failed to move, not judged \(/);
});

test('what cannot be read in place is to be copied under its own name', async () => {
  const { status, errors } = await runCli(['report', '/dev/null']);
  assert.equal(status, 2);
  assert.match(errors, /: cat \/dev\/null > null\.txt\n$/);
});

test('a serial line that does not tell its columns has those of a mail', (context) => {
  if (spawnSync('script', ['--version']).status !== 0) {
    context.skip('no script of util-linux');
    return;
  }
  const { output } = inShell('script -qc "stty cols 0; node $0 report $1" /dev/null < /dev/null', SAMPLE);
  assert.match(output, /\[1mtrace\.txt ·.* \u001b\[2m10\.8 s\)/);
});

test('the help fits a terminal of 80 columns', async () => {
  const { output } = await runCli(['--help']);
  assert.deepEqual(
    output.split('\n').filter((line) => line.length > 79),
    [],
  );
});

test('lines break between what is listed and summed up, and no count is torn from its name', async () => {
  const { output } = await runCli(['report', 'test/fixtures/c_jbd2/report.txt.gz', '--width', '72']);
  assert.match(output, / = 1 isolation\n +\+ 1 private data \+ 1 page cache /);
  assert.match(output, /\(4 × page cache lookup,\n +2 × LRU batch, 2 × writeback, isolation\)\n/);
});

test('- is standard input, beside files too', async () => {
  const text = readFileSync(SAMPLE, 'utf8');
  const { status, output, errors } = await runCli(['report', '-'], text);
  assert.deepEqual([status, errors], [0, '']);
  assert.match(output, /^standard input · 1 page failed to move, 1 held/);
  assert.equal(
    (await runCli(['report', SAMPLE])).output.split('\n').slice(1).join('\n'),
    output.split('\n').slice(1).join('\n'),
  );
  const json = await runCli(['report', '-', '--format', 'json'], text);
  assert.match(json.output, /^\{"version":1,"captures":\[\{"path":"standard input",/);
  const kallsyms = await runCli(['report', '-', SAMPLE], '0000000000000000 A nothing\n'.repeat(50));
  assert.match(kallsyms.output, /^trace\.txt · 1 page failed to move, 1 held/);
});

test('what is wrong with standard input is told of standard input, with what came', async () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /standard input is empty: the program that should write a capture there wrote nothing/],
    [
      'ssh: connect failed\n',
      /standard input cannot be opened: .*text, which begins "ssh: connect failed", exp/,
    ],
    ['\n\n  \x1b[31mno such host\r\x07', /, which begins "\[31mno such host··", expected/],
    [' \n', /no line of a trace was found in this text, expected/],
    ['[here](command:evil)', /, which begins "\[here\]·\(command:evil\)", expected/],
  ];
  for (const [text, message] of wrong) {
    const { status, output, errors } = await runCli(['events', '-'], text);
    assert.deepEqual([status, output], [2, '']);
    assert.match(errors, message);
    assert.doesNotMatch(errors, /page-holders-/, 'no temporary file');
  }
  const nowhere = path.join(scratch, 'nowhere');
  assert.equal(
    (await runCli(['report', '-'], 'x', { TMPDIR: nowhere })).errors,
    `page-holders: standard input cannot be copied to the temporary folder ${nowhere}: no such file or directory.\n`,
  );
  const twice = await runCli(['report', '-', '-'], 'x');
  assert.match(twice.errors, /report: - given more than once; standard input can be read once/);
});

/** The command line as a shell runs it, with `$0` for it and `$1`… for the arguments. */
function inShell(script: string, ...args: readonly string[]) {
  const shell = spawnSync('bash', ['-c', script, path.resolve('dist/page-holders.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: path.join(scratch, 'cache') },
  });
  return { status: shell.status, output: shell.stdout, errors: shell.stderr };
}

test('what a shell gives in place of a file is read, each under its own name', () => {
  const { status, output, errors } = inShell('node "$0" report <(cat "$1") <(cat "$1")', SAMPLE);
  assert.deepEqual([status, errors], [0, '']);
  assert.equal(output.match(/^\/dev\/fd\/\d+ · 1 page failed to move, 1 held/gm)?.length, 2);
  const nothing = inShell('node "$0" report <(true)');
  assert.equal(nothing.status, 2);
  assert.match(
    nothing.errors,
    /^page-holders: \/dev\/fd\/\d+ is empty: the program that should write a capture/,
  );
});

test('files of the kernel that have no size are read as they are', async () => {
  const { status, errors } = await runCli(['report', '/proc/version']);
  assert.equal(status, 2);
  assert.match(
    errors,
    /^page-holders: \/proc\/version cannot be opened: .*text, which begins "Linux version /,
  );
  assert.match(
    (await runCli(['report', file('empty', '')])).errors,
    /empty cannot be opened: the file is empty, expected ftrace/,
  );
});

test('a page and a range of which nothing is known have the same answer, and it is one', async () => {
  const reported = async (pfn: string): Promise<string> => {
    const { status, output, errors } = await runCli(['report', SAMPLE, '--pfn', pfn, '--width', '0']);
    assert.deepEqual([status, errors], [0, ''], pfn);
    return output;
  };
  assert.match(await reported('0x1'), /^ {2}0x1: no event of the capture tells of its references$/m);
  const range = await reported('0x1..0x2');
  assert.match(range, /^trace\.txt · 0 of 1 page that failed to move \(filter: 0x1\.\.0x2\)/);
  assert.match(range, /^ {2}0x1\.\.0x2: no event of the capture tells of their references$/m);
  assert.match(range, /^ {2}Left out by the filter: 1 page$/m);
  const both = await reported('0x12f98,0x1..0x2');
  assert.match(both, /^ {2}0x12f98 · held by 3/m);
  assert.match(both, /^ {2}0x1\.\.0x2: no event/m);
});

test('--full prints all of what a filter leaves, and none of what it leaves out', async () => {
  const { output } = await runCli(['report', SAMPLE, '--pfn', '0x1', '--full']);
  assert.match(output, /^ {2}Left out by the filter: 1 page\n\n/m);
  assert.doesNotMatch(output, /held by/);
});

test('--width breaks lines there, 0 nowhere', async () => {
  const narrow = await runCli(['report', SAMPLE, '--width', '50']);
  const rows = narrow.output.split('\n').filter((line) => line.includes(' '));
  assert.ok(rows.every((line) => line.length <= 60));
  const whole = await runCli(['report', SAMPLE, '--width', '0']);
  assert.match(
    whole.output,
    /^ +pipe buffer · vmsplice · owner-225 · still held \(held ≥ 47\.3 ms · match assumed\)$/m,
  );
  assert.equal(unbroken(whole.output), unbroken((await runCli(['report', SAMPLE])).output));
  assert.match(
    (await runCli(['report', SAMPLE, '--width', 'wide'])).errors,
    /--width wide: expected columns/,
  );
});

test('--pfn takes a range of which the capture tells something', async () => {
  const { output } = await runCli(['report', SAMPLE, '--pfn', '0x12f90..0x12f9f']);
  assert.match(output, /0x12f98 · held by 3/);
  assert.equal((await runCli(['report', SAMPLE, '--pfn', '12f90..12f9f'])).output, output);
  assert.equal(
    (await runCli(['report', SAMPLE, '--pfn', '12f98'])).output,
    (await runCli(['report', SAMPLE, '--pfn', '0x12f98'])).output,
  );
  assert.match(
    (await runCli(['report', SAMPLE, '--pfn', '5..'])).errors,
    /--pfn 5\.\.: expected a page frame number/,
  );
});
