/** The extension, as the page sees it: questions with answers, orders, and what it says by itself. */
import type {
  EditorAnswer,
  EditorMethod,
  EditorRequest,
  FromEditor,
  ToEditor,
} from '../engine/editorMessages';

interface VsCodeApi {
  postMessage(message: FromEditor): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** Whoever asked no longer wants to know. */
export class Superseded extends Error {}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export type Told = Exclude<ToEditor, { readonly type: 'answer' | 'failure' }>;

export class Host {
  private readonly api = acquireVsCodeApi();
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;

  /** @param told is called with what the extension says by itself */
  constructor(told: (message: Told) => void) {
    // Only the extension can post here: the page embeds nothing.
    window.addEventListener('message', ({ data }: MessageEvent<ToEditor>) => {
      if (data.type === 'answer') this.take(data.id)?.resolve(data.value);
      else if (data.type === 'failure') this.take(data.id)?.reject(new Error(data.message));
      else told(data);
    });
  }

  /** Rejects with {@link Superseded} once the signal is aborted. */
  ask<M extends EditorMethod>(
    method: M,
    request: EditorRequest<M>,
    signal?: AbortSignal,
  ): Promise<EditorAnswer<M>> {
    const id = this.nextId++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
    });
    signal?.addEventListener('abort', () => {
      const waiting = this.take(id);
      if (waiting === undefined) return;
      this.tell({ type: 'cancel', id });
      waiting.reject(new Superseded());
    });
    this.tell({ type: 'ask', id, method, request: { ...request } });
    // The answer to `method` has its type; the message only forgot it.
    return answer as Promise<EditorAnswer<M>>;
  }

  tell(message: FromEditor): void {
    this.api.postMessage(message);
  }

  /** What the page kept before it was hidden or the window was reloaded. */
  get kept(): unknown {
    return this.api.getState();
  }

  keep(state: unknown): void {
    this.api.setState(state);
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }
}

/** Runs one question at a time of its sort: a newer one takes the place of the one before. */
export class Latest {
  private controller: AbortController | null = null;

  /** @param work does nothing more once its signal is aborted; a {@link Superseded} of it is nobody's business */
  async run(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    try {
      await work(controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    }
  }
}
