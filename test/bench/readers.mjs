// How fast captures are read and analysed, beside the programs that people use for them today, on the same files.
import { statSync } from 'node:fs';
import { onPath } from '../host/command.mjs';
import { runtimes } from './machine.mjs';
import { measure } from './measure.mjs';
import { show, table } from './table.mjs';

const LIBRARY = 'page-holders (library)';
/** What people run: all that is measured of others is held against it. */
const REPORT = 'page-holders report';
const PROGRAMS = [
  ['program', 'program', show.text],
  ['wall', 'wall s', show.seconds],
  ['user', 'user s', show.seconds],
  ['system', 'system s', show.seconds],
  ['bytesPerSecond', 'MB/s', show.megabytes],
  ['eventsPerSecond', 'M events/s', show.millions],
  ['rss', 'peak MB', show.megabytes],
  ['wallRatio', 'wall', show.ratio],
  ['userRatio', 'user', show.ratio],
];
const OURS = [
  ['file', 'file', show.text],
  ['bytes', 'MB', show.megabytes],
  ['events', 'events', show.count],
  ['stacks', 'stacks', show.count],
  ['distinct', 'distinct', show.count],
  ['read', 'read s', show.seconds],
  ['analyse', 'analyse s', show.seconds],
  ['share', 'share', show.percent],
  ['bytesPerSecond', 'MB/s', show.megabytes],
  ['eventsPerSecond', 'M events/s', show.millions],
  ['tablePerEvent', 'table B/event', show.one],
  ['rssPerEvent', 'all B/event', show.one],
  ['pages', 'pages', show.count],
  ['page', 'page ms', show.milliseconds],
  ['worst', 'worst ms', show.milliseconds],
  ['problems', 'problems', show.count],
];
const SUMMARY = [
  ['file', 'capture', show.text],
  ['bytes', 'MB', show.megabytes],
  ['events', 'events', show.count],
  ['cpu', 'Page Holders', show.cpuSeconds],
  ['rss', 'memory', show.memory],
  ['peer', 'peer', show.text],
  ['peerCpu', 'takes', show.cpuSeconds],
  ['ratio', 'times as fast', show.ratio],
];
const GOALS = [
  ['goal', 'goal', show.text],
  ['wanted', 'wanted', show.text],
  ['found', 'found', show.text],
  ['verdict', '', show.text],
];

/** A small file: what the start of a process and V8's warm-up cost shows there. */
const PERF_BEGINNING = 'perf.data, its beginning';

export const title = 'Reading and analysing captures';

/** Returns the tables. */
export async function run({ files, repeats, library, commandLine, say }) {
  const traces = await files.traces();
  const perf = await files.perf();
  const overText = (text) => [
    { program: 'rg -c page_ref', command: 'rg', args: ['-c', 'page_ref', text] },
    { program: 'wc -l', command: 'wc', args: ['-l', text] },
  ];
  const traceReport = (file) => [
    { program: 'trace-cmd report', command: 'trace-cmd', args: ['report', file] },
    // It prints into the void above; here somebody reads, and does little with it.
    {
      program: 'trace-cmd report, read by wc',
      command: 'trace-cmd',
      shell: ['sh', '-c', 'trace-cmd report "$0" | wc -l', file],
    },
  ];
  const perfScript = (file) => [{ program: 'perf script', command: 'perf', args: ['script', '-i', file] }];
  const subjects = [
    { name: 'trace.dat', file: traces.flat, peers: traceReport },
    { name: 'trace.dat, zstd', file: traces.compressed, peers: traceReport },
    { name: 'text', file: traces.text, peers: overText, needs: 'trace-cmd' },
    { name: 'perf.data', file: perf.data, peers: perfScript },
    { name: PERF_BEGINNING, file: perf.beginning, peers: perfScript },
    { name: 'perf script text', file: perf.text, peers: overText, needs: 'perf' },
  ];
  const tables = [];
  const details = [];
  const found = new Map();
  for (const { name, file, peers, needs = 'trace-cmd' } of subjects) {
    if (!file) {
      say(`${name}: no file, which needs ${needs}`);
      continue;
    }
    say(name);
    const measured = await subject(name, file, peers(file), { repeats, library, commandLine, say });
    tables.push(measured.table);
    details.push(measured.detail);
    found.set(name, measured);
  }
  tables.push(
    table('Page Holders in detail', OURS, details, [
      'Read and analyse: wall time within the process, least, without the start of Node.js. MB/s and events/s: of both ' +
        'together. Share: CPU time of the analysis, in that of reading.',
      'Table: the columns, details included. All: how much the process grew by, an event, code and buffers included. ' +
        'Page: CPU time to say who holds one page, asked for alone; the median and the worst of 200, of which 100 have ' +
        'most events.',
    ]),
    table('Goals', GOALS, goals(found)),
    table('Speed', SUMMARY, [...found.values()].map(summary), [
      'CPU time of whole processes, user and system, start included. Page Holders: `page-holders report`.',
    ]),
  );
  return tables;
}

async function subject(name, file, peers, { repeats, library, commandLine, say }) {
  const bytes = statSync(file).size;
  const ours = await measureLibrary(library, file, repeats);
  const detail = { ...ours.detail, ...(await measureAnswers(library, file, repeats)) };
  const rows = [];
  for (const [index, { name: runtime, command }] of runtimes().entries()) {
    const program = index === 0 ? REPORT : `${REPORT}, ${runtime}`;
    rows.push({ program, ...(await measure(commandLine, ['report', file], { repeats, node: command })) });
  }
  rows.push({ program: LIBRARY, ...ours.run });
  for (const { program, command, args, shell = [command, ...args] } of peers) {
    if (!onPath(command)) {
      say(`  ${command} is absent`);
      rows.push({ program: `${program} (absent)` });
      continue;
    }
    const [started, ...given] = shell;
    rows.push({ program, ...(await measure(started, given, { repeats })) });
  }
  const [report] = rows;
  for (const row of rows.filter(({ wall }) => wall !== undefined)) {
    row.bytesPerSecond = bytes / row.wall;
    row.eventsPerSecond = detail.events / row.wall;
    row.wallRatio = row.wall / report.wall;
    row.userRatio = report.user > 0 ? row.user / report.user : null;
  }
  const size = `${show.megabytes(bytes)} MB, ${show.count(detail.events)} events`;
  return {
    table: table(`${name}: ${size}`, PROGRAMS, rows),
    detail: { file: name, ...detail },
    rows,
  };
}

/** Runs the library `repeats` times, each time in a fresh process; the least of each number. */
export async function measureLibrary(library, file, repeats) {
  const runs = [];
  const run = { wall: Infinity, user: Infinity, system: Infinity, rss: Infinity };
  for (let i = 0; i < repeats; i++) {
    const one = await measure(process.execPath, [library, file], { repeats: 1, wantsOutput: true });
    for (const key of Object.keys(run)) run[key] = one[key] === null ? null : Math.min(run[key], one[key]);
    runs.push(JSON.parse(one.output));
  }
  const least = (of) => Math.min(...runs.map(of));
  const [first] = runs;
  const read = least((each) => each.read.wall);
  const analyse = least((each) => each.analyse.wall);
  const cpu = { read: least((each) => each.read.cpu), analyse: least((each) => each.analyse.cpu) };
  const detail = {
    format: first.format,
    bytes: first.bytes,
    events: first.events,
    stacks: first.stacks,
    distinct: first.distinctStacks,
    pages: first.pages,
    problems: first.problems,
    read,
    analyse,
    cpu,
    share: cpu.analyse / cpu.read,
    bytesPerSecond: first.bytes / (read + analyse),
    eventsPerSecond: first.events / (read + analyse),
    cpuSeconds: cpu.read + cpu.analyse,
    tablePerEvent: first.tableBytes / first.events,
    rssPerEvent: (least((each) => each.rssPeak) - first.rssBefore) / first.events,
  };
  return { run, detail };
}

/** How long answers for single pages take, in seconds; the least of `repeats` processes. */
async function measureAnswers(library, file, repeats) {
  let page = Infinity;
  let worst = Infinity;
  for (let i = 0; i < repeats; i++) {
    const args = [library, file, '--ask'];
    const { output } = await measure(process.execPath, args, { repeats: 1, wantsOutput: true });
    const answers = JSON.parse(output);
    page = Math.min(page, answers.page);
    worst = Math.min(worst, answers.worstPage);
  }
  return { page, worst };
}

/** The row of a capture in the README's table: ours beside the program that does most of the same. */
function summary({ detail, rows }) {
  const ours = rows[0];
  const peer = rows.find(({ program }) => !program.startsWith('page-holders'));
  const cpu = ours.user + ours.system;
  const peerCpu = peer.wall === undefined ? null : peer.user + peer.system;
  return { ...detail, cpu, rss: ours.rss, peer: peer.program, peerCpu, ratio: peerCpu && peerCpu / cpu };
}

/** What was set as goal, and whether it is met here and now. */
function goals(found) {
  const rows = [];
  const goal = (name, wanted, value, unit, isMet) => {
    if (value === null || value === undefined || Number.isNaN(value)) return;
    const number = value < 10 ? value.toFixed(2) : value.toFixed(0);
    rows.push({ goal: name, wanted, found: `${number}${unit}`, verdict: isMet(value) ? 'met' : 'MISSED' });
  };
  const atLeast = (least) => (value) => value >= least;
  const atMost = (most) => (value) => value <= most;
  const ratio = (measured, program, ours, key) => {
    const of = (name) => measured?.rows.find((row) => row.program === name)?.[key];
    return of(program) / of(ours);
  };
  const text = found.get('text');
  const flat = found.get('trace.dat');
  const perf = found.get('perf.data');
  if (text) {
    const { bytes, bytesPerSecond, cpuSeconds } = text.detail;
    goal('text, with analysis', '≥ 300 MB/s', bytesPerSecond / 1e6, ' MB/s', atLeast(300));
    goal('the same, a second of CPU time', '≥ 300 MB/s', bytes / cpuSeconds / 1e6, ' MB/s', atLeast(300));
  }
  if (flat) {
    const { events, eventsPerSecond, cpuSeconds } = flat.detail;
    goal('flat trace.dat, with analysis', '≥ 3 M events/s', eventsPerSecond / 1e6, ' M/s', atLeast(3));
    goal('the same, a second of CPU time', '≥ 3 M events/s', events / cpuSeconds / 1e6, ' M/s', atLeast(3));
  }
  for (const [index, { name }] of runtimes().entries()) {
    const ours = index === 0 ? REPORT : `${REPORT}, ${name}`;
    for (const key of ['wall', 'user']) {
      const against = (measured, program, wanted) => {
        const where = `${measured?.detail.file}: against ${program}, ${key}, ${name}`;
        goal(where, `≥ ${wanted}×`, ratio(measured, program, ours, key), '×', atLeast(wanted));
      };
      for (const trace of [flat, found.get('trace.dat, zstd')]) {
        against(trace, 'trace-cmd report', 20);
        against(trace, 'trace-cmd report, read by wc', 20);
      }
      against(perf, 'perf script', 10);
      against(found.get(PERF_BEGINNING), 'perf script', 10);
    }
  }
  for (const [name, { detail }] of found) {
    goal(`${name}: memory an event, table`, '< 100 B', detail.tablePerEvent, ' B', atMost(100));
    goal(`${name}: analysis`, '< 50 % of reading', detail.share * 100, ' %', atMost(50));
    goal(`${name}: worst answer for a page`, '< 20 ms', detail.worst * 1000, ' ms', atMost(20));
  }
  return rows;
}
