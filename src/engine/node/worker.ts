/** The engine in a worker thread of Node. */
import { parentPort, workerData } from 'node:worker_threads';
import { EngineServer } from '../engineServer';
import type { ToEngine } from '../protocol';
import { hostByName, workspaceHost } from '../workspaceHost';
import { nodeHost } from './nodeHost';
import type { WorkerData } from './startWorker';

const port = parentPort;
if (port === null) throw new Error('The engine worker runs in a worker thread only.');

const { cacheFolder, systemRoot = null, decompressionScript = null } = workerData as WorkerData;
const server = new EngineServer(
  (message) => {
    port.postMessage(message);
  },
  (files) => hostByName(nodeHost(cacheFolder, systemRoot, decompressionScript), workspaceHost(files, null)),
);
port.on('message', (message: ToEngine) => {
  server.receive(message);
});
