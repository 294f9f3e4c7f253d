import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodePem } from '../../../pki/index.js';

const run = promisify(execFile);

/** What a certificate is judged with by OpenSSL's command line alone. */
export interface ForeignJudge {
  /** PEM files. */
  readonly root: string;
  readonly issuing: string;
  /** The policy that every certificate of the chain must have. */
  readonly policyOid: string;
}

export interface JudgedPair {
  /** Names the pair in what was found. */
  readonly id: string;
  readonly request: Uint8Array;
  readonly certificate: Uint8Array;
}

/** DESIGN: file names of one call stay far below what a command line may hold, and its certificates in memory. */
const pairsPerCall = 500;
/** DESIGN: what the machines here have; OpenSSL's command line uses one core a call. */
const calls = 2;

/**
 * OpenSSL verifies every certificate up to the root, and the key it reads in a certificate is the key it reads in the
 * request, whose own signature it has verified. Answers what is wrong, by request.
 */
export async function judgeByOpenssl(
  folder: string,
  pairs: readonly JudgedPair[],
  judge: ForeignJudge,
  done: (pairs: number) => void
): Promise<string[]> {
  const groups: (readonly JudgedPair[])[] = [];
  for (let at = 0; at < pairs.length; at += pairsPerCall) groups.push(pairs.slice(at, at + pairsPerCall));
  const findings: string[] = [];
  let finished = 0;
  const worker = async (): Promise<void> => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      const place = mkdtempSync(join(folder, 'openssl-'));
      try {
        findings.push(...(await judgeGroup(place, group, judge)));
      } finally {
        rmSync(place, { recursive: true, force: true });
      }
      finished += group.length;
      done(finished);
    }
  };
  await Promise.all(Array.from({ length: calls }, worker));
  return findings;
}

async function judgeGroup(
  folder: string,
  pairs: readonly JudgedPair[],
  { root, issuing, policyOid }: ForeignJudge
): Promise<string[]> {
  const certificates = pairs.map(({ certificate }) => encodePem('CERTIFICATE', certificate));
  pairs.forEach(({ request }, at) => {
    writeFileSync(join(folder, `${at}.crt`), certificates[at] ?? '');
    writeFileSync(join(folder, `${at}.csr`), encodePem('CERTIFICATE REQUEST', request));
  });
  writeFileSync(join(folder, 'certificates.pem'), certificates.join(''));
  const verified = await openssl(folder, [
    ...['verify', '-x509_strict', '-policy_check', '-explicit_policy', '-policy', policyOid],
    ...['-CAfile', root, '-untrusted', issuing, ...pairs.map((_, at) => `${at}.crt`)]
  ]);
  const good = new Set(verified.match(/^\d+\.crt: OK$/gm) ?? []);
  const certified = await keysOf(folder, 'certificates.pem');
  const requested = await keysOfRequests(folder, pairs.length);
  if (certified.length !== pairs.length || requested.length !== pairs.length)
    return pairs.map(({ id }) => `${id}: OpenSSL did not read every request and certificate of its group`);
  return pairs.flatMap(({ id }, at) => [
    ...(good.has(`${at}.crt: OK`) ? [] : [`${id}: OpenSSL does not verify the certificate`]),
    ...(certified[at] === requested[at] ? [] : [`${id}: the certificate is for another key`])
  ]);
}

/** Public keys in the order of a file of certificates, as OpenSSL prints them. */
async function keysOf(folder: string, file: string): Promise<string[]> {
  const text = await openssl(folder, ['storeutl', '-noout', '-text', '-certs', file]);
  return [...text.matchAll(/pub:\s+((?:[0-9a-f]{2}[:\s]+)+)/g)].map(([, key = '']) =>
    key.replaceAll(/\s+/g, '')
  );
}

/**
 * OpenSSL reads one request a call, but for its own small CA: that checks the signature of each of many and certifies
 * their keys, here under a key of no meaning, so that keys can be compared as OpenSSL read them.
 */
async function keysOfRequests(folder: string, count: number): Promise<string[]> {
  const config = [
    ...[
      '[ca]',
      'default_ca=scratch',
      '[scratch]',
      'database=index',
      'serial=serial',
      'new_certs_dir=scratch'
    ],
    ...['certificate=scratch.pem', 'private_key=scratch.key', 'default_md=sha256', 'default_days=1'],
    ...['policy=any', 'unique_subject=no', '[any]', 'commonName=optional', '']
  ];
  writeFileSync(join(folder, 'scratch.cnf'), config.join('\n'));
  writeFileSync(join(folder, 'index'), '');
  writeFileSync(join(folder, 'serial'), '1000');
  mkdirSync(join(folder, 'scratch'));
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'scratch.key'];
  await openssl(folder, ['req', '-x509', ...key, '-subj', '/CN=scratch', '-out', 'scratch.pem']);
  const requests = Array.from({ length: count }, (_, at) => `${at}.csr`);
  await openssl(folder, [
    ...['ca', '-config', 'scratch.cnf', '-batch', '-notext', '-subj', '/CN=x', '-infiles'],
    ...requests
  ]);
  const scratch = requests.map((_, at) =>
    join(folder, 'scratch', `${(0x1000 + at).toString(16).toUpperCase()}.pem`)
  );
  // A request that it refuses has none, and those behind it would have others' numbers: then none is compared.
  if (!scratch.every(file => existsSync(file))) return [];
  writeFileSync(join(folder, 'requests.pem'), scratch.map(file => readFileSync(file, 'latin1')).join(''));
  return keysOf(folder, 'requests.pem');
}

/** Standard output; a call that ends with another status is judged by what it did not print. */
async function openssl(folder: string, args: readonly string[]): Promise<string> {
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  try {
    return (await run('openssl', [...args], options)).stdout;
  } catch (error) {
    const { stdout, code } = error as { stdout?: string; code?: number | string };
    if (typeof code !== 'number') throw error;
    return stdout ?? '';
  }
}
