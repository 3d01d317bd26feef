import { EventKind, type EventTable, type SymbolTable } from './eventTable';

/** How many events of names that the analysis does not use a table has, by name. */
export function countOtherEvents(table: EventTable, symbols: SymbolTable): Map<string, number> {
  const { kind, name, length } = table;
  const counts = new Map<number, number>();
  for (let row = 0; row < length; row++) {
    if (kind[row] !== EventKind.Other) continue;
    counts.set(name[row]!, (counts.get(name[row]!) ?? 0) + 1);
  }
  return new Map([...counts].map(([id, count]) => [symbols.string(id), count]));
}
