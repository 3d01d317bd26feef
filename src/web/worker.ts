/** The engine in a worker of the browser: the first message says with what it is started. */
import { EngineServer } from '../engine/engineServer';
import type { FromEngine, ToEngine } from '../engine/protocol';
import { workspaceHost } from '../engine/workspaceHost';
import type { WebWorkerData } from './startWorker';

let server: EngineServer | null = null;

self.addEventListener('message', ({ data }: MessageEvent<WebWorkerData | ToEngine>) => {
  if ('cacheFolder' in data) server = start(data);
  else server?.receive(data);
});

function start({ cacheFolder }: WebWorkerData): EngineServer {
  const post = (message: FromEngine): void => {
    self.postMessage(message);
  };
  return new EngineServer(post, (files) => workspaceHost(files, cacheFolder));
}
