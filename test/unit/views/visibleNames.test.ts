/** Names of files and functions that hide something, or turn around what is said after them. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import { lensTitle } from '../../../src/views/lensTitle';
import { OpenCaptures } from '../../../src/views/openCaptures';
import { ViewMessage } from '../../../src/views/viewMessage';
import { visibleItem } from '../../../src/views/visibleItem';
import { AskedWorker } from './support/askedWorker';
import { facts } from './support/facts';
import { editor } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

test('are visible in what quick picks, lenses, the status bar and the text above a view say', async () => {
  const worker = new AskedWorker();
  const captures = new OpenCaptures(worker.engine);
  const path = '/captures/\u202etxt.\x1b[2J';
  const opening = captures.open(path, () => undefined);
  await worker.answer('openCapture', facts('c1', { path }));
  await opening;
  assert.equal(captures.nameOf(path), '\\u202etxt.\\x1b[2J');
  assert.deepEqual(visibleItem({ label: 'a\nb', description: path, detail: '\u2066', alwaysShow: true }), {
    label: 'a\\x0ab',
    description: '/captures/\\u202etxt.\\x1b[2J',
    detail: '\\u2066',
    alwaysShow: true,
  });
  assert.equal(lensTitle('$(lock) held by \u202ehsab'), '$(lock)\u00a0held by \\u202ehsab');
  const view = { message: '' };
  new ViewMessage(view).progress('Reading \u202e');
  assert.equal(view.message, 'Reading \\u202e');
});
