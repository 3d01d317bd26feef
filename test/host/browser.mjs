import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { ensureTools, findChromium } from './debian.mjs';

/**
 * The page of a webview needs a service worker, which a frame of another origin has only where third parties may store:
 * so it is in Chrome as it comes, but not in its private windows, and not in Debian's Chromium. 0 blocks nothing.
 */
const preferences = { profile: { cookie_controls_mode: 0 } };

/**
 * Opens a headless Chromium in a throw-away profile that reaches this machine alone. Resolves to `{ context, page,
 * refused, close }`.
 *
 * @param isHere whether a host name is one of this machine that the workbench is served from
 */
export async function openBrowser(isHere = (host) => host === '127.0.0.1') {
  await ensureTools('browser');
  const profile = mkdtempSync(path.join(os.tmpdir(), 'page-holders-browser-'));
  mkdirSync(path.join(profile, 'Default'));
  writeFileSync(path.join(profile, 'Default/Preferences'), JSON.stringify(preferences));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    headless: true,
    args: [
      // Chromium refuses to sandbox itself as root.
      '--no-sandbox',
      ...['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
      // What the workbench asks of the internet fails at once instead of hanging.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost',
    ],
    viewport: { width: 1400, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  // Told by events: a route of Playwright's turns off the cache, and with it the compiled code of the workbench.
  const refused = new Set();
  context.on('request', (request) => {
    const { hostname, host } = new URL(request.url());
    if (hostname !== '' && !isHere(hostname)) refused.add(host);
  });
  const [page] = context.pages();
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context, page, refused, close };
}
