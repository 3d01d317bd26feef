import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { kernelLine } from '../host/kernelLines.mjs';
import {
  folderWithSample,
  goToLine,
  hoverOn,
  kernelTree,
  openFile,
  openFolders,
  page,
  pressWith,
  quickItem,
  runCommand,
  screenshot,
  waitForEditor,
} from './workbench.mjs';

/** As a console shows it, of the kernel whose tree is open. */
const KERNEL_LOG = `[   28.170548] cma: cma_alloc: reserved: alloc failed, req-size: 16 pages, ret: -16
[   28.170601] Call Trace:
[   28.170602]  <TASK>
[   28.170603]  iov_iter_get_pages2+0x19/0x30
[   28.170604]  __do_sys_vmsplice+0x2ed/0x4b0
[   28.170605]  do_syscall_64+0x34/0x90
[   28.170606]  </TASK>
`;

describe('frames in texts', () => {
  let folder;

  before(async () => {
    folder = folderWithSample('texts', 'trace.txt');
    writeFileSync(path.join(folder, 'console.log'), KERNEL_LOG);
    await openFolders(kernelTree, folder);
  });

  it('shows the place of a frame and its source when the mouse rests on it', async () => {
    await openFile(path.join(folder, 'trace.txt'));
    await goToLine(1149);
    const said = await hoverOn('iov_iter_get_pages2', '__iov_iter_get_pages_alloc');
    assert.match(said, /lib\/iov_iter\.c:\d+/);
    assert.match(said, /The only place in the function that calls the next frame/);
    assert.match(said, /→ \d+ +return __iov_iter_get_pages_alloc\(/);
    await screenshot('frame-hover');
    await page.keyboard.press('Escape');
  });

  it('goes to the line with F12', async () => {
    await goToLine(1149, 8);
    await page.keyboard.press('F12');
    const call = [/^ssize_t iov_iter_get_pages2\(/, /__iov_iter_get_pages_alloc\(/];
    await waitForEditor('iov_iter.c', kernelLine(kernelTree, 'lib/iov_iter.c', ...call));
  });

  it('peeks at all places where several may be meant', async () => {
    await openFile(path.join(folder, 'trace.txt'));
    await goToLine(50, 8);
    await page.keyboard.press('F12');
    await page.locator('.peekview-widget').waitFor();
    await page.locator('.peekview-widget .monaco-list-row').nth(1).waitFor();
    await screenshot('frame-peek');
    await page.keyboard.press('Escape');
    await goToLine(50, 8);
    await pressWith('Control', 'release_pages');
    await page.locator('.peekview-widget').waitFor();
    await page.keyboard.press('Escape');
  });

  it('goes from a kernel log to the line with a click', async () => {
    await openFile(path.join(folder, 'console.log'));
    await goToLine(5);
    await pressWith('Control', '__do_sys_vmsplice');
    const call = [/^SYSCALL_DEFINE4\(vmsplice/, /vmsplice_to_pipe\(/];
    await waitForEditor('splice.c', kernelLine(kernelTree, 'fs/splice.c', ...call));
    await screenshot('kernel-log-frame-pressed');
  });

  it('goes from a frame in the terminal to its function', async () => {
    await runCommand('View: Close All Editors');
    await runCommand('Terminal: Create New Terminal');
    await quickItem('texts').click();
    const terminal = page.locator('.terminal-wrapper.active .xterm-screen');
    await terminal.waitFor();
    await page.waitForTimeout(1500);
    await page.keyboard.type("clear; printf '\\n[    1.5]  iov_iter_get_pages2+0x19/0x30\\n'");
    await page.keyboard.press('Enter');
    await page.waitForTimeout(1500);
    // Cells of the terminal: the frame is on the second line of the screen.
    const box = await terminal.boundingBox();
    const at = [box.x + 130, box.y + 26];
    await page.mouse.move(...at);
    await page.keyboard.down('Control');
    await page.mouse.move(at[0] + 3, at[1]);
    await page.waitForTimeout(1000);
    await screenshot('terminal-frame');
    await page.mouse.down();
    await page.mouse.up();
    await page.keyboard.up('Control');
    const line = kernelLine(kernelTree, 'lib/iov_iter.c', /^ssize_t iov_iter_get_pages2\(/);
    await waitForEditor('iov_iter.c', line);
  });
});
