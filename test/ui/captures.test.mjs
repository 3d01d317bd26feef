import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { kernelLine } from '../host/kernelLines.mjs';
import { repository } from '../host/paths.mjs';
import {
  captureEditorPage,
  folderWithSample,
  followLink,
  kernelTree,
  openCapture,
  openFile,
  openFolders,
  page,
  quickItem,
  row,
  runCommand,
  sample,
  screenshot,
  showContainer,
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
    const large = path.join(folder, 'large.trace.dat');
    const text = readFileSync(sample, 'utf8').repeat(100);
    for (let left = 30; left > 0; left--) appendFileSync(large, text);
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
