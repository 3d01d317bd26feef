import assert from 'node:assert/strict';
import { kernelLine } from '../host/kernelLines.mjs';
import {
  expand,
  focusedRow,
  kernelTree,
  openFolders,
  page,
  row,
  runCommand,
  screenshot,
  showContainer,
  view,
  waitForEditor,
} from './workbench.mjs';

describe('from a page that did not move to the line that holds it', () => {
  const holders = () => view('Holders');

  before(async () => {
    await openFolders(kernelTree);
    await showContainer('Page Holders');
    await runCommand('Page Holders: Open Sample Capture');
    await row('0x12f98', holders()).waitFor();
  });

  it('says at the page how many hold it, and no longer that it is reading', async () => {
    assert.match(await row('0x12f98', holders()).innerText(), /held by 3/);
    await holders().locator('.message').waitFor({ state: 'hidden' });
  });

  it('unfolds page, mark, role, holder and frames', async () => {
    await expand(row('0x12f98', holders()));
    await expand(row('refcount 1027', holders()));
    await expand(row('Held: 3 references', holders()));
    await expand(row(/^pipe buffer .*owner-225/, holders()));
    await expand(row('Acquired', holders()));
    await row('__do_sys_vmsplice', holders()).waitFor();
    await screenshot('frames');
  });

  it('opens the line of a call when a frame is pressed', async () => {
    await row(/^iov_iter_get_pages2.*iov_iter\.c:/, holders()).click();
    const call = [/^ssize_t iov_iter_get_pages2\(/, /__iov_iter_get_pages_alloc\(/];
    await waitForEditor('iov_iter.c', kernelLine(kernelTree, 'lib/iov_iter.c', ...call));
    await screenshot('frame-pressed');
  });

  it('opens the line of a call inside an inlined function', async () => {
    await row(/^iter_to_pipe/, holders()).click();
    const call = [/^static int iter_to_pipe\(/, /iov_iter_get_pages2\(/];
    await waitForEditor('splice.c', kernelLine(kernelTree, 'fs/splice.c', ...call));
    await screenshot('inlined-frame-pressed');
  });

  it('begins the stack of a reference with the frame that says something of its holder', async () => {
    await row(/^pipe buffer .*owner-225/, holders()).click();
    const frames = view('Stack').locator('.monaco-list-row');
    await frames.filter({ hasText: '7 reference-counting frames' }).waitFor();
    assert.match(await frames.nth(1).innerText(), /^internal_get_user_pages_fast/);
    await screenshot('stack-folded');
    await expand(frames.first());
    await row('folio_ref_try_add_rcu', view('Stack')).waitFor();
    await frames.first().locator('.monaco-tl-twistie').click();
  });

  it('goes from frame to frame in the group of editors in which the last one was opened', async () => {
    await runCommand('View: Close All Editors');
    await row(/^iov_iter_get_pages2/, view('Stack')).click();
    await page.locator('.tab.active', { hasText: 'iov_iter.c' }).waitFor();
    await page.keyboard.press('Control+Shift+F8');
    const call = [/^static int iter_to_pipe\(/, /iov_iter_get_pages2\(/];
    await waitForEditor('splice.c', kernelLine(kernelTree, 'fs/splice.c', ...call));
    await screenshot('next-frame-in-group');
    assert.equal(await page.locator('.editor-group-container').count(), 1);
  });

  it('goes from the page to a line with the keyboard alone', async () => {
    await runCommand('View: Close All Editors');
    await runCommand('Page Holders: Focus on Holders View');
    await page.keyboard.press('Home');
    await walkTo(/0x12f98/);
    await walkTo(/refcount 1027/);
    await walkTo(/Held: 3/);
    await walkTo(/pvm-reader-226/);
    await page.keyboard.press('ArrowRight');
    await page.waitForTimeout(500);
    await walkTo(/^process_vm_rw[^_]/);
    await page.keyboard.press('Enter');
    const call = [/^static ssize_t process_vm_rw\(/, /process_vm_rw_core\(/];
    await waitForEditor('process_vm_access.c', kernelLine(kernelTree, 'mm/process_vm_access.c', ...call));
    await screenshot('keyboard');
  });

  it('copies the row that the keyboard is on, whichever was opened last', async () => {
    await runCommand('Page Holders: Focus on Holders View');
    await page.keyboard.press('Home');
    await walkTo(/Held: 3/);
    const selected = await holders().locator('.monaco-list-row.selected').allInnerTexts();
    await page.keyboard.press('Control+C');
    await page.locator('.statusbar-item', { hasText: /^Copied \d+ lines: Held: 3 references/ }).waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^Held: 3 references \(/);
    assert.deepEqual(await holders().locator('.monaco-list-row.selected').allInnerTexts(), selected);
  });

  it('copies what stands in its find box as any box does', async () => {
    await runCommand('Page Holders: Focus on Holders View');
    await page.keyboard.press('F3');
    const box = holders().locator('.monaco-tree-type-filter-input').first();
    await box.waitFor();
    await page.keyboard.type('pvm-reader');
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Control+C');
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'pvm-reader');
    await page.keyboard.press('Escape');
  });
});

/** Presses the down arrow until the focused row has `text`; rows below a row just unfolded may still be on their way. */
async function walkTo(text) {
  const wanted = focusedRow().filter({ hasText: text });
  for (let pressed = 0; pressed < 100; pressed++) {
    if ((await wanted.count()) > 0) return;
    await page.keyboard.press('ArrowDown');
    await page.waitForTimeout(50);
  }
  assert.fail(`no row has ${text}`);
}
