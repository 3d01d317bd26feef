import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { repository } from '../host/paths.mjs';
import {
  cutTexts,
  expand,
  folderWithSample,
  openCapture,
  openFolders,
  page,
  quickInputTitled,
  quickItem,
  row,
  runCommand,
  sample,
  screenshot,
  showContainer,
  typeAndEnter,
  view,
} from './workbench.mjs';

const holders = () => view('Holders');

/** Runs a command and chooses in the quick input that it opens. */
async function choose(command, title, choice) {
  await runCommand(`Page Holders: ${command}`);
  await quickInputTitled(title);
  await quickItem(choice).click();
}

const groupBy = (name) => choose('Group Holders By…', 'Group By', name);

async function filterBy(criterion, title) {
  await choose('Filter Holders…', 'Filter', criterion);
  await quickInputTitled(title);
}

describe('holders by holder, attempt and task', () => {
  let folder;

  before(async () => {
    folder = folderWithSample('groupings', 'night.txt');
    const text = readFileSync(sample, 'utf8');
    const attempt = text.lastIndexOf('\n', text.indexOf(' cma_alloc_start:')) + 1;
    writeFileSync(path.join(folder, 'before.txt'), text.slice(0, attempt));
    const buffers = readFileSync(path.join(repository, 'test/fixtures/c_jbd2/report.txt.gz'));
    writeFileSync(path.join(folder, 'buffers.txt'), gunzipSync(buffers));
    await openFolders(folder);
    await showContainer('Page Holders');
    await openCapture(path.join(folder, 'night.txt'));
    await row('0x12f98', holders()).waitFor();
  });

  after(() => runCommand('Page Holders: Close Capture'));

  it('says at a page with all its events what each did, with its stack', async () => {
    await runCommand('Page Holders: Focus on Holders View');
    await page.keyboard.press('End');
    await expand(row(/All \d+ events of this page/, holders()));
    // The rows below it are behind the lower edge of the view.
    for (let pressed = 0; pressed < 8; pressed++) {
      await page.waitForTimeout(100);
      await page.keyboard.press('ArrowDown');
    }
    await row(/^(Get|Put) [+-]\d/, holders()).waitFor();
    await screenshot('events');
  });

  it('has room for the page, the kinds of its holders and their functions in a sidebar of 300 pixels', async () => {
    const { width } = await page.locator('.part.sidebar').boundingBox();
    assert.ok(width <= 300, `the sidebar has ${width} pixels`);
    await runCommand('Page Holders: Focus on Holders View');
    await page.keyboard.press('Home');
    assert.deepEqual(await cutTexts(row('0x12f98', holders()), '0x12f98', 'held by 3', '2 × pipe'), []);
    const held = row(/^Held: 3 references/, holders());
    assert.deepEqual(await cutTexts(held, 'Held: 3 references', '2 × pipe'), []);
    await expand(held);
    assert.deepEqual(
      await cutTexts(row(/^pipe buffer .*· owner-225/, holders()), 'pipe buffer', 'vmsplice'),
      [],
    );
    // The words that say which is still held are behind that: its icon says it too.
    await row(/^pipe buffer .*· owner-225 · still held/, holders())
      .locator('.codicon-lock')
      .waitFor();
    await row(/^pipe buffer .*· vmsplice-B-228 · released/, holders())
      .locator('.codicon-unlock')
      .waitFor();
    assert.deepEqual(
      await cutTexts(row(/^GUP pin .*· pvm-reader-226/, holders()), 'GUP pin', 'process_vm_rw'),
      [],
    );
    await screenshot('narrow');
    await groupBy(/^Attempt/);
    await expand(row('cma-alloc-232', holders()));
    assert.deepEqual(await cutTexts(row(/^0x12f98/, holders()), '0x12f98', 'held by 2', 'pipe'), []);
    await groupBy(/^Holder/);
    const path = row(/^process_vm_rw_core/, holders());
    await expand(path);
    assert.deepEqual(await cutTexts(row(/^GUP pin/, holders()), 'GUP pin', '1 page'), []);
    assert.deepEqual(await cutTexts(path, 'process_vm_rw_core', '1 page'), []);
    await screenshot('narrow-by-holder');
    await groupBy(/^Task/);
    const task = row(/^owner-225/, holders());
    await expand(task);
    assert.deepEqual(await cutTexts(task, 'owner-225', '1 page', 'pipe buffer'), []);
    assert.deepEqual(await cutTexts(row(/^0x12f98/, holders()), '0x12f98', 'pipe buffer', 'vmspli'), []);
    await screenshot('narrow-by-task');
    await groupBy(/^Page/);
  });

  it('groups by holder: kind, code path, pages', async () => {
    await groupBy(/^Holder/);
    await row(/^pipe buffer: 2 on 1 page/, holders()).waitFor();
    await screenshot('by-holder');
    await expand(row(/^vmsplice: 2 on 1 page/, holders()));
    await row(/^0x12f98/, holders()).waitFor();
    await screenshot('by-holder-open');
  });

  it('groups by attempt: what was tried, what blocked it', async () => {
    await groupBy(/^Attempt/);
    await row(/^cma-alloc-230: CMA allocation failed/, holders()).waitFor();
    await expand(row('cma-alloc-233', holders()));
    await row(/^0x12f98 · held by 1/, holders()).waitFor();
    await screenshot('by-attempt');
  });

  it('groups by task, and says so in the title', async () => {
    await groupBy(/^Task/);
    await row(/^owner-225: 1 page/, holders()).waitFor();
    await expand(row('owner-225', holders()));
    await expand(row(/^0x12f98/, holders()));
    await expand(row(/^pipe buffer · vmsplice · owner-225/, holders()));
    await expand(row(/^Evidence: 1 event/, holders()));
    await row(/^Get \+1: count 2 · owner-225/, holders()).waitFor();
    await screenshot('by-task');
    assert.match(await holders().locator('.pane-header').innerText(), /by task/i);
  });

  it('keeps the grouping for the next window, and offers to open again what was open', async () => {
    await openFolders(folder);
    await showContainer('Page Holders');
    await holders().getByText('Some captures were open here before.').waitFor();
    await screenshot('captures-of-before');
    await holders().getByText('Open Them Again').click();
    await row(/^owner-225: 1 page/, holders()).waitFor();
    await groupBy(/^Page/);
  });

  it('filters by kind, time and text; what is left out is counted and can be opened', async () => {
    await row('0x12f98', holders()).waitFor();
    await filterBy('Kind of Reference…', 'Filter by Kind');
    await quickItem('GUP pin').click();
    await screenshot('filter-kind');
    await page.keyboard.press('Enter');
    await row(/^Held: 1 reference/, holders()).waitFor();
    await row(/^Left out by the filter: 7 references/, holders()).waitFor();
    await screenshot('filtered');
    await filterBy('Held for at Least…', 'Held for at Least');
    await typeAndEnter('1 s');
    await row(/^Left out by the filter: 1 page/, holders()).waitFor();
    await runCommand('Page Holders: Filter Holders…');
    await quickInputTitled('Filter');
    await quickItem('Clear Filter').waitFor();
    await screenshot('filter-menu');
    await quickItem('Clear Filter').click();
    await filterBy('Text…', 'Filter by Text');
    await typeAndEnter('reader-B');
    await row(/^Held: 1 reference/, holders()).waitFor();
    await runCommand('Page Holders: Clear Filter');
    await row(/^Held: 3 references/, holders()).waitFor();
  });

  it('answers for a page that nothing failed to move', async () => {
    await filterBy('Page Frame Number…', 'Page Frame Number');
    await typeAndEnter('0x12fff');
    await row(/^0x12fff · held by nobody/, holders()).waitFor();
    await row('All 19 events of this page', holders()).waitFor();
    // The actions of the view are beside its title as long as the mouse is there.
    await holders().locator('.pane-header').hover();
    await screenshot('asked-pages');
    const asked = holders().locator('.pane-header .description');
    assert.equal(await asked.innerText(), 'only 0x12fff');
    assert.ok(await asked.evaluate((text) => text.scrollWidth <= text.clientWidth), 'the PFN is cut');
    await runCommand('Page Holders: Clear Filter');
  });

  it('lists pages never released, and what kept pages that nobody held', async () => {
    await runCommand('Page Holders: Close Capture');
    await openCapture(path.join(folder, 'before.txt'));
    await row(/^Never released: 1 page/, holders()).waitFor();
    await expand(row(/^0x12f98 · 4 open/, holders()));
    await row(/^Open: 4 references/, holders()).waitFor();
    await screenshot('never-released');
    await runCommand('Page Holders: Close Capture');
    await openCapture(path.join(folder, 'buffers.txt'));
    await expand(row(/^0x12e81 · nobody: perhaps busy buffer heads/, holders()));
    await row(/^perhaps busy buffer heads/, holders()).waitFor();
    await screenshot('busy-buffers');
    await groupBy(/^Holder/);
    await row(/^Held by nobody: 4 pages/, holders()).waitFor();
    await screenshot('held-by-nobody');
    await groupBy(/^Page/);
  });
});
