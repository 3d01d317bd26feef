// What the debug info of a kernel and its modules says about addresses. Needs binutils and llvm-symbolizer.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

const MODULES = ['ext4', 'jbd2', 'mbcache'];
const LARGE = 1 << 30;
/** KASLR moves the kernel by steps of CONFIG_PHYSICAL_ALIGN. */
const KASLR_STEP = 0x200000n;
/** No function of a kernel is longer. */
const LONGEST_FUNCTION = 0x20000n;

/** Which boot (folder of kernel/boots) made a capture; kernels with other code have no truth here. */
export function bootOf(capture) {
  if (capture.startsWith('p')) return null;
  if (capture === 'b_thp') return 'nokaslr-512M-thp';
  if (capture.startsWith('e_offline')) return 'nokaslr-1G-movable';
  if (capture.startsWith('e_compact')) return 'nokaslr-512M-compact';
  return capture.startsWith('f_') ? 'kaslr-320M' : 'nokaslr-320M';
}

export class DebugInfo {
  /** `kernel` holds vmlinux.xz and NAME.ko.xz; they are unpacked into `work`. */
  constructor(kernel, work) {
    this.kernel = kernel;
    this.work = work;
    mkdirSync(work, { recursive: true });
    for (const file of ['vmlinux', ...MODULES.map((name) => `${name}.ko`)]) unpack(kernel, work, file);
    this.symbols = readSymbols(path.join(work, 'vmlinux'));
    this.modules = new Map(MODULES.map((name) => [name, readModule(path.join(work, `${name}.ko`))]));
    this.moduleBases = new Map();
  }

  /**
   * Gives each frame `truth`, the inlined functions of its call, innermost first, as [{ function, file, line }],
   * or null where the frame cannot be placed. The call is before the return address.
   */
  addTruth(stacks, boot) {
    const shift = this.kaslrShift(stacks);
    const queries = new Map();
    for (const { frames } of stacks) {
      for (const frame of frames) {
        frame.truth = null;
        const place = this.placeOf(frame, shift, boot);
        if (!place) continue;
        const key = `${place.file} ${place.section}`;
        if (!queries.has(key)) queries.set(key, { ...place, frames: [] });
        queries.get(key).frames.push({ frame, address: place.address - 1n });
      }
    }
    for (const { file, section, frames } of queries.values()) {
      const addresses = [...new Set(frames.map(({ address }) => address))];
      const chains =
        file === 'vmlinux' ? this.kernelLines(addresses) : this.moduleLines(file, section, addresses);
      for (const { frame, address } of frames) frame.truth = chains.get(address) ?? null;
    }
  }

  kaslrShift(stacks) {
    const votes = new Map();
    for (const frame of stacks.flatMap((stack) => stack.frames)) {
      const places = this.symbols.get(frame.function);
      if (frame.address === null || places?.length !== 1) continue;
      const shift = (frame.address - places[0].address) & ~(KASLR_STEP - 1n);
      votes.set(shift, (votes.get(shift) ?? 0) + 1);
    }
    return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0n;
  }

  placeOf(frame, shift, boot) {
    const places = this.symbols.get(frame.function);
    if (places) {
      if (frame.address !== null) return { file: 'vmlinux', section: '', address: frame.address - shift };
      if (frame.offset === null) return null;
      const ofSize = places.filter((place) => place.size === frame.size);
      const [place, ...others] = ofSize.length > 0 ? ofSize : places;
      if (others.length > 0) return null;
      return { file: 'vmlinux', section: '', address: place.address + BigInt(frame.offset) };
    }
    for (const [name, symbols] of this.modules) {
      const [place, ...others] = symbols.get(frame.function) ?? [];
      if (!place || others.length > 0) continue;
      const offset = frame.offset === null ? this.offsetInModule(frame, boot) : BigInt(frame.offset);
      if (offset === null) return null;
      return { file: `${name}.ko`, section: place.section, address: place.address + offset };
    }
    return null;
  }

  /** From the addresses at which the boot had its modules. */
  offsetInModule(frame, boot) {
    if (frame.address === null) return null;
    if (!this.moduleBases.has(boot)) {
      const lines = gunzipSync(readFileSync(path.join(this.kernel, 'boots', boot, 'kallsyms.gz'))).toString();
      const bases = new Map();
      for (const line of lines.split('\n')) {
        const [, address, name] = /^([0-9a-f]+) \S (\S+)\t\[/.exec(line) ?? [];
        if (name !== undefined) bases.set(name, BigInt(`0x${address}`));
      }
      this.moduleBases.set(boot, bases);
    }
    const base = this.moduleBases.get(boot).get(frame.function);
    if (base === undefined || frame.address < base || frame.address - base > LONGEST_FUNCTION) return null;
    return frame.address - base;
  }

  /** binutils' addr2line reads file numbers of DWARF 5 wrongly in a few units of vmlinux; llvm-symbolizer does not. */
  kernelLines(addresses) {
    const input = addresses.map(hex).join('\n');
    const lines = run(
      'llvm-symbolizer',
      ['--output-style=JSON', '-f', '-i', '-e', this.unpacked('vmlinux')],
      input,
    );
    const chains = new Map();
    for (const [index, line] of lines.trim().split('\n').entries()) {
      const frames = JSON.parse(line).Symbol.map((one) => ({
        function: one.FunctionName,
        file: treePath(one.FileName),
        line: one.Line,
        // Of the function's name.
        start: one.StartLine,
      }));
      // What it cannot place it answers with nonsense.
      if (frames.every((frame) => frame.line > 0 && frame.line < 1e6)) chains.set(addresses[index], frames);
    }
    return chains;
  }

  /** llvm-symbolizer cannot be told a section of a relocatable file; addr2line can. */
  moduleLines(file, section, addresses) {
    const input = addresses.map(hex).join('\n');
    const args = ['-a', '-f', '-i', '-j', section, '-e', this.unpacked(file)];
    const lines = run('addr2line', args, input).split('\n');
    const chains = new Map();
    let chain = [];
    for (let line = 0; line < lines.length; line++) {
      if (/^0x[0-9a-f]{16}$/.test(lines[line])) {
        chain = [];
        chains.set(BigInt(lines[line]), chain);
      } else if (lines[line] !== '') {
        const [, source, number] = /^(.*):(\d+)/.exec(lines[line + 1]) ?? [];
        if (number !== undefined)
          chain.push({ function: lines[line], file: treePath(source), line: Number(number) });
        line++;
      }
    }
    for (const [address, found] of chains) if (found.length === 0) chains.delete(address);
    return chains;
  }

  /** `count` calls chosen at random among all of vmlinux, as stacks of two frames with truth for the caller. */
  randomCalls(count, seed) {
    const calls = this.allCalls();
    let state = seed;
    const random = () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff;
    const chosen = new Set();
    while (chosen.size < Math.min(count, calls.length))
      chosen.add(calls[Math.floor(random() * calls.length)]);
    const picked = [...chosen];
    const chains = this.kernelLines(picked.map((call) => call.address));
    return picked.map((call) => ({
      frames: [
        { function: call.callee, offset: null, module: null, truth: null },
        { function: call.caller, offset: null, module: null, truth: chains.get(call.address) ?? null },
      ],
    }));
  }

  allCalls() {
    const calls = [];
    let caller = '';
    for (const line of run('objdump', [
      '-d',
      '--no-show-raw-insn',
      '-j',
      '.text',
      this.unpacked('vmlinux'),
    ]).split('\n')) {
      const name = /^[0-9a-f]+ <(.*)>:$/.exec(line)?.[1];
      if (name !== undefined) caller = name;
      const [, address, callee] = /^([0-9a-f]+):\s+call +[0-9a-f]+ <([^+>]+)>$/.exec(line) ?? [];
      // Calls that the compiler adds stand in no source.
      if (callee === undefined || /^__(?:x86_|fentry__|stack_chk_fail|SC[TK]__)/.test(callee)) continue;
      calls.push({ address: BigInt(`0x${address}`), caller, callee });
    }
    return calls;
  }

  unpacked(file) {
    return path.join(this.work, file);
  }
}

function unpack(kernel, work, file) {
  const target = path.join(work, file);
  if (!existsSync(target)) {
    execFileSync('sh', [
      '-c',
      'xz -dkc "$0" > "$1.part" && mv "$1.part" "$1"',
      path.join(kernel, `${file}.xz`),
      target,
    ]);
  }
}

function readSymbols(vmlinux) {
  const symbols = new Map();
  for (const line of run('nm', ['-S', vmlinux]).split('\n')) {
    const [, address, size, name] = /^([0-9a-f]+)(?: ([0-9a-f]+))? [tTwW] (\S+)$/.exec(line) ?? [];
    if (name === undefined) continue;
    if (!symbols.has(name)) symbols.set(name, []);
    symbols
      .get(name)
      .push({ address: BigInt(`0x${address}`), size: size === undefined ? null : parseInt(size, 16) });
  }
  return symbols;
}

function readModule(file) {
  const sections = new Map();
  for (const line of run('readelf', ['-SW', file]).split('\n')) {
    const [, number, name] = /\[ *(\d+)\] (\.\S*text\S*) /.exec(line) ?? [];
    if (name !== undefined) sections.set(number, name);
  }
  const symbols = new Map();
  for (const line of run('readelf', ['-sW', file]).split('\n')) {
    const [, address, section, name] =
      /^ *\d+: ([0-9a-f]+) +\d+ FUNC +\S+ +\S+ +(\d+) (\S+)/.exec(line) ?? [];
    if (name === undefined || !sections.has(section)) continue;
    if (!symbols.has(name)) symbols.set(name, []);
    symbols.get(name).push({ address: BigInt(`0x${address}`), section: sections.get(section) });
  }
  return symbols;
}

/** Path in the tree: paths in debug info are of the machine that built the kernel. */
function treePath(file) {
  const parts = [];
  for (const part of file.replace(/^.*\/build\/linux\//, '').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const hex = (address) => `0x${address.toString(16)}`;

const run = (command, args, input = '') =>
  execFileSync(command, args, { input, maxBuffer: LARGE, stdio: ['pipe', 'pipe', 'ignore'] }).toString();
