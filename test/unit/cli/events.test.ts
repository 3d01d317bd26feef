import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { runCli } from './support/runCli';

const SAMPLE = 'media/sample/trace.txt';

test('events are printed in columns, those that a page failed at with a star', async () => {
  const { status, output, errors } = await runCli(['events', SAMPLE, '--filter', 'pfn:0x12f98 is:mark']);
  assert.deepEqual([status, errors], [0, '']);
  const lines = output.trimEnd().split('\n');
  assert.equal(lines.length, 6);
  assert.match(
    lines[0]!,
    /^\* +28\.182964 +0 {2}cma-alloc-230 +0x12f98 {2}Put -1: count 1027 +isolation +isolate_migratepages_block/,
  );
  assert.ok(lines.every((line) => line.startsWith('*')));
});

test('a name at the beginning of a row stays as it is written', async () => {
  const what = async (capture: string, filter: string): Promise<string> =>
    (await runCli(['events', capture, '--filter', filter])).output;
  assert.match(
    await what('test/fixtures/b_multi/report.txt.gz', 'event:cma_alloc_start'),
    / {2}reserved · 2048 pages {2}/,
  );
  assert.match(await what(SAMPLE, 'event:test_pages_isolated'), / {2}To 0x12fff · fail/);
  const { output } = await runCli(['report', 'test/fixtures/d_hard/trace.dat', '--full']);
  assert.match(output, /^ +memory_failure: Recovered · /m);
  assert.doesNotMatch(output, /Memory_/);
});

test('all events come in windows, and no more than the limit', async () => {
  const all = await runCli(['events', SAMPLE]);
  assert.equal(all.output.trimEnd().split('\n').length, 216);
  const some = await runCli(['events', SAMPLE, '--limit', '5']);
  assert.equal(some.output, all.output.split('\n').slice(0, 5).join('\n') + '\n');
  assert.equal((await runCli(['events', SAMPLE, '--limit', '0'])).output, '');
});

test('on a terminal an event is as wide as that, elsewhere it is one line', async () => {
  const asked = ['events', SAMPLE, '--filter', 'pfn:0x12f98 is:mark'];
  const { output } = await runCli([...asked, '--width', '80']);
  const lines = output.trimEnd().split('\n');
  assert.deepEqual(lines.slice(0, 4), [
    '* 28.182964     0  cma-alloc-230   0x12f98  Put -1: count 1027',
    '      isolation · isolate_migratepages_block · page_ref_mod_and_test',
    '* 28.186935     0  cma-alloc-230   0x12800  To 0x12fff · fail · in use: 0x12f98',
    '      test_pages_isolated',
  ]);
  for (const line of (await runCli(['events', SAMPLE, '--width', '80'])).output.split('\n')) {
    assert.ok(line.length <= 80, line);
  }
  const wide = await runCli([...asked, '--width', '200']);
  assert.equal(wide.output.trimEnd().split('\n').length, 6);
  assert.equal((await runCli([...asked, '--width', '0'])).output, (await runCli(asked)).output);
  const script = spawnSync(
    'script',
    ['-qec', `stty cols 90; ${process.execPath} dist/page-holders.js events ${SAMPLE}`, '/dev/null'],
    { encoding: 'utf8', env: { ...process.env, TERM: 'dumb' } },
  );
  // Not every machine has that program.
  const onTerminal = script.error === undefined ? script.stdout.split(/\r?\n/) : [];
  for (const line of onTerminal) assert.ok(line.length <= 90, line);
  if (script.error === undefined) assert.ok(onTerminal.length > 216);
  const refused = await runCli([...asked, '--width', '80', '--format', 'json']);
  assert.deepEqual([refused.status, refused.output], [2, '']);
  assert.match(refused.errors, /events: --width is for text; JSON has one object a line\n/);
});

test('JSON has an object a line, with what the capture says and the stack', async () => {
  const { output } = await runCli([
    'events',
    SAMPLE,
    '--filter',
    'role:held',
    '--limit',
    '1',
    '--format',
    'json',
  ]);
  const event = JSON.parse(output) as Record<string, unknown>;
  assert.equal(event['timeNs'], '28170548000');
  assert.equal(event['pfn'], '0x12f98');
  assert.equal(event['kind'], 'pipe buffer');
  assert.equal(event['count'], 2);
  assert.ok((event['stack'] as string[]).includes('__do_sys_vmsplice'));
});

test('that no event matches is said, and is no failure', async () => {
  const nothing = await runCli(['events', SAMPLE, '--filter', 'stack:nothing']);
  assert.deepEqual(nothing, {
    status: 0,
    output: '',
    errors: `page-holders: ${SAMPLE}: no event matches.\n`,
  });
  const near = await runCli(['events', SAMPLE, '--filter', 'comm:cma']);
  assert.equal(near.errors, `page-holders: ${SAMPLE}: no event matches; did you mean comm:cma*?\n`);
  const dump = 'test/fixtures/dumps/page_owner.gz';
  assert.equal((await runCli(['events', dump])).errors, `page-holders: ${dump}: it has no event.\n`);
  assert.equal((await runCli(['events', SAMPLE, '--limit', '0'])).errors, '');
  const call = await runCli(['events', SAMPLE, '--filter', 'stack:vmsplice']);
  assert.match(call.output, /vmsplice-B-228/);
});

test('several captures are told apart, and one that cannot be read is told of', async () => {
  const other = 'test/fixtures/a_held/report.txt.gz';
  const { status, output, errors } = await runCli(['events', SAMPLE, 'absent', other, '--limit', '1']);
  assert.equal(status, 2);
  assert.match(errors, /absent does not exist/);
  assert.deepEqual(
    output.split('\n').filter((line) => line === SAMPLE || line === other),
    [SAMPLE, other],
  );
});

test('a filter that is not understood is shown with its place', async () => {
  const { status, output, errors } = await runCli(['events', SAMPLE, '--filter', 'cpu:1 pfn:zz']);
  assert.deepEqual([status, output], [2, '']);
  assert.match(errors, /events: --filter: pfn: expected a page frame number/);
  assert.match(errors, /\n {2}cpu:1 pfn:zz\n {12}\^\^\n/);
  const { errors: limit } = await runCli(['events', SAMPLE, '--limit', 'many']);
  assert.match(limit, /--limit many: expected a number of events/);
});

test('the help names every key of the filter', async () => {
  const { output } = await runCli(['events', '--help']);
  for (const key of ['pfn', 'comm', 'held', 'kind', 'stack'])
    assert.match(output, new RegExp(`\\n +${key} +[A-Z]`));
  for (const line of output.split('\n')) assert.ok(line.length <= 100, line);
});

test('what a clock of ticks cannot answer is said, not answered with nothing', async () => {
  const { status, errors } = await runCli([
    'events',
    'test/fixtures/f_dat_tsc/report.txt',
    '--filter',
    'held>1ms',
  ]);
  assert.equal(status, 2);
  assert.match(errors, /--filter: The clock of this capture counts ticks/);
});

test('a filter may begin with what is left out', async () => {
  const { status, output, errors } = await runCli(['events', SAMPLE, '--filter', '-comm:sh', '--limit', '3']);
  assert.deepEqual([status, errors], [0, '']);
  assert.equal(output.trimEnd().split('\n').length, 3);
});

test('an event of a range of pages is asked for by each of them, whatever the comparison', async () => {
  const count = async (filter: string): Promise<number> => {
    const { output } = await runCli(['events', SAMPLE, '--filter', `event:test_pages_isolated ${filter}`]);
    return output.split('\n').filter((line) => line !== '').length;
  };
  const all = await count('');
  assert.ok(all > 0);
  assert.equal(await count('pfn>0x12f97'), all);
  assert.equal(await count('pfn>=0x12f98'), all);
  assert.equal(await count('pfn<0x12801'), all);
  assert.equal(await count('pfn<0x12800'), 0);
  assert.equal(await count('pfn>0xfffff'), 0);
});
