import assert from 'node:assert/strict';
import test from 'node:test';
import { relocatedLine } from '../../../src/views/relocateLine';

const lines = (...texts: string[]) => ({ count: texts.length, at: (line: number) => texts[line]! });

test('a line is where it was, or where it moved to, and nowhere when it is gone', () => {
  assert.equal(relocatedLine(lines('a', '\tb();', 'c'), 1, 'b();'), 1);
  assert.equal(relocatedLine(lines('new', 'a', '  b();', 'c'), 1, 'b();'), 2);
  assert.equal(relocatedLine(lines('b();', 'c'), 1, 'b();'), 0);
  assert.equal(relocatedLine(lines('a', 'c'), 1, 'b();'), null);
  assert.equal(relocatedLine(lines(), 0, 'b();'), null);
});

test('of equal lines the nearest is taken, and none that is far away', () => {
  assert.equal(relocatedLine(lines('x', '', '', 'y', 'x'), 3, 'x'), 4);
  assert.equal(relocatedLine(lines('x', ...Array.from({ length: 600 }, () => 'y')), 599, 'x'), null);
});
