// Bundles what ships (dist/) and the tests (out/). `--production` minifies and leaves source maps out;
// `--ship` builds dist/ alone.
import { build } from 'esbuild';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

const production = process.argv.includes('--production');
const shipOnly = production || process.argv.includes('--ship');

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  sourcemap: !production,
  minify: production,
  logLevel: 'warning',
};

function filesBelow(folder, suffix) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(suffix))
    .map((name) => path.join(folder, name));
}

const ship = [
  { in: 'src/extension.ts', out: 'extension' },
  { in: 'src/engine/worker.ts', out: 'worker' },
  { in: 'src/cli/main.ts', out: 'page-holders' },
].filter((entry) => existsSync(entry.in));
await build({ ...common, entryPoints: ship, outdir: 'dist' });

if (!shipOnly) {
  // One flat folder: a shell glob then names all test files on every Node version.
  await build({
    ...common,
    entryPoints: filesBelow('test/unit', '.test.ts'),
    outdir: 'out/unit',
    entryNames: '[name]',
  });
  await build({
    ...common,
    entryPoints: filesBelow('test/integration', '.ts'),
    outdir: 'out/integration',
    external: ['vscode', 'mocha'],
  });
}
