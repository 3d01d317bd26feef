import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import {
  askBy,
  folderWithSample,
  followLink,
  openCapture,
  openFolders,
  page,
  quickInputTitled,
  quickItem,
  row,
  runCommand,
  screenshot,
  showContainer,
  takeMessage,
  typeAndEnter,
  view,
} from './workbench.mjs';

const holders = () => view('Holders');
/** The editor draws blanks as unbreakable ones. */
const editorText = async () =>
  (await page.locator('.editor-group-container.active .view-lines').innerText()).replaceAll('\u00a0', ' ');

describe('from a new window to a script, a page, a comparison and a file', () => {
  let folder;

  before(async () => {
    folder = folderWithSample('flows', 'before.txt');
    await openFolders(folder);
    await showContainer('Page Holders');
  });

  after(() => runCommand('View: Close All Editors'));

  it('offers in an empty view to open a capture, the sample, and to write the script that records one', async () => {
    await holders().getByText('write the script').waitFor();
    await screenshot('welcome');
    await holders().getByText('write the script').click();
    await quickInputTitled('What Does the Kernel Offer?');
    await screenshot('record-offers');
    await quickItem('page_ref events').click();
    await quickInputTitled('What Writes It?');
    await quickItem('The shell alone').click();
    await quickInputTitled('Which Pages?');
    await screenshot('record-pages');
    await quickItem('A range of PFNs').click();
    await typeAndEnter('0x12800..0x12fff');
    await quickInputTitled('How Large a Buffer?');
    await screenshot('record-buffer');
    await page.keyboard.press('Enter');
    await page.locator('.tab.active', { hasText: 'Untitled' }).waitFor();
    assert.match(await editorText(), /Records who holds the pages/);
    await screenshot('record-script');
    await runCommand('View: Revert and Close Editor');
  });

  it('says in the status bar what is open, and shows the Captures view on a press', async () => {
    await openCapture(path.join(folder, 'before.txt'));
    await row('0x12f98', holders()).waitFor();
    const item = page.locator('#page-holders\\.page-holders\\.pageHolders\\.capture');
    await item.getByText('before.txt · no kernel tree').waitFor();
    await screenshot('status-bar');
    await item.click();
    await view('Captures').locator('.monaco-list-row', { hasText: 'before.txt' }).first().waitFor();
  });

  it('shows the holders of a PFN, and says when no event tells of it', async () => {
    await askBy('Page Holders: Show Holders of PFN…', 'Show Holders of PFN');
    await typeAndEnter('77720');
    await holders().locator('.pane-header', { hasText: 'only 0x12f98' }).waitFor();
    await row(/^0x12f98 · held by 3/, holders()).waitFor();
    await screenshot('holders-of-pfn');
    await askBy('Page Holders: Show Holders of PFN…', 'Show Holders of PFN');
    await typeAndEnter('0x7');
    assert.match(await takeMessage('No event tells of page'), /page 0x7\.$/m);
    await runCommand('Page Holders: Clear Filter');
  });

  it('compares two captures, and offers no file that says nothing of pages that do not move', async () => {
    await openCapture(path.resolve('test/fixtures/dumps/page_owner.gz'));
    const other = folderWithSample('flows-after', 'after.txt');
    await openCapture(path.join(other, 'after.txt'));
    // Its row may be further down than the Captures view is high.
    await page.locator('.statusbar-item', { hasText: '3 captures' }).waitFor();
    await askBy('Page Holders: Compare Captures…', 'Compare Captures: Before');
    // The other trace is the only one that is left.
    await quickItem('before.txt').click();
    await page.locator('.tab.active', { hasText: 'before.txt and after.txt' }).waitFor();
    assert.match(await editorText(), /Unchanged \(2\)/);
    await screenshot('comparison');
    await runCommand('Page Holders: Close Capture');
    await quickItem('page_owner.gz').click();
    await page.locator('.statusbar-item', { hasText: '2 captures' }).waitFor();
  });

  it('exports what is shown as Markdown', async () => {
    await askBy('Page Holders: Export…', 'Export Holders');
    await screenshot('export-formats');
    await quickItem('Markdown').click();
    // The file dialog has the title of the choice before it.
    await page.locator('.quick-input-widget .monaco-button', { hasText: 'OK' }).click();
    assert.match(await takeMessage('Exported to'), /before-and-1-more-holders\.md/);
    await screenshot('exported');
    for (const name of ['after.txt', 'before.txt']) {
      await runCommand('Page Holders: Close Capture');
      if (name === 'after.txt') await quickItem(name).click();
    }
  });

  it('has a walkthrough of four steps', async () => {
    await runCommand('Welcome: Open Walkthrough...');
    await quickItem('Find Out Who Holds a Page').click();
    await page
      .locator('.getting-started-step, .step-title')
      .filter({ hasText: 'Open the sample' })
      .first()
      .waitFor();
    await page.waitForTimeout(1000);
    await screenshot('walkthrough');
  });
});

describe('a comparison', () => {
  it('leads from each holder to its pages and stacks in the Holders view', async () => {
    const folder = folderWithSample('comparison', 'before.txt');
    copyFileSync(path.join(folder, 'before.txt'), path.join(folder, 'after.txt'));
    await openFolders(folder);
    await showContainer('Page Holders');
    for (const name of ['before.txt', 'after.txt']) {
      await openCapture(path.join(folder, name));
      await page
        .locator('.statusbar-item', { hasText: name === 'after.txt' ? '2 captures' : name })
        .waitFor();
    }
    await askBy('Page Holders: Compare Captures…', 'Compare Captures: Before');
    await quickItem('before.txt').click();
    const link = page.locator('.editor-instance .detected-link', { hasText: 'process_vm_rw_core' });
    await followLink(link.first());
    const shown = holders().locator('.monaco-list-row.selected', { hasText: 'process_vm_rw_core: 1 page' });
    await shown.waitFor();
    assert.equal(await shown.getAttribute('aria-expanded'), 'true');
    await screenshot('comparison-to-holders');
    await runCommand('Page Holders: Group Holders By…');
    await quickItem('Page').click();
    await runCommand('View: Close All Editors');
  });
});
