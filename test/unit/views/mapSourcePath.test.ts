/** Where folders of sources are kept that somebody names. */
import assert from 'node:assert/strict';
import test, { afterEach, beforeEach } from 'node:test';
import type * as vscode from 'vscode';
import { registerMapSourcePath } from '../../../src/views/mapSourcePath';
import { editor, Uri } from './support/fakeVscode';

const SETTING = 'pageHolders.sourcePathMap';

let command: vscode.Disposable;
beforeEach(() => {
  editor.reset();
  command = registerMapSourcePath();
  editor.set(SETTING, { '/user': '/home/me/user' });
  editor.workspaceSettings.set(SETTING, { '/team': '/home/me/team' });
});
afterEach(() => {
  command.dispose();
});

const map = (folder = Uri.file('/home/me/nvidia'), given?: unknown): Promise<unknown> => {
  editor.type('/build/nvidia');
  editor.chooseFolder(folder);
  return editor.run('pageHolders.mapSourcePath', given);
};
const inWorkspace = (): unknown => editor.workspaceSettings.get(SETTING);

test('the workspace has what was mapped in it, and not what the user has', async () => {
  editor.openFolders('/w');
  await map();
  assert.deepEqual(inWorkspace(), { '/team': '/home/me/team', '/build/nvidia': '/home/me/nvidia' });
});

test('in a workspace that is not trusted, whose own settings count for nothing, it is the user who has it', async () => {
  editor.openFolders('/w');
  editor.distrust();
  await map();
  assert.deepEqual(inWorkspace(), { '/team': '/home/me/team' });
  assert.deepEqual(editor.userSetting(SETTING), {
    '/user': '/home/me/user',
    '/build/nvidia': '/home/me/nvidia',
  });
});

test('why a folder of another machine is not taken is said', async () => {
  await map(new Uri('vscode-vfs', '/nvidia'));
  assert.deepEqual(editor.said, [
    'vscode-vfs:/nvidia cannot stand for /build/nvidia: mapped sources are read from folders of this machine alone.',
  ]);
});

test('what names no frame is asked for as without it', async () => {
  editor.openFolders('/w');
  for (const given of ['x', null, Uri.file('/captures/trace.txt')]) await map(undefined, given);
  assert.deepEqual(inWorkspace(), { '/team': '/home/me/team', '/build/nvidia': '/home/me/nvidia' });
});
