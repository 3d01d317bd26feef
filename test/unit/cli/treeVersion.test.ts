/** `page-holders report` with a kernel tree of another version than the capture. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { runCli } from './support/runCli';
import { smallTree } from './support/smallTree';

const CAPTURE = 'test/fixtures/f_dat_tsc/trace.dat';

test('a tree of another version is told on standard error and in the JSON', async () => {
  const tree = smallTree('older');
  const report = () => runCli(['report', CAPTURE, '--tree', tree, '--format', 'json'], '');
  assert.equal((await report()).errors, '', 'it is of the version that ran');
  writeFileSync(path.join(tree, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 176\nEXTRAVERSION =\n');
  const { output, errors, status } = await report();
  assert.equal(status, 0);
  const doubt = /the tree is Linux 6\.1\.176, the capture is of 6\.1\.192-\w+: lines may be shifted/;
  assert.match(errors, new RegExp(`^page-holders: --tree .*: ${doubt.source}\\.\n$`));
  assert.match(output, new RegExp(`"doubts":\\["${doubt.source}"\\]`));
});
