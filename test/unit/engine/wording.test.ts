import assert from 'node:assert/strict';
import test from 'node:test';
import { counted, numberText } from '../../../src/engine/wording';

test('large numbers have commas, in English, whatever the language of the machine is', () => {
  const texts = [0, 999, 9999, 10_000, 123_456, 2_365_231, 1_000_000_000].map(numberText);
  assert.deepEqual(texts, ['0', '999', '9999', '10,000', '123,456', '2,365,231', '1,000,000,000']);
  assert.deepEqual([counted(1, 'page'), counted(10_000, 'page')], ['1 page', '10,000 pages']);
});
