import type { HsmErrorCode } from './errors.js';

/** Key algorithms of the three infrastructures: SMKI is P-256, IKI and DCCKI are RSA. */
export type KeyAlgorithm = 'P-256' | 'RSA-2048';

/** CKA_LABEL of a key pair on the token; unique on its token. */
export type KeyLabel = string;

/** What one key may be used for; part of every permit, so that one key serves one purpose. */
export type KeyPurpose = 'certificate' | 'crl' | 'statement' | 'health';

/**
 * Which of the signer's two queues a request waits in: `adhoc` (somebody waits for the answer) is always served
 * before `batch`.
 */
export type Lane = 'adhoc' | 'batch';

/**
 * Leave to sign these bytes with this key, once: HMAC-SHA256 under a secret drawn at start-up that only the
 * stage which checked the bytes shares with the signer process. See `mintPermit`.
 */
export interface Permit {
  /**
   * Unique for ever under one key and purpose: intent id and item for certificates, CRL number and attempt for
   * CRLs, random for statements. 1 to 255 octets.
   */
  readonly id: Uint8Array;
  readonly mac: Uint8Array;
}

export interface SignRequest {
  readonly key: KeyLabel;
  readonly purpose: KeyPurpose;
  /** The whole bytes, never a digest: the signer hashes (SHA-256) itself. At most 64 MiB. */
  readonly data: Uint8Array;
  readonly permit: Permit;
  /** `adhoc` when absent. */
  readonly lane?: Lane | undefined;
}

/** Octets of `SignRequest.data` at most: the largest CRL, with room. */
export const maximumDataOctets = 64 * 1024 * 1024;

export interface PublicKey {
  readonly label: KeyLabel;
  readonly algorithm: KeyAlgorithm;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
}

/**
 * Signs with keys that never leave their token.
 *
 * Signatures: P-256 raw r‖s, 64 octets; RSA PKCS#1 v1.5 with SHA-256, 256 octets. The caller verifies every
 * signature over the exact bytes before use: a token may answer OK with a wrong one.
 *
 * Concurrency: any number of calls at once; the signer spreads them over its session pool. `signMany` keeps
 * order and reports each request by itself.
 *
 * Errors are `HsmError`s. A request is sent to the token at most once: the signer never repeats a signature by
 * itself. A permit is spent when its request reaches the signer process; only after `hsm/busy` and
 * `hsm/unavailable` may the same permit be used again. `hsm/outcome-unknown` means a signature may exist: treat the certificate as issued and abandon its
 * serial. Every other code means the token certainly returned no signature for this request.
 */
export interface Signer {
  publicKey(label: KeyLabel): Promise<PublicKey>;
  sign(request: SignRequest): Promise<Uint8Array>;
  signMany(requests: readonly SignRequest[]): Promise<SignOutcome[]>;
}

export type SignOutcome =
  { readonly ok: true; readonly signature: Uint8Array } | { readonly ok: false; readonly error: Error };

/**
 * A signer over PKCS#11. Production wiring asks for this type, so that a software signer does not type-check
 * there.
 */
export interface Pkcs11Signer extends Signer {
  readonly kind: 'pkcs11';
  health(): Promise<SignerHealth>;
  /** Drains and ends the signer process. */
  close(): Promise<void>;
}

export interface SignerHealth {
  readonly state: 'starting' | 'ready' | 'degraded' | 'stopped';
  readonly tokenLabel: string;
  readonly pid: number | undefined;
  readonly sessions: number;
  readonly restarts: number;
  /** From C_GetInfo / C_GetTokenInfo, e.g. `SoftHSM`: live refuses SoftHSM by it. */
  readonly manufacturer: string | undefined;
  /** Why it is not `ready`, in words for an operator. */
  readonly reason: string | undefined;
  /** Why it is not `ready`, as the code that requests are refused with meanwhile. */
  readonly problem?: HsmErrorCode | undefined;
}

/** Only where a ceremony runs. */
export interface KeyGenerator {
  /**
   * Makes a key pair on the token: private part CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, not CKA_EXTRACTABLE, not
   * CKA_MODIFIABLE, sign only. Refuses with `hsm/key-exists` a label that is there.
   */
  generate(label: KeyLabel, algorithm: KeyAlgorithm): Promise<PublicKey>;
}
