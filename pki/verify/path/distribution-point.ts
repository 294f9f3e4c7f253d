import { DerError, contextConstructed, contextPrimitive, type DerReader } from '../../der/index.js';
import type { Name, NameAttribute } from '../../x509/index.js';
import { decodeWhole } from './extensions.js';
import { readGeneralNames, type GeneralName } from './general-name.js';
import { appendRdn, readRdn } from './name.js';

/** DistributionPointName (RFC 5280 4.2.1.13), of a certificate or of an issuing distribution point. */
export type DistributionPointName =
  | { readonly kind: 'full'; readonly names: readonly GeneralName[] }
  | {
      readonly kind: 'relative';
      readonly rdn: readonly NameAttribute[];
      /** Content octets of the SET. */
      readonly content: Uint8Array;
    };

export interface DistributionPoint {
  readonly name: DistributionPointName | undefined;
  /** Bits of ReasonFlags, bit n as `1 << n`; undefined: every reason. */
  readonly reasons: number | undefined;
  readonly crlIssuer: readonly GeneralName[] | undefined;
}

/** The reasons a list can be about: bits 1 to 8 of ReasonFlags. Bit 0 is `unused`. */
export const allReasons = 0x1fe;

/** CRLDistributionPoints and FreshestCRL: at least one point, none with reasons alone (RFC 5280 4.2.1.13, 4.2.1.15). */
export function decodeDistributionPoints(value: Uint8Array, what: string): DistributionPoint[] {
  return decodeWhole(value, what, reader => {
    const list = reader.sequence(what);
    const points: DistributionPoint[] = [];
    do {
      const at = list.offset;
      const point = list.sequence('DistributionPoint');
      const name = point.peek() === contextConstructed(0) ? readDistributionPointName(point) : undefined;
      const reasons =
        point.peek() === contextPrimitive(1) ? readReasonFlags(point, contextPrimitive(1)) : undefined;
      const crlIssuer =
        point.peek() === contextConstructed(2)
          ? readGeneralNames(point, 'cRLIssuer', contextConstructed(2))
          : undefined;
      point.end('DistributionPoint');
      if (name === undefined && crlIssuer === undefined)
        throw new DerError('der/value', at, 'DistributionPoint');
      points.push({ name, reasons, crlIssuer });
    } while (!list.done);
    return points;
  });
}

/** `[0] DistributionPointName`: the tag is EXPLICIT, for the name is a CHOICE (X.680 31.2.7). */
export function readDistributionPointName(reader: DerReader): DistributionPointName {
  const what = 'distributionPoint';
  const choice = reader.enter(contextConstructed(0), what);
  let name: DistributionPointName;
  if (choice.peek() === contextConstructed(0))
    name = { kind: 'full', names: readGeneralNames(choice, 'fullName', contextConstructed(0)) };
  else {
    const value = choice.read(contextConstructed(1), 'nameRelativeToCRLIssuer');
    const rdn = readRdn(choice.inside(value, 'nameRelativeToCRLIssuer'), 'nameRelativeToCRLIssuer');
    name = { kind: 'relative', rdn, content: value.content };
  }
  choice.end(what);
  return name;
}

/** ReasonFlags: a named bit list, so without trailing zero bits (X.690 11.2.2), of at least one and at most nine bits. */
export function readReasonFlags(reader: DerReader, tag: number): number {
  const at = reader.offset;
  const { unused, octets } = reader.bitString('ReasonFlags', tag);
  const last = octets[octets.length - 1];
  if (last === undefined || octets.length > 2 || ((last >> unused) & 1) === 0)
    throw new DerError('der/bit-string', at, 'ReasonFlags');
  let reasons = 0;
  for (let bit = 0; bit < octets.length * 8; bit++)
    if (((octets[bit >> 3] as number) & (0x80 >> (bit & 7))) !== 0) reasons |= 1 << bit;
  if (reasons > 0x1ff) throw new DerError('der/bit-string', at, 'ReasonFlags');
  return reasons;
}

/** The names of a distribution point as GeneralNames; a relative one stands under `issuer` (RFC 5280 4.2.1.13). */
export function fullNames(name: DistributionPointName, issuer: Name): readonly GeneralName[] {
  if (name.kind === 'full') return name.names;
  const whole = appendRdn(issuer, name.rdn, name.content);
  return [{ kind: 'directoryName', name: whole, der: whole.der }];
}
