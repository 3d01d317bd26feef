/** The trees of the open files: the holders, by how they are to be shown, and the captures. */
import { captureHeading, holderRows } from './captureHeading';
import { symbolLookup } from './captureFunctions';
import { captureRow, kernelTreeRow, kindRulesRow } from './captureTree';
import { debugInfoRow } from './debugInfoRows';
import type { HolderSources } from './holderSources';
import type { HoldersQuery } from './holdersQuery';
import { LazyTree, type Branch } from './lazyTree';
import type { OpenedCapture } from './openFiles';
import type { TreeName } from './protocol';
import { namingRows } from './symbolFileRows';

/** Trees of as many queries as one switches to and fro between. */
const KEPT_TREES = 8;

export class Trees {
  private readonly byQuery = new Map<string, LazyTree>();
  private ofCaptures: LazyTree | null = null;

  constructor(private readonly sources: HolderSources) {}

  /** To be called when any file comes, grows or goes, and when other places may be known. */
  forget(): void {
    this.byQuery.clear();
    this.forgetCaptures();
  }

  /** To be called when no more than the row of the kernel tree or of the debug info is another. */
  forgetCaptures(): void {
    this.ofCaptures = null;
  }

  named(name: TreeName, query: HoldersQuery): LazyTree {
    return name === 'holders' ? this.holders(query) : this.captures();
  }

  /**
   * As {@link named}, for an answer that nobody asks more of: where no such tree is kept, none is from now on, for it
   * would hold all its rows.
   */
  once(name: TreeName, query: HoldersQuery): LazyTree {
    if (name === 'captures') return this.captures();
    return this.byQuery.get(JSON.stringify(query)) ?? new LazyTree(() => this.holderRoots(query));
  }

  holders(query: HoldersQuery): LazyTree {
    const key = JSON.stringify(query);
    const known = this.byQuery.get(key);
    if (known !== undefined) return known;
    // Whoever filters tries out many words: their trees are not kept for ever.
    if (this.byQuery.size >= KEPT_TREES) this.byQuery.clear();
    const made = new LazyTree(() => this.holderRoots(query));
    this.byQuery.set(key, made);
    return made;
  }

  private captures(): LazyTree {
    this.ofCaptures ??= new LazyTree(() => this.captureRoots());
    return this.ofCaptures;
  }

  /** The pages of the only capture, or a row for each capture. */
  private async holderRoots(query: HoldersQuery): Promise<readonly Branch[]> {
    const sources = await this.sources.all(query.filter);
    const [only] = sources;
    if (only === undefined) return this.sources.symbolFileRows();
    return sources.length === 1
      ? holderRows(only, query)
      : sources.map((source) => captureHeading(source, query));
  }

  private captureRoots(): readonly Branch[] {
    const { files, places } = this.sources;
    const { captures } = files;
    const symbolFiles = this.sources.symbolFileRows();
    if (captures.length + symbolFiles.length === 0) return [];
    return [
      kernelTreeRow(
        places.source?.facts ?? null,
        symbolLookup(places.source, files.wholeCaptures),
        places.treeDoubts(captures.map(({ capture }) => capture)),
        places.treeRefusal,
      ),
      debugInfoRow({
        facts: places.debug.facts,
        captures: captures.map(({ capture }) => ({
          name: files.nameOf(capture.path),
          fit: places.debug.fitOf(capture),
        })),
        modules: places.debug.modules,
        problems: places.debug.problems,
      }),
      ...kindRulesRow(files.rules.facts),
      ...captures.map((opened) => this.captureRow(opened, captures.length === 1)),
      ...symbolFiles,
    ];
  }

  private captureRow(opened: OpenedCapture, expanded: boolean): Branch {
    const source = this.sources.of(opened);
    const { id, additions } = source;
    const used = this.sources.files.namingsOf(opened).filter(({ refusal }) => refusal === null);
    const { nameOf } = this.sources.files;
    return captureRow(source, expanded, [...namingRows(`${id}/used`, used, nameOf), ...additions.notes(id)]);
  }
}
