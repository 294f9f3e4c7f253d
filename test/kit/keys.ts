import {
  constants,
  createECDH,
  createPrivateKey,
  generateKeyPairSync,
  sign,
  type KeyObject
} from 'node:crypto';
import { ecSpki, type SignatureAlgorithm } from '../../pki/x509/index.js';

/** A key pair of a test, in memory, with its SubjectPublicKeyInfo as OpenSSL writes it. */
export interface TestKey {
  readonly algorithm: SignatureAlgorithm;
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
}

export function p256Key(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    algorithm: 'ecdsa-with-SHA256',
    privateKey,
    spki: publicKey.export({ format: 'der', type: 'spki' })
  };
}

/** The P-256 key with this private number: for keys that must be refused. */
export function p256KeyOf(privateNumber: bigint): TestKey {
  const d = Buffer.from(privateNumber.toString(16).padStart(64, '0'), 'hex');
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      d: d.toString('base64url'),
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url')
    }
  });
  return { algorithm: 'ecdsa-with-SHA256', privateKey, spki: ecSpki('P-256', point) };
}

export function rsaKey(bits = 2048, publicExponent = 65537): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits, publicExponent });
  return {
    algorithm: 'sha256WithRSAEncryption',
    privateKey,
    spki: publicKey.export({ format: 'der', type: 'spki' })
  };
}

/** Raw r‖s or PKCS#1, SHA-256. */
export function signRaw(key: TestKey, octets: Uint8Array): Uint8Array {
  return key.algorithm === 'ecdsa-with-SHA256'
    ? sign('sha256', octets, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    : sign('sha256', octets, { key: key.privateKey, padding: constants.RSA_PKCS1_PADDING });
}
