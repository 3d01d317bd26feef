import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { kernelLine } from '../host/kernelLines.mjs';
import {
  askBy,
  captureEditorPage as editor,
  eventRow,
  goToLine,
  hoverOn,
  markLine,
  openInExplorer,
  page,
  quickItem,
  row,
  runCommand,
  screenshot,
  takeMessage,
  view,
  waitForEditor,
} from '../ui/workbench.mjs';
import { chooseInExplorer, openTree, tree } from './webWorkbench.mjs';

const folder = 'captures of today';
const holders = () => view('Holders');

describe('the capture editor in a browser, where no Node is there', () => {
  before(async () => {
    await openTree();
    await openInExplorer('pipes.trace.dat', folder);
  });

  it('says what a trace.dat is that is compressed with zstd, and lists its events', async () => {
    const header = editor().locator('.header');
    await header.getByText('114', { exact: true }).waitFor();
    assert.match(await header.innerText(), /5 pages failed to move, 1 held/);
    await eventRow(/./).waitFor();
    await screenshot('editor');
  });

  it('draws the timeline, and goes from mark to mark in it', async () => {
    await editor().locator('.legend span', { hasText: 'contig_range' }).waitFor();
    await editor().locator('.timeline-canvas').focus();
    await page.keyboard.press('n');
    await editor()
      .locator('.list-body .list-row.selected')
      .filter({ has: editor().locator('.codicon-bookmark') })
      .waitFor();
    await screenshot('editor-mark');
  });

  it('shows the stack of the selected event, and opens a frame in the kernel tree', async () => {
    // It began at the first mark.
    await editor().locator('.list').press('Home');
    await eventRow('vmsplice-B-467').click();
    await editor().locator('.frame', { hasText: '__do_sys_vmsplice' }).first().waitFor();
    // Names are there at once, lines when the tree has been walked.
    const frame = editor().locator('.frame', { hasText: /^iov_iter_get_pages2 *lib.iov_iter\.c/ });
    await frame.first().waitFor({ timeout: 60_000 });
    await screenshot('editor-stack');
    await frame.first().click({ modifiers: ['Control'] });
    const call = [/^ssize_t iov_iter_get_pages2\(/, /__iov_iter_get_pages_alloc\(/];
    await waitForEditor('iov_iter.c', kernelLine(tree, 'lib/iov_iter.c', ...call));
  });

  it('shows the holders of the page of an event', async () => {
    await page.locator('.tab', { hasText: 'pipes.trace.dat' }).click();
    await eventRow('vmsplice-B-467').click();
    await editor().getByRole('button', { name: 'Show holders' }).click();
    await row(/^0x12e8d · held by 3/, holders()).waitFor();
    await screenshot('editor-holders');
  });

  it('shows the events of one page alone from the menu of an event', async () => {
    await eventRow('vmsplice-B-467').click({ button: 'right' });
    const entry = page.getByRole('menuitem', { name: 'Show Only Events of This Page' });
    await entry.hover();
    // VS Code takes no press in the first tenth of a second of a menu.
    await page.waitForTimeout(200);
    await screenshot('editor-menu');
    await entry.click();
    await editor().locator('.filter-status').getByText('27 of 114 events').waitFor();
    await editor().getByRole('combobox', { name: 'Filter events' }).fill('');
  });

  it('exports beside the capture', async () => {
    await askBy('Page Holders: Export…', 'Export Holders');
    await quickItem('JSON').click();
    await screenshot('export-file');
    await page.locator('.quick-input-widget .monaco-button', { hasText: 'OK' }).click();
    await takeMessage('Exported to');
    const written = path.join(tree, folder, 'pipes.trace-holders.json');
    const { captures } = JSON.parse(readFileSync(written, 'utf8'));
    assert.equal(captures.length, 1);
    await runCommand('Page Holders: Close Capture');
  });

  for (const compression of ['xz', 'zst']) {
    it(`opens what is compressed with ${compression}`, async () => {
      await chooseInExplorer(folder, `page_owner.${compression}`, 'Open Capture in Page Holders');
      await row(/\d+ pages?/, holders()).waitFor();
      await screenshot(`compressed-${compression}`);
      await runCommand('Page Holders: Close Capture');
    });
  }

  it('says in the text of a trace who held a page, above its mark and where the mouse rests on it', async () => {
    await runCommand('View: Close All Editors');
    await openInExplorer('trace.txt', folder);
    await page.locator('.codelens-decoration a', { hasText: 'Open in Page Holders' }).first().click();
    await row('0x12f98', holders()).waitFor();
    await goToLine(markLine);
    await page.locator('.codelens-decoration a', { hasText: 'PFN 0x12f98: held by 3' }).first().waitFor();
    await screenshot('mark-lens');
    await goToLine(1142);
    assert.match(
      await hoverOn('0x12f98', 'Show the holders'),
      /pipe buffer · vmsplice · owner-225 · still held/,
    );
    await screenshot('pfn-hover');
  });
});
