/**
 * What language models are told of the open captures: who holds a page, or what kept the pages that failed to move. The
 * answer is the text of the view, cut where it would fill a conversation; what models read is English in any language.
 */
import * as vscode from 'vscode';
import { DEFAULT_QUERY, NO_FILTER, parsePfnRange, type HoldersQuery } from '../engine/holdersQuery';
import { pfnText } from '../engine/pageFacts';
import type { CaptureFacts, EngineApi, RequestOptions } from '../engine/protocol';
import { failedText } from '../engine/triedAtAll';
import { counted, sentence } from '../engine/wording';
import { withoutLinks } from './notifications';
import type { OpenCaptures } from './openCaptures';

/** Name in the manifest. */
const NAME = 'find_page_holders';
/** Some 4000 tokens: an answer, not the capture. */
const MOST_CHARACTERS = 16_000;
/** Pages of a range that are told of. */
const MOST_PAGES = 20;

interface FindPageHoldersInput {
  /** A PFN or a range; absent: what blocked the attempts to move pages. */
  readonly pfn?: unknown;
}

export class FindPageHoldersTool implements vscode.LanguageModelTool<FindPageHoldersInput> {
  constructor(
    private readonly engine: EngineApi,
    private readonly captures: OpenCaptures,
  ) {}

  /** Registers the tool where the editor has language model tools. */
  register(): vscode.Disposable {
    const { lm } = vscode as { lm?: Partial<typeof vscode.lm> };
    return lm?.registerTool?.(NAME, this) ?? new vscode.Disposable(() => undefined);
  }

  prepareInvocation({
    input,
  }: vscode.LanguageModelToolInvocationPrepareOptions<FindPageHoldersInput>): vscode.PreparedToolInvocation {
    const pfn = typeof input.pfn === 'string' || typeof input.pfn === 'number' ? String(input.pfn) : '';
    const { withEvents, nameOf } = this.captures;
    const names = withoutLinks(withEvents.map(({ path }) => nameOf(path)).join(', '));
    return {
      // What a trace holds of a machine leaves this one: tasks, functions and times.
      confirmationMessages: {
        title: vscode.l10n.t('Tell the model who holds pages?'),
        message:
          names === ''
            ? vscode.l10n.t('No capture is open.')
            : vscode.l10n.t('It is given the names of tasks and the stacks that hold pages in {0}.', names),
      },
      invocationMessage:
        pfn === ''
          ? vscode.l10n.t('Looking up what kept pages from moving in the open captures')
          : vscode.l10n.t('Looking up who holds PFN {0} in the open captures', pfn),
    };
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<FindPageHoldersInput>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    const captures = this.captures.withEvents.filter(({ part }) => part === 1);
    if (captures.length === 0) throw new Error(NO_CAPTURE);
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const cancelling = token.onCancellationRequested(() => {
      controller.abort();
    });
    try {
      const { query, more } = await this.asked(input.pfn, options);
      const text = await this.engine.text({ node: null, query, enough: MOST_CHARACTERS }, options);
      const { nameOf } = this.captures;
      const heading = captures.map((facts) => captureLine(nameOf(facts.path), facts));
      return new vscode.LanguageModelToolResult([
        new vscode.LanguageModelTextPart(`${[...heading, ...more].join('\n')}\n\n${cut(text)}`),
      ]);
    } finally {
      cancelling.dispose();
    }
  }

  /**
   * What is asked of the engine, and what is to be said of pages that are not told of.
   *
   * @throws Error that says what to ask instead
   */
  private async asked(
    given: unknown,
    options: RequestOptions,
  ): Promise<{ readonly query: HoldersQuery; readonly more: readonly string[] }> {
    if (given === undefined || given === null || given === '')
      return { query: { ...DEFAULT_QUERY, groupBy: 'attempt' }, more: [] };
    const range =
      typeof given === 'string' || typeof given === 'number' ? parsePfnRange(String(given)) : null;
    if (range === null) {
      throw new Error(
        `The pfn ${JSON.stringify(given)} is not a page frame number. Give it as a string, hexadecimal with 0x ("0x12f98"), ` +
          'decimal ("77720") or a range ("0x12800..0x12fff"); leave it out to ask what blocked the allocations.',
      );
    }
    const pfns = await this.engine.pagesInRange({ range, limit: MOST_PAGES + 1 }, options);
    if (pfns.length === 0) {
      throw new Error(
        `No event of the open captures tells of the references of ${pfnText(range.first)}..${pfnText(range.last)}. ` +
          `Call ${NAME} without a pfn to see which pages failed to move.`,
      );
    }
    const told = pfns.slice(0, MOST_PAGES);
    const query = { ...DEFAULT_QUERY, filter: { ...NO_FILTER, pfns: told } };
    if (told.length === pfns.length) return { query, more: [] };
    const last = told.at(-1)!;
    const more =
      `Only the first ${MOST_PAGES} pages of the range that events tell of are below, up to ${pfnText(last)}; ` +
      `ask from ${pfnText(last + 1)} on for the others.`;
    return { query, more: [more] };
  }
}

const NO_CAPTURE =
  'No capture is open in Page Holders. Ask the user to open one with the command "Page Holders: Open Capture…", then ' +
  'call the tool again.';

/** @param name without the folders of this machine, unless these tell it from another */
function captureLine(name: string, facts: CaptureFacts): string {
  const { format, events, doubts, notTried } = facts;
  const found = `${name} (${format}, ${counted(events, 'event')}): ${failedText(facts)}`;
  return [found, ...doubts, ...(notTried === null ? [] : [sentence(notTried)])].join('; ');
}

function cut(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  const end = text.lastIndexOf('\n', MOST_CHARACTERS);
  return `${text.slice(0, end)}\n… cut here: ask for one PFN to see all of it.`;
}
