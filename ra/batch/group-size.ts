import type { BatchSettings } from './config.js';

/**
 * DESIGN: a group whose transaction takes longer keeps others waiting for its locks; a faster one may grow. The checks
 * before it hold none: on a busy machine they take long, and smaller groups would only make it busier.
 */
const slowMs = 1_500;
const fastMs = 500;

/**
 * DESIGN: a small batch, and the end of a large one, is cut as if for one place in flight of so many. What a group
 * costs whatever it holds is some 30 requests' worth in all processes: an end cut for every place is twice as many
 * groups. One of all that is left would leave the next stage with nothing to do meanwhile.
 */
const placesToAPart = 2;

/**
 * How many requests the next group holds. A small batch is cut so that the stages have something to do at once; a
 * large one in groups as large as they are decided quickly, beginning in the middle.
 */
export class GroupSize {
  readonly #settings: BatchSettings;
  #most: number;

  constructor(settings: BatchSettings) {
    this.#settings = settings;
    this.#most = Math.max(settings.groupMin, Math.ceil(settings.groupMax / 2));
  }

  /** @param left requests of the batch that no group holds */
  of(left: number): number {
    const { groupMin, groupsInFlight } = this.#settings;
    return Math.min(this.#most, Math.max(groupMin, Math.ceil((left * placesToAPart) / groupsInFlight)));
  }

  /** @param ms how long the transaction of the last group took */
  took(ms: number): void {
    const { groupMin, groupMax } = this.#settings;
    if (ms > slowMs) this.#most = Math.max(Math.min(groupMin, groupMax), Math.floor(this.#most / 2));
    else if (ms < fastMs) this.#most = Math.max(groupMin, Math.min(groupMax, this.#most * 2));
  }
}
