/** Pages that fail again and again for hours: what is looked at for each attempt must not be all that the others found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupedRows } from '../../../src/engine/groupedRows';
import { DEFAULT_QUERY, type HoldersQuery } from '../../../src/engine/holdersQuery';
import type { Branch } from '../../../src/engine/lazyTree';
import type { Attempt, Mark, Reference } from '../../../src/holders/model';
import { captureOf } from '../support/traceText';
import { attempt, end, mark, page, reference, source } from './support/pages';

const ATTEMPTS = 400;
const BY_ATTEMPT: HoldersQuery = { ...DEFAULT_QUERY, groupBy: 'attempt' };

/** How often the attempt of a mark, or the role of a reference, was asked for. */
class Looks {
  marks = 0;
  references = 0;

  markOf(index: number): Mark {
    const counted = (): number => this.marks++;
    return {
      ...mark({ row: index }),
      get attempt() {
        counted();
        return index;
      },
    };
  }

  referenceOf(index: number, given: Partial<Reference>): Reference {
    const counted = (): number => this.references++;
    const { role, ...rest } = reference({ acquired: end(index), ...given });
    return {
      ...rest,
      get role() {
        counted();
        return role;
      },
    };
  }
}

async function rowsOf(
  marks: readonly Mark[],
  references: readonly Reference[],
  attempts: readonly Attempt[],
): Promise<readonly Branch[]> {
  const capture = await captureOf([]);
  return groupedRows(source(capture, { attempts, pages: [page(marks, references)] }), BY_ATTEMPT);
}

function times<T>(make: (index: number) => T): T[] {
  return Array.from({ length: ATTEMPTS }, (_, index) => make(index));
}

test('by attempt: which marks and holders are of an attempt is found once a page', async () => {
  const looks = new Looks();
  const marks = times((index) => looks.markOf(index));
  const all = marks.map((_, index) => index);
  const held = reference({ acquired: end(0), openAt: all });
  const later = reference({ acquired: end(ATTEMPTS / 2), openAt: all.slice(ATTEMPTS / 2) });
  const rows = await rowsOf(
    marks,
    [held, later],
    times((id) => attempt({ id, firstRow: id, result: 'failed' })),
  );
  const found = rows.filter(({ node }) => node.kind === 'attempt').map(({ node }) => node.label);
  assert.deepEqual(
    found.map((label) => /failed \d+ times/.exec(label)?.[0]),
    ['failed 200 times', 'failed 200 times'],
  );
  assert.ok(looks.marks < 10 * ATTEMPTS, `${looks.marks} looks at ${ATTEMPTS} marks`);
});

test('by attempt: what a page had at other times is put together where its row is looked at', async () => {
  const looks = new Looks();
  const references = times((index) => [
    looks.referenceOf(index, { openAt: [index], released: end(index) }),
    looks.referenceOf(index, { role: 'temporary', kind: 'isolation', openAt: [], released: end(index) }),
  ]).flat();
  const rows = await rowsOf(
    times((index) => looks.markOf(index)),
    references,
    times((id) => attempt({ id, firstRow: id, result: 'failed' })),
  );
  const found = rows.filter(({ node }) => node.kind === 'attempt');
  assert.equal(found.length, ATTEMPTS);
  assert.ok(looks.references < 20 * ATTEMPTS, `${looks.references} looks at ${references.length} references`);
  const [row] = (await found[ATTEMPTS / 2]!.children?.()) ?? [];
  assert.equal(
    new Map(row!.node.tooltip.rows).get('References'),
    '1 held, 0 expected, 398 temporary, 401 earlier',
  );
});
