import { parseCrl, verifyIssuedCrl, type CertificateList, type VerifyFailure } from '../../pki/index.js';
import type { CrlPublication } from '../../pki/messages/index.js';
import { auditEvent } from '../audit.js';
import type { RepositoryContext } from '../context.js';
import { RepositoryError } from '../errors.js';
import { afterLodging, beforeLodging } from '../stages.js';
import { compareCrl, insertCrl, type CheckedCrl } from '../store/crls.js';
import { enterPublications, lockFeed, newPublicationId } from '../store/publications.js';
import { serialToUuid } from '../store/serial.js';
import { sameOctets, type Authority } from './authorities.js';
import type { Lodged } from './certificates.js';
import { sha256 } from './describe-certificate.js';
import { publishedCrls } from './published-crls.js';

/**
 * Accepts a revocation list that its issuer signed and whose number is greater than any that is here. The same
 * octets again are success, however old; other octets with a number that is not greater are an alarm. Status R
 * comes from here and from nowhere else.
 */
export async function publishCrl(
  context: RepositoryContext,
  peer: string,
  publication: CrlPublication
): Promise<Lodged> {
  const at = context.clock.now();
  const crl = readCrl(publication.crl);
  const hash = sha256(crl.der);
  const authorityKey = crl.authorityKeyIdentifier?.keyIdentifier;
  if (authorityKey === undefined)
    throw new RepositoryError('repository/crl-malformed', 'the list does not name its authority key');
  const facts = { number: crl.number.toString(), authorityKey: Buffer.from(authorityKey).toString('hex') };
  const { stored } = await compareCrl(context, crl.issuer.der, authorityKey, hash);
  if (stored) return repeated(context, peer, facts);

  const checked = await checkCrl(context, crl, authorityKey, hash, at);
  const name = publishedCrls[checked.profile]?.name ?? '';
  const issuerName = await context.issuerNames.idOf(crl.issuer.der);
  await context.stage(beforeLodging);
  const lodged = await context.database.transaction(async trx => {
    const connection = { sql: context.sql, database: trx };
    // Lists are few: one at a time, so that the comparison holds until the insertion.
    await lockFeed(connection);
    const present = await compareCrl(connection, crl.issuer.der, authorityKey, hash);
    if (present.stored) return undefined;
    if (present.greatest !== undefined && crl.number <= present.greatest) {
      throw new RepositoryError('repository/crl-number', 'a list with this number or a greater one is here', {
        ...facts,
        greatest: present.greatest.toString(),
        offered: hash.toString('hex')
      });
    }
    const id = await newPublicationId(connection);
    const [sequence] = await enterPublications(connection, [
      { id, kind: 'crl', groupId: null, peer, items: crl.entryCount, acceptedAt: at }
    ]);
    if (sequence === undefined) throw new Error('a publication has a number');
    await insertCrl(connection, id, checked, issuerName);
    const ticket = await context.audit.record(trx, [
      auditEvent('repository.crl.published', peer, {
        ...facts,
        list: name,
        sequence,
        entries: crl.entryCount,
        sha256: hash.toString('hex')
      })
    ]);
    return { sequence, ticket };
  });
  if (lodged === undefined) return repeated(context, peer, facts);
  await context.stage(afterLodging);
  await context.audit.seal(lodged.ticket);
  context.metrics.published.inc({ profile: checked.profile });
  context.metrics.crlNextUpdate.set({ name }, checked.nextUpdate.getTime() / 1_000);
  return { outcome: 'published', sequence: lodged.sequence };
}

function readCrl(der: Uint8Array): CertificateList {
  try {
    return parseCrl(der);
  } catch (cause) {
    throw new RepositoryError(
      'repository/crl-malformed',
      'not a complete, strict DER revocation list',
      {},
      { cause }
    );
  }
}

async function checkCrl(
  context: RepositoryContext,
  crl: CertificateList,
  authorityKey: Uint8Array,
  hash: Uint8Array,
  at: Date
): Promise<CheckedCrl> {
  const facts = { number: crl.number.toString() };
  const issuer = await signerOf(context, crl, authorityKey, at);
  if (publishedCrls[issuer.profile] === undefined) {
    throw new RepositoryError('repository/crl-not-published', `${issuer.profile} has no published list`, {
      ...facts,
      profile: issuer.profile
    });
  }
  return {
    crl,
    number: crl.number,
    nextUpdate: crl.nextUpdate,
    profile: issuer.profile,
    authorityKey,
    sha256: hash,
    revoked: [...crl.entries()].map(entry => {
      const serial = serialToUuid(Buffer.from(entry.serialHex, 'hex'));
      if (serial === undefined) {
        throw new RepositoryError('repository/crl-refused', 'an entry has a serial number over 16 octets', {
          ...facts,
          serial: entry.serialHex
        });
      }
      return { serial, date: entry.date, reason: entry.reason ?? null };
    })
  };
}

/** The authority that signed a list: found by name and key identifier, proven by the signature. */
async function signerOf(
  { authorities }: RepositoryContext,
  crl: CertificateList,
  authorityKey: Uint8Array,
  at: Date
): Promise<Authority> {
  const facts = { number: crl.number.toString() };
  let told: VerifyFailure | undefined;
  for (const candidate of await authorities.candidates(crl.issuer)) {
    const { subjectKeyIdentifier } = candidate;
    if (subjectKeyIdentifier === undefined || !sameOctets(subjectKeyIdentifier, authorityKey)) continue;
    const authority = authorities.verify(candidate, at);
    if (authority === undefined) continue;
    const result = verifyIssuedCrl(crl, candidate, at);
    if (result.ok) return authority;
    told ??= result;
  }
  if (told === undefined)
    throw new RepositoryError(
      'repository/unknown-issuer',
      'no authority of this name and key is here',
      facts
    );
  throw new RepositoryError('repository/crl-refused', told.detail, { ...facts, verify: told.code });
}

async function repeated(
  context: RepositoryContext,
  peer: string,
  facts: Readonly<Record<string, string>>
): Promise<Lodged> {
  await context.audit.append([auditEvent('repository.crl.repeated', peer, facts)]);
  return { outcome: 'repeated' };
}
