/**
 * The engine as seen from the editor's thread: requests go to a worker, which is started with the first one.
 *
 * When the worker ends by itself (out of memory, a bug), every open request fails with an EngineStoppedError, the
 * listener hears of it once, and the next request starts a new worker with no captures in it.
 */
import { Worker } from 'node:worker_threads';
import { CancelledError, EngineStoppedError } from './errors';
import type {
  Answer,
  EngineApi,
  FromEngine,
  Method,
  PlainError,
  Request,
  RequestOptions,
  ToEngine,
  WorkerData,
} from './protocol';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: RequestOptions['onProgress'];
}

export class EngineClient implements EngineApi {
  private worker: Worker | null = null;
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private disposed = false;
  private stopListener: (reason: string) => void = () => undefined;

  /**
   * @param script path of the bundled worker
   * @param workerData what it is started with
   */
  constructor(
    private readonly script: string,
    private readonly workerData: WorkerData,
  ) {}

  /** Has `listener` told why the worker ended, when nobody asked it to. */
  onStopped(listener: (reason: string) => void): void {
    this.stopListener = listener;
  }

  readonly openCapture: EngineApi['openCapture'] = (request, options) =>
    this.ask('openCapture', request, options);
  readonly closeCapture: EngineApi['closeCapture'] = (request, options) =>
    this.ask('closeCapture', request, options);
  readonly children: EngineApi['children'] = (request, options) => this.ask('children', request, options);
  readonly setKernelTree: EngineApi['setKernelTree'] = (request, options) =>
    this.ask('setKernelTree', request, options);
  readonly lookUpFunctions: EngineApi['lookUpFunctions'] = (request, options) =>
    this.ask('lookUpFunctions', request, options);
  readonly resolveFrames: EngineApi['resolveFrames'] = (request, options) =>
    this.ask('resolveFrames', request, options);
  readonly text: EngineApi['text'] = (request, options) => this.ask('text', request, options);

  async dispose(): Promise<void> {
    this.disposed = true;
    const { worker } = this;
    this.worker = null;
    this.rejectAll(new CancelledError());
    await worker?.terminate();
  }

  private ask<M extends Method>(
    method: M,
    request: Request<M>,
    options?: RequestOptions,
  ): Promise<Answer<M>> {
    const signal = options?.signal;
    if (this.disposed || signal?.aborted === true) return Promise.reject(new CancelledError());
    const worker = this.running();
    const id = this.nextId++;
    return new Promise<unknown>((resolve, reject) => {
      this.pending.set(id, { resolve, reject, onProgress: options?.onProgress });
      const cancel = (): void => {
        // The worker may be too busy to hear it soon; whoever asked does not have to wait for that.
        send(worker, { type: 'cancel', id });
        this.pending.delete(id);
        reject(new CancelledError());
      };
      signal?.addEventListener('abort', cancel, { once: true });
      send(worker, { type: 'request', id, method, request });
      // The answer to `method` has its type; the message port only forgot it.
    }) as Promise<Answer<M>>;
  }

  private running(): Worker {
    if (this.worker !== null) return this.worker;
    const worker = new Worker(this.script, { name: 'page-holders engine', workerData: this.workerData });
    worker.on('message', (message: FromEngine) => {
      this.receive(message);
    });
    worker.on('error', (error: Error) => {
      this.stopped(worker, error.message);
    });
    worker.on('exit', (code) => {
      this.stopped(worker, `it ended with code ${code}`);
    });
    this.worker = worker;
    return worker;
  }

  private receive(message: FromEngine): void {
    const pending = this.pending.get(message.id);
    if (pending === undefined) return;
    if (message.type === 'progress') {
      pending.onProgress?.(message.report);
      return;
    }
    this.pending.delete(message.id);
    if (message.type === 'result') pending.resolve(message.value);
    else pending.reject(thrown(message.error));
  }

  private stopped(worker: Worker, reason: string): void {
    if (this.worker !== worker) return;
    this.worker = null;
    this.rejectAll(new EngineStoppedError(`The analysis stopped: ${reason}.`));
    this.stopListener(reason);
  }

  private rejectAll(error: Error): void {
    for (const pending of this.pending.values()) pending.reject(error);
    this.pending.clear();
  }
}

function send(worker: Worker, message: ToEngine): void {
  worker.postMessage(message);
}

/** An error of the worker, with the name and the stack that it had there. */
function thrown(plain: PlainError): Error {
  if (plain.name === 'CancelledError') return new CancelledError();
  const error = new Error(plain.message);
  error.name = plain.name;
  if (plain.stack !== null) error.stack = plain.stack;
  return error;
}
