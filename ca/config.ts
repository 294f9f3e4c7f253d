import type { Environment, Lane } from '../pki/messages/index.js';
import type { Policy, ProfileName } from '../pki/index.js';
import type { RequestKind, RequestPolicy } from '../pki/request/index.js';

/** What configuration gives a CA process, already read and validated; frozen by whoever made it. */
export interface CaConfig {
  /** Name of this process for logs, audit and health, e.g. `ca-1`. */
  readonly instance: string;
  readonly environment: Environment;
  /** SHA-256 of the configuration file, hexadecimal: goes into the event of the start. */
  readonly configurationSha256: string;
  /** Restore epoch of this CA; orders addressed to another are refused. */
  readonly caEpoch: bigint;
  readonly policy: Policy;
  /** The figures of the request checks, the same as the RA's. */
  readonly requests: RequestPolicy;
  readonly issuers: readonly IssuerConfig[];
  readonly raKeys: readonly RaKeyConfig[];
  /** DER CRLs and ARLs made by the ceremony, taken in when the database has none of their issuer. */
  readonly initialCrls: readonly Uint8Array[];
  /**
   * Organisation, IKI and revocation orders will carry two officers' signatures. Until the RA collects them the
   * test environment says so by name; live refuses to start with it.
   */
  readonly approvals: 'not-collected-in-test';
  readonly limits: CaLimits;
}

/** An issuing CA this process may sign for. */
export interface IssuerConfig {
  /** DER certificate of the issuing CA. */
  readonly certificate: Uint8Array;
  /** DER certificate of its root, which no running process holds a key of. */
  readonly root: Uint8Array;
  /** Label of the key on the issuing token; begins with the environment. */
  readonly keyLabel: string;
}

/** A statement key whose orders this CA executes, and how far it is believed. */
export interface RaKeyConfig {
  /** For logs, audit and health. */
  readonly name: string;
  /** DER SubjectPublicKeyInfo, P-256; its SHA-256 is the key id in orders. */
  readonly spki: Uint8Array;
  readonly profiles: readonly ProfileName[];
  /** Beyond this the key is stopped until a person releases it. */
  readonly certificatesPerHour: number;
}

/** How the process works; every value is a DESIGN figure, see `defaultLimits`. */
export interface CaLimits {
  /** An open intent whose holder was not heard of for this long may be taken over. */
  readonly leaseMs: number;
  /** How often the holder says it is still there; well below the lease. */
  readonly heartbeatMs: number;
  /** How often stale intents and unacknowledged outbox rows are looked for. */
  readonly sweepMs: number;
  /** How often the CRL schedule is looked at. */
  readonly crlCheckMs: number;
  /** Long poll of a claim. */
  readonly claimWaitMs: number;
  /** Pause after a failed claim, and between attempts while the token is away. */
  readonly retryMs: number;
  /** Longest pause between deliveries of one outbox row. */
  readonly maxRetryMs: number;
  /** Orders executed at once, each lane by itself, so that batches never hold up single requests. */
  readonly inFlight: Readonly<Record<Lane, number>>;
  /** Signatures without known outcome after which an item is refused. */
  readonly attempts: number;
  /** How long `stop` waits for the orders in hand. */
  readonly stopDeadlineMs: number;
}

/**
 * Lease 15 s: shorter and a process in a long collection loses its orders, longer and the RA's 25 s pass before a
 * dead CA's orders are taken over. Heartbeat a fifth of it: four may be lost. In flight: the signer's sessions
 * are busy with some dozens of small groups or a few large ones, while others are read, recorded and told. Attempts 3: a token that leaves three outcomes
 * unknown needs a person.
 */
export const defaultLimits: CaLimits = Object.freeze({
  leaseMs: 15_000,
  heartbeatMs: 3_000,
  sweepMs: 2_000,
  crlCheckMs: 30_000,
  claimWaitMs: 20_000,
  retryMs: 500,
  maxRetryMs: 60_000,
  inFlight: Object.freeze({ adhoc: 64, batch: 8 }),
  attempts: 3,
  stopDeadlineMs: 10_000
});

/** The policy figure that says where proof of possession is checked: `ra` or `both`. */
export const possessionFigures = {
  device: 'request.possession.device',
  organisation: 'request.possession.organisation',
  'iki-client': 'request.possession.iki'
} as const satisfies Record<RequestKind, string>;
