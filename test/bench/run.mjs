// npm run bench: speed and memory beside the programs that people use today, in one run on the same files.
//
//   npm run bench -- [SUBJECT…] [--repeats N] [--events N] [--json FILE] [--work DIR] [--keep]
//
// SUBJECT     readers, linearity, addresses (default: all)
// --repeats   runs of each program, of which the least counts (default 3)
// --events    events of captures that are made, and of the largest one for linearity (default 1600000)
// --json      writes all numbers there: seconds, bytes, ratios
// --work      where large files are made (default: a new folder for temporary files, up to 3 GB)
// --keep      leaves them there
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureTools } from '../host/debian.mjs';
import * as addresses from './addresses.mjs';
import { bundledCommandLine, bundledLibrary } from './build.mjs';
import { CaptureFiles } from './captureFiles.mjs';
import * as linearity from './linearity.mjs';
import { load, machine } from './machine.mjs';
import { measure } from './measure.mjs';
import * as readers from './readers.mjs';
import { printed, show } from './table.mjs';

/** Each has a title and a `run` that returns tables. */
const subjects = { readers, linearity, addresses };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeats: { type: 'string', default: '3' },
    events: { type: 'string', default: '1600000' },
    json: { type: 'string' },
    work: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const repeats = Number(options.repeats);
const events = Number(options.events);
const wanted = positionals.length > 0 ? positionals : Object.keys(subjects);
for (const name of wanted) {
  if (subjects[name]) continue;
  console.error(`There is no subject ${name}; expected one of ${Object.keys(subjects).join(', ')}.`);
  process.exit(2);
}
if (!(repeats >= 1) || !(events >= 1)) {
  console.error('--repeats and --events take a number of at least 1.');
  process.exit(2);
}

const say = (line) => console.error(line);
for (const peer of ['traceCmd', 'perf', 'ripgrep', 'symbolizer', 'elfutils', 'gnuTime']) {
  await ensureTools(peer).catch((error) =>
    say(error.message.split('. ')[0].replace('tests need', 'bench lacks')),
  );
}

const work = options.work ?? mkdtempSync(path.join(os.tmpdir(), 'page-holders-bench-'));
try {
  const about = machine();
  const before = load();
  const files = await CaptureFiles.create(work, events);
  const context = {
    files,
    work,
    repeats,
    events,
    say,
    library: await bundledLibrary(),
    commandLine: await bundledCommandLine(),
  };
  const start = await measure(process.execPath, ['-e', '0'], { repeats });
  const tables = [];
  for (const name of wanted) {
    for (const one of await subjects[name].run(context)) {
      tables.push({ subject: name, ...one });
      console.log(printed(one));
    }
  }
  const after = load();
  const versions = Object.entries(about.versions).map(([name, version]) => `${name} ${version}`);
  console.log(
    [
      `${about.processor}, ${show.megabytes(about.memory)} MB, ${about.kernel}; ${versions.join(', ')}.`,
      `Load ${before.toFixed(1)} before, ${after.toFixed(1)} after: above 1, wall times say little; compare user times.`,
      `Least of up to ${repeats} runs. All times of programs include their start; that of Node.js is ` +
        `${show.seconds(start.wall)} s (${show.megabytes(start.rss ?? NaN)} MB). Output goes to /dev/null. Files are in the page cache.`,
      'Ratios are to page-holders report, or where there is none to the library: how many times as long a program took.',
      ...files.notes,
    ].join('\n'),
  );
  if (options.json) {
    const rows = tables.map(({ subject, title, rows: list, notes }) => ({
      subject,
      title,
      rows: list,
      notes,
    }));
    const all = { machine: about, load: { before, after }, repeats, start, notes: files.notes, tables: rows };
    writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
  }
} finally {
  if (options.keep || options.work) say(`The files are in ${work}.`);
  else rmSync(work, { recursive: true });
}
