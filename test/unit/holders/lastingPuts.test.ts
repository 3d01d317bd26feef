/** Puts that are found by bisection are held against a search through all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLongKind } from '../../../src/holders/kindRules';
import { LastingPuts } from '../../../src/holders/lastingPuts';
import {
  GUP_PIN_COUNTING_BIAS,
  knownByPut,
  type LedgerReference,
} from '../../../src/holders/ledgerReference';
import type { StackSite } from '../../../src/holders/stackSites';

/** Park and Miller's generator: the same puts on every machine. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 0x7fffffff;
    return state % below;
  };
}

const KINDS = ['pipe-buffer', 'gup-pin', 'unknown', 'lru-batch', 'unknown', 'direct-io'] as const;

function randomPuts(random: (below: number) => number): LedgerReference[] {
  let row = 0;
  return Array.from({ length: random(30) }, () => {
    row += 1 + random(4);
    const functions = random(5) === 0 ? [] : ['put'];
    const site = { release: null, holderFunction: `f${row}`, functions } as Partial<StackSite> as StackSite;
    const weight = random(3) === 0 ? GUP_PIN_COUNTING_BIAS : 1;
    return knownByPut(row, site, { kind: KINDS[random(6)]!, weight, site: null, fromRow: 0, evidence: '' });
  });
}

interface Found {
  readonly chosen: readonly LedgerReference[];
  readonly rivals: readonly LedgerReference[];
}

function bySearch(puts: readonly LedgerReference[], surplus: number, row: number, last: number): Found {
  const lasting = puts.filter(
    (put) => put.releaseRow > row && put.releaseRow <= last && !put.nameless && isLongKind(put.kind),
  );
  const rivals: LedgerReference[] = [];
  const take = (wanted: number, weight: number): LedgerReference[] => {
    const fitting = lasting.filter((put) => put.weight === weight);
    if (wanted > 0 && fitting.length > wanted) rivals.push(...fitting);
    return fitting
      .sort((a, b) => Number(a.kind === 'unknown') - Number(b.kind === 'unknown'))
      .slice(0, wanted);
  };
  const chosen = [
    ...take(Math.floor(surplus / GUP_PIN_COUNTING_BIAS), GUP_PIN_COUNTING_BIAS),
    ...take(surplus % GUP_PIN_COUNTING_BIAS, 1),
  ].sort((a, b) => a.releaseRow - b.releaseRow);
  return { chosen, rivals };
}

test('the candidates at any mark, and what each put competes with, are those that a search finds', () => {
  const random = randomNumbers(11);
  let contested = 0;
  for (let round = 0; round < 500; round++) {
    const puts = randomPuts(random);
    const lasting = new LastingPuts(puts);
    const most = new Map<LedgerReference, number>();
    for (let mark = 0; mark < 8; mark++) {
      const row = random(80) - 1;
      const last = random(3) === 0 ? Infinity : row + random(60);
      const surplus = random(4) * GUP_PIN_COUNTING_BIAS + random(4);
      const { chosen, rivals } = bySearch(puts, surplus, row, last);
      const found = lasting.candidatesAt(surplus, row, last);
      assert.deepEqual(found.chosen, chosen);
      assert.equal(found.rivals, rivals.length);
      assert.deepEqual(new Set(found.doubtful), new Set(chosen.filter((put) => rivals.includes(put))));
      assert.deepEqual(found.named, rivals.slice(0, 20));
      const isNameless = (put: LedgerReference): boolean =>
        put.nameless && put.releaseRow > row && put.releaseRow <= last;
      const nameless = puts.filter(isNameless);
      assert.equal(lasting.raiseNameless(row, last), nameless.length);
      for (const put of nameless) most.set(put, Math.max(most.get(put) ?? 0, nameless.length));
      for (const put of rivals) most.set(put, Math.max(most.get(put) ?? 0, rivals.length));
      contested += rivals.length;
    }
    lasting.sayRivals();
    assert.deepEqual(
      puts.map((put) => put.rivals),
      puts.map((put) => most.get(put)),
    );
  }
  assert.ok(contested > 1000);
});
