import type { DerReader } from '../../der/index.js';
import { decodeExtension, duplicatesIn, type Extension } from '../../x509/index.js';
import { readExtensions } from '../../x509/extension.js';
import { decodeDistributionPoints, type DistributionPoint } from '../path/distribution-point.js';
import {
  decodeAuthorityKeyIdentifier,
  decodeGeneralNames,
  extensionOids,
  type AuthorityKeyIdentifier
} from '../path/extensions.js';
import { RevocationError, malformed } from './error.js';
import {
  decodeIssuingDistributionPoint,
  type IssuingDistributionPoint
} from './issuing-distribution-point.js';

/** What the extensions of a list say. */
export interface ListExtensions {
  /** cRLNumber. */
  readonly number: bigint;
  /** BaseCRLNumber of a delta list; undefined for a complete one. */
  readonly baseNumber: bigint | undefined;
  /** Undefined: a direct list, complete for every certificate of its issuer and every reason. */
  readonly scope: IssuingDistributionPoint | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  /** Where deltas are found; told, never fetched. */
  readonly freshest: readonly DistributionPoint[] | undefined;
}

/** An extension that is understood, and whether it must be critical. */
export interface KnownExtension {
  readonly name: string;
  readonly critical: boolean | 'either';
}

/**
 * The extensions of a list (RFC 5280 5.2). One in the other form refuses the list: a delta or a scope not marked
 * critical is one that others take for a complete list.
 */
const listExtensions: ReadonlyMap<string, KnownExtension> = new Map([
  [extensionOids.authorityKeyIdentifier, { name: 'authorityKeyIdentifier', critical: false }],
  [extensionOids.issuerAltName, { name: 'issuerAltName', critical: 'either' }],
  [extensionOids.crlNumber, { name: 'cRLNumber', critical: false }],
  [extensionOids.deltaCrlIndicator, { name: 'deltaCRLIndicator', critical: true }],
  [extensionOids.issuingDistributionPoint, { name: 'issuingDistributionPoint', critical: true }],
  [extensionOids.freshestCrl, { name: 'freshestCRL', critical: false }]
]);

/** Refuses extensions that stand twice, critical ones that are not in `known`, and known ones marked wrongly. */
export function checkCriticality(
  extensions: readonly Extension[],
  known: ReadonlyMap<string, KnownExtension>,
  of: string
): void {
  const [twice] = duplicatesIn(extensions);
  if (twice !== undefined) throw malformed(`an extension of ${of} stands twice`, 'RFC 5280 4.2');
  for (const { oid, critical } of extensions) {
    const rule = known.get(oid);
    if (rule === undefined) {
      if (critical)
        throw new RevocationError({
          code: 'revocation/critical-extension',
          message: `a critical extension of ${of} is not understood`,
          facts: { extension: oid }
        });
    } else if (rule.critical !== 'either' && rule.critical !== critical)
      throw malformed(`${rule.name} must ${rule.critical ? '' : 'not '}be critical`, 'RFC 5280 5.2, 5.3');
  }
}

/** The value of an extension, decoded, where it is there. */
export function decodedExtension<T>(
  extensions: readonly Extension[],
  identifier: string,
  decode: (value: Uint8Array) => T
): T | undefined {
  const extension = extensions.find(({ oid }) => oid === identifier);
  return extension === undefined ? undefined : decode(extension.value);
}

/** crlExtensions, the SEQUENCE inside `[0]`. */
export function readListExtensions(reader: DerReader): ListExtensions {
  const extensions = readExtensions(reader, 'crlExtensions');
  checkCriticality(extensions, listExtensions, 'the list');
  const decoded = <T>(identifier: string, decode: (value: Uint8Array) => T) =>
    decodedExtension(extensions, identifier, decode);
  const number = decoded(extensionOids.crlNumber, decodeExtension.crlNumber);
  if (number === undefined) throw malformed('the list has no cRLNumber', 'RFC 5280 5.2.3');
  // BaseCRLNumber is a CRLNumber (RFC 5280 5.2.4).
  const baseNumber = decoded(extensionOids.deltaCrlIndicator, decodeExtension.crlNumber);
  if (baseNumber !== undefined && baseNumber > number)
    throw malformed('the delta list is older than its base', 'RFC 5280 5.2.4');
  const freshest = decoded(extensionOids.freshestCrl, value =>
    decodeDistributionPoints(value, 'freshestCRL')
  );
  if (freshest !== undefined && baseNumber !== undefined)
    throw malformed('a delta list has freshestCRL', 'RFC 5280 5.2.6');
  decoded(extensionOids.issuerAltName, value => decodeGeneralNames(value, 'issuerAltName'));
  return {
    number,
    baseNumber,
    scope: decoded(extensionOids.issuingDistributionPoint, decodeIssuingDistributionPoint),
    authorityKeyIdentifier: decoded(extensionOids.authorityKeyIdentifier, decodeAuthorityKeyIdentifier),
    freshest
  };
}
