/** Decompresses blocks in a worker thread of Node. */
import { Worker } from 'node:worker_threads';
import type {
  Batch,
  DecompressionThread,
  StartDecompression,
} from '../../capture/traceDat/decompressionThread';

/** @param script path of the bundled thread */
export function decompressionIn(script: string): StartDecompression {
  return (compression) => new WorkerDecompression(script, compression);
}

class WorkerDecompression implements DecompressionThread {
  isOver = false;
  private readonly worker: Worker;
  /** Who waits for an answer, which say nothing and come in the order of the questions; the longest first. */
  private readonly waiting: (() => void)[] = [];

  constructor(script: string, compression: string) {
    this.worker = new Worker(script, { name: 'page-holders decompression', workerData: compression });
    this.worker.on('message', () => this.waiting.shift()?.());
    // Who reads decompresses for itself then.
    this.worker.on('error', this.fail);
    this.worker.on('exit', this.fail);
  }

  decompress(batch: Batch): Promise<void> {
    // It may have failed while the batch was put together, and nobody would answer.
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.worker.postMessage(batch);
    });
  }

  end(): void {
    this.fail();
    void this.worker.terminate();
  }

  private readonly fail = (): void => {
    this.isOver = true;
    for (const resolve of this.waiting.splice(0)) resolve();
  };
}
