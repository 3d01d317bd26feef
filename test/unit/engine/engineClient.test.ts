import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, afterEach } from 'node:test';
import { EngineClient } from '../../../src/engine/client';
import type { ProgressReport } from '../../../src/engine/protocol';

const SAMPLE = 'media/sample/trace.txt';
const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-client-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const clients: EngineClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.dispose())));

function client(script = path.resolve('dist/worker.js')): EngineClient {
  const made = new EngineClient(script, { cacheFolder: path.join(scratch, 'cache') });
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
    reason: null,
  });
  assert.equal(total, 1);
  assert.equal(nodes[0]?.label, '0x12f98 · held by 3 · contig_range');
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
    const request = { tree: 'holders', node: null, start: 0, end: 10, reason: null } as const;
    return (await engine.children(request)).nodes.map((node) => node.kind);
  };
  assert.deepEqual(await roots(), ['capture', 'capture']);
  await engine.closeCapture({ id: one.id });
  assert.ok((await roots()).every((kind) => kind === 'page'));
});

test('a cancel ends the request at once, and the engine goes on', async () => {
  const engine = client();
  const controller = new AbortController();
  const big = path.join(scratch, 'big.txt');
  writeFileSync(big, readFileSync(SAMPLE, 'utf8').repeat(200));
  const opening = engine.openCapture({ path: big }, { signal: controller.signal });
  setTimeout(() => {
    controller.abort();
  }, 20);
  await assert.rejects(opening, { name: 'CancelledError' });
  const { nodes } = await engine.children({ tree: 'captures', node: null, start: 0, end: 10, reason: null });
  assert.deepEqual(nodes, []);
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
