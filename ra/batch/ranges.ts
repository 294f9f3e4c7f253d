/** Items from `first`, so many. */
export interface ItemRange {
  readonly first: number;
  readonly count: number;
}

/** What of a batch no group holds yet, cut from the front. */
export class OpenRanges {
  #ranges: ItemRange[];

  /** @param covered ranges of the groups that exist, none overlapping */
  constructor(total: number, covered: readonly ItemRange[]) {
    this.#ranges = [];
    let next = 0;
    for (const { first, count } of [...covered].sort((a, b) => a.first - b.first)) {
      if (first > next) this.#ranges.push({ first: next, count: first - next });
      next = Math.max(next, first + count);
    }
    if (next < total) this.#ranges.push({ first: next, count: total - next });
  }

  get left(): number {
    return this.#ranges.reduce((sum, { count }) => sum + count, 0);
  }

  /** At most so many items; `undefined` when there is nothing left. */
  take(most: number): ItemRange | undefined {
    const [range] = this.#ranges;
    if (range === undefined || most < 1) return undefined;
    const count = Math.min(most, range.count);
    if (count === range.count) this.#ranges.shift();
    else this.#ranges[0] = { first: range.first + count, count: range.count - count };
    return { first: range.first, count };
  }
}
