import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, afterEach } from 'node:test';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { EngineClient } from '../../../src/engine/client';
import { inWorkerThread } from '../../../src/engine/node/startWorker';
import type { ProgressReport } from '../../../src/engine/protocol';
import type { WorkspaceFiles } from '../../../src/engine/workspaceFiles';

const SAMPLE = 'media/sample/trace.txt';
const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-client-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const absent = (): Promise<never> => Promise.reject(new Error('does not exist.'));
/** An editor without file systems. */
const NO_FILES: WorkspaceFiles = { stat: absent, list: absent, read: absent, write: absent };

const clients: EngineClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.dispose())));

function client(script = path.resolve('dist/worker.js')): EngineClient {
  const made = new EngineClient(
    inWorkerThread(script, { cacheFolder: path.join(scratch, 'cache') }),
    NO_FILES,
  );
  clients.push(made);
  return made;
}

/** A worker of a few lines in place of the real one. */
function worker(name: string, code: string): string {
  const place = path.join(scratch, `${name}.cjs`);
  writeFileSync(place, `const { parentPort } = require('node:worker_threads');\n${code}`);
  return place;
}

test('a capture is opened in the worker, and its rows come as plain data', async () => {
  const engine = client();
  const reports: ProgressReport[] = [];
  const onProgress = (report: ProgressReport): void => {
    reports.push(report);
  };
  const facts = await engine.openCapture({ path: SAMPLE }, { onProgress });
  assert.deepEqual([facts.format, facts.pages, facts.heldPages], ['ftrace', 1, 1]);
  assert.deepEqual(facts.reasons, [['contig_range', 1]]);
  assert.ok(reports.some(({ phase }) => phase === 'analysing'));
  const { nodes, total } = await engine.children({
    tree: 'holders',
    node: null,
    start: 0,
    end: 10,
    query: DEFAULT_QUERY,
  });
  assert.equal(total, 1);
  assert.equal(nodes[0]?.label, '0x12f98 · held by 3');
});

test('a failure in the worker arrives with its name and its message', async () => {
  await assert.rejects(client().openCapture({ path: path.join(scratch, 'absent') }), {
    name: 'CaptureError',
    message: /absent does not exist/,
  });
});

test('captures of one engine get rows of their own, and a closed one leaves no row', async () => {
  const engine = client();
  const one = await engine.openCapture({ path: SAMPLE });
  await engine.openCapture({ path: 'test/fixtures/f_pipe/trace_pipe.txt' });
  const roots = async (): Promise<string[]> => {
    const request = { tree: 'holders', node: null, start: 0, end: 10, query: DEFAULT_QUERY } as const;
    return (await engine.children(request)).nodes.map((node) => node.kind);
  };
  assert.deepEqual(await roots(), ['capture', 'capture']);
  await engine.closeCapture({ id: one.id });
  assert.ok((await roots()).every((kind) => kind === 'page'));
});

function big(name: string, times: number): string {
  const file = path.join(scratch, name);
  writeFileSync(file, '');
  const text = readFileSync(SAMPLE, 'utf8').repeat(50);
  for (let left = times; left > 0; left -= 50) appendFileSync(file, text);
  return file;
}

for (const phase of ['reading', 'analysing'] as const) {
  test(`a cancel in phase ${phase} is answered within 100 ms, and the worker stops soon after`, async () => {
    const engine = client();
    const controller = new AbortController();
    const reports: ProgressReport[] = [];
    let cancelled = 0;
    const opening = engine.openCapture(
      { path: big(`${phase}.txt`, 1000) },
      {
        signal: controller.signal,
        onPart: () => undefined,
        onProgress: (report) => {
          reports.push(report);
          if (report.phase !== phase || cancelled > 0) return;
          cancelled = performance.now();
          controller.abort();
        },
      },
    );
    await assert.rejects(opening, { name: 'CancelledError' });
    assert.ok(performance.now() - cancelled < 100, `${performance.now() - cancelled} ms to the answer`);
    // The worker answers in turn: it is asked when it is done with what was cancelled, which leaves nothing behind.
    const request = { tree: 'captures', node: null, start: 0, end: 10, query: DEFAULT_QUERY } as const;
    let nodes = (await engine.children(request)).nodes;
    for (let tries = 0; nodes.length > 0 && tries < 50; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      nodes = (await engine.children(request)).nodes;
    }
    assert.deepEqual(nodes, []);
    assert.equal(reports.at(-1)?.phase, phase, 'no phase follows');
  });
}

test('rows of one capture are answered while another one is read and analysed', async () => {
  const engine = client();
  await engine.openCapture({ path: SAMPLE });
  const opening = engine.openCapture({ path: big('other.txt', 1000) });
  const state = { isOpen: false };
  void opening.then(() => {
    state.isOpen = true;
  });
  let answers = 0;
  for (; !state.isOpen; answers++) {
    await engine.children({ tree: 'holders', node: null, start: 0, end: 10, query: DEFAULT_QUERY });
  }
  assert.ok(answers > 10, `${answers} answers`);
});

test('a capture that was ready before the worker heard of the cancel is closed', async () => {
  const script = worker(
    'late',
    `const closed = [];
     parentPort.on('message', ({ type, id, method, request }) => {
       if (type === 'cancel') setTimeout(() => parentPort.postMessage({ type: 'result', id, value: { id: 'c7' } }), 5);
       if (method === 'closeCapture') closed.push(request.id);
       if (method === 'children') parentPort.postMessage({ type: 'result', id, value: closed });
     });`,
  );
  const engine = client(script);
  const controller = new AbortController();
  const opening = engine.openCapture({ path: 'x' }, { signal: controller.signal });
  controller.abort();
  await assert.rejects(opening, { name: 'CancelledError' });
  const request = { tree: 'captures', node: null, start: 0, end: 10, query: DEFAULT_QUERY } as const;
  let closed: unknown = [];
  const patience = Date.now() + 10_000;
  while (String(closed) === '' && Date.now() < patience) closed = await engine.children(request);
  assert.deepEqual(closed, ['c7']);
});

test('a closed capture gives its memory back', async (t) => {
  // The real worker, and beside it a line to ask for the memory of its columns after a collection of garbage.
  const script = path.join(scratch, 'measured.cjs');
  writeFileSync(
    script,
    `require(${JSON.stringify(path.resolve('dist/worker.js'))});
     require('node:v8').setFlagsFromString('--expose-gc');
     const collect = require('node:vm').runInNewContext('gc');
     const channel = new BroadcastChannel('page-holders-memory');
     channel.onmessage = () => {
       for (let i = 0; i < 3; i++) collect();
       const { arrayBuffers, heapUsed } = process.memoryUsage();
       channel.postMessage({ arrayBuffers, heapUsed });
     };
     channel.unref();`,
  );
  const engine = client(script);
  const channel = new BroadcastChannel('page-holders-memory');
  const memory = async (): Promise<{ arrayBuffers: number; heapUsed: number }> => {
    const answer = new Promise((resolve) => {
      channel.onmessage = (event) => {
        resolve((event as { data: unknown }).data);
      };
    });
    channel.postMessage('measure');
    return (await answer) as { arrayBuffers: number; heapUsed: number };
  };
  try {
    await engine.openCapture({ path: SAMPLE });
    const before = await memory();
    const rows = { tree: 'holders', node: null, start: 0, end: 200, query: DEFAULT_QUERY } as const;
    const { id, events } = await engine.openCapture(
      { path: big('closed.txt', 400) },
      { onPart: () => void engine.children(rows) },
    );
    await engine.children({ ...rows, node: id });
    const open = await memory();
    await engine.closeCapture({ id });
    const after = await memory();
    const freed = open.arrayBuffers - after.arrayBuffers;
    t.diagnostic(
      `${events} events: ${open.arrayBuffers - before.arrayBuffers} bytes while open, ` +
        `${after.arrayBuffers - before.arrayBuffers} after closing`,
    );
    assert.ok(freed >= events * 60, `${freed} bytes of ${events} events were given back`);
    assert.ok(after.arrayBuffers - before.arrayBuffers < 1 << 20);
    assert.ok(after.heapUsed - before.heapUsed < 4 << 20);
  } finally {
    channel.close();
  }
});

test('a worker that runs out of memory ends alone, and says so', async () => {
  const script = worker(
    'hungry',
    `const kept = [];
     parentPort.on('message', () => { for (;;) kept.push(new Array(1000).fill({ kept })); });`,
  );
  const engine = new EngineClient(inWorkerThread(script, { cacheFolder: scratch }, 16), NO_FILES);
  clients.push(engine);
  await assert.rejects(engine.openCapture({ path: 'x' }), {
    name: 'EngineStoppedError',
    message: /memory/,
  });
});

test('a worker that ends by itself fails what was asked of it, is told of once, and is replaced', async () => {
  const script = worker(
    'crashing',
    `parentPort.on('message', ({ id, request }) => {
       if (request.path === 'bad') throw new Error('out of memory');
       parentPort.postMessage({ type: 'result', id, value: request.path });
     });`,
  );
  const engine = client(script);
  const reasons: string[] = [];
  engine.onStopped((reason) => {
    reasons.push(reason);
  });
  const asked = [engine.openCapture({ path: 'bad' }), engine.openCapture({ path: 'other' })];
  for (const outcome of await Promise.allSettled(asked)) assert.equal(outcome.status, 'rejected');
  await assert.rejects(engine.openCapture({ path: 'bad' }), {
    name: 'EngineStoppedError',
    message: /out of memory/,
  });
  assert.deepEqual(reasons, ['out of memory', 'out of memory']);
  assert.equal(await engine.openCapture({ path: 'good' }), 'good');
});

test('a worker that cannot start fails the request', async () => {
  await assert.rejects(client(path.join(scratch, 'absent.cjs')).openCapture({ path: SAMPLE }), {
    name: 'EngineStoppedError',
  });
});

test('after it is disposed it starts no worker any more', async () => {
  const engine = client();
  await engine.dispose();
  await assert.rejects(engine.openCapture({ path: SAMPLE }), { name: 'CancelledError' });
});
