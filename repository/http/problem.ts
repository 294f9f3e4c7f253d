import type { ServerResponse } from 'node:http';
import type { RepositoryError, RepositoryErrorCode } from '../errors.js';

/** The HTTP status of each code, on every route but the two of the web service. */
export const statuses: Readonly<Record<RepositoryErrorCode, number>> = {
  'repository/not-found': 404,
  'repository/method': 405,
  'repository/content-type': 415,
  'repository/too-large': 413,
  'repository/malformed': 400,
  'repository/peer': 403,
  'repository/api-key': 403,
  'repository/ambiguous-serial': 409,
  'repository/certificate-malformed': 422,
  'repository/unknown-issuer': 422,
  'repository/unknown-profile': 422,
  'repository/profile-not-published': 422,
  'repository/chain': 422,
  'repository/lint': 422,
  'repository/issuer-revoked': 422,
  'repository/certificate-conflict': 409,
  'repository/group-conflict': 409,
  'repository/crl-malformed': 422,
  'repository/crl-refused': 422,
  'repository/crl-not-published': 422,
  'repository/crl-number': 409,
  'repository/unknown-certificate': 404,
  'repository/not-a-device-certificate': 409,
  'repository/older-statement': 409,
  'repository/revoked': 409,
  'repository/time': 422,
  'repository/unknown-api-key': 404,
  'repository/inconsistent': 503,
  'repository/unavailable': 503,
  'repository/audit-unavailable': 503,
  'repository/signer-unavailable': 503,
  'repository/internal': 500
};

/** Whether a code is a fault of ours, and so never the client's. */
export function isFault(code: RepositoryErrorCode): boolean {
  return statuses[code] >= 500;
}

/** DESIGN: a database or disk that comes back does so within seconds. */
export const retryAfterSeconds = 5;

/** Answers an error as problem+json (RFC 9457). The message of a fault of ours stays in the log. */
export function sendProblem(
  response: ServerResponse,
  error: RepositoryError,
  headers: Readonly<Record<string, string>> = {}
): number {
  const status = statuses[error.code];
  const ours = isFault(error.code);
  const body = JSON.stringify({
    type: `urn:opensmki:problem:${error.code}`,
    title: ours ? 'The repository cannot answer' : 'The request was refused',
    status,
    code: error.code,
    detail: ours ? undefined : error.message,
    ...(ours ? {} : { facts: error.facts })
  });
  if (!response.headersSent) {
    response.writeHead(status, {
      ...headers,
      ...(status === 503 ? { 'retry-after': String(retryAfterSeconds) } : {}),
      'content-type': 'application/problem+json',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store'
    });
  }
  response.end(response.req.method === 'HEAD' ? undefined : body);
  return status;
}
