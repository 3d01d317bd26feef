// Bundles what ships (dist/) and the tests (out/). `--production` minifies and leaves source maps out;
// `--ship` builds dist/ alone.
import { build } from 'esbuild';
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { webAssembly } from './src/capture/loop/webAssembly.mjs';

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
  metafile: true,
  loader: { '.sh': 'text' },
  plugins: [webAssembly],
  // The zstd decoder takes its embedded WebAssembly through `fetch` where there is one. In Node that loads an HTTP
  // client, which takes half of the 24 ms until the first block is decompressed; nothing else would use it.
  define: { fetch: 'undefined' },
  logLevel: 'warning',
};

function filesBelow(folder, suffix) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(suffix))
    .map((name) => path.join(folder, name));
}

/**
 * Builds into `outdir` and removes what an earlier build left there: a test that is gone must not run.
 * @param kept names of folders in it that others build
 */
async function bundle(outdir, options, kept = []) {
  const { metafile } = await build({ ...common, outdir, ...options });
  const written = new Set([...Object.keys(metafile.outputs).map((file) => path.basename(file)), ...kept]);
  if (!existsSync(outdir)) return;
  for (const name of readdirSync(outdir)) {
    if (!written.has(name)) rmSync(path.join(outdir, name), { recursive: true });
  }
}

const ship = [
  { in: 'src/extension.ts', out: 'extension' },
  { in: 'src/engine/node/worker.ts', out: 'worker' },
  { in: 'src/engine/node/decompressionWorker.ts', out: 'decompression' },
  { in: 'src/cli/start.ts', out: 'page-holders' },
  { in: 'src/cli/main.ts', out: 'cli' },
].filter((entry) => existsSync(entry.in));
const launcher = 'page-holders';
// Modules of Node that are loaded late are loaded by `require`: `import()` fails in code that V8 kept of an earlier run.
await bundle('dist', { entryPoints: ship, supported: { 'dynamic-import': false } }, [
  'webview',
  'web',
  launcher,
]);
copyFileSync('src/cli/launch.sh', path.join('dist', launcher));
// The same extension and its worker where no Node is there.
await bundle('dist/web', {
  entryPoints: ['src/web/extension.ts', 'src/web/worker.ts'],
  inject: ['src/web/embeddedFetch.ts'],
  platform: 'browser',
  target: 'es2022',
  define: {},
});
// The page of the capture editor runs in a browser, and brings VS Code's own icons with it.
await bundle('dist/webview', {
  entryPoints: ['src/webview/main.ts', 'src/webview/captureEditor.css'],
  platform: 'browser',
  format: 'iife',
  define: {},
  target: 'es2022',
  external: [],
  loader: { '.ttf': 'file' },
});

if (!shipOnly) {
  // One flat folder: a shell glob then names all test files on every Node version.
  await bundle('out/unit', {
    entryPoints: filesBelow('test/unit', '.test.ts'),
    entryNames: '[name]',
    // There is no editor: a test says what it does.
    external: [],
    alias: { vscode: './test/unit/views/support/fakeVscode.ts' },
  });
  await bundle('out/integration', {
    entryPoints: filesBelow('test/integration', '.ts'),
    external: ['vscode', 'mocha'],
  });
}
