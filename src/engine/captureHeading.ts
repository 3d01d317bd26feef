/** A capture as a row of the tree of holders, and what is below it. */
import { askedPages } from './askedPages';
import { dumpRows } from './allocationRows';
import { saysAllocationsAlone } from './allocationsAlone';
import { captureDescription, captureFile, captureSays } from './captureTree';
import { groupedRows } from './groupedRows';
import type { HolderSource } from './holderSource';
import { NO_FILTER, type HoldersQuery } from './holdersQuery';
import { branch, type Branch } from './lazyTree';

export function captureHeading(source: HolderSource, query: HoldersQuery): Branch {
  const { id, name, facts, capture, additions } = source;
  const pages = askedPages(source, query.filter);
  const rows = holderRows(source, query);
  return branch(
    {
      id,
      kind: 'capture',
      label: `${name} · ${captureSays(facts, capture, pages, query.filter)}`,
      description: captureDescription(facts, capture),
      tooltip: { title: facts.path, rows: [], notes: [] },
      // Beside the traces that it is joined to, a dump is at hand but not in the way.
      expanded: !saysAllocationsAlone(facts) || !additions.tellsOfTraces(),
      file: captureFile(facts),
    },
    rows.length === 0 ? null : () => rows,
  );
}

/** The rows below the heading, which stand alone where one capture is open. */
export function holderRows(source: HolderSource, query: HoldersQuery): readonly Branch[] {
  const { id, facts, capture, stacks } = source;
  if (!saysAllocationsAlone(facts)) return groupedRows(source, query);
  const rows = groupedRows(source, { ...query, filter: NO_FILTER });
  return [...rows, ...dumpRows(id, capture, capture.allocations!, stacks, query.filter)];
}
