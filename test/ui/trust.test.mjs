import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  askForTrust,
  folderWithSample,
  openCapture,
  openFolders,
  page,
  row,
  screenshot,
  showContainer,
  takeMessage,
  view,
} from './workbench.mjs';

/** A rule by which references of the sample are no longer what they are. */
const rule = (label, site) => ({ label, acquiredIn: [site] });

/** Writes the smallest folder that is a kernel tree, with rules of its own. */
function writeTree(root) {
  for (const folder of ['arch/x86', 'fs', 'include/linux', 'kernel', 'mm']) {
    mkdirSync(path.join(root, folder), { recursive: true });
  }
  writeFileSync(path.join(root, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\n');
  writeFileSync(path.join(root, 'Kconfig'), '');
  writeFileSync(path.join(root, 'include/linux/mm.h'), '');
  const rules = [rule('as the tree calls it', 'iov_iter_get_pages2')];
  writeFileSync(path.join(root, '.page-holders.json'), JSON.stringify({ rules }));
}

describe('a workspace that is not trusted', () => {
  let leave;

  before(async () => {
    leave = await askForTrust();
    const folder = folderWithSample('stranger', 'trace.txt');
    writeTree(folder);
    writeTree(path.join(folder, 'other-tree'));
    mkdirSync(path.join(folder, '.vscode'));
    writeFileSync(
      path.join(folder, '.vscode/settings.json'),
      JSON.stringify({
        'pageHolders.kernelTree': 'other-tree',
        'pageHolders.vmlinux': 'no-vmlinux-at-all',
        'pageHolders.kindRules': [rule('as the settings call it', '__handle_mm_fault')],
      }),
    );
    await openFolders(folder);
    await showContainer('Page Holders');
    await openCapture(path.join(folder, 'trace.txt'));
    await row('0x12f98', view('Holders')).waitFor();
  });
  after(() => leave());

  it('neither has its rules read nor its settings, and that is said', async () => {
    const captures = view('Captures');
    await row(/^Rules of the kernel tree are not read/, captures).waitFor();
    await row(/^Kernel tree stranger/, captures).waitFor();
    await row(/^pipe buffer · vmsplice · owner-225/, view('Holders')).waitFor();
    assert.equal(await row('of your own', captures).count(), 0);
    assert.equal(await page.locator('.notification-toast').count(), 0, 'no vmlinux is looked at');
    await screenshot('not-trusted');
  });

  it('has them read once it is trusted', async () => {
    await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).click();
    await page.locator('.workspace-trust-editor .monaco-button', { hasText: /^Trust$/ }).click();
    assert.match(await takeMessage('no-vmlinux-at-all'), /does not exist/);
    const captures = view('Captures');
    await row(/^Kernel tree other-tree/, captures).waitFor();
    const rules = await row('2 rules of your own', captures).innerText();
    assert.match(rules, /1 of the setting pageHolders\.kindRules · 1 of \.page-holders\.json/);
    await row('Rules of the kernel tree are not read', captures).waitFor({ state: 'detached' });
    await row(/^driver or module · .*owner-225/, view('Holders')).waitFor();
    await screenshot('trusted');
  });
});
