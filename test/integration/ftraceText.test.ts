/// <reference types="mocha" />
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { commandLink } from '../../src/views/commandLink';
import { closeAll, kernelTree, sampleUri } from './extension';
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

  it('folds the stack of every event below it', async () => {
    const ranges = await vscode.commands.executeCommand<vscode.FoldingRange[]>(
      'vscode.executeFoldingRangeProvider',
      document.uri,
    );
    const events = document
      .getText()
      .split('\n')
      .filter((line) => line.includes('<stack trace>'));
    assert.equal(ranges.length, events.length);
    for (const { start } of ranges) assert.match(document.lineAt(start).text, /\d+\.\d+: [\w<]/);
  });

  const symbols = () =>
    vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      document.uri,
    );
  const lenses = () =>
    vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri);
  const hover = async (text: string) => {
    const position = document.positionAt(document.getText().indexOf(text) + 1);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      position,
    );
    const contents = hovers.flatMap((each) => each.contents);
    return contents.map((each) => (each instanceof vscode.MarkdownString ? each.value : '')).join('\n');
  };

  it('lists the events that tell of attempts and marks, and offers to open it', async () => {
    const names = (await symbols()).map(({ name }) => name);
    assert.equal(names.filter((name) => name === 'cma_alloc_start').length, 3);
    const titles = (await lenses()).map(({ command }) => command?.title ?? '');
    assert.match(titles[0]!, /Open in Page Holders/);
    const page = await hover('0x12f98');
    assert.match(page, /Open this trace in Page Holders/);
    // Another editor may be the active one when it is followed.
    assert.ok(page.includes(commandLink('pageHolders.openResource', [document.uri.toString()])), page);
  });

  it('says what flags, migratetypes and numbers mean, as the open kernel tree has them', async () => {
    assert.match(await hover('swapbacked'), /PG\\_swapbacked: anonymous or shmem/);
    const migratetype = await hover('mt=4');
    assert.match(migratetype, /CMA: of a contiguous memory area/);
    assert.match(migratetype, /of the open kernel tree, Linux 6\\\.1/);
  });

  describe('that is open as a capture', () => {
    before(() => vscode.commands.executeCommand('pageHolders.openSample'));
    after(() => vscode.commands.executeCommand('pageHolders.closeCapture'));

    it('has its marks below their attempts in the outline', async () => {
      const attempts = await symbols();
      assert.deepEqual(
        attempts.map(({ name, children }) => [name, children.map((mark) => mark.name)]),
        [
          ['CMA allocation · reserved · failed', ['PFN 0x12f98: held by 3']],
          ['CMA allocation · reserved · failed', ['PFN 0x12f98: held by 2']],
          ['CMA allocation · reserved · failed', ['PFN 0x12f98: held by 1']],
        ],
      );
    });

    it('has a lens above each mark, which shows its row', async () => {
      const found = await lenses();
      assert.deepEqual(
        found.map(({ command }) => command?.title),
        // Where the page was refused, and where test_pages_isolated names it.
        [3, 3, 2, 2, 1, 1].map((held) => `$(lock)\u00a0PFN 0x12f98: held by ${held} → show`),
      );
      for (const { range } of found) assert.match(document.lineAt(range.start.line).text, /pfn=0x12f98/);
      const [{ command } = { command: undefined }] = found;
      await vscode.commands.executeCommand(command!.command, ...((command!.arguments ?? []) as unknown[]));
    });

    it('says in short who holds a page', async () => {
      const text = await hover('0x12f98');
      assert.match(text, /0x12f98 · held by 3/);
      assert.match(text, /At the last mark, [\d.]+ s: refcount 2 = 1 held/);
      assert.match(text, /pipe buffer · vmsplice · owner\\-225 · still held/);
      assert.doesNotMatch(text, /released/);
      assert.match(text, /Held at other marks: 2/);
      assert.match(text, /Show the holders/);
    });
  });

  it('has no marks of a capture that was recorded anew since, and offers to read it again', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-anew-'));
    const sample = document;
    try {
      const file = vscode.Uri.file(path.join(folder, 'trace.txt'));
      await vscode.workspace.fs.copy(sample.uri, file);
      document = await vscode.workspace.openTextDocument(file);
      await vscode.commands.executeCommand('pageHolders.openResource', file.toString());
      await until('marks are shown', async () => (await lenses()).length === 6);
      appendFileSync(file.fsPath, 'a-1 [000] d.... 99.000001: page_ref_mod: pfn=0x1 flags= count=2 val=1\n');
      const [lens, ...others] = await until('it is known to have changed', async () => {
        const found = await lenses();
        return found.length === 1 && found;
      });
      assert.match(lens?.command?.title ?? '', /changed since it was read/);
      assert.deepEqual(others, []);
      assert.match(await hover('0x12f98'), /changed since it was read/);
      assert.ok((await symbols()).every(({ children }) => children.length === 0));
      await vscode.commands.executeCommand(lens!.command!.command);
      await until('marks are shown again', async () => (await lenses()).length === 6);
    } finally {
      await closeAll();
      document = sample;
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is told from other plain text by its content', async () => {
    const event = 'a-1 [000] d.... 1.000001: page_ref_mod: pfn=0x1 flags= count=2 val=1\n';
    const perf =
      'owner 696 [000] 321.996783: page_ref:page_ref_set: pfn=0x1\n\tffffffffbe2bf783 f+0x4 ([kernel.kallsyms])\n';
    for (const [content, language] of [
      [event, 'ftrace'],
      [perf, 'ftrace'],
      ['nothing of the kind\n', 'plaintext'],
    ] as const) {
      const other = await vscode.workspace.openTextDocument({ language: 'plaintext', content });
      await new Promise((resolve) => setTimeout(resolve, 200));
      const known = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === other.uri.toString());
      assert.equal(known?.languageId, language, content);
    }
  });
});
