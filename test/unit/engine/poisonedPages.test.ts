/** memory_failure() poisons a page and moves none: nothing failed to move then, and no attempt to was blocked. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import type { Comparison } from '../../../src/engine/comparing/compareCaptures';
import { compareText } from '../../../src/engine/comparing/compareText';
import { Engine } from '../../../src/engine/engine';
import type { ExportFormat } from '../../../src/engine/exporting/exportFormats';
import { DEFAULT_QUERY, NO_FILTER } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { tailsText } from '../../../src/engine/pageFacts';
import type { Report } from '../../../src/engine/report';
import { NO_STYLES } from '../../../src/engine/textReport';
import { failedText } from '../../../src/engine/triedAtAll';
import { allocated, change, FAULT, finish, named, start } from '../holders/support/pageEvents';
import { captureOf, traceText, type EventText } from '../support/traceText';
import { mark } from './support/pages';

const TEXT = { styles: NO_STYLES, full: false, columns: Infinity };

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-poisoned-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

let files = 0;
function fileOf(events: readonly EventText[]): string {
  const file = path.join(scratch, `${files++}.txt`);
  writeFileSync(file, traceText(events));
  return file;
}

async function opened(events: readonly EventText[]) {
  const engine = new Engine(nodeHost());
  return { engine, facts: await engine.openCapture({ path: fileOf(events) }) };
}

async function compared(before: readonly EventText[], now: readonly EventText[]): Promise<Comparison> {
  const engine = new Engine(nodeHost());
  const one = await engine.openCapture({ path: fileOf(before) });
  const other = await engine.openCapture({ path: fileOf(now) });
  return engine.compare({ before: one.id, after: other.id });
}

function failure(result: string, type = 'dirty LRU page'): EventText {
  return { task: 'mce-1', text: `memory_failure_event: pfn 0x100: recovery action for ${type}: ${result}` };
}

const taken = [
  allocated('victim-2', FAULT),
  change('mce-1', ['get_user_pages_fast', 'madvise_inject_error', 'do_madvise'], { count: 2, val: 1 }),
];
const unmapped = change('mce-1', ['try_to_unmap_one', 'rmap_walk_anon', 'memory_failure', 'do_madvise'], {
  count: 1,
  val: -1,
  mapcount: 0,
});
const free = [...taken, unmapped, failure('Recovered')];
const piped = change('victim-2', ['__do_sys_vmsplice'], { count: 3, val: 1 });
const held = [...taken, piped, { ...unmapped, text: unmapped.text.replace('count=1', 'count=2') }];
const blocked = [
  allocated('owner-2', FAULT, '0x102'),
  change('owner-2', ['__do_sys_vmsplice'], { count: 2, val: 1, pfn: '0x102' }),
  start,
  named('0x102'),
  finish,
];

test('a page that was poisoned is said to be that, apart from those that failed to move', async () => {
  assert.equal(failedText((await opened(free)).facts), '1 page poisoned, 0 held');
  assert.equal(failedText((await opened([...held, failure('Failed')])).facts), '1 page poisoned, 1 held');
  const both = [...blocked, ...free];
  assert.equal(
    failedText((await opened(both)).facts),
    '1 page failed to move, 1 held; 1 page poisoned, 0 held',
  );
});

test('a page that failed to move too is one that failed to move', async () => {
  const moved = [...taken, piped, start, named('0x100'), finish, failure('Failed')];
  assert.match(failedText((await opened(moved)).facts), /^1 page failed to move, 1 held$/);
});

test('a poisoned page does not hide an attempt that failed and names no page', async () => {
  const text = start.text.replace('start: name=reserved', 'finish: name=reserved pfn=0x0 page=0');
  const failed = [start, { ...start, text: `${text} errorno=-16` }];
  const { facts } = await opened([...failed, ...free]);
  assert.equal(
    failedText(facts),
    'No page is named that failed to move: 1 CMA allocation failed · 1 page poisoned, 0 held',
  );
});

test('a free page of which no event tells is held by nobody; of others the result tells nothing', async () => {
  const anyHeld = async (event: EventText): Promise<boolean> => {
    const { engine } = await opened([event]);
    return engine.reports.anyHeld(NO_FILTER);
  };
  assert.equal(await anyHeld(failure('Recovered', 'free buddy page')), false);
  assert.equal(await anyHeld(failure('Failed', 'free buddy page')), true);
  assert.equal(await anyHeld(failure('Recovered')), true);
  const { engine, facts } = await opened([failure('Recovered', 'free buddy page')]);
  assert.equal(failedText(facts), '1 page poisoned, 0 held');
  const request = { tree: 'holders', node: null, start: 0, end: 9, query: DEFAULT_QUERY } as const;
  const { nodes } = await engine.children(request);
  assert.ok(nodes.some(({ label }) => label === '0x100 · nobody: poisoned'));
});

test('an attempt to move pages is blocked, a memory failure is none', async () => {
  const both = await compared(blocked, free);
  assert.deepEqual([both.before.attempts, both.before.attemptsBlocked], [1, 1]);
  assert.deepEqual([both.after.attempts, both.after.attemptsBlocked], [0, 0]);
  assert.deepEqual(both.after.poisoned, { pages: 1, heldPages: 0, unjudgedPages: 0 });
  const ofHolder = await compared([...held, failure('Failed')], free);
  assert.deepEqual(
    ofHolder.gone.map(({ kind, attemptsBlocked }) => [kind, attemptsBlocked]),
    [['pipe buffer', 0]],
  );
  assert.deepEqual(ofHolder.appeared, []);
  assert.match(compareText(ofHolder), /^After: .*\n {8}0 attempts, 0 blocked · 1 page poisoned, 0 held · /m);
  assert.doesNotMatch(compareText(ofHolder), /[1-9] attempts? blocked/);
});

test('an attempt that succeeds behind a page in its way was blocked by it', async () => {
  const succeeded = [...blocked.slice(0, -1), { ...finish, text: `${finish.text} errorno=0` }];
  const { before, unchanged } = await compared(succeeded, succeeded);
  assert.deepEqual([before.attempts, before.attemptsBlocked], [1, 1]);
  assert.deepEqual(
    unchanged.map(({ attemptsBlocked }) => attemptsBlocked),
    [1],
  );
});

test('where nobody held what was poisoned, a comparison says that', async () => {
  assert.match(
    compareText(await compared(free, free)),
    /\n\nNobody held a poisoned page in either capture\.$/,
  );
});

test('a memory failure that is delayed has not failed', async () => {
  const { attempts } = analyseHolders(await captureOf([...taken, failure('Delayed')]));
  assert.deepEqual(
    attempts.map(({ what, result, resultText }) => [what, result, resultText]),
    [['memory failure', null, 'Delayed']],
  );
});

test('which page of a folio was poisoned is told in every form', async () => {
  const inFolio = {
    task: 'mce-1',
    text: 'memory_failure_event: pfn 0x105: recovery action for unsplit thp: Ignored',
  };
  const { engine } = await opened([
    allocated('victim-2', FAULT),
    {
      task: 'victim-2',
      text: 'mm_page_alloc: page=00000000aaaaaaaa pfn=0x100 order=9 migratetype=1 gfp_flags=GFP_TRANSHUGE',
    },
    ...taken.slice(1),
    piped,
    inFolio,
    { ...inFolio, text: inFolio.text.replace('0x105', '0x10f') },
    failure('Ignored', 'unsplit thp'),
  ]);
  const exported = async (format: ExportFormat): Promise<string> => {
    let text = '';
    for await (const piece of engine.reports.exported(format, DEFAULT_QUERY)) text += piece;
    return text;
  };
  const { pages } = JSON.parse(await exported('json')) as Report;
  assert.deepEqual(
    pages.map(({ pfn, marks }) => [pfn, ...marks.map(({ tailPfns }) => tailPfns)]),
    [['0x100', ['0x105'], ['0x10f'], undefined]],
  );
  assert.match(
    await exported('csv'),
    /,mark_tail_pfns,.*\r\n(?:.*,0x105,failed,Ignored,\r\n)+(?:.*,0x10f,failed,Ignored,\r\n)+(?:.*,,failed,Ignored,\r\n)+$/,
  );
  assert.match(await exported('markdown'), /tail pages 0x105, 0x10f · /);
  let text = '';
  for await (const line of engine.reports.text(DEFAULT_QUERY, TEXT)) text += `${line}\n`;
  assert.match(text, /refcount 3 = .* \(×3 · tail pages 0x105, 0x10f · /);
});

test('of many tail pages a row names the first', () => {
  const named = (tailPfns: readonly number[]) => tailsText([mark({ tailPfns })]);
  assert.equal(named([]), null);
  assert.equal(named([0x105]), 'tail page 0x105');
  assert.equal(named([0x101, 0x102, 0x103, 0x104, 0x105]), 'tail pages 0x101, 0x102, 0x103 and 2 more');
});

test('what a page says when the mouse rests on it is that it was poisoned, by whom and when', async () => {
  const { engine } = await opened([...taken, unmapped, failure('Failed')]);
  const query = DEFAULT_QUERY;
  const below = async (node: string | null) =>
    (await engine.children({ tree: 'holders', node, start: 0, end: 9, query })).nodes;
  const pages = await below(null);
  const page = pages.find(({ kind }) => kind === 'page');
  const names = page?.tooltip.rows.map(([name]) => name);
  assert.ok(names?.includes('Poisoned') && !names.includes('Failed to move'), String(names));
  const mark = (await below(page!.id)).find(({ kind }) => kind === 'mark');
  assert.equal(mark?.tooltip.title, 'The page was poisoned here');
  assert.ok(mark.tooltip.rows.some(([name]) => name === 'Poisoned by'));
});
