import assert from 'node:assert/strict';
import test from 'node:test';
import { menuTarget } from '../../../src/views/menuTarget';

test('what a menu was opened on is told from anything else that commands are given', () => {
  const nothing = { row: null, pfn: null, frame: '' };
  assert.deepEqual(menuTarget({ panel: 1, webview: 'pageHolders.capture' }), { panel: 1, ...nothing });
  assert.deepEqual(menuTarget({ panel: 2, row: 0, pfn: 0x12c02, frame: 'a/f1' }), {
    panel: 2,
    row: 0,
    pfn: 0x12c02,
    frame: 'a/f1',
  });
  assert.deepEqual(menuTarget({ panel: 1, row: -1, pfn: '1', frame: 3 }), { panel: 1, ...nothing });
  // A row of a tree, and nothing at all.
  for (const other of [undefined, null, 'a', {}, { panel: '1' }, { node: { id: 'a' }, parent: null }]) {
    assert.equal(menuTarget(other), null);
  }
});
