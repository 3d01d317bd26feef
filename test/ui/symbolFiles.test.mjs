// Files that name the frames of captures: they have no events of their own.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../host/paths.mjs';
import {
  chooseFile,
  folderWith,
  openCapture,
  openFolders,
  page,
  quickInputTitled,
  quickItem,
  row,
  runCommand,
  screenshot,
  takeMessage,
  view,
} from './workbench.mjs';

const fixtures = path.join(repository, 'test/fixtures');

describe('files that name frames', () => {
  let folder;

  before(async () => {
    folder = folderWith(
      'symbols',
      path.join(fixtures, 'perf/multi.perf.data.gz'),
      path.join(fixtures, 'perf/multi.kallsyms.gz'),
    );
    // As large as that of a kernel: a capture of that size comes up in the capture editor.
    const program = readFileSync(path.join(fixtures, 'debugInfo/dwarf4.elf'));
    writeFileSync(path.join(folder, 'vmlinux'), Buffer.concat([program, Buffer.alloc(51 * 2 ** 20)]));
    await openFolders(folder);
  });

  it('says what a kallsyms is for, and counts it for no capture', async () => {
    await openCapture(path.join(folder, 'multi.kallsyms.gz'));
    assert.equal(
      await takeMessage('multi.kallsyms.gz'),
      'multi.kallsyms.gz has no events, it names frames. Open the capture that needs it too.',
    );
    await openCapture(path.join(folder, 'multi.perf.data.gz'));
    await row('held by 3', view('Holders')).waitFor();
    assert.equal(await row('No function names', view('Holders')).count(), 0);
    const status = page.locator('.statusbar-item', { hasText: 'multi.perf.data.gz' });
    await status.waitFor();
    assert.equal(await page.locator('.statusbar-item', { hasText: 'captures' }).count(), 0);
  });

  it('says of addresses alone that names are missing, and offers what gives them', async () => {
    await runCommand('Page Holders: Close Capture');
    await quickItem('multi.kallsyms.gz').click();
    const missing = row('No function names', view('Holders'));
    await missing.waitFor();
    await screenshot('without-names');
    assert.equal(await row('could not be read').count(), 0);
    await row('No function names', view('Captures')).waitFor();
    await missing.click();
    await quickInputTitled('Names for Frames');
    await screenshot('name-frames');
    await quickItem('Choose vmlinux…').waitFor();
    await quickItem('Open kallsyms…').click();
    await chooseFile('Open Capture', path.join(folder, 'multi.kallsyms.gz'));
    await takeMessage('multi.kallsyms.gz has no events');
    await row('held by 3', view('Holders')).waitFor();
    await missing.waitFor({ state: 'detached' });
  });

  it('says of which capture a kallsyms names the frames', async () => {
    await openCapture(path.join(folder, 'multi.kallsyms.gz'));
    assert.match(
      await takeMessage('multi.kallsyms.gz'),
      /^multi\.kallsyms\.gz has no events, it names frames\. multi\.perf\.data\.gz: names (\d+) of \1 addresses\.$/,
    );
    await screenshot('kallsyms');
  });

  it('opens no editor for a large vmlinux, and says why it is not used', async () => {
    await openCapture(path.join(folder, 'vmlinux'));
    assert.match(
      await takeMessage('vmlinux has no events'),
      /multi\.perf\.data\.gz: (?:not used, of another build|has names)/,
    );
    await row('vmlinux', view('Captures')).waitFor();
    assert.equal(await page.locator('.tab', { hasText: 'vmlinux' }).count(), 0);
    await screenshot('vmlinux-opened');
  });
});
