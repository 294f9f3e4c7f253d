/** Signatures and algorithms: RFC 5280 4.1.1.2, 6.1.3 (a) (1); RFC 5758 3.2; RFC 4055. */
import { generateKeyPairSync } from 'node:crypto';
import { nullValue, oid, sequence } from '../../../../../pki/der/index.js';
import {
  algorithmDer,
  keyOf,
  pssAlgorithmDer,
  type EntityChanges,
  type SigningAlgorithm
} from '../../../../kit/pki/index.js';
import { change, lastAuthority, someAuthority, type Plan, type Variation } from '../plan.js';

function isRsa(plan: Plan): boolean {
  return plan.kind.startsWith('RSA');
}

/** The end entity signed with one algorithm by ECDSA issuers and with another by RSA issuers. */
function signedWith(rule: string, ecdsa: SigningAlgorithm, rsa: SigningAlgorithm): Variation {
  return {
    rule: `signed-${rule}`,
    apply: plan => change(plan, 'leaf', { algorithm: isRsa(plan) ? rsa : ecdsa })
  };
}

function ofLeaf(rule: string, changes: (plan: Plan) => EntityChanges): Variation {
  return { rule, apply: plan => change(plan, 'leaf', changes(plan)) };
}

/** ECDSA-Sig-Value with r's INTEGER padded by a zero octet. */
function padded(right: Uint8Array): Uint8Array {
  const r = right.subarray(4, 4 + (right[3] as number));
  const s = right.subarray(4 + r.length);
  return Uint8Array.from([0x30, right.length - 1, 2, r.length + 1, 0, ...r, ...s]);
}

const foreignKeys: Readonly<Record<string, () => Uint8Array>> = {
  'p-521': () =>
    generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey.export({ format: 'der', type: 'spki' }),
  secp256k1: () =>
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'der', type: 'spki' }),
  'explicit-parameters': () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey.export({
      format: 'der',
      type: 'spki'
    }),
  ed25519: () => generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }),
  'rsa-1024': () =>
    generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'der', type: 'spki' }),
  'rsa-exponent-3': () =>
    generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export({
      format: 'der',
      type: 'spki'
    })
};

const made = new Map<string, Uint8Array>();

function foreignKey(name: string): Uint8Array {
  const known = made.get(name) ?? foreignKeys[name]?.();
  if (known === undefined) throw new RangeError(name);
  made.set(name, known);
  return known;
}

export const signatures: readonly Variation[] = [
  ofLeaf('signature-damaged', () => ({ signature: 'broken' })),
  {
    rule: 'authority-signature-damaged',
    apply: (plan, random) => change(plan, someAuthority(plan, random), { signature: 'broken' })
  },
  { rule: 'anchor-signature-damaged', apply: plan => change(plan, 'anchor', { signature: 'broken' }) },
  ofLeaf('signature-empty', () => ({ signature: new Uint8Array() })),
  ofLeaf('signature-cut', () => ({ signature: right => right.subarray(0, -1) })),
  ofLeaf('signature-with-an-octet-more', () => ({ signature: right => Uint8Array.from([...right, 0]) })),
  ofLeaf('signature-padded', plan => ({
    signature: isRsa(plan) ? right => Uint8Array.from([0, ...right]) : padded
  })),
  ofLeaf('signed-by-another-key', plan => ({ signer: keyOf(plan.kind, 'another') })),
  signedWith('sha-1', 'ecdsa-sha1', 'rsa-sha1'),
  signedWith('md5', 'ecdsa-sha256', 'rsa-md5'),
  signedWith('sha-384', 'ecdsa-sha384', 'rsa-sha384'),
  signedWith('sha-512', 'ecdsa-sha512', 'rsa-sha512'),
  signedWith('pss-256', 'ecdsa-sha256', 'pss-sha256'),
  signedWith('pss-384', 'ecdsa-sha384', 'pss-sha384'),
  signedWith('pss-512', 'ecdsa-sha512', 'pss-sha512'),
  {
    rule: 'authority-signed-sha-1',
    apply: (plan, random) =>
      change(plan, someAuthority(plan, random), { algorithm: isRsa(plan) ? 'rsa-sha1' : 'ecdsa-sha1' })
  },
  ofLeaf('algorithms-differ', plan => ({
    innerAlgorithm: algorithmDer(isRsa(plan) ? 'rsa-sha512' : 'ecdsa-sha512')
  })),
  ofLeaf('algorithms-exchanged-outside', plan => ({
    outerAlgorithm: algorithmDer(isRsa(plan) ? 'rsa-sha512' : 'ecdsa-sha512')
  })),
  ofLeaf('algorithm-of-another-key-kind', plan => {
    const algorithm = algorithmDer(isRsa(plan) ? 'ecdsa-sha256' : 'rsa-sha256');
    return { innerAlgorithm: algorithm, outerAlgorithm: algorithm };
  }),
  ofLeaf('algorithm-parameters-null-or-absent', plan => {
    const algorithm = isRsa(plan)
      ? sequence(oid('1.2.840.113549.1.1.11'))
      : sequence(oid('1.2.840.10045.4.3.2'), nullValue());
    return {
      algorithm: isRsa(plan) ? 'rsa-sha256' : 'ecdsa-sha256',
      innerAlgorithm: algorithm,
      outerAlgorithm: algorithm
    };
  }),
  ofLeaf('pss-of-two-hashes', plan => {
    if (!isRsa(plan)) return {};
    const algorithm = pssAlgorithmDer({ hash: 'sha256', mgfHash: 'sha1', salt: 32 });
    return { algorithm: 'pss-sha256', innerAlgorithm: algorithm, outerAlgorithm: algorithm };
  }),
  ofLeaf('pss-of-another-salt', plan => {
    if (!isRsa(plan)) return {};
    const algorithm = pssAlgorithmDer({ hash: 'sha256', mgfHash: 'sha256', salt: 20 });
    return { algorithm: 'pss-sha256', innerAlgorithm: algorithm, outerAlgorithm: algorithm };
  }),
  ...Object.keys(foreignKeys).map(name =>
    ofLeaf(`key-${name}`, () => ({ raw: { subjectPublicKeyInfo: foreignKey(name) } }))
  ),
  {
    rule: 'anchor-of-another-key',
    apply: plan =>
      change(plan, 'anchor', { key: keyOf(plan.kind, 'another'), signer: keyOf(plan.kind, 'another') })
  },
  {
    rule: 'kinds-of-key-mixed',
    alone: true,
    apply: plan =>
      change(plan, lastAuthority(plan), { key: keyOf(isRsa(plan) ? 'P-384' : 'RSA-2048', 'mixed') })
  }
];
