/** The verdict of `openssl verify -x509_strict`. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodePem } from '../../../../pki/x509/index.js';
import type { GeneratedChain, Purpose } from './plan.js';

/** OpenSSL's names: purposes of a whole use of a certificate, not of one key purpose. */
const purposeNames: Readonly<Record<Purpose, string>> = {
  serverAuth: 'sslserver',
  clientAuth: 'sslclient',
  emailProtection: 'smimesign'
};

export interface OpensslVerdict {
  readonly valid: boolean;
  /** Its complaint, for the message of a failing test. */
  readonly output: string;
}

/** Runs the command line over files in `folder`; a chain has files of its own there. */
export async function opensslVerdict(chain: GeneratedChain, folder: string): Promise<OpensslVerdict> {
  const write = async (kind: string, ders: readonly Uint8Array[]) => {
    const file = path.join(folder, `${chain.seed}-${kind}.pem`);
    await writeFile(file, ders.map(der => encodePem('CERTIFICATE', der)).join(''));
    return file;
  };
  const untrusted =
    chain.intermediates.length > 0 ? await write('untrusted', chain.intermediates) : undefined;
  const args = [
    'verify',
    '-x509_strict',
    '-no-CApath',
    '-no-CAstore',
    '-attime',
    String(chain.at.getTime() / 1000),
    ...policyOptions(chain),
    ...(chain.purpose === undefined ? [] : ['-purpose', purposeNames[chain.purpose]]),
    '-CAfile',
    await write('anchors', chain.anchors),
    ...(untrusted === undefined ? [] : ['-untrusted', untrusted]),
    await write('target', [chain.certificate])
  ];
  return new Promise((resolve, reject) => {
    execFile('openssl', args, { encoding: 'utf8', timeout: 10_000 }, (error, out, complaint) => {
      if (error !== null && typeof error.code !== 'number')
        reject(new Error('openssl did not answer', { cause: error }));
      else resolve({ valid: error === null, output: `${out}${complaint}`.trim() });
    });
  });
}

/** The default of RFC 5280 6.1.1 (c); OpenSSL without any `-policy` takes none as acceptable. */
const anyPolicy = '2.5.29.32.0';

/** Policies are always processed: without `-policy_check` OpenSSL leaves out the whole of RFC 5280 6.1's tree. */
function policyOptions({ policy = {} }: GeneratedChain): string[] {
  return [
    '-policy_check',
    ...(policy.explicitPolicy === true ? ['-explicit_policy'] : []),
    ...(policy.inhibitMapping === true ? ['-inhibit_map'] : []),
    ...(policy.inhibitAnyPolicy === true ? ['-inhibit_any'] : []),
    ...(policy.initialPolicySet ?? [anyPolicy]).flatMap(accepted => ['-policy', accepted])
  ];
}
