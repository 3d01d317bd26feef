import assert from 'node:assert/strict';
import path from 'node:path';
import { repository } from '../host/paths.mjs';
import { kernelLine } from '../host/kernelLines.mjs';
import {
  captureEditorPage as editor,
  eventRow,
  folderWith,
  kernelTree,
  openFile,
  openFolders,
  page,
  row,
  runCommand,
  screenshot,
  view,
  waitForEditor,
} from './workbench.mjs';

const filter = () => editor().getByRole('combobox', { name: 'Filter events' });
const status = () => editor().locator('.filter-status');
const rows = () => editor().locator('.list-body .list-row:visible');
const selected = (text) => editor().locator('.list-row.selected:visible', { hasText: text });
const frame = (text) => editor().locator('.frame', { hasText: text }).first();
/** Its key may stand behind the name. */
const entry = (name) =>
  page
    .getByRole('menuitem')
    .filter({ has: page.locator('.action-label', { hasText: new RegExp(`^${name}$`) }) });

const OF_EVENT = [
  'Show Holders of This Page',
  'Show Only Events of This Page',
  'Show Only Events of This Task',
  'Show Only Events of This Name',
  'Leave Out Events of This Name',
  'Copy Event',
  'Copy Event with Stack',
  'Copy PFN',
];
const OF_PAGE = OF_EVENT.filter((name) => /Page$|PFN/.test(name));

describe('the menus of the capture editor', () => {
  before(async () => {
    const trace = path.join(repository, 'test/fixtures/f_dat_v7_zstd/trace.dat');
    const folder = folderWith('editor-menu', trace);
    await openFolders(kernelTree, folder);
    await openFile(path.join(folder, 'trace.dat'));
    await eventRow('vmsplice-B-467').waitFor();
  });

  beforeEach(showAll);

  after(() => runCommand('View: Close All Editors'));

  it('show the events of one page and one task alone, and leave out those of one name', async () => {
    await eventRow('0x12e8d').click({ button: 'right' });
    assert.deepEqual(await entries(), OF_EVENT);
    await selected('0x12e8d').waitFor();
    await screenshot('menu-event');
    await choose('Show Only Events of This Page');
    assert.equal(await filterBecomes(/^pfn:/), 'pfn:0x12e8d');
    // Those of ranges with the page, too.
    await status().getByText('27 of 114 events').waitFor();
    await untilRows((texts) => texts.every((text) => /0x12e8d|0x12800/.test(text)));
    await eventRow('vmsplice-B-467').click({ button: 'right' });
    await choose('Show Only Events of This Task');
    assert.equal(await filterBecomes(/task:/), 'pfn:0x12e8d task:vmsplice-B-467');
    await untilRows((texts) => texts.every((text) => text.includes('vmsplice-B-467')));
    await rows().first().click({ button: 'right' });
    await choose('Show Only Events of This Name');
    assert.equal(await filterBecomes(/ event:/), 'pfn:0x12e8d task:vmsplice-B-467 event:page_ref_mod_unless');
    // By way of all events: the same row with another filter does not show when the list is made anew.
    await showAll();
    await filter().fill('pfn:0x12e8d task:vmsplice-B-467');
    await status().getByText('1 of 114 events').waitFor();
    await untilRows((texts) => texts.length === 1 && texts.every((text) => text.includes('vmsplice-B-467')));
    await rows().first().click({ button: 'right' });
    await choose('Leave Out Events of This Name');
    assert.equal(
      await filterBecomes(/-event:/),
      'pfn:0x12e8d task:vmsplice-B-467 -event:page_ref_mod_unless',
    );
    await editor().getByText('No event matches the filter.').waitFor();
    await screenshot('menu-filtered');
  });

  it('copy an event as it is printed in a terminal, its page, and a frame', async () => {
    await eventRow('178.098472019').click({ button: 'right' });
    await choose('Copy Event');
    const text = await copied(/pvm-reader-465/);
    assert.match(
      text,
      /^ +178\.098472019 +0 +pvm-reader-465 +0x12e8d +Get \+1024: count 1027 .* page_ref_mod$/,
    );
    await eventRow('178.098472019').click();
    await page.keyboard.press('Control+C');
    await page.waitForTimeout(500);
    assert.equal(await copied(/pvm-reader-465/), text);
    await eventRow('178.098472019').click({ button: 'right' });
    await choose('Copy PFN');
    assert.equal(await copied(/^0x\w+$/), '0x12e8d');
    await eventRow('vmsplice-B-467').click();
    await frame('__do_sys_vmsplice').click({ button: 'right' });
    await choose('Copy Frame');
    assert.match(await copied(/vmsplice/), /^__do_sys_vmsplice\+0x[0-9a-f]+$/);
  });

  it('copy an event with its stack as traces have them, from the Holders view, too', async () => {
    const printed =
      /^ +pvm-reader-465 +\[000\] +178\.098472019: page_ref_mod: +pfn=0x12e8d .*val=1024\n.*<stack trace >\n(?:=> \w+.*\n)+=> \w+\S*$/;
    await eventRow('178.098472019').click({ button: 'right' });
    await choose('Copy Event with Stack');
    const text = await copied(printed);
    await clearClipboard();
    await eventRow('178.098472019').click();
    await editor().getByText('Get +1024: count 1027 · pvm-reader-465').waitFor();
    await page.keyboard.press('Alt+C');
    assert.equal(await copied(printed), text);
    await editor().getByText('Show holders').click();
    const pin = row('GUP pin · process_vm_rw_core', view('Holders'));
    await pin.click({ button: 'right' });
    await clearClipboard();
    await choose('Copy Event with Stack');
    assert.equal(await copied(printed), text);
    await clearClipboard();
    await pin.click();
    await page.keyboard.press('Alt+C');
    assert.equal(await copied(printed), text);
  });

  it('open a frame, beside too, and show the events that have its function in their stack', async () => {
    await eventRow('vmsplice-B-467').click();
    await frame(/^iov_iter_get_pages2/).click({ button: 'right' });
    assert.deepEqual(await entries(), [
      'Open Frame',
      'Open Frame to the Side',
      'Show Only Events with This Function in the Stack',
      'Copy Frame',
    ]);
    await screenshot('menu-frame');
    await choose('Show Only Events with This Function in the Stack');
    assert.equal(await filterBecomes(/stack:/), 'stack:iov_iter_get_pages2');
    await status().getByText('2 of 114 events').waitFor();
    await frame(/^iov_iter_get_pages2/).click({ button: 'right' });
    await choose('Open Frame to the Side');
    const call = [/^ssize_t iov_iter_get_pages2\(/, /__iov_iter_get_pages_alloc\(/];
    await waitForEditor('iov_iter.c', kernelLine(kernelTree, 'lib/iov_iter.c', ...call));
    await screenshot('menu-frame-beside');
    await runCommand('View: Close All Editors in Group');
  });

  it('open by the key on what is selected, in the list, in the stack and in the timeline', async () => {
    await eventRow('178.098472019').click();
    await editor().locator('.list:focus').waitFor();
    const place = await selected('178.098472019').boundingBox();
    await page.keyboard.press('Shift+F10');
    assert.deepEqual(await entries(), OF_EVENT);
    const menu = await page.locator('.monaco-menu').first().boundingBox();
    // Below the row, or above where the window ends.
    const away = [menu.y, menu.y + menu.height].map((y) => Math.abs(y - place.y - place.height));
    assert.ok(Math.min(...away) < 4, `${menu.y}, ${menu.height} high, at ${place.y}`);
    await screenshot('menu-by-key');
    await page.keyboard.press('Escape');
    await editor().locator('.list:focus').waitFor();
    await page.keyboard.press('ContextMenu');
    await entry('Show Only Events of This Task').waitFor();
    for (let presses = 0; presses < 3; presses++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    assert.equal(await filterBecomes(/task:/), 'task:pvm-reader-465');
    await filter().fill('');
    await status().getByText('114 events', { exact: true }).waitFor();
    await editor().locator('.list').focus();
    await page.keyboard.press('ArrowRight');
    await editor().locator('.frame:focus').waitFor();
    await page.keyboard.press('ContextMenu');
    await entry('Copy Frame').waitFor();
    await page.keyboard.press('Escape');
    await editor().locator('.frame:focus').waitFor();
  });

  it('are of the page that is pointed at in the timeline, or reached by keys', async () => {
    const canvas = editor().locator('.timeline-canvas');
    const tooltip = editor().locator('.timeline-tooltip');
    await canvas.click({ button: 'right', position: { x: 10, y: 3 } });
    await page.waitForTimeout(500);
    assert.equal(await page.locator('.monaco-menu').count(), 0);
    await canvas.focus();
    await page.keyboard.press('.');
    await tooltip.filter({ hasText: '0x12e8' }).waitFor();
    const said = await tooltip.innerText();
    await page.keyboard.press('ContextMenu');
    assert.deepEqual(await entries(), OF_PAGE);
    const { x, y } = await page.locator('.monaco-menu').first().boundingBox();
    await screenshot('menu-timeline');
    await choose('Copy PFN');
    assert.equal(await copied(/^0x\w+$/), /0x12e8\w/.exec(said)[0]);
    // With the mouse, on the same thing.
    await page.mouse.move(x + 2, y - 6);
    await tooltip.filter({ hasText: said.split('\n', 1)[0] }).waitFor();
    await page.mouse.click(x + 2, y - 6, { button: 'right' });
    assert.deepEqual(await entries(), OF_PAGE);
    await choose('Show Holders of This Page');
    await row(/^0x12e8\w · held by \d/, view('Holders')).waitFor();
    await screenshot('menu-holders');
    // The count of a page is the last of what is drawn, and is of that page where it has no sign, too.
    await eventRow('0x12e8d').click();
    await editor().getByText('Show holders').waitFor();
    await page.waitForTimeout(500);
    const { height } = await canvas.boundingBox();
    await canvas.click({ button: 'right', position: { x: 10, y: height - 20 } });
    assert.deepEqual(await entries(), OF_PAGE);
    await choose('Copy PFN');
    assert.equal(await copied(/^0x\w+$/), '0x12e8d');
  });

  it('are of the editor that they are opened in, where two show the capture', async () => {
    await runCommand('View: Split Editor Right');
    const editors = page.locator('iframe.webview.ready');
    await until(async () => (await editors.count()) === 2);
    const pages = [0, 1].map((index) =>
      editors.nth(index).contentFrame().frameLocator('iframe#active-frame'),
    );
    const filters = pages.map((each) => each.getByRole('combobox', { name: 'Filter events' }));
    for (const [index, each] of pages.entries()) {
      await each
        .locator('.list-body .list-row:visible', { hasText: '0x12e8d' })
        .first()
        .click({ button: 'right' });
      await choose('Show Only Events of This Page');
      await until(async () => (await filters[index].inputValue()) === 'pfn:0x12e8d');
      assert.equal(await filters[1 - index].inputValue(), '');
      await screenshot(`menu-of-two-${index}`);
      await filters[index].fill('');
    }
  });
});

/** The names of the menu that is open, without the lines between them. */
async function entries() {
  await page.locator('.monaco-menu').first().waitFor();
  const texts = await page.getByRole('menuitem').filter({ visible: true }).allInnerTexts();
  return texts.map((text) => text.trim().split('\n', 1)[0]).filter((text) => text !== '');
}

/** VS Code takes no press in the first tenth of a second of a menu, for that is the end of the one that opened it. */
async function choose(name) {
  await entry(name).hover();
  await page.waitForTimeout(200);
  await entry(name).click();
}

async function showAll() {
  await filter().fill('');
  await status().getByText('114 events', { exact: true }).waitFor();
}

async function filterBecomes(wanted) {
  await until(async () => wanted.test(await filter().inputValue()));
  return filter().inputValue();
}

const untilRows = (wanted) =>
  until(async () => {
    const texts = await rows().allInnerTexts();
    return texts.length > 0 && wanted(texts);
  });

const clearClipboard = () => page.evaluate(() => navigator.clipboard.writeText('-'));

async function copied(wanted) {
  const read = () => page.evaluate(() => navigator.clipboard.readText());
  await until(async () => wanted.test(await read()));
  return read();
}

async function until(attempt) {
  for (let tries = 0; tries < 100; tries++) {
    if (await attempt()) return;
    await page.waitForTimeout(100);
  }
  assert.fail('it does not come to that');
}
