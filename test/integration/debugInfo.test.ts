/// <reference types="mocha" />
import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import type { PageHoldersApi } from '../../src/extension';
import { capturesTree, closeAll, errorMessages, extension } from './extension';
import { until } from './until';

describe('debug info', () => {
  let fixtures: string;

  before(async () => {
    fixtures = path.join(extension().extensionUri.fsPath, 'test/fixtures/debugInfo');
    const trace = vscode.Uri.file(path.join(fixtures, 'trace.txt'));
    // It ends when the functions are looked up in the kernel tree: debug info does not wait for that.
    void vscode.commands.executeCommand('pageHolders.openCapture', trace);
    const capture = await until(
      'the capture is open',
      async () =>
        (await (await capturesTree()).getChildren()).flatMap((row) =>
          'node' in row && row.node.kind === 'capture' ? [row.node.id] : [],
        )[0],
    );
    void vscode.commands.executeCommand('pageHolders.showStackOfEvent', capture, 0);
  });
  after(async () => {
    await set('vmlinux', undefined);
    await set('sourcePathMap', undefined);
    await closeAll();
  });

  const set = (setting: string, value: unknown) =>
    vscode.workspace
      .getConfiguration('pageHolders')
      .update(setting, value, vscode.ConfigurationTarget.Global);

  async function stack(): Promise<string> {
    const { stack: view } = (await extension().activate()) as PageHoldersApi;
    return view
      .getChildren()
      .map(({ node }) => `${node.label} ${node.description}`)
      .join('\n');
  }

  it('of the setting gives exact lines at once, and what it does not have is found in the kernel tree', async function () {
    // The first walk over the kernel tree takes its time.
    this.timeout(200_000);
    await set('vmlinux', path.join(fixtures, 'dwarf4.elf'));
    const text = await until('lines are exact', async () => {
      const shown = await stack();
      return shown.includes('exact') ? shown : undefined;
    });
    assert.match(text, /^wrapped \/build\/sample\/main\.c:16 · inlined, exact$/m);
    assert.match(text, /^caller \/build\/sample\/main\.c:22 · exact · not in the kernel tree$/m);
    const byName = /^vfs_read fs\/read_write\.c:\d+ · /m;
    await until('vfs_read is found', async () => byName.test(await stack()), 180_000);
  });

  it('has paths where the map of source paths leads', async () => {
    await set('sourcePathMap', { '/build/sample': fixtures });
    await until('the source is here', async () => (await stack()).includes(`${fixtures}/main.c:22 · exact`));
  });

  it('that is none is refused with the reason, and lines are found by name again', async () => {
    const said = await errorMessages(async () => {
      await set('vmlinux', path.join(fixtures, 'main.c'));
      await until('nothing is exact', async () => !(await stack()).includes('exact'));
    });
    assert.equal(said.length, 1);
    assert.match(said[0]!, /main\.c: expected an ELF file/);
  });
});
