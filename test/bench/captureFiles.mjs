// The captures that are measured: the large shared recording where it is, else small ones made larger.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { onPath } from '../host/command.mjs';
import { repository } from '../host/paths.mjs';
import { bundled } from './build.mjs';
import { show } from './table.mjs';

const fixtures = path.join(repository, 'test/fixtures');
const shared = path.join(repository, '../shared/captures');
/** Samples of a perf.data of some 94 MB. */
const PERF_SAMPLES = 425_000;
/** More than any recording has. */
const ALL_SAMPLES = 2 ** 31;

export class CaptureFiles {
  /** Why a file that one might expect is not there, or is another. */
  notes = [];

  /** @param folder for files of up to 2 GB in all @param events how many a file that is made has */
  constructor(folder, events, repeat, perfDataOf) {
    this.folder = folder;
    this.events = events;
    this.repeat = repeat;
    this.perfDataOf = perfDataOf;
    mkdirSync(folder, { recursive: true });
  }

  static async create(folder, events) {
    const require = createRequire(import.meta.url);
    const { writeRepeated, writePerfDataOfTrace } = require(await bundled('generator/repeatCapture.ts'));
    return new CaptureFiles(folder, events, writeRepeated, writePerfDataOfTrace);
  }

  /** The same recording as trace.dat (compressed and flat) and as text; each null where it cannot be had. */
  async traces() {
    const big = path.join(shared, 'big', 'trace.dat');
    if (!existsSync(big)) {
      this.notes.push('The large recording is not here: a small one was repeated.');
      return this.repeatedTraces();
    }
    if (!onPath('trace-cmd')) {
      this.notes.push('Without trace-cmd the large recording is read as it is, compressed.');
      return { compressed: big, flat: null, text: null };
    }
    const flat = this.convert(big, 'flat.dat', 'none');
    return { compressed: big, flat, text: await this.printedBy('trace-cmd', ['report', flat], 'report.txt') };
  }

  async repeatedTraces() {
    const flat = await this.repeated(
      path.join(fixtures, 'a_reader/trace.dat'),
      { events: this.events },
      'flat.dat',
    );
    if (!onPath('trace-cmd')) {
      const text = path.join(fixtures, 'a_reader/report.txt.gz');
      return {
        compressed: null,
        flat,
        text: await this.repeated(text, { events: this.events }, 'report.txt'),
      };
    }
    return {
      compressed: this.convert(flat, 'compressed.dat', 'zstd'),
      flat,
      text: await this.printedBy('trace-cmd', ['report', flat], 'report.txt'),
    };
  }

  /**
   * A perf.data, the beginning of it, and what `perf script` prints of that; the beginning is null where there is no large
   * recording, the text without perf.
   */
  async perf() {
    const trace = path.join(shared, 'big', 'trace.dat');
    const small = path.join(shared, 'f_perf', 'perf.data');
    if (!existsSync(trace) || !existsSync(small)) {
      this.notes.push(
        'The perf.data is a small recording of failures repeated: a page fails in every hundred samples, far more than ' +
          'in a long recording, and takes most of the analysis.',
      );
      const samples = Math.min(PERF_SAMPLES, this.events);
      const data = await this.repeated(this.perfRecording(), { events: samples }, 'perf.data');
      return { data, beginning: null, text: await this.perfScriptOf(data) };
    }
    this.notes.push(
      `The perf.data holds the events of the large recording with their stacks, its beginning the first ` +
        `${show.count(PERF_SAMPLES)}, as perf record lays them out and in rounds as it writes them; no large recording of perf ` +
        'itself is at hand.',
    );
    const data = path.join(this.folder, 'perf.data');
    await this.perfDataOf(trace, small, ALL_SAMPLES, data);
    const beginning = path.join(this.folder, 'perf-beginning.data');
    await this.perfDataOf(trace, small, PERF_SAMPLES, beginning);
    return { data, beginning, text: await this.perfScriptOf(beginning) };
  }

  async perfScriptOf(data) {
    return onPath('perf') ? await this.printedBy('perf', ['script', '-i', data], 'perf.txt') : null;
  }

  /** Small recordings to make larger ones of. */
  get seeds() {
    return [
      ['text', path.join(fixtures, 'a_reader/report.txt.gz')],
      ['trace.dat', path.join(fixtures, 'a_reader/trace.dat')],
      ['perf.data', this.perfRecording()],
    ];
  }

  /** Makes a capture of at least so many events out of a small one. */
  async repeated(from, amount, name) {
    const to = path.join(this.folder, name);
    await this.repeat(from, amount, to);
    return to;
  }

  remove(file) {
    rmSync(file, { force: true });
  }

  perfRecording() {
    const recording = path.join(shared, 'f_perf', 'perf.data');
    return existsSync(recording) ? recording : path.join(fixtures, 'perf/multi.perf.data.gz');
  }

  convert(from, name, compression) {
    const to = path.join(this.folder, name);
    const args = ['convert', '-i', from, '-o', to, '--file-version', '7', '--compression', compression];
    const { status, stderr } = spawnSync('trace-cmd', args, { encoding: 'utf8' });
    if (status === 0 && existsSync(to) && statSync(to).size > 0) return to;
    this.notes.push(`trace-cmd could not convert to ${name}: ${stderr?.trim()}`);
    return null;
  }

  async printedBy(command, args, name) {
    const to = path.join(this.folder, name);
    const output = openSync(to, 'w');
    const child = spawn(command, args, { stdio: ['ignore', output, 'ignore'] });
    const status = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    }).finally(() => closeSync(output));
    if (status === 0) return to;
    this.notes.push(`${command} ${args.join(' ')} ended with ${status}`);
    return null;
  }
}
