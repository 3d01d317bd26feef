import assert from 'node:assert/strict';
import test from 'node:test';
import type { Mark } from '../../../src/holders/model';
import { groupMarks } from '../../../src/engine/markGroups';
import { pagesWithReason, withMarks } from '../../../src/engine/reasonFilter';
import { end, mark, page, reference } from './support/pages';

test('attempts that fail for the same reason and the same holders are one row with a count', () => {
  const held = reference({ openAt: [0, 1, 2] });
  const other = mark({ row: 30, reason: 'compaction' });
  const groups = groupMarks(page([mark({ row: 10 }), mark({ row: 20, task: 2 }), other], [held]));
  assert.deepEqual(
    groups.map((group) => [group.marks.length, group.repeats, group.references.held.length]),
    [
      [2, 2, 1],
      [1, 1, 1],
    ],
  );
});

test('two kinds of evidence of one failure are no two failures', () => {
  const refused = { row: 9, source: 'derived', what: 'refused at isolation' } as const;
  const named = { row: 10, source: 'isolation', what: 'named by test_pages_isolated' } as const;
  const repeats = (evidence: Mark['evidence']): number =>
    groupMarks(page([mark({ evidence })], []))[0]!.repeats;
  assert.equal(repeats([refused, named]), 1);
  assert.equal(repeats([refused, refused, refused, named]), 3);
});

test('a mark at which one holder less is left stands by itself', () => {
  const early = reference({ openAt: [0] });
  const late = reference({ openAt: [0, 1] });
  const groups = groupMarks(page([mark({ row: 10 }), mark({ row: 20 })], [early, late]));
  assert.deepEqual(
    groups.map((group) => group.references.held),
    [[early, late], [late]],
  );
});

test('temporary and earlier references stand under the mark that they are near to, and under one only', () => {
  const marks = [mark({ row: 10, count: 2 }), mark({ row: 20, count: 3 })];
  const between = reference({ role: 'temporary', acquired: end(12), released: end(15) });
  const after = reference({ role: 'temporary', acquired: end(25), released: end(26) });
  const before = reference({ role: 'earlier', acquired: end(1), released: end(2) });
  const groups = groupMarks(page(marks, [between, after, before]));
  assert.deepEqual(
    groups.map(({ references }) => [references.temporary, references.earlier]),
    [
      [[between], [before]],
      [[after], []],
    ],
  );
  assert.deepEqual(
    groups.map(({ isFollowed, isPreceded }) => [isFollowed, isPreceded]),
    [
      [true, false],
      [false, true],
    ],
  );
});

test('for one attempt alone the isolation that ends at its mark came before, and what others took after it, after', () => {
  const marks = [mark({ row: 10, attempt: 0 }), mark({ row: 20, attempt: 1 }), mark({ row: 30, attempt: 2 })];
  const isolations = [
    reference({ role: 'earlier', acquired: end(9), released: end(10) }),
    reference({ role: 'temporary', acquired: end(19), released: end(20) }),
    reference({ role: 'temporary', acquired: end(29), released: end(30) }),
  ];
  const rolesFor = (attempt: number): readonly string[] =>
    withMarks(page(marks, isolations), (each) => each.attempt === attempt)!.references.map(
      ({ role }) => role,
    );
  assert.deepEqual([0, 1, 2].map(rolesFor), [
    ['earlier', 'temporary', 'temporary'],
    ['earlier', 'earlier', 'temporary'],
    ['earlier', 'earlier', 'earlier'],
  ]);
});

test('for one attempt alone what it has isolated itself is expected, whatever it is to others', () => {
  const marks = [mark({ row: 10, attempt: 0 }), mark({ row: 20, attempt: 1 }), mark({ row: 30, attempt: 2 })];
  const isolation = reference({ acquired: end(5), openAt: [1], expectedAt: [0, 2] });
  const asOf = (attempts: readonly number[]): unknown => {
    const [only] = withMarks(page(marks, [isolation]), ({ attempt }) =>
      attempts.includes(attempt),
    )!.references;
    return [only!.role, only!.openAt, only!.expectedAt];
  };
  assert.deepEqual(asOf([0]), ['expected', [0], undefined]);
  assert.deepEqual(asOf([1]), ['held', [0], undefined]);
  assert.deepEqual(asOf([1, 2]), ['held', [0], [1]]);
  assert.deepEqual(asOf([0, 2]), ['expected', [0, 1], undefined]);
});

test('no reference is left out, whatever its ends and marks', () => {
  const roles = ['held', 'expected', 'temporary', 'earlier'] as const;
  const references = roles.flatMap((role) =>
    [null, end(5), end(15), end(99)].flatMap((acquired) =>
      [null, end(6), end(16)].flatMap((released) =>
        [[], [0], [0, 1]].map((openAt) => reference({ role, acquired, released, openAt })),
      ),
    ),
  );
  const groups = groupMarks(page([mark({ row: 10, count: 2 }), mark({ row: 20, count: 3 })], references));
  const shown = new Set(groups.flatMap((group) => roles.flatMap((role) => group.references[role])));
  assert.equal(shown.size, references.length);
});

test('a filter by reason keeps the marks of this reason, and judges the references by these alone', () => {
  const marks = [mark({ row: 10, reason: 'compaction' }), mark({ row: 20, reason: 'contig_range' })];
  const gone = reference({ openAt: [0], acquired: end(1), released: end(15) });
  const both = reference({ openAt: [0, 1], acquired: end(2), released: end(30) });
  const [only] = pagesWithReason([page(marks, [gone, both]), page([marks[0]!], [gone])], 'contig_range');
  assert.ok(only);
  assert.deepEqual(
    only.marks.map((each) => each.row),
    [20],
  );
  assert.deepEqual(
    only.references.map(({ role, openAt }) => [role, openAt]),
    [
      ['earlier', []],
      ['held', [0]],
    ],
  );
  assert.equal(pagesWithReason([page(marks, [gone])], 'demotion').length, 0);
  // One reason, whose name changed: somebody who looks for CMA finds it in each kernel.
  const old = page([mark({ reason: 'cma' })], []);
  assert.equal(pagesWithReason([page(marks, [gone])], 'cma,demotion').length, 1);
  assert.equal(pagesWithReason([old], 'contig_range').length, 1);
});

test('marks and references that are found by bisection are under the groups that a search finds', () => {
  let state = 5;
  // Park and Miller's generator: the same pages on every machine.
  const random = (below: number): number => (state = (state * 48271) % 0x7fffffff) % below;
  const roles = ['temporary', 'earlier'] as const;
  const maybeEnd = () => (random(4) === 0 ? null : end(random(70)));
  for (let round = 0; round < 300; round++) {
    let row = 0;
    const marks = Array.from({ length: 1 + random(8) }, () =>
      mark({ row: (row += random(12)), count: random(3) }),
    );
    const references = Array.from({ length: random(12) }, () =>
      reference({ role: roles[random(2)]!, acquired: maybeEnd(), released: maybeEnd(), openAt: [] }),
    );
    const near = references.map(({ role, acquired, released }) => {
      if (role === 'temporary') {
        const from = acquired?.row ?? released?.row ?? -1;
        return Math.max(
          0,
          marks.findLastIndex((each) => each.row <= from),
        );
      }
      const to = released?.row ?? acquired?.row ?? Infinity;
      const index = marks.findIndex((each) => each.row >= to);
      return index < 0 ? marks.length - 1 : index;
    });
    for (const group of groupMarks(page(marks, references))) {
      const own = marks.map((each) => group.marks.includes(each));
      assert.equal(group.isFollowed, own.slice(own.indexOf(true)).includes(false));
      assert.equal(group.isPreceded, own.slice(0, own.lastIndexOf(true)).includes(false));
      for (const role of roles) {
        const expected = references.filter((each, index) => each.role === role && own[near[index]!]);
        assert.deepEqual(group.references[role], expected);
      }
    }
  }
});

test('a page whose marks all differ has a group for each, and is not gone through once a group', () => {
  const many = 60_000;
  const marks = Array.from({ length: many }, (_, row) => mark({ row, count: row }));
  const between = marks.map(({ row }) => reference({ role: 'temporary', acquired: end(row), openAt: [] }));
  const groups = groupMarks(page(marks, between));
  assert.equal(groups.length, many);
  assert.ok(groups.every(({ references }, row) => references.temporary[0] === between[row]));
});
