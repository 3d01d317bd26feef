import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { kernelLine } from '../host/kernelLines.mjs';
import { repository } from '../host/paths.mjs';
import {
  captureEditorPage,
  folderWith,
  folderWithSample,
  followLink,
  kernelTree,
  openCapture,
  openFile,
  openFolders,
  page,
  quickInputTitled,
  quickItem,
  row,
  runCommand,
  sample,
  screenshot,
  showContainer,
  takeMessage,
  typeAndEnter,
  view,
  waitForEditor,
} from './workbench.mjs';

describe('captures beside a kernel tree', () => {
  let folder;

  before(async () => {
    folder = folderWithSample('captures', 'night.txt');
    await openFolders(folder, kernelTree);
  });

  it('opens one from the command and its file dialog', async () => {
    await openCapture(path.join(folder, 'night.txt'));
    await row('0x12f98', view('Holders')).waitFor();
    await row('night.txt', view('Captures')).waitFor();
    await row(/Linux 6\.1|linux-source-6\.1/, view('Captures')).waitFor();
    await screenshot('opened-by-command');
  });

  it('closes it again', async () => {
    await runCommand('Page Holders: Close Capture');
    await view('Holders').locator('.monaco-button', { hasText: 'Open Capture…' }).waitFor();
  });

  it('opens one from the context menu of the explorer', async () => {
    await showContainer('Explorer');
    await row('night.txt').click({ button: 'right' });
    await page.locator('.monaco-menu .action-label', { hasText: 'Open Capture in Page Holders' }).waitFor();
    await screenshot('explorer-menu');
    await page.locator('.monaco-menu .action-label', { hasText: 'Open Capture in Page Holders' }).click();
    await row('0x12f98', view('Holders')).waitFor();
  });

  it('makes the frames of its text links into the kernel tree', async () => {
    await showContainer('Explorer');
    await row('night.txt').dblclick();
    await page.locator('#status\\.editor\\.mode', { hasText: 'Ftrace' }).waitFor();
    const frame = page.locator('.editor-instance .detected-link', { hasText: 'dup_mmap' }).first();
    await frame.waitFor();
    await screenshot('links');
    await followLink(frame);
    const call = [/^static __latent_entropy int dup_mmap\(/, /copy_page_range\(/];
    await waitForEditor('fork.c', kernelLine(kernelTree, 'kernel/fork.c', ...call));
    await screenshot('link-followed');
  });

  it('shows a second capture, however far the first one is unfolded', async () => {
    const holders = view('Holders');
    await showContainer('Page Holders');
    await row('0x12f98', holders).waitFor();
    const second = path.join(folder, 'second.txt');
    copyFileSync(path.join(folder, 'night.txt'), second);
    await openCapture(second);
    await row(/^second\.txt · 1 page/, holders).waitFor();
    await screenshot('second-capture');
    await runCommand('Page Holders: Close Capture');
    await quickItem('second.txt').click();
    await row(/^second\.txt/, view('Captures')).waitFor({ state: 'detached' });
  });

  it('offers to open the text that is in the editor', async () => {
    await page.locator('.tab', { hasText: 'night.txt' }).click();
    await runCommand('Page Holders: Open Capture in Page Holders');
    await row('0x12f98', view('Holders')).waitFor();
    await row('night.txt', view('Captures')).waitFor();
    assert.equal(await view('Captures').locator('.monaco-list-row', { hasText: 'night.txt' }).count(), 1);
  });

  it('keeps what was read of a capture whose reading is stopped in its editor', async () => {
    await runCommand('Page Holders: Close Capture');
    // 1.8 GB of text, in members as packed logs have them: a press needs seconds on a busy machine.
    const large = path.join(folder, 'large.trace.dat');
    const member = gzipSync(readFileSync(sample, 'utf8').repeat(100));
    for (let left = 120; left > 0; left--) appendFileSync(large, member);
    await openFile(large);
    await captureEditorPage().getByRole('button', { name: 'Stop Reading' }).click();
    await captureEditorPage()
      .getByText(/\(read to \d+ %\)/)
      .waitFor();
    await row(/^Read to \d+ %: more pages and holders may be in the rest/, view('Holders')).waitFor();
    await row('0x12f98', view('Holders')).waitFor();
    await screenshot('reading-stopped');
  });
});

describe('a page_owner dump beside a trace', () => {
  it('is at hand, and not in the way of the trace', async () => {
    const dump = path.join(repository, 'test/fixtures/dumps/page_owner.gz');
    const folder = folderWithSample('dump-beside', 'night.txt');
    await openFolders(folder);
    await showContainer('Page Holders');
    await openCapture(path.join(folder, 'night.txt'));
    await row('0x12f98', view('Holders')).waitFor();
    await openCapture(dump);
    const heading = row(/^page_owner\.gz/, view('Holders'));
    await heading.and(page.locator('.selected')).waitFor();
    assert.equal(await heading.getAttribute('aria-expanded'), 'false');
    await row('0x12f98', view('Holders')).waitFor();
    const listed = view('Captures').locator('.monaco-list-row.selected', { hasText: /^page_owner\.gz/ });
    await listed.waitFor();
    await screenshot('dump-beside');
  });
});

describe('a page_owner dump alone', () => {
  let folder;

  /** Its first stacks are open, and fill the view. */
  async function seeLastRow() {
    await runCommand('Page Holders: Focus on Holders View');
    await page.keyboard.press('End');
  }

  before(async () => {
    folder = folderWith('dump-alone', path.join(repository, 'test/fixtures/dumps/page_owner.gz'));
    await openFolders(folder);
    await showContainer('Page Holders');
    await openCapture(path.join(folder, 'page_owner.gz'));
    await row(/^137 pages · shmem_alloc_and_acct_folio/, view('Holders')).waitFor();
  });

  it('shows the stacks of so many pages, and counts the others', async () => {
    await runCommand('Page Holders: Filter Holders…');
    await quickInputTitled('Filter');
    await screenshot('dump-filter-menu');
    await quickItem('Pages of a Stack…').click();
    await quickInputTitled('Pages of a Stack, at Least');
    await typeAndEnter('96');
    const asked = view('Holders').locator('.pane-header .description');
    await asked.getByText('only stacks of ≥ 96 pages').waitFor();
    await seeLastRow();
    await row('Left out by the filter: 57 stacks, 223 pages', view('Holders')).waitFor();
    await screenshot('dump-filtered');
  });

  it('exports what is shown as a table of allocations', async () => {
    await runCommand('Page Holders: Export…');
    await quickInputTitled('Export Holders');
    await quickItem('CSV').click();
    await page.locator('.quick-input-widget .monaco-button', { hasText: 'OK' }).click();
    assert.match(await takeMessage('Exported to'), /page_owner-allocations\.csv/);
    const table = readFileSync(path.join(folder, 'page_owner-allocations.csv'), 'utf8');
    const records = table.trimEnd().split('\r\n');
    assert.equal(records.length, 4);
    assert.match(records[0], /^capture,stack_pages,pages,/);
    await runCommand('Page Holders: Clear Filter');
    await seeLastRow();
    await row(/^10 more stacks of 1 page each/, view('Holders')).waitFor();
  });
});
