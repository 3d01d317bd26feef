/** Starts the engine in a worker thread of Node. */
import os from 'node:os';
import { Worker } from 'node:worker_threads';
import type { StartWorker } from '../client';
import type { FromEngine } from '../protocol';

/** What a worker is started with. */
export interface WorkerData {
  /** Folder for what is kept from one run to the next. */
  readonly cacheFolder: string;
  /** Where a vmlinux is looked for that nobody chose: `/`; nowhere when it is absent. */
  readonly systemRoot?: string;
  /** Path of the bundled thread that decompresses large captures; none is started when it is absent. */
  readonly decompressionScript?: string;
}

/** Memory of JavaScript objects in the worker, in MB; columns of events are not counted, and fail by themselves. */
const OBJECTS_PER_MACHINE = 1 / 4;
const MOST_OBJECTS = 2048;

/**
 * @param script path of the bundled worker
 * @param workerData what it is started with
 * @param largestHeap the worker ends when its objects take more, in MB: it alone, not the process around it
 */
export function inWorkerThread(
  script: string,
  workerData: WorkerData,
  largestHeap = defaultHeap(),
): StartWorker {
  return ({ receive, stopped }) => {
    const worker = new Worker(script, {
      name: 'page-holders engine',
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: largestHeap },
    });
    worker.on('message', (message: FromEngine) => {
      receive(message);
    });
    worker.on('error', (error: Error) => {
      stopped(error.message);
    });
    worker.on('exit', (code) => {
      stopped(`it ended with code ${code}`);
    });
    return {
      post: (message) => {
        worker.postMessage(message);
      },
      end: async () => {
        await worker.terminate();
      },
    };
  };
}

function defaultHeap(): number {
  return Math.floor(Math.min(MOST_OBJECTS, (os.totalmem() / 2 ** 20) * OBJECTS_PER_MACHINE));
}
