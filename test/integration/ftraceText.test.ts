/// <reference types="mocha" />
import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { kernelTree, sampleUri } from './extension';
import { until } from './until';

describe('ftrace text in an editor', () => {
  let document: vscode.TextDocument;

  before(async () => {
    document = await vscode.workspace.openTextDocument(sampleUri());
    await vscode.window.showTextDocument(document);
    await until('the text is known as ftrace', () => document.languageId === 'ftrace');
  });
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  /** Resolved links of the first `count` frames. */
  const links = (count: number) =>
    vscode.commands.executeCommand<vscode.DocumentLink[]>('vscode.executeLinkProvider', document.uri, count);

  it('has a link on the function of every frame, and on nothing else', async () => {
    const frames = document
      .getText()
      .split('\n')
      .filter((line) => line.startsWith(' => '));
    const linked = (await links(0)).map(({ range }) => document.getText(range));
    assert.deepEqual(
      linked,
      frames.map((line) => /[\w.]+/.exec(line)![0]),
    );
  });

  it('leads from a frame to the line that calls the frame above it', async () => {
    const link = (await links(4)).find(({ range }) => document.getText(range) === 'dup_mmap');
    assert.equal(link?.target?.scheme, 'file');
    const { fsPath, fragment } = link.target;
    assert.equal(path.relative(kernelTree(), fsPath), path.join('kernel', 'fork.c'));
    const source = await vscode.workspace.openTextDocument(fsPath);
    assert.match(source.lineAt(Number(fragment.slice(1)) - 1).text, /\bcopy_page_range\(/);
  });
});
