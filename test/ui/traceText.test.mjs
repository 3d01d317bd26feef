import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import {
  chooseTheme,
  focusedRow,
  folderWithSample,
  goToLine,
  hoverOn,
  kernelTree,
  markLine,
  openFile,
  openFolders,
  page,
  row,
  runCommand,
  sample,
  screenshot,
  view,
} from './workbench.mjs';

describe('the text of a trace', () => {
  let folder;
  const lens = (text) => page.locator('.codelens-decoration a', { hasText: text }).first();
  const holders = () => view('Holders');

  before(async () => {
    folder = folderWithSample('trace-text', 'trace.txt');
    await openFolders(kernelTree, folder);
  });

  it('offers to open it as a capture, and then says at each mark who held the page', async () => {
    await openFile(path.join(folder, 'trace.txt'));
    await lens('Open in Page Holders').click();
    await row('0x12f98', holders()).waitFor();
    await goToLine(markLine);
    await lens('PFN 0x12f98: held by').waitFor();
    await screenshot('mark-lens');
    await chooseTheme('Dark Modern');
    await screenshot('mark-lens-dark');
    await chooseTheme('Light Modern');
  });

  it('shows the row of a mark when its lens is pressed', async () => {
    await lens('PFN 0x12f98: held by 3').click();
    await focusedRow().filter({ hasText: 'refcount 1027' }).waitFor();
  });

  it('says who holds a page, and what a field means, when the mouse rests on it', async () => {
    await goToLine(1142);
    assert.match(
      await hoverOn('0x12f98', 'Show the holders'),
      /pipe buffer · vmsplice · owner-225 · still held/,
    );
    await screenshot('pfn-hover');
    await page.keyboard.press('Escape');
    await page.mouse.move(700, 5);
    assert.match(await hoverOn('uptodate', 'PG_uptodate'), /its contents are valid/);
    await screenshot('flags-hover');
    await page.keyboard.press('Escape');
  });

  it('folds all stacks, so that events stand one below the other', async () => {
    await goToLine(1142);
    await runCommand('Fold All');
    await page
      .locator('.editor-instance .view-line', { hasText: '=>' })
      .first()
      .waitFor({ state: 'detached' });
    await screenshot('folded');
    await runCommand('Unfold All');
  });

  it('lists attempts and their marks in the outline', async () => {
    await runCommand('Go to Symbol in Editor...');
    await page.locator('.quick-input-list', { hasText: 'CMA allocation' }).waitFor();
    await page.locator('.quick-input-list', { hasText: 'PFN 0x12f98: held by 3' }).waitFor();
    await screenshot('outline');
    await page.keyboard.press('Escape');
  });

  it('hands a trace that is too large for the editor over to the capture', async () => {
    const file = openSync(path.join(folder, 'huge.txt'), 'w');
    const text = readFileSync(sample);
    for (let size = 0; size < 60e6; size += text.length) writeSync(file, text);
    closeSync(file);
    await openFile(path.join(folder, 'huge.txt'));
    const confirm = page
      .locator('.monaco-editor-pane-placeholder a, .editor-placeholder-buttons-container a')
      .first();
    const message = page.locator('.notification-toast', { hasText: 'huge.txt is too large' });
    const open = message.getByRole('button', { name: 'Open as Capture' });
    // The editor asks first, when it has found out how large the file is.
    await confirm.or(open).first().waitFor();
    if (await confirm.isVisible()) await confirm.click();
    await open.waitFor({ timeout: 60_000 });
    await screenshot('large-trace');
    await open.click();
    const editor = page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame');
    await editor
      .locator('.header')
      .getByText(/pages? failed to move/)
      .waitFor({ timeout: 60_000 });
    await screenshot('large-trace-opened');
  });
});
