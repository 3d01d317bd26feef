// How fast addresses become functions, lines and inlined functions, beside the programs that people use for it today.
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { onPath } from '../host/command.mjs';
import { repository } from '../host/paths.mjs';
import { bundled } from './build.mjs';
import { runtimes } from './machine.mjs';
import { measure } from './measure.mjs';
import { show, table } from './table.mjs';

const ADDRESSES = 2000;
const COLUMNS = [
  ['program', 'program', show.text],
  ['wall', 'wall s', show.seconds],
  ['cpu', 'CPU s', show.seconds],
  ['rss', 'peak MB', show.megabytes],
  ['wallRatio', 'wall', show.ratio],
  ['cpuRatio', 'CPU', show.ratio],
  ['rssRatio', 'memory', show.ratio],
];

/**
 * How the addresses lie decides what a program takes: eu-addr2line walks over a unit for each address, and once more for
 * each inlined function around it; others once.
 */
const SELECTIONS = [
  { name: 'in as many functions', choose: inFunctions },
  { name: 'all over the code', choose: (functions) => overCode(functions) },
  { name: 'in inlined functions', choose: inInlined },
];

export const title = 'Addresses of a kernel to lines';

/** Returns the tables. */
export async function run({ work, repeats, say }) {
  const vmlinux = unpackedKernel(work, say);
  if (vmlinux === null) return [];
  const program = await bundled('addresses.ts');
  const tables = [];
  for (const { name, choose } of SELECTIONS) {
    say(name);
    const addresses = choose(codeOf(vmlinux), vmlinux).map(hexadecimal);
    tables.push(await compared(name, vmlinux, addresses, program, { repeats, say }));
  }
  return tables;
}

async function compared(name, vmlinux, addresses, program, { repeats, say }) {
  const candidates = [
    ...runtimes().map(({ name: runtime, command }, index) => ({
      program: index === 0 ? 'Page Holders' : `Page Holders, ${runtime}`,
      command,
      args: [program, vmlinux, ...addresses],
      isOurs: true,
    })),
    { program: 'llvm-symbolizer', command: 'llvm-symbolizer', args: ['-e', vmlinux, ...addresses] },
    { program: 'addr2line -fi', command: 'addr2line', args: ['-fi', '-e', vmlinux, ...addresses] },
    { program: 'eu-addr2line -fi', command: 'eu-addr2line', args: ['-fi', '-e', vmlinux, ...addresses] },
  ];
  const rows = [];
  for (const { program: title, command, args, isOurs = false } of candidates) {
    if (!isOurs && !onPath(command)) {
      say(`${command} is not there: it is left out`);
      continue;
    }
    const { wall, user, system, rss } = await measure(command, args, { repeats });
    const cpu = user === null ? null : user + system;
    const ours = rows[0] ?? { wall, cpu, rss };
    rows.push({
      program: title,
      wall,
      cpu,
      rss,
      wallRatio: wall / ours.wall,
      cpuRatio: cpu === null ? null : cpu / ours.cpu,
      rssRatio: rss === null ? null : rss / ours.rss,
    });
  }
  const { output } = await measure(process.execPath, [program, '--warm', vmlinux, ...addresses], {
    repeats,
    wantsOutput: true,
  });
  const [again, nearBy] = String(output).split(' ').map(Number);
  return table(
    `${ADDRESSES} addresses of a vmlinux with inlined functions, ${name}, each program started anew`,
    COLUMNS,
    rows,
    [
      `An address that was looked up before takes ${show.microseconds(again)} µs, ` +
        `a new one near to it ${show.microseconds(nearBy)} µs.`,
    ],
  );
}

/** The vmlinux beside the repository, or $PAGE_HOLDERS_VMLINUX. */
function unpackedKernel(work, say) {
  const chosen = process.env.PAGE_HOLDERS_VMLINUX;
  if (chosen) return chosen;
  const packed = path.join(repository, '../shared/kernel/vmlinux.xz');
  if (!existsSync(packed) || !onPath('xz')) {
    say('No ../shared/kernel/vmlinux.xz: name a vmlinux with debug info with PAGE_HOLDERS_VMLINUX.');
    return null;
  }
  const unpacked = path.join(work, 'vmlinux');
  if (!existsSync(unpacked)) {
    execFileSync('sh', ['-c', 'xz -dc "$0" > "$1"', packed, `${unpacked}.part`]);
    renameSync(`${unpacked}.part`, unpacked);
  }
  return unpacked;
}

/** Begin and size of each function that has a size. */
function codeOf(vmlinux) {
  const symbols = execFileSync('nm', ['-S', vmlinux], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const functions = [];
  for (const [, address, size] of symbols.matchAll(/^([0-9a-f]+) ([0-9a-f]+) [tT] /gm)) {
    functions.push({ address: BigInt(`0x${address}`), size: parseInt(size, 16) });
  }
  return functions.filter(({ size }) => size > 0);
}

const hexadecimal = (address) => `0x${address.toString(16)}`;

/** Distinct addresses, the same in every run. */
function distinct(next, count = ADDRESSES) {
  let state = 1;
  const below = (limit) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * limit);
  };
  const chosen = new Set();
  while (chosen.size < count) chosen.add(next(below));
  return [...chosen];
}

/** A large function is asked for no more often than a small one: few addresses of a unit. */
function inFunctions(functions) {
  return distinct((below) => {
    const { address, size } = functions[below(functions.length)];
    return address + BigInt(below(size));
  });
}

/** Every byte of code is as likely as any other. */
function overCode(functions, count) {
  const ends = [];
  let total = 0;
  for (const { size } of functions) ends.push((total += size));
  return distinct((below) => {
    const at = below(total);
    const index = ends.findIndex((end) => end > at);
    return functions[index].address + BigInt(at - ends[index] + functions[index].size);
  }, count);
}

/** As all over the code, where addr2line names a function that is inlined: nearly every second byte of a kernel's code. */
function inInlined(functions, vmlinux) {
  const candidates = overCode(functions, 4 * ADDRESSES);
  const input = candidates.map(hexadecimal).join('\n');
  const output = execFileSync('addr2line', ['-afi', '-e', vmlinux], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  // An address, then two lines for each function around it.
  const answers = output.split(/^0x[0-9a-f]+\n/m).slice(1);
  return candidates.filter((_, index) => answers[index].split('\n').length > 4).slice(0, ADDRESSES);
}
