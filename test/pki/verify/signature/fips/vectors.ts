/** Vectors as questions to `verifySignature`, and the names of those that are none. */
import path from 'node:path';
import { curves, type CurveName } from '../../../../../pki/x509/index.js';
import type { SignatureInput } from '../../../../../pki/verify/index.js';
import { bitString, oid, sequence } from '../../../../../pki/der/index.js';
import { octetsFrom, rsaSpki } from '../../../../kit/rsa-arithmetic.js';
import { ecdsaVectorsFolder, rsaVectorsFolder } from '../../../../kit/corpora.js';
import { concat } from '../../../../kit/ber.js';
import { rawOf, signatureOf } from '../classes/ber.js';
import { fieldOf, numberOfField, octetsOfField, readResponses, type Response } from './response-file.js';

/** A vector, or why it is none: the curve, the size, the hash or the scheme that is believed nowhere here. */
export type Vector =
  { readonly inputs: readonly SignatureInput[]; readonly valid: boolean } | { readonly outOfScope: string };

export interface VectorFile {
  readonly file: string;
  readonly kind: 'ECDSA' | 'pkcs1' | 'pss' | 'X9.31';
  /** `generated`: every signature is good. `verified`: each has its result. */
  readonly results: 'generated' | 'verified';
  /** The hash of sections that name none. */
  readonly hash?: string;
}

export const vectorFiles: readonly VectorFile[] = [
  { file: 'FIPS_186-2/SigGen.rsp', kind: 'ECDSA', results: 'generated', hash: 'SHA-1' },
  { file: 'FIPS_186-2/SigGen.txt', kind: 'ECDSA', results: 'generated', hash: 'SHA-1' },
  { file: 'FIPS_186-2/SigVer.rsp', kind: 'ECDSA', results: 'verified', hash: 'SHA-1' },
  { file: 'FIPS_186-3/SigGen.rsp', kind: 'ECDSA', results: 'generated' },
  { file: 'FIPS_186-3/SigGen.txt', kind: 'ECDSA', results: 'generated' },
  { file: 'FIPS_186-3/SigVer.rsp', kind: 'ECDSA', results: 'verified' },
  { file: 'FIPS_186-2/SigGen15_186-2.rsp', kind: 'pkcs1', results: 'generated' },
  { file: 'FIPS_186-2/SigGen15_186-3.rsp', kind: 'pkcs1', results: 'generated' },
  { file: 'FIPS_186-2/SigVer15_186-3.rsp', kind: 'pkcs1', results: 'verified' },
  { file: 'SigVer15EMTest.txt', kind: 'pkcs1', results: 'verified' },
  { file: 'FIPS_186-2/SigGenPSS_186-2.rsp', kind: 'pss', results: 'generated' },
  { file: 'FIPS_186-2/SigGenPSS_186-3.rsp', kind: 'pss', results: 'generated' },
  { file: 'FIPS_186-2/SigVerPSS_186-3.rsp', kind: 'pss', results: 'verified' },
  { file: 'FIPS_186-2/SigGenRSA.rsp', kind: 'X9.31', results: 'generated' },
  { file: 'FIPS_186-2/SigGenRSA_186-2.rsp', kind: 'X9.31', results: 'generated' },
  { file: 'FIPS_186-2/SigVerRSA.rsp', kind: 'X9.31', results: 'verified' }
];

export function vectorsOf(file: VectorFile): Vector[] {
  const folder = file.kind === 'ECDSA' ? ecdsaVectorsFolder : rsaVectorsFolder;
  const responses = readResponses(
    path.join(folder, file.file),
    file.results === 'generated' ? 'S' : 'Result'
  );
  return responses.map(response => {
    const asked = file.kind === 'ECDSA' ? ecdsaInputs(response, file) : rsaInputs(response, file);
    if (typeof asked === 'string') return { outOfScope: asked };
    const valid = file.results === 'generated' || fieldOf(response, 'Result').startsWith('P');
    return { inputs: asked, valid };
  });
}

const hashes: ReadonlyMap<string, SignatureInput['hash']> = new Map([
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512']
]);

const curveOids: Readonly<Record<CurveName, string>> = {
  'P-256': '1.2.840.10045.3.1.7',
  'P-384': '1.3.132.0.34'
};

function isCurve(name: string): name is CurveName {
  return name in curves;
}

function ecdsaInputs(response: Response, file: VectorFile): readonly SignatureInput[] | string {
  const [curve = '', named] = response.section.split(',');
  const hashName = named ?? file.hash ?? '';
  const hash = hashes.get(hashName);
  if (!isCurve(curve)) return curve;
  if (hash === undefined) return `ECDSA with ${hashName}`;
  const { octets } = curves[curve];
  const coordinate = (field: string) => octetsFrom(numberOfField(response, field), octets);
  const point = concat(Uint8Array.of(4), coordinate('Qx'), coordinate('Qy'));
  const publicKey = sequence(sequence(oid('1.2.840.10045.2.1'), oid(curveOids[curve])), bitString(point));
  const [r, s] = [numberOfField(response, 'R'), numberOfField(response, 'S')];
  const question = { publicKey, data: octetsOfField(response, 'Msg'), hash };
  return [
    { ...question, format: 'der', signature: signatureOf(r, s) },
    { ...question, format: 'raw', signature: rawOf(r, s, octets) }
  ];
}

function rsaInputs(response: Response, { kind }: VectorFile): readonly SignatureInput[] | string {
  const hashName = fieldOf(response, 'SHAAlg').replace(/^SHA/, 'SHA-');
  const bits = Number(/^mod = (\d+)$/.exec(response.section)?.[1]);
  const hash = hashes.get(hashName);
  if (kind === 'X9.31' || kind === 'ECDSA') return kind;
  if (bits < 2048) return `RSA of ${bits} bits`;
  if (hash === undefined) return `RSA with ${hashName}`;
  const publicKey = rsaSpki(numberOfField(response, 'n'), numberOfField(response, 'e'));
  const [data, signature] = [octetsOfField(response, 'Msg'), octetsOfField(response, 'S')];
  return [{ publicKey, data, signature, format: 'der', hash, padding: kind }];
}
