/// <reference types="mocha" />
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { PageHoldersApi } from '../../src/extension';
import {
  capturesTree,
  closeAll,
  engineWorker,
  extension,
  holdAnswers,
  holdersText,
  sampleUri,
} from './extension';
import { until } from './until';

describe('the capture editor', () => {
  let folder: string;

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-editor-'));
    await extension().activate();
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await closeAll();
  });

  function fixture(name: string, as: string): vscode.Uri {
    const file = path.join(folder, as);
    copyFileSync(path.join(extension().extensionPath, 'test/fixtures', name), file);
    return vscode.Uri.file(file);
  }

  const viewTypes = (): readonly string[] =>
    vscode.window.tabGroups.all
      .flatMap(({ tabs }) => tabs)
      .map(({ input }) => (input instanceof vscode.TabInputCustom ? input.viewType : 'other'));

  it('is what trace.dat opens in, and has it read', async () => {
    await vscode.commands.executeCommand('vscode.open', fixture('f_dat_v7_zstd/trace.dat', 'trace.dat'));
    await until('the editor is open', () => viewTypes().includes('pageHolders.capture'));
    await until('its holders are shown', async () => (await holdersText()).includes('held by 3'));
    const rows = await (await capturesTree()).getChildren();
    assert.ok(rows.some((row) => 'node' in row && row.node.label === 'trace.dat'));
  });

  it('is offered for text, which opens as text by itself', async () => {
    const text = path.join(folder, 'night.txt');
    writeFileSync(text, '# tracer: nop\n');
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(text));
    await until('the tab is open', () => viewTypes().length === 1);
    assert.deepEqual(viewTypes(), ['other']);
  });

  it('is what a text too large for a text editor is shown in, by the open command', async () => {
    const sample = readFileSync(sampleUri().fsPath);
    const large = path.join(folder, 'large.txt');
    const times = Math.ceil((51 * 2 ** 20) / sample.length);
    writeFileSync(large, Buffer.concat(Array.from({ length: times }, () => sample)));
    await vscode.commands.executeCommand('pageHolders.openCapture', vscode.Uri.file(large));
    await until('the editor is open', () => viewTypes().includes('pageHolders.textCapture'));
    await until('its holders are shown', async () => (await holdersText()).includes('0x12f98'));
    // One capture, read once: the editor waits for what the command reads.
    const { holders } = (await extension().activate()) as PageHoldersApi;
    assert.ok((await holders.getChildren()).every((row) => !('node' in row) || row.node.kind !== 'capture'));
  });

  it('is closed with a question in flight without a failure', async () => {
    await vscode.commands.executeCommand('pageHolders.openSample');
    const { held, release } = holdAnswers(await engineWorker());
    const failures: unknown[] = [];
    const note = (failure: unknown): void => void failures.push(failure);
    process.on('unhandledRejection', note);
    try {
      await vscode.commands.executeCommand('pageHolders.openEditor');
      await until('its page has asked', () =>
        held.some((message) => message.type === 'result' && !Array.isArray(message.value)),
      );
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await until('the editor is closed', () => viewTypes().length === 0);
      release();
      await new Promise((resolve) => setTimeout(resolve, 300));
    } finally {
      release();
      process.off('unhandledRejection', note);
    }
    assert.deepEqual(failures, []);
  });

  it('opens for a capture that is open already, without reading it again', async () => {
    await vscode.commands.executeCommand('pageHolders.openSample');
    const before = await holdersText();
    await vscode.commands.executeCommand('pageHolders.openEditor');
    await until('the editor is open', () => viewTypes().includes('pageHolders.textCapture'));
    assert.equal(await holdersText(), before);
    assert.equal(
      (await (await capturesTree()).getChildren()).filter(
        (row) => 'node' in row && row.node.kind === 'capture',
      ).length,
      1,
    );
  });
});
