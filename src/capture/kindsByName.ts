import { grown } from './growingColumn';
import type { SymbolTableBuilder } from './symbolTableBuilder';

/** What the names of records stand for, looked at once each: a record then costs a look-up in a typed array. */
export class KindsByName {
  /** By string id, one more than the kind; 0 where the name was not looked at yet. */
  private kinds = new Uint8Array(256);

  /** @param kindOf from 0 up to 254 */
  constructor(
    private readonly symbols: SymbolTableBuilder,
    private readonly kindOf: (name: string) => number,
  ) {}

  /** @param name its string id */
  of(name: number): number {
    const known = this.kinds[name];
    if (known !== undefined && known > 0) return known - 1;
    if (name >= this.kinds.length) this.kinds = grown(this.kinds, new Uint8Array(name * 2));
    const kind = this.kindOf(this.symbols.string(name));
    this.kinds[name] = kind + 1;
    return kind;
  }
}
