import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';

interface Rule {
  readonly match?: string;
  readonly begin?: string;
}
interface Grammar {
  readonly repository: Readonly<Record<string, Rule>>;
}
interface Manifest {
  readonly contributes: { readonly languages: readonly { readonly firstLine: string }[] };
}

const grammar = JSON.parse(readFileSync('media/ftrace.tmLanguage.json', 'utf8')) as Grammar;

function lines(file: string): readonly string[] {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1').split('\n').filter(Boolean);
}

/** Names of the rules that take a line as a whole. */
function rulesOf(line: string): readonly string[] {
  return Object.entries(grammar.repository)
    .filter(([, rule]) => new RegExp(rule.match ?? rule.begin ?? '$.').test(line))
    .map(([name]) => name);
}

const TEXTS = [
  'media/sample/trace.txt',
  'test/fixtures/f_raw_default/trace.txt.gz',
  'test/fixtures/f_raw_symaddr/trace.txt.gz',
  'test/fixtures/f_raw_tgid/trace.txt',
  'test/fixtures/f_pipe_lost/trace_pipe.txt.gz',
  'test/fixtures/f_dat_tsc/report.txt',
  'test/fixtures/f_dat_instance/report.txt.gz',
  'test/fixtures/b_multi/report.txt.gz',
  'test/fixtures/p_shmem_reader/trace.txt.gz',
  'test/fixtures/f_dat_v7_zstd/report-noplugins.txt',
  'test/fixtures/f_dat_v7_zstd/report-latency.txt.gz',
  'test/fixtures/f_dat_v7_zstd/report-ns.txt.gz',
  'test/fixtures/f_dat_v7_zstd/report-offset.txt.gz',
  'test/fixtures/f_dat_v7_zstd/report-tsdiff.txt.gz',
  'test/fixtures/f_dat_v7_zstd/report-raw.txt',
  'test/fixtures/f_perf/perf.txt.gz',
  'test/fixtures/perf/kmem-pipe.txt.gz',
  'test/fixtures/perf/kmem-zstd.txt.gz',
];

for (const file of TEXTS) {
  test(`the grammar knows every line of ${file}`, () => {
    for (const line of lines(file)) {
      const rules = rulesOf(line);
      assert.equal(rules.length, 1, `${rules.join(' and ') || 'no rule'} for: ${line.slice(0, 120)}`);
    }
  });
}

test('captures are told by their first line, other files with a # in it are not', () => {
  const { languages } = (JSON.parse(readFileSync('package.json', 'utf8')) as Manifest).contributes;
  const firstLine = new RegExp(languages[0]!.firstLine);
  assert.match(lines('media/sample/trace.txt')[0]!, firstLine);
  assert.match(lines('test/fixtures/f_dat_tsc/report.txt')[0]!, firstLine);
  for (const other of [
    '# Tracer',
    '#!/bin/sh',
    '# tracer',
    'cpus=2;',
    '# SPDX-License-Identifier: GPL-2.0',
  ]) {
    assert.doesNotMatch(other, firstLine);
  }
});
