import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weightAt, type LedgerReference } from '../../../src/holders/ledgerReference';
import type { Kind } from '../../../src/holders/model';
import { countOf, latestOf, oldestOf, OpenReferences, type Group } from '../../../src/holders/openReferences';
import { seededRandom } from '../capture/support/random';

const KINDS: readonly Kind[] = ['page-table', 'pipe-buffer', 'gup-pin'];

function reference(kind: Kind, weight: number): LedgerReference {
  return {
    kind,
    weight,
    earlierWeights: [],
    confidence: 'rule',
    acquireRow: 0,
    releaseRow: -1,
    functionName: '',
    site: null,
    fromRow: 0,
    knownRow: 0,
    suspended: false,
    repeats: 1,
    remapped: 0,
    ambiguous: false,
    nameless: false,
    unseenBecause: null,
    byPutback: false,
    evidence: '',
    rows: [],
    parts: 0,
    unmapped: 0,
    standing: null,
  };
}

interface Taken {
  readonly reference: LedgerReference;
  readonly taker: number;
  readonly stack: number;
}

/** The same questions, answered by looking at all. */
function assertAlike(open: OpenReferences, list: readonly Taken[]): void {
  const references = list.map((taken) => taken.reference);
  const counted = references.filter(({ suspended }) => !suspended);
  assert.deepEqual(open.references(), references);
  assert.deepEqual(open.counted(), counted);
  assert.equal(
    open.weight,
    counted.reduce((sum, { weight }) => sum + weight, 0),
  );
  const questions: ((group: Omit<Group, 'all' | 'byTaker'>) => boolean)[] = [
    () => true,
    ({ suspended }) => suspended,
    ({ kind, weight }) => kind === 'page-table' && weight === 1,
    ({ stack, ambiguous }) => stack === 2 && !ambiguous,
  ];
  for (const isMeant of questions) {
    const groups = open.where(isMeant);
    for (const taker of [undefined, 1, 2, 3]) {
      const meant = list
        .filter((taken) => isMeant({ ...taken.reference, stack: taken.stack }))
        .filter((taken) => taker === undefined || taken.taker === taker)
        .map((taken) => taken.reference);
      assert.equal(oldestOf(groups, taker), meant[0] ?? null);
      assert.equal(latestOf(groups, taker), meant.at(-1) ?? null);
      assert.equal(countOf(groups, taker), meant.length);
    }
  }
}

test('whatever is taken, changed and dropped, the order of gets is kept', () => {
  const random = seededRandom(7);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  for (let round = 0; round < 20; round++) {
    const open = new OpenReferences();
    const list: Taken[] = [];
    for (let step = 0; step < 200; step++) {
      const chosen = list[upTo(list.length)];
      const what = random();
      if (chosen === undefined || what < 0.45) {
        const taken = {
          reference: reference(KINDS[upTo(3)]!, 1 + upTo(2)),
          taker: 1 + upTo(3),
          stack: upTo(3),
        };
        list.push(taken);
        open.add(taken.reference, taken.taker, taken.stack);
      } else if (what < 0.7) {
        open.change(chosen.reference, {
          suspended: random() < 0.5,
          ambiguous: random() < 0.2,
          kind: KINDS[upTo(3)]!,
        });
        open.changeWeight(chosen.reference, 1 + upTo(2), step);
      } else {
        list.splice(list.indexOf(chosen), 1);
        open.remove(chosen.reference);
      }
      if (step % 5 === 0) assertAlike(open, list);
    }
  }
});

test('a reference that is not open is left alone', () => {
  const open = new OpenReferences();
  const closed = reference('gup-pin', 1024);
  open.remove(closed);
  open.change(closed, { kind: 'gup-get' });
  open.changeWeight(closed, 1, 7);
  assert.deepEqual([closed.kind, closed.weight], ['gup-get', 1]);
  assert.equal(open.weight, 0);
});

test('what a reference weighed before an event stays known', () => {
  const open = new OpenReferences();
  const pin = reference('gup-pin', 1);
  open.add(pin, 1, 1);
  open.changeWeight(pin, 1024, 5);
  open.changeWeight(pin, 1000, 9);
  assert.deepEqual(
    [4, 5, 8, 9].map((row) => weightAt(pin, row)),
    [1, 1024, 1024, 1000],
  );
});
