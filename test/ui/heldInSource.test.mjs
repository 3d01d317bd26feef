import assert from 'node:assert/strict';
import path from 'node:path';
import { kernelLine } from '../host/kernelLines.mjs';
import {
  chooseTheme,
  focusedRow,
  folderWithSample,
  goToLine,
  hoverOn,
  kernelTree,
  openFile,
  openFolders,
  page,
  row,
  runCommand,
  screenshot,
  showContainer,
  view,
} from './workbench.mjs';

describe('from the kernel source to the holders', () => {
  const lens = (text) => page.locator('.codelens-decoration a', { hasText: text }).first();

  before(async () => {
    // A press on a lens filters the holders, which is kept with the workspace.
    await openFolders(kernelTree, folderWithSample('lens', 'trace.txt'));
    await showContainer('Page Holders');
    await runCommand('Page Holders: Open Sample Capture');
    await row('0x12f98', view('Holders')).waitFor();
  });

  it('says above a function and beside a line what was held through it', async () => {
    await openFile(path.join(kernelTree, 'fs/splice.c'));
    const line = kernelLine(kernelTree, 'fs/splice.c', /^static int iter_to_pipe\(/, /iov_iter_get_pages2\(/);
    await goToLine(line);
    await lens('held 1 page · 3 failed CMA allocations').waitFor();
    const said = await hoverOn('iov_iter_get_pages2', 'Show the holders');
    assert.match(said, /Held 1 page · 3 failed CMA allocations through this line of iter_to_pipe/);
    assert.match(said, /2 × pipe buffer/);
    await screenshot('held-line');
    await page.keyboard.press('Escape');
    await chooseTheme('Dark Modern');
    await screenshot('held-line-dark');
    await chooseTheme('Light Modern');
  });

  it('shows the holders that went through a function when its lens is pressed', async () => {
    await lens('held 1 page').click();
    await view('Holders').locator('.pane-header .description', { hasText: 'through iter_to_pipe' }).waitFor();
    await focusedRow().filter({ hasText: 'pipe buffer' }).waitFor();
    assert.equal(await row('GUP pin', view('Holders')).count(), 0);
    await screenshot('held-through');
  });
});
