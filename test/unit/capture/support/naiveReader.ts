/**
 * A second, slow reader of ftrace text, written with regular expressions and objects and without any code of
 * the real one, to hold it against.
 */
export interface NaiveEvent {
  readonly name: string;
  readonly pid: number;
  readonly cpu: number;
  readonly line: number;
  readonly fields: ReadonlyMap<string, string>;
  stack: string[] | null;
}

interface NaiveCapture {
  readonly events: NaiveEvent[];
  readonly stackRecords: number;
  readonly orphans: number;
}

const HEAD =
  /^(?<instance>[a-z]+:)?\s*(?<comm>.*?)-(?<pid>\d+)\s+(?:\([\s\d-]+\)\s+)?(?:\[(?<cpu>\d+)\]|(?<latencyCpu>\d+)(?=[.a-zA-Z]))(?<flags>\s*[.a-zA-Z\d]*?)\s*(?<time>\d+(?:\.\d+)?):\s+(?:\(\+\d+\)\s+)?(?<text>.*)$/;

export function readNaively(text: string): NaiveCapture {
  const lines = text.split('\n');
  const events: NaiveEvent[] = [];
  const waiting = new Map<string, NaiveEvent[]>();
  let stackRecords = 0;
  let orphans = 0;
  for (let i = 0; i < lines.length; i++) {
    const lost = /^CPU:(\d+) \[.*(?:LOST|DROPPED)/.exec(lines[i]!);
    if (lost) for (const key of waiting.keys()) if (key.endsWith(`@${lost[1]!}`)) waiting.delete(key);
    const head = HEAD.exec(lines[i]!)?.groups;
    if (!head) continue;
    const cpu = Number(head['cpu'] ?? head['latencyCpu']);
    const pid = Number(head['pid']);
    const rest = head['text']!;
    const key = `${head['instance'] ?? ''}${pid}@${cpu}`;
    if (/^(<stack trace|kernel_stack:)/.test(rest)) {
      stackRecords++;
      const event = waiting.get(key)?.pop();
      if (!event) orphans++;
      else event.stack = framesOf(lines, i);
      continue;
    }
    const name = /^(\S+?):(?=\s|$)/.exec(rest)?.[1];
    if (name === undefined) continue;
    const fields = new Map([...rest.matchAll(/([a-z_]+)=(\S+)/g)].map((match) => [match[1]!, match[2]!]));
    const event: NaiveEvent = { name, pid, cpu, line: i + 1, fields, stack: null };
    events.push(event);
    waiting.set(key, [...(waiting.get(key) ?? []), event].slice(-4));
  }
  return { events, stackRecords, orphans };
}

function framesOf(lines: readonly string[], head: number): string[] {
  const array = /size=\d+ caller=ARRAY\[(.*)\]/.exec(lines[head]!);
  if (array) {
    const bytes = array[1]!.split(', ');
    const frames: string[] = [];
    for (let i = 0; i < bytes.length; i += 8) {
      frames.push(
        `0x${bytes
          .slice(i, i + 8)
          .reverse()
          .join('')
          .replace(/^0+/, '')}`,
      );
    }
    return frames;
  }
  const frames: string[] = [];
  const inline = /\t=> (\S+)/.exec(lines[head]!);
  if (inline) frames.push(inline[1]!);
  for (let i = head + 1; i < lines.length; i++) {
    const frame = /^\s*=> ([^\s+]+)/.exec(lines[i]!);
    if (!frame) break;
    frames.push(frame[1]!);
  }
  while (frames.at(-1) === '0x0') frames.pop();
  return frames;
}
