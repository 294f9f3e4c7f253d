/** Key pairs on a token: found by label, held to what a CA key must be, made, and shown as public keys. */
import { randomBytes } from 'node:crypto';
import * as graphene from 'graphene-pk11';
import pkcs11 from 'pkcs11js';
import { HsmError } from '../errors.js';
import type { KeyAlgorithm, KeyLabel, PublicKey } from '../signer.js';
import { bitLength, p256Parameters, p256Spki, rsaSpki } from './public-key.js';
import { returnValueOf } from './return-value.js';

/** What a private key must be before it signs anything. */
const demandedAttributes: readonly {
  readonly name: keyof graphene.ITemplate & string;
  readonly type: number;
  readonly value: boolean;
  /** Attributes that a token need not offer (history, usages of mechanisms it has not). */
  readonly optional: boolean;
}[] = [
  { name: 'token', type: pkcs11.CKA_TOKEN, value: true, optional: false },
  { name: 'private', type: pkcs11.CKA_PRIVATE, value: true, optional: false },
  { name: 'sensitive', type: pkcs11.CKA_SENSITIVE, value: true, optional: false },
  { name: 'extractable', type: pkcs11.CKA_EXTRACTABLE, value: false, optional: false },
  { name: 'sign', type: pkcs11.CKA_SIGN, value: true, optional: false },
  { name: 'alwaysSensitive', type: pkcs11.CKA_ALWAYS_SENSITIVE, value: true, optional: true },
  { name: 'neverExtractable', type: pkcs11.CKA_NEVER_EXTRACTABLE, value: true, optional: true },
  { name: 'decrypt', type: pkcs11.CKA_DECRYPT, value: false, optional: true },
  { name: 'unwrap', type: pkcs11.CKA_UNWRAP, value: false, optional: true },
  { name: 'derive', type: pkcs11.CKA_DERIVE, value: false, optional: true },
  { name: 'signRecover', type: pkcs11.CKA_SIGN_RECOVER, value: false, optional: true }
];

const rsaModulusBits = 2048;
const rsaPublicExponent = Buffer.from('010001', 'hex');

/** A private key that has been held to the demanded attributes; good for the session it was found in only. */
export interface SigningKey {
  readonly object: graphene.PrivateKey;
  readonly algorithm: KeyAlgorithm;
}

/**
 * Finds the private key of that label and checks it.
 *
 * Errors: `hsm/key-not-found`, `hsm/key-attributes`, the binding's errors.
 */
export function findSigningKey(session: graphene.Session, label: KeyLabel): SigningKey {
  const object = findOne(session, label, graphene.ObjectClass.PRIVATE_KEY);
  for (const { name, type, value, optional } of demandedAttributes) {
    const found = booleanAttribute(object, type);
    if (found === value || (found === undefined && optional)) continue;
    throw new HsmError('hsm/key-attributes', `key ${label}: ${name} is ${found ?? 'absent'}, not ${value}`);
  }
  return { object: new graphene.PrivateKey(object), algorithm: algorithmOf(object, label) };
}

/**
 * The public key beside the private key of that label.
 *
 * Errors: `hsm/key-not-found`, `hsm/key-attributes`, the binding's errors.
 */
export function readPublicKey(session: graphene.Session, label: KeyLabel): PublicKey {
  const { algorithm } = findSigningKey(session, label);
  const object = findOne(session, label, graphene.ObjectClass.PUBLIC_KEY);
  if (algorithmOf(object, label) !== algorithm) {
    throw new HsmError('hsm/key-attributes', `key ${label}: public and private key do not belong together`);
  }
  const spki =
    algorithm === 'P-256'
      ? p256Spki(bytesAttribute(object, pkcs11.CKA_EC_POINT))
      : rsaSpki(
          bytesAttribute(object, pkcs11.CKA_MODULUS),
          bytesAttribute(object, pkcs11.CKA_PUBLIC_EXPONENT)
        );
  return { label, algorithm, spki };
}

/**
 * Makes a key pair as `KeyGenerator.generate` promises. The session must be read-write.
 *
 * Errors: `hsm/key-exists`, `hsm/key-attributes` (the token made another key than was asked for), the binding's.
 */
export function generateKey(session: graphene.Session, label: KeyLabel, algorithm: KeyAlgorithm): PublicKey {
  if (session.find({ label }).length > 0) throw new HsmError('hsm/key-exists', `there is an object ${label}`);
  const id = randomBytes(16);
  const shared = { label, id, token: true, modifiable: false };
  const publicTemplate = { ...shared, verify: true, encrypt: false, wrap: false };
  const privateTemplate = {
    ...shared,
    private: true,
    sensitive: true,
    extractable: false,
    sign: true,
    signRecover: false,
    decrypt: false,
    unwrap: false,
    derive: false
  };
  if (algorithm === 'P-256') {
    const mechanism = graphene.KeyGenMechanism.EC;
    session.generateKeyPair(mechanism, { ...publicTemplate, paramsEC: p256Parameters }, privateTemplate);
  } else {
    const size = { modulusBits: rsaModulusBits, publicExponent: rsaPublicExponent };
    session.generateKeyPair(graphene.KeyGenMechanism.RSA, { ...publicTemplate, ...size }, privateTemplate);
  }
  return readPublicKey(session, label);
}

function findOne(
  session: graphene.Session,
  label: KeyLabel,
  kind: graphene.ObjectClass
): graphene.SessionObject {
  const found = session.find({ label, class: kind, token: true });
  const object = found.length > 0 ? found.items(0) : undefined;
  if (object === undefined) throw new HsmError('hsm/key-not-found', `there is no key ${label}`);
  if (found.length > 1) throw new HsmError('hsm/key-attributes', `there are ${found.length} keys ${label}`);
  return object;
}

function algorithmOf(object: graphene.SessionObject, label: KeyLabel): KeyAlgorithm {
  const type: unknown = object.getAttribute('keyType');
  if (type === graphene.KeyType.EC && bytesAttribute(object, pkcs11.CKA_EC_PARAMS).equals(p256Parameters)) {
    return 'P-256';
  }
  if (
    type === graphene.KeyType.RSA &&
    bitLength(bytesAttribute(object, pkcs11.CKA_MODULUS)) === rsaModulusBits
  ) {
    return 'RSA-2048';
  }
  throw new HsmError('hsm/key-attributes', `key ${label} is neither P-256 nor RSA-2048`);
}

/** By number: by name, the binding gives CKA_EC_PARAMS back under another name than it was asked by. */
function bytesAttribute(object: graphene.SessionObject, type: number): Buffer {
  return object.getAttribute(type);
}

function booleanAttribute(object: graphene.SessionObject, type: number): boolean | undefined {
  try {
    const value = bytesAttribute(object, type);
    return value.length === 1 ? value[0] !== 0 : undefined;
  } catch (error) {
    if (returnValueOf(error)?.name === 'CKR_ATTRIBUTE_TYPE_INVALID') return undefined;
    throw error;
  }
}
