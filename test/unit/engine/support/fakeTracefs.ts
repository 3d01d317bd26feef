/** Files that a recording script takes for tracefs and debugfs. Writing one replaces its text, as an editor would. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-record-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const CONTEXT = ['cma:cma_alloc_start', 'migrate:mm_migrate_pages', 'page_isolation:test_pages_isolated'];
export const PAGE_REF = [
  'kmem:mm_page_alloc',
  'page_ref:page_ref_mod',
  'page_ref:page_ref_freeze',
  ...CONTEXT,
];
export const PIN_OWNER = [
  'kmem:mm_page_alloc',
  'page_pin_owner:page_pin_owner_put',
  'page_pin_owner:report_page_pinners',
  ...CONTEXT,
];
export const NEAREST = ['kmem:mm_page_alloc', ...CONTEXT];

export interface FakeKernel {
  /** A folder of this machine alone. */
  readonly folder: string;
  readonly tracefs: string;
  readonly debugfs: string;
  /** What the script is started with. */
  readonly env: NodeJS.ProcessEnv;
}

/** @param canMakeInstances whether a folder in `instances` gets the files of a trace instance */
export function fakeKernel(events: readonly string[], canMakeInstances: boolean): FakeKernel {
  const folder = mkdtempSync(path.join(scratch, 'kernel-'));
  const tracefs = path.join(folder, 'tracefs');
  const debugfs = path.join(folder, 'debugfs');
  const template = path.join(folder, 'template');
  writeAll(template, {
    tracing_on: '1\n',
    trace_clock: '[local] global counter mono\n',
    buffer_size_kb: '7 (expanded: 1408)\n',
    current_tracer: 'function\n',
    trace: 'what was there\n',
    'options/stacktrace': '0\n',
    'options/sym-offset': '0\n',
    'per_cpu/cpu0/stats': 'entries: 3\noverrun: 2\ndropped events: 1\n',
    'per_cpu/cpu1/stats': 'entries: 3\noverrun: 4\ndropped events: 0\n',
  });
  for (const event of events) {
    const place = `events/${event.replace(':', '/')}`;
    const trigger = '# Available triggers:\n# traceon traceoff stacktrace\n';
    writeAll(template, {
      [`${place}/enable`]: '0*\n',
      [`${place}/filter`]: 'none\n',
      [`${place}/trigger`]: trigger,
    });
  }
  cpSync(template, tracefs, { recursive: true });
  writeAll(tracefs, { available_events: `${events.join('\n')}\n` });
  mkdirSync(path.join(tracefs, 'instances'));
  writeAll(debugfs, {
    'cma/reserved/base_pfn': '75776\n',
    'cma/reserved/count': '2048\n',
    page_owner: 'owners\n',
  });
  writeAll(folder, { kallsyms: 'ffffffff81000000 T _stext\n', cmdline: 'quiet page_pin_owner=on\n' });
  const programs = path.join(folder, 'bin');
  if (canMakeInstances) {
    // What the kernel does when a folder is made or removed there.
    writeAll(programs, {
      mkdir: `#!/bin/sh\n/bin/mkdir "$1" && case $1 in */instances/*) cp -r "${template}/." "$1" ;; esac\n`,
      rmdir: `#!/bin/sh\ncase $1 in */instances/*) rm -r "$1" ;; *) /bin/rmdir "$1" ;; esac\n`,
    });
  }
  return {
    folder,
    tracefs,
    debugfs,
    env: {
      ...process.env,
      PATH: `${programs}:${process.env['PATH'] ?? ''}`,
      TRACEFS: tracefs,
      DEBUGFS: debugfs,
      KALLSYMS: path.join(folder, 'kallsyms'),
      CMDLINE: path.join(folder, 'cmdline'),
      OUTPUT: path.join(folder, 'out'),
    },
  };
}

/** Adds a program of that name to those that the script finds. */
export function addProgram({ folder }: FakeKernel, name: string, text: string): void {
  writeAll(path.join(folder, 'bin'), { [name]: text });
}

/** Every file below a folder with its text, by relative path. */
export function filesBelow(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true }).map(String).sort();
  const files = names.filter((name) => statSync(path.join(folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

export function writeAll(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o755 });
  }
}
