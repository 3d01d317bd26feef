// What the tests need of Debian: installed when this is root on a system with apt, else asked for.
import { existsSync } from 'node:fs';
import { onPath, runLogged } from './command.mjs';

const chromiumPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser that shows the workbench: $PAGE_HOLDERS_CHROMIUM, or where Debian and others put it. */
export function findChromium() {
  const chosen = process.env.PAGE_HOLDERS_CHROMIUM;
  if (chosen && !existsSync(chosen)) throw new Error(`PAGE_HOLDERS_CHROMIUM: there is no file ${chosen}`);
  return chosen ?? chromiumPaths.find((file) => existsSync(file));
}

const tools = {
  // Without a font package Chromium draws no text at all.
  browser: { isThere: () => findChromium() !== undefined, packages: ['chromium', 'fonts-dejavu-core'] },
  compiler: {
    isThere: () => ['g++', 'make', 'python3'].every(onPath),
    packages: ['g++', 'make', 'python3'],
  },
  // What the bench compares with, and measures with.
  traceCmd: { isThere: () => onPath('trace-cmd'), packages: ['trace-cmd'] },
  perf: { isThere: () => onPath('perf'), packages: ['linux-perf'] },
  shellcheck: { isThere: () => onPath('shellcheck'), packages: ['shellcheck'] },
  cscope: { isThere: () => onPath('cscope'), packages: ['cscope'] },
  ripgrep: { isThere: () => onPath('rg'), packages: ['ripgrep'] },
  elfutils: { isThere: () => onPath('eu-addr2line'), packages: ['elfutils'] },
  gnuTime: { isThere: () => existsSync('/usr/bin/time'), packages: ['time'] },
  symbolizer: {
    isThere: () => ['gcc', 'ld', 'nm', 'objcopy', 'llvm-symbolizer'].every(onPath),
    packages: ['gcc', 'binutils', 'llvm'],
  },
  unpacker: { isThere: () => ['tar', 'xz'].every(onPath), packages: ['tar', 'xz-utils'] },
};

let lastCall = Promise.resolve();

/** Makes the named tools (keys of `tools`) available, or throws saying what to install. */
export function ensureTools(...names) {
  // One at a time: a second apt-get would fail on the lock of the first.
  lastCall = lastCall.catch(() => undefined).then(() => install(names));
  return lastCall;
}

async function install(names) {
  const packages = names.filter((name) => !tools[name].isThere()).flatMap((name) => tools[name].packages);
  if (packages.length === 0) return;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    throw new Error(
      `The tests need ${packages.join(', ')}. Only root on a Debian system gets them installed by the tests: ` +
        'install them, or name a Chromium with PAGE_HOLDERS_CHROMIUM.',
    );
  }
  console.log(`installing ${packages.join(' ')} from Debian`);
  await updateLists();
  await runLogged('debian', 'apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env });
}

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
let update;
function updateLists() {
  update ??= runLogged('debian', 'apt-get', ['update'], { env });
  return update;
}

/** Downloads the .deb of a package into `folder`. Installs nothing, and needs root only when apt has no lists yet. */
export async function downloadPackage(name, folder) {
  if (!onPath('apt-get')) {
    throw new Error(`The tests need Debian's package ${name}, and there is no apt-get to fetch it with.`);
  }
  const download = () => runLogged('debian', 'apt-get', ['download', name], { cwd: folder, env });
  try {
    await download();
  } catch (error) {
    // No lists yet, or old ones that name a version that is gone.
    if (process.getuid?.() !== 0) throw error;
    await updateLists();
    await download();
  }
}
