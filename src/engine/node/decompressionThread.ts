/** Decompresses blocks in a worker thread of Node. */
import { Worker } from 'node:worker_threads';
import type {
  BatchContent,
  DecompressionThread,
  StartDecompression,
} from '../../capture/traceDat/decompressionThread';

/** What the thread is asked. */
export type ToDecompression = Parameters<DecompressionThread['decompress']>;
/** A content, without bytes where they are in the memory that the thread was given, and is shared. */
interface Answer {
  readonly bytes: Uint8Array | null;
  readonly isDamaged: readonly boolean[];
}
/** What it answers, in the order in which it is asked; at first, that it is ready. */
export type FromDecompression = 'ready' | Answer;

/** @param script path of the bundled thread */
export function decompressionIn(script: string): StartDecompression {
  return (compression) => new WorkerDecompression(script, compression);
}

class WorkerDecompression implements DecompressionThread {
  isReady = false;
  private readonly worker: Worker;
  /** Who waits for an answer, the longest first. */
  private readonly waiting: ((answer: Answer | null) => void)[] = [];

  constructor(script: string, compression: string) {
    this.worker = new Worker(script, { name: 'page-holders decompression', workerData: compression });
    this.worker.on('message', (message: FromDecompression) => {
      if (message === 'ready') this.isReady = true;
      else this.waiting.shift()?.(message);
    });
    // Who reads decompresses for itself then.
    this.worker.on('error', this.fail);
    this.worker.on('exit', this.fail);
  }

  decompress(...asked: ToDecompression): Promise<BatchContent | null> {
    // It may have failed while the batch was put together, and nobody would answer.
    if (!this.isReady) return Promise.resolve(null);
    const [batch, memory] = asked;
    return new Promise((resolve) => {
      this.waiting.push((answer) => {
        const bytes = answer?.bytes ?? memory;
        resolve(answer === null || bytes === null ? null : { bytes, isDamaged: answer.isDamaged });
      });
      this.worker.postMessage(asked, memoryOf(batch.bytes, memory));
    });
  }

  end(): void {
    this.fail();
    void this.worker.terminate();
  }

  private readonly fail = (): void => {
    this.isReady = false;
    for (const resolve of this.waiting.splice(0)) resolve(null);
  };
}

/** What can be handed over to another thread without a copy. */
export function memoryOf(...arrays: readonly (Uint8Array | null)[]): ArrayBuffer[] {
  return arrays.flatMap((array) => (array?.buffer instanceof ArrayBuffer ? [array.buffer] : []));
}
