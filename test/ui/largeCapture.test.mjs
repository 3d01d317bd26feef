// How soon something of a trace.dat of millions of events is on the screen.
import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import {
  captureEditorPage as editor,
  folderWith,
  largeCapture,
  notePaints,
  openFolders,
  page,
  pressFound,
  row,
  screenshot,
  showContainer,
  view,
} from './workbench.mjs';

const HOLDERS = 'a page in Holders';
const MARK = 'a mark in the timeline';
const SELECTORS = {
  tab: '.tab.active[data-resource-name="trace.dat"]',
  [HOLDERS]: '.part.sidebar .monaco-list-row[aria-label^="0x"]',
  events: '.list-body .list-row',
  [MARK]: '.legend > span',
};

const isThere = existsSync(largeCapture);
if (!isThere) console.log(`no large capture: ${largeCapture} is not there`);

(isThere ? describe : describe.skip)('a large capture', () => {
  let paints;

  before(() => {
    paints = notePaints(SELECTORS);
  });

  /** Opens it in a window of its own, and prints when each was first seen after the file was pressed. */
  async function open(name, prepare) {
    const folder = folderWith(name);
    symlinkSync(largeCapture, path.join(folder, 'trace.dat'));
    await openFolders(folder);
    await prepare();
    // A window has work of its own for a while.
    await page.waitForTimeout(5000);
    paints.clear();
    const pressed = await pressFound(path.join(folder, 'trace.dat'));
    await editor().locator('.legend span').first().waitFor();
    await screenshot(`${name}-first-mark`);
    await editor().locator('.progress').waitFor({ state: 'hidden', timeout: 60_000 });
    const read = Date.now() - pressed;
    const seen = [...paints]
      .sort((a, b) => a[1] - b[1])
      .map(([what, time]) => `${what} ${time - pressed} ms`);
    console.log(`      ${seen.join(', ')}, all read ${read} ms`);
  }

  it('scrolls through its events', async () => {
    const folder = folderWith('large-scroll');
    symlinkSync(largeCapture, path.join(folder, 'trace.dat'));
    await openFolders(folder);
    await pressFound(path.join(folder, 'trace.dat'));
    await editor().locator('.legend span').first().waitFor();
    await editor().locator('.progress').waitFor({ state: 'hidden', timeout: 60_000 });
    const list = editor().locator('.list-body');
    const { x, y } = await list.boundingBox();
    await page.mouse.move(x + 100, y + 100);
    const firstRow = list.locator('.list-row:not([hidden])').first();
    const before = await firstRow.textContent();
    await noteFrames(list);
    const until = Date.now() + 3000;
    while (Date.now() < until) await page.mouse.wheel(0, 1200);
    const { times, blank } = await list.evaluate(() => globalThis.notedFrames);
    const sorted = [...times].sort((a, b) => a - b);
    const within = (part) => Math.round(sorted[Math.floor(sorted.length * part)]);
    console.log(
      `      ${times.length} frames, half of them within ${within(0.5)} ms, 99 % within ${within(0.99)} ms, ${blank} with rows that are not there yet`,
    );
    await list.locator('.list-row[aria-busy]:not([hidden])').first().waitFor({ state: 'detached' });
    assert.notEqual(await firstRow.textContent(), before);
    assert.match(await firstRow.textContent(), /\d\.\d{6}/, 'an event with its time');
  });

  it('shows events and the first mark in the editor, with an extension that slept', async () => {
    await open('large', async () => {});
  });

  it('shows the first page in the Holders view, too', async () => {
    await open('large-holders', () => showContainer('Page Holders'));
    await row(/^0x/, view('Holders')).waitFor();
  });
});

/** Notes from now on how long each frame of the editor takes, in ms, and how many have rows without their events. */
const noteFrames = (list) =>
  list.evaluate((body) => {
    const noted = { times: [], blank: 0 };
    globalThis.notedFrames = noted;
    let last = performance.now();
    const note = (now) => {
      noted.times.push(now - last);
      last = now;
      if (body.querySelector('.list-row[aria-busy]:not([hidden])') !== null) noted.blank++;
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
