import type {
  RevocationAnswer,
  RevocationEvidence,
  RevocationQuestion,
  RevocationSource
} from '../path/revocation.js';
import { readCrl, type Crl } from './crl.js';
import type { RevocationFailure } from './error.js';
import { statusByCrls, type Status } from './judge-crl.js';
import { judgeResponse } from './judge-ocsp.js';
import { responderStatusFault } from './responder-status.js';
import { readOcspResponse, type OcspResponse } from './ocsp.js';
import type { SingleResponse } from './ocsp-single.js';
import { mostSpecific } from './rank.js';
import { readAll } from './read-all.js';
import { reasonText } from './reasons.js';

/** What was handed in, read as far as it can be. */
interface Material {
  readonly lists: readonly Crl[];
  readonly responses: readonly OcspResponse[];
  /** Why others were not read. */
  readonly unread: readonly RevocationFailure[];
}

/**
 * The status of certificates from these lists and responses, in any order. What cannot be read speaks of no
 * certificate; where nothing else does, the reason for that is what is told. A certificate is revoked when either
 * kind says so, good when one of them says so and the other does not object.
 */
export function revocationSource(
  crls: readonly Uint8Array[],
  ocspResponses: readonly Uint8Array[]
): RevocationSource {
  let material: Material | undefined;
  return {
    status(question) {
      material ??= readMaterial(crls, ocspResponses);
      return statusBy(material, question);
    }
  };
}

function readMaterial(crls: readonly Uint8Array[], ocspResponses: readonly Uint8Array[]): Material {
  const lists = readAll(crls, readCrl);
  const responses = readAll(ocspResponses, readOcspResponse);
  return { lists: lists.good, responses: responses.good, unread: [...lists.failures, ...responses.failures] };
}

function statusBy({ lists, responses, unread }: Material, question: RevocationQuestion): RevocationAnswer {
  const byCrls = statusByCrls(lists, question);
  const byOcsp = statusByResponses(responses, lists, question);
  for (const answer of [byCrls, byOcsp]) if (answer.status === 'revoked') return revokedAnswer(answer);
  const evidence = [byCrls, byOcsp].flatMap(answer => (answer.status === 'good' ? answer.evidence : []));
  if (evidence.length > 0) return { good: true, evidence };
  const failures = [byCrls, byOcsp].flatMap(answer => (answer.status === 'unknown' ? [answer.failure] : []));
  return { good: false, ...mostSpecific([...failures, ...unread]) };
}

function revokedAnswer({
  revokedAt,
  reason,
  number
}: Extract<Status, { status: 'revoked' }>): RevocationAnswer {
  return {
    good: false,
    code: 'revocation/revoked',
    message: 'the certificate has been revoked',
    facts: {
      revokedAt: revokedAt.toISOString(),
      reason: reasonText(reason),
      ...(number === undefined ? {} : { crlNumber: String(number) })
    }
  };
}

/** Of the responses that were found right the one with the latest thisUpdate counts; of two of one moment the worse. */
function statusByResponses(
  responses: readonly OcspResponse[],
  lists: readonly Crl[],
  question: RevocationQuestion
): Status {
  const { at, certificate, issuer, signatures, depth } = question;
  const failures: RevocationFailure[] = [];
  let newest: { readonly response: OcspResponse; readonly single: SingleResponse } | undefined;
  for (const response of responses) {
    const answer = judgeResponse(response, {
      ...{ certificate, issuer, at, nonce: undefined, maxAgeMs: undefined },
      verify: (object, key) => signatures.verify(object, key),
      whyNotGood: responder => responderStatusFault(responder, lists, question)
    });
    if (!answer.answered) failures.push(answer.failure);
    else if (newest === undefined || isWorse(answer.single, newest.single))
      newest = { response, single: answer.single };
  }
  if (newest === undefined) return { status: 'unknown', failure: mostSpecific(failures) };
  const { single, response } = newest;
  const { status, thisUpdate, nextUpdate } = single;
  if (status.kind === 'revoked')
    return { status: 'revoked', revokedAt: status.revokedAt, reason: status.reason, number: undefined };
  if (status.kind === 'unknown')
    return {
      status: 'unknown',
      failure: { code: 'revocation/unknown', message: 'the responder does not know the certificate' }
    };
  const evidence: RevocationEvidence = {
    ...{ depth, kind: 'ocsp', der: response.der, number: undefined },
    ...{ thisUpdate, nextUpdate }
  };
  return { status: 'good', evidence: [evidence] };
}

function isWorse(one: SingleResponse, other: SingleResponse): boolean {
  const later = one.thisUpdate.getTime() - other.thisUpdate.getTime();
  return later > 0 || (later === 0 && severity[one.status.kind] > severity[other.status.kind]);
}

const severity = { good: 0, unknown: 1, revoked: 2 } as const;
