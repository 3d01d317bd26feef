// What the capture editor shows when its window is loaded again: what it showed before, and nobody looks for it anew.
import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../host/paths.mjs';
import {
  captureEditorPage as editor,
  eventRow,
  folderWith,
  largeCapture,
  openFile,
  openFolders,
  page,
  reloadWindow,
  screenshot,
} from './workbench.mjs';

const canvas = () => editor().locator('.timeline-canvas');
const details = () => editor().locator('.details');
const filter = () => editor().getByRole('combobox', { name: 'Filter events' });
const plumbing = () => details().locator('.disclosure');
const selectedRow = () => editor().locator('.list-body .list-row.selected:visible');

/** In the words of the page. */
async function seen() {
  await editor().locator('.list-row.loading:visible').first().waitFor({ state: 'detached' });
  const text = (selector) => editor().locator(selector).first().innerText();
  return {
    timeline: await canvas().getAttribute('aria-label'),
    part: await text('.part'),
    filter: await filter().inputValue(),
    status: await text('.filter-status'),
    columns: await editor().getByRole('columnheader').allInnerTexts(),
    firstRow: await firstRow(),
    sideways: await editor()
      .locator('.list')
      .evaluate(({ scrollLeft }) => scrollLeft),
    event: await text('.details :is(h2, .hint)'),
    plumbing: (await plumbing().count()) > 0 && (await plumbing().getAttribute('aria-expanded')),
    detailsTop: await details().evaluate(({ scrollTop }) => scrollTop),
  };
}

/** The first row of which something is seen, and how much of it is above. */
const firstRow = () =>
  editor()
    .locator('.list-body')
    .evaluate((body) => {
      const { top } = body.getBoundingClientRect();
      const rows = [...body.querySelectorAll('.list-row:not([hidden])')];
      const first = rows.find((row) => row.getBoundingClientRect().bottom > top);
      return `${first.innerText} ${top - first.getBoundingClientRect().top}`;
    });

/** Turns the wheel over an element. */
async function turnWheel(over, pixels) {
  await over.hover();
  await page.mouse.wheel(0, pixels);
}

/** What is seen, once nothing of it changes any more. */
async function settled() {
  for (let tries = 0, before = ''; tries < 60; tries++) {
    const now = JSON.stringify(await seen());
    if (now === before) return JSON.parse(now);
    before = now;
    await page.waitForTimeout(500);
  }
  assert.fail('it does not come to rest');
}

describe('the capture editor in a window that is loaded again', () => {
  it('shows what it showed before', async () => {
    await page.setViewportSize({ width: 1400, height: 700 });
    const folder = folderWith('reload', path.join(repository, 'test/fixtures/a_reader/trace.dat'));
    await openFolders(folder);
    await openFile(path.join(folder, 'trace.dat'));
    await selectedRow().waitFor();
    const atFirst = await settled();

    await filter().fill('event:page_ref* is:get');
    await editor().locator('.filter-status').getByText(/ of /).waitFor();
    await editor().getByRole('button', { name: 'Columns' }).click();
    await editor().getByRole('menuitemcheckbox', { name: 'Mapcount' }).click();
    await page.keyboard.press('Escape');
    await editor().locator('.list').press('Home');
    await eventRow('pinner').click();
    await plumbing().click();
    await canvas().focus();
    for (const key of ['+', '+', '+', 'ArrowRight']) await page.keyboard.press(key);
    await turnWheel(details(), 40);
    await turnWheel(editor().locator('.list-body'), 533);
    await page.mouse.wheel(70, 0);
    // The list stays by the filter that was understood.
    await filter().fill('event:page_ref* is:get pfn:');
    await editor().locator('.wrong').waitFor({ state: 'attached' });
    const before = await settled();
    await screenshot('before-reload');
    for (const [what, value] of Object.entries(before)) {
      assert.notDeepEqual(value, atFirst[what], `${what} is another now`);
    }
    assert.equal(await selectedRow().count(), 0, 'the selected row is out of view');

    await reloadWindow();
    await eventRow(/./).waitFor();
    const after = await settled();
    await screenshot('after-reload');
    assert.deepEqual(after, before);
    await turnWheel(editor().locator('.list-body'), -5000);
    await selectedRow().getByText('pinner').waitFor();
  });

  (existsSync(largeCapture) ? it : it.skip)(
    'does so with a large capture, which is read in parts again',
    async () => {
      const folder = folderWith('reload-large');
      symlinkSync(largeCapture, path.join(folder, 'trace.dat'));
      await openFolders(folder);
      await openFile(path.join(folder, 'trace.dat'));
      await editor().locator('.legend span').first().waitFor();
      const progress = editor().locator('.progress');
      await progress.waitFor({ state: 'hidden', timeout: 60_000 });

      await editor().locator('.list').focus();
      await page.keyboard.press('End');
      await selectedRow().waitFor();
      await canvas().focus();
      for (let presses = 0; presses < 12; presses++) await page.keyboard.press('+');
      await turnWheel(editor().locator('.list-body'), -5333);
      const before = await settled();
      await screenshot('large-before-reload');

      await reloadWindow();
      await eventRow(/./).waitFor({ timeout: 60_000 });
      await screenshot('large-while-it-is-read');
      await progress.waitFor({ state: 'hidden', timeout: 60_000 });
      const after = await settled();
      await screenshot('large-after-reload');
      assert.deepEqual(after, before);
    },
  );

  after(() => page.setViewportSize({ width: 1400, height: 900 }));
});
