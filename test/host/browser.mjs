import { chromium } from 'playwright-core';
import { ensureTools, findChromium } from './debian.mjs';

/**
 * Opens a headless Chromium that reaches this machine alone. Resolves to `{ browser, context, page, refused }`.
 *
 * @param isHere whether a host name is one of this machine that the workbench is served from
 */
export async function openBrowser(isHere = (host) => host === '127.0.0.1') {
  await ensureTools('browser');
  const browser = await chromium.launch({
    executablePath: findChromium(),
    headless: true,
    args: [
      // Chromium refuses to sandbox itself as root.
      '--no-sandbox',
      ...['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
    ],
  });
  const context = await browser.newContext({
    viewport: { width: 1400, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  // What the workbench asks of the internet fails at once instead of hanging.
  const refused = new Set();
  await context.route(
    (url) => url.hostname !== '' && !isHere(url.hostname),
    (route) => {
      refused.add(new URL(route.request().url()).host);
      return route.abort();
    },
  );
  return { browser, context, page: await context.newPage(), refused };
}
