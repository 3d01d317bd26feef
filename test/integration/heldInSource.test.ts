/// <reference types="mocha" />
import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { closeAll, holdersText, kernelTree } from './extension';
import { until } from './until';

describe('what is held, in the kernel source', () => {
  let document: vscode.TextDocument;

  before(async () => {
    document = await vscode.workspace.openTextDocument(path.join(kernelTree(), 'fs/splice.c'));
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('pageHolders.openSample');
  });
  after(async () => {
    await set(undefined);
    await vscode.commands.executeCommand('pageHolders.clearFilter');
    await vscode.commands.executeCommand('pageHolders.groupBy', 'page');
    await closeAll();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  const set = (isOn: boolean | undefined) =>
    vscode.workspace
      .getConfiguration('pageHolders')
      .update('sourceLens', isOn, vscode.ConfigurationTarget.Global);

  async function lenses(of = document): Promise<readonly { line: string; command: vscode.Command }[]> {
    const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      of.uri,
    );
    return found.flatMap(({ range, command }) =>
      command?.command === 'pageHolders.showHeldThrough'
        ? [{ line: of.lineAt(range.start.line).text, command }]
        : [],
    );
  }

  it('is told above the functions through which pages are held', async () => {
    const found = await lenses();
    assert.deepEqual(
      found.map(({ line }) => /\w+(?=[(,])/.exec(line.replace('SYSCALL_DEFINE4(', ''))?.[0]),
      ['iter_to_pipe', 'vmsplice_to_pipe', 'vmsplice'],
    );
    assert.match(found[0]!.command.title, /held 1 page · 3 failed CMA allocations/);
  });

  it('leads to the holders that went through the function, and to no others', async () => {
    const [first] = await lenses();
    await vscode.commands.executeCommand(
      first!.command.command,
      ...((first!.command.arguments ?? []) as unknown[]),
    );
    const text = await holdersText();
    assert.match(text, /pipe buffer/);
    assert.doesNotMatch(text, /GUP pin · pvm-reader/);
    await vscode.commands.executeCommand('pageHolders.clearFilter');
  });

  it('stands beside its function when lines are put before it', async () => {
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, new vscode.Position(0, 0), '/* one\n * two\n */\n');
    await vscode.workspace.applyEdit(edit);
    assert.match((await lenses())[0]!.line, /iter_to_pipe\(/);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  it('is told in no other file', async () => {
    const other = await vscode.workspace.openTextDocument(path.join(kernelTree(), 'lib/string.c'));
    assert.deepEqual(await lenses(other), []);
  });

  it('is not told when the setting is off', async () => {
    await set(false);
    assert.deepEqual(await lenses(), []);
    await set(undefined);
    assert.equal((await lenses()).length, 3);
  });

  it('is not told when no capture is open', async () => {
    await closeAll();
    await until('the lenses are gone', async () => (await lenses()).length === 0);
  });
});
