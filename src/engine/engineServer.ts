/** The engine behind messages: one worker owns all captures, away from the editor's thread. */
import { AskedFiles } from './askedFiles';
import { Engine } from './engine';
import type { EngineHost } from './engineHost';
import { plainError } from './errors';
import type { FromEngine, Method, ProgressReport, Request, RequestOptions, ToEngine } from './protocol';
import type { WorkspaceFiles } from './workspaceFiles';

/** Progress goes out at most this often, in ms: more would only flood the editor's thread. */
const PROGRESS_INTERVAL = 100;

type RequestMessage = Extract<ToEngine, { type: 'request' }>;

export class EngineServer {
  private readonly engine: Engine;
  private readonly files: AskedFiles;
  private readonly running = new Map<number, AbortController>();

  /**
   * @param post sends a message to the client
   * @param hostOf makes the host of the engine out of the files that the client has
   */
  constructor(
    private readonly post: (message: FromEngine) => void,
    hostOf: (files: WorkspaceFiles) => EngineHost,
  ) {
    this.files = new AskedFiles(post);
    this.engine = new Engine(hostOf(this.files), { answersEarly: true });
  }

  /** Takes a message of the client. */
  receive(message: ToEngine): void {
    switch (message.type) {
      case 'request':
        void this.answer(message);
        return;
      case 'cancel':
        this.running.get(message.id)?.abort();
        return;
      case 'file':
        this.files.receive(message);
    }
  }

  private async answer({ id, method, request, wantsParts }: RequestMessage): Promise<void> {
    const controller = new AbortController();
    this.running.set(id, controller);
    try {
      const options: RequestOptions = {
        signal: controller.signal,
        onProgress: this.throttled(id),
        ...(wantsParts
          ? {
              onPart: (facts) => {
                this.post({ type: 'part', id, facts });
              },
            }
          : {}),
      };
      // The request was typed by the client of the same build.
      const value = await this.engine[method](request as Request<Method> as never, options);
      this.post({ type: 'result', id, value });
    } catch (error) {
      this.post({ type: 'error', id, error: plainError(error) });
    } finally {
      this.running.delete(id);
    }
  }

  private throttled(id: number): (report: ProgressReport) => void {
    let last = 0;
    let phase = '';
    return (report) => {
      const now = Date.now();
      if (report.phase === phase && now - last < PROGRESS_INTERVAL) return;
      last = now;
      phase = report.phase;
      this.post({ type: 'progress', id, report });
    };
  }
}
