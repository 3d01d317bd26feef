import assert from 'node:assert/strict';
import { kernelLine } from '../host/kernelLines.mjs';
import { expand, row, runCommand, screenshot, view, waitForEditor } from '../ui/workbench.mjs';
import { chooseInExplorer, openTree, refused, tree } from './webWorkbench.mjs';

describe('in a browser, where no Node is there', () => {
  const holders = () => view('Holders');

  before(async () => {
    await openTree();
  });

  it('opens the text of a trace from a folder over HTTP, and says who holds the page', async () => {
    await chooseInExplorer('captures of today', 'trace.txt', 'Open Capture in Page Holders');
    await row('0x12f98', holders()).waitFor();
    assert.match(await row('0x12f98', holders()).innerText(), /held by 3/);
    await screenshot('text');
  });

  it('unfolds to the frame, and opens its line in the kernel tree of that folder', async () => {
    await expand(row('0x12f98', holders()));
    await expand(row('refcount 1027', holders()));
    await expand(row('Held: 3 references', holders()));
    await expand(row(/^pipe buffer .*owner-225/, holders()));
    await expand(row('Acquired', holders()));
    // The rows do not wait for the functions, which are looked up in a tree that is far away.
    await view('Captures')
      .locator('.message', { hasText: 'Looking up' })
      .waitFor({ state: 'hidden', timeout: 60_000 });
    await row(/^iov_iter_get_pages2 *lib.iov_iter\.c/, holders()).click();
    const call = [/^ssize_t iov_iter_get_pages2\(/, /__iov_iter_get_pages_alloc\(/];
    await waitForEditor('iov_iter.c', kernelLine(tree, 'lib/iov_iter.c', ...call));
    await screenshot('frame-pressed');
  });

  it('opens a trace.dat', async () => {
    await runCommand('Page Holders: Close Capture');
    await chooseInExplorer('captures of today', 'trace.dat', 'Open Capture in Page Holders');
    await row('0x', holders()).waitFor();
    await screenshot('dat');
  });

  it('asks nothing of any other machine', () => {
    assert.deepEqual([...refused], []);
  });
});
