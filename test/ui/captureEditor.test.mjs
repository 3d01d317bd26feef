import assert from 'node:assert/strict';
import path from 'node:path';
import { kernelLine } from '../host/kernelLines.mjs';
import { repository } from '../host/paths.mjs';
import {
  folderWith,
  kernelTree,
  openFile,
  openFolders,
  page,
  row,
  screenshot,
  view,
  waitForEditor,
} from './workbench.mjs';

const editor = () => page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame');
const eventRow = (text) => editor().locator('.list-body .list-row:visible', { hasText: text }).first();
const selectedRow = () => editor().locator('.list-body .list-row.selected');
const filter = () => editor().getByRole('combobox', { name: 'Filter events' });
const status = () => editor().locator('.filter-status');
const stackFrame = (text) => editor().locator('.frame', { hasText: text }).first();

describe('the capture editor', () => {
  let folder;

  before(async () => {
    folder = folderWith('editor', path.join(repository, 'test/fixtures/f_dat_v7_zstd/trace.dat'));
    await openFolders(kernelTree, folder);
    await openFile(path.join(folder, 'trace.dat'));
  });

  it('says at its head what the capture is', async () => {
    const header = editor().locator('.header');
    await header.getByText('114', { exact: true }).waitFor();
    const said = await header.innerText();
    assert.match(said, /Kernel\s+6\.1\.192\S* · trace-dat/);
    assert.match(said, /Span\s+7\.55 s/);
    assert.match(said, /Lost\s+none/);
    assert.match(said, /5 pages failed to move, 1 held/);
  });

  it('lists the events, and marks those that say that a page failed to move', async () => {
    await eventRow('vmsplice-B-467').waitFor();
    assert.match(
      await eventRow('pvm-reader-465').innerText(),
      /178\.098472019\s+0\s+pvm-reader-465\s+0x12e8d\s+Get \+1024/,
    );
    assert.ok((await editor().locator('.list-row.mark:visible').count()) > 0);
    await screenshot('editor-list');
  });

  it('shows the stack of the selected event, and opens a frame in the kernel tree', async () => {
    await eventRow('vmsplice-B-467').click();
    await stackFrame('__do_sys_vmsplice').waitFor();
    await editor()
      .getByText(/PFN 0x12e8d · failed to move 3 times · held by 3/)
      .waitFor();
    // With Ctrl the source takes the focus.
    await stackFrame(/^iov_iter_get_pages2/).click({ modifiers: ['Control'] });
    const call = [/^ssize_t iov_iter_get_pages2\(/, /__iov_iter_get_pages_alloc\(/];
    await waitForEditor('iov_iter.c', kernelLine(kernelTree, 'lib/iov_iter.c', ...call));
    await screenshot('editor-frame-opened');
  });

  it('filters as one types, with completion', async () => {
    await filter().click();
    await filter().pressSequentially('comm:pvm');
    await editor().getByRole('option', { name: 'pvm-reader' }).waitFor();
    await screenshot('editor-completion');
    // The names with most events come first.
    assert.match(await editor().getByRole('option').first().innerText(), /^pvm-/);
    await filter().pressSequentially('-r');
    await editor().getByRole('option', { name: 'pvm-watch' }).waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    assert.equal(await filter().inputValue(), 'comm:pvm-reader ');
    await status()
      .getByText(/^\d+ of 114 events$/)
      .waitFor();
    for (const each of await editor().locator('.list-body .list-row:visible').allInnerTexts()) {
      assert.match(each, /pvm-reader/);
    }
  });

  it('underlines what it does not understand, and says what it expected', async () => {
    await filter().fill('comm:pvm-reader pfn:zz');
    await editor().locator('.wrong', { hasText: 'zz' }).waitFor();
    await editor()
      .getByText(/expected a page frame number such as 0x12c02/)
      .waitFor();
    // The list stays as it was meanwhile.
    await status()
      .getByText(/^\d+ of 114 events$/)
      .waitFor();
    await screenshot('editor-problem');
    await page.keyboard.press('Escape');
    await status().getByText('114 events', { exact: true }).waitFor();
  });

  it('goes through the list with the keyboard alone', async () => {
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Home');
    await selectedRow().getByText('170.662992449').waitFor();
    await page.keyboard.press('End');
    await editor().locator('.list-row.selected[aria-rowindex="115"]').waitFor();
    await page.keyboard.press('PageUp');
    await page.keyboard.press('ArrowUp');
    assert.ok(Number(await selectedRow().getAttribute('aria-rowindex')) < 110);
    await page.keyboard.press('ArrowRight');
    await editor().locator('.frame:focus').waitFor();
    await page.keyboard.press('ArrowLeft');
    await editor().locator('.list:focus').waitFor();
  });

  it('shows the holders of the page of an event in the Holders view', async () => {
    await page.keyboard.press('Home');
    await eventRow('0x12e8d').click();
    await editor().getByRole('button', { name: 'Show holders' }).click();
    await row(/^0x12e8d · held by 3/, view('Holders')).waitFor();
    await screenshot('editor-holders');
  });
});
