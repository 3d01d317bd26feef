// The extension as people get it: packaged as a .vsix, installed into a folder of extensions.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { runLogged } from './command.mjs';
import { repository } from './paths.mjs';

/** Makes the .vsix (`npm run package`), unless PAGE_HOLDERS_VSIX names one that is made already; resolves to its path. */
export async function packageExtension() {
  const { PAGE_HOLDERS_VSIX: made } = process.env;
  if (made !== undefined) return made;
  await runLogged('package', 'npm', ['run', 'package'], { cwd: repository });
  const { name, version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8'));
  return path.join(repository, `${name}-${version}.vsix`);
}

/** Installs a .vsix with the server `host` (`{ server, node }`). */
export async function installExtension(host, vsix, extensionsFolder) {
  await runLogged(
    'install-extension',
    host.node,
    [
      host.server,
      ...['--install-extension', vsix, '--extensions-dir', extensionsFolder],
      ...['--server-data-dir', path.join(extensionsFolder, '.server'), '--accept-server-license-terms'],
    ],
    { env: { ...process.env, HOME: extensionsFolder } },
  );
}

/** Unpacks a .vsix into `folder` and resolves to the folder of the extension in it. */
export function unpackExtension(vsix, folder) {
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(vsix)))) {
    if (name.endsWith('/')) continue;
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), bytes);
  }
  return path.join(folder, 'extension');
}
