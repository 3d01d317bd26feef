import { build } from 'esbuild';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { webAssembly } from '../../src/capture/loop/webAssembly.mjs';
import { repository } from '../host/paths.mjs';

const folder = path.join(repository, 'out', 'bench');

/** As the programs that ship are built. */
const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  minify: true,
  loader: { '.sh': 'text' },
  plugins: [webAssembly],
  define: { fetch: 'undefined' },
  supported: { 'dynamic-import': false },
  logLevel: 'warning',
};

/** Looked for beside what reads captures. */
const decompression = {
  in: path.join(repository, 'src/engine/node/decompressionWorker.ts'),
  out: 'decompression',
};

/** Bundles a TypeScript file of the bench, named relative to test/bench, and says where the bundle is. */
export async function bundled(name) {
  const outfile = path.join(folder, `${path.basename(name, '.ts')}.cjs`);
  await build({
    ...common,
    entryPoints: [path.join(import.meta.dirname, name)],
    outfile,
  });
  return outfile;
}

/** Bundles the command line as it ships, and says which program starts it, in the `node` of the PATH. */
export async function bundledCommandLine() {
  const outdir = path.join(folder, 'cli');
  await build({
    ...common,
    entryPoints: [
      { in: path.join(repository, 'src/cli/start.ts'), out: 'page-holders' },
      { in: path.join(repository, 'src/cli/main.ts'), out: 'cli' },
      decompression,
    ],
    outdir,
  });
  const launcher = path.join(outdir, 'page-holders');
  copyFileSync(path.join(repository, 'src/cli/launch.sh'), launcher);
  return launcher;
}

/** Bundles what reads captures, with the thread that decompresses beside it, and says where it is. */
export async function bundledLibrary() {
  await build({ ...common, entryPoints: [decompression], outdir: folder });
  return bundled('library.ts');
}
