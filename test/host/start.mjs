// npm start: the report on the sample capture in the terminal, and how to see the same in VS Code.
import path from 'node:path';
import { runVisible } from './command.mjs';
import { findDesktopCommand } from './desktop.mjs';
import { findKernelTree } from './kernelTree.mjs';
import { repository } from './paths.mjs';

const capture = 'media/sample/trace.txt';
const kernelTree = findKernelTree();
const report = ['dist/page-holders.js', 'report', capture, ...(kernelTree ? ['--tree', kernelTree] : [])];

const inRepository = { cwd: repository };
const built = await runVisible(process.execPath, ['esbuild.mjs', '--ship'], inRepository);
if (built !== 0) process.exit(built);
console.log(`$ node ${report.join(' ')}\n`);
const status = await runVisible(process.execPath, report, inRepository);
if (status !== 0) process.exit(status);

const hints = [];
if (!kernelTree) hints.push('File and line of each frame: add --tree KERNEL-TREE to that command.');
hints.push(...inVSCode());
console.log(`\n${hints.join('\n')}`);

function inVSCode() {
  const desktop = findDesktopCommand();
  if (desktop) {
    const extension = `--extensionDevelopmentPath=${repository}`;
    const files = [kernelTree ?? 'KERNEL-TREE', path.join(repository, capture)];
    return ['The same in VS Code:', `  ${desktop} ${[extension, ...files].join(' ')}`];
  }
  const lines = [
    'The same in VS Code: npm run package, then "Extensions: Install from VSIX…" and open the sample.',
  ];
  if (process.platform === 'linux') {
    lines.push('Without a VS Code on this machine: npm run host serves one for a browser.');
  }
  return lines;
}
