/** Short texts with everything in them that the holder analysis looks at, cut from real recordings. */
import path from 'node:path';
import { FIXTURES, textBytes } from './sources';

/** First frames of a stack that are kept: those that name who took or dropped the reference. */
const FRAMES = 9;

/**
 * The events of one page with their stacks, and those of no page (cma_alloc, mm_migrate_pages, losses), of at most
 * `length` bytes.
 */
export function eventsOfPage(file: string, pfn: number, length: number): Uint8Array {
  const number = new RegExp(`pfn=(0x)?${pfn.toString(16)}\\b`);
  const kept: string[] = [];
  let isKept = true;
  let frames = 0;
  let size = 0;
  for (const line of new TextDecoder('latin1').decode(textBytes(path.join(FIXTURES, file))).split('\n')) {
    const isFrame = /^\s*=> /.test(line);
    const isHead = line.includes('<stack trace');
    if (!isFrame && !isHead) isKept = line.startsWith('#') || !/\bpfn=/.test(line) || number.test(line);
    if (!isFrame) frames = 0;
    if (!isKept || (isFrame && ++frames > FRAMES)) continue;
    size += line.length + 1;
    if (size > length && !isFrame && !isHead) break;
    kept.push(line);
  }
  return new TextEncoder().encode(`${kept.join('\n')}\n`);
}
