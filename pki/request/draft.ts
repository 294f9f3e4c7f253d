import type { Eui64, RemotePartyRole } from '../identifier/index.js';
import type { Lengths } from '../der/index.js';
import type {
  Extension,
  KeyUsageName,
  RequestStructure,
  SignatureAlgorithm,
  SubjectPublicKey
} from '../x509/index.js';
import { RequestRefused, type RequestCode, type RequestRule } from './error.js';
import type { RequestKind } from './facts.js';
import type { RequestPolicy } from './policy.js';

/** What each kind of request is made of; the checks read it here and nowhere else. */
export interface KindRules {
  readonly lengths: Lengths;
  readonly key: 'P-256' | 'RSA';
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly usages: readonly KeyUsageName[];
}

export const kindRules: Readonly<Record<RequestKind, KindRules>> = {
  // GBCS devices write long-form lengths; portal and system software have no such excuse.
  device: {
    lengths: 'long-form-allowed',
    key: 'P-256',
    signatureAlgorithm: 'ecdsa-with-SHA256',
    usages: ['digitalSignature', 'keyAgreement']
  },
  organisation: {
    lengths: 'minimal',
    key: 'P-256',
    signatureAlgorithm: 'ecdsa-with-SHA256',
    usages: ['digitalSignature', 'keyAgreement']
  },
  'iki-client': {
    lengths: 'minimal',
    key: 'RSA',
    signatureAlgorithm: 'sha256WithRSAEncryption',
    usages: ['digitalSignature']
  }
};

/** What the checks find out one after another. */
export interface Findings {
  readonly structure: RequestStructure;
  readonly publicKey: SubjectPublicKey;
  /** Raw r‖s or PKCS#1. */
  readonly signature: Uint8Array;
  readonly extensions: readonly Extension[];
  readonly usage: KeyUsageName;
  readonly eui: Eui64;
  readonly hwType: string;
  readonly role: RemotePartyRole;
  readonly commonName: string;
  readonly organisation: string;
  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  readonly publicKeyHash: Uint8Array;
}

/** A request on its way through the checks. */
export class RequestDraft {
  readonly bytes: Uint8Array;
  readonly kind: RequestKind;
  readonly policy: RequestPolicy;
  readonly notes: string[] = [];
  readonly #findings: Partial<Findings> = {};

  constructor(bytes: Uint8Array, kind: RequestKind, policy: RequestPolicy) {
    this.bytes = bytes;
    this.kind = kind;
    this.policy = policy;
  }

  get rules(): KindRules {
    return kindRules[this.kind];
  }

  found(findings: Partial<Findings>): void {
    Object.assign(this.#findings, findings);
  }

  /** A finding of an earlier check. That it is missing is a fault in the table's order, not in the request. */
  get<K extends keyof Findings>(key: K): Findings[K] {
    const value = this.maybe(key);
    if (value === undefined) throw new Error(`request check before ${key} is known`);
    return value;
  }

  maybe<K extends keyof Findings>(key: K): Findings[K] | undefined {
    return this.#findings[key];
  }
}

/** Makes the refusal of the check that is running; the check throws it. */
export type Refusal = (code: RequestCode, detail: string, cause?: unknown) => RequestRefused;

export interface RequestCheck {
  readonly rule: RequestRule;
  readonly kinds: readonly RequestKind[];
  /** Throws what `refusal` makes, or adds findings to the draft. */
  readonly check: (draft: RequestDraft, refusal: Refusal) => void;
}

export function refusalOf(rule: RequestRule): Refusal {
  return (code, detail, cause) =>
    new RequestRefused(rule, code, detail, cause === undefined ? undefined : { cause });
}
