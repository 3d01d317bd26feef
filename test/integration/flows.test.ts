/// <reference types="mocha" />
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { closeAll, errorMessages, extension, holdersText, informationMessages, sampleUri } from './extension';
import type { PageHoldersApi } from '../../src/extension';
import { until } from './until';

const run = (command: string, ...args: unknown[]) =>
  vscode.commands.executeCommand(`pageHolders.${command}`, ...args);

/** Runs `act` with the dialogs answered: the labels of quick picks in order, texts of input boxes, a file to save to. */
async function answering(
  answers: {
    readonly picks?: readonly string[];
    readonly texts?: readonly string[];
    readonly file?: vscode.Uri;
  },
  act: () => PromiseLike<unknown>,
): Promise<void> {
  const picks = [...(answers.picks ?? [])];
  const texts = [...(answers.texts ?? [])];
  const { window } = vscode;
  const { showQuickPick, showInputBox, showSaveDialog } = window;
  const answered: object = {
    showQuickPick: (items: readonly vscode.QuickPickItem[]) => {
      const wanted = picks.shift();
      const found = items.find(({ label }) => label === wanted);
      assert.ok(found, `${wanted ?? 'nothing'} is not among ${items.map(({ label }) => label).join(', ')}`);
      return Promise.resolve(found);
    },
    showInputBox: () => Promise.resolve(texts.shift()),
    showSaveDialog: () => Promise.resolve(answers.file),
  };
  Object.assign(window, answered);
  try {
    await act();
  } finally {
    Object.assign(window, { showQuickPick, showInputBox, showSaveDialog });
  }
  assert.deepEqual([picks, texts], [[], []], 'questions that were not asked');
}

describe('flows', () => {
  let folder: string;

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-flows-'));
    await closeAll();
    await run('clearFilter');
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await run('clearFilter');
    await closeAll();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('opens the script that records a CMA area as a new document, and runs nothing', async () => {
    const terminals = vscode.window.terminals.length;
    await answering(
      {
        picks: ['I do not know', 'The shell alone, through tracefs', 'A CMA area', '64 MB for each CPU'],
        texts: ['reserved'],
      },
      () => run('recordCapture'),
    );
    const { document } = vscode.window.activeTextEditor ?? assert.fail('no editor');
    assert.deepEqual([document.isUntitled, document.languageId], [true, 'shellscript']);
    assert.match(document.getText(), /^#!\/bin\/sh\n/);
    assert.match(document.getText(), /\ncma_area=reserved\n/);
    assert.match(document.getText(), /\nreason=''\n/);
    assert.match(document.getText(), /\nbuffer_kb=65536\n/);
    assert.equal(vscode.window.terminals.length, terminals);
  });

  it('asks for the reason of the reports where page_pin_owner is to tell of references', async () => {
    await answering(
      {
        picks: ['page_pin_owner events', 'trace-cmd', 'All pages', '16 MB for each CPU', 'contig_range'],
        texts: [],
      },
      () => run('recordCapture'),
    );
    const { document } = vscode.window.activeTextEditor ?? assert.fail('no editor');
    assert.match(document.getText(), /\nreason=contig_range\n/);
    assert.match(document.getText(), /\nbuffer_kb=16384\n/);
  });

  it('shows the holders of a PFN, in hexadecimal, decimal or within a range', async () => {
    await run('openSample');
    for (const text of ['0x12f98', '77720', '0x12000..0x12fff']) {
      await run('showHoldersOfPfn', text);
      assert.match(await holdersText(), /^0x12f98 .*held by 3/m, text);
    }
  });

  it('says of a page that no event tells of that none does, and what is no PFN', async () => {
    const [said] = await informationMessages(() => run('showHoldersOfPfn', '0x5'));
    assert.match(said ?? '', /No event tells of page 0x5\./);
    const [wrong] = await errorMessages(() => run('showHoldersOfPfn', 'page 5'));
    assert.match(wrong ?? '', /page is not a page frame number, like 0x12f98 or 77720/);
  });

  it('shows one page alone, and copies its PFN, from the menu of its row', async () => {
    await run('clearFilter');
    const { holders } = (await extension().activate()) as PageHoldersApi;
    const several = vscode.Uri.joinPath(extension().extensionUri, 'test/fixtures/f_dat_v7_zstd/trace.dat');
    await closeAll();
    await run('openCapture', several);
    const pages = (await holders.getChildren()).flatMap((row) => ('node' in row ? [row] : []));
    const [first, second] = pages.filter(({ node }) => node.kind === 'page');
    assert.ok(first !== undefined && second !== undefined);
    const [, other = ''] = /^(0x[0-9a-f]+)/.exec(second.node.label) ?? [];
    await run('copyPfn', second);
    assert.equal(await vscode.env.clipboard.readText(), other);
    // Rows below it are of the same page.
    const [mark] = await holders.getChildren(second);
    await run('showOnlyPage', mark);
    assert.deepEqual(
      (await holders.getChildren()).flatMap((row) => ('node' in row ? [row.node.label] : [])),
      [second.node.label, 'Left out by the filter: 4 pages'],
    );
    const [said] = await informationMessages(() => run('copyPfn'));
    assert.equal(said, 'Select a page in the Holders view.');
    await run('clearFilter');
    await closeAll();
    await run('openSample');
  });

  it('exports what is shown to a file', async () => {
    await run('clearFilter');
    const file = vscode.Uri.file(path.join(folder, 'holders.csv'));
    const said = await informationMessages(() => answering({ picks: ['CSV'], file }, () => run('export')));
    assert.deepEqual(said, ['Exported to holders.csv.']);
    assert.match(readFileSync(file.fsPath, 'utf8'), /^capture,pfn,.*\r\n[^\r]*,0x12f98,/);
  });

  it('proposes a name that says how many captures are exported', async () => {
    const { showSaveDialog } = vscode.window;
    const proposed: string[] = [];
    const ask = async (): Promise<void> => {
      await answering({ picks: ['Markdown'] }, async () => {
        vscode.window.showSaveDialog = (options) => {
          proposed.push(path.basename(options?.defaultUri?.path ?? ''));
          return Promise.resolve(undefined);
        };
        await run('export');
      });
    };
    try {
      for (const name of ['one.txt', 'two.txt']) {
        const file = path.join(folder, name);
        writeFileSync(file, readFileSync(sampleUri().fsPath));
        await closeAll();
        if (name === 'two.txt') await run('openCapture', vscode.Uri.file(path.join(folder, 'one.txt')));
        await run('openCapture', vscode.Uri.file(file));
        await ask();
      }
    } finally {
      vscode.window.showSaveDialog = showSaveDialog;
      await closeAll();
      await run('openSample');
    }
    assert.deepEqual(proposed, ['one-holders.md', 'one-and-1-more-holders.md']);
  });

  it('has in the menu of a row what belongs to its file', async () => {
    const { captures, stack, holders } = (await extension().activate()) as PageHoldersApi;
    const rows = (await captures.getChildren()).flatMap((row) => ('node' in row ? [row] : []));
    assert.deepEqual(
      rows.map((row) => captures.getTreeItem(row).contextValue),
      ['kernelTree.file', 'debugInfo', 'capture.text.file'],
    );
    const [tree, , sample] = rows;
    for (const [row, file] of [
      [tree, vscode.workspace.workspaceFolders?.[0]?.uri.fsPath],
      [sample, sampleUri().fsPath],
    ] as const) {
      await run('copyPath', row);
      assert.equal(await vscode.env.clipboard.readText(), file);
    }
    await run('openAsText', sample);
    assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, sampleUri().fsPath);
    const page = (await holders.getChildren())[0];
    await run('showPage', { node: page !== undefined && 'node' in page ? page.node.id : '', pfn: 0x12f98 });
    const [frame] = await until('the stack is shown', () => {
      const frames = stack.getChildren().filter(({ node }) => node.kind === 'frame');
      return frames.length > 0 && frames;
    });
    await run('copyStackFrame', frame);
    assert.equal(
      await vscode.env.clipboard.readText(),
      `${frame!.node.label}  ${frame!.node.description}`.trimEnd(),
    );
  });

  it('compares two captures in a text that can only be read', async () => {
    const other = path.join(folder, 'after.txt');
    writeFileSync(other, readFileSync(sampleUri().fsPath));
    await run('openCapture', vscode.Uri.file(other));
    await answering({ picks: ['trace.txt'] }, () => run('compareCaptures'));
    const { document } = vscode.window.activeTextEditor ?? assert.fail('no editor');
    assert.match(document.getText(), /^Before: .*trace\.txt\n[^]*\nAfter: {2}.*after\.txt\n/);
    assert.match(document.getText(), /^Unchanged \(2\)\n {2}pipe buffer · vmsplice/m);
  });

  it('asks for a second capture where there is one alone', async () => {
    await closeAll();
    await run('openSample');
    const [said] = await informationMessages(() => run('compareCaptures'));
    assert.match(said ?? '', /^Two open captures are needed/);
    await run(
      'openCapture',
      vscode.Uri.joinPath(extension().extensionUri, 'test/fixtures/dumps/page_owner.gz'),
    );
    const [saidOfDump] = await informationMessages(() => run('compareCaptures'));
    assert.match(
      saidOfDump ?? '',
      /^page_owner\.gz cannot be compared: it is a page_owner dump, .*\. Two open captures are needed/,
    );
    await closeAll();
    await run('openSample');
  });

  it('answers a language model who holds a page, and what blocked the allocation', async function () {
    if (!('lm' in vscode) || typeof vscode.lm.invokeTool !== 'function') this.skip();
    assert.ok(
      await until('the tool is there', () =>
        vscode.lm.tools.find(({ name }) => name === 'find_page_holders'),
      ),
    );
    const ask = async (input: object): Promise<string> => {
      const { content } = await vscode.lm.invokeTool('find_page_holders', {
        input,
        toolInvocationToken: undefined,
      });
      return content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
    };
    const page = await ask({ pfn: '77720' });
    assert.match(page, /trace\.txt \(ftrace, 216 events\): 1 page failed to move, 1 held/);
    assert.match(page, /pipe buffer · vmsplice · owner-225 · still held/);
    assert.match(await ask({}), /cma-alloc-230: CMA allocation failed/);
    await assert.rejects(
      ask({ pfn: 'x' }),
      /is not a page frame number. Give it as a string, hexadecimal with 0x/,
    );
    await assert.rejects(ask({ pfn: '0x5' }), /without a pfn to see which pages failed to move/);
    await closeAll();
    await assert.rejects(ask({}), /No capture is open in Page Holders. Ask the user to open one/);
  });

  it('has a walkthrough whose commands and pictures are there', async () => {
    interface Step {
      readonly description: string;
      readonly media: { readonly svg: string };
      readonly completionEvents: readonly string[];
    }
    const { contributes } = extension().packageJSON as {
      contributes: { walkthroughs: { steps: Step[] }[]; commands: { command: string }[] };
    };
    const commands = contributes.commands.map(({ command }) => command);
    const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
    assert.equal(steps.length, 4);
    for (const { description, media, completionEvents } of steps) {
      for (const [, command] of description.matchAll(/\(command:([\w.]+)\)/g))
        assert.ok(commands.includes(command!));
      for (const event of completionEvents) {
        const [, command] = /^onCommand:(.*)$/.exec(event) ?? [];
        if (command !== undefined) assert.ok(commands.includes(command), event);
      }
      const picture = vscode.Uri.joinPath(extension().extensionUri, media.svg);
      assert.match(readFileSync(picture.fsPath, 'utf8'), /var\(--vscode-/);
    }
    await closeAll();
  });
});
