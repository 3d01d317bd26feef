/** The kernel tree that is chosen for all captures: where their frames are looked for, and what rules it brings. */
import { functionsOf } from './captureFunctions';
import type { EngineHost } from './engineHost';
import { CancelledError, KernelTreeError } from './errors';
import type { FramePlaces } from './framePlaces';
import { KernelSource } from './kernelSource';
import type { OpenFiles } from './openFiles';
import type { KernelTreeFacts, Request } from './protocol';

export class KernelTreeChoice {
  /** How often a tree was chosen, and the work of the last choice. */
  private choices = 0;
  private change: Promise<unknown> = Promise.resolve();

  /** @param changed called when places are others than before */
  constructor(
    private readonly host: EngineHost,
    private readonly files: OpenFiles,
    private readonly places: FramePlaces,
    private readonly changed: () => void,
  ) {}

  /** As the request `setKernelTree`. */
  choose(request: Request<'setKernelTree'>): Promise<KernelTreeFacts | null> {
    const choice = ++this.choices;
    // A tree that is refused leaves none behind: no row may lead into the one before.
    this.places.useTree(null);
    this.changed();
    // One after the other: the tree of an earlier choice may take longer to look at than that of the last.
    const change = this.change.then(() => this.use(request, choice));
    this.change = change.catch(() => undefined);
    return change;
  }

  private async use(
    { root, trusted }: Request<'setKernelTree'>,
    choice: number,
  ): Promise<KernelTreeFacts | null> {
    const { files } = this;
    this.refuseUnlessLast(choice);
    if (root === null) {
      await this.forgetRules();
      return null;
    }
    const source = await KernelSource.open(root, this.host).catch(async (error: unknown) => {
      await this.forgetRules();
      this.refuseUnlessLast(choice);
      if (error instanceof KernelTreeError) this.places.useTree(null, error.message);
      this.changed();
      throw error;
    });
    const hasOthers = await (trusted ? files.rules.readTree(source) : files.rules.withholdTree(source));
    if (hasOthers) await files.judgeAgain();
    this.refuseUnlessLast(choice);
    source.want(functionsOf(files.wholeCaptures));
    this.places.useTree(source);
    this.changed();
    return source.facts;
  }

  private async forgetRules(): Promise<void> {
    if (this.files.rules.forgetTree()) await this.files.judgeAgain();
  }

  /** @throws CancelledError */
  private refuseUnlessLast(choice: number): void {
    if (choice !== this.choices) throw new CancelledError();
  }
}
