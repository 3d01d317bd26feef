/** The engine behind a message port: one worker owns all captures, away from the editor's thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { Engine } from './engine';
import { IndexStore } from './indexStore';
import type {
  FromEngine,
  Method,
  PlainError,
  ProgressReport,
  Request,
  RequestOptions,
  ToEngine,
  WorkerData,
} from './protocol';

/** Progress goes out at most this often, in ms: more would only flood the editor's thread. */
const PROGRESS_INTERVAL = 100;

type RequestMessage = Extract<ToEngine, { type: 'request' }>;

const port = parentPort;
if (port === null) throw new Error('The engine worker runs in a worker thread only.');

const { cacheFolder, ...manner } = workerData as WorkerData;
const engine = new Engine(new IndexStore(cacheFolder), { ...manner, answersEarly: true });
const running = new Map<number, AbortController>();

port.on('message', (message: ToEngine) => {
  if (message.type === 'cancel') {
    running.get(message.id)?.abort();
    return;
  }
  void answer(message);
});

async function answer({ id, method, request, wantsParts }: RequestMessage): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const options: RequestOptions = {
      signal: controller.signal,
      onProgress: throttled(id),
      ...(wantsParts
        ? {
            onPart: (facts) => {
              post({ type: 'part', id, facts });
            },
          }
        : {}),
    };
    // The request was typed by the client of the same build.
    const value = await engine[method](request as Request<Method> as never, options);
    post({ type: 'result', id, value });
  } catch (error) {
    post({ type: 'error', id, error: plainError(error) });
  } finally {
    running.delete(id);
  }
}

function throttled(id: number): (report: ProgressReport) => void {
  let last = 0;
  let phase = '';
  return (report) => {
    const now = Date.now();
    if (report.phase === phase && now - last < PROGRESS_INTERVAL) return;
    last = now;
    phase = report.phase;
    post({ type: 'progress', id, report });
  };
}

function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: null };
  return { name: error.name, message: error.message, stack: error.stack ?? null };
}

function post(message: FromEngine): void {
  port?.postMessage(message);
}
