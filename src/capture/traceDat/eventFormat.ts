/** One `field:` line of an event's `format` file. Offsets and sizes in bytes, from the start of the record. */
export interface EventField {
  readonly name: string;
  /** The declaration without name and array brackets, e.g. `unsigned long`, `const char *`. */
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  /** How a string or array is stored: in place, or as offset and length (`__data_loc`, `__rel_loc`). */
  readonly storage: 'plain' | 'array' | 'data-loc' | 'rel-loc';
}

/** What the kernel says of an event in `events/SYSTEM/EVENT/format`. */
export interface EventFormat {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly fields: readonly EventField[];
  /** The text behind `print fmt:`, empty where there is none. */
  readonly printFormat: string;
}

/** Fields of fixed size end far before, in bytes: only the pages of a ring buffer, which are described alike, are larger. */
const FARTHEST_FIELD = 1 << 16;

const FIELD = /^\s*field:\s*(.+?);\s*offset:\s*(\d+);\s*size:\s*(\d+);(?:\s*signed:\s*(\d+);)?/;

/** Name and id of the event that a `format` text describes, or null when it does not say both. */
export function eventIdentity(text: string): { name: string; id: number } | null {
  const name = /^name:\s*(\S+)/m.exec(text)?.[1];
  const id = /^ID:\s*(\d+)/m.exec(text)?.[1];
  if (name === undefined || id === undefined) return null;
  return { name, id: Number(id) };
}

/** Reads a `format` text. Lines that it does not know are left out. */
export function parseEventFormat(system: string, text: string): EventFormat | null {
  const identity = eventIdentity(text);
  if (!identity) return null;
  const fields: EventField[] = [];
  for (const line of text.split('\n')) {
    const field = parseField(line);
    if (field && field.offset + field.size <= FARTHEST_FIELD) fields.push(field);
  }
  const print = /^print fmt:\s*/m.exec(text);
  const printFormat = print ? text.slice(print.index + print[0].length).trim() : '';
  return { system, ...identity, fields, printFormat };
}

/** The field of a `field:TYPE NAME;	offset:O;	size:S;	signed:B;` line, or null. */
export function parseField(line: string): EventField | null {
  const match = FIELD.exec(line);
  if (!match) return null;
  const [, declaration, offsetText, sizeText, signed] = match;
  const offset = Number(offsetText);
  const size = Number(sizeText);
  if (offset > FARTHEST_FIELD) return null;
  const named = /^(.*?)([A-Za-z_]\w*)\s*((?:\[[^\]]*\]\s*)*)$/.exec(declaration!);
  if (!named) return null;
  const type = named[1]!.trim();
  const storage = type.startsWith('__data_loc')
    ? 'data-loc'
    : type.startsWith('__rel_loc')
      ? 'rel-loc'
      : named[3] !== ''
        ? 'array'
        : 'plain';
  return { name: named[2]!, type, offset, size, signed: signed === '1', storage };
}
