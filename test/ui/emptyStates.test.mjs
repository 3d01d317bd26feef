import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  folderWith,
  openCapture,
  openFolders,
  page,
  row,
  runCommand,
  sample,
  screenshot,
  showContainer,
  view,
} from './workbench.mjs';

const HEAD = ['# tracer: nop', '#', '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION'];
const event = (time, text) => `              sh-84      [000] ...2.    ${time}: ${text}`;
const pageRef = (time, name, rest) =>
  event(time, `${name}: pfn=0x12ffd flags=uptodate mapcount=1 mapping=00000000a5a5a5a5 mt=4 ${rest}`);

/** Without stacks there is a row that says what is missing. */
const withStack = (time, line) => [line, event(time, '<stack trace>'), ' => filemap_read', ' => vfs_read'];

const holders = () => view('Holders');

describe('a view without rows', () => {
  let folder;

  /** Opens a capture of those events. */
  async function openEvents(name, events) {
    const file = path.join(folder, name);
    writeFileSync(file, [...HEAD, ...events, ''].join('\n'));
    await openCapture(file);
    await page.locator('.statusbar-item', { hasText: name }).waitFor();
  }

  before(async () => {
    folder = folderWith('empty');
    await openFolders(folder);
    await showContainer('Page Holders');
  });

  it('says that no capture is open', async () => {
    await holders().getByText('to see who holds the pages that could not be moved').waitFor();
    await view('Captures').getByText('No capture is open.').waitFor();
    await view('Stack').getByText('Select a reference, a mark or an event').waitFor();
  });

  it('says that the capture tells nothing of pages, and what to record', async () => {
    await openEvents('sched.txt', [
      event('17.462829', 'sched_switch: prev_comm=sh prev_pid=84 prev_prio=120'),
    ]);
    await holders().getByText('No event of the capture says anything of a page.').waitFor();
    await holders().getByText('Record a Capture…').waitFor();
    await screenshot('empty-no-page-events');
    await runCommand('Page Holders: Close Capture');
  });

  it('says that no page failed to move, and what would show that one did', async () => {
    await openEvents('quiet.txt', [
      ...withStack('17.462829', pageRef('17.462829', 'page_ref_mod', 'count=3 val=1')),
      ...withStack('17.462839', pageRef('17.462839', 'page_ref_mod_and_test', 'count=2 val=-1 ret=0')),
    ]);
    await holders().getByText('The capture names no page that failed to move.').waitFor();
    await holders().getByText('page_ref_freeze that failed').waitFor();
    await screenshot('empty-nothing-found');
    await runCommand('Page Holders: Close Capture');
    await holders().getByText('to see who holds the pages that could not be moved').waitFor();
  });

  it('gives way to rows, which Ctrl+C copies with what is below them', async () => {
    await openCapture(sample);
    await row('0x12f98', holders()).click();
    await page.keyboard.press('Control+C');
    await page.locator('.statusbar-item', { hasText: /^Copied \d\d+ lines: / }).waitFor();
    await runCommand('Page Holders: Close Capture');
  });
});
