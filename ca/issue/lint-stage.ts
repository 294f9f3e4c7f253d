/**
 * Step 5: the only place that can make a permit. It builds the to-be-signed bytes from the profile, lints those
 * exact bytes, and mints the permit for them; the permit secret lives in this closure and nowhere else in the
 * process. What has findings gets no permit and cannot be signed.
 */
import { mintPermit, type KeyLabel, type Lane, type SignRequest } from '../../hsm/index.js';
import {
  buildCrlTbs,
  compileTemplate,
  checkCrlContinuity,
  lintTbs,
  sha256,
  type Certificate,
  type CertificateTemplate,
  type ContinuityFacts,
  type CrlInput,
  type CrlState,
  type Policy,
  type ProfileName,
  type SubjectValues,
  type Validity
} from '../../pki/index.js';

export interface CertificateInput {
  readonly profile: ProfileName;
  /** `'self'` for a root, which only a ceremony signs. */
  readonly issuer: Certificate | 'self';
  readonly keyLabel: KeyLabel;
  readonly serial: Uint8Array;
  /** DER SubjectPublicKeyInfo of the subject. */
  readonly spki: Uint8Array;
  readonly subject: SubjectValues;
  readonly at: Date;
  /** Unique for ever: see `certificatePermitId`. */
  readonly permitId: Uint8Array;
  readonly lane: Lane;
}

/** Linted bytes with their permit: what step 6 records and step 7 sends. */
export interface PreparedCertificate {
  readonly tbs: Uint8Array;
  readonly tbsSha256: Uint8Array;
  readonly validity: Validity;
  readonly signRequest: SignRequest;
}

export type Preparation =
  | { readonly ok: true; readonly prepared: PreparedCertificate }
  /** Findings of severity error, as `L09: detail`. */
  | { readonly ok: false; readonly findings: readonly string[] };

export interface PreparedCrl {
  readonly tbs: Uint8Array;
  readonly tbsSha256: Uint8Array;
  readonly signRequest: SignRequest;
}

export interface LintStage {
  certificate(input: CertificateInput): Preparation;
  /**
   * A CRL that continues `previous` exactly; throws `ProfileError` with a `crl/...` code otherwise. `previous`
   * has the number of the last intent, so that a number given up is not used again.
   */
  crl(
    input: CrlInput,
    keyLabel: KeyLabel,
    previous: CrlState | undefined,
    facts: ContinuityFacts
  ): PreparedCrl;
}

/** Takes the secret over: the caller forgets its copy. */
export function createLintStage(secret: Uint8Array, policy: Policy): LintStage {
  const templates = new Map<string, CertificateTemplate>();

  function templateFor(profile: ProfileName, issuer: Certificate | 'self'): CertificateTemplate {
    const key = `${profile} ${issuer === 'self' ? 'self' : issuer.serialHex}`;
    let template = templates.get(key);
    if (template === undefined) templates.set(key, (template = compileTemplate(profile, { issuer, policy })));
    return template;
  }

  function permitted(
    key: KeyLabel,
    purpose: 'certificate' | 'crl',
    data: Uint8Array,
    id: Uint8Array,
    lane: Lane
  ): SignRequest {
    return { key, purpose, data, permit: mintPermit(secret, key, purpose, data, id), lane };
  }

  return {
    certificate({ profile, issuer, keyLabel, serial, spki, subject, at, permitId, lane }) {
      const template = templateFor(profile, issuer);
      const validity = template.validity(at);
      const tbs = template.tbs({ serial, ...validity, spki, subject });
      const findings = lintTbs(tbs, { profile, issuer, policy, at })
        .filter(finding => finding.severity === 'error')
        .map(finding => `${finding.lint}: ${finding.detail}`);
      if (findings.length > 0) return { ok: false, findings };
      const signRequest = permitted(keyLabel, 'certificate', tbs, permitId, lane);
      return { ok: true, prepared: { tbs, tbsSha256: sha256(tbs), validity, signRequest } };
    },
    crl(input, keyLabel, previous, facts) {
      checkCrlContinuity(previous, { ...input, issuer: input.issuer.subject.der }, facts);
      const tbs = buildCrlTbs(input);
      const signRequest = permitted(keyLabel, 'crl', tbs, crlPermitId(input.issuer, input.number), 'adhoc');
      return { tbs, tbsSha256: sha256(tbs), signRequest };
    }
  };
}

/** Order id, attempt, item: 24 octets, unique because an attempt of an order is recorded once. */
export function certificatePermitId(orderId: Uint8Array, epoch: number, item: number): Uint8Array {
  // Every octet is written below.
  const id = Buffer.allocUnsafe(24);
  id.set(orderId);
  id.writeUInt32BE(epoch, 16);
  id.writeUInt32BE(item, 20);
  return id;
}

/** First 16 octets of the issuer key's hash and the CRL number: 24 octets, unique because numbers only rise. */
function crlPermitId(issuer: Certificate, number: bigint): Uint8Array {
  const id = Buffer.alloc(24);
  id.set(sha256(issuer.publicKey.spki).subarray(0, 16));
  id.writeBigUInt64BE(number, 16);
  return id;
}
