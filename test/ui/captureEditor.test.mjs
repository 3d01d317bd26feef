import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { kernelLine } from '../host/kernelLines.mjs';
import { repository } from '../host/paths.mjs';
import {
  captureEditorPage as editor,
  chooseTheme,
  eventRow,
  expand,
  folderWith,
  folderWithSample,
  kernelTree,
  openCapture,
  openFile,
  openFolders,
  page,
  quickItem,
  row,
  runCommand,
  screenshot,
  showContainer,
  view,
  waitForEditor,
} from './workbench.mjs';

const selectedRow = () => editor().locator('.list-body .list-row.selected:visible');
const filter = () => editor().getByRole('combobox', { name: 'Filter events' });
const status = () => editor().locator('.filter-status');
const stackFrame = (text) => editor().locator('.frame', { hasText: text }).first();

/** Roles that are called by what is in them, if anything is. */
const NAMED_BY_CONTENT = new Set(['row', 'rowgroup', 'gridcell', 'status', 'alert', 'tooltip']);

describe('the capture editor', () => {
  let folder;
  /** What the browser says that the page was not allowed to do. */
  const refused = [];
  const noteRefused = (message) => {
    const isRefused = /Refused to|Content Security Policy/.test(message.text());
    if (isRefused) refused.push(message.text());
  };

  before(async () => {
    page.on('console', noteRefused);
    folder = folderWith('editor', path.join(repository, 'test/fixtures/f_dat_v7_zstd/trace.dat'));
    await openFolders(kernelTree, folder);
    await openFile(path.join(folder, 'trace.dat'));
  });

  it('says at its head what the capture is', async () => {
    const header = editor().locator('.header');
    await header.getByText('114', { exact: true }).waitFor();
    const said = await header.innerText();
    assert.match(said, /Kernel\s+6\.1\.192\S* · trace\.dat/);
    assert.match(said, /Span\s+7\.55 s/);
    assert.match(said, /Lost\s+none/);
    assert.match(said, /5 pages failed to move, 1 held/);
    await header.getByText('kernel tree linux-source-6.1, by name · kallsyms of the capture').waitFor();
  });

  it('begins at the first mark, with the page that it is of', async () => {
    await selectedRow()
      .filter({ has: editor().locator('.codicon-bookmark') })
      .waitFor();
    const said = await selectedRow().innerText();
    await stackFrame('__alloc_contig_migrate_range').waitFor();
    await editor().locator('.timeline-canvas[aria-label*="refcount of 0x"]').waitFor({ state: 'attached' });
    await screenshot('editor-begun');
    // It is the first: there is no other before.
    await editor().locator('.timeline-canvas').press('p');
    await editor().locator('.timeline .spoken', { hasText: 'No mark before' }).waitFor({ state: 'attached' });
    assert.equal(await selectedRow().innerText(), said);
  });

  it('leads from the number of pages to the Holders view', async () => {
    const name = '5 pages failed to move, 1 held: show in Holders view';
    await editor().getByRole('button', { name, exact: true }).press('Enter');
    const first = row(/^0x/, view('Holders'));
    await view('Holders').locator('.monaco-list-row.selected.focused', { hasText: '0x' }).waitFor();
    assert.match(await first.getAttribute('class'), /selected/);
    await screenshot('editor-pages');
    await showContainer('Explorer');
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
    const options = editor().getByRole('option');
    await filter().click();
    // Nobody asked for it yet.
    await page.waitForTimeout(500);
    assert.equal(await options.count(), 0);
    for (const key of ['Control+ ', 'ArrowDown']) {
      await page.keyboard.press(key);
      await options.first().waitFor();
      await page.keyboard.press('Escape');
      await options.first().waitFor({ state: 'hidden' });
    }
    await page.keyboard.press('ArrowDown');
    await editor().locator('[role=option][aria-selected=true]').waitFor();
    await page.keyboard.press('Escape');
    await filter().pressSequentially('p');
    await options.first().waitFor();
    await page.keyboard.press('Backspace');
    await options.first().waitFor({ state: 'hidden' });
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
    await until(async () => {
      const rows = await editor().locator('.list-body .list-row:visible').allInnerTexts();
      return rows.length > 0 && rows.every((text) => text.includes('pvm-reader'));
    });
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
    await page.keyboard.press('Control+ArrowDown');
    await page.keyboard.press('Home');
    await selectedRow().getByText('170.662992449').waitFor();
    await page.keyboard.press('End');
    await editor().locator('.list-row.selected[aria-rowindex="115"]').waitFor();
    await page.keyboard.press('PageUp');
    await page.keyboard.press('ArrowUp');
    await until(async () => Number(await selectedRow().getAttribute('aria-rowindex')) < 110);
    await page.keyboard.press('ArrowRight');
    await editor().locator('.frame:focus').waitFor();
    await page.keyboard.press('ArrowLeft');
    await editor().locator('.list:focus').waitFor();
  });

  it('scrolls the heads of the columns and their rows sideways together', async () => {
    const list = editor().locator('.list');
    const left = (of) => editor().locator(`${of} .cell`).last().boundingBox();
    await list.evaluate((element) => element.scrollTo({ left: 10_000 }));
    const [head, cell, frame] = [
      await left('.list-header'),
      await left('.list-row.selected'),
      await list.boundingBox(),
    ];
    assert.ok(Math.abs(head.x - cell.x) < 1, `${head.x} and ${cell.x}`);
    assert.ok(cell.x < frame.x + frame.width, 'the last column can be reached');
    const [heads, rows] = [editor().locator('.list-header'), editor().locator('.list-body')];
    const [widest, seen] = [await heads.boundingBox(), await rows.boundingBox()];
    assert.ok(Math.abs(widest.width - seen.width) < 1, `rows are cut at ${seen.width} of ${widest.width}`);
    const right = await list.evaluate((element) => element.scrollLeft);
    await list.focus();
    await page.keyboard.press('Shift+ArrowLeft');
    await until(async () => (await list.evaluate((element) => element.scrollLeft)) < right);
    await page.keyboard.press('Shift+ArrowRight');
    await until(async () => (await list.evaluate((element) => element.scrollLeft)) === right);
    await editor().locator('.list:focus').waitFor();
    await list.evaluate((element) => element.scrollTo({ left: 0 }));
  });

  it('shows the holders of the page of an event in the Holders view', async () => {
    await page.keyboard.press('Home');
    await eventRow('0x12e8d').click();
    await editor().getByRole('button', { name: 'Show holders' }).click();
    await row(/^0x12e8d · held by 3/, view('Holders')).waitFor();
    await screenshot('editor-holders');
  });

  it('shows what is selected in the Holders view', async () => {
    await expand(row(/^0x12e8d/, view('Holders')));
    await row(/^refcount /, view('Holders')).click();
    await selectedRow()
      .filter({ has: editor().locator('.codicon-bookmark') })
      .waitFor();
  });

  it('selects in the Holders view what its selected event is of, and keeps focus and place', async () => {
    const holders = view('Holders');
    const selectedThere = (text) => holders.locator('.monaco-list-row.selected', { hasText: text });
    const place = () => selectedRow().getAttribute('aria-rowindex');
    // The press on its row has folded it.
    await expand(row(/^refcount 1027 /, holders));
    await row(/^pipe buffer · vmsplice · vmsplice-B-467/, holders).waitFor();
    await eventRow('178.079368179').click();
    await selectedThere(/^pipe buffer · vmsplice · vmsplice-B-467/).waitFor();
    const begun = await place();
    await editor().locator('.list:focus').waitFor();
    await screenshot('editor-and-holders');
    // A folded page stays folded.
    for (let presses = 0; presses < 5; presses++) await page.keyboard.press('ArrowDown');
    await selectedRow().getByText('178.105779819').waitFor();
    await selectedThere('0x12e8c').waitFor();
    assert.equal(await selectedThere('0x12e8c').getAttribute('aria-expanded'), 'false');
    await row(/^isolate_migratepages_block/, view('Stack')).waitFor();
    // What was selected there last must not answer with its own place.
    await page.waitForTimeout(1500);
    assert.equal(Number(await place()), Number(begun) + 5);
    await editor().locator('.list:focus').waitFor();
    await row(/^isolate_migratepages_block/, view('Stack')).waitFor();
    // One that is no row of the tree leaves it as it is.
    await eventRow('178.104657629').click();
    await page.waitForTimeout(1000);
    await selectedThere('0x12e8c').waitFor();
    // A mark, from the timeline.
    await editor().locator('.timeline-canvas').focus();
    await page.keyboard.press('n');
    await selectedRow().getByText('178.105962099').waitFor();
    await selectedThere(/^refcount 1027 /).waitFor();
    // A person may still choose what the tree has selected by itself, and everything goes along.
    await eventRow('178.105779819').click();
    await selectedThere('0x12e8c').waitFor();
    await row(/^0x12e8d/, holders).click();
    await selectedRow().getByText('178.105962099').waitFor();
    await showContainer('Explorer');
  });

  it('goes by keys through all that is drawn in the timeline, says what it is, and selects it', async () => {
    const canvas = editor().locator('.timeline-canvas');
    const said = editor().locator('.timeline .spoken');
    await editor()
      .locator('.timeline-canvas[aria-label*="refcount of 0x12e8d at the end "]')
      .waitFor({ state: 'attached' });
    await canvas.focus();
    const places = [];
    for (let presses = 0; presses < 100; presses++) {
      const text = await said.innerText();
      await page.keyboard.press(',');
      await until(async () => (await said.innerText()) !== text);
      if (/^Nothing before/.test(await said.innerText())) break;
      places.push(await said.innerText());
    }
    for (const kind of [
      / · contig_range · /,
      /still held · match assumed, /,
      /^get \+/,
      /^put -/,
      /^expected \d/,
    ]) {
      assert.ok(
        places.some((text) => kind.test(text)),
        `${kind} in ${places.join('\n')}`,
      );
    }
    assert.match(places.at(-1), /, 1 of \d+$/);
    const selected = await selectedRow().innerText();
    // The first get that is drawn: what is said of it is in the list too.
    await page.keyboard.press('.');
    for (let presses = 0; presses < 100 && !/^get /.test(await said.innerText()); presses++) {
      const text = await said.innerText();
      await page.keyboard.press('.');
      await until(async () => (await said.innerText()) !== text);
    }
    const [, change, count] = /^get (\+\d+): count (\d+)/.exec(await said.innerText());
    const tooltip = editor().locator('.timeline-tooltip', { hasText: `get ${change}: count ${count}` });
    await tooltip.waitFor();
    const [label, room] = [await tooltip.boundingBox(), await editor().locator('.timeline').boundingBox()];
    assert.ok(label.y >= room.y && label.y + label.height <= room.y + room.height, 'it is seen as a whole');
    await screenshot('editor-reached');
    await page.keyboard.press('Enter');
    await selectedRow().filter({ hasNotText: selected }).waitFor();
    await selectedRow()
      .getByText(new RegExp(`^Get \\${change}\\b`))
      .waitFor();
    await screenshot('editor-reached-selected');
    // The ring is there as long as the keyboard is.
    const drawn = () => canvas.evaluate((each) => each.toDataURL());
    const ringed = await drawn();
    await page.keyboard.press('Tab');
    await until(async () => (await drawn()) !== ringed);
  });

  it('goes from mark to mark in the timeline, and zooms and moves, by keys', async () => {
    const canvas = editor().locator('.timeline-canvas');
    await canvas.focus();
    const begun = await canvas.getAttribute('aria-label');
    const part = editor().locator('.part');
    await part.getByText(/^Shown: \d+ ms of 7\.55 s$/).waitFor();
    // Two pipes hold the page, and which of them was let go of nothing says.
    await editor().locator('.legend').getByText('match assumed').waitFor();
    await screenshot('editor-part');
    // Its name is no count; the key is said where buttons say theirs.
    const whole = part.getByRole('button', { name: 'Show all', exact: true });
    assert.match(await whole.getAttribute('title'), / \(0\)$/);
    await whole.click();
    await part.waitFor({ state: 'hidden' });
    await canvas.focus();
    await page.keyboard.press('p');
    await page.keyboard.press('p');
    const before = await selectedRow().innerText();
    await page.keyboard.press('n');
    await selectedRow().filter({ hasNotText: before }).waitFor();
    await selectedRow()
      .filter({ has: editor().locator('.codicon-bookmark') })
      .waitFor();
    const all = await canvas.getAttribute('aria-label');
    assert.notEqual(begun, all, 'it begins at the marks');
    // The mark that it went to has a menu at once.
    await page.keyboard.press('Shift+F10');
    const menu = page.locator('.monaco-menu .action-label', { hasText: 'Show Holders of This Page' });
    await menu.waitFor();
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'hidden' });
    await canvas.focus();
    for (let presses = 0; presses < 12; presses++) await page.keyboard.press('+');
    await until(async () => (await canvas.getAttribute('aria-label')) !== all);
    await screenshot('editor-zoomed');
    await page.keyboard.press('0');
    await until(async () => (await canvas.getAttribute('aria-label')) === all);
  });

  it('goes to marks beside the part that is shown, which goes along, and to those that are filtered out', async () => {
    const canvas = editor().locator('.timeline-canvas');
    const said = editor().locator('.timeline .spoken');
    const part = editor().locator('.part');
    const press = async (key) => {
      const text = await said.innerText();
      await canvas.press(key);
      await until(async () => (await said.innerText()) !== text);
      return said.innerText();
    };
    /** Where the part that is shown begins, once it has a mark in it. */
    const partWithMark = async () => {
      await canvas.and(editor().locator(':not([aria-label*=": 0 marks, "])')).waitFor({ state: 'attached' });
      return editor()
        .locator('.overview-part')
        .evaluate((each) => Number.parseFloat(each.style.left));
    };
    await canvas.focus();
    // The first mark, and that alone.
    for (let presses = 0; presses < 30; presses++) await canvas.press('p');
    await until(async () => (await said.innerText()) === 'No mark before');
    for (let presses = 0; presses < 20; presses++) await canvas.press('+');
    const first = await partWithMark();
    const length = await settled(() => part.innerText());
    const labels = [];
    for (let label = await press('n'); label !== 'No mark after'; label = await press('n')) {
      labels.push(label);
      await partWithMark();
      assert.equal(await settled(() => part.innerText()), length, 'it is as near as before');
    }
    assert.ok(labels.length > 3, labels.join('\n'));
    assert.ok((await partWithMark()) > first, 'what is shown went along');
    const last = await selectedRow().innerText();
    await screenshot('editor-mark-beside');
    await filter().fill('comm:nobody');
    await editor().getByRole('status').filter({ hasText: 'No event matches the filter.' }).waitFor();
    assert.equal(await press('p'), labels.at(-2));
    await partWithMark();
    assert.equal(await press('n'), labels.at(-1));
    await filter().fill('');
    await selectedRow()
      .filter({ hasText: last.split('\n')[0] })
      .waitFor();
    await canvas.press('0');
    await part.waitFor({ state: 'hidden' });
  });

  it('filters to what is brushed in the timeline', async () => {
    const canvas = editor().locator('.timeline-canvas');
    assert.match(await canvas.getAttribute('aria-label'), /With Shift, a drag /);
    await canvas.press('0');
    await editor().locator('.part').waitFor({ state: 'hidden' });
    await editor()
      .getByRole('button', { name: /Shift and drag/ })
      .waitFor();
    const box = await canvas.boundingBox();
    await page.keyboard.down('Shift');
    await page.mouse.move(box.x + box.width - 20, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 2, box.y + 30, { steps: 5 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await until(async () => /^after:[\d.]+s before:[\d.]+s$/.test(await filter().inputValue()));
    await status()
      .getByText(/^\d+ of 114 events$/)
      .waitFor();
    await until(async () => {
      const rows = await editor().locator('.list-body .list-row:visible').allInnerTexts();
      return rows.length > 0 && rows.every((text) => /^\s*17[78]\./.test(text));
    });
  });

  it('highlights matches among all events when it is told to find', async () => {
    await editor()
      .getByRole('button', { name: /^Only events that match/ })
      .click();
    await filter().fill('comm:kworker*');
    await status()
      .getByText(/^\d+ matches$/)
      .waitFor();
    await filter().press('Enter');
    await editor().locator('.list-row.selected.match', { hasText: 'kworker' }).waitFor();
    await screenshot('editor-found');
    await editor()
      .getByRole('button', { name: /^All events are shown/ })
      .click();
  });

  it('has the columns that are chosen', async () => {
    const button = editor().getByRole('button', { name: 'Columns' });
    const box = (name, isChecked) => editor().getByRole('menuitemcheckbox', { name, checked: isChecked });
    const head = (name) => editor().getByRole('columnheader', { name });
    await button.click();
    await box('Mapcount', false).click();
    await head('Mapcount').waitFor();
    // As many as are wanted, by the mouse and by keys.
    await box('Order', false).click();
    await head('Order').waitFor();
    await page.keyboard.press(' ');
    await head('Order').waitFor({ state: 'detached' });
    await box('Order', false).and(editor().locator(':focus')).waitFor();
    await box('Mapcount', true).waitFor();
    await screenshot('editor-columns');
    await page.keyboard.press('Escape');
    await box('Mapcount', true).waitFor({ state: 'hidden' });
    await button.and(editor().locator(':focus')).waitFor();
    // A press beside it closes it, too.
    await button.click();
    await box('Mapcount', true).waitFor();
    await editor().locator('.header').click();
    await box('Mapcount', true).waitFor({ state: 'hidden' });
    await button.and(editor().locator(':focus')).waitFor();
  });

  it('has a name for everything that is pressed, typed into or told by its role', async () => {
    // In both ways to use the filter, and with its completions: buttons and options are there in one of them alone.
    await filter().fill('comm:');
    await editor().getByRole('option').first().waitFor();
    await editor().locator('.frame').first().waitFor();
    const body = editor().locator('body');
    const without = body.locator('[tabindex]:not([role], button, input, select, [aria-hidden=true])');
    assert.deepEqual(await without.evaluateAll(outline), []);
    const roles = await body
      .locator('[role]')
      .evaluateAll((elements) => elements.map((each) => each.getAttribute('role')));
    const wanted = new Set([...roles, 'button', 'textbox', 'checkbox', 'progressbar', 'region', 'list']);
    assert.ok(['application', 'grid', 'search', 'separator', 'option'].every((each) => wanted.has(each)));
    for (const role of wanted) {
      if (NAMED_BY_CONTENT.has(role)) continue;
      const all = await body.getByRole(role, { includeHidden: true }).evaluateAll(outline);
      const named = await body.getByRole(role, { includeHidden: true, name: /\S/ }).evaluateAll(outline);
      assert.deepEqual(all, named, `${role} without a name`);
      if (['button', 'progressbar', 'region', 'list'].includes(role)) assert.ok(all.length > 0, role);
    }
    await filter().fill('comm:nobody');
    await editor().getByRole('status').filter({ hasText: 'No event matches the filter.' }).waitFor();
    await filter().fill('comm:pvm');
    await editor().getByRole('status').filter({ hasText: 'Did you mean comm:pvm*?' }).waitFor();
    await screenshot('filter-near-miss');
    await filter().fill('');
    await status().getByText('114 events', { exact: true }).waitFor();
  });

  it('is as it was after its tab was hidden, for which its page is made anew', async () => {
    await filter().fill('comm:pvm-reader count>1000');
    await status()
      .getByText(/^\d+ of 114 events$/)
      .waitFor();
    await eventRow('pvm-reader').click();
    const selected = await selectedRow().innerText();
    await openFile(path.join(kernelTree, 'Kbuild'));
    await page.locator('.tab', { hasText: 'trace.dat' }).click();
    await status()
      .getByText(/^\d+ of 114 events$/)
      .waitFor();
    assert.equal(await filter().inputValue(), 'comm:pvm-reader count>1000');
    await selectedRow().waitFor();
    assert.equal(await selectedRow().innerText(), selected);
    await editor().getByRole('columnheader', { name: 'Mapcount' }).waitFor();
  });

  after(async () => {
    page.off('console', noteRefused);
    await chooseTheme('Light Modern');
  });

  for (const theme of ['Dark Modern', 'Dark High Contrast', 'Light High Contrast']) {
    it(`is drawn in the colours of ${theme}`, async () => {
      const drawn = () =>
        editor()
          .locator('.timeline-canvas')
          .evaluate((canvas) => canvas.toDataURL());
      const before = await drawn();
      await chooseTheme(theme);
      await until(async () => (await drawn()) !== before);
      const background = await editor()
        .locator('body')
        .evaluate((body) => getComputedStyle(body).backgroundColor);
      assert.notEqual(background, '');
      await editor().locator('.timeline-canvas').focus();
      await page.keyboard.press('.');
      await editor().locator('.timeline-tooltip').waitFor();
      await screenshot(`editor-${theme.toLowerCase().replaceAll(' ', '-')}`);
    });
  }

  it('lets its page do no more than it does', async () => {
    const policy = await editor()
      .locator('meta[http-equiv=Content-Security-Policy]')
      .first()
      .getAttribute('content');
    const directives = new Map(
      policy.split(';').map((each) => {
        const [name, ...sources] = each.trim().split(/\s+/);
        return [name, sources.join(' ')];
      }),
    );
    for (const name of ['default-src', 'base-uri', 'form-action'])
      assert.equal(directives.get(name), "'none'");
    assert.match(directives.get('script-src'), /^'nonce-[\w+/=]{22,}'$/);
    assert.doesNotMatch(policy, /unsafe-/);
    assert.deepEqual(refused, []);
  });
});

describe('the capture editor of a text', () => {
  before(async () => {
    const folder = folderWithSample('text', 'night.txt');
    await openFolders(folder);
    await showContainer('Page Holders');
    await openCapture(path.join(folder, 'night.txt'));
    await row('0x12f98', view('Holders')).waitFor();
    await runCommand('Page Holders: Open Capture Editor');
    await eventRow(/./).waitFor();
  });

  it('has a name for people among the editors of the file', async () => {
    // Beside the path of the file, newer versions alone say it.
    await runCommand('View: Reopen Editor With...');
    await quickItem(/^Page Holders/).waitFor();
    await page.keyboard.press('Escape');
  });

  it('has the stack of its selected event in the Stack view', async () => {
    const stack = view('Stack');
    await stack.getByText('Select a reference, a mark or an event').waitFor();
    await row('0x12f98', view('Holders')).click({ button: 'right' });
    const reveal = page.locator('.monaco-menu .action-label', { hasText: 'Reveal in Capture Editor' });
    await reveal.waitFor();
    // A menu that has just come up takes a press for that which brought it.
    await page.waitForTimeout(500);
    await reveal.click();
    await selectedRow().getByText('28.182964').waitFor();
    await row(/^alloc_contig_range/, stack).waitFor();
    await selectedRow().click();
    await page.keyboard.press('ArrowUp');
    await row(/^isolate_migratepages_block/, stack).waitFor();
    await eventRow('pvm-reader-226').click();
    await row(/^process_vm_rw_core/, stack).waitFor();
    await screenshot('editor-and-stack');
  });

  it('has room for every number of what events did, and for the names of fields beside their values', async () => {
    assert.deepEqual(page.viewportSize(), { width: 1400, height: 900 });
    await editor().locator('.list').focus();
    await page.keyboard.press('End');
    await editor().locator('.fields').waitFor();
    const cut = () =>
      editor()
        .locator('.list')
        .evaluate((list) => {
          const right = list.getBoundingClientRect().right;
          const what = [...list.querySelectorAll('[role=columnheader]')].findIndex(
            ({ textContent }) => textContent === 'What',
          );
          return [...list.querySelectorAll('.list-body .list-row:not([hidden])')].flatMap((each) => {
            const cell = each.children[what];
            const text = cell.lastChild;
            const digit = text?.textContent.search(/\d\D*$/) ?? -1;
            if (digit < 0) return [];
            const range = document.createRange();
            range.setStart(text, digit);
            range.setEnd(text, digit + 1);
            const seen = Math.min(right, cell.getBoundingClientRect().right);
            return range.getBoundingClientRect().right <= seen ? [] : [text.textContent];
          });
        });
    for (let pages = 0; pages < 12; pages++) {
      await editor().locator('.list-row.loading:visible').first().waitFor({ state: 'detached' });
      assert.deepEqual(await cut(), []);
      await page.keyboard.press('PageUp');
    }
    const long = await editor()
      .locator('.frame')
      .evaluateAll((frames) => frames.filter((frame) => frame.scrollWidth > frame.clientWidth).length);
    assert.equal(long, 0);
    const widths = () =>
      editor()
        .locator('.fields')
        .evaluate((fields) =>
          ['dt', 'dd'].map((each) => fields.querySelector(each).getBoundingClientRect().width),
        );
    let [names, values] = await widths();
    // Those of the event before are taken away as the next one is there.
    while (names === 0) [names, values] = await widths();
    assert.ok(values > 1.5 * names, `${values} beside ${names}`);
    await screenshot('editor-room');
  });
});

describe('the capture editor beside what is selected in the Holders view', () => {
  const holders = () => view('Holders');
  let folder;

  before(async () => {
    folder = folderWith('selected', path.join(repository, 'test/fixtures/f_dat_v7_zstd/trace.dat'));
    await openFolders(folder, kernelTree);
    await showContainer('Page Holders');
    await openCapture(path.join(folder, 'trace.dat'));
    await row('0x12e8d', holders()).waitFor();
    // It opened without anything selected.
    await runCommand('View: Close All Editors');
    await row('0x12e8d', holders()).click();
  });

  it('opens at it, also by its file, and leaves the focus where it is', async () => {
    await runCommand('Page Holders: Open Capture Editor');
    await selectedRow().getByText('178.105962099').waitFor();
    await stackFrame('isolate_migratepages_block').waitFor();
    await screenshot('editor-at-selected');
    await editor().locator('.list:focus').waitFor({ state: 'detached' });
    await runCommand('View: Close All Editors');
    await openFile(path.join(folder, 'trace.dat'));
    await selectedRow().getByText('178.105962099').waitFor();
  });

  it('goes to what was selected while its tab was hidden', async () => {
    await openFile(path.join(kernelTree, 'Kbuild'));
    await expand(row('0x12e8d', holders()));
    await expand(row(/^refcount 1027 /, holders()));
    await row(/^pipe buffer · vmsplice · vmsplice-B-467/, holders()).click();
    await page.locator('.tab', { hasText: 'trace.dat' }).click();
    await selectedRow().getByText('178.079368179').waitFor();
    await showContainer('Explorer');
  });
});

describe('the capture editor of a dump of allocations', () => {
  it('says what it is in place of an empty list, and leads to its allocations', async () => {
    const folder = folderWith('allocations', path.join(repository, 'test/fixtures/dumps/page_owner.gz'));
    await openFolders(folder);
    await openCapture(path.join(folder, 'page_owner.gz'));
    const first = view('Holders').locator('.monaco-list-row').first();
    await first.getByText(/ pages? · /).waitFor();
    await runCommand('Page Holders: Open Capture Editor');
    await editor().getByText('This capture has no events: it says who allocated').waitFor();
    const header = editor().locator('.header');
    await header.getByText(/^[\d,]+ allocations of [\d,]+ pages$/).waitFor();
    assert.doesNotMatch(await header.innerText(), /Events|Stacks|Pages|Lost|Span/);
    assert.equal(await editor().locator('.fact.doubt').count(), 0);
    assert.equal(await filter().isVisible(), false);
    await showContainer('Explorer');
    await screenshot('editor-allocations');
    await editor().getByRole('button', { name: 'Show in Holders View' }).click();
    await view('Holders')
      .locator('.monaco-list-row.selected.focused', { hasText: / pages? · / })
      .waitFor();
    await screenshot('editor-allocations-shown');
  });
});

describe('the capture editor in a narrow group', () => {
  const body = () => editor().locator('body');

  before(async () => {
    const folder = folderWith('narrow', path.join(repository, 'test/fixtures/f_dat_v7_zstd/trace.dat'));
    await openFolders(folder, kernelTree);
    await openFile(path.join(folder, 'trace.dat'));
    await eventRow('vmsplice-B-467').click();
    await stackFrame('__do_sys_vmsplice').waitFor();
    await editor().locator('.fact', { hasText: 'kernel tree' }).waitFor();
    await editor()
      .getByText(/^Shown: /)
      .waitFor();
  });

  after(() => page.setViewportSize({ width: 1400, height: 900 }));

  it('has the whole timeline in a low window, too, and rows below it', async () => {
    await page.setViewportSize({ width: 926, height: 579 });
    await until(async () =>
      editor()
        .locator('.timeline')
        .evaluate(({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight + 1),
    );
    await screenshot('editor-low');
    const list = await editor().locator('.list-body').boundingBox();
    assert.ok(list.height > 3 * 22, `${list.height} px of rows`);
  });

  it('shows rows of its list in a small window, also where the panel leaves it little more', async () => {
    /** Height of what is seen of the rows, in px, once the page has the height that it is to have. */
    const rowsSeen = async (isHigh) => {
      let seen;
      await until(async () => {
        seen = await editor()
          .locator('.list-body')
          .evaluate((list) => {
            const { top, bottom } = list.getBoundingClientRect();
            return { height: innerHeight, rows: Math.min(bottom, innerHeight) - Math.max(0, top) };
          });
        return seen.height > 240 === isHigh;
      });
      return seen.rows;
    };
    await page.setViewportSize({ width: 640, height: 480 });
    const beside = await rowsSeen(true);
    await screenshot('editor-small');
    assert.ok(beside > 3 * 22, `${beside} px of rows`);
    const scrolled = await editor()
      .locator('.header')
      .evaluate((header) => {
        header.scrollTo({ top: header.scrollHeight });
        return header.scrollTop;
      });
    assert.ok(scrolled > 0, 'all facts can be reached');
    await runCommand('View: Toggle Panel Visibility');
    await selectedRow().waitFor();
    const above = await rowsSeen(false);
    await screenshot('editor-above-panel');
    assert.ok(above > 22, `${above} px of rows`);
    await filter().scrollIntoViewIfNeeded();
    await editor().locator('.timeline-canvas').scrollIntoViewIfNeeded();
    await screenshot('editor-above-panel-scrolled');
    await runCommand('View: Toggle Panel Visibility');
    await rowsSeen(true);
  });

  for (const width of [1000, 600, 345]) {
    it(`has all that is pressed within a page ${width} px wide, and whole entries in the legend`, async () => {
      // The side bar gives way, too.
      await until(async () => {
        const by = width - (await body().evaluate((each) => each.clientWidth));
        if (by === 0) return true;
        await page.setViewportSize({ width: page.viewportSize().width + by, height: 900 });
        await page.waitForTimeout(500);
        return false;
      });
      await editor().locator('.legend').getByText('expected refcount').waitFor();
      await screenshot(`editor-${width}`);
      const outside = await body().evaluate((each) =>
        [
          ...each.querySelectorAll(
            '.fact dd, .timeline button, .part > *, .legend > span, .filter-bar > *, .filter-tail > *',
          ),
        ]
          .filter((part) => part.getClientRects().length > 0)
          .filter((part) => {
            const { left, right } = part.getBoundingClientRect();
            return left < 0 || right > each.clientWidth;
          })
          .map((part) => part.outerHTML),
      );
      assert.deepEqual(outside, []);
      const tops = await editor()
        .locator('.filter-tail > *')
        .filter({ visible: true })
        .evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect()));
      const [first] = tops;
      assert.ok(
        tops.every(({ top, bottom }) => top < first.bottom && bottom > first.top),
        JSON.stringify(tops),
      );
      const heights = await editor()
        .locator('.legend > span')
        .evaluateAll((entries) => entries.map((each) => each.getBoundingClientRect().height));
      assert.ok(heights.length > 2 && heights.every((height) => height < 24), heights.join());
    });
  }
});

describe('the capture editor of a capture whose file another one takes', () => {
  it('selects and shows nothing by rows, pages and times of the old one, nor does the Stack view', async () => {
    const fixture = (name) => path.join(repository, 'test/fixtures', name, 'trace.dat');
    const folder = folderWith('replaced', fixture('a_reader'));
    await openFolders(folder);
    await openFile(path.join(folder, 'trace.dat'));
    await editor().locator('.legend > span').first().waitFor();
    await showContainer('Page Holders');
    await editor().locator('.timeline-canvas').focus();
    await page.keyboard.press('n');
    await selectedRow().waitFor();
    const old = await editor().locator('.timeline-canvas').getAttribute('aria-label');
    const stack = view('Stack');
    await row(/./, stack).waitFor();
    copyFileSync(fixture('f_dat_v7_zstd'), path.join(folder, 'trace.dat'));
    await runCommand('Page Holders: Refresh');
    await status().getByText('114 events', { exact: true }).waitFor();
    await stack.getByText('Select a reference, a mark or an event').waitFor();
    await editor().locator('.details').getByText('Select an event to see its stack.').waitFor();
    assert.equal(await selectedRow().count(), 0);
    const shown = editor().locator('.timeline-canvas[aria-label*=" marks"]:not([aria-label*="refcount of"])');
    await shown.and(editor().locator(':not([aria-label*=": 0 marks, "])')).waitFor({ state: 'attached' });
    assert.notEqual(await shown.getAttribute('aria-label'), old);
    await screenshot('editor-replaced');
    await showContainer('Explorer');
  });
});

describe('the capture editor of a capture that cannot be read', () => {
  it('says what is wrong with it, and offers to try again', async () => {
    const folder = folderWith('broken');
    // The zero makes it no text: as text it opens in another editor where VS Code does not know the extension yet.
    writeFileSync(path.join(folder, 'trace.dat'), 'no capture at all\0\n');
    await openFolders(folder);
    await openFile(path.join(folder, 'trace.dat'));
    await editor()
      .locator('.notice.is-failure', { hasText: /trace\.dat cannot be opened: / })
      .waitFor();
    // Nothing is there to be filtered.
    assert.equal(await filter().isVisible(), false);
    copyFileSync(path.join(repository, 'test/fixtures/a_reader/trace.dat'), path.join(folder, 'trace.dat'));
    await screenshot('editor-failure');
    await editor().getByRole('button', { name: 'Open Again' }).click();
    await eventRow('pinner').waitFor();
    assert.equal(await filter().isVisible(), true);
  });
});

/** The opening tags of elements. */
const outline = (elements) => elements.map((each) => each.cloneNode(false).outerHTML);

/** What `look` says once it says the same for a quarter of a second: what keys ask for is drawn some frames later. */
async function settled(look) {
  let said = await look();
  for (let same = 0; same < 5;) {
    await page.waitForTimeout(50);
    const now = await look();
    same = now === said ? same + 1 : 0;
    said = now;
  }
  return said;
}

/** Waits until `look` says yes. */
async function until(look) {
  for (let tries = 0; tries < 200; tries++) {
    if (await look()) return;
    await page.waitForTimeout(100);
  }
  assert.fail(`not so after 20 s: ${look}`);
}
