import assert from 'node:assert/strict';
import path from 'node:path';
import { repository } from '../host/paths.mjs';
import { kernelLine } from '../host/kernelLines.mjs';
import { leastContrast } from './contrast.mjs';
import {
  captureEditorPage as editor,
  chooseTheme,
  folderWith,
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
  showContainer,
  view,
} from './workbench.mjs';

const THEMES = ['Light Modern', 'Dark Modern', 'Dark High Contrast', 'Light High Contrast'];
/** What WCAG 2 asks of text (1.4.3, AA). */
const LEAST = 4.5;

/** Waits for it: hovers and rows fade in. */
async function isReadable(what, locator) {
  let found = null;
  for (let tries = 0; tries < 20; tries++) {
    found = await leastContrast(locator);
    if (found !== null && found.ratio >= LEAST) return;
    await page.waitForTimeout(150);
  }
  assert.ok(found !== null, `${what}: no text is seen`);
  assert.fail(`${what}: “${found.text}” has a contrast of ${found.ratio.toFixed(2)}, expected ${LEAST}`);
}

describe('in every theme', () => {
  let text;
  const shot = (surface, theme) => screenshot(`${surface}-${theme.toLowerCase().replaceAll(' ', '-')}`);

  before(async () => {
    const dat = path.join(repository, 'test/fixtures/f_dat_v7_zstd/trace.dat');
    const folder = folderWith('themes', dat, sample);
    text = path.join(folder, 'trace.txt');
    await openFolders(kernelTree, folder);
    await showContainer('Page Holders');
    await runCommand('Page Holders: Open Sample Capture');
    await row('0x12f98', view('Holders')).waitFor();
  });

  after(() => chooseTheme('Light Modern'));

  it('the views of the sidebar can be read', async () => {
    await row(/functions found/, view('Captures')).waitFor();
    // Rows are made anew when functions were looked up, and a click on one that goes selects nothing.
    await page.waitForTimeout(2000);
    await row(/^pipe buffer · vmsplice · owner/, view('Holders')).click();
    await row('page_ref_mod_unless', view('Stack')).waitFor();
    for (const theme of THEMES) {
      await chooseTheme(theme);
      await page.mouse.move(900, 5);
      for (const each of ['Holders', 'Stack', 'Captures']) {
        await isReadable(`${each} in ${theme}`, view(each).locator('.monaco-list-row .label-name'));
      }
      await shot('views', theme);
    }
  });

  it('what the kernel source says of holders can be read', async () => {
    await openFile(path.join(kernelTree, 'fs/splice.c'));
    const call = [/^static int iter_to_pipe\(/, /iov_iter_get_pages2\(/];
    await goToLine(kernelLine(kernelTree, 'fs/splice.c', ...call));
    await page.locator('.codelens-decoration a', { hasText: 'held 1 page' }).first().waitFor();
    for (const theme of THEMES) {
      await chooseTheme(theme);
      await hoverOn('iov_iter_get_pages2', 'Show the holders');
      const hover = page.locator('.monaco-hover .hover-contents', { hasText: 'Show the holders' });
      await isReadable(`hover in ${theme}`, hover.locator('p, li'));
      await shot('source', theme);
      await page.keyboard.press('Escape');
      await page.mouse.move(700, 5);
    }
  });

  it('what stands in the text of a trace can be read', async () => {
    await openFile(text);
    const lens = page.locator('.codelens-decoration a', { hasText: 'PFN 0x12f98: held by' }).first();
    await page.locator('.codelens-decoration a', { hasText: 'Open in Page Holders' }).first().click();
    await page.locator('.statusbar-item', { hasText: '2 captures' }).waitFor();
    await goToLine(markLine);
    await lens.waitFor();
    for (const theme of THEMES) {
      await chooseTheme(theme);
      await isReadable(`text in ${theme}`, page.locator('.editor-instance .view-line span span'));
      await shot('text', theme);
    }
  });

  it('the capture editor can be read and used', async () => {
    await openFile('trace.dat');
    await editor().locator('.legend > span').first().waitFor();
    const rows = editor().locator('.list-body .list-row:visible');
    const filter = editor().getByRole('combobox', { name: 'Filter events' });
    for (const [index, theme] of THEMES.entries()) {
      await chooseTheme(theme);
      await rows.nth(3 + index).click();
      await editor().locator('.frame').first().waitFor();
      await filter.fill(`event:page_ref* cpu:0..${index}`);
      await filter.press('Enter');
      await editor().locator('.filter-status', { hasText: / of / }).waitFor();
      const parts = ['.facts', '.timeline-bar', '.list-header', '.list-body .list-row:visible', '.frame'];
      for (const part of [...parts, '.fields', '.filter-status']) {
        await isReadable(`${part} in ${theme}`, editor().locator(part));
      }
      await shot('capture-editor', theme);
      await filter.fill('');
      await filter.pressSequentially('comm:');
      await isReadable(`completions in ${theme}`, editor().locator('.completions .completion-text'));
      await shot('completions', theme);
      await filter.fill('pfn:zz');
      await isReadable(`a problem in ${theme}`, editor().locator('.filter-problem'));
      await filter.fill('');
    }
  });
});
