/** What a name in a setting stands for, whatever folders are open. */
import assert from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import test, { beforeEach } from 'node:test';
import { absolutePath } from '../../../src/absolutePath';
import { editor, Uri } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

const remote = new Uri('vscode-vfs', '/github/linux');

test('a relative name is below the first folder of this machine, else below the folder that is open elsewhere', () => {
  assert.equal(absolutePath('build/vmlinux'), path.join(os.homedir(), 'build/vmlinux'));
  editor.openUris(remote, Uri.file('/linux'));
  assert.equal(absolutePath('build/vmlinux'), '/linux/build/vmlinux');
  editor.openUris(remote);
  assert.equal(absolutePath('build/vmlinux'), 'vscode-vfs:/github/linux/build/vmlinux');
});

test('other names are the same in every window', () => {
  for (const open of [[], [remote], [Uri.file('/linux')]]) {
    editor.openUris(...open);
    assert.equal(absolutePath('/boot/vmlinux'), '/boot/vmlinux');
    assert.equal(absolutePath('~/vmlinux'), path.join(os.homedir(), 'vmlinux'));
    assert.equal(absolutePath('vscode-vfs://github/torvalds/linux'), 'vscode-vfs://github/torvalds/linux');
  }
});
