/** The filter language: what it understands, where it says that it does not, and what it leaves of real captures. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Engine } from '../../../src/engine/engine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { FILTER_KEYS } from '../../../src/engine/eventFilter/filterKeys';
import { parseFilter } from '../../../src/engine/eventFilter/filterSyntax';
import { partOfText, wholeText } from '../../../src/engine/eventFilter/textPattern';
import type { EventRow } from '../../../src/engine/eventProtocol';
import { EVENT_COLUMNS } from '../../../src/engine/eventCells';
import { below, pick, seededRandom } from '../capture/support/random';

const SAMPLE = 'media/sample/trace.txt';

function problemOf(text: string): string {
  const { problem } = parseFilter(text);
  if (problem === null) return '';
  const { start, end, message } = problem;
  return `${start}-${end} ${message}`;
}

test('every key can be asked for, with what its completion says is expected', () => {
  const values: Readonly<Record<string, string>> = {
    pattern: 'x*',
    number: '3',
    pfn: '0x12c02',
    span: '10ms',
    time: '12.5s',
    kind: 'gup-pin',
    role: 'held',
    act: 'mark',
  };
  for (const { name, value, isOrdered } of FILTER_KEYS) {
    assert.equal(problemOf(`${name}:${values[value]!}`), '', name);
    assert.equal(problemOf(`${name}>=${values[value]!}`) === '', isOrdered, name);
  }
});

test('tests are joined by and, bind tighter than or, and can be left out and nested', () => {
  const { expression } = parseFilter('cpu:0 (comm:a or -event:b) or not word');
  assert.deepEqual(
    JSON.parse(
      JSON.stringify(expression, (key, value: unknown) =>
        ['key', 'start', 'end'].includes(key) ? undefined : value,
      ),
    ),
    {
      type: 'any',
      parts: [
        {
          type: 'all',
          parts: [
            { type: 'test', operator: ':', values: [{ type: 'range', first: 0, last: 0 }] },
            {
              type: 'any',
              parts: [
                { type: 'test', operator: ':', values: [{ type: 'pattern', text: 'a' }] },
                {
                  type: 'not',
                  part: { type: 'test', operator: ':', values: [{ type: 'pattern', text: 'b' }] },
                },
              ],
            },
          ],
        },
        { type: 'not', part: { type: 'word', text: 'word' } },
      ],
    },
  );
});

test('what C and the filters of tracefs write for and, or and not is understood', () => {
  const meaning = (text: string): unknown => {
    const { expression, problem } = parseFilter(text);
    assert.equal(problem, null, text);
    return JSON.parse(
      JSON.stringify(expression, (key, value: unknown) =>
        ['start', 'end'].includes(key) ? undefined : value,
      ),
    );
  };
  const same = [
    ['!is:mark', '-is:mark'],
    ['!(cpu:0 cpu:1) !word', '-(cpu:0 cpu:1) -word'],
    ['is:mark && cpu:0 || cpu:1', 'is:mark and cpu:0 or cpu:1'],
    ['is:mark&&cpu:0||word', 'is:mark and cpu:0 or word'],
    ['comm:"a b"&&(x||y)', 'comm:"a b" and (x or y)'],
    ['pfn==0x12 comm!=sh', 'pfn:0x12 -comm:sh'],
  ] as const;
  for (const [text, plain] of same) assert.deepEqual(meaning(text), meaning(plain), text);
  assert.match(problemOf('! cpu:0'), /^0-1 Expected what to leave out after !, without a space\./);
  assert.match(problemOf('&& cpu:0'), /^0-2 Expected a test or a word before &&\./);
  assert.match(problemOf('cpu:0 &&'), /^8-9 Expected a test or a word after &&\./);
  assert.match(problemOf('cpu:0 && || cpu:1'), /^9-10 Expected a test or a word after &&\./);
  assert.match(problemOf('cpu:0 | cpu:1'), /^6-7 Expected or or \|\| instead of \|\./);
  assert.match(problemOf('cpu:0 & cpu:1'), /^6-7 Expected and or && instead of &\./);
  assert.match(
    problemOf('pfn:2fff-2800'),
    /^4-13 pfn: the ends of 2fff-2800 are reversed; expected 2800\.\.2fff\./,
  );
  assert.match(problemOf('count:3..1'), /^6-10 count: the ends of 3\.\.1 are reversed; expected 1\.\.3\./);
  assert.match(problemOf('pfn == 0x12'), /^4-6 Expected a key before ==, without spaces/);
  assert.equal(problemOf('"&&" "|" flags:lru|private'), '');
});

test('names of values go by what rows say, and a slip is told', () => {
  const valuesOf = (text: string): unknown => {
    const { expression } = parseFilter(text);
    return expression?.type === 'test' ? expression.values : null;
  };
  assert.deepEqual(valuesOf('kind:"LRU batch"'), [{ type: 'kind', kinds: ['lru-batch'] }]);
  assert.deepEqual(valuesOf('kind:"direct I/O",gup-pin'), [
    { type: 'kind', kinds: ['direct-io'] },
    { type: 'kind', kinds: ['gup-pin'] },
  ]);
  assert.deepEqual(valuesOf('kind:GUP*,*batch'), [
    { type: 'kind', kinds: ['gup-pin', 'gup-get'] },
    { type: 'kind', kinds: ['lru-batch'] },
  ]);
  assert.match(problemOf('kind:gupp*'), /expected a kind of reference/);
  assert.match(problemOf('kind:gup-pn'), /instead of gup-pn\. Did you mean gup-pin\?$/);
  assert.match(problemOf('role:hold'), /instead of hold\. Did you mean held\?$/);
  assert.match(problemOf('is:makr'), /Did you mean mark\?$/);
  assert.match(problemOf('is:held'), /instead of held\. Did you mean role:held\?$/);
  assert.match(problemOf('is:Temporary'), /Did you mean role:temporary\?$/);
  assert.match(problemOf('role:mark'), /Did you mean is:mark\?$/);
  assert.match(problemOf('role:gup-pin'), /Did you mean kind:gup-pin\?$/);
  const { expression } = parseFilter('MT>=4');
  assert.equal(expression?.type === 'test' ? expression.key.name : null, 'migratetype');
});

test('an event is found with its system, known or not', async () => {
  const text = await opened(SAMPLE);
  const count = async (filter: string): Promise<number> => (await text.all(filter)).length;
  const [mods, allocations] = [await count('event:page_ref_mod'), await count('event:mm_page_alloc')];
  const refs = await count('event:page_ref_*');
  assert.ok(mods > 0 && allocations > 0 && refs > mods);
  assert.equal(await count('event:page_ref:page_ref_mod'), mods);
  assert.equal(await count('event:kmem/mm_page_alloc'), allocations);
  assert.equal(await count('event:page_ref:*'), refs);
  assert.equal(await count('event:kmem:page_ref_mod'), 0);
  assert.equal(await count('event:nobody:*'), 0);
});

test('a problem stands at its place and says what was expected', () => {
  assert.match(problemOf('cpu:0 pnf:0x1'), /^6-9 pnf is no key\. Expected one of pfn, event,/);
  assert.match(problemOf('pfn:0x12..'), /^4-10 pfn: expected a page frame number such as 0x12c02/);
  assert.match(problemOf('pfn:'), /^4-5 pfn: expected a page frame number/);
  assert.match(problemOf('pfn:5..3'), /^4-8 /);
  assert.match(problemOf('comm>a'), /^4-5 comm has no order\. Expected comm:…/);
  assert.match(problemOf('count>=2..3'), /^7-11 Expected one value after >=/);
  assert.match(problemOf('held>10'), /^5-7 held: expected a time with its unit/);
  assert.match(problemOf('kind:gup'), /^5-8 kind: expected a kind of reference/);
  assert.match(problemOf('(cpu:0'), /^0-1 This parenthesis is not closed\./);
  assert.match(problemOf('cpu:0)'), /^5-6 No parenthesis is open here\./);
  assert.match(problemOf('cpu:0 or'), /^8-9 Expected a test or a word after or\./);
  assert.match(problemOf('- cpu:0'), /^0-1 Expected what to leave out after -/);
  assert.match(problemOf('comm:"a b'), /^5-9 The quote is not closed\./);
  assert.match(problemOf('comm:"pinner"x'), /^13-14 Expected a space after the closing quote\./);
  assert.match(problemOf('comm:"a" ,"b"'), /^9-10 Expected no space before a comma/);
  assert.match(problemOf('page_ref_mod: pfn:1'), /^0-13 page_ref_mod is no key\. .* event:page_ref_mod\./);
  assert.match(
    problemOf('cpu:0 kmem:mm_page_alloc'),
    /^6-24 kmem is no key\. .* event:kmem:mm_page_alloc\.$/,
  );
  assert.match(problemOf('migrate:*'), /^0-9 migrate is no key\. .* event:migrate:\*\.$/);
  assert.match(
    problemOf('cpu:0 time:178.1..178.12'),
    /^6-10 time is no key\. Times are asked for by after:178\.1 before:178\.12\.$/,
  );
  assert.match(problemOf('time>=178.1s'), /asked for by after:178\.1s\.$/);
  assert.match(problemOf('time<2ms'), /asked for by before:2ms\.$/);
  assert.match(problemOf('time:soon'), /asked for by after:12\.5s before:13s\.$/);
  assert.match(problemOf('block:*'), /^0-5 block is no key\. Expected one of/);
  assert.equal(problemOf('(comm:"a","b")'), '');
  assert.match(problemOf('('.repeat(1000)), /^\d+-\d+ Nested more than 50 deep\./);
});

test('any text is understood, or has a problem that lies in it', () => {
  const pieces = [
    ...FILTER_KEYS.map(({ name }) => name),
    ...[':', '=', '>', '>=', '<', '..', ',', '"', '(', ')', '-', ' ', ' or ', ' and ', ' not ', '*'],
    ...['!', '&&', '||', '&', '|', '==', '!='],
    ...['0x12c02', '3', '10ms', '12.5s', 'kworker', 'gup-pin', 'held', 'µ', '\u{1f4c4}'],
  ];
  const random = seededRandom(11);
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: below(random, 12) }, () => pick(random, pieces)).join('');
    const { expression, problem } = parseFilter(text);
    assert.notEqual(expression === null, problem === null, text);
    if (problem === null) continue;
    assert.ok(problem.start >= 0 && problem.start <= text.length, text);
    assert.ok(problem.end > problem.start && problem.end <= text.length + 1, `${text}: ${problem.end}`);
    assert.match(problem.message, /[.…?]$/, text);
  }
});

test('a pattern asks for what a regular expression of the same meaning asks for', () => {
  const random = seededRandom(12);
  const letters = ['a', 'b', 'B', '_', '*', '*'];
  for (let round = 0; round < 20_000; round++) {
    const word = (most: number, from: readonly string[]): string =>
      Array.from({ length: below(random, most) }, () => pick(random, from)).join('');
    const pattern = word(6, letters);
    const text = word(8, letters.slice(0, 4));
    const source = pattern.replaceAll('*', '.*');
    assert.equal(wholeText(pattern)(text), new RegExp(`^${source}$`, 'i').test(text), `${pattern} ${text}`);
    assert.equal(partOfText(pattern)(text), new RegExp(source, 'i').test(text), `${pattern} ${text}`);
  }
});

async function opened(path: string) {
  const engine = new Engine(nodeHost());
  const { id: capture, events } = await engine.openCapture({ path });
  const all = async (filter: string): Promise<readonly EventRow[]> => {
    const rows: EventRow[] = [];
    for (;;) {
      const window = await engine.events({
        capture,
        filter,
        use: 'filter',
        start: rows.length,
        end: rows.length + 1000,
      });
      assert.equal(window.problem, null, filter);
      rows.push(...window.rows);
      if (rows.length >= window.shown) return rows;
    }
  };
  return { engine, capture, events, all };
}

const columnOf = (id: string): number => EVENT_COLUMNS.findIndex((column) => column.id === id);

/** perf prints the system before the name. */
const nameOf = (event: string): string => event.slice(event.lastIndexOf(':') + 1);

/** Rows by what their cells say: slow and simple. */
const MEANINGS: readonly (readonly [string, (cell: (id: string) => string) => boolean])[] = [
  [
    'pfn:0x12f98 event:page_ref*',
    (cell) => cell('pfn') === '0x12f98' && nameOf(cell('event')).startsWith('page_ref'),
  ],
  [
    'pfn:0x12f00..0x12fff event:page_ref*',
    (cell) => /^0x12f..$/.test(cell('pfn')) && nameOf(cell('event')).startsWith('page_ref'),
  ],
  ['comm:*owner*', (cell) => /owner.*-\d+$/.test(cell('task'))],
  ['cpu:0', (cell) => cell('cpu') === '0'],
  ['count>=3', (cell) => cell('count') !== '' && Number(cell('count')) >= 3],
  ['count<3', (cell) => cell('count') !== '' && Number(cell('count')) < 3],
  ['-count:1..2', (cell) => !['1', '2'].includes(cell('count'))],
  [
    'event:page_ref_mod,page_ref_set',
    (cell) => ['page_ref_mod', 'page_ref_set'].includes(nameOf(cell('event'))),
  ],
  ['val:-1 or ret:1', (cell) => cell('val') === '-1' || cell('ret') === '1'],
  ['(cpu:0 or cpu:1) mapcount:1', (cell) => /^[01]$/.test(cell('cpu')) && cell('mapcount') === '1'],
  ['is:get', (cell) => cell('what').startsWith('Get +')],
  ['is:put', (cell) => cell('what').startsWith('Put -')],
  ['flags:lru', (cell) => cell('flags').split('|').includes('lru')],
];

test('what a filter leaves is what the cells of the rows say', async () => {
  const captures = [
    SAMPLE,
    'test/fixtures/f_dat_v7_zstd/trace.dat',
    'test/fixtures/f_perf/perf.txt.gz',
    'test/fixtures/p_shmem_held/trace.txt.gz',
  ];
  for (const path of captures) {
    const { all, events } = await opened(path);
    const rows = await all('');
    assert.equal(rows.length, events);
    for (const [filter, isAsked] of MEANINGS) {
      const wanted = rows.filter(({ cells }) => isAsked((id) => cells[columnOf(id)]!));
      assert.deepEqual(
        (await all(filter)).map(({ row }) => row),
        wanted.map(({ row }) => row),
        `${filter} in ${path}`,
      );
    }
  }
});

test('a word alone is looked for in what the rows show, kinds and pages among it', async () => {
  for (const path of [
    SAMPLE,
    'test/fixtures/f_dat_v7_zstd/trace.dat',
    'test/fixtures/p_shmem_held/trace.txt.gz',
  ]) {
    const { all } = await opened(path);
    const rows = await all('');
    const kinds = new Set(rows.map(({ cells }) => cells[columnOf('kind')]!).filter((kind) => kind !== ''));
    assert.ok(kinds.size > 1, path);
    for (const kind of kinds) {
      const found = new Set((await all(`"${kind.toUpperCase()}"`)).map(({ row }) => row));
      const shown = rows.filter(({ cells }) => cells[columnOf('kind')]!.includes(kind));
      assert.ok(
        shown.every(({ row }) => found.has(row)),
        `${kind} in ${path}`,
      );
      // No name in these captures has a blank in it.
      if (kind.includes(' ')) assert.equal(found.size, shown.length, `${kind} in ${path}`);
    }
    const page = rows.find(({ pfn }) => /[a-f]/.test(pfn.toString(16)))!.cells[columnOf('pfn')]!;
    const ofPage = await all(`pfn:${page}`);
    assert.ok(ofPage.length > 0, path);
    assert.deepEqual(await all(page), ofPage, path);
    assert.deepEqual(await all(page.slice(2).toUpperCase()), ofPage, path);
    assert.equal((await all(`-${page}`)).length, rows.length - ofPage.length, path);
  }
});

test('a word of digits is the number of a task, not a page', async () => {
  const { all } = await opened(SAMPLE);
  const found = await all('228');
  assert.ok(found.length > 0 && found.every(({ cells }) => cells[columnOf('task')]!.includes('228')));
  assert.deepEqual(await all('12f98'), await all('pfn:0x12f98'));
});

test('an event of a range of pages is asked for by any of them', async () => {
  const { all } = await opened(SAMPLE);
  const tested = await all('event:test_pages_isolated');
  assert.ok(tested.length > 0);
  assert.deepEqual(
    (await all('event:test_pages_isolated pfn:0x12f98')).map(({ row }) => row),
    tested
      .filter(
        ({ cells }) =>
          cells[columnOf('pfn')] === '0x12800' && cells[columnOf('what')]!.startsWith('To 0x12fff'),
      )
      .map(({ row }) => row),
  );
  assert.deepEqual(await all('event:test_pages_isolated pfn:0x1..0x2'), []);
});

test('an event that sets the first count of a page is of its allocation, whatever that reference becomes', async () => {
  const { all } = await opened(SAMPLE);
  const sets = await all('event:page_ref_set val:1');
  const cells = (id: string) => sets.map((row) => row.cells[columnOf(id)]);
  assert.ok(sets.length > 10);
  assert.deepEqual(new Set(cells('what')), new Set(['Count set to 1: first reference']));
  assert.deepEqual(new Set(cells('kind')), new Set(['allocation', 'allocation, then page table mapping']));
  const rows = sets.map(({ row }) => row);
  for (const filter of ['kind:allocation', 'allocation']) {
    const found = (await all(`${filter} event:page_ref_set`)).map(({ row }) => row);
    assert.deepEqual(found, rows, filter);
  }
  const [mapped, ...others] = await all('kind:page-table event:page_ref_set');
  assert.deepEqual([mapped?.pfn, others], [0x12f98, []]);
  assert.deepEqual(await all('"page table mapping" event:page_ref_set'), [mapped]);
  assert.deepEqual(await all('kind:allocation event:page_ref_set val:0'), []);
});

test('holders are asked for by kind, role and time held', async () => {
  const { all } = await opened(SAMPLE);
  const held = await all('role:held');
  assert.ok(held.length >= 3 && held.every(({ pfn }) => pfn === 0x12f98), `${held.length}`);
  const pins = await all('role:held kind:gup-pin');
  assert.deepEqual(await all('role:held kind:gup-p*'), pins);
  assert.ok(pins.length > 0 && pins.length < held.length);
  assert.ok(pins.every(({ cells }) => cells[columnOf('task')]!.startsWith('pvm-reader')));
  assert.ok((await all('held>10ms')).length > 0);
  assert.equal((await all('held>1000s')).length, 0);
  const marks = await all('is:mark');
  assert.ok(marks.length > 0 && marks.every(({ isMark }) => isMark));
  assert.deepEqual(
    (await all('reason:contig_range is:mark')).map(({ row }) => row),
    marks.map(({ row }) => row),
  );
  assert.ok((await all('stack:*vmsplice*')).length > 0);
  assert.deepEqual(await all('stack:vmsplice'), await all('stack:__do_sys_vmsplice'));
  assert.deepEqual(await all('stack:vm'), []);
  assert.deepEqual(await all('stack:process_vm_readv'), await all('stack:__x64_sys_process_vm_readv'));
  assert.ok((await all('stack:process_vm_rw_core')).length > 0, 'a copy of the compiler');
});

test('times are by the clock of the capture, to the last digit', async () => {
  const { all } = await opened(SAMPLE);
  const rows = await all('');
  const at = (index: number): string => rows[index]!.cells[columnOf('time')]!;
  const wanted = rows.filter(({ time }) => time >= rows[40]!.time && time <= rows[80]!.time);
  assert.deepEqual(
    (await all(`after:${at(40)}s before:${at(80)}`)).map(({ row }) => row),
    wanted.map(({ row }) => row),
  );
  const milliseconds = `${Number(at(40)) * 1000}ms`;
  assert.equal((await all(`after:${milliseconds}`))[0]!.time, rows[40]!.time);
});

test('a filter that is not understood leaves nothing out, and says why', async () => {
  const { engine, capture, events } = await opened(SAMPLE);
  const window = await engine.events({ capture, filter: 'pfn:zz', use: 'filter', start: 0, end: 5 });
  assert.equal(window.shown, events);
  assert.deepEqual([window.problem?.start, window.problem?.end], [4, 6]);
});

test('a filter that finds nothing names the test of a task that finds something, where it is close to one', async () => {
  const { engine, capture, all } = await opened(SAMPLE);
  const nearTo = async (filter: string) =>
    (await engine.events({ capture, filter, use: 'filter', start: 0, end: 0 })).nearMiss;
  const misses = [
    ['comm:cma', 'comm:cma*'],
    ['comm:CMA-alloc-230', 'task:CMA-alloc-230'],
    ['cpu:0 (comm:nobody,own or comm:x)', 'comm:own*'],
    ['task:cma-alloc', 'comm:cma-alloc'],
    ['task:cma-alloc-23', 'task:cma-alloc-23*'],
    ['reason:contig_rnge', 'reason:contig_range'],
    ['reason:contig', 'reason:contig_range'],
    ['flags:swapbaked', 'flags:swapbacked'],
  ] as const;
  for (const [filter, near] of misses) {
    assert.equal(await nearTo(filter), near, filter);
    assert.ok((await all(near)).length > 0, near);
  }
  for (const filter of [
    'reason:nonsense',
    'flags:hwpoison',
    'comm:nobody',
    'comm:cma-alloc cpu:77',
    'comm:*x',
    '-comm:* -comm:cma',
    'cma-',
  ]) {
    assert.equal(await nearTo(filter), null, filter);
  }
});

test('a migrate reason is asked for by its old name or its new one', async () => {
  const { all } = await opened(SAMPLE);
  const rows = await all('reason:contig_range');
  assert.ok(rows.length > 0);
  assert.deepEqual(await all('reason:cma'), rows);
  assert.deepEqual(await all('reason:CM*'), rows);
});

test('completion offers keys, then what the capture has', async () => {
  const { engine, capture } = await opened(SAMPLE);
  const at = async (filter: string, offset = filter.length) => {
    const { items, start, end } = await engine.completeFilter({ capture, filter, offset });
    return { texts: items.map(({ text }) => text), start, end };
  };
  assert.deepEqual((await at('')).texts.length, FILTER_KEYS.length);
  assert.deepEqual(await at('cpu:0 -eve'), { texts: ['event:'], start: 7, end: 10 });
  assert.deepEqual(await at('pfn:'), { texts: ['0x12f98'], start: 4, end: 4 });
  assert.ok((await at('event:')).texts.includes('page_ref_mod'));
  assert.ok((await at('(comm:own')).texts.includes('owner'));
  assert.deepEqual(await at('kind:gup-pin,pipe-b'), { texts: ['pipe-buffer'], start: 13, end: 19 });
  assert.ok((await at('stack:__do_sys_vm')).texts.includes('__do_sys_vmsplice'));
  assert.deepEqual((await at('stack:vmspl')).texts, ['vmsplice', '__do_sys_vmsplice']);
  assert.deepEqual((await at('count>')).texts, []);
  assert.deepEqual((await at('held')).texts, ['held>']);
});

test('a filter under way ends when nobody waits for it, and another asker still gets it', async () => {
  const { engine, capture, events } = await opened(SAMPLE);
  const query = { capture, filter: 'cpu:0', use: 'filter', start: 0, end: 1 } as const;
  const first = new AbortController();
  const both = [engine.events(query, { signal: first.signal }), engine.events(query)] as const;
  first.abort();
  await assert.rejects(both[0], { name: 'CancelledError' });
  assert.ok((await both[1]).matching < events);
  const alone = new AbortController();
  const given = engine.events({ ...query, filter: 'cpu:1' }, { signal: alone.signal });
  alone.abort();
  await assert.rejects(given, { name: 'CancelledError' });
  assert.ok((await engine.events({ ...query, filter: 'cpu:1' })).matching < events);
});

test('an event that names no page is found by each page whose mark rests on it', async () => {
  const engine = new Engine(nodeHost());
  const { id: capture } = await engine.openCapture({ path: 'test/fixtures/f_dat_v7_zstd/trace.dat' });
  const rowsOf = async (filter: string): Promise<readonly number[]> => {
    const { rows } = await engine.events({ capture, filter, use: 'filter', start: 0, end: 1000 });
    return rows.map(({ row }) => row);
  };
  const [first] = await rowsOf('event:mm_migrate_pages is:mark');
  assert.ok(first !== undefined);
  const named: string[] = [];
  for (const pfn of ['0x12e8c', '0x12e8d', '0x12f90', '0x12f91', '0x12f92']) {
    if ((await rowsOf(`pfn:${pfn} event:mm_migrate_pages`)).includes(first)) named.push(pfn);
  }
  assert.equal(named.length, 4, `as many as the event says that failed: ${named.join()}`);
  assert.deepEqual(await rowsOf('pfn:0x1 event:mm_migrate_pages'), []);
});
