import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distinctNames } from '../../../src/engine/distinctNames';

/** What the files are called beside each other. */
function names(...paths: readonly string[]): readonly string[] {
  return paths.map(distinctNames(paths));
}

test('files of one name are told apart by as much of their paths as that takes', () => {
  assert.deepEqual(names('/a/trace.dat', '/a/perf.data'), ['trace.dat', 'perf.data']);
  assert.deepEqual(names('/a/trace.dat', '/b/trace.dat', '/b/perf.data'), [
    'a/trace.dat',
    'b/trace.dat',
    'perf.data',
  ]);
  assert.deepEqual(names('/a/x/trace.dat', '/b/x/trace.dat', '/b/y/trace.dat'), [
    'a/x/trace.dat',
    'b/x/trace.dat',
    'y/trace.dat',
  ]);
  assert.deepEqual(names('trace.dat', 'old/trace.dat'), ['trace.dat', 'old/trace.dat']);
  assert.deepEqual(names('C:\\a\\trace.dat', 'C:\\b\\trace.dat'), ['a/trace.dat', 'b/trace.dat']);
  assert.deepEqual(names('/a/trace.dat', '/a/trace.dat'), ['trace.dat', 'trace.dat'], 'they are one');
  assert.deepEqual(names('vscode-vfs://github/my%20runs/trace', 'vscode-vfs://github/b/trace'), [
    'my runs/trace',
    'b/trace',
  ]);
});

test('a pipe of a shell has its whole path for a name', () => {
  assert.deepEqual(names('/dev/fd/63', '/dev/fd/62', '/a/63'), ['/dev/fd/63', '/dev/fd/62', '63']);
});

test('another file has its last part for a name', () => {
  assert.equal(distinctNames(['/a/trace.dat'])('/usr/lib/debug/vmlinux'), 'vmlinux');
});
