/**
 * References that are on a page although the capture shows none of their gets: taken before it began, or by events that
 * are missing. All that is known of them is how many there are, and since which row at the latest.
 */

/** Beyond that many times at which some were found, the newest two count as one: nothing is said too early by that. */
const MOST_LAYERS = 16;

/** Some that were found at one row. */
interface Layer {
  weight: number;
  /** Row from which on they are known to be there. */
  fromRow: number;
}

/** One that a put told apart. */
interface ToldApart {
  readonly fromRow: number;
  /** Others were found at another row, and the put may be theirs. */
  readonly isGuess: boolean;
}

export class UnseenReferences {
  /** Oldest first. */
  private readonly layers: Layer[] = [];
  private sum = 0;

  /** Never below 0. */
  get weight(): number {
    return this.sum;
  }

  clear(): void {
    this.layers.length = 0;
    this.sum = 0;
  }

  /** They are there since a row at the latest, which is not before those of the calls before. */
  add(weight: number, fromRow: number): void {
    if (weight <= 0) return;
    this.sum += weight;
    const newest = this.layers.at(-1);
    if (newest !== undefined && (newest.fromRow === fromRow || this.layers.length === MOST_LAYERS)) {
      newest.weight += weight;
      newest.fromRow = fromRow;
    } else {
      this.layers.push({ weight, fromRow });
    }
  }

  /**
   * A put shows one of them: the oldest that is heavy enough, as the first to be taken is the likeliest to be dropped.
   *
   * @param weight at most {@link weight}
   */
  take(weight: number): ToldApart {
    const fitting = this.layers.filter((layer) => layer.weight >= weight);
    const [oldest] = fitting;
    if (oldest !== undefined) {
      oldest.weight -= weight;
      this.sum -= weight;
      if (oldest.weight === 0) this.layers.splice(this.layers.indexOf(oldest), 1);
      return { fromRow: oldest.fromRow, isGuess: fitting.length > 1 };
    }
    let rest = weight;
    let fromRow = 0;
    for (let layer = this.layers[0]; rest > 0 && layer !== undefined; layer = this.layers[0]) {
      const part = Math.min(rest, layer.weight);
      ({ fromRow } = layer);
      rest -= part;
      this.sum -= part;
      layer.weight -= part;
      if (layer.weight === 0) this.layers.shift();
    }
    return { fromRow, isGuess: true };
  }

  /** The count fell, and no put shows which went: short uses go first, and what is there for longest stays longest. */
  drop(weight: number): void {
    let rest = Math.min(weight, this.sum);
    this.sum -= rest;
    for (let layer = this.layers.at(-1); rest > 0 && layer !== undefined; layer = this.layers.at(-1)) {
      const part = Math.min(rest, layer.weight);
      rest -= part;
      layer.weight -= part;
      if (layer.weight === 0) this.layers.pop();
    }
  }
}
