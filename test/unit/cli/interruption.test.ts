/** Ctrl+C: what was read of a capture by then is told, where there is something to tell. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { before } from 'node:test';
import { interruptCli, scratch, unbroken } from './support/runCli';

const SAMPLE = 'media/sample/trace.txt';
const LINE =
  '          <idle>-0       [001] d..2.    39.000001: sched_switch: prev_comm=swapper/1 next_comm=sh\n';
/** The sample, and behind it what takes a second or two to read. */
const BIG = path.join(scratch, 'big.txt');
const AGAIN = 'Ctrl+C again ends at once.';
/** Where it is seen how far the program is. */
const options = { skip: !existsSync('/proc/self/fd') };

before(() => {
  const sample = readFileSync(SAMPLE);
  writeFileSync(BIG, Buffer.concat([sample, Buffer.from(LINE.repeat(4_000_000))]));
});

test('what was read till Ctrl+C is reported, and how far that was is said', options, async () => {
  const { status, output, errors } = await interruptCli(['report', BIG], BIG);
  assert.equal(status, 130);
  assert.equal(
    errors,
    `page-holders: stopped reading big.txt, going on with what was read of it; ${AGAIN}\n`,
  );
  assert.match(unbroken(output), /^big\.txt · 1 page failed to move, 1 held \(read to \d+ % · ftrace · /);
});

test('events, export and compare go on in the same way', options, async () => {
  const told = /^page-holders: stopped reading big\.txt, going on with what was read of it; /;
  const events = await interruptCli(['events', BIG, '--filter', 'is:mark'], BIG);
  assert.match(events.errors, told);
  assert.match(events.output, /0x12f98 /);
  const exported = await interruptCli(['export', BIG, '--as', 'json'], BIG);
  assert.match(exported.errors, told);
  assert.match(exported.output, /"Read to \d+ %: more pages/);
  const compared = await interruptCli(['compare', SAMPLE, BIG], BIG);
  assert.match(compared.errors, told);
  assert.match(unbroken(compared.output), /Careful: \S+big\.txt: Read to \d+ %: more pages/);
  assert.deepEqual([events.status, exported.status, compared.status], [130, 130, 130]);
});

test('with the first of two captures that are compared there is nothing to tell', options, async () => {
  const { status, output, errors } = await interruptCli(['compare', BIG, SAMPLE], BIG);
  assert.deepEqual([status, output, errors], [130, '', '']);
});

test('captures behind it are not read any more, and files that name frames are', options, async () => {
  const kallsyms = path.join(scratch, 'kallsyms');
  writeFileSync(kallsyms, 'ffffffff81000000 T _text\nffffffff81000100 T start_kernel\n');
  const { status, output, errors } = await interruptCli(['report', BIG, kallsyms, SAMPLE], BIG);
  assert.equal(status, 130);
  assert.match(
    errors,
    /\npage-holders: media\/sample\/trace\.txt: was not read, as reading was stopped\.\n$/,
  );
  assert.match(output, /^kallsyms \(names of 2 kernel functions\)$/m);
  assert.doesNotMatch(output, /^trace\.txt/m);
});

test('of captures before one of which nothing can be told yet is told', options, async () => {
  const pipe = path.join(scratch, 'silent');
  execFileSync('mkfifo', [pipe]);
  // Whoever writes there says nothing.
  const silent = createWriteStream(pipe, { flags: 'r+' });
  const { status, output, errors } = await interruptCli(['report', SAMPLE, pipe], pipe);
  silent.destroy();
  assert.equal(status, 130);
  assert.match(errors, /^page-holders: stopped reading silent, going on with what was read before it; /);
  assert.match(errors, /\npage-holders: \S+silent: was not read, as reading was stopped\.\n$/);
  assert.match(output, /^trace\.txt · 1 page failed to move/);
});

test('a stream that nobody ends is ended by Ctrl+C: what came is the capture', options, async () => {
  const pipe = path.join(scratch, 'live');
  execFileSync('mkfifo', [pipe]);
  const writer = createWriteStream(pipe, { flags: 'r+' });
  createReadStream(SAMPLE).pipe(writer, { end: false });
  const { status, output, errors } = await interruptCli(['report', pipe], pipe);
  writer.destroy();
  assert.equal(status, 130);
  assert.match(errors, /^page-holders: stopped reading live, going on with what was read of it; /);
  assert.match(output, /^live · 1 page failed to move, 1 held \(ftrace · 216 events · 10\.8 s\)\n/);
});

test('a second Ctrl+C ends the program', options, async () => {
  const pipe = path.join(scratch, 'second');
  execFileSync('mkfifo', [pipe]);
  const silent = createWriteStream(pipe, { flags: 'r+' });
  // Names are still read after the first one, which wait for ever here.
  const { status, output, errors } = await interruptCli(['report', BIG, pipe], BIG, pipe);
  silent.destroy();
  assert.deepEqual([status, output], [130, '']);
  assert.match(errors, /^page-holders: stopped reading big\.txt, [^\n]*\n$/);
});

test('where the reader of the output is gone it ends quietly, as it was interrupted', options, async () => {
  const { status, errors } = await interruptCli(['report', BIG], BIG, null, true);
  assert.equal(status, 130);
  assert.match(errors, /^page-holders: stopped reading big\.txt, [^\n]*\n$/);
});
