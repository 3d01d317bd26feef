/// <reference types="mocha" />
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeAll, errorMessages, extension, holdersText } from './extension';

describe('opening several files of one recording', () => {
  const fixture = (name: string): vscode.Uri =>
    vscode.Uri.joinPath(extension().extensionUri, 'test/fixtures', name);
  const TRACE = fixture('a_held/report.txt.gz');
  const DUMP = fixture('dumps/page_owner.gz');
  const PERF = fixture('perf/multi.perf.data.gz');
  const KALLSYMS = fixture('perf/multi.kallsyms.gz');

  afterEach(async () => {
    await closeAll();
    assert.equal(await holdersText(), '');
  });

  const openTogether = (...uris: readonly vscode.Uri[]) =>
    vscode.commands.executeCommand('pageHolders.openResource', uris[0], uris);
  const open = (uri: vscode.Uri) => vscode.commands.executeCommand('pageHolders.openCapture', uri);

  it('says who allocated the pages of a trace that is opened together with its page_owner dump', async () => {
    assert.deepEqual(await errorMessages(() => openTogether(TRACE, DUMP)), []);
    // Copied text is wrapped for mail.
    const text = (await holdersText()).replace(/\s+/g, ' ');
    assert.match(text, /page_owner\.gz tells who allocated 3 pages \(clock 49\.868 ms ahead of the trace/);
    assert.match(text, /Allocated by holder-251 · 70\.4 ms before the mark .*GFP_HIGHUSER_MOVABLE/);
    assert.match(text, /pipe buffer · vmsplice · holder-251 · still held/);
  });

  it('names the frames of a perf.data when kallsyms is opened later, and of one that is opened later', async () => {
    for (const [first, second] of [
      [PERF, KALLSYMS],
      [KALLSYMS, PERF],
    ] as const) {
      await open(first);
      assert.doesNotMatch(await holdersText(), /owner-696 · still held/);
      await open(second);
      assert.match(await holdersText(), /pipe buffer · vmsplice · owner-696 · still held/);
      await closeAll();
    }
  });

  it('shows a page_owner dump alone by stack', async () => {
    await open(DUMP);
    assert.match(await holdersText(), /^\d+ pages · \w+.*order \d/m);
  });
});
