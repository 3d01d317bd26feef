import assert from 'node:assert/strict';
import test from 'node:test';
import { ViewMessage } from '../../../src/views/viewMessage';

test('a text stands for a second, so that rows that come meanwhile are not held back', () => {
  const view: { message?: string } = {};
  let now = 5000;
  const message = new ViewMessage(view, () => now);
  const saidAt = (time: number, text: string): string | undefined => {
    now = time;
    message.progress(text);
    return view.message;
  };
  assert.equal(saidAt(5000, 'Reading a: 1 %'), 'Reading a: 1 %');
  assert.equal(saidAt(5100, 'Reading a: 2 %'), 'Reading a: 1 %');
  assert.equal(saidAt(5999, 'Reading a: 9 %'), 'Reading a: 1 %');
  assert.equal(saidAt(6000, 'Reading a: 10 %'), 'Reading a: 10 %');
  message.clear();
  assert.equal(view.message, '');
  assert.equal(saidAt(6010, 'Reading b: 1 %'), 'Reading b: 1 %', 'the next work is said at once');
});
