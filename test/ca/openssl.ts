/** OpenSSL as the judge of what the CA made. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePem } from '../../pki/index.js';

function run(files: Readonly<Record<string, Uint8Array>>, label: string, args: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'opensmki-ca-openssl-'));
  try {
    for (const [name, der] of Object.entries(files))
      writeFileSync(join(folder, name), encodePem(name === 'list' ? label : 'CERTIFICATE', der));
    const result = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8', timeout: 10_000 });
    return `${result.status === 0 ? 'OK' : 'FAILED'} ${result.stdout}${result.stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `OK ...` when `openssl verify -x509_strict -policy_check` accepts the chain under the policy. */
export function opensslVerifyChain(
  target: Uint8Array,
  chain: { readonly root: Uint8Array; readonly issuing: Uint8Array },
  policy: string
): string {
  return run({ ...chain, target }, '', [
    ...['verify', '-x509_strict', '-policy_check', '-explicit_policy', '-policy', policy],
    ...['-CAfile', 'root', '-untrusted', 'issuing', 'target']
  ]);
}

/** `OK verify OK` when the list's signature is the issuer's. */
export function opensslVerifyList(list: Uint8Array, issuer: Uint8Array): string {
  return run({ list, issuer }, 'X509 CRL', ['crl', '-noout', '-CAfile', 'issuer', '-in', 'list']);
}
