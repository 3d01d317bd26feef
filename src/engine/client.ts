/**
 * The engine as seen from the editor's thread: requests go to a worker, which is started with the first one.
 *
 * When the worker ends by itself (out of memory, a bug), every open request fails with an EngineStoppedError, the
 * listener hears of it once, and the next request starts a new worker with no captures in it.
 */
import { CancelledError, EngineStoppedError, plainError } from './errors';
import type {
  Answer,
  EngineApi,
  FileRequest,
  FromEngine,
  Method,
  PlainError,
  Request,
  RequestOptions,
  ToEngine,
} from './protocol';
import type { WorkspaceFiles } from './workspaceFiles';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly options: RequestOptions;
}

/** A worker that runs the engine. */
interface EngineWorker {
  post(message: ToEngine): void;
  end(): Promise<void>;
}

/** Starts a worker that tells `receive` its messages, and `stopped` why it ended: once or more, also when it was ended. */
export type StartWorker = (listener: {
  readonly receive: (message: FromEngine) => void;
  readonly stopped: (reason: string) => void;
}) => EngineWorker;

export class EngineClient implements EngineApi {
  private worker: EngineWorker | null = null;
  private readonly pending = new Map<number, Pending>();
  /** Openings that were cancelled and not yet answered by the worker. */
  private readonly abandoned = new Set<number>();
  private nextId = 1;
  private disposed = false;
  private stopListener: (reason: string) => void = () => undefined;

  /**
   * @param start starts the worker
   * @param files the files of the editor's file systems, which the worker cannot reach by itself
   */
  constructor(
    private readonly start: StartWorker,
    private readonly files: WorkspaceFiles,
  ) {}

  /** Has `listener` told why the worker ended, when nobody asked it to. */
  onStopped(listener: (reason: string) => void): void {
    this.stopListener = listener;
  }

  readonly openCapture: EngineApi['openCapture'] = (request, options) =>
    this.ask('openCapture', request, options);
  readonly stopReading: EngineApi['stopReading'] = (request, options) =>
    this.ask('stopReading', request, options);
  readonly captureFacts: EngineApi['captureFacts'] = (request, options) =>
    this.ask('captureFacts', request, options);
  readonly closeCapture: EngineApi['closeCapture'] = (request, options) =>
    this.ask('closeCapture', request, options);
  readonly checkFiles: EngineApi['checkFiles'] = (request, options) =>
    this.ask('checkFiles', request, options);
  readonly children: EngineApi['children'] = (request, options) => this.ask('children', request, options);
  readonly setKernelTree: EngineApi['setKernelTree'] = (request, options) =>
    this.ask('setKernelTree', request, options);
  readonly setDebugInfo: EngineApi['setDebugInfo'] = (request, options) =>
    this.ask('setDebugInfo', request, options);
  readonly debugInfo: EngineApi['debugInfo'] = (request, options) => this.ask('debugInfo', request, options);
  readonly vmlinuxInUse: EngineApi['vmlinuxInUse'] = (request, options) =>
    this.ask('vmlinuxInUse', request, options);
  readonly treeDoubts: EngineApi['treeDoubts'] = (request, options) =>
    this.ask('treeDoubts', request, options);
  readonly stackOf: EngineApi['stackOf'] = (request, options) => this.ask('stackOf', request, options);
  readonly stackOfEvent: EngineApi['stackOfEvent'] = (request, options) =>
    this.ask('stackOfEvent', request, options);
  readonly placeOfEvent: EngineApi['placeOfEvent'] = (request, options) =>
    this.ask('placeOfEvent', request, options);
  readonly setKindRules: EngineApi['setKindRules'] = (request, options) =>
    this.ask('setKindRules', request, options);
  readonly kindRules: EngineApi['kindRules'] = (request, options) => this.ask('kindRules', request, options);
  readonly lookUpFunctions: EngineApi['lookUpFunctions'] = (request, options) =>
    this.ask('lookUpFunctions', request, options);
  readonly resolveFrames: EngineApi['resolveFrames'] = (request, options) =>
    this.ask('resolveFrames', request, options);
  readonly heldLines: EngineApi['heldLines'] = (request, options) => this.ask('heldLines', request, options);
  readonly captureMarks: EngineApi['captureMarks'] = (request, options) =>
    this.ask('captureMarks', request, options);
  readonly pageInShort: EngineApi['pageInShort'] = (request, options) =>
    this.ask('pageInShort', request, options);
  readonly text: EngineApi['text'] = (request, options) => this.ask('text', request, options);
  readonly pagesInRange: EngineApi['pagesInRange'] = (request, options) =>
    this.ask('pagesInRange', request, options);
  readonly compare: EngineApi['compare'] = (request, options) => this.ask('compare', request, options);
  readonly exportFile: EngineApi['exportFile'] = (request, options) =>
    this.ask('exportFile', request, options);
  readonly captureHeader: EngineApi['captureHeader'] = (request, options) =>
    this.ask('captureHeader', request, options);
  readonly events: EngineApi['events'] = (request, options) => this.ask('events', request, options);
  readonly eventPlace: EngineApi['eventPlace'] = (request, options) =>
    this.ask('eventPlace', request, options);
  readonly nextMatch: EngineApi['nextMatch'] = (request, options) => this.ask('nextMatch', request, options);
  readonly eventDetails: EngineApi['eventDetails'] = (request, options) =>
    this.ask('eventDetails', request, options);
  readonly timeline: EngineApi['timeline'] = (request, options) => this.ask('timeline', request, options);
  readonly nextMark: EngineApi['nextMark'] = (request, options) => this.ask('nextMark', request, options);
  readonly describeSpan: EngineApi['describeSpan'] = (request, options) =>
    this.ask('describeSpan', request, options);
  readonly spanFilter: EngineApi['spanFilter'] = (request, options) =>
    this.ask('spanFilter', request, options);
  readonly narrowedFilter: EngineApi['narrowedFilter'] = (request, options) =>
    this.ask('narrowedFilter', request, options);
  readonly eventText: EngineApi['eventText'] = (request, options) => this.ask('eventText', request, options);
  readonly eventWithStack: EngineApi['eventWithStack'] = (request, options) =>
    this.ask('eventWithStack', request, options);
  readonly completeFilter: EngineApi['completeFilter'] = (request, options) =>
    this.ask('completeFilter', request, options);

  async dispose(): Promise<void> {
    this.disposed = true;
    const { worker } = this;
    this.worker = null;
    this.rejectAll(new CancelledError());
    await worker?.end();
  }

  private ask<M extends Method>(
    method: M,
    request: Request<M>,
    options: RequestOptions = {},
  ): Promise<Answer<M>> {
    const { signal, onPart } = options;
    if (this.disposed || signal?.aborted === true) return Promise.reject(new CancelledError());
    const worker = this.running();
    const id = this.nextId++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.pending.set(id, { resolve, reject, options });
      worker.post({ type: 'request', id, method, request, wantsParts: onPart !== undefined });
    });
    const cancel = (): void => {
      // The worker hears it between two steps of its work; whoever asked does not have to wait for that.
      worker.post({ type: 'cancel', id });
      this.pending.get(id)?.reject(new CancelledError());
      this.pending.delete(id);
      if (opensAnother(method, request)) this.abandoned.add(id);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    // The answer to `method` has its type; the message port only forgot it.
    return answer.finally(() => {
      signal?.removeEventListener('abort', cancel);
    }) as Promise<Answer<M>>;
  }

  private running(): EngineWorker {
    if (this.worker !== null) return this.worker;
    const worker = this.start({
      receive: (message) => {
        if (message.type === 'file') void this.answerFile(worker, message);
        else this.receive(message);
      },
      stopped: (reason) => {
        this.stopped(worker, reason);
      },
    });
    this.worker = worker;
    return worker;
  }

  private async answerFile(worker: EngineWorker, { id, method, args }: FileRequest): Promise<void> {
    try {
      // The arguments were typed by the worker of the same build.
      const call = this.files[method].bind(this.files) as (...args: readonly unknown[]) => Promise<unknown>;
      worker.post({ type: 'file', id, value: await call(...args), error: null });
    } catch (error) {
      worker.post({ type: 'file', id, value: null, error: plainError(error) });
    }
  }

  private receive(message: Exclude<FromEngine, FileRequest>): void {
    const { id } = message;
    const pending = this.pending.get(id);
    if (pending === undefined) {
      this.receiveLate(message);
      return;
    }
    switch (message.type) {
      case 'progress':
        pending.options.onProgress?.(message.report);
        return;
      case 'part':
        pending.options.onPart?.(message.facts);
        return;
      case 'result':
        this.pending.delete(id);
        pending.resolve(message.value);
        return;
      case 'error':
        this.pending.delete(id);
        pending.reject(thrown(message.error));
    }
  }

  /** The worker may have finished before it heard of the cancel: nobody knows of that capture, so it is closed. */
  private receiveLate(message: Exclude<FromEngine, FileRequest>): void {
    if (message.type !== 'result' && message.type !== 'error') return;
    if (!this.abandoned.delete(message.id) || message.type === 'error') return;
    const { id } = message.value as Answer<'openCapture'>;
    this.closeCapture({ id }).catch(() => undefined);
  }

  private stopped(worker: EngineWorker, reason: string): void {
    if (this.worker !== worker) return;
    this.worker = null;
    this.abandoned.clear();
    this.rejectAll(new EngineStoppedError(`The analysis stopped: ${reason}.`));
    this.stopListener(reason);
  }

  private rejectAll(error: Error): void {
    for (const pending of this.pending.values()) pending.reject(error);
    this.pending.clear();
  }
}

/** Whether an answer that nobody waits for leaves a capture behind. */
function opensAnother(method: Method, request: Request<Method>): boolean {
  return method === 'openCapture' && !('replaces' in request);
}

/** An error of the worker, with the name and the stack that it had there. */
function thrown(plain: PlainError): Error {
  if (plain.name === 'CancelledError') return new CancelledError();
  const error = new Error(plain.message);
  error.name = plain.name;
  if (plain.stack !== null) error.stack = plain.stack;
  return error;
}
