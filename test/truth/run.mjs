// Holds what the command line says of every capture with known truth against that truth, and prints the table of README.
// node test/truth/run.mjs [FOLDER…]   (default: ../shared/captures, or those of them that are in test/fixtures)
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { check } from './check.mjs';

/** Files that are read, by what wrote them; a capture has the same events in several. */
const FORMATS = [
  ['`trace.dat`', /^trace\.dat$/],
  ['`trace-cmd report`', /^report(-\w+)?\.txt(\.gz)?$/],
  ['ftrace text', /^trace(_pipe)?\.txt(\.gz)?$/],
  ['`perf.data`', /^perf\.data$/],
  ['`perf script`', /^perf(-\w+)?\.txt(\.gz)?$/],
];
/** Recordings of the page_pin_owner RFC: puts alone. */
const PUTS_ALONE = 'puts alone (page_pin_owner)';
/** They have addresses and no names: whoever reads one gives the kallsyms of its boot along. */
const NAMELESS = /^(perf\.data|report-raw\.txt)(\.gz)?$/;
const KALLSYMS = '../shared/kernel/boots';

const SHARED = '../shared/captures';
const ofReadme = process.argv.length === 2 && existsSync(SHARED);
const folders = ofReadme ? [SHARED] : process.argv.length > 2 ? process.argv.slice(2) : ['test/fixtures'];
const scores = new Map([...FORMATS.map(([name]) => name), PUTS_ALONE].map((name) => [name, emptyScore()]));
for (const folder of folders) {
  if (existsSync(folder)) judgeFolder(folder);
  else console.log(`${folder}: not here`);
}
const total = [...scores.values()].reduce(sumOf, emptyScore());
const table = tableOf([...scores].filter(([, { files }]) => files > 0));
console.log(`\n${table}\n`);
if (ofReadme && !hasTable(table)) {
  console.log('README.md has another table: replace it with this one.');
  process.exitCode = 1;
}
console.log(`${total.right} of ${total.files} right`);
if (total.right < total.files) process.exitCode = 1;

function judgeFolder(folder) {
  for (const name of readdirSync(folder).sort()) {
    const truthFile = path.join(folder, name, 'truth.json');
    if (!existsSync(truthFile)) continue;
    const truth = JSON.parse(readFileSync(truthFile, 'utf8'));
    for (const file of readdirSync(path.join(folder, name)).sort()) {
      const format = FORMATS.find(([, pattern]) => pattern.test(file))?.[0];
      if (format === undefined) continue;
      judge(truth, path.join(folder, name, file), scores.get(truth.putOnly ? PUTS_ALONE : format));
    }
  }
}

function judge(truth, file, sums) {
  const isNameless = NAMELESS.test(path.basename(file));
  const symbols = isNameless ? kallsymsFor(file) : [];
  if (isNameless && symbols.length === 0) {
    console.log(`not judged ${file}: it has addresses alone, and no kallsyms is at hand`);
    return;
  }
  sums.files++;
  const run = spawnSync(
    process.execPath,
    ['dist/page-holders.js', 'report', file, ...symbols, '--format', 'json'],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (run.status !== 0) {
    console.log(`unread ${file}: ${run.stderr.trim().split('\n')[0]}`);
    return;
  }
  const report = JSON.parse(run.stdout);
  const { problems, line, score } = check(truth, report, { text: /\.txt(\.gz)?$/.test(file) });
  if (problems.length === 0) sums.right++;
  for (const [key, value] of Object.entries(score)) sums[key] += value;
  const names = report.captures[0]?.names.find(({ refusal }) => refusal === null);
  const beside = names === undefined ? '' : `, with the names of ${path.relative('..', names.file)}`;
  console.log(
    `${problems.length === 0 ? 'right' : 'WRONG'}  ${file}: ${line.replace(/^SCORE /, '')}${beside}`,
  );
  for (const problem of problems) console.log(`       ${problem}`);
}

/** The kallsyms beside a capture, or of all boots that are at hand: the program takes the one that fits. */
function kallsymsFor(file) {
  const own = readdirSync(path.dirname(file)).filter((name) => name.startsWith('kallsyms'));
  if (own.length > 0) return own.map((name) => path.join(path.dirname(file), name));
  if (!existsSync(KALLSYMS)) return [];
  return readdirSync(KALLSYMS)
    .map((boot) => path.join(KALLSYMS, boot, 'kallsyms.gz'))
    .filter((candidate) => existsSync(candidate));
}

function emptyScore() {
  return {
    files: 0,
    right: 0,
    found: 0,
    holds: 0,
    kinds: 0,
    kindsOf: 0,
    rel: 0,
    relOf: 0,
    blamed: 0,
    acc: 0,
    accOf: 0,
    marks: 0,
    marksOf: 0,
  };
}

function sumOf(sum, score) {
  return Object.fromEntries(Object.entries(sum).map(([key, value]) => [key, value + score[key]]));
}

/** As prettier writes it. */
function tableOf(rows) {
  const lines = [
    [
      'captures',
      'files',
      'pages found',
      'held references found',
      'wrongly blamed',
      'kinds',
      'releases',
      'sums',
    ],
    ...[...rows, ['all', total]].map(([name, score]) => [
      name,
      `${score.files}`,
      `${score.marks} of ${score.marksOf}`,
      `${score.found} of ${score.holds}`,
      `${score.blamed}`,
      `${score.kinds} of ${score.kindsOf}`,
      `${score.rel} of ${score.relOf}`,
      `${score.acc} of ${score.accOf}`,
    ]),
  ];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const written = lines.map(
    (line) => `| ${line.map((cell, column) => padded(cell, widths[column], column)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [written[0], rule, ...written.slice(1)].join('\n');
}

function padded(cell, width, column) {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function hasTable(text) {
  return readFileSync('README.md', 'utf8').includes(text);
}
