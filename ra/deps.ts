import type { ComponentDeps, PeerComponent } from '../ops/kit/deps.js';
import type { Certificate, Policy } from '../pki/index.js';
import type { RequestCode, RequestFacts, RequestKind, RequestRule } from '../pki/request/index.js';
import type { DeviceStatusProvider, Lane, StatementSigner } from '../pki/messages/index.js';
import type { BatchPart } from './batch/part.js';
import type { Clients } from './clients.js';
import type { RaConfig } from './config.js';
import type { Deliveries } from './issuance/deliver.js';
import type { OpenOrders } from './issuance/open-orders.js';
import type { Outcomes } from './issuance/outcomes.js';
import type { AcceptGroup } from './issuance/serve.js';
import type { RaMetrics } from './metrics.js';
import type { Rates } from './rates.js';
import type { Sealing } from './sealing.js';

/** Everything the RA is given. */
export interface RaDeps extends ComponentDeps {
  readonly config: RaConfig;
  readonly policy: Policy;
  /** Signs orders, with a key in a token of its own. */
  readonly statementSigner: StatementSigner;
  readonly deviceStatus: DeviceStatusProvider;
  /**
   * Checks R1–R8 and R16 on decoded bytes, proof of possession with them, away from the event loop. Verdicts in the
   * order of the requests. Rejects only when no verdict could be had (the worker died, the queue is full): never the
   * client's fault.
   */
  checkRequests(requests: readonly RequestToCheck[], lane: Lane): Promise<readonly RequestVerdict[]>;
  readonly clientTrust: ClientTrust;
  readonly peerComponent: PeerComponent;
}

/** What the component adds for itself and hands to its own parts. */
export interface RaContext extends RaDeps {
  readonly rates: Rates;
  readonly outcomes: Outcomes;
  /** Registered clients as last read; whoever changes a party or a system calls `forget`. */
  readonly clients: Clients;
  /** Where single requests are checked and decided together. */
  readonly accepting: AcceptGroup;
  readonly deliveries: Deliveries;
  readonly sealing: Sealing;
  /** Woken when orders of a lane have been stored. */
  readonly openOrders: Readonly<Record<Lane, OpenOrders>>;
  /** What the parts of the batched service share. */
  readonly batch: BatchPart;
  /** Aborted when the component stops. */
  readonly stopping: AbortSignal;
  readonly measures: RaMetrics;
}

/** One request as its checks see it. */
export interface RequestToCheck {
  readonly bytes: Uint8Array;
  readonly kind: RequestKind;
}

/** What a check found; plain data, because it crosses from a worker. */
export type RequestVerdict =
  | { readonly ok: true; readonly facts: RequestFacts }
  | {
      readonly ok: false;
      readonly rule: RequestRule;
      /** Finer than the rule. */
      readonly code: RequestCode;
      readonly detail: string;
    };

/** What the RA needs to know to believe an IKI client certificate. */
export interface ClientTrust {
  /** IKI root certificates trusted by configuration. */
  readonly anchors: readonly Certificate[];
  /** IKI issuing CA certificates; trusted for nothing but what chains to an anchor. */
  readonly issuers: readonly Certificate[];
  /**
   * Status by the current IKI CRL. `unknown` where no CRL could be read or it is stale: the RA refuses.
   */
  status(certificate: Certificate): Promise<'good' | 'revoked' | 'unknown'>;
}
