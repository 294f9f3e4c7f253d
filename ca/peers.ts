import type { Order, OrderReport, Publication, SignedOrder } from '../pki/messages/index.js';

/**
 * One RA process as the CA sees it. Authenticated by internal TLS, which only says who delivers: an order counts
 * for nothing before its signature has been verified.
 */
export interface RaPeer {
  /** For logs and to send a report back the way its order came. */
  readonly name: string;
  /**
   * Long poll: answers as soon as there is an order, or an empty list after `waitMs`; `room` orders at most are of
   * use. The RA's lease is a hint only: the same order may be handed to several CAs, and again.
   */
  claim(lane: Order['lane'], waitMs: number, signal: AbortSignal, room: number): Promise<SignedOrder[]>;
  /** Idempotent. Resolves when the RA has the report on stable storage; throws `PeerConflict` on other bytes. */
  report(report: OrderReport): Promise<void>;
}

/** One repository process. Idempotent: the same DER again is success. */
export interface RepositoryPeer {
  readonly name: string;
  /** Resolves when the repository has it on stable storage; throws `PeerConflict` on other DER under one serial. */
  publish(publication: Publication): Promise<void>;
}

/** The peer holds other bytes under the same identifier: never retried blindly, always an alarm. */
export class PeerConflict extends Error {
  readonly code = 'ca/peer-conflict';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PeerConflict';
  }
}
