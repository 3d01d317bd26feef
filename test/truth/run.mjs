// Prints, for every capture with known truth, what the command line found, missed and wrongly blamed.
// node test/truth/run.mjs [FOLDER…]   (default: ../shared/captures where it exists, and test/fixtures)
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { check } from './check.mjs';

const FILES = /^(report\.txt|trace\.txt|trace_pipe\.txt|perf\.txt)(\.gz)?$|^(trace\.dat|perf\.data)$/;
const folders = process.argv.length > 2 ? process.argv.slice(2) : ['../shared/captures', 'test/fixtures'];
let wrong = 0;
let all = 0;
for (const folder of folders) {
  if (!existsSync(folder)) {
    console.log(`${folder}: not here`);
    continue;
  }
  for (const name of readdirSync(folder).sort()) {
    const truthFile = path.join(folder, name, 'truth.json');
    if (!existsSync(truthFile)) continue;
    const truth = JSON.parse(readFileSync(truthFile, 'utf8'));
    for (const file of readdirSync(path.join(folder, name)).filter((entry) => FILES.test(entry))) {
      all++;
      if (!judge(truth, path.join(folder, name, file))) wrong++;
    }
  }
}
console.log(`${all - wrong} of ${all} right`);
process.exitCode = wrong > 0 ? 1 : 0;

function judge(truth, file) {
  const run = spawnSync(process.execPath, ['dist/page-holders.js', 'report', file, '--format', 'json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) {
    console.log(`unread ${file}: ${run.stderr.trim().split('\n')[0]}`);
    return false;
  }
  const { problems, line } = check(truth, JSON.parse(run.stdout), { text: /\.txt(\.gz)?$/.test(file) });
  console.log(`${problems.length === 0 ? 'right' : 'WRONG'}  ${file}: ${line.replace(/^SCORE /, '')}`);
  for (const problem of problems) console.log(`       ${problem}`);
  return problems.length === 0;
}
