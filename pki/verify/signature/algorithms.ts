import { contextTagged, integer, nullValue, oid, sequence } from '../../der/index.js';
import { oids, type AlgorithmIdentifier } from '../../x509/index.js';

/** The hashes that are believed. SHA-1 and MD5 are not among them, SHA-224 has no use in certificates. */
export const hashNames = ['sha256', 'sha384', 'sha512'] as const;
export type HashName = (typeof hashNames)[number];

/**
 * PKCS#1 v1.5 (RFC 8017 8.2) and RSASSA-PSS (8.1) with MGF1 on the same hash and a salt as long as the hash. DESIGN:
 * other masks and salts are choices that nothing here has a use for; RFC 8446 4.2.3 takes the same one alone.
 */
export const rsaPaddings = ['pkcs1', 'pss'] as const;
export type RsaPadding = (typeof rsaPaddings)[number];

/** How a signature is made, but for the key. */
export type SignatureScheme =
  | { readonly key: 'EC'; readonly hash: HashName }
  | { readonly key: 'RSA'; readonly hash: HashName; readonly padding: RsaPadding };

/** Octets of a hash, and of the salt that goes with it. */
export const hashOctets: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };

interface Row {
  readonly oid: string;
  /** Every encoding of the parameters that the standard has; undefined is their absence, which NULL is not. */
  readonly parameters: readonly (Uint8Array | undefined)[];
  readonly scheme: SignatureScheme;
}

/** RFC 5758 3.2: no parameters. */
function ecdsa(identifier: string, hash: HashName): Row {
  return { oid: identifier, parameters: [undefined], scheme: { key: 'EC', hash } };
}

/** RFC 4055 5: the parameters are NULL. */
function pkcs1(identifier: string, hash: HashName): Row {
  return { oid: identifier, parameters: [nullValue()], scheme: { key: 'RSA', hash, padding: 'pkcs1' } };
}

/**
 * RFC 4055 3.1: hash, MGF1 and salt length written out, since SHA-1 is the default of both and 20 that of the
 * third; trailerField is its default and so left out in DER. Both hash identifiers may have NULL or no parameters
 * (2.1), which is each of the four encodings.
 */
function pss(hash: HashName): Row {
  const forms = [sequence(oid(oids[hash]), nullValue()), sequence(oid(oids[hash]))];
  const parameters = forms.flatMap(outer =>
    forms.map(inner =>
      sequence(
        contextTagged(0, outer),
        contextTagged(1, sequence(oid(oids.mgf1), inner)),
        contextTagged(2, integer(hashOctets[hash]))
      )
    )
  );
  return { oid: oids.rsassaPss, parameters, scheme: { key: 'RSA', hash, padding: 'pss' } };
}

/** The closed table of the algorithms by which something may be signed. */
const rows: readonly Row[] = [
  ecdsa(oids.ecdsaWithSha256, 'sha256'),
  ecdsa(oids.ecdsaWithSha384, 'sha384'),
  ecdsa(oids.ecdsaWithSha512, 'sha512'),
  pkcs1(oids.sha256WithRsaEncryption, 'sha256'),
  pkcs1(oids.sha384WithRsaEncryption, 'sha384'),
  pkcs1(oids.sha512WithRsaEncryption, 'sha512'),
  pss('sha256'),
  pss('sha384'),
  pss('sha512')
];

/** By the whole AlgorithmIdentifier: what is not octet for octet in the table is not in it. */
const schemes: ReadonlyMap<string, SignatureScheme> = new Map(
  rows.flatMap(row =>
    row.parameters.map(parameters => {
      const identifier = oid(row.oid);
      const der = parameters === undefined ? sequence(identifier) : sequence(identifier, parameters);
      return [nameOf(der), row.scheme] as const;
    })
  )
);

function nameOf(der: Uint8Array): string {
  return Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1');
}

/** The algorithm that an identifier names in the encoding of its standard; undefined for all others. */
export function signatureSchemeOf(algorithm: AlgorithmIdentifier): SignatureScheme | undefined {
  return schemes.get(nameOf(algorithm.der));
}
