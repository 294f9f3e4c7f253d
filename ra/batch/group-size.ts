import type { BatchSettings } from './config.js';

/** DESIGN: a group that takes longer to check and decide keeps others waiting for its locks; a faster one may grow. */
const slowMs = 1_500;
const fastMs = 500;

/**
 * How many requests the next group holds. A small batch is cut so that all places in flight have something; a large
 * one in groups as large as they are decided quickly, beginning in the middle.
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
    return Math.min(this.#most, Math.max(groupMin, Math.ceil(left / groupsInFlight)));
  }

  /** @param ms how long the last group took from its content to its order */
  took(ms: number): void {
    const { groupMin, groupMax } = this.#settings;
    if (ms > slowMs) this.#most = Math.max(Math.min(groupMin, groupMax), Math.floor(this.#most / 2));
    else if (ms < fastMs) this.#most = Math.max(groupMin, Math.min(groupMax, this.#most * 2));
  }
}
