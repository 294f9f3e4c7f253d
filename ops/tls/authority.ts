import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodePem, formatName, parseCertificate, type AlternativeName } from '../../pki/x509/index.js';
import type { Environment } from '../../pki/messages/index.js';
import {
  identityPem,
  makeLeaf,
  makeRoot,
  readIdentity,
  type LeafContent,
  type TlsIdentity,
  type TlsKeyType
} from './certificate.js';
import { TlsError } from './error.js';
import { componentUri, keyFingerprint } from './peer.js';

/** Where a component's TLS files are. */
export interface TlsFiles {
  readonly certificateFile: string;
  /** Mode 0600. */
  readonly keyFile: string;
  /** Root to trust. */
  readonly rootFile: string;
  /** SHA-256 of the key's SubjectPublicKeyInfo, lower-case hex: what peers pin. */
  readonly fingerprint: string;
}

const day = 24 * 60 * 60 * 1000;

/**
 * DESIGN: roots ten years, leaves two; a leaf with less than half a year left is made anew at the next start,
 * with the key its peers have pinned replaced too.
 */
const lifetimes = { root: 3650 * day, leaf: 730 * day, renewBefore: 180 * day } as const;

const loopback: readonly AlternativeName[] = [{ dns: 'localhost' }, { ip: Uint8Array.of(127, 0, 0, 1) }];

/**
 * The TLS root of an environment's components and a certificate for each of `names`, in `directory`; what is
 * there is used again. The root signs nothing else, and no component trusts any other root.
 */
export async function ensureComponentTls(options: {
  readonly directory: string;
  readonly environment: Environment;
  readonly names: readonly string[];
  readonly now: Date;
}): Promise<ReadonlyMap<string, TlsFiles>> {
  const commonName = `OpenSMKI component TLS root (${options.environment})`;
  const root = await ensureRoot(options.directory, 'root', commonName, 'P-256', options.now);
  const files = new Map<string, TlsFiles>();
  for (const name of options.names) {
    const content: LeafContent = {
      commonName: name,
      names: [{ uri: componentUri(name) }, ...loopback],
      purposes: ['server', 'client']
    };
    files.set(name, await ensureLeaf(options.directory, name, root, 'root', content, 'P-256', options.now));
  }
  return files;
}

/**
 * A public CA for demonstrations, `ra-ca.pem`, and the RA's server certificate under it, RSA-2048 with SHA-256 so
 * that every suite of SEC Appendix M can be used. Subscribers put `ra-ca.pem` among their trusted roots.
 */
export async function ensurePublicTls(options: {
  readonly directory: string;
  readonly environment: Environment;
  readonly now: Date;
}): Promise<TlsFiles> {
  const commonName = `OpenSMKI demo public CA (${options.environment})`;
  const root = await ensureRoot(options.directory, 'ra-ca', commonName, 'RSA-2048', options.now);
  const content: LeafContent = { commonName: 'localhost', names: loopback, purposes: ['server'] };
  return ensureLeaf(options.directory, 'ra-server', root, 'ra-ca', content, 'RSA-2048', options.now);
}

async function ensureRoot(
  directory: string,
  file: string,
  commonName: string,
  keyType: TlsKeyType,
  now: Date
): Promise<TlsIdentity> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const existing = await load(directory, file, commonName);
  if (existing !== undefined) return existing;
  const root = makeRoot(commonName, keyType, validityFrom(now, lifetimes.root));
  await store(directory, file, root);
  return root;
}

async function ensureLeaf(
  directory: string,
  file: string,
  root: TlsIdentity,
  rootFile: string,
  content: LeafContent,
  keyType: TlsKeyType,
  now: Date
): Promise<TlsFiles> {
  let leaf = await load(directory, file, content.commonName);
  if (leaf === undefined || !serviceable(leaf, root, now)) {
    leaf = makeLeaf(root, content, keyType, validityFrom(now, lifetimes.leaf));
    await store(directory, file, leaf);
  }
  return {
    certificateFile: join(directory, `${file}.pem`),
    keyFile: join(directory, `${file}.key`),
    rootFile: join(directory, `${rootFile}.pem`),
    fingerprint: keyFingerprint(leaf.certificate)
  };
}

/** Signed by this root, matching its key, and not near its end. A renewal that was cut short fails the second. */
function serviceable(leaf: TlsIdentity, root: TlsIdentity, now: Date): boolean {
  const certificate = new X509Certificate(leaf.certificate);
  return (
    certificate.verify(createPublicKey(root.key.export({ type: 'pkcs8', format: 'pem' }))) &&
    certificate.checkPrivateKey(leaf.key) &&
    parseCertificate(leaf.certificate).notAfter.getTime() - now.getTime() >= lifetimes.renewBefore
  );
}

/** An hour back: clocks of one machine's processes agree, those of two may not. */
function validityFrom(now: Date, lifetime: number): { notBefore: Date; notAfter: Date } {
  const seconds = Math.floor(now.getTime() / 1000) * 1000;
  return { notBefore: new Date(seconds - 3_600_000), notAfter: new Date(seconds + lifetime) };
}

async function load(directory: string, file: string, commonName: string): Promise<TlsIdentity | undefined> {
  const path = join(directory, `${file}.pem`);
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new TlsError('tls/file', `${path} cannot be read`, { cause: error });
  }
  try {
    const der = decodePem(pem)[0]?.der ?? new Uint8Array();
    const subject = formatName(parseCertificate(der).subject);
    if (subject !== `CN=${commonName}`)
      throw new TlsError('tls/environment', `${path} is of ${subject}, not of ${commonName}`);
    return readIdentity(commonName, der, await readFile(join(directory, `${file}.key`), 'utf8'));
  } catch (error) {
    if (error instanceof TlsError) throw error;
    throw new TlsError('tls/file', `${path} or its key is damaged`, { cause: error });
  }
}

/** The key first: a certificate without its key is never found at the next start. */
async function store(directory: string, file: string, identity: TlsIdentity): Promise<void> {
  const pem = identityPem(identity);
  await replace(join(directory, `${file}.key`), pem.key);
  await replace(join(directory, `${file}.pem`), pem.certificate);
}

async function replace(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, content, { mode: 0o600 });
  await rename(draft, path);
}
