/** Requests that wait for a signer process, in two lanes, bounded in number and in octets. */
import type { Lane, SignOutcome, SignRequest } from './signer.js';

/** Octets of data that may wait, so that the queue is bounded whatever the sizes: four largest CRLs. */
const octetsLimit = 256 * 1024 * 1024;

/**
 * Requests in one frame, and their octets. A frame of 32 takes SoftHSM 1.5 ms: no more of a group than what is
 * under way is in doubt when the process dies. Whoever waits for an answer does not wait for frames: the process takes
 * that lane first, signature by signature.
 */
const frameRequests = 32;
const frameOctets = 1024 * 1024;

export interface Waiting {
  readonly request: SignRequest;
  /** On the monotonic clock, in milliseconds. */
  readonly overdue: number;
  readonly group: WaitingGroup;
  /** Place of its outcome in the group. */
  readonly index: number;
}

/** The requests of one call: settled one by one, answered together. */
export class WaitingGroup {
  readonly answered: Promise<SignOutcome[]>;
  readonly #outcomes: SignOutcome[];
  #open: number;
  #answer: (outcomes: SignOutcome[]) => void = () => undefined;

  constructor(size: number) {
    this.#outcomes = new Array<SignOutcome>(size);
    this.#open = size;
    this.answered = new Promise(resolve => (this.#answer = resolve));
    if (size === 0) this.#answer(this.#outcomes);
  }

  settle(index: number, outcome: SignOutcome): void {
    this.#outcomes[index] = outcome;
    if (--this.#open === 0) this.#answer(this.#outcomes);
  }
}

export class LaneQueue {
  readonly #lanes: Record<Lane, Waiting[]> = { adhoc: [], batch: [] };
  readonly #limit: number;
  #octets = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#lanes.adhoc.length + this.#lanes.batch.length;
  }

  isEmpty(lane: Lane): boolean {
    return this.#lanes[lane].length === 0;
  }

  hasRoomFor(request: SignRequest): boolean {
    return this.length < this.#limit && this.#octets + request.data.length <= octetsLimit;
  }

  push(lane: Lane, waiting: Waiting): void {
    this.#lanes[lane].push(waiting);
    this.#octets += waiting.request.data.length;
  }

  /** The next frame's worth of one lane, oldest first. */
  takeFrame(lane: Lane): Waiting[] {
    const queue = this.#lanes[lane];
    let count = 0;
    for (let octets = 0; count < Math.min(frameRequests, queue.length); count++) {
      octets += queue[count]?.request.data.length ?? 0;
      if (count > 0 && octets > frameOctets) break;
    }
    return this.#remove(queue, count);
  }

  /** Those that waited too long. */
  takeOverdue(now: number): Waiting[] {
    return Object.values(this.#lanes).flatMap(queue => {
      const inTime = queue.findIndex(({ overdue }) => overdue >= now);
      return this.#remove(queue, inTime < 0 ? queue.length : inTime);
    });
  }

  takeAll(): Waiting[] {
    return Object.values(this.#lanes).flatMap(queue => this.#remove(queue, queue.length));
  }

  #remove(queue: Waiting[], count: number): Waiting[] {
    const removed = queue.splice(0, count);
    for (const { request } of removed) this.#octets -= request.data.length;
    return removed;
  }
}
