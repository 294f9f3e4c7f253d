import { sha256 } from '../digest.js';
import { RequestDraft, refusalOf, type RequestCheck } from './draft.js';
import { RequestRefused } from './error.js';
import type { RequestFacts, RequestKind, RequestedProfile } from './facts.js';
import type { RequestPolicy } from './policy.js';
import { examineKnownDevice, rememberDevice } from './known-device.js';
import { verifyPossession, type PossessionProof } from './possession.js';
import { encodingCheck } from './r1-encoding.js';
import { versionCheck } from './r2-version.js';
import { publicKeyCheck } from './r3-public-key.js';
import { signatureCheck } from './r4-signature.js';
import { extensionRequestCheck } from './r5-extension-request.js';
import { otherExtensionsCheck } from './r6-other-extensions.js';
import { deviceCheck } from './r7-device.js';
import { ikiClientCheck } from './r8-iki-client.js';
import { organisationCheck } from './r8-organisation.js';
import { weakKeyCheck } from './r16-weak-key.js';

/** The checks of a request by itself, in the order in which the first failure is the answer. */
export const requestChecks: readonly RequestCheck[] = [
  encodingCheck,
  versionCheck,
  publicKeyCheck,
  signatureCheck,
  extensionRequestCheck,
  otherExtensionsCheck,
  deviceCheck,
  organisationCheck,
  ikiClientCheck,
  weakKeyCheck
];

export interface ExaminedRequest {
  readonly facts: RequestFacts;
  /** For `verifyPossession`, which may run elsewhere. */
  readonly proof: PossessionProof;
}

/** Runs every check but the signature's verification. Throws `RequestRefused`. */
export function examineRequest(bytes: Uint8Array, kind: RequestKind, policy: RequestPolicy): ExaminedRequest {
  if (kind !== 'device') return examineByChecks(bytes, kind, policy);
  const known = examineKnownDevice(bytes, policy);
  if (known !== undefined) return known;
  const examined = examineByChecks(bytes, kind, policy);
  rememberDevice(bytes, policy, examined.facts);
  return examined;
}

/** The checks one after another, of whatever request. */
export function examineByChecks(
  bytes: Uint8Array,
  kind: RequestKind,
  policy: RequestPolicy
): ExaminedRequest {
  const draft = new RequestDraft(bytes, kind, policy);
  for (const { rule, kinds, check } of requestChecks) if (kinds.includes(kind)) check(draft, refusalOf(rule));
  const publicKey = draft.get('publicKey');
  return {
    facts: factsOf(draft),
    proof: { requestInfo: draft.get('structure').requestInfo, signature: draft.get('signature'), publicKey }
  };
}

/** The facts of a request that passes every check but the signature's verification. Throws `RequestRefused`. */
export function checkRequest(bytes: Uint8Array, kind: RequestKind, policy: RequestPolicy): RequestFacts {
  return examineRequest(bytes, kind, policy).facts;
}

/** All checks and then the signature (`request/possession`). Throws `RequestRefused`. */
export async function checkRequestAndPossession(
  bytes: Uint8Array,
  kind: RequestKind,
  policy: RequestPolicy
): Promise<RequestFacts> {
  const { facts, proof } = examineRequest(bytes, kind, policy);
  if (!(await verifyPossession(proof)))
    throw new RequestRefused('R4', 'request/possession', 'signature does not verify');
  return facts;
}

function factsOf(draft: RequestDraft): RequestFacts {
  const { spki } = draft.get('publicKey');
  const usage = draft.get('usage') === 'digitalSignature' ? 'DS' : 'KA';
  const eui = draft.maybe('eui');
  const role = draft.maybe('role');
  const hwType = draft.maybe('hwType');
  const commonName = draft.maybe('commonName');
  const organisation = draft.maybe('organisation');
  return {
    kind: draft.kind,
    profile: profileOf(draft.kind, usage, role?.usage === 'digitalSignature'),
    usage,
    ...(eui === undefined ? {} : { eui }),
    ...(role === undefined ? {} : { role: role.code, organisationalUnit: role.ou }),
    ...(hwType === undefined ? {} : { hwType }),
    ...(commonName === undefined ? {} : { commonName }),
    ...(organisation === undefined ? {} : { organisation }),
    // A copy: facts are kept, and a view would keep the whole input.
    spki: Buffer.from(spki),
    publicKeyHash: draft.get('publicKeyHash'),
    requestHash: sha256(draft.bytes),
    notes: draft.notes
  };
}

function profileOf(kind: RequestKind, usage: 'DS' | 'KA', signsXml: boolean): RequestedProfile {
  if (kind === 'iki-client') return kind;
  if (signsXml) return 'organisation-xml';
  return usage === 'DS' ? `${kind}-ds` : `${kind}-ka`;
}
