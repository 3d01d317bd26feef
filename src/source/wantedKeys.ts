/** Source keys (see symbolName.ts) that are looked for, found by the hash that tokens carry. */
import { HashSet, nameHash, tokenText, type Tokens } from './tokens';

export class WantedKeys {
  /** Hashes of the identifiers in the keys. */
  readonly hashes = new HashSet();
  private readonly keys = new Map<number, Set<string>>();

  add(key: string): void {
    const hash = identifierHash(key);
    this.hashes.add(hash);
    const same = this.keys.get(hash);
    if (same) same.add(key);
    else this.keys.set(hash, new Set([key]));
  }

  clear(): void {
    this.hashes.clear();
    this.keys.clear();
  }

  has(key: string): boolean {
    return this.keys.get(identifierHash(key))?.has(key) ?? false;
  }

  /** The identifier's text when it is looked for as a function, else null. */
  functionAt(tokens: Tokens, token: number): string | null {
    const hash = tokens.hash[token]!;
    if (!this.hashes.has(hash)) return null;
    const text = tokenText(tokens, token);
    return this.keys.get(hash)?.has(text) === true ? text : null;
  }
}

function identifierHash(key: string): number {
  return nameHash(key.slice(key.indexOf(':') + 1));
}
