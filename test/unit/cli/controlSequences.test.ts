/** Names in a capture are whatever somebody called them; what is printed of them is no command to a terminal. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { visibleText } from '../../../src/engine/visibleText';
import { runCli, scratch } from './support/runCli';

const TITLE = '\x1b]0;X\x07';
const FUNCTION = 'evil\x1b[31m\u009bfn';
const AREA = 'res\x1b[2J\u202eved';
const COMM = `${TITLE}\x7f\u2066own`;

/** The sample, in which names are commands. */
const hostile = path.join(scratch, 'hostile.txt');
writeFileSync(
  hostile,
  readFileSync('media/sample/trace.txt', 'utf8')
    .replaceAll('owner-225 ', `${COMM}-225 `)
    .replaceAll('name=reserved', `name=${AREA}`)
    .replaceAll(' => __do_sys_vmsplice', ` => ${FUNCTION}\n => __do_sys_vmsplice`),
);

/** What is wrong with the output of a command is seen by what would be shown of it. */
function assertPlain(text: string, what: string): void {
  assert.equal(text, visibleText(text), what);
}

test('reports, events, tables and comparisons show the names, and say nothing to the terminal', async () => {
  const commands: readonly (readonly string[])[] = [
    ['report', hostile],
    ['report', hostile, '--full', '--width', '0'],
    ['report', hostile, '--group-by', 'attempt'],
    ['events', hostile],
    ['events', hostile, '--width', '60'],
    ['export', hostile, '--as', 'csv'],
    ['export', hostile, '--as', 'markdown'],
    ['compare', hostile, 'media/sample/trace.txt'],
  ];
  for (const args of commands) {
    const { status, output, errors } = await runCli(args);
    assert.equal(status, 0, args.join(' '));
    assertPlain(output + errors, args.join(' '));
    // What two captures have in common is a number.
    if (args[0] !== 'compare') assert.match(output, /\\x1b/, args.join(' '));
  }
  const { output } = await runCli(['events', hostile, '--filter', 'cma_alloc_start']);
  assert.ok(output.includes(visibleText(AREA)));
});

test('an export in a file is as plain, and CSV has its line ends', async () => {
  for (const format of ['csv', 'markdown']) {
    const file = path.join(scratch, `hostile.${format}`);
    await runCli(['export', hostile, '--as', format, '-o', file]);
    const text = readFileSync(file, 'utf8');
    assertPlain(text, format);
    assert.ok(text.includes(visibleText(`${COMM}-225`)) || format === 'markdown');
    assert.equal(text.endsWith('\r\n'), format === 'csv');
    assert.equal((await runCli(['export', hostile, '--as', format])).output, text);
  }
});

test('JSON has the names as they are, by escapes', async () => {
  const commands = [
    ['report', hostile, '--format', 'json'],
    ['events', hostile, '--format', 'json', '--filter', 'is:mark', '--limit', '1'],
    ['export', hostile, '--as', 'speedscope'],
    ['compare', hostile, 'media/sample/trace.txt', '--format', 'json'],
  ];
  for (const args of commands) {
    const { output } = await runCli(args);
    assertPlain(output, args.join(' '));
    assert.doesNotThrow(() => JSON.parse(output) as unknown, args.join(' '));
  }
  const report = JSON.stringify(JSON.parse((await runCli(commands[0]!)).output));
  for (const name of [COMM, FUNCTION]) assert.ok(report.includes(JSON.stringify(name).slice(1, -1)), name);
});

test('a name of a file in a message is as plain', async () => {
  const { status, errors } = await runCli(['report', '/nonexist\x1b[31m\rover']);
  assert.equal(status, 2);
  assert.equal(errors, String.raw`page-holders: /nonexist\x1b[31m\x0dover does not exist.` + '\n');
  const unknown = await runCli(['report', '--\x1b[2J']);
  assertPlain(unknown.errors, 'an option');
});

/** What the command line prints on a terminal; null where none can be had. */
function onTerminal(command: string, ...args: readonly string[]): string | null {
  if (spawnSync('script', ['--version']).status !== 0) return null;
  const run = spawnSync(
    'bash',
    ['-c', `script -qc '${command}' /dev/null < /dev/null`, path.resolve('dist/page-holders.js'), ...args],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        CLI: path.resolve('dist/page-holders.js'),
        FILE: args[0]!,
        NO_COLOR: '',
        TERM: 'xterm',
        XDG_CACHE_HOME: path.join(scratch, 'cache'),
      },
    },
  );
  return run.stdout;
}

/** Without what the terminal and the progress line make of it, and our own colours. */
function withoutOwn(output: string): string {
  return output
    .replaceAll('\r\n', '\n')
    .replaceAll('\r\x1b[2K', '')
    .replace(/\x1b\[(?:1|31|2|0)m/g, '');
}

test('on a terminal the colours are ours alone', (context) => {
  const output = onTerminal('node "$CLI" report "$FILE"', hostile);
  if (output === null) {
    context.skip('no script of util-linux');
    return;
  }
  assert.ok(output.includes('\x1b[1m'));
  assert.ok(output.includes(visibleText(FUNCTION)));
  assertPlain(withoutOwn(output), 'report');
});

test('resolve hands a log on as it is, but to a terminal no more of its commands than colours', async (context) => {
  const kallsyms = path.join(scratch, 'kallsyms');
  writeFileSync(kallsyms, `ffffffff9c000000 T evil\x1b[2Jfn\nffffffff9c001000 T next\n`);
  const log = `\x1b[32m[    1.0] red\x1b[0m ${TITLE}\n => ffffffff9c0000da\n`;
  const { output } = await runCli(['resolve', '--kallsyms', kallsyms], log);
  const [first, second] = output.split('\n');
  assert.equal(first, log.split('\n')[0]);
  // A name ends where a symbol's can.
  assert.match(second!, / evil\+0xda/);
  const file = path.join(scratch, 'console.log');
  writeFileSync(file, log);
  const shown = onTerminal(`cat "$FILE" | node "$CLI" resolve --kallsyms "${kallsyms}"`, file);
  if (shown === null) {
    context.skip('no script of util-linux');
    return;
  }
  assert.ok(shown.includes('\x1b[32m[    1.0] red\x1b[0m \\x1b]0;X\\x07'));
});
