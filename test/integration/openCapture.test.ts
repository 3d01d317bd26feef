/// <reference types="mocha" />
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import * as vscode from 'vscode';
import { errorMessages, holdersText, kernelTree, sampleUri } from './extension';
import { until } from './until';

describe('opening captures', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-open-'));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    if ((await holdersText()) !== '') await vscode.commands.executeCommand('pageHolders.closeCapture');
  });

  function written(name: string, content: string | Uint8Array): vscode.Uri {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    return vscode.Uri.file(file);
  }

  const open = (uri: vscode.Uri) => vscode.commands.executeCommand('pageHolders.openCapture', uri);

  it('names the three holders of the sample, and which of them never let go', async () => {
    await vscode.commands.executeCommand('pageHolders.openSample');
    const text = await holdersText();
    assert.match(text, /^0x12f98 .*held by 3/m);
    for (const task of ['owner-225', 'vmsplice-B-228', 'pvm-reader-226']) {
      assert.match(text, new RegExp(`${task}\\b`), `${task} is missing in\n${text}`);
    }
    assert.match(text, /pipe buffer · vmsplice · owner-225 · still held/);
    assert.doesNotMatch(text, /pvm-reader-226 · still held/);
  });

  it('gives frames their file and line in the open kernel tree', async () => {
    await vscode.commands.executeCommand('pageHolders.openSample');
    const [, file, line] = await until(
      'iov_iter_get_pages2 has a place',
      async () => /\biov_iter_get_pages2 +(\S+):(\d+)/.exec(await holdersText()) ?? undefined,
    );
    assert.equal(file, 'lib/iov_iter.c');
    const source = readFileSync(path.join(kernelTree(), file), 'utf8').split('\n');
    assert.match(source[Number(line) - 1]!, /\b__iov_iter_get_pages_alloc\(/);
  });

  it('reads gzipped text, whatever its name', async () => {
    assert.deepEqual(
      await errorMessages(() => open(written('night', gzipSync(readFileSync(sampleUri().fsPath))))),
      [],
    );
    assert.match(await holdersText(), /^0x12f98 .*held by 3/m);
  });

  it('keeps what it read of a capture that ends in the middle of a line', async () => {
    const whole = readFileSync(sampleUri().fsPath);
    assert.deepEqual(await errorMessages(() => open(written('cut.txt', whole.subarray(0, -1001)))), []);
    assert.match(await holdersText(), /^0x12f98 .*held by 3/m);
  });

  const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), Buffer.alloc(4000)]);
  const unreadable: readonly (readonly [string, string, string | Uint8Array, RegExp])[] = [
    ['an empty file', 'empty.txt', '', /is empty/],
    ['an ELF file', 'vmlinux', elf, /ELF/],
    ['text of another kind', 'notes.md', '# Notes\n\nNothing was traced.\n', /ftrace/],
  ];
  for (const [what, name, content, expected] of unreadable) {
    it(`says of ${what} what it is and what was expected`, async () => {
      const said = await errorMessages(() => open(written(name, content)));
      assert.equal(said.length, 1);
      assert.ok(said[0]!.includes(name), said[0]);
      assert.match(said[0]!, expected);
      assert.match(said[0]!, /trace-cmd report|ftrace/);
      assert.equal(await holdersText(), '');
    });
  }

  it('says of a file that is not there that it does not exist', async () => {
    const [said] = await errorMessages(() => open(vscode.Uri.file(path.join(folder, 'gone.txt'))));
    assert.match(said ?? '', /gone\.txt.*does not exist/);
  });

  it('keeps the captures that are good when one among them is not', async () => {
    const both = [written('empty.txt', ''), sampleUri()];
    const said = await errorMessages(() =>
      vscode.commands.executeCommand('pageHolders.openResource', both[0], both),
    );
    assert.equal(said.length, 1);
    assert.match(await holdersText(), /0x12f98 .*held by 3/);
  });
});
