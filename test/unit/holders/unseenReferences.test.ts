import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnseenReferences } from '../../../src/holders/unseenReferences';

test('of references found at several rows the oldest that is heavy enough is told apart, as a guess', () => {
  const unseen = new UnseenReferences();
  unseen.add(2, 5);
  unseen.add(1024, 9);
  unseen.add(1024, 12);
  assert.equal(unseen.weight, 2050);
  assert.deepEqual(unseen.take(1024), { fromRow: 9, isGuess: true });
  assert.deepEqual(unseen.take(1024), { fromRow: 12, isGuess: false });
  assert.deepEqual(unseen.take(1), { fromRow: 5, isGuess: false });
  assert.equal(unseen.weight, 1);
});

test('one that is heavier than what was found at any row is there since the last of those that make it up', () => {
  const unseen = new UnseenReferences();
  unseen.add(3, 1);
  unseen.add(4, 2);
  unseen.add(5, 3);
  assert.deepEqual(unseen.take(6), { fromRow: 2, isGuess: true });
  assert.deepEqual(unseen.take(1), { fromRow: 2, isGuess: true });
  assert.deepEqual(unseen.take(5), { fromRow: 3, isGuess: false });
  assert.equal(unseen.weight, 0);
});

test('what goes without a put is what was found last, and never more than there is', () => {
  const unseen = new UnseenReferences();
  unseen.add(1, 1);
  unseen.add(0, 2);
  unseen.add(2, 3);
  unseen.drop(2);
  assert.deepEqual(unseen.take(1), { fromRow: 1, isGuess: false });
  unseen.add(1, 4);
  unseen.drop(7);
  assert.equal(unseen.weight, 0);
});

test('a count that rises unseen at each of a million rows costs no more memory, and nothing is said too early', () => {
  const unseen = new UnseenReferences();
  for (let row = 0; row < 1e6; row++) unseen.add(1, row);
  assert.deepEqual(unseen.take(1), { fromRow: 0, isGuess: true });
  let latest = 0;
  while (unseen.weight > 0) {
    const { fromRow } = unseen.take(1);
    assert.ok(fromRow >= latest);
    latest = fromRow;
  }
  assert.equal(latest, 999_999);
});
