import assert from 'node:assert/strict';
import { linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import type { Comparison } from '../../../src/engine/comparing/compareCaptures';
import { runCli, scratch } from './support/runCli';

const SAMPLE = 'media/sample/trace.txt';
const BUFFERS = 'test/fixtures/c_jbd2/report.txt.gz';

test('export writes to standard output, or whole to a file', async () => {
  const file = path.join(scratch, 'holders.csv');
  const printed = await runCli(['export', SAMPLE, '--as', 'csv', '--kind', 'gup-pin']);
  assert.deepEqual([printed.status, printed.errors], [0, '']);
  assert.match(printed.output, /^capture,pfn,order,/);
  const written = await runCli(['export', SAMPLE, '--as', 'csv', '--kind', 'gup-pin', '-o', file]);
  assert.deepEqual(written, { status: 0, output: '', errors: '' });
  assert.equal(readFileSync(file, 'utf8'), printed.output);
});

test('JSON is what the report prints', async () => {
  const reported = await runCli(['report', SAMPLE, '--format', 'json']);
  assert.deepEqual(await runCli(['export', SAMPLE, '--as', 'json']), reported);
});

test('export says what it expects, and of a file that it cannot write', async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['export', SAMPLE], /export: expected --as markdown, json, csv or speedscope/],
    [['export', SAMPLE, '--as', 'xml'], /export: --as xml: expected markdown, json, csv or speedscope/],
    [['export', '--as', 'csv'], /export: no capture given/],
    [['export', SAMPLE, '--as', 'csv', '--role', 'lost'], /export: --role lost: expected held, /],
    [
      ['export', SAMPLE, '--as', 'csv', '-o', path.join(scratch, 'no/x')],
      /no\/x cannot be written: no such file or directory\. Choose/,
    ],
    [
      ['export', SAMPLE, '--as', 'csv', '-o', scratch],
      /page-holders-cli-\S+ is a folder\. Name a file in it\.\n$/,
    ],
    [['export', path.join(scratch, 'absent'), '--as', 'csv'], /absent does not exist/],
  ];
  for (const [args, message] of wrong) {
    const { status, output, errors } = await runCli(args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(output, '');
    assert.match(errors, message);
  }
});

test('export replaces none of the files that it reads, by whichever name', async () => {
  const capture = path.join(scratch, 'only.txt');
  const content = readFileSync(SAMPLE);
  writeFileSync(capture, content);
  const link = path.join(scratch, 'only-link.txt');
  symlinkSync(capture, link);
  const hardLink = path.join(scratch, 'only-hard-link.txt');
  linkSync(capture, hardLink);
  const rules = path.join(scratch, 'only-rules.json');
  writeFileSync(rules, '{"rules":[]}');
  for (const [read, written] of [
    [[capture], capture],
    [[capture], path.join(scratch, '.', 'only.txt')],
    [[SAMPLE, capture], link],
    [[link], capture],
    [[capture], hardLink],
    [[SAMPLE, '--rules', rules], rules],
  ] as const) {
    const { status, output, errors } = await runCli(['export', ...read, '--as', 'csv', '-o', written]);
    assert.deepEqual([status, output], [2, ''], written);
    assert.match(errors, /^page-holders: \S+ is .*export.*\. Choose another place\.\n$/);
  }
  assert.deepEqual(readFileSync(capture), content);
  assert.equal(readFileSync(rules, 'utf8'), '{"rules":[]}');
});

test('what a table or a graph has no place for is told beside it', async () => {
  const exported = async (capture: string, as: string): Promise<string> => {
    const { status, errors } = await runCli(['export', capture, '--as', as]);
    assert.equal(status, 0);
    return errors;
  };
  const lost = 'test/fixtures/f_pipe_lost/trace_pipe.txt.gz';
  assert.match(await exported(lost, 'csv'), /: 7599 events lost: holders may be missing or wrong .*\.\n/);
  assert.match(
    await exported(lost, 'csv'),
    /: no page that failed to move is named in it: nothing of it is in the table\.\n/,
  );
  const untraced = 'test/fixtures/p_shmem_held/trace.txt.gz';
  assert.match(await exported(untraced, 'speedscope'), /kept a page: nothing of it is in the graph\.\n/);
  assert.equal(await exported(untraced, 'csv'), '');
  assert.equal(await exported(SAMPLE, 'speedscope'), '');
  const cut = path.join(scratch, 'cut.txt');
  writeFileSync(cut, readFileSync(SAMPLE).subarray(0, 20_000));
  const unread = /cut\.txt: 1 place of it could not be read; page-holders report says where\.\n/;
  assert.match(await exported(cut, 'csv'), unread);
  assert.match((await runCli(['events', cut])).errors, unread);
});

test('of a dump alone the allocations are exported, and what the filter leaves out is told', async () => {
  const dump = 'test/fixtures/dumps/page_owner.gz';
  const all = await runCli(['export', dump, '--as', 'csv']);
  assert.deepEqual([all.status, all.errors], [0, '']);
  assert.match(all.output, /^capture,stack_pages,pages,/);
  const many = await runCli(['export', dump, '--as', 'csv', '--min-pages', '96']);
  assert.equal(many.output, all.output.split('\r\n').slice(0, 4).join('\r\n') + '\r\n');
  assert.equal(many.errors, `page-holders: ${dump}: left out by the filter: 57 stacks, 223 pages.\n`);
  const none = await runCli(['export', dump, '--as', 'speedscope', '--min-pages', '1000']);
  assert.equal(
    none.errors,
    `page-holders: ${dump}: the filter leaves out all of it, 60 stacks, 583 pages: nothing of it is in the graph.\n`,
  );
  const beside = await runCli(['export', SAMPLE, dump, '--as', 'csv']);
  assert.match(beside.output, /^capture,pfn,order,/);
  assert.equal(
    beside.errors,
    `page-holders: ${dump}: its allocations are not in the table, which is of marks; export it alone for them.\n`,
  );
});

test('compare prints text or JSON, and its exit code tells of new holders', async () => {
  const text = await runCli(['compare', SAMPLE, BUFFERS, '--exit-code']);
  // Busy buffer heads are nobody's reference; the other way there is a pipe.
  assert.equal(text.status, 0);
  assert.equal((await runCli(['compare', BUFFERS, SAMPLE, '--exit-code'])).status, 1);
  assert.match(text.output, /^New \(1\): /m);
  assert.deepEqual(
    text.output.split('\n').filter((line) => line.length > 78),
    [],
  );
  assert.match(text.output, /^Careful: The captures are of very different length: .*\n {4}\S/m);
  const json = await runCli(['compare', SAMPLE, SAMPLE, '--format', 'json', '--exit-code']);
  assert.equal(json.status, 0);
  const { version, before, appeared, unchanged } = JSON.parse(json.output) as Comparison;
  assert.deepEqual([version, before.path, appeared, unchanged.length], [1, SAMPLE, [], 2]);
});

test('compare needs two captures that can be read', async () => {
  for (const [args, message] of [
    [[SAMPLE], /compare: expected two captures/],
    [[SAMPLE, path.join(scratch, 'absent')], /absent does not exist/],
    [
      [SAMPLE, 'test/fixtures/dumps/page_owner.gz'],
      /^page-holders: \S+page_owner\.gz cannot be compared: it tells/,
    ],
    [[SAMPLE, BUFFERS, '--group-by', 'task'], /compare: unknown option --group-by/],
  ] as const) {
    const { status, output, errors } = await runCli(['compare', ...args]);
    assert.equal(status, 2);
    assert.equal(output, '');
    assert.match(errors, message);
  }
});

test('compare takes two captures and what helps with them, and no third', async () => {
  const third = await runCli(['compare', SAMPLE, BUFFERS, SAMPLE]);
  assert.deepEqual([third.status, third.output], [2, '']);
  assert.match(third.errors, /^page-holders: compare: expected two captures; media\S+ is one more\.\nTry: /);
  const two = await runCli(['compare', SAMPLE, BUFFERS]);
  assert.deepEqual(await runCli(['compare', SAMPLE, BUFFERS, 'test/fixtures/dumps/page_owner.gz']), two);
});

test('to a script, pages that cannot be judged any more are no cure', async () => {
  const addresses = 'test/fixtures/perf/multi.perf.data.gz';
  assert.equal((await runCli(['compare', SAMPLE, addresses, '--exit-code'])).status, 1);
  assert.equal((await runCli(['compare', addresses, addresses, '--exit-code'])).status, 0);
});
