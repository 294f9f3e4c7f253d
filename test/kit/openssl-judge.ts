/** OpenSSL as the second opinion on chains, certificates and lists. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePem } from '../../pki/x509/index.js';
import { openssl, tryOpenssl } from './openssl.js';

type Write = (name: string, label: string, ders: readonly Uint8Array[]) => string;

function withFiles<T>(use: (write: Write) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'opensmki-openssl-'));
  try {
    return use((name, label, ders) => {
      const path = join(folder, name);
      writeFileSync(path, ders.map(der => encodePem(label, der)).join(''));
      return path;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface JudgedChain {
  readonly target: Uint8Array;
  readonly root: Uint8Array;
  readonly untrusted: readonly Uint8Array[];
  readonly at: Date;
  /** OID that must hold along the chain. */
  readonly policy: string;
}

/** `openssl verify -x509_strict -policy_check` at a moment, with the policy demanded. */
export function opensslVerify(chain: JudgedChain): { ok: boolean; output: string } {
  return withFiles(write => {
    const time = String(Math.floor(chain.at.getTime() / 1000));
    const strict = [
      '-x509_strict',
      '-policy_check',
      '-explicit_policy',
      '-policy',
      chain.policy,
      '-attime',
      time
    ];
    const root = write('root.pem', 'CERTIFICATE', [chain.root]);
    const untrusted = write('untrusted.pem', 'CERTIFICATE', chain.untrusted);
    const target = write('target.pem', 'CERTIFICATE', [chain.target]);
    return tryOpenssl(['verify', ...strict, '-CAfile', root, '-untrusted', untrusted, target]);
  });
}

/** `openssl x509 -text` or `openssl crl -text`. */
export function opensslText(kind: 'x509' | 'crl', der: Uint8Array): string {
  return openssl([kind, '-noout', '-text'], encodePem(kind === 'crl' ? 'X509 CRL' : 'CERTIFICATE', der));
}

/** Whether `openssl crl -CAfile` finds the list's signature good. */
export function opensslVerifyCrl(crl: Uint8Array, issuer: Uint8Array): boolean {
  return withFiles(write => {
    const issuerFile = write('issuer.pem', 'CERTIFICATE', [issuer]);
    const { ok, output } = tryOpenssl(['crl', '-noout', '-CAfile', issuerFile], encodePem('X509 CRL', crl));
    return ok && output.includes('verify OK');
  });
}
