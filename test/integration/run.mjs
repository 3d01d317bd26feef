// Runs out/integration (mocha) inside a real extension host, with the kernel tree as its folder.
// usage: node test/integration/run.mjs [newest|floor] [--again]
//   newest  a desktop VS Code if there is one, else the newest code-server; floor: the oldest VS Code promised
//   --again  after a run in which tests failed: all is good when those do not fail here, as in test/host/secondRun.mjs
// PAGE_HOLDERS_HOST=code-server passes over the desktop one; PAGE_HOLDERS_VERBOSE=1 shows what the workbench logs.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { format } from 'node:util';
import { openBrowser } from '../host/browser.mjs';
import { ensureCodeServer, hosts } from '../host/codeServer.mjs';
import { findDesktop, runInDesktop } from '../host/desktop.mjs';
import { ensureKernelTree } from '../host/kernelTree.mjs';
import { outFolder, repository } from '../host/paths.mjs';
import { printResults } from '../host/report.mjs';
import { isGoodNow, keepFailed, takeFailed } from '../host/secondRun.mjs';
import { startServer } from '../host/server.mjs';

const timeLimit = 5 * 60_000;

const host = process.argv[2] ?? 'newest';
if (!Object.hasOwn(hosts, host)) {
  console.error(`The host is one of ${Object.keys(hosts).join(', ')}, not ${host}`);
  process.exit(2);
}
process.exitCode = (await runSuite(host)) ? 0 : 1;

async function runSuite(host) {
  const suite = host === 'floor' ? 'floor' : 'integration';
  const before = takeFailed(suite, process.argv[3] === '--again');
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-results-'));
  const resultsFile = path.join(scratch, 'results.json');
  try {
    const folder = await ensureKernelTree();
    const run = {
      extension: repository,
      tests: path.join(outFolder, 'integration/index'),
      folder,
      env: { PAGE_HOLDERS_RESULTS: resultsFile, PAGE_HOLDERS_KERNEL_TREE: folder },
    };
    const usesDesktop = host === 'newest' && process.env.PAGE_HOLDERS_HOST !== 'code-server';
    const desktop = usesDesktop ? await findDesktop() : undefined;
    console.log(`host: ${desktop ?? `code-server, VS Code ${hosts[host].vscode}`}`);
    const status = desktop ? await runInDesktop(desktop, run) : await runInCodeServer(host, run);
    if (!existsSync(resultsFile)) throw new Error('The suite did not come to its end: it left no results.');
    const results = JSON.parse(readFileSync(resultsFile, 'utf8'));
    if (printResults(suite, results) && status === 0) return true;
    keepFailed(
      suite,
      results.failures.map(({ fullTitle }) => ({ name: fullTitle })),
    );
    return isGoodNow(before, new Set(results.passes.map(({ fullTitle }) => fullTitle)));
  } catch (error) {
    console.error(error);
    return false;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Resolves to the exit status that the extension host gave: 0 when `run` of the tests resolved. */
async function runInCodeServer(host, { extension, tests, folder, env }) {
  const server = await startServer(await ensureCodeServer(host), {
    log: `integration-${host}`,
    env,
    // Without it a built workbench passes over extensionDevelopmentPath and extensionTestsPath in silence.
    args: ['--enable-smoke-test-driver'],
    kernelTree: folder,
  });
  const browser = await openBrowser();
  const { page } = browser;
  const log = [];
  try {
    const ended = new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error(`no result within ${timeLimit / 1000} s`)), timeLimit).unref();
      page.on('crash', () => reject(new Error('the page of the workbench crashed')));
      void page.exposeFunction('codeAutomationExit', resolve);
    });
    await page.exposeFunction('codeAutomationLog', (type, args) => {
      const line = `[${type}] ${format(...args)}`;
      log.push(line);
      if (process.env.PAGE_HOLDERS_VERBOSE) console.log(line);
    });
    const remote = (file) => `vscode-remote://${server.authority}${file}`;
    const payload = [
      ['extensionDevelopmentPath', remote(extension)],
      ['extensionTestsPath', remote(tests)],
      ['skipWelcome', 'true'],
      ['skipReleaseNotes', 'true'],
    ];
    await page.goto(server.url({ folder, payload: JSON.stringify(payload) }));
    const status = await ended;
    if (status !== 0) await page.screenshot({ path: path.join(outFolder, 'integration-failure.png') });
    return status;
  } catch (error) {
    await page.screenshot({ path: path.join(outFolder, 'integration-failure.png') }).catch(() => undefined);
    console.error(log.filter((line) => line.startsWith('[error')).join('\n'));
    throw error;
  } finally {
    await browser.close();
    await server.stop();
  }
}
