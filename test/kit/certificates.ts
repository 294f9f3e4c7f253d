import {
  contextTagged,
  enumerated,
  integer,
  octetString,
  sequence,
  sequenceOf,
  time,
  unsignedInteger
} from '../../pki/der/index.js';
import {
  assembleSigned,
  authorityKeyIdentifierExtension,
  basicConstraintsExtension,
  buildCertificateTbs,
  encodeExtension,
  encodeName,
  keyIdentifier,
  keyUsageExtension,
  oids,
  parsePublicKey,
  signatureAlgorithmDer,
  subjectKeyIdentifierExtension
} from '../../pki/x509/index.js';
import { signRaw, type TestKey } from './keys.js';

export function keyIdOf(key: TestKey): Uint8Array {
  return keyIdentifier(parsePublicKey(key.spki).keyBits);
}

export interface TestCertificateOptions {
  readonly key: TestKey;
  /** Default: self-signed. */
  readonly issuerKey?: TestKey;
  readonly subject?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly serial?: Uint8Array;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Encoded extensions; default: those of a certification authority. */
  readonly extensions?: readonly Uint8Array[];
}

/** A certificate with any content, signed; the default is a small self-signed authority. */
export function testCertificate(options: TestCertificateOptions): Uint8Array {
  const issuerKey = options.issuerKey ?? options.key;
  const subject = options.subject ?? encodeName([{ type: oids.commonName, printable: 'TEST' }]);
  const tbs = buildCertificateTbs({
    serial: options.serial ?? Uint8Array.of(0x4a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    signatureAlgorithm: issuerKey.algorithm,
    issuer: options.issuer ?? subject,
    subject,
    notBefore: options.notBefore ?? new Date('2026-01-01T00:00:00Z'),
    notAfter: options.notAfter ?? new Date('2051-01-01T00:00:00Z'),
    spki: options.key.spki,
    extensions: options.extensions ?? [
      keyUsageExtension('keyCertSign', 'cRLSign'),
      basicConstraintsExtension(true, 0),
      subjectKeyIdentifierExtension(keyIdOf(options.key)),
      authorityKeyIdentifierExtension(keyIdOf(issuerKey))
    ]
  });
  return assembleSigned(tbs, issuerKey.algorithm, signRaw(issuerKey, tbs));
}

export interface TestCrlOptions {
  readonly key: TestKey;
  readonly issuer?: Uint8Array;
  readonly number?: number;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  readonly entries?: readonly {
    readonly serial: Uint8Array;
    readonly date: Date;
    readonly reason?: number;
  }[];
  /** Encoded extensions after authority key identifier and number. */
  readonly moreExtensions?: readonly Uint8Array[];
  /** Encoded extensions for every entry, beside its reason. */
  readonly moreEntryExtensions?: readonly Uint8Array[];
}

/** A revocation list with any content, signed. */
export function testCrl(options: TestCrlOptions): Uint8Array {
  const entries = (options.entries ?? []).map(({ serial, date, reason }) => {
    const extensions = [
      ...(reason === undefined ? [] : [encodeExtension(oids.reasonCode, false, enumerated(reason))]),
      ...(options.moreEntryExtensions ?? [])
    ];
    return sequence(
      unsignedInteger(serial),
      time(date),
      ...(extensions.length === 0 ? [] : [sequence(...extensions)])
    );
  });
  const tbs = sequence(
    integer(1),
    signatureAlgorithmDer[options.key.algorithm],
    options.issuer ?? encodeName([{ type: oids.commonName, printable: 'TEST' }]),
    time(options.thisUpdate ?? new Date('2026-11-01T00:00:00Z')),
    time(options.nextUpdate ?? new Date('2026-11-03T00:00:00Z')),
    ...(entries.length === 0 ? [] : [sequenceOf(entries)]),
    contextTagged(
      0,
      sequence(
        authorityKeyIdentifierExtension(keyIdOf(options.key)),
        encodeExtension(oids.crlNumber, false, integer(options.number ?? 1)),
        ...(options.moreExtensions ?? [])
      )
    )
  );
  return assembleSigned(tbs, options.key.algorithm, signRaw(options.key, tbs));
}

/** A GeneralName otherName with any type and value. */
export function otherName(type: Uint8Array, value: Uint8Array): Uint8Array {
  return contextTagged(0, type, contextTagged(0, value));
}

/** A subjectAltName extension around encoded GeneralNames. */
export function subjectAltNameOf(...names: readonly Uint8Array[]): Uint8Array {
  return encodeExtension(oids.subjectAltName, true, sequence(...names));
}

/** `HardwareModuleName` with a serial number of any length. */
export function hardwareModule(hwType: Uint8Array, serialNumber: Uint8Array): Uint8Array {
  return sequence(hwType, octetString(serialNumber));
}
