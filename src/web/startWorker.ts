/** Starts the engine in a worker of the browser. */
import type { StartWorker } from '../engine/client';
import type { FromEngine } from '../engine/protocol';

/** What a worker is started with. */
export interface WebWorkerData {
  /** URI of the folder for what is kept from one run to the next. */
  readonly cacheFolder: string;
}

/** @param script URL of the bundled worker; VS Code lets a worker of an extension come from another origin */
export function inWebWorker(script: string, data: WebWorkerData): StartWorker {
  return ({ receive, stopped }) => {
    const worker = new Worker(script, { name: 'page-holders engine' });
    worker.addEventListener('message', ({ data: message }: MessageEvent<FromEngine>) => {
      receive(message);
    });
    worker.addEventListener('error', ({ message }) => {
      worker.terminate();
      stopped(message === '' ? 'its script could not be run' : message);
    });
    worker.postMessage(data);
    return {
      post: (message) => {
        worker.postMessage(message);
      },
      end: () => {
        worker.terminate();
        return Promise.resolve();
      },
    };
  };
}
