import { main as compileAssemblyScript } from 'assemblyscript/asc';
import path from 'node:path';

/** The same for all bundles of a build. */
const compiled = new Map();

/** For esbuild: what is imported from a `.wasm` are the bytes that the AssemblyScript of its name compiles to. */
export const webAssembly = {
  name: 'AssemblyScript',
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, ({ path: file, resolveDir }) => ({
      path: path.join(resolveDir, file).replace(/\.wasm$/, '.ts'),
      namespace: 'assemblyscript',
    }));
    build.onLoad({ filter: /.*/, namespace: 'assemblyscript' }, async ({ path: file }) => {
      if (!compiled.has(file)) compiled.set(file, compile(file));
      return { contents: await compiled.get(file), loader: 'binary' };
    });
  },
};

async function compile(file) {
  // What it imports must be below the folder from which it starts.
  const baseDir = path.dirname(path.dirname(file));
  let code = null;
  const options = [
    '--enable',
    'simd',
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
