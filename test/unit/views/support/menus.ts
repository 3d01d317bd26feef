/** The menus of rows, as the editor makes them of the manifest. */
import { readFileSync } from 'node:fs';

interface Entry {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

interface Manifest {
  readonly contributes: { readonly menus: Readonly<Record<string, readonly Entry[]>> };
}

const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

export type Contexts = Readonly<Record<string, string | boolean>>;

/** The commands of a menu in the order that a person sees them, by group; icons on the row or view are left out. */
export function menuOf(menu: string, contexts: Contexts): readonly (readonly string[])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of contributes.menus[menu]!) {
    const [name] = placeOf(entry);
    if (/^(inline|navigation)$/.test(name) || !holds(entry.when ?? 'true', contexts)) continue;
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, entries]) =>
      entries
        .sort((one, other) => placeOf(one)[1] - placeOf(other)[1])
        .map(({ command }) => command.replace('pageHolders.', '')),
    );
}

/** Name of its group, and its number there. */
function placeOf({ group = '' }: Entry): readonly [string, number] {
  const [name = '', order = '0'] = group.split('@');
  return [name, Number(order)];
}

const TOKEN = /\s*(\(|\)|&&|\|\||!(?!=)|==|!=|=~|\/(?:\\.|[^/\\])+\/|[\w.:-]+)/y;

/** As much of the language of `when` clauses as the manifest uses. */
export function holds(clause: string, contexts: Contexts): boolean {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < clause.trimEnd().length) {
    const token = TOKEN.exec(clause)?.[1];
    if (token === undefined) throw new Error(`what is this: ${clause}`);
    tokens.push(token);
  }
  const valueOf = (key: string): string | boolean => (key === 'true' ? true : (contexts[key] ?? false));
  const any = (): boolean => {
    let result = all();
    while (tokens[0] === '||') {
      tokens.shift();
      result = all() || result;
    }
    return result;
  };
  const all = (): boolean => {
    let result = one();
    while (tokens[0] === '&&') {
      tokens.shift();
      result = one() && result;
    }
    return result;
  };
  const one = (): boolean => {
    const token = tokens.shift();
    if (token === '!') return !one();
    if (token === '(') {
      const result = any();
      tokens.shift();
      return result;
    }
    const value = valueOf(token!);
    if (!/^(==|!=|=~)$/.test(tokens[0] ?? '')) return value !== false && value !== '';
    const operator = tokens.shift();
    const operand = tokens.shift()!;
    if (operator === '=~') return new RegExp(operand.slice(1, -1)).test(String(value));
    return (String(value) === operand) === (operator === '==');
  };
  const result = any();
  if (tokens.length > 0) throw new Error(`not understood: ${tokens.join(' ')} of ${clause}`);
  return result;
}
