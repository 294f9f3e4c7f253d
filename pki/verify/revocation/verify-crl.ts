import { formatName, type Name } from '../../x509/index.js';
import { isSigned } from '../signature/signed.js';
import { nameFrom, sameName } from '../path/name.js';
import type { DistributionPoint } from '../path/distribution-point.js';
import type { PathCertificate } from '../path/certificate.js';
import { readCrl, type Crl, type ListHead } from './crl.js';
import type { CrlEntry } from './crl-entry.js';
import type { ListExtensions } from './crl-extensions.js';
import { RevocationError, failureOf, type RevocationFailure } from './error.js';
import { readGivenIssuer } from './given-certificate.js';
import type { IssuingDistributionPoint } from './issuing-distribution-point.js';
import { entriesAbout, isDeltaOf, isSameScope } from './delta.js';
import { removeFromCrl } from './reasons.js';
import { signatureFault, signerFault } from './signer.js';

export interface CrlInput {
  /** DER CertificateList. */
  readonly crl: Uint8Array;
  /**
   * DER certificate of the list's issuer. That it is to be believed is the caller's: found by `verifyPath`, or
   * trusted by configuration.
   */
  readonly issuer: Uint8Array;
  /** The moment the list is to be in force at. */
  readonly at: Date;
  /** DER of the complete list that `crl`, a delta list, is to be applied to. */
  readonly deltaOf?: Uint8Array | undefined;
}

/** What a list says about itself. */
export interface CrlFacts {
  /** cRLNumber. */
  readonly number: bigint;
  /** BaseCRLNumber of a delta list. */
  readonly baseNumber: bigint | undefined;
  /** RFC 4514 text of the issuer's name. */
  readonly issuer: string;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** What the list is about; undefined: every certificate of its issuer, for every reason. */
  readonly scope: IssuingDistributionPoint | undefined;
  /** freshestCRL: where delta lists are found. Told, never fetched. */
  readonly freshest: readonly DistributionPoint[] | undefined;
  readonly entryCount: number;
}

/**
 * `valid`: the list is the issuer's, its signature verifies, and it is in force at the moment asked about. That a
 * certificate is not on it means that it is good only if the certificate is in `scope`.
 */
export type CrlVerdict =
  | ({
      readonly valid: true;
      /** Of a delta: the complete list's entries come after, and may be taken off by it. */
      entries(): Generator<CrlEntry, void, undefined>;
      /**
       * The entry by which a certificate is revoked. A pass over the list. Throws RangeError for what is no serial
       * number or no name: `undefined` would say that it is not listed.
       *
       * @param serialHex content octets of the serial number in hexadecimal, two digits an octet
       * @param certificateIssuer DER Name of the certificate's issuer; default: the list's
       */
      lookup(serialHex: string, certificateIssuer?: Uint8Array): CrlEntry | undefined;
    } & CrlFacts)
  | { readonly valid: false; readonly failure: RevocationFailure };

/**
 * Judges one list under one issuer. Never throws for what the octets hold; a TypeError is a wrong JavaScript type.
 * A delta list alone is `revocation/delta`: with `deltaOf` the two are judged as one list, in force as long as the
 * delta (RFC 5280 5.2.4).
 */
export function verifyCrl(input: CrlInput): CrlVerdict {
  checkTypes(input);
  try {
    const { at } = input;
    const issuer = readGivenIssuer(input.issuer, at);
    const list = signedList(input.crl, issuer);
    const base = input.deltaOf === undefined ? undefined : signedList(input.deltaOf, issuer);
    checkTogether(list, base);
    checkInForce(list, at);
    // Its end does not matter: the delta makes it current.
    if (base !== undefined && at < base.thisUpdate) checkInForce(base, at);
    return accepted(list, base);
  } catch (error) {
    return { valid: false, failure: failureOf(error) };
  }
}

function checkTypes({ crl, issuer, at, deltaOf }: CrlInput): void {
  const octets = [crl, issuer, ...(deltaOf === undefined ? [] : [deltaOf])];
  if (!octets.every(one => one instanceof Uint8Array)) throw new TypeError('DER is a Uint8Array');
  if (!(at instanceof Date) || Number.isNaN(at.getTime())) throw new TypeError('at is a valid Date');
}

function signedList(der: Uint8Array, issuer: PathCertificate): Crl {
  const list = readCrl(der);
  checkIssuer(list, issuer);
  const { tbs, signatureAlgorithm, tbsSignatureAlgorithm, signature } = list;
  const answer = isSigned(tbs, signatureAlgorithm, tbsSignatureAlgorithm, signature, issuer.publicKey);
  if (answer !== true) throw new RevocationError(signatureFault(answer));
  return list;
}

/** Whether a list says that it is of this issuer, and the issuer may sign lists. */
export function checkIssuer(
  list: Pick<ListHead, 'issuer'> & Pick<ListExtensions, 'authorityKeyIdentifier'>,
  issuer: PathCertificate
): void {
  if (!sameName(list.issuer, issuer.subject))
    throw new RevocationError({
      code: 'revocation/signer',
      message: 'the list is of another issuer',
      facts: { issuer: formatName(list.issuer) }
    });
  const fault = signerFault(list, issuer);
  if (fault !== undefined) throw new RevocationError(fault);
}

function checkTogether(list: Crl, base: Crl | undefined): void {
  const fits =
    base === undefined
      ? list.baseNumber === undefined
      : base.baseNumber === undefined && isDeltaOf(list, base) && isSameScope(list, base);
  if (!fits)
    throw new RevocationError({
      code: 'revocation/delta',
      message:
        base === undefined
          ? 'a delta list says nothing without the complete list it was made for'
          : 'the two are not a delta list and the complete list it can be applied to',
      facts: {
        number: String(list.number),
        ...(base === undefined ? {} : { baseNumber: String(base.number) })
      }
    });
}

/** Both ends are included (RFC 5280 5.1.2.4, 5.1.2.5). */
export function checkInForce({ thisUpdate, nextUpdate }: ListHead, at: Date): void {
  if (at < thisUpdate)
    throw new RevocationError({
      code: 'revocation/not-yet-valid',
      message: 'the list was published after the moment asked about',
      facts: { thisUpdate: thisUpdate.toISOString() }
    });
  if (at > nextUpdate)
    throw new RevocationError({
      code: 'revocation/stale',
      message: 'the list was to be replaced by a newer one before the moment asked about',
      facts: { nextUpdate: nextUpdate.toISOString() }
    });
}

function accepted(list: Crl, base: Crl | undefined): CrlVerdict {
  return {
    valid: true,
    ...factsOf(list, list.entryCount),
    *entries() {
      yield* list.entries();
      if (base !== undefined) yield* base.entries();
    },
    lookup(serialHex, certificateIssuer) {
      if (!/^(?:[0-9A-Fa-f]{2}){1,20}$/.test(serialHex)) throw new RangeError('not a serial number');
      const serial = Buffer.from(serialHex, 'hex');
      const issuer = certificateIssuer === undefined ? list.issuer : givenName(certificateIssuer);
      const changes = entriesAbout(list, { serial, issuer });
      const listed = changes.find(({ reason }) => reason !== removeFromCrl);
      if (listed !== undefined || changes.length > 0 || base === undefined) return listed;
      return entriesAbout(base, { serial, issuer })[0];
    }
  };
}

function givenName(der: Uint8Array): Name {
  try {
    return nameFrom(der, 'certificateIssuer');
  } catch (cause) {
    throw new RangeError('not a DER Name', { cause });
  }
}

export function factsOf(list: ListHead & ListExtensions, entryCount: number): CrlFacts {
  const { number, baseNumber, thisUpdate, nextUpdate, scope, freshest } = list;
  const issuer = formatName(list.issuer);
  return { number, baseNumber, issuer, thisUpdate, nextUpdate, scope, freshest, entryCount };
}
