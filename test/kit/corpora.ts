/** Where the outside test vectors lie: Debian's package, read in place and never copied. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Debian's package of the vectors, and the folders in which it, or the same package of PyPI on Debian 12 and 13, puts them. */
const vectorsPackage = 'python3-cryptography-vectors';
const candidates = [
  '/usr/lib/python3/dist-packages/cryptography_vectors',
  '/usr/local/lib/python3.11/dist-packages/cryptography_vectors',
  '/usr/local/lib/python3.13/dist-packages/cryptography_vectors'
] as const;

const found = candidates.find(folder => existsSync(folder));
const vectorsFolder = found ?? candidates[0];

/** FIPS 186 response files of ECDSA (`FIPS_186-2`, `FIPS_186-3`) and of RSA (`FIPS_186-2`). */
export const ecdsaVectorsFolder = path.join(vectorsFolder, 'asymmetric', 'ECDSA');
export const rsaVectorsFolder = path.join(vectorsFolder, 'asymmetric', 'RSA');

/** NIST's Public Key Interoperability Test Suite: `certs` and `crls`. */
export const pkitsFolder = path.join(vectorsFolder, 'x509', 'PKITS_data');

/** Fails, saying what to install, where the vectors do not lie: a corpus that is not run must not look like one that passed. */
export function requireVectors(): void {
  if (found === undefined)
    throw new Error(
      `the test vectors are missing: apt-get install ${vectorsPackage} (looked in ${candidates.join(', ')})`
    );
}
