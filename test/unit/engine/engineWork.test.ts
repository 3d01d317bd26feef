/** Long work of the engine: parts on the way, cancel in every phase, and files that change under it. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DEFAULT_QUERY, NO_FILTER } from '../../../src/engine/holdersQuery';
import { Engine } from '../../../src/engine/engine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import type { CaptureFacts, ProgressReport, TreeName, TreeNode } from '../../../src/engine/protocol';

const SAMPLE = readFileSync('media/sample/trace.txt');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-work-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

let names = 0;
function written(content: Uint8Array | string): string {
  const file = path.join(scratch, `trace-${names++}.txt`);
  writeFileSync(file, content);
  return file;
}

/** A few megabytes: several reads. */
function large(times = 60): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => SAMPLE));
}

async function nodes(
  engine: Engine,
  tree: TreeName,
  node: string | null = null,
): Promise<readonly TreeNode[]> {
  return (await engine.children({ tree, node, start: 0, end: 100, query: DEFAULT_QUERY })).nodes;
}

test('a part is there to be asked for, says that it is one, and keeps its ids when the whole comes', async () => {
  const engine = new Engine(nodeHost());
  const parts: CaptureFacts[] = [];
  let asked: Promise<readonly (readonly TreeNode[])[]> | null = null;
  const facts = await engine.openCapture(
    { path: written(large()) },
    {
      onPart: (part) => {
        parts.push(part);
        asked ??= Promise.all([
          nodes(engine, 'holders'),
          nodes(engine, 'captures'),
          nodes(engine, 'captures', part.id),
        ]);
      },
    },
  );
  const [first] = parts;
  assert.ok(first && asked);
  assert.ok(first.part > 0 && first.part < 1, `${first.part}`);
  assert.equal(first.id, facts.id);
  assert.ok(first.events < facts.events);
  const [holders, captures, rows] = await (asked as Promise<readonly (readonly TreeNode[])[]>);
  assert.match(holders![0]!.label, /^\d+ % read: more pages and holders may follow$/);
  assert.equal(holders!.at(-1)!.id, `${facts.id}/0x12f98`);
  assert.match(captures!.at(-1)!.description, /^\d+ % read · ftrace · /);
  assert.match(rows![0]!.label, /% of the file read so far/);
  assert.equal(facts.part, 1);
  const whole = await nodes(engine, 'holders');
  assert.equal(whole.at(-1)!.id, `${facts.id}/0x12f98`);
  assert.ok(whole.every(({ label }) => !label.includes('% read')));
});

test('a part claims no holder to be held still', async () => {
  const engine = new Engine(nodeHost());
  const texts: Promise<string>[] = [];
  const facts = await engine.openCapture(
    { path: written(large()) },
    { onPart: () => void texts.push(engine.text({ node: null, query: DEFAULT_QUERY })) },
  );
  const [text] = await Promise.all(texts);
  assert.match(text!, /not released so far/);
  assert.doesNotMatch(text!, /still held/);
  assert.match(await engine.text({ node: `${facts.id}/0x12f98`, query: DEFAULT_QUERY }), /still held/);
});

test('a text that nobody waits for any more is not made', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: 'media/sample/trace.txt' });
  const signal = AbortSignal.abort();
  const request = { node: null, query: DEFAULT_QUERY } as const;
  await assert.rejects(engine.text(request, { signal }), { name: 'CancelledError' });
  assert.match(await engine.text(request), /still held/);
});

test('the rows of a text are not kept, and take no place of those that are shown', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: 'media/sample/trace.txt' });
  const [shown] = await nodes(engine, 'holders');
  for (let word = 0; word < 20; word++) {
    const filter = { ...NO_FILTER, text: `word${word}` };
    await engine.text({ node: null, query: { ...DEFAULT_QUERY, filter } });
  }
  const [again] = await nodes(engine, 'holders');
  assert.equal(again, shown);
});

test('a capture whose reading is stopped says in its row and its header how far it was read', async () => {
  const engine = new Engine(nodeHost());
  const path = written(large());
  assert.equal(await engine.stopReading({ path }), false, 'it is not read yet');
  const stopped: Promise<boolean>[] = [];
  const facts = await engine.openCapture(
    { path },
    { onPart: () => void stopped.push(engine.stopReading({ path })) },
  );
  assert.deepEqual(await Promise.all(stopped), [true]);
  assert.equal(facts.part, 1, 'nothing more is coming');
  const row = (await nodes(engine, 'captures')).find(({ kind }) => kind === 'capture');
  assert.match(row!.description, /^read to \d+ % · ftrace · /);
  const header = await engine.captureHeader({ capture: facts.id });
  const events = header.facts.find(({ name }) => name === 'Events');
  assert.match(events!.value, / \(read to \d+ %\)$/);
  assert.equal(events!.isDoubt, true);
  assert.equal(await engine.stopReading({ path }), false, 'it is read');
});

test('nobody who does not ask for parts pays for them', async () => {
  const reports: ProgressReport[] = [];
  const engine = new Engine(nodeHost());
  await engine.openCapture(
    { path: written(large(4)) },
    { onProgress: (report) => void reports.push(report) },
  );
  assert.ok(reports.length > 0);
  assert.deepEqual(
    (await nodes(engine, 'holders')).filter(({ id }) => id.endsWith('/part')),
    [],
  );
});

const perfData = gunzipSync(readFileSync('test/fixtures/perf/multi.perf.data.gz'));

for (const [phase, what, content] of [
  ['reading', 'text', large()],
  ['reading', 'gzipped text', gzipSync(large(400))],
  ['sorting', 'perf.data', perfData],
  ['analysing', 'text', large()],
] as const) {
  test(`a cancel while ${what} is in phase ${phase} stops the work there`, async () => {
    const engine = new Engine(nodeHost());
    const controller = new AbortController();
    let later = 0;
    const opening = engine.openCapture(
      { path: written(content) },
      {
        signal: controller.signal,
        onPart: () => undefined,
        onProgress: (report) => {
          if (controller.signal.aborted) later++;
          if (report.phase === phase && (report.done > 0 || report.total === 0)) controller.abort();
        },
      },
    );
    await assert.rejects(opening, { name: 'CancelledError' });
    assert.ok(later <= 1, `${later} reports after the cancel`);
    assert.deepEqual(await nodes(engine, 'captures'), []);
  });
}

test('a cancel stops the walk over a kernel tree, and what was looked for is looked for the next time', async () => {
  const tree = path.join(scratch, 'linux');
  for (const folder of ['mm', 'include/linux', 'arch/x86', 'fs', 'kernel']) {
    mkdirSync(path.join(tree, folder), { recursive: true });
  }
  writeFileSync(path.join(tree, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n');
  writeFileSync(path.join(tree, 'Kconfig'), 'mainmenu "Linux"\n');
  for (const header of ['linux/mm.h', 'linux/fs.h']) writeFileSync(path.join(tree, 'include', header), '\n');
  for (let i = 0; i < 2000; i++) writeFileSync(path.join(tree, 'fs', `f${i}.c`), `int f${i}(void)\n{\n}\n`);
  writeFileSync(path.join(tree, 'mm/gup.c'), 'int __pin_user_pages(void)\n{\n\treturn 0;\n}\n');
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: 'media/sample/trace.txt' });
  await engine.setKernelTree({ root: tree, trusted: true });
  const controller = new AbortController();
  let later = 0;
  const walk = engine.lookUpFunctions(
    {},
    {
      signal: controller.signal,
      onProgress: () => {
        if (controller.signal.aborted) later++;
        controller.abort();
      },
    },
  );
  await assert.rejects(walk, { name: 'CancelledError' });
  assert.equal(later, 0);
  const found = await engine.lookUpFunctions({});
  assert.ok(found && found.asked > 0);
});

/** Opens `file` and does `act` once the first bytes were read. */
async function openWhile(file: string, act: () => void): Promise<readonly string[]> {
  const engine = new Engine(nodeHost());
  let isDone = false;
  const facts = await engine.openCapture(
    { path: file },
    {
      onProgress: () => {
        if (!isDone) act();
        isDone = true;
      },
    },
  );
  const problems = await nodes(engine, 'captures', `${facts.id}/problems`);
  return problems.map(({ label }) => label);
}

test('a file that grows while it is read is read as it was opened, and the rest is said to be missing', async () => {
  const file = written(large(20));
  const { length } = large(20);
  const said = await openWhile(file, () => {
    appendFileSync(file, SAMPLE);
  });
  assert.deepEqual(said, [
    `the file grew beyond its ${length} bytes while it was read; what is shown is what was found. Read it again`,
  ]);
});

test('a file that shrinks while it is read keeps what was read, and says where it ends', async () => {
  const file = written(large(60));
  const said = await openWhile(file, () => {
    truncateSync(file, SAMPLE.length * 3);
  });
  assert.match(said.join('\n'), /the file ends at byte \d+, expected \d+ bytes as when it was opened/);
  assert.match(said.join('\n'), /was cut below its \d+ bytes while it was read/);
});

test('a file that is deleted or replaced while it is read is read to its end all the same', async () => {
  const deleted = written(large(20));
  const said = await openWhile(deleted, () => {
    unlinkSync(deleted);
  });
  assert.match(said.join('\n'), /^the file was deleted or moved away while it was read/);
  const replaced = written(large(20));
  const other = written(SAMPLE);
  const saidOfOther = await openWhile(replaced, () => {
    renameSync(other, replaced);
  });
  assert.match(saidOfOther.join('\n'), /^the file was replaced by another one while it was read/);
});

test('what happens to the file of an open capture is told once, and is shown until it is read again', async () => {
  const file = written(SAMPLE);
  const engine = new Engine(nodeHost());
  const { id } = await engine.openCapture({ path: file });
  assert.deepEqual(await engine.checkFiles(), []);
  const fileInHeader = async () =>
    (await engine.captureHeader({ capture: id })).facts.find(({ name }) => name === 'File');
  assert.equal(await fileInHeader(), undefined);
  const happened = async (act: () => void): Promise<string | undefined> => {
    act();
    const [news, ...others] = await engine.checkFiles();
    assert.deepEqual(others, []);
    return news?.changed?.text;
  };
  assert.equal(
    await happened(() => {
      utimesSync(file, 1, 1);
    }),
    'was written to',
  );
  assert.deepEqual(await engine.checkFiles(), [], 'it was told already');
  assert.match(
    (await happened(() => {
      appendFileSync(file, SAMPLE);
    })) ?? '',
    /^grew beyond its \d+ bytes$/,
  );
  assert.match(
    (await happened(() => {
      truncateSync(file, 100);
    })) ?? '',
    /^was cut below its \d+ bytes$/,
  );
  assert.equal(
    await happened(() => {
      unlinkSync(file);
    }),
    'was deleted or moved away',
  );
  const [row] = await nodes(engine, 'captures', id);
  assert.equal(row?.label, 'The file was deleted or moved away since it was read');
  assert.equal(row.description, 'what was read of it is kept');
  assert.match(
    (await nodes(engine, 'captures')).at(-1)!.description,
    /^deleted or moved since it was read · ftrace/,
  );
  const said = await fileInHeader();
  assert.deepEqual([said?.value, said?.isDoubt], ['was deleted or moved away since it was read', true]);
  writeFileSync(file, SAMPLE);
  const again = await engine.openCapture({ path: file, replaces: id });
  assert.deepEqual([again.id, again.changed], [id, null]);
  assert.equal(await fileInHeader(), undefined);
  assert.deepEqual(await engine.checkFiles(), []);
  assert.equal((await nodes(engine, 'captures')).length, 3, 'the kernel tree, the vmlinux and one capture');
});

test('that a file changed is still said when other rules judge its capture', async () => {
  const file = written(SAMPLE);
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: file });
  unlinkSync(file);
  await engine.checkFiles();
  await engine.setKindRules({ text: JSON.stringify([{ label: 'ours', acquiredIn: ['vmsplice'] }]) });
  const [facts] = await engine.captureFacts();
  assert.deepEqual(facts?.changed, { kind: 'gone', text: 'was deleted or moved away' });
  assert.deepEqual(await engine.checkFiles(), [], 'it was told already');
});

test('of a capture that is read again while the files of others are looked at, what it is now is told', async () => {
  const host = nodeHost();
  let lookAtOther = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    lookAtOther = resolve;
  });
  const other = written(SAMPLE);
  const engine = new Engine({
    ...host,
    changeOf: async (name, before) => {
      if (name === other) await gate;
      return host.changeOf(name, before);
    },
  });
  const file = written(SAMPLE);
  const { id, events } = await engine.openCapture({ path: file });
  await engine.openCapture({ path: other });
  appendFileSync(file, SAMPLE);
  const checking = engine.checkFiles();
  while ((await engine.captureFacts())[0]?.changed === null) await new Promise(setImmediate);
  await engine.openCapture({ path: file, replaces: id });
  lookAtOther();
  assert.deepEqual(
    (await checking).map((facts) => [facts.id, facts.events, facts.changed]),
    [[id, 2 * events, null]],
  );
});

test('a capture that is closed while it is read again stays closed', async () => {
  const file = written(large(20));
  const engine = new Engine(nodeHost());
  const { id } = await engine.openCapture({ path: file });
  const closed: Promise<null>[] = [];
  const again = engine.openCapture(
    { path: file, replaces: id },
    { onProgress: () => void closed.push(engine.closeCapture({ id })) },
  );
  await assert.rejects(again, { name: 'CancelledError' });
  assert.ok(closed.length > 0);
  await Promise.all(closed);
  assert.deepEqual(await engine.captureFacts(), []);
  await assert.rejects(engine.openCapture({ path: file, replaces: id }), { name: 'CancelledError' });
  await assert.rejects(engine.openCapture({ path: kallsyms(), replaces: 's9' }), { name: 'CancelledError' });
  assert.deepEqual(await engine.captureFacts(), []);
});

test('a capture whose second reading is cancelled at its very end stays as it was', async () => {
  const file = written(SAMPLE);
  const engine = new Engine(nodeHost());
  const { id, events } = await engine.openCapture({ path: file });
  appendFileSync(file, SAMPLE);
  const controller = new AbortController();
  const onProgress = ({ phase, done, total }: ProgressReport): void => {
    if (phase === 'analysing' && done === total) controller.abort();
  };
  const again = engine.openCapture({ path: file, replaces: id }, { signal: controller.signal, onProgress });
  await assert.rejects(again, { name: 'CancelledError' });
  assert.deepEqual(
    (await engine.captureFacts()).map((facts) => facts.events),
    [events],
  );
});

function kallsyms(): string {
  return written(
    'ffffffff81000000 T _text\nffffffff81000010 T do_one\nffffffff81000020 t do_two\n'.repeat(40),
  );
}

test('a capture that cannot be read again stays as it was', async () => {
  const file = written(SAMPLE);
  const engine = new Engine(nodeHost());
  const { id } = await engine.openCapture({ path: file });
  unlinkSync(file);
  await assert.rejects(engine.openCapture({ path: file, replaces: id }), { name: 'CaptureError' });
  assert.match((await nodes(engine, 'holders'))[0]!.label, /^0x12f98 · held by 3/);
});
