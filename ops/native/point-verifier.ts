import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PointVerifier } from '../../pki/verify/index.js';

/**
 * The optional native verifier (`p256-verify/`): ECDSA on P-256 under a key seen for the first time, at the price of
 * the verification alone. Undefined where it was not built for this Node.js, does not load, does not answer a known
 * question rightly, or `OPENSMKI_NATIVE=off` says so: the caller's own way then stands, with the same answers.
 *
 * @param keys `once`: each is met once, as in requests; `often`: few, which are met again and again, as issuers'
 */
export function loadPointVerifier(keys: 'once' | 'often' = 'once'): PointVerifier | undefined {
  if (process.env['OPENSMKI_NATIVE'] === 'off') return undefined;
  const file = join(packageRoot(), 'build', 'native', addOnName());
  if (!existsSync(file)) return undefined;
  try {
    const addOn = createRequire(import.meta.url)(file) as Partial<
      Record<'verify' | 'verifyOften', PointVerifier>
    >;
    const verify = keys === 'once' ? addOn.verify : addOn.verifyOften;
    // A key gets its table when it has been asked for often: both ways are put to the question.
    const times = keys === 'once' ? 1 : 128;
    for (let n = 0; n < times; n++) if (verify === undefined || !answersRightly(verify)) return undefined;
    return verify;
  } catch {
    return undefined;
  }
}

/** A build is good for one platform and one Node.js ABI: its OpenSSL is the program's own. */
function addOnName(): string {
  return `p256-verify.${process.platform}-${process.arch}.${process.versions.modules}.node`;
}

/** The folder of package.json: the sources lie in it, and what was compiled in a folder below. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** RFC 6979 A.2.5: P-256, SHA-256, message "sample". */
const point = Buffer.from(
  '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6' +
    '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  'hex'
);
const signature = Buffer.from(
  'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
    'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  'hex'
);

function answersRightly(verify: PointVerifier): boolean {
  return (
    verify(point, Buffer.from('sample'), signature) &&
    !verify(point, Buffer.from('sampl3'), signature) &&
    !verify(point.subarray(0, 33), Buffer.from('sample'), signature)
  );
}
