import type { ByteSource } from '../../../src/capture/byteSource';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';

export interface EventText {
  /** `comm-pid`. */
  readonly task: string;
  readonly cpu?: number;
  /** The event as ftrace prints it: `page_ref_mod: pfn=0x10 …`. */
  readonly text: string;
  /** Innermost first. */
  readonly stack?: readonly string[];
  /** Microseconds that pass before it, besides the usual one. */
  readonly pause?: number;
}

/** Writes events the way the kernel's `trace` file does, a microsecond apart. */
export function traceText(events: readonly EventText[]): string {
  let micros = 1_000_000;
  const lines = ['# tracer: nop', '#'];
  const stamp = (event: EventText): string => {
    micros++;
    const seconds = Math.floor(micros / 1_000_000);
    const fraction = String(micros % 1_000_000).padStart(6, '0');
    const cpu = String(event.cpu ?? 0).padStart(3, '0');
    return `${event.task.padStart(20)}      [${cpu}] ...2.  ${String(seconds).padStart(4)}.${fraction}: `;
  };
  for (const event of events) {
    micros += event.pause ?? 0;
    lines.push(stamp(event) + event.text);
    if (event.stack === undefined) continue;
    lines.push(`${stamp(event)}<stack trace>`);
    for (const frame of event.stack) lines.push(` => ${frame}`);
  }
  return lines.join('\n') + '\n';
}

export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

export function captureOf(events: readonly EventText[]): Promise<Capture> {
  return openCapture(memorySource('trace.txt', new TextEncoder().encode(traceText(events))));
}
