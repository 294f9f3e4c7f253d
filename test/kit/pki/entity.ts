/** Issuing by kind: a conforming anchor, intermediate or end entity of which a test changes one property. */
import { certificateDer, type CertificateInput } from './certificate.js';
import { ext, type ExtensionName } from './extensions.js';
import { keyOf, type KeyKind, type PkiKey } from './keys.js';
import { nameOf, type NameInput } from './names.js';

/** The moment tests ask about, inside every default validity. */
export const testMoment = new Date('2026-06-01T12:00:00Z');
export const day = 86_400_000;

const anchorDates = {
  notBefore: new Date('2020-01-01T00:00:00Z'),
  notAfter: new Date('2040-01-01T00:00:00Z')
};
const otherDates = {
  notBefore: new Date('2025-01-01T00:00:00Z'),
  notAfter: new Date('2028-01-01T00:00:00Z')
};

/** A certificate of a test with what is needed to issue under it. */
export interface Entity {
  readonly der: Uint8Array;
  readonly key: PkiKey;
  /** DER Name. */
  readonly subject: Uint8Array;
  readonly keyId: Uint8Array;
  readonly serial: Uint8Array;
}

/** Extensions by name: octets replace the default one or add one, `null` takes it away. */
export type ExtensionChanges = Partial<Record<ExtensionName, Uint8Array | null>>;

export interface EntityChanges extends Partial<
  Omit<CertificateInput, 'extensions' | 'issuer' | 'signer' | 'key'>
> {
  readonly kind?: KeyKind;
  /**
   * Default: the key of the subject's name in the pool, so that the same subject has the same key. For RSA, where a
   * new key takes longer than a test, the key of the name's last RDN.
   */
  readonly key?: PkiKey;
  /** Default: the issuer's name. */
  readonly issuer?: NameInput;
  /** Default: the issuer's key. */
  readonly signer?: PkiKey;
  /** pathLenConstraint of a certification authority. */
  readonly pathLength?: number;
  readonly extensions?: ExtensionChanges;
  /** Encoded extensions put last, whatever the others are. */
  readonly moreExtensions?: readonly Uint8Array[];
}

let serial = 0x4a00_0000n;

/** A self-signed authority, conforming to RFC 5280 section 4: the anchor of a test. */
export function anchor(subject: NameInput, changes: EntityChanges = {}): Entity {
  return made(subject, undefined, authority, { ...anchorDates, ...changes });
}

/** A certification authority under another. */
export function intermediate(issuer: Entity, subject: NameInput, changes: EntityChanges = {}): Entity {
  return made(subject, issuer, authority, { ...otherDates, ...changes });
}

/** An end entity: digitalSignature, both key identifiers, and nothing else. */
export function endEntity(
  issuer: Entity,
  subject: NameInput = 'CN=End Entity',
  changes: EntityChanges = {}
): Entity {
  return made(subject, issuer, endEntityExtensions, { ...otherDates, ...changes });
}

/** The anchor as name and key. */
export function anchorKeyOf(entity: Entity, nameConstraints?: Uint8Array) {
  return {
    name: entity.subject,
    key: entity.key.spki,
    ...(nameConstraints === undefined ? {} : { nameConstraints })
  };
}

type Defaults = (key: PkiKey, issuerKeyId: Uint8Array, changes: EntityChanges) => ExtensionChanges;

const authority: Defaults = (key, issuerKeyId, { pathLength }) => ({
  basicConstraints: ext.basicConstraints(true, pathLength),
  keyUsage: ext.keyUsage(['keyCertSign', 'cRLSign']),
  subjectKeyIdentifier: ext.subjectKeyIdentifier(key.keyId),
  authorityKeyIdentifier: ext.authorityKeyIdentifier(issuerKeyId)
});

const endEntityExtensions: Defaults = (key, issuerKeyId) => ({
  keyUsage: ext.keyUsage(['digitalSignature']),
  subjectKeyIdentifier: ext.subjectKeyIdentifier(key.keyId),
  authorityKeyIdentifier: ext.authorityKeyIdentifier(issuerKeyId)
});

function made(
  subject: NameInput,
  issuer: Entity | undefined,
  defaults: Defaults,
  changes: EntityChanges & { readonly notBefore: Date | Uint8Array; readonly notAfter: Date | Uint8Array }
): Entity {
  const name = nameOf(subject);
  const key = changes.key ?? keyForName(changes.kind ?? issuer?.key.kind ?? 'P-256', name);
  const { pathLength: _length, extensions: changed, moreExtensions = [], kind: _kind, ...fields } = changes;
  const extensions =
    changes.version === 1 && changed === undefined
      ? []
      : Object.values({ ...defaults(key, issuer?.keyId ?? key.keyId, changes), ...changed }).filter(
          octets => octets !== null
        );
  const own = changes.serial ?? ++serial;
  const der = certificateDer({
    ...fields,
    serial: own,
    issuer: changes.issuer ?? issuer?.subject ?? name,
    subject: name,
    key,
    signer: changes.signer ?? issuer?.key ?? key,
    extensions: [...extensions, ...moreExtensions]
  });
  return { der, key, subject: name, keyId: key.keyId, serial: octetsOf(own) };
}

function octetsOf(number: number | bigint | Uint8Array): Uint8Array {
  if (number instanceof Uint8Array) return number;
  const hex = number.toString(16);
  const magnitude = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return (magnitude[0] as number) < 0x80 ? magnitude : Buffer.concat([Uint8Array.of(0), magnitude]);
}

function keyForName(kind: KeyKind, name: Uint8Array): PkiKey {
  const hex = Buffer.from(name).toString('hex');
  return keyOf(kind, kind.startsWith('RSA') ? hex.slice(Math.max(0, hex.lastIndexOf('0603'))) : hex);
}
