import { OptionId } from './fileOptions';
import { UnexpectedData } from './unexpectedData';

/** What a section is called, and what a capture lacks without it. */
const SECTIONS: ReadonlyMap<number, { readonly name: string; readonly lost: string }> = new Map([
  [OptionId.headerInfo, { name: 'header_page and header_event', lost: 'no event can be read' }],
  [
    OptionId.ftraceEvents,
    { name: 'formats of ftrace events', lost: 'stacks, markers and texts whose format it has are left out' },
  ],
  [OptionId.eventFormats, { name: 'event formats', lost: 'events whose format it has are left out' }],
  [OptionId.kallsyms, { name: 'kallsyms', lost: 'addresses that it names stay numbers' }],
  [OptionId.printk, { name: 'printk formats', lost: 'texts that it names by address stay numbers' }],
  [OptionId.commandLines, { name: 'task names (saved_cmdlines)', lost: 'tasks that it names stay pids' }],
  [OptionId.modules, { name: 'modules', lost: 'addresses of modules without symbols have no module' }],
]);

/**
 * Reads a section of metadata; where that fails, the error says which section it is and what follows.
 *
 * @throws UnexpectedData where the section is damaged or cut off
 */
export async function ofSection(id: number, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    const section = SECTIONS.get(id);
    if (section === undefined || !(error instanceof UnexpectedData)) throw error;
    const { offset, message, isEnd } = error;
    const { name, lost } = section;
    const failed = `the section "${name}" could not be read whole, so ${lost}`;
    throw new UnexpectedData(offset, `${failed}: ${message}`, isEnd);
  }
}
