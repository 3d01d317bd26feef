/** The engine over the file systems of an editor, which have no paths and no reading by ranges. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { gzipSync } from 'node:zlib';
import { AskedFiles } from '../../../src/engine/askedFiles';
import { EngineClient } from '../../../src/engine/client';
import { Engine } from '../../../src/engine/engine';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { inWorkerThread } from '../../../src/engine/node/startWorker';
import type { FileRequest, ProgressReport } from '../../../src/engine/protocol';
import { isUri } from '../../../src/engine/workspaceFiles';
import { workspaceHost } from '../../../src/engine/workspaceHost';
import { MemoryTree } from '../source/memoryTree';
import { captureRows } from './support/captureRows';
import { MEMORY, MemoryFiles } from './support/memoryFiles';

const TEXT = `${MEMORY}/trace%201.txt`;
const DAT = `${MEMORY}/trace.dat`;
const SPLICE = `
static int iter_to_pipe(struct iov_iter *from)
{
	return iov_iter_get_pages2(from);
}
`;

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-workspace-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function memory(): MemoryFiles {
  return new MemoryFiles(
    new MemoryTree({
      'trace%201.txt': readFileSync('media/sample/trace.txt'),
      'trace.dat': readFileSync('test/fixtures/a_reader/trace.dat'),
      'fs/splice.c': SPLICE,
      'lib/iov_iter.c': 'ssize_t iov_iter_get_pages2(struct iov_iter *i)\n{\n\treturn 0;\n}\n',
    }),
  );
}

test('a text and a trace.dat are opened by their URIs, and read once', async () => {
  const files = memory();
  const engine = new Engine(workspaceHost(files, null));
  const reports: ProgressReport[] = [];
  const text = await engine.openCapture({ path: TEXT }, { onProgress: (report) => reports.push(report) });
  const dat = await engine.openCapture({ path: DAT });
  assert.deepEqual([text.path, text.format, text.heldPages], [TEXT, 'ftrace', 1]);
  const fromPath = await new Engine(nodeHost()).openCapture({ path: 'test/fixtures/a_reader/trace.dat' });
  assert.deepEqual([dat.format, dat.events, dat.pages], [fromPath.format, fromPath.events, fromPath.pages]);
  assert.ok(dat.events > 0 && dat.pages > 0);
  assert.equal(files.calls.filter((call) => call === 'read trace.dat').length, 1);
  const size = readFileSync('media/sample/trace.txt').length;
  assert.deepEqual(reports[0], { phase: 'reading', done: 0, total: size, unit: 'bytes', rowsAtEnd: false });
  const nodes = await captureRows(engine);
  assert.ok(
    nodes.some(({ label }) => label === 'trace 1.txt'),
    'people read no percent signs',
  );
});

test('what cannot be opened is told with its name, its size or its kind, and nothing of it is read', async () => {
  const files = memory();
  files.sizes.set('trace.dat', 300 * 2 ** 20);
  const engine = new Engine(workspaceHost(files, null));
  const refused = async (name: string, message: RegExp): Promise<void> => {
    await assert.rejects(engine.openCapture({ path: `${MEMORY}/${name}` }), {
      name: 'CaptureError',
      message,
    });
  };
  await refused('absent.txt', /^memory:\/kernel\/absent\.txt does not exist\.$/);
  await refused('fs', /is a folder/);
  await refused('trace.dat', /has 300 MB\. .* up to 256 MB: save a copy/);
  assert.ok(files.calls.every((call) => !call.startsWith('read')));
});

test('an opening is cancelled while the file system keeps it waiting', async () => {
  const files = memory();
  files.gate = new Promise(() => undefined);
  const controller = new AbortController();
  const { signal } = controller;
  const opening = new Engine(workspaceHost(files, null)).openCapture({ path: TEXT }, { signal });
  controller.abort();
  await assert.rejects(opening, { name: 'CancelledError' });
});

test('a file that is written to, or goes away, is told of', async () => {
  const files = memory();
  const engine = new Engine(workspaceHost(files, null));
  await engine.openCapture({ path: TEXT });
  assert.deepEqual(await engine.checkFiles(), []);
  files.tree.write('trace%201.txt', readFileSync('media/sample/trace.txt'));
  assert.deepEqual(
    (await engine.checkFiles()).map(({ changed }) => changed?.text),
    ['was written to'],
  );
  files.tree.files.delete('trace%201.txt');
  assert.deepEqual(
    (await engine.checkFiles()).map(({ changed }) => changed),
    [{ kind: 'gone', text: 'was deleted or moved away' }],
  );
});

test('rows do not wait for a tree that is far away, and have its lines when it was walked, also in the next run', async () => {
  const files = memory();
  const engine = new Engine(workspaceHost(files, `${MEMORY}/cache`), { answersEarly: true });
  await engine.openCapture({ path: TEXT });
  await engine.setKernelTree({ root: MEMORY, trusted: true });
  const place = async (of = engine): Promise<string | undefined> =>
    (await of.text({ node: null, query: DEFAULT_QUERY }))
      .split('\n')
      .find((line) => line.includes('iov_iter_get_pages2'))
      ?.match(/fs\/splice\.c:4|lib\/iov_iter\.c:\d+/)?.[0];
  assert.equal(await place(), undefined);
  await engine.lookUpFunctions({});
  assert.match((await place()) ?? '', /iov_iter\.c/);

  const next = new Engine(workspaceHost(files, `${MEMORY}/cache`));
  await next.openCapture({ path: TEXT });
  await next.setKernelTree({ root: MEMORY, trusted: true });
  const before = files.calls.length;
  assert.match((await place(next)) ?? '', /iov_iter\.c/);
  const reads = files.calls.slice(before).filter((call) => /read (?:fs|kernel|mm|include)/.test(call));
  assert.deepEqual(reads, [], 'the places were kept: no source is read to find them');
});

test('an export is written through the editor, and debug info is refused with the reason', async () => {
  const files = memory();
  const engine = new Engine(workspaceHost(files, null));
  await engine.openCapture({ path: TEXT });
  const request = { format: 'csv', query: DEFAULT_QUERY, path: `${MEMORY}/holders.csv` } as const;
  const { bytes } = await engine.exportFile(request);
  const written = files.tree.files.get('holders.csv')!.bytes;
  assert.equal(bytes, written.length);
  assert.match(new TextDecoder().decode(written), /0x12f98/);
  await assert.rejects(engine.exportFile({ ...request, path: TEXT }), { message: /is what is exported/ });
  await assert.rejects(engine.setDebugInfo({ vmlinux: '/vmlinux', modules: null, sourcePathMap: [] }), {
    name: 'DebugFileError',
    message: /cannot be read here: debug info is read by ranges/,
  });
});

test('a worker in Node asks the editor for what has a URI, and reads paths by itself', async () => {
  const files = memory();
  const start = inWorkerThread(path.resolve('dist/worker.js'), { cacheFolder: path.join(scratch, 'cache') });
  const engine = new EngineClient(start, files);
  try {
    const far = await engine.openCapture({ path: TEXT });
    const near = await engine.openCapture({ path: 'media/sample/trace.txt' });
    assert.deepEqual([far.events, far.heldPages], [near.events, near.heldPages]);
    assert.deepEqual(
      files.calls.filter((call) => call.startsWith('read')),
      ['read trace%201.txt'],
    );
    await assert.rejects(engine.openCapture({ path: `${MEMORY}/absent.txt` }), {
      name: 'CaptureError',
      message: /absent\.txt does not exist/,
    });
  } finally {
    await engine.dispose();
  }
});

test('no more than sixteen calls are under way, and each gets its own answer', async () => {
  const posted: FileRequest[] = [];
  const files = new AskedFiles((request) => posted.push(request));
  const answers = Array.from({ length: 40 }, (_, index) => files.read(MEMORY, `${index}.c`, 100));
  assert.equal(posted.length, 16);
  for (let next = 0; next < 40; next++) {
    const { id, args } = posted[next]!;
    files.receive({ type: 'file', id, value: args[1], error: null });
    assert.ok(posted.length - next - 1 <= 16);
  }
  assert.deepEqual(
    await Promise.all(answers),
    Array.from({ length: 40 }, (_, index) => `${index}.c`),
  );
});

test('paths of any system are no URIs', () => {
  assert.deepEqual(
    ['/tmp/a:b', 'C:\\trace.txt', 'c:/trace.txt', 'trace.txt', 'vscode-vfs://github/x/y', 'memfs:/a'].map(
      isUri,
    ),
    [false, false, false, false, true, true],
  );
});

test('a packed vmlinux is unpacked in memory for its names', async () => {
  const elf = readFileSync('test/fixtures/debugInfo/dwarf4.elf');
  // Its symbols come behind more than one piece of memory.
  const sections = elf.readBigUInt64LE(40);
  const gap = 1 << 25;
  const moved = Buffer.concat([elf, Buffer.alloc(gap), elf.subarray(Number(sections))]);
  moved.writeBigUInt64LE(BigInt(elf.length + gap), 40);
  const tree = new MemoryTree({
    vmlinux: elf,
    'vmlinux.gz': gzipSync(moved),
    'm.ko.gz': gzipSync(readFileSync('test/fixtures/debugInfo/dwarf5.ko')),
  });
  const engine = new Engine(workspaceHost(new MemoryFiles(tree), null));
  for (const name of ['vmlinux', 'vmlinux.gz']) {
    const { format } = await engine.openCapture({ path: `${MEMORY}/${name}` });
    assert.equal(format, 'kallsyms');
  }
  const nodes = await captureRows(engine);
  const [flat, packed] = nodes.filter(({ kind }) => kind === 'capture').map(({ description }) => description);
  assert.equal(packed, flat);
  await assert.rejects(engine.openCapture({ path: `${MEMORY}/m.ko.gz` }), /m\.ko\.gz cannot be opened/);
});
