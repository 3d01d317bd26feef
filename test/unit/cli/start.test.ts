/** How the command line starts: with the code of the run before where Node keeps it, without it wherever it must. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { scratch } from './support/runCli';

/** Node from 22.1 on does it by itself. */
const keepsCode = 'enableCompileCache' in module;
const PROGRAM = path.resolve('dist/page-holders.js');
const SAMPLE = path.resolve('media/sample/trace.txt');

interface Run {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

function run(cache: string, folder: string, options: readonly string[], input: string | Buffer = ''): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...options], {
    cwd: folder,
    env: { ...process.env, XDG_CACHE_HOME: cache, HOME: path.join(scratch, 'home') },
    encoding: 'utf8',
    input,
  });
  return { status, output: stdout, errors: stderr };
}

function report(cache: string, folder: string): Run {
  return run(cache, folder, ['report', SAMPLE]);
}

/** Each file with the time of its change. */
function filesBelow(folder: string): (readonly [string, number])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .map((name) => [name, statSync(name).mtimeMs] as const);
}

function emptyFolder(name: string): string {
  const folder = path.join(scratch, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

test('compiled code is kept in the own cache folder, and the answer with it is the same', () => {
  const cache = emptyFolder('start');
  const code = path.join(cache, 'page-holders', 'code');
  const first = report(cache, scratch);
  assert.deepEqual([first.status, first.errors], [0, '']);
  assert.match(first.output, /^trace\.txt · 1 page failed to move, 1 held/);
  const kept = filesBelow(code);
  assert.notDeepEqual(kept, []);
  assert.deepEqual(report(cache, scratch), first);
  assert.deepEqual(filesBelow(code), kept, 'code that is there is used');
});

test('no code is kept, nor run, where others may write, or where a folder is not what we made', () => {
  const doors: readonly ((cache: string) => void)[] = [
    (cache) => {
      chmodSync(cache, 0o1777);
    },
    (cache) => {
      mkdirSync(path.join(cache, 'page-holders'));
      chmodSync(path.join(cache, 'page-holders'), 0o777);
    },
    (cache) => {
      symlinkSync(emptyFolder('elsewhere'), path.join(cache, 'page-holders'));
    },
  ];
  for (const [index, open] of doors.entries()) {
    const cache = emptyFolder(`door-${index}`);
    open(cache);
    assert.equal(report(cache, scratch).status, 0);
    assert.deepEqual([filesBelow(cache), filesBelow(emptyFolder('elsewhere'))], [[], []], String(index));
  }
});

/** V8's flags are other ones in a run that takes long, and it takes no code of other flags. */
test('the code of a run that takes long is used by the next one', async () => {
  const cache = emptyFolder('long');
  const code = path.join(cache, 'page-holders', 'code');
  const slowly = async (): Promise<void> => {
    const child = spawn(process.execPath, [PROGRAM, 'report', '-'], {
      env: { ...process.env, XDG_CACHE_HOME: cache },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    await setTimeout(1000);
    child.stdin.end(readFileSync(SAMPLE));
    assert.deepEqual(await once(child, 'close'), [0, null]);
  };
  await slowly();
  const kept = filesBelow(code);
  assert.notDeepEqual(kept, []);
  await slowly();
  assert.deepEqual(filesBelow(code), kept);
});

test('code is kept for each command: the first run of one has none of what another needs', (context) => {
  if (keepsCode) {
    context.skip('this Node keeps code by itself');
    return;
  }
  const cache = emptyFolder('commands');
  const code = path.join(cache, 'page-holders', 'code');
  assert.equal(run(cache, scratch, ['--version']).status, 0);
  assert.equal(report(cache, scratch).status, 0);
  assert.equal(run(cache, scratch, ['--full', 'report', SAMPLE]).status, 0);
  const works = readdirSync(code).map((name) => /^cli\.js-(.*?)-\d/.exec(name)?.[1]);
  assert.deepEqual(works.sort(), ['other', 'report']);
  const sizeOf = (work: string): number =>
    filesBelow(code)
      .filter(([name]) => path.basename(name).startsWith(`cli.js-${work}-`))
      .reduce((sum, [name]) => sum + statSync(name).size, 0);
  assert.ok(sizeOf('report') > 1.2 * sizeOf('other'), `${sizeOf('report')} and ${sizeOf('other')} bytes`);
});

test('what is loaded only when it is needed is there with kept code, too', () => {
  const cache = emptyFolder('late');
  const symbols = path.join(scratch, 'kallsyms');
  writeFileSync(
    symbols,
    'ffffffff81000000 T _text\nffffffff81000100 T vfs_read\nffffffff81000200 T vfs_write\n',
  );
  const commands = [
    { options: ['report', '-'], input: readFileSync(SAMPLE), says: /1 page failed to move, 1 held/ },
    { options: ['resolve', '--kallsyms', symbols], input: ' [<ffffffff81000110>]\n', says: /vfs_read/ },
  ];
  for (const time of ['first', 'with the code of the first']) {
    for (const { options, input, says } of commands) {
      const { status, output, errors } = run(cache, scratch, options, input);
      assert.equal(status, 0, `${options.join(' ')}, ${time}: ${errors}`);
      assert.match(output, says);
      assert.doesNotMatch(errors, /Warning/);
    }
  }
});

test('a cache that is no folder, or damaged, changes nothing', () => {
  const folder = emptyFolder('damaged');
  const file = path.join(folder, 'file');
  writeFileSync(file, 'no folder');
  const first = report(file, scratch);
  assert.deepEqual([first.status, first.errors], [0, '']);

  const cache = emptyFolder('damaged/cache');
  report(cache, scratch);
  const code = path.join(cache, 'page-holders', 'code');
  for (const [name] of filesBelow(code)) writeFileSync(name, 'damaged');
  assert.deepEqual(report(cache, scratch), first);
});

test('a relative cache folder counts for nothing: it would be below whatever folder one stands in', () => {
  const folder = emptyFolder('stranger');
  assert.equal(report('cache', folder).status, 0);
  assert.deepEqual(readdirSync(folder), []);
});

test('code of long ago is cleared away when new code is kept, whatever else is there stays', (context) => {
  if (keepsCode) {
    context.skip('this Node keeps code by itself');
    return;
  }
  const cache = emptyFolder('old');
  const code = emptyFolder(path.join('old', 'page-holders', 'code'));
  const old = path.join(code, 'cli.js-0.0.1-1-1-node-20.1.0-x64');
  const fresh = path.join(code, 'cli.js-0.0.2-1-1-node-20.1.0-x64');
  for (const file of [old, fresh]) writeFileSync(file, 'of another release');
  const longAgo = Date.now() / 1000 - 90 * 24 * 3600;
  utimesSync(old, longAgo, longAgo);
  report(cache, scratch);
  const names = filesBelow(code).map(([name]) => name);
  assert.equal(names.length, 2);
  assert.deepEqual([names.includes(old), names.includes(fresh)], [false, true]);
});

test('no code is kept where another user could put some of his own', (context) => {
  if (process.getuid?.() !== 0) {
    context.skip('only root can give a folder to another user');
    return;
  }
  const cache = emptyFolder('others');
  chownSync(cache, 12345, 12345);
  assert.equal(report(cache, scratch).status, 0);
  assert.deepEqual(filesBelow(cache), []);
});

test('a program that is not whole, or stops halfway, is no answer', () => {
  const folder = emptyFolder('halfway');
  const program = path.join(folder, 'page-holders.js');
  copyFileSync(PROGRAM, program);
  for (const script of ['', 'void new Promise(() => undefined);']) {
    writeFileSync(path.join(folder, 'cli.js'), script);
    const { status, stderr } = spawnSync(process.execPath, [program, 'report', SAMPLE], {
      env: { ...process.env, XDG_CACHE_HOME: emptyFolder('halfway-cache') },
      encoding: 'utf8',
    });
    assert.equal(status, 2);
    assert.match(
      stderr,
      /^page-holders: ended before its work was done: \S+cli\.js is at fault, or not whole\.\n$/,
    );
  }
});

const LAUNCHER = path.resolve('dist/page-holders');
const skip = process.platform === 'win32' && 'it is a script for a POSIX shell';

/** Runs the launcher by a link in a folder of the PATH, as npm installs it. */
function launch(folder: string, options: readonly string[]): Run {
  const bin = path.join(emptyFolder(folder), 'bin');
  mkdirSync(bin);
  symlinkSync(LAUNCHER, path.join(bin, 'page-holders'));
  const nodes = [bin, path.dirname(process.execPath), process.env['PATH']].join(path.delimiter);
  const { status, stdout, stderr } = spawnSync('page-holders', options, {
    env: { ...process.env, XDG_CACHE_HOME: emptyFolder('launched'), PATH: nodes },
    encoding: 'utf8',
  });
  return { status, output: stdout, errors: stderr };
}

test('the launcher is the command line, with its arguments, its output and its status', { skip }, () => {
  const { output, errors, status } = launch('launcher', ['report', SAMPLE]);
  assert.equal(status, 0, errors);
  assert.equal(output, report(emptyFolder('beside-launcher'), scratch).output);
  const wrong = launch('launcher-wrong', ['report', 'no such file']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.errors, /no such file/);
});

/** What the launcher has Node see of `variable`. */
function seenByNode(folder: string, variable: string, env: NodeJS.ProcessEnv): string {
  const nodes = emptyFolder(`${folder}-node`);
  writeFileSync(path.join(nodes, 'node'), `#!/bin/sh\necho "$${variable}"\n`, { mode: 0o755 });
  const { stdout } = spawnSync(LAUNCHER, [], {
    env: { PATH: `${nodes}:/usr/bin:/bin`, ...env },
    encoding: 'utf8',
  });
  return stdout.trim();
}

test('the launcher has Node read no certificates', { skip }, () => {
  assert.equal(
    seenByNode('certificates', 'NODE_EXTRA_CA_CERTS', { NODE_EXTRA_CA_CERTS: '/etc/all.crt' }),
    '',
  );
  assert.equal(seenByNode('others', 'OTHER', { OTHER: 'stays' }), 'stays');
});

test('the launcher asks for huge pages, unless somebody has said how memory is to be had', { skip }, () => {
  const told = (folder: string, env: NodeJS.ProcessEnv): string => seenByNode(folder, 'GLIBC_TUNABLES', env);
  assert.equal(told('huge', {}), 'glibc.malloc.hugetlb=1');
  assert.equal(
    told('huge-other', { GLIBC_TUNABLES: 'glibc.malloc.arena_max=2' }),
    'glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1',
  );
  assert.equal(told('huge-not', { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' }), 'glibc.malloc.hugetlb=0');
});
