import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { repository } from '../host/paths.mjs';
import {
  captureEditorPage as editor,
  folderWith,
  openCapture,
  openFile,
  openFolders,
  page,
  row,
  runCommand,
  screenshot,
  showContainer,
  view,
} from './workbench.mjs';

const fixture = (name) => path.join(repository, 'test/fixtures/perf', name);
const symbols = () =>
  editor()
    .locator('.header')
    .getByText(/addresses alone|beside it/);

describe('a perf.data', () => {
  before(async () => {
    const folder = folderWith('perf', fixture('multi.kallsyms.gz'));
    writeFileSync(path.join(folder, 'perf.data'), gunzipSync(readFileSync(fixture('multi.perf.data.gz'))));
    await openFolders(folder);
    await showContainer('Page Holders');
    await openFile(path.join(folder, 'perf.data'));
  });

  after(() => runCommand('View: Close All Editors'));

  it('opens in the capture editor, which says that its frames have no names', async () => {
    await editor().locator('.list-body .list-row:visible').first().waitFor();
    assert.match(await symbols().innerText(), /none · addresses alone/);
    await editor().locator('.list-body .list-row:visible').first().click();
    await editor()
      .locator('.frame', { hasText: /^0xffffffff/ })
      .first()
      .waitFor();
    await screenshot('perf-data');
  });

  it('is named by the kallsyms that is opened beside it', async () => {
    await openCapture(fixture('multi.kallsyms.gz'));
    await symbols().getByText('multi.kallsyms.gz beside it').waitFor();
    await row(/ · held by \d/, view('Holders')).waitFor();
    await editor()
      .locator('.frame', { hasText: /^[a-z_]\w+/ })
      .first()
      .waitFor();
    await screenshot('perf-data-named');
  });

  it('is moved over and zoomed by mouse and keys in its timeline', async () => {
    const canvas = editor().locator('canvas.timeline-canvas');
    const shown = async () => (await editor().locator('.timeline-bar').innerText()).replaceAll('\n', ' ');
    const changes = async (how) => {
      const before = await canvas.evaluate((element) => element.toDataURL());
      await how();
      for (let tries = 0; tries < 50; tries++) {
        if ((await canvas.evaluate((element) => element.toDataURL())) !== before) return;
        await page.waitForTimeout(100);
      }
      assert.fail('the timeline stays as it is');
    };
    const box = await canvas.boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await canvas.focus();
    await changes(() => page.keyboard.press('0'));
    const whole = await shown();
    await page.mouse.move(x, y);
    await changes(() => page.keyboard.press('+'));
    await changes(() => page.mouse.wheel(0, -200));
    assert.notEqual(await shown(), whole);
    await changes(async () => {
      await page.mouse.down();
      await page.mouse.move(x - 80, y, { steps: 4 });
      await page.mouse.up();
    });
    await canvas.focus();
    await changes(() => page.keyboard.press('ArrowRight'));
    await changes(() => page.keyboard.press('-'));
    await changes(() => page.keyboard.press('0'));
    assert.equal(await shown(), whole);
  });
});
