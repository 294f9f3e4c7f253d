import type { IncomingMessage, ServerResponse } from 'node:http';
import { profiles, type ProfileName } from '../../pki/index.js';
import { auditEvent } from '../audit.js';
import type { RepositoryContext } from '../context.js';
import { RepositoryError } from '../errors.js';
import { sendDownload } from '../http/conditional.js';
import { sha256 } from '../publish/describe-certificate.js';
import { crlProfile, publishedCrls } from '../publish/published-crls.js';
import { findAuthorityByProfile, findBySha1, findBySha256, type StoredBody } from '../store/certificates.js';
import { latestCrlByKey, latestCrlByProfile, readCrl, type CrlHead } from '../store/crls.js';
import { formatSerial, parseSerial } from '../store/serial.js';
import { readBody } from './body.js';

/** DESIGN: 5 min. A fetch costs a conditional request; a longer life would hide a revocation for nothing. */
const crlMaxAgeSeconds = 300;
/** DESIGN: a day. An authority's certificate never changes, but which is the newest does. */
const authorityMaxAgeSeconds = 86_400;

/** Octets of the lists last served, by their hash: at most one a list, and never asked for but by that hash. */
export type CrlCache = Map<string, { readonly sha256: Buffer; readonly der: Buffer }>;

export interface DownloadRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The part of the path that names the thing. */
  readonly name: string;
  readonly apiKey: string | null;
}

/**
 * `GET /crl/NAME.crl`: the newest list of that name, or of the authority whose key identifier (hexadecimal) NAME
 * is. Needs no API key: whoever relies on a certificate must be able to learn that it was revoked.
 */
export async function downloadCrl(
  context: RepositoryContext,
  cache: CrlCache,
  { request, response, name: given }: DownloadRequest
): Promise<number> {
  // One spelling, so that the cache holds a list under two names at most.
  const name = given.toLowerCase();
  const profile = crlProfile(name);
  const head =
    profile !== undefined
      ? await latestCrlByProfile(context, profile)
      : /^(?:[0-9a-f]{2}){8,20}$/.test(name)
        ? await latestCrlByKey(context, Buffer.from(name, 'hex'))
        : undefined;
  if (head === undefined) throw notFound();
  return sendDownload(request, response, {
    mediaType: 'application/pkix-crl',
    sha256: head.sha256,
    lastModified: head.thisUpdate,
    cacheControl: `public, max-age=${crlMaxAge(context, profile, head)}, must-revalidate`,
    octets: head.octets,
    read: () => readCached(context, cache, name, head)
  });
}

/** Neither past nextUpdate nor longer than a revocation may take to show. */
function crlMaxAge(context: RepositoryContext, profile: ProfileName | undefined, head: CrlHead): number {
  const figure = profile === undefined ? undefined : publishedCrls[profile]?.freshness;
  const freshness = figure === undefined ? Infinity : context.policy.figures[figure].value * 3_600;
  const remaining = (head.nextUpdate.getTime() - context.clock.now().getTime()) / 1_000;
  return Math.max(0, Math.floor(Math.min(crlMaxAgeSeconds, freshness, remaining)));
}

async function readCached(
  context: RepositoryContext,
  cache: CrlCache,
  name: string,
  head: CrlHead
): Promise<Buffer> {
  const cached = cache.get(name);
  if (cached?.sha256.equals(head.sha256)) return cached.der;
  const der = await readCrl(context, head.id);
  if (der === undefined || !sha256(der).equals(head.sha256)) {
    context.metrics.alarms.inc({ code: 'repository/inconsistent' });
    context.log.error({ crl: name, code: 'repository/inconsistent' }, 'a stored list contradicts its row');
    throw new RepositoryError('repository/inconsistent', 'a stored list contradicts its row', { crl: name });
  }
  cache.set(name, { sha256: head.sha256, der });
  return der;
}

/** How a path names a certificate. */
export type CertificateKey = 'serial' | 'sha1' | 'sha256';

/**
 * `GET /certificates/SERIAL`, `/certificates/sha1/HASH`, `/certificates/sha256/HASH`: the DER certificate. The same
 * question as the web service's, so it takes an API key and leaves the same event; its reference is in the header
 * `Audit-Reference`. The octets never change; the status, which does, is not in them and is asked for with the web
 * service.
 */
export async function downloadCertificate(
  context: RepositoryContext,
  key: CertificateKey,
  { request, response, name, apiKey }: DownloadRequest
): Promise<number> {
  const caller = await context.apiKeys.identify(apiKey ?? '');
  if (caller === undefined) {
    await context.strangers.refused('certificate');
    throw new RepositoryError('repository/api-key', 'API key missing or not known');
  }
  const { query, found } = await findByKey(context, key, name);
  const [row, second] = found;
  const certificate = row === undefined ? undefined : await readBody(context, row);
  const reference = await context.audit.append([
    auditEvent('repository.query.retrieve', caller, { query, hits: found.length })
  ]);
  if (row === undefined || certificate === undefined) throw notFound();
  if (second !== undefined)
    throw new RepositoryError('repository/ambiguous-serial', 'two issuers gave this serial number');
  return sendDownload(request, response, {
    mediaType: 'application/pkix-cert',
    sha256: row.sha256,
    lastModified: row.acceptedAt,
    cacheControl: 'private, max-age=31536000, immutable',
    headers: { 'audit-reference': reference },
    octets: certificate.der.length,
    read: async () => certificate.der
  });
}

async function findByKey(
  context: RepositoryContext,
  key: CertificateKey,
  name: string
): Promise<{ readonly query: string; readonly found: readonly StoredBody[] }> {
  if (key === 'serial') {
    const serial = parseSerial(name);
    if (serial === undefined) throw notFound();
    return {
      query: `serial ${formatSerial(serial)}`,
      found: await context.certificates.bySerial.find(serial)
    };
  }
  const hash = Buffer.from(name, 'hex');
  const row = await (key === 'sha1' ? findBySha1(context, hash) : findBySha256(context, hash));
  return { query: `${key} ${hash.toString('hex')}`, found: row === undefined ? [] : [row] };
}

/** `GET /ca/NAME.cer`: the newest authority of a profile, an anchor or under one. Needs no API key, as the lists. */
export async function downloadAuthority(
  context: RepositoryContext,
  { request, response, name }: DownloadRequest
): Promise<number> {
  const profile = Object.values(profiles).find(row => row.name === name && row.kind !== 'end-entity');
  if (profile === undefined) throw notFound();
  const found = await newestAuthority(context, profile.name);
  if (found === undefined) throw notFound();
  const { der, notBefore } = found;
  return sendDownload(request, response, {
    mediaType: 'application/pkix-cert',
    sha256: sha256(der),
    lastModified: notBefore,
    cacheControl: `public, max-age=${authorityMaxAgeSeconds}`,
    octets: der.length,
    read: async () => der
  });
}

async function newestAuthority(
  context: RepositoryContext,
  profile: ProfileName
): Promise<{ readonly der: Uint8Array; readonly notBefore: Date } | undefined> {
  const anchor = context.authorities.newestAnchor(profile);
  if (anchor !== undefined) return anchor;
  const row = await findAuthorityByProfile(context, profile);
  if (row === undefined) return undefined;
  const certificate = await readBody(context, row);
  // Believed because it leads to an anchor, not because it is in the table.
  const authority = context.authorities.verify(certificate, certificate.notBefore);
  return authority?.profile === profile ? certificate : undefined;
}

function notFound(): RepositoryError {
  return new RepositoryError('repository/not-found', 'there is nothing here under this name');
}
