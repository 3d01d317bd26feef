/// <reference types="mocha" />
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import * as vscode from 'vscode';
import type { FromEngine } from '../../src/engine/protocol';
import {
  capturesTree,
  closeAll,
  engineWorker,
  errorMessages,
  holdersText,
  sampleUri,
  warnings,
} from './extension';
import { until } from './until';

const run = (command: string, ...args: readonly unknown[]) =>
  vscode.commands.executeCommand(`pageHolders.${command}`, ...args);

/** Labels and descriptions of the Captures view, two levels deep. */
async function capturesText(): Promise<string> {
  const captures = await capturesTree();
  const lines: string[] = [];
  for (const row of await captures.getChildren()) {
    for (const each of [row, ...(await captures.getChildren(row))]) {
      const { label, description } = captures.getTreeItem(each);
      assert.ok(typeof label === 'string');
      lines.push(`${label} | ${String(description)}`);
    }
  }
  return lines.join('\n');
}

/** Whether the Captures view says so; the text of the Holders view waits for source lines, and says what was so before. */
async function isPartShown(): Promise<boolean> {
  const captures = await capturesTree();
  const rows = await captures.getChildren();
  return rows.some((row) => String(captures.getTreeItem(row).description).includes('% read'));
}

describe('the engine in its worker', () => {
  let folder: string;
  let big: vscode.Uri;

  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-engine-'));
    big = vscode.Uri.file(path.join(folder, 'big.txt.gz'));
    const file = openSync(big.fsPath, 'w');
    writeSync(file, gzipSync(readFileSync(sampleUri().fsPath)));
    // Events of another page, which bring nothing to show. 180 MB of them, most of it stacks, take 3 s to unpack and
    // read: on a busy machine it takes as long until a part is looked for again.
    const other =
      'task-7 [000] ..... 30.000001: page_ref_mod: pfn=0x99999 flags= count=2 val=1\n' +
      'task-7 [000] ..... 30.000001: <stack trace>\n' +
      ' => function_of_no_kernel+0x1/0x2\n'.repeat(40);
    const others = gzipSync(other.repeat(1000));
    for (let i = 0; i < 120; i++) writeSync(file, others);
    closeSync(file);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(closeAll);

  it('shows what was read of a large capture while it goes on being read, and says that it is a part', async () => {
    const opening = run('openCapture', big);
    const part = await until('a part of it', async () => {
      const text = await holdersText();
      return text.includes('% read') && text.includes('0x12f98') && text;
    });
    assert.match(part, /\d+ % read: more pages and holders may follow/);
    assert.match(part, /not released so far/);
    await opening;
    const whole = await holdersText();
    assert.doesNotMatch(whole, /% read|so far/);
    assert.match(whole, /still held/);
  });

  it('is stopped, and shows what was read', async () => {
    const opening = run('openCapture', big);
    await until('a part of it', isPartShown);
    await run('stopReading');
    assert.deepEqual(await errorMessages(() => opening), []);
    const shown = await holdersText();
    assert.match(shown, /0x12f98/);
    assert.doesNotMatch(shown, /% read/, 'no more is coming');
    assert.match(shown, /Read to \d+ %: more pages and holders may be in the rest \(reading was stopped/);
  });

  it('is closed while it is read, and leaves nothing of what was read', async () => {
    const opening = run('openCapture', big);
    await until('a part of it', isPartShown);
    await run('closeCapture');
    await until('nothing is shown', async () => (await holdersText()) === '');
    assert.deepEqual(await errorMessages(() => opening), []);
    await run('openSample');
    assert.match(await holdersText(), /^0x12f98 .*held by 3/m, 'the next capture is opened as ever');
  });

  it('is started anew when it ends, with the captures that were open, and says so', async () => {
    await run('openSample');
    const worker = await engineWorker();
    const said = await errorMessages(async () => {
      await worker.terminate();
      await until('the capture is open again', async () => /^0x12f98 .*held by 3/m.test(await holdersText()));
    });
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0]!, /stopped unexpectedly.*trace\.txt is opened again/);
    await until('the kernel tree is there again', async () =>
      /Kernel tree .*\| 6\./.test(await capturesText()),
    );
  });

  it('does not open by itself what it was reading when it ended', async () => {
    const opening = run('openCapture', big);
    await until('a part of it', isPartShown);
    const worker = await engineWorker();
    const said = await errorMessages(async () => {
      await worker.terminate();
      await opening;
    });
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0]!, /stopped unexpectedly.*big\.txt\.gz was closed/);
    assert.equal(await holdersText(), '');
  });

  it('leaves a capture closed that was closed while it was read again', async () => {
    await run('openCapture', big);
    const phases: string[] = [];
    (await engineWorker()).on('message', (message: FromEngine) => {
      if (message.type === 'progress') phases.push(message.report.phase);
    });
    const again = run('refresh');
    await until('it is read again', () => phases.includes('reading'));
    await run('closeCapture');
    assert.deepEqual(await errorMessages(() => again), []);
    assert.equal(await holdersText(), '');
    assert.deepEqual(await (await capturesTree()).getChildren(), []);
  });

  it('says that the file of an open capture is gone, and keeps what was read', async () => {
    const file = vscode.Uri.file(path.join(folder, 'gone.txt'));
    await vscode.workspace.fs.copy(sampleUri(), file);
    await run('openCapture', file);
    unlinkSync(file.fsPath);
    const text = await until('it is said', async () => {
      const rows = await capturesText();
      return rows.includes('deleted or moved since it was read') && rows;
    });
    assert.match(
      text,
      /^The file was deleted or moved away since it was read \| what was read of it is kept$/m,
    );
    assert.match(await holdersText(), /0x12f98 .*held by 3/);
    const [said] = await warnings(() => run('refresh'));
    assert.match(
      said ?? '',
      /^gone\.txt was deleted or moved away since it was read\. What was read of it stays/,
    );
    assert.match(await holdersText(), /0x12f98 .*held by 3/, 'what was read stays');
  });
});
