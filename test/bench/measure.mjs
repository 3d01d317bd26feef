import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** GNU time tells what a program took of the CPU and of memory; a shell's own `time` does not. */
const GNU_TIME = '/usr/bin/time';
/** A program that takes long is not run again and again, in seconds of all its runs. */
const LONG_ENOUGH = 40;

/**
 * Runs a program up to `repeats` times and keeps the least of each number: what other programs on the machine do
 * only ever adds. Its output is thrown away, or returned (that of the quickest run) with `wantsOutput`.
 *
 * @param node the program that `node` is for it, where that matters
 * @returns { wall, user, system } in seconds, peak resident memory in bytes (null without GNU time), output, runs
 */
export async function measure(command, args, { repeats, wantsOutput = false, node = process.execPath }) {
  const best = { wall: Infinity, user: null, system: null, rss: null, output: '', runs: 0 };
  let spent = 0;
  while (best.runs < repeats && (best.runs === 0 || spent < LONG_ENOUGH)) {
    const run = await runOnce(command, args, wantsOutput, node);
    spent += run.wall;
    best.runs++;
    if (run.wall < best.wall) best.output = run.output;
    for (const key of ['wall', 'user', 'system', 'rss']) {
      if (best[key] === null || run[key] < best[key]) best[key] = run[key];
    }
  }
  return best;
}

async function runOnce(command, args, wantsOutput, node) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-measure-'));
  const usage = path.join(folder, 'usage');
  const timed = existsSync(GNU_TIME);
  const line = timed ? [GNU_TIME, '-f', '%U %S %M', '-o', usage, command, ...args] : [command, ...args];
  try {
    const started = process.hrtime.bigint();
    const { status, output, errors } = await run(line, wantsOutput, node);
    const wall = Number(process.hrtime.bigint() - started) / 1e9;
    if (status !== 0) {
      throw new Error(
        `${command} ${args.join(' ')} ended with ${status}: ${errors.trim().split('\n').at(-1)}`,
      );
    }
    if (!timed) return { wall, user: null, system: null, rss: null, output };
    const [user, system, kilobytes] = readFileSync(usage, 'utf8').trim().split(/\s+/).map(Number);
    return { wall, user, system, rss: kilobytes * 1024, output };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Node 20 reads all certificates that the machine adds at its start, 30 ms: nothing that is measured here. */
const environment = { ...process.env };
delete environment.NODE_EXTRA_CA_CERTS;

function run([command, ...args], wantsOutput, node) {
  const stdio = ['ignore', wantsOutput ? 'pipe' : 'ignore', 'pipe'];
  const env = { ...environment, PATH: [path.dirname(node), environment.PATH].join(path.delimiter) };
  const child = spawn(command, args, { stdio, env });
  const output = [];
  let errors = '';
  child.stdout?.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-10_000)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ status: code ?? signal, output: Buffer.concat(output).toString(), errors }),
    );
  });
}
