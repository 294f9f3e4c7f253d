/** What became of each item of an order, as this process has seen it: what is told needs no reading from the database. */
import { profiles, type ProfileName } from '../../pki/index.js';
import type { ItemOutcome, OrderReport } from '../../pki/messages/index.js';
import type { CertificateRow } from '../ledger/certificate.js';
import type { Refusal } from '../ledger/order.js';
import type { OpenedOrder } from './verify-order.js';

/** What repository and RA are told of a finished order. */
export interface Told {
  /** DER certificates for the repository, in the order of the items. */
  readonly published: readonly Uint8Array[];
  readonly report: OrderReport;
}

export class Outcomes {
  readonly #order: OpenedOrder['order'];
  readonly #outcomes: (ItemOutcome | undefined)[];
  readonly #published = new Map<number, Uint8Array>();

  constructor({ order }: OpenedOrder) {
    this.#order = order;
    this.#outcomes = order.items.map(() => undefined);
  }

  issue(certificates: readonly CertificateRow[]): void {
    for (const { item, profile, der } of certificates) {
      this.#outcomes[item] = { kind: 'issued', requestId: this.#requestId(item), certificate: der };
      if (profiles[profile as ProfileName].published) this.#published.set(item, der);
    }
  }

  refuse(refused: readonly Refusal[]): void {
    for (const { item, code, detail } of refused)
      this.#outcomes[item] = { kind: 'refused', requestId: this.#requestId(item), code, detail };
  }

  /** Something of what was issued here goes to the repository. */
  get toPublish(): boolean {
    return this.#published.size > 0;
  }

  /** Undefined when an item has its outcome from elsewhere: an earlier attempt, or another order of its request. */
  told(): Told | undefined {
    const outcomes: ItemOutcome[] = [];
    for (const outcome of this.#outcomes) {
      if (outcome === undefined) return undefined;
      outcomes.push(outcome);
    }
    const published = [...this.#published].sort(([a], [b]) => a - b).map(([, der]) => der);
    return { published, report: { orderId: this.#order.orderId, outcomes } };
  }

  #requestId(item: number): Uint8Array {
    const requestId = this.#order.items[item]?.requestId;
    if (requestId === undefined) throw new RangeError(`an outcome of item ${item}`);
    return requestId;
  }
}
