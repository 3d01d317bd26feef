/// <reference types="mocha" />
import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import type { FrameTarget, SourcePlace } from '../../src/engine/protocol';
import { extension, informationMessages, kernelTree, sampleUri } from './extension';
import { until } from './until';

/** As a console shows it, of the kernel whose tree is open. */
const KERNEL_LOG = `
[   28.2] WARNING: CPU: 1 PID: 225 at mm/gup.c:130 try_get_folio+0xb6/0x140
[   28.2] RIP: 0010:try_get_folio+0xb6/0x140
[   28.2] Call Trace:
[   28.2]  <TASK>
[   28.2]  internal_get_user_pages_fast+0x65e/0x10b0
[   28.2]  ? show_regs+0x60/0x70
[   28.2]  __iov_iter_get_pages_alloc+0xe9/0x830
[   28.2]  iov_iter_get_pages2+0x19/0x30
[   28.2]  __do_sys_vmsplice+0x2ed/0x4b0
[   28.2]  </TASK>
`;

type Found = vscode.Location | vscode.LocationLink;

describe('frames in texts', () => {
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  /** Where the text first stands in a document. */
  function positionOf(document: vscode.TextDocument, text: string): vscode.Position {
    const offset = document.getText().indexOf(text);
    assert.ok(offset >= 0, `no ${text} in ${document.uri.toString()}`);
    return document.positionAt(offset + 1);
  }

  const definitions = (document: vscode.TextDocument, text: string) =>
    vscode.commands.executeCommand<Found[]>(
      'vscode.executeDefinitionProvider',
      document.uri,
      positionOf(document, text),
    );

  async function hover(document: vscode.TextDocument, text: string): Promise<string> {
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      positionOf(document, text),
    );
    return hovers
      .flatMap(({ contents }) => contents)
      .map((each) => (each instanceof vscode.MarkdownString ? each.value : ''))
      .join('\n');
  }

  async function linesAt(found: readonly Found[]): Promise<readonly (readonly [string, string])[]> {
    return Promise.all(
      found.map(async (each) => {
        const [uri, range] = 'uri' in each ? [each.uri, each.range] : [each.targetUri, each.targetRange];
        const document = await vscode.workspace.openTextDocument(uri);
        const file = path.relative(kernelTree(), uri.fsPath);
        return [file, document.lineAt(range.start.line).text.trim()] as const;
      }),
    );
  }

  describe('in a trace', () => {
    let document: vscode.TextDocument;

    before(async () => {
      document = await vscode.workspace.openTextDocument(sampleUri());
      await vscode.window.showTextDocument(document);
      await until('the text is known as ftrace', () => document.languageId === 'ftrace');
    });

    it('leads from a frame to the call in its function', async () => {
      const [[file, line] = []] = await linesAt(await definitions(document, 'iov_iter_get_pages2+'));
      assert.equal(file, path.join('lib', 'iov_iter.c'));
      assert.match(line ?? '', /__iov_iter_get_pages_alloc\(/);
    });

    it('offers every line where several may be meant', async () => {
      const found = await linesAt(await definitions(document, 'release_pages+'));
      assert.ok(found.length > 1, String(found));
      assert.equal(new Set(found.map(([file]) => file)).size, 1);
    });

    it('says where it is, how sure that is, and shows the lines there', async () => {
      const text = await hover(document, 'iov_iter_get_pages2+');
      assert.match(text, /iov\\_iter\\_get\\_pages2/);
      assert.match(text, /lib\/iov\\_iter\\.c:\d+/);
      assert.match(text, /The only place in the function that calls the next frame/);
      assert.match(text, /→ \d+ +return __iov_iter_get_pages_alloc\(/);
    });

    it('says nothing on an event', async () => {
      assert.equal((await definitions(document, 'page_ref_mod')).length, 0);
    });
  });

  describe('with several places', () => {
    const place = (file: string, line: number, outside?: 'build'): SourcePlace => ({
      function: 'f',
      file,
      line,
      ...(outside === undefined ? {} : { outside }),
    });
    const frame = (candidates: readonly SourcePlace[]): FrameTarget => ({
      ...candidates[0]!,
      certainty: 'one-of-several',
      inlined: [],
      candidates,
      note: '',
    });
    const shown = (): string => {
      const editor = vscode.window.visibleTextEditors[0];
      return editor === undefined ? '' : path.relative(kernelTree(), editor.document.uri.fsPath);
    };
    const tabs = (): readonly string[] =>
      vscode.window.tabGroups.all.flatMap((group) => group.tabs.map(({ label }) => label));

    beforeEach(async () => {
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      const document = await vscode.workspace.openTextDocument(sampleUri());
      await vscode.window.showTextDocument(document, { selection: new vscode.Range(40, 3, 40, 3) });
    });

    it('shows each as it is gone over, and what was there before when none is chosen', async () => {
      const before = tabs();
      const opening = vscode.commands.executeCommand(
        'pageHolders.openFrame',
        frame([place('mm/gup.c', 10), place('fs/splice.c', 20)]),
      );
      await until('the first is shown', () => shown() === path.join('mm', 'gup.c'));
      await vscode.commands.executeCommand('workbench.action.quickOpenSelectNext');
      await until('the second is shown', () => shown() === path.join('fs', 'splice.c'));
      await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
      await opening;
      await until('the previews are gone', () => tabs().length === before.length);
      assert.deepEqual(tabs(), before);
      const [editor] = vscode.window.visibleTextEditors;
      assert.equal(editor?.document.uri.toString(), sampleUri().toString());
      assert.equal(editor.selection.active.line, 40);
    });

    it('shows the one that is chosen, whichever preview was slow', async () => {
      const opening = vscode.commands.executeCommand(
        'pageHolders.openFrame',
        frame([place('mm/gup.c', 10), place('fs/splice.c', 20)]),
      );
      await until('the first is shown', () => shown() === path.join('mm', 'gup.c'));
      await vscode.commands.executeCommand('workbench.action.quickOpenSelectNext');
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      await opening;
      assert.equal(shown(), path.join('fs', 'splice.c'));
      assert.equal(vscode.window.visibleTextEditors[0]?.selection.active.line, 19);
    });

    it('asks of places of the build alone, which are not in the tree that is open', async () => {
      const said = await informationMessages(() =>
        vscode.commands.executeCommand(
          'pageHolders.peekPlaces',
          frame([
            place('/build/linux/mm/gup.c', 10, 'build'),
            place('/build/linux/fs/splice.c', 20, 'build'),
          ]),
        ),
      );
      assert.equal(said.length, 1);
      assert.ok(said[0]!.endsWith(`it is not in ${kernelTree()}.`), said[0]);
      assert.equal(shown(), path.relative(kernelTree(), sampleUri().fsPath));
    });

    it('peeks those in the tree where the likeliest is not', async () => {
      const target = frame([place('/build/linux/mm/gup.c', 10, 'build'), place('fs/splice.c', 20)]);
      const said = await informationMessages(() =>
        vscode.commands.executeCommand('pageHolders.peekPlaces', target),
      );
      assert.deepEqual(said, []);
      assert.equal(
        vscode.window.activeTextEditor?.document.uri.fsPath,
        path.join(kernelTree(), 'fs/splice.c'),
      );
    });
  });

  describe('in a kernel log', () => {
    let document: vscode.TextDocument;

    before(async () => {
      document = await vscode.workspace.openTextDocument({ language: 'plaintext', content: KERNEL_LOG });
      await vscode.window.showTextDocument(document);
      await until('the extension is active', () => extension().isActive);
    });

    it('leads from a frame of a call trace to its line, past doubtful addresses', async () => {
      const [[file, line] = []] = await linesAt(await definitions(document, '__do_sys_vmsplice'));
      assert.equal(file, path.join('fs', 'splice.c'));
      assert.match(line ?? '', /vmsplice_to_pipe\(/);
    });

    it('leads from the interrupted instruction to its function', async () => {
      const [[file, line] = []] = await linesAt(await definitions(document, 'try_get_folio+0xb6/0x140\n'));
      assert.equal(file, path.join('mm', 'gup.c'));
      assert.match(line ?? '', /try_get_folio\(/);
      assert.match(await hover(document, 'try_get_folio+0xb6/0x140\n'), /the line in it is not/);
    });

    it('has links on its frames alone', async () => {
      const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>(
        'vscode.executeLinkProvider',
        document.uri,
      );
      assert.deepEqual(
        links.map(({ range }) => document.getText(range)),
        KERNEL_LOG.split('\n').flatMap((line) => /([\w.]+)\+0x/.exec(line)?.[1] ?? []),
      );
    });
  });
});
