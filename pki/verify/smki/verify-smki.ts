import { DerError } from '../../der/index.js';
import { validityRuleOf } from '../../profile/index.js';
import { X509Error, type Certificate } from '../../x509/index.js';
import { factsOf, subjectOf } from './facts.js';
import { judgeCase } from './judgement.js';
import { readTarget } from './known-organisation.js';
import { readQuestion, type SmkiQuestion } from './question.js';
import { nearestProfile } from './recognise.js';
import { SmkiTrust, type SmkiTrustInput } from './trust.js';
import type { SmkiResult } from './verdict.js';

export interface SmkiInput extends SmkiTrustInput, SmkiQuestion {
  /** DER of the certificate to be judged; it is this one, whatever stands among the issuers. */
  readonly certificate: Uint8Array;
}

/** Judges certificates under issuers, anchors and lists that are read and verified once. */
export interface SmkiVerifier {
  /** As `verifySmki`. */
  verify(certificate: Uint8Array, question: SmkiQuestion): SmkiResult;
}

/**
 * Whether a certificate is one of the smart-metering PKIs and to be believed for what is asked: it is of a profile of
 * the table in full, under a policy OID of the environment, issued by authorities of the profiles that belong above it
 * up to a configured root; purpose, role and entity are those asked for; dates hold by the rule named; its status is
 * known and good where it was asked for.
 *
 * Never throws for any octets; TypeError for a value of the wrong type. Of several faults the first in this order is
 * told: the certificate by itself (critical extensions, profile, policy, form), purpose, role, entity; the way up,
 * the one that got furthest; its own dates; revocation, from the certificate upwards.
 */
export function verifySmki(input: SmkiInput): SmkiResult {
  return smkiVerifier(input).verify(input.certificate, input);
}

/**
 * For many certificates under the same authorities: these, their signatures and those of the lists are read and
 * verified once. Make another one when a list or an issuer is new.
 */
export function smkiVerifier(input: SmkiTrustInput): SmkiVerifier {
  const trust = new SmkiTrust(input);
  return { verify: (certificate, question) => verify(certificate, trust, question) };
}

function verify(der: Uint8Array, trust: SmkiTrust, asked: SmkiQuestion): SmkiResult {
  if (!(der instanceof Uint8Array)) throw new TypeError('the certificate is a Uint8Array of DER');
  const question = readQuestion(asked);
  if ('code' in question) return { valid: false, failure: question };
  if (trust.failure !== undefined) return { valid: false, failure: trust.failure };
  let target: Certificate;
  try {
    target = readTarget(der);
  } catch (error) {
    if (!(error instanceof DerError || error instanceof X509Error)) throw error;
    const message = 'it is no certificate in strict DER';
    const facts = { reason: error.code };
    return { valid: false, failure: { code: 'input/certificate', message, depth: 0, facts } };
  }
  const profile = nearestProfile(target);
  const subject = subjectOf(target, profile);
  const facts = factsOf(target, profile, subject, question.timeRule ?? validityRuleOf(profile));
  return judgeCase({ target, profile, subject, trust, question, facts });
}
