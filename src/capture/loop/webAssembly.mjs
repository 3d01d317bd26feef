import { main as compileAssemblyScript } from 'assemblyscript/asc';
import path from 'node:path';

/** The same for all bundles of a build. */
const compiled = new Map();

/** Of a module for memory that is shared between threads, the name in front of `.wasm`. */
const SHARED = '.shared';
/** WebAssembly can address 4 GB: the most that memory which comes from elsewhere may grow to, in pages of 64 kB. */
const SHARED_OPTIONS = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'];

/**
 * For esbuild: what is imported from a `.wasm` are the bytes that the AssemblyScript of its name compiles to, and from a
 * `.shared.wasm` the same for shared memory.
 */
export const webAssembly = {
  name: 'AssemblyScript',
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, ({ path: file, resolveDir }) => ({
      path: path.join(resolveDir, file),
      namespace: 'assemblyscript',
    }));
    build.onLoad({ filter: /.*/, namespace: 'assemblyscript' }, async ({ path: file }) => {
      if (!compiled.has(file)) compiled.set(file, compile(file.slice(0, -'.wasm'.length)));
      return { contents: await compiled.get(file), loader: 'binary' };
    });
  },
};

/** @param name of the file that is asked for, without `.wasm` */
async function compile(name) {
  const isShared = name.endsWith(SHARED);
  const file = `${isShared ? name.slice(0, -SHARED.length) : name}.ts`;
  // What it imports must be below the folder from which it starts.
  const baseDir = path.dirname(path.dirname(file));
  let code = null;
  const options = [
    '--enable',
    'simd',
    ...(isShared ? SHARED_OPTIONS : []),
    '--runtime',
    'stub',
    '--noAssert',
    '-O3',
    '--importMemory',
    '--outFile',
    'out.wasm',
  ];
  const { error, stderr } = await compileAssemblyScript(
    [path.relative(baseDir, file), '--baseDir', baseDir, ...options],
    { writeFile: (_, contents) => (code = contents) },
  );
  if (error || code === null) throw new Error(`${file} does not compile:\n${stderr.toString()}`);
  return code;
}
