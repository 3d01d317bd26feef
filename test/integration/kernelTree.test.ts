/// <reference types="mocha" />
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { errorMessages, holdersText } from './extension';
import { until } from './until';

describe('the kernel tree', () => {
  let empty: string;

  before(async () => {
    empty = mkdtempSync(path.join(os.tmpdir(), 'page-holders-tree-'));
    await vscode.commands.executeCommand('pageHolders.openSample');
  });
  after(async () => {
    await set(undefined);
    await vscode.commands.executeCommand('pageHolders.closeCapture');
    rmSync(empty, { recursive: true, force: true });
  });

  const set = (folder: string | undefined) =>
    vscode.workspace
      .getConfiguration('pageHolders')
      .update('kernelTree', folder, vscode.ConfigurationTarget.Global);

  const isPlaced = async (): Promise<boolean> => /iov_iter\.c:\d+/.test(await holdersText());

  it('is the open folder when the setting is empty', async () => {
    await until('frames have places', isPlaced);
  });

  it('is refused, with the reason, when the setting names a folder that is none', async () => {
    const said = await errorMessages(async () => {
      await set(empty);
      await until('frames have no places', async () => !(await isPlaced()));
    });
    assert.equal(said.length, 1);
    assert.ok(said[0]!.includes(empty), said[0]);
    assert.match(said[0]!, /kernel (tree|source)/);
  });

  it('is the open folder again when the setting is taken back', async () => {
    await set(undefined);
    await until('frames have places again', isPlaced);
  });
});
