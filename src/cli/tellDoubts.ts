/** What an answer that is rows alone has no place for, told beside it. */
import type { CaptureFacts } from '../engine/protocol';
import { counted } from '../engine/wording';
import type { OutputStream } from './outputStream';

/** That a file was not read whole; the report says where. */
export async function tellUnread({ path, problems }: CaptureFacts, errors: OutputStream): Promise<void> {
  if (problems === 0) return;
  await errors.write(
    `page-holders: ${path}: ${counted(problems, 'place')} of it could not be read; page-holders report says where.\n`,
  );
}

/** The same, and what is missing from a capture so that rows of it may be missing or wrong. */
export async function tellDoubts(facts: CaptureFacts, errors: OutputStream): Promise<void> {
  for (const doubt of facts.doubts) await errors.write(`page-holders: ${facts.path}: ${doubt}.\n`);
  await tellUnread(facts, errors);
}
