import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  chooseFile,
  expand,
  folderWithSample,
  openCapture,
  openFolders,
  quickItem,
  row,
  runCommand,
  screenshot,
  takeMessage,
  view,
} from './workbench.mjs';

describe('what is no capture and no kernel tree', () => {
  let folder;
  const file = (name) => path.join(folder, name);

  before(async () => {
    folder = folderWithSample('no-tree', 'trace.txt');
    writeFileSync(file('empty.txt'), '');
    copyFileSync('/bin/true', file('program.dat'));
    await openFolders(folder);
  });

  it('says of an empty file that it is empty, and what to open', async () => {
    await openCapture(file('empty.txt'));
    const said = await takeMessage('empty.txt');
    assert.match(said, /is empty/);
    assert.match(said, /trace-cmd|ftrace/);
  });

  it('says of a program that it is one', async () => {
    await openCapture(file('program.dat'));
    const said = await takeMessage('program.dat');
    assert.match(said, /ELF/);
    assert.match(said, /trace-cmd|ftrace/);
  });

  it('says of a folder without the landmarks of a kernel tree what is missing', async () => {
    await runCommand('Page Holders: Choose Kernel Tree…');
    await quickItem('Browse…').click();
    await chooseFile('Kernel Tree', folder);
    const said = await takeMessage(folder);
    assert.match(said, /kernel (tree|source)/);
  });

  it('shows the holders without a kernel tree, and says at a frame what is missing', async () => {
    await openCapture(file('trace.txt'));
    const holders = view('Holders');
    await expand(row('0x12f98', holders));
    await expand(row(/^pipe buffer .*owner-225/, holders));
    await expand(row('Acquired', holders));
    await row(/^iov_iter_get_pages2/, holders).click();
    const said = await takeMessage('iov_iter_get_pages2');
    assert.match(said, /no kernel tree/i);
    await screenshot('no-kernel-tree');
  });
});
