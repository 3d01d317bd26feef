/** A worker whose answers the test gives, in the order that it wants: what may cross each other does so. */
import assert from 'node:assert/strict';
import { EngineClient } from '../../../../src/engine/client';
import type {
  Answer,
  CaptureFacts,
  FromEngine,
  Method,
  PlainError,
  ProgressReport,
  Request,
} from '../../../../src/engine/protocol';

interface Asked {
  readonly id: number;
  readonly method: Method;
  readonly request: unknown;
}

/** A question that waits for its answer. */
export interface Question<M extends Method> {
  readonly request: Request<M>;
  answer(value: Answer<M>): Promise<void>;
  fail(error: PlainError): Promise<void>;
  progress(report: ProgressReport): void;
  /** What was read so far of a capture. */
  part(facts: CaptureFacts): void;
}

const absent = (): Promise<never> => Promise.reject(new Error('does not exist.'));

export class AskedWorker {
  readonly engine = new EngineClient(
    (listener) => {
      this.receive = (message) => {
        listener.receive(message);
      };
      this.stopped = (reason) => {
        listener.stopped(reason);
      };
      return {
        post: (message) => {
          if (message.type === 'request') this.ask(message);
          if (message.type === 'cancel') this.cancelled.push(message.id);
        },
        end: () => Promise.resolve(),
      };
    },
    { stat: absent, list: absent, read: absent, write: absent },
  );
  /** Answers that no test waits with. */
  readonly answersAtOnce = new Map<Method, unknown>();
  private readonly waiting: Asked[] = [];
  private readonly cancelled: number[] = [];
  private receive: (message: FromEngine) => void = () => undefined;
  private stopped: (reason: string) => void = () => undefined;

  /** What is asked and not answered yet, in order. */
  async methods(): Promise<readonly Method[]> {
    await settled();
    return this.waiting.filter(({ id }) => !this.cancelled.includes(id)).map(({ method }) => method);
  }

  /** The next question of that kind, once it is asked; it is for the test to answer. */
  async asked<M extends Method>(method: M): Promise<Question<M>> {
    await settled();
    const index = this.waiting.findIndex((each) => each.method === method);
    assert.ok(index >= 0, `${method} is not asked`);
    const [{ id, request }] = this.waiting.splice(index, 1) as [Asked];
    return {
      // The client asks what belongs to the method.
      request: request as Request<M>,
      answer: (value) => this.tell({ type: 'result', id, value }),
      fail: (error) => this.tell({ type: 'error', id, error }),
      progress: (report) => {
        this.receive({ type: 'progress', id, report });
      },
      part: (facts) => {
        this.receive({ type: 'part', id, facts });
      },
    };
  }

  /** Answers the next question of that kind. */
  async answer<M extends Method>(method: M, value: Answer<M>): Promise<Request<M>> {
    const question = await this.asked(method);
    await question.answer(value);
    return question.request;
  }

  /** Ends by itself, as when it runs out of memory. */
  async stop(): Promise<void> {
    this.waiting.length = 0;
    this.stopped('it ran out of memory');
    await settled();
  }

  private ask(asked: Asked): void {
    const { id, method } = asked;
    if (!this.answersAtOnce.has(method)) this.waiting.push(asked);
    else void this.tell({ type: 'result', id, value: this.answersAtOnce.get(method) });
  }

  private async tell(message: FromEngine): Promise<void> {
    this.receive(message);
    await settled();
  }
}

/** What follows from what happened has been done by then. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
