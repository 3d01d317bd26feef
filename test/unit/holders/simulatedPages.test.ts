/**
 * What is said of a page against what happened to it: the sums, and that no match of get and put is said to be sure that
 * is not so. Of real recordings nobody knows which of two like references a put dropped.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import type { Page, Reference } from '../../../src/holders/model';
import { below, seededRandom } from '../capture/support/random';
import { captureOf } from '../support/traceText';
import { SimulatedPage, type TrueReference } from './support/simulatedPage';

const RUNS = 200;
const STEPS = 60;

function simulated(seed: number): { page: SimulatedPage; random: () => number } {
  const random = seededRandom(seed);
  const page = new SimulatedPage(random);
  for (let step = 0; step < STEPS; step++) page.step();
  return { page, random };
}

/** What the capture has of a page's events, and what is said of it. */
interface Told {
  readonly pages: readonly Page[];
  /** By row of the capture, the number of the event. */
  readonly events: readonly number[];
}

async function told(page: SimulatedPage, isThere: (event: number) => boolean): Promise<Told> {
  const events = page.events.map((_, event) => event).filter(isThere);
  const { pages } = analyseHolders(await captureOf(events.map((event) => page.events[event]!)));
  return { pages, events };
}

/**
 * As two CPUs write that change the count at one time: an event reads it when it is written, with what the other has
 * changed by then, and may be written behind that one's.
 */
async function toldInRaces({ events, references }: SimulatedPage, random: () => number): Promise<Told> {
  const written = [...events];
  const numbers = events.map((_, event) => event);
  const isOneUse = (event: number): boolean =>
    references.some(({ get, put }) => get === event && put === event + 1);
  for (let event = 0; event + 1 < events.length; event++) {
    const [first, second] = [events[event]!, events[event + 1]!];
    if (![first, second].every(({ text }) => text.startsWith('page_ref_mod'))) continue;
    if (first.cpu === second.cpu || first.task === second.task || isOneUse(event) || random() < 0.7) continue;
    const late = { ...first, text: first.text.replace(COUNT, COUNT.exec(second.text)![0]) };
    const isSwapped = random() < 0.5;
    written.splice(event, 2, ...(isSwapped ? [second, late] : [late, second]));
    if (isSwapped) numbers.splice(event, 2, event + 1, event);
    event++;
  }
  const { pages } = analyseHolders(await captureOf(written));
  return { pages, events: numbers };
}

const COUNT = / count=-?\d+ /;

/** Sums of failures that are not what they were. */
function wrongSums({ pages, events }: Told, { failures }: SimulatedPage): string[] {
  const marks = new Map(
    pages.flatMap((page) =>
      page.marks.flatMap((mark) => mark.evidence.map(({ row }) => [events[row], mark] as const)),
    ),
  );
  return failures.flatMap(({ event, held }) => {
    const mark = marks.get(event);
    if (mark === undefined) return [];
    const weight = held.reduce((sum, each) => sum + each.weight, 0);
    const found = (mark.held ?? 0) + (mark.untraced ?? 0);
    return found === weight ? [] : [`${event}: ${found} held, were ${weight}`];
  });
}

/** What is told for sure of gets and puts, and what of that is not so. */
function certainties(
  { pages, events }: Told,
  { references }: SimulatedPage,
): { all: number; false: string[] } {
  const byGet = new Map(references.map((each) => [each.get, each]));
  let all = 0;
  const untrue = pages.flatMap((page) =>
    page.references.flatMap((reference) => {
      const { acquired, released, confidence, repeats, remapped = 0 } = reference;
      const was = acquired === null ? undefined : byGet.get(events[acquired.row]!);
      if (confidence === 'assumed' || was === undefined || repeats > 1 || remapped > 0) return [];
      all++;
      const put = released === null ? null : events[released.row]!;
      return put === was.put ? [] : [said(reference, was, put)];
    }),
  );
  return { all, false: untrue };
}

function said({ kind, confidence, evidence }: Reference, was: TrueReference, put: number | null): string {
  return `${kind} of ${was.taker}, taken at ${was.get}, is put at ${was.put}, not ${put} (${confidence}: ${evidence})`;
}

test('a whole capture has the sum of every failure, and what is told for sure is so', async () => {
  let failures = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    const { page } = simulated(seed);
    failures += page.failures.length;
    const whole = await told(page, () => true);
    assert.equal(whole.pages.length, page.failures.length > 0 ? 1 : 0, `seed ${seed}`);
    assert.deepEqual(wrongSums(whole, page), [], `seed ${seed}`);
    assert.deepEqual(certainties(whole, page).false, [], `seed ${seed}`);
  }
  assert.ok(failures > RUNS, `${failures} failures`);
});

test('so it is with a capture that begins late', async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const { page, random } = simulated(seed);
    const from = below(random, page.events.length / 2);
    const late = await told(page, (event) => event >= from);
    assert.deepEqual(wrongSums(late, page), [], `seed ${seed} from ${from}`);
    assert.deepEqual(certainties(late, page).false, [], `seed ${seed} from ${from}`);
  }
});

test('and where CPUs change the count at one time', async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const { page, random } = simulated(seed);
    const raced = await toldInRaces(page, random);
    assert.deepEqual(wrongSums(raced, page), [], `seed ${seed}`);
    assert.deepEqual(certainties(raced, page).false, [], `seed ${seed}`);
  }
});

test('where events are lost and nothing tells of it, hardly anything is told for sure that is not so', async () => {
  let [all, untrue] = [0, 0];
  for (let seed = 1; seed <= RUNS; seed++) {
    const { page, random } = simulated(seed);
    // The first event tells that the capture has the page from its beginning.
    const from = 1 + below(random, page.events.length - 1);
    const behind = from + 1 + below(random, 4);
    const sure = certainties(await told(page, (event) => event < from || event >= behind), page);
    all += sure.all;
    untrue += sure.false.length;
  }
  assert.ok(untrue < all / 50, `${untrue} of ${all}`);
});
