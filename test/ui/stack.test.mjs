// From a chosen vmlinux to exact lines: a small program of the fixtures stands for the kernel.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { repository } from '../host/paths.mjs';
import {
  askBy,
  chooseFile,
  chooseFolder,
  expand,
  folderWithSample,
  kernelTree,
  openCapture,
  openFolders,
  page,
  quickInputTitled,
  quickItem,
  row,
  runCommand,
  screenshot,
  showContainer,
  typeAndEnter,
  view,
  waitForEditor,
} from './workbench.mjs';

const fixtures = path.join(repository, 'test/fixtures/debugInfo');

describe('the stack of a reference by the debug info of the kernel', () => {
  const stack = () => view('Stack');
  let folder;
  let sources;

  before(async () => {
    folder = folderWithSample('build', 'sample.txt');
    copyFileSync(path.join(fixtures, 'dwarf4.elf'), path.join(folder, 'vmlinux'));
    copyFileSync(path.join(fixtures, 'trace.txt'), path.join(folder, 'held.txt'));
    sources = path.join(folder, 'sources');
    mkdirSync(sources);
    for (const name of ['main.c', 'other.c', 'inline.h']) {
      copyFileSync(path.join(fixtures, name), path.join(sources, name));
    }
    await openFolders(folder);
    await showContainer('Page Holders');
    await openCapture(path.join(folder, 'held.txt'));
    await row('0x10', view('Holders')).waitFor();
  });

  it('says what to select as long as nothing is', async () => {
    await stack().getByText('Select a reference, a mark or an event').waitFor();
    await screenshot('stack-welcome');
  });

  it('shows the stack of the selected reference, without lines as long as nothing tells them', async () => {
    await expand(row('0x10', view('Holders')));
    await expand(row('refcount 3', view('Holders')));
    await row(/^unknown · other · cat-11/, view('Holders')).click();
    await row('caller', stack()).waitFor();
    assert.doesNotMatch(await row('caller', stack()).innerText(), /main\.c/);
    await screenshot('stack-without-debug-info');
  });

  it('offers the vmlinux of the open folder, and says what was looked for', async () => {
    await askBy('Page Holders: Choose vmlinux…', 'vmlinux of the Traced Kernel');
    await screenshot('choose-vmlinux');
    await quickItem('in an open folder').click();
    await row(/^vmlinux/, view('Captures')).waitFor();
    await expand(row(/^vmlinux/, view('Captures')));
    await row('held.txt: not proven to fit', view('Captures')).waitFor();
    await page.locator('.statusbar-item', { hasText: 'held.txt · vmlinux · ' }).waitFor();
    await screenshot('vmlinux-chosen');
  });

  it('has exact lines then, and rows for what is inlined', async () => {
    await row('wrapped', stack()).waitFor();
    assert.match(await row('wrapped', stack()).innerText(), /main\.c:16 · inlined, exact/);
    assert.match(await row('caller', stack()).innerText(), /main\.c:22 · exact/);
    await screenshot('stack-exact');
  });

  it('asks where a source is that is in no kernel tree, and opens nothing by itself', async () => {
    await row('caller', stack()).click();
    const message = page.locator('.notification-toast', { hasText: '/build/sample/main.c' });
    await message.waitFor();
    assert.equal(await page.locator('.tab', { hasText: 'main.c' }).count(), 0);
    await screenshot('outside-the-tree');
    await message.locator('.monaco-button', { hasText: 'Map Source Path…' }).click();
    await quickInputTitled('Map Source Path');
    await typeAndEnter('/build/sample');
    await chooseFolder('Map Source Path: where /build/sample is here', sources);
    await row(/caller.*sources\/main\.c:22 · exact/, stack()).waitFor();
  });

  it('goes from frame to frame with the keyboard', async () => {
    await runCommand('View: Close All Editors');
    await row('All 2 events', view('Holders')).click();
    await stack().getByText('Select a reference, a mark or an event').waitFor();
    await row(/^unknown · other · cat-11/, view('Holders')).click();
    await row('caller', stack()).waitFor();
    await page.keyboard.press('Control+Shift+F8');
    await waitForEditor('other.c', 11);
    await page.keyboard.press('Control+Shift+F8');
    await waitForEditor('main.c', 16);
    await page.keyboard.press('Control+Shift+F8');
    await waitForEditor('main.c', 22);
    await screenshot('next-frame');
    await page.keyboard.press('Control+Shift+F7');
    await waitForEditor('main.c', 16);
    assert.match(await stack().locator('.monaco-list-row.selected').innerText(), /^wrapped/);
  });

  it('tells how far a packed vmlinux is unpacked, and stops when it is asked to', async () => {
    const packed = path.join(folder, 'vmlinux.gz');
    // What does not shrink takes its time: 640 MB, in parts that are packed one after the other.
    const part = gzipSync(randomBytes(1 << 24), { level: 0 });
    for (let i = 0; i < 40; i++) appendFileSync(packed, part);
    await askBy('Page Holders: Choose vmlinux…', 'vmlinux of the Traced Kernel');
    await quickItem('Browse…').click();
    await chooseFile('vmlinux of the Traced Kernel', packed);
    await page.getByText(/^Unpacking vmlinux\.gz: \d+ %/).waitFor();
    await screenshot('unpacking');
    await runCommand('Page Holders: Stop Looking Up Functions');
    await row('No vmlinux', view('Captures')).waitFor();
    await page.getByText(/^Unpacking vmlinux\.gz/).waitFor({ state: 'detached' });
    rmSync(packed);
  });

  it('takes paths that are typed', async () => {
    const type = async (command, title, file) => {
      await runCommand(`Page Holders: ${command}`);
      await quickInputTitled(title);
      const input = page.locator('.quick-input-widget input');
      await input.fill('~/linux');
      await quickItem(/\/page-holders-host-\w+\/linux/).waitFor();
      await input.fill(file);
      await quickItem('the path as typed').click();
    };
    await type('Choose Kernel Tree…', 'Kernel Tree', kernelTree);
    await row(`Kernel tree ${path.basename(kernelTree)}`, view('Captures')).waitFor();
    await askBy('Page Holders: Choose vmlinux…', 'vmlinux of the Traced Kernel');
    await quickItem('Automatic').click();
    await row('No vmlinux', view('Captures')).waitFor();
    await type('Choose vmlinux…', 'vmlinux of the Traced Kernel', path.join(folder, 'vmlinux'));
    await row(/^vmlinux/, view('Captures')).waitFor();
  });
});

describe('the stack of a reference', () => {
  it('is copied as text, with its places', async () => {
    const folder = folderWithSample('copied-stack', 'night.txt');
    await openFolders(kernelTree, folder);
    await showContainer('Page Holders');
    await openCapture(path.join(folder, 'night.txt'));
    await row(/^pipe buffer · vmsplice/, view('Holders')).click();
    const frame = row('iter_to_pipe', view('Stack'));
    await frame.getByText('fs/splice.c:').waitFor();
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    const wanted =
      /^pipe buffer · vmsplice · .*\n(?: {2}\S+.*\n)+ {2}iter_to_pipe {2,}fs\/splice\.c:\d+ · inlined\n(?: {2}\S+.*\n)* {2}entry_SYSCALL_64_after_hwframe .*$/;
    await page.evaluate(() => navigator.clipboard.writeText('-'));
    await frame.click({ button: 'right' });
    const copy = page.locator('.monaco-menu .action-label', { hasText: 'Copy Stack' });
    await copy.hover();
    await page.waitForTimeout(500);
    await screenshot('stack-menu');
    await copy.click();
    await page.locator('.statusbar-item', { hasText: /^Copied \d+ lines: / }).waitFor();
    const text = await clipboard();
    assert.match(text, wanted);
    await page.evaluate(() => navigator.clipboard.writeText('-'));
    await view('Stack').locator('.monaco-list').focus();
    await page.keyboard.press('Control+C');
    for (let tries = 0; tries < 50 && (await clipboard()) === '-'; tries++) await page.waitForTimeout(100);
    assert.equal(await clipboard(), text);
  });
});
