import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showFailure, showWarning } from '../../../src/views/failures';
import { inform, tellError, warn } from '../../../src/views/notifications';
import { editor, silentLog } from './support/fakeVscode';

test('a file that is named like a link is none in a message, and is logged as it is', () => {
  editor.reset();
  const logged: unknown[] = [];
  const log = { ...silentLog(), error: (text: unknown) => logged.push(text) };
  const name = '[press me](command:workbench.action.quit).txt';
  showFailure(log, `${name} does not exist.`);
  showWarning(log, `${name} changed.`);
  const shown = '[press me] (command:workbench.action.quit).txt';
  assert.deepEqual(editor.said, [`${shown} does not exist.`, `${shown} changed.`]);
  assert.deepEqual(logged, [`${name} does not exist.`]);
});

test('what is named in a notification is no link, whatever kind it is of', () => {
  editor.reset();
  for (const say of [inform, warn, tellError])
    void say('[do_exit](command:workbench.action.quit) was not found.');
  assert.deepEqual(editor.said, Array(3).fill('[do_exit] (command:workbench.action.quit) was not found.'));
});
