import { sameOctets } from '../../der/octets.js';
import type { Name } from '../../x509/index.js';
import { sameName } from '../path/name.js';
import type { CrlEntry } from './crl-entry.js';
import type { Crl } from './crl.js';
import { removeFromCrl } from './reasons.js';

/**
 * Delta lists later than a list, of the same issuer and scope (RFC 5280 6.3.3 c), the latest first. Their signatures
 * are not verified yet: few of many say anything about one certificate.
 */
export function newerDeltas(list: Crl, all: readonly Crl[], at: Date): Crl[] {
  return all
    .filter(
      delta =>
        delta.baseNumber !== undefined &&
        delta.number > list.number &&
        delta.thisUpdate <= at &&
        isSameScope(delta, list)
    )
    .sort((a, b) => (a.number > b.number ? -1 : a.number < b.number ? 1 : 0));
}

/**
 * Whether a delta list of the same issuer, key and scope may be applied to a complete one: by their numbers (RFC
 * 5280 5.2.4), and because both name the same key (6.3.3 c 3).
 */
export function isDeltaOf(delta: Crl, list: Crl): boolean {
  return (
    delta.baseNumber !== undefined &&
    delta.baseNumber <= list.number &&
    list.number < delta.number &&
    isSame(delta.authorityKeyIdentifier?.keyIdentifier, list.authorityKeyIdentifier?.keyIdentifier)
  );
}

/** Same issuer and same issuing distribution point (RFC 5280 6.3.3 c 1, 2). */
export function isSameScope(delta: Crl, list: Crl): boolean {
  return sameName(delta.issuer, list.issuer) && isSame(delta.scope?.der, list.scope?.der);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameOctets(a, b);
}

/**
 * The entry by which a certificate is revoked. The latest list that has one decides. A delta that cannot be applied
 * (made for a later base, naming another key, or past) still says what has been revoked: it takes nothing off the
 * list.
 *
 * @param applied the delta that is applied to the list
 * @param isAuthentic whether a delta is signed with the key of the list (RFC 5280 6.3.3 h)
 */
export function entryIn(
  list: Crl,
  deltas: readonly Crl[],
  applied: Crl | undefined,
  isAuthentic: (delta: Crl) => boolean,
  certificate: { readonly serial: Uint8Array; readonly issuer: Name }
): { readonly entry: CrlEntry; readonly list: Crl } | undefined {
  let removed = false;
  for (const delta of deltas) {
    if (removed && applied !== undefined && delta.number < applied.number) break;
    const entries = entriesAbout(delta, certificate);
    if (entries.length === 0 || !isAuthentic(delta)) continue;
    const entry = entries.find(({ reason }) => reason !== removeFromCrl);
    if (entry !== undefined) return { entry, list: delta };
    removed ||= delta === applied;
  }
  if (removed) return undefined;
  const [entry] = entriesAbout(list, certificate);
  return entry === undefined ? undefined : { entry, list };
}

/** The entries of a list about one certificate, by serial number and issuer (RFC 5280 6.3.3 i, j). */
export function entriesAbout(
  list: Crl,
  { serial, issuer }: { readonly serial: Uint8Array; readonly issuer: Name }
): CrlEntry[] {
  return list
    .entriesOf(serial)
    .filter(({ issuers }) => (issuers ?? [list.issuer]).some(name => sameName(name, issuer)));
}
