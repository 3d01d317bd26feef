// A file system over HTTP, as those of github.dev and the like are: files are read whole, and nothing tells of changes.
const vscode = require('vscode');

exports.activate = ({ extensionUri, subscriptions }) => {
  const server = extensionUri.with({ path: '/mounted' });
  const files = new MountedFolder(server.toString(true));
  subscriptions.push(
    vscode.workspace.registerFileSystemProvider('mounted', files, { isCaseSensitive: true }),
  );
};

class MountedFolder {
  onDidChangeFile = () => new vscode.Disposable(() => undefined);

  constructor(server) {
    this.server = server;
  }

  async ask(uri, how, options) {
    const response = await fetch(`${this.server}${encodeURI(uri.path)}?${how}`, options);
    if (response.status === 404) throw vscode.FileSystemError.FileNotFound(uri);
    if (!response.ok) throw vscode.FileSystemError.Unavailable(uri);
    return response;
  }

  watch() {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri) {
    return (await this.ask(uri, 'stat')).json();
  }

  async readDirectory(uri) {
    return (await this.ask(uri, 'list')).json();
  }

  async readFile(uri) {
    return new Uint8Array(await (await this.ask(uri, 'read')).arrayBuffer());
  }

  async writeFile(uri, body) {
    await this.ask(uri, 'write', { method: 'POST', body });
  }

  createDirectory(uri) {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri) {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri) {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
}
