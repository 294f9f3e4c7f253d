import { ProfileError } from './errors.js';
import { revocationReasons, type CrlEntry } from './crl.js';

/** What a list and its predecessor are compared by: a parsed list and a `CrlInput` both have it. */
export interface CrlState {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array;
  readonly number: bigint;
  readonly thisUpdate: Date;
  readonly entries: readonly CrlEntry[];
}

export interface ContinuityFacts {
  readonly now: Date;
  /** Revocations with a signed order that the previous list does not have yet. */
  readonly orderedRevocations: readonly CrlEntry[];
  /** notAfter of the certificate with this serial; undefined when the CA does not know it, and it then stays. */
  readonly notAfter: (serialHex: string) => Date | undefined;
}

/**
 * The entries the next list must have: the previous ones whose certificates have not expired, and the ordered
 * ones. An entry stays while its certificate is valid (SEC Appendix B, recalled).
 */
export function nextCrlEntries(previous: CrlState | undefined, facts: ContinuityFacts): CrlEntry[] {
  const kept = (previous?.entries ?? []).filter(({ serialHex }) => !hasExpired(serialHex, facts));
  const known = new Set(previous?.entries.map(({ serialHex }) => serialHex));
  return [...kept, ...facts.orderedRevocations.filter(({ serialHex }) => !known.has(serialHex))];
}

/**
 * Refuses a list that is not the previous one, minus entries of expired certificates, plus ordered ones, with
 * number + 1 (the first list has number 1): the last check before a CRL is signed. Throws `ProfileError` with
 * `crl/issuer`, `crl/number`, `crl/time`, `crl/entry-dropped`, `crl/entry-added` or `crl/entry-changed`.
 */
export function checkCrlContinuity(
  previous: CrlState | undefined,
  next: CrlState,
  facts: ContinuityFacts
): void {
  const number = String(next.number);
  if (previous && !Buffer.from(previous.issuer).equals(next.issuer))
    throw new ProfileError('crl/issuer', number, 'another issuer than the previous list');
  if (next.number !== (previous?.number ?? 0n) + 1n)
    throw new ProfileError('crl/number', number, `follows ${previous?.number ?? 0n}`);
  if (next.thisUpdate > facts.now || (previous && next.thisUpdate < previous.thisUpdate))
    throw new ProfileError('crl/time', number, 'thisUpdate lies in the future or before the previous list');

  const expected = new Map(nextCrlEntries(previous, facts).map(entry => [entry.serialHex, entry]));
  const listed = new Map(next.entries.map(entry => [entry.serialHex, entry]));
  for (const serialHex of expected.keys())
    if (!listed.has(serialHex))
      throw new ProfileError('crl/entry-dropped', serialHex, 'must stay on the list');
  for (const [serialHex, entry] of listed) {
    const wanted = expected.get(serialHex);
    if (!wanted)
      throw new ProfileError('crl/entry-added', serialHex, 'not ordered, or its certificate has expired');
    if (wanted.reason !== entry.reason || wanted.date.getTime() !== entry.date.getTime())
      throw new ProfileError(
        'crl/entry-changed',
        serialHex,
        'another date or reason than ordered or listed before'
      );
  }
  if (listed.size !== next.entries.length)
    throw new ProfileError('crl/entry-added', number, 'a serial stands twice');
}

/** The name of a reason code of our lists; undefined for codes we do not use. */
export function revocationReason(code: number): CrlEntry['reason'] | undefined {
  return (Object.keys(revocationReasons) as CrlEntry['reason'][]).find(
    name => revocationReasons[name] === code
  );
}

function hasExpired(serialHex: string, { now, notAfter }: ContinuityFacts): boolean {
  const end = notAfter(serialHex);
  return end !== undefined && end < now;
}
