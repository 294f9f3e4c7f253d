/** The second opinion on to-be-signed octets: pkijs, told each field by hand and nothing of the profile table. */
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

export interface OracleExtension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: ArrayBuffer;
}

export interface OracleFields {
  readonly serial: Uint8Array;
  readonly rsaSigned: boolean;
  readonly issuer: readonly OracleAttribute[];
  readonly subject: readonly OracleAttribute[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly extensions: readonly OracleExtension[];
}

export type OracleAttribute = readonly [oid: string, type: 'printable' | 'utf8' | 'bits', value: string];

function attribute([type, kind, value]: OracleAttribute): pkijs.AttributeTypeAndValue {
  if (kind === 'bits') {
    // pkijs takes any value here; its types know of string types alone.
    const bits: unknown = new asn1js.BitString({ valueHex: buffer(Buffer.from(value, 'hex')) });
    return new pkijs.AttributeTypeAndValue({ type, value: bits as asn1js.Utf8String });
  }
  const encoded =
    kind === 'printable' ? new asn1js.PrintableString({ value }) : new asn1js.Utf8String({ value });
  return new pkijs.AttributeTypeAndValue({ type, value: encoded });
}

/**
 * pkijs writes a name it has built as one RDN of all attributes, and one it has read as it was; so a name of
 * several RDNs is put together here and read. The empty name is left to pkijs.
 */
function name(attributes: readonly OracleAttribute[]): pkijs.RelativeDistinguishedNames {
  if (attributes.length === 0) return new pkijs.RelativeDistinguishedNames();
  const rdns = attributes.map(entry => new asn1js.Set({ value: [attribute(entry).toSchema()] }));
  return pkijs.RelativeDistinguishedNames.fromBER(new asn1js.Sequence({ value: rdns }).toBER());
}

/** UTCTime is type 0; pkijs writes what it is told, so the year rule is told to it here. */
function time(value: Date): pkijs.Time {
  return new pkijs.Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
}

function buffer(octets: Uint8Array): ArrayBuffer {
  return new Uint8Array(octets).buffer;
}

export function oracleTbs(fields: OracleFields): Uint8Array {
  const algorithm = () =>
    new pkijs.AlgorithmIdentifier(
      fields.rsaSigned
        ? { algorithmId: '1.2.840.113549.1.1.11', algorithmParams: new asn1js.Null() }
        : { algorithmId: '1.2.840.10045.4.3.2' }
    );
  const certificate = new pkijs.Certificate({
    version: 2,
    serialNumber: new asn1js.Integer({ valueHex: buffer(fields.serial) }),
    signature: algorithm(),
    issuer: name(fields.issuer),
    subject: name(fields.subject),
    notBefore: time(fields.notBefore),
    notAfter: time(fields.notAfter),
    subjectPublicKeyInfo: pkijs.PublicKeyInfo.fromBER(buffer(fields.spki)),
    extensions: fields.extensions.map(
      ({ oid, critical, value }) => new pkijs.Extension({ extnID: oid, critical, extnValue: value })
    )
  });
  return new Uint8Array(certificate.encodeTBS().toBER());
}

export const oracleExtension = {
  keyUsage(bits: number, unusedBits: number): OracleExtension {
    const value = new asn1js.BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits });
    return { oid: '2.5.29.15', critical: true, value: value.toBER() };
  },
  basicConstraints(pathLength?: number): OracleExtension {
    const constraints = new pkijs.BasicConstraints({
      cA: true,
      ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength })
    });
    return { oid: '2.5.29.19', critical: true, value: constraints.toSchema().toBER() };
  },
  policies(policyIdentifier: string): OracleExtension {
    const policies = new pkijs.CertificatePolicies({
      certificatePolicies: [new pkijs.PolicyInformation({ policyIdentifier })]
    });
    return { oid: '2.5.29.32', critical: true, value: policies.toSchema().toBER() };
  },
  subjectKeyIdentifier(identifier: Uint8Array): OracleExtension {
    return {
      oid: '2.5.29.14',
      critical: false,
      value: new asn1js.OctetString({ valueHex: buffer(identifier) }).toBER()
    };
  },
  authorityKeyIdentifier(identifier: Uint8Array): OracleExtension {
    const value = new pkijs.AuthorityKeyIdentifier({
      keyIdentifier: new asn1js.OctetString({ valueHex: buffer(identifier) })
    });
    return { oid: '2.5.29.35', critical: false, value: value.toSchema().toBER() };
  },
  hardwareModule(hwType: string, serialNumber: Uint8Array): OracleExtension {
    const module = new asn1js.Sequence({
      value: [
        new asn1js.ObjectIdentifier({ value: hwType }),
        new asn1js.OctetString({ valueHex: buffer(serialNumber) })
      ]
    });
    // pkijs wraps an otherName once too often (EXPLICIT where RFC 5280 4.2.1.6 has IMPLICIT).
    const context = (value: asn1js.BaseBlock[]) =>
      new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value });
    const type = new asn1js.ObjectIdentifier({ value: '1.3.6.1.5.5.7.8.4' });
    const names = new asn1js.Sequence({ value: [context([type, context([module])])] });
    return { oid: '2.5.29.17', critical: true, value: names.toBER() };
  }
} as const;
