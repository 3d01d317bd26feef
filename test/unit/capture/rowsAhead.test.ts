/** Rows that another thread clears ahead: none that is in use may be lost to it, whenever the thread comes to it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { ABSENT, EventKind, NONE } from '../../../src/capture/eventTable';
import { EventTableBuilder } from '../../../src/capture/eventTableBuilder';
import type { Column } from '../../../src/capture/growingColumn';
import { openCapture } from '../../../src/capture/openCapture';
import type { ClearMemory } from '../../../src/capture/otherThreads';
import { RowsAhead } from '../../../src/capture/rowsAhead';
import { clearMemory } from '../../../src/engine/node/clearMemory';
import { repeated } from '../../bench/generator/repeatCapture';
import { below, seededRandom } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';

/** A thread that comes to what it is asked for when it is told to. */
class LateThread {
  asked = 0;
  private waiting: (() => void)[] = [];

  readonly clear: ClearMemory = (memory) =>
    new Promise((resolve) => {
      this.asked++;
      this.waiting.push(() => {
        for (const piece of memory) piece.fill(0);
        resolve();
      });
    });

  comes(): void {
    for (const run of this.waiting.splice(0)) run();
  }
}

/** Writes a row of which every cell can be told from its number. */
function append(table: EventTableBuilder, random: () => number): string {
  const number = table.length;
  const row = table.append(number / 2, number & 7, number, EventKind.PageRefMod, number * 3, number * 5);
  table.pfn[row] = number + 0.5;
  table.stack[row] = ~number;
  if (below(random, 3) === 0) table.val[row] = number;
  if (below(random, 50) === 0) table.details.pages[table.detailOf(row)] = number;
  return cells(table, row);
}

function cells(table: EventTableBuilder, row: number): string {
  const { time, cpu, task, kind, name, pfn, flags, count, mapcount, val, ret } = table;
  const { mapping, migratetype, order, stack, detail, details } = table;
  const columns: Column[] = [time, cpu, task, kind, name, pfn, flags, count, mapcount, val, ret];
  columns.push(mapping, migratetype, order, stack, detail);
  return [...columns.map((column) => column[row]), table.offset(row), details.pages[detail[row]!]].join();
}

test('no row is lost to a thread that clears rows ahead, however late it comes', async () => {
  for (const [seed, lateness] of [1, 5, 40, 400].entries()) {
    const random = seededRandom(seed);
    const table = new EventTableBuilder();
    const thread = new LateThread();
    const ahead = new RowsAhead(table, thread.clear, 1500);
    const expected: string[] = [];
    for (let turn = 0; turn < 2000; turn++) {
      // What is known of the number of rows changes: room is made while rows are cleared, too.
      if (turn % 700 === 20) table.reserve(table.length + 60_000);
      ahead.advance();
      for (let rows = below(random, 60); rows > 0; rows--) expected.push(append(table, random));
      if (below(random, lateness) === 0) thread.comes();
      await Promise.resolve();
    }
    thread.comes();
    assert.ok(thread.asked > 2, `asked ${thread.asked} times`);
    assert.deepEqual(
      expected.filter((text, row) => cells(table, row) !== text),
      [],
    );
    const row = table.append(1, 1, 1, EventKind.Other, 1, 1);
    assert.deepEqual(
      [table.pfn[row], table.count[row], table.stack[row], table.order[row]],
      [NONE, ABSENT, NONE, -1],
    );
  }
});

test('a thread that fails is not asked again', async () => {
  const table = new EventTableBuilder();
  let asked = 0;
  const ahead = new RowsAhead(
    table,
    () => {
      asked++;
      return Promise.reject(new Error('no such device'));
    },
    100,
  );
  table.reserve(10_000);
  for (let turn = 0; turn < 50; turn++) {
    ahead.advance();
    for (let rows = 0; rows < 50; rows++) table.append(0, 0, 0, EventKind.Other, 0, 0);
    await Promise.resolve();
  }
  assert.equal(asked, 1);
});

test('a large recording is read the same with rows that the system clears', async () => {
  const file = path.join(FIXTURES, 'a_reader', 'trace.dat');
  const parts: Uint8Array[] = [];
  // The generator writes no compressed chunks.
  for await (const part of repeated(textBytes(file), file, 1000)) parts.push(part);
  const source = memorySource(new Uint8Array(Buffer.concat(parts)));
  const alone = await openCapture(source);
  let asked = 0;
  const counted: ClearMemory = (memory) => {
    asked++;
    return clearMemory(memory);
  };
  const otherThreads = { startDecompression: null, clearMemory: counted };
  const cleared = await openCapture(source, { otherThreads });
  assert.ok(asked > 0, `${alone.events.length} rows are too few`);
  const { length } = alone.events;
  assert.equal(cleared.events.length, length);
  for (const column of [
    'time',
    'cpu',
    'task',
    'kind',
    'pfn',
    'flags',
    'count',
    'val',
    'ret',
    'stack',
  ] as const) {
    assert.deepEqual(cleared.events[column].subarray(0, length), alone.events[column].subarray(0, length));
  }
});
