import type { Name } from '../../x509/index.js';
import { allReasons, fullNames, type DistributionPoint } from '../path/distribution-point.js';
import type { GeneralName } from '../path/general-name.js';
import { nameKey, sameName } from '../path/name.js';
import type { Crl } from './crl.js';
import type { RevocationFailure } from './error.js';

/** The certificate a list may be about, as far as scopes ask. */
export interface ScopedCertificate {
  readonly issuer: Name;
  /** basicConstraints with cA. */
  readonly isCa: boolean;
  readonly points: readonly DistributionPoint[];
}

/** The reasons for which a list speaks of a certificate, as ReasonFlags bits; or why it does not. */
export type Coverage =
  | { readonly covers: true; readonly reasons: number }
  | { readonly covers: false; readonly failure: RevocationFailure };

/**
 * RFC 5280 6.3.3 (b) and (d): whether a list is about a certificate, by way of any of its distribution points. A
 * list of the certificate's own issuer needs none: it is taken as one from a point with the issuer's name and
 * neither reasons nor cRLIssuer.
 */
export function coverageOf(list: Crl, certificate: ScopedCertificate): Coverage {
  const { scope } = list;
  const ownPoint: DistributionPoint = {
    name: { kind: 'full', names: [directoryName(certificate.issuer)] },
    reasons: undefined,
    crlIssuer: undefined
  };
  const points = [...certificate.points, ownPoint].filter(point =>
    isByIssuerOf(list, point, certificate.issuer)
  );
  if (points.length === 0)
    return {
      covers: false,
      failure: { code: 'revocation/unknown', message: 'no list and no response is about the certificate' }
    };
  if (scope?.onlyAttributeCerts === true) return outOfScope('the list is about attribute certificates');
  if (scope?.onlyUserCerts === true && certificate.isCa)
    return outOfScope('the list is about certificates of end entities');
  if (scope?.onlyCaCerts === true && !certificate.isCa)
    return outOfScope('the list is about certificates of authorities');
  // Once a list: it may have as many names as the certificate has points.
  const names =
    scope?.name === undefined ? undefined : new Set(fullNames(scope.name, list.issuer).map(comparable));
  let reasons = 0;
  for (const point of points)
    if (isOfPoint(names, point, certificate.issuer))
      reasons |= (point.reasons ?? allReasons) & (scope?.reasons ?? allReasons);
  if (reasons === 0) return outOfScope('the list is of another distribution point, or of other reasons');
  return { covers: true, reasons };
}

/** 6.3.3 (b) 1: the issuer that the point names, by an indirect list; otherwise the certificate's own. */
function isByIssuerOf(list: Crl, { crlIssuer }: DistributionPoint, issuer: Name): boolean {
  if (crlIssuer === undefined) return sameName(list.issuer, issuer);
  return (
    list.scope?.indirect === true &&
    crlIssuer.some(name => name.kind === 'directoryName' && sameName(name.name, list.issuer))
  );
}

/** 6.3.3 (b) 2 i: a list with a point's name is of a point that has the name too. */
function isOfPoint(
  listNames: ReadonlySet<string> | undefined,
  point: DistributionPoint,
  issuer: Name
): boolean {
  return listNames === undefined || namesOf(point, issuer).some(name => listNames.has(comparable(name)));
}

/** The names of a point: without a name of its own, those of its cRLIssuer. */
function namesOf({ name, crlIssuer }: DistributionPoint, issuer: Name): readonly GeneralName[] {
  if (name === undefined) return crlIssuer ?? [];
  if (name.kind === 'full' || crlIssuer === undefined) return fullNames(name, issuer);
  const [base, more] = crlIssuer.flatMap(one => (one.kind === 'directoryName' ? [one.name] : []));
  // RFC 5280 4.2.1.13: with two names of the issuer there is none that the RDN could stand after.
  return base === undefined || more !== undefined ? [] : fullNames(name, base);
}

/**
 * A text that is equal for names that are the same: distinguished names by RFC 5280 7.1, everything else by octets,
 * narrower than 7.4 allows for URIs: a difference in case is a list not used, never one misused.
 */
function comparable(name: GeneralName): string {
  return name.kind === 'directoryName'
    ? `name ${nameKey(name.name)}`
    : `octets ${Buffer.from(name.der).toString('hex')}`;
}

function directoryName(name: Name): GeneralName {
  return { kind: 'directoryName', name, der: name.der };
}

function outOfScope(message: string): Coverage {
  return { covers: false, failure: { code: 'revocation/scope', message } };
}
