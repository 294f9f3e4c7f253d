/**
 * The scripted ceremony that makes a test hierarchy: keys on their tokens, certificates by the same template,
 * lint, permit and verification as any other, the roots' ARLs and the first CRLs. Each step is checked before
 * the next and written to a transcript. It can be resumed after an interruption: what is there is verified and
 * kept, never made again or overwritten; what is there and is not what this ceremony would have made ends it.
 *
 * A live ceremony is a meeting of people and not a script: this one refuses the live environment.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  HsmError,
  type KeyAlgorithm,
  type KeyGenerator,
  type PublicKey,
  type Signer
} from '../../hsm/index.js';
import {
  formatName,
  keyAlgorithmOf,
  newSerial,
  parseCertificate,
  parseCrl,
  profiles,
  verifyIssuedCrl,
  verifyIssued,
  type Certificate,
  type Policy
} from '../../pki/index.js';
import type { Clock } from '../../ops/kit/clock.js';
import { arlNextUpdate, crlSchedule, hasCrlSchedule } from '../crl/schedule.js';
import { CaError } from '../errors.js';
import { certificateFrom, crlFrom } from '../issue/check-signature.js';
import { certificatePermitId, createLintStage, type LintStage } from '../issue/lint-stage.js';
import {
  authorities,
  lists,
  testNames,
  type AuthorityName,
  type HierarchyNames,
  type ListName
} from './hierarchy.js';
import { openTranscript, type Transcript, type WriteTranscript } from './transcript.js';

/** A token opened for a ceremony: it may make keys. */
export interface CeremonyToken {
  readonly label: string;
  readonly signer: Signer & KeyGenerator;
  /** Shared with this token's signer process. */
  readonly permitSecret: Uint8Array;
}

/** Where a ceremony leaves what it makes. */
export interface CeremonyFiles {
  read(name: string): Promise<Uint8Array | undefined>;
  /** Durable when it resolves; refuses to overwrite. */
  write(name: string, octets: Uint8Array): Promise<void>;
}

export interface CeremonyDeps {
  readonly policy: Policy;
  readonly tokens: Readonly<Record<'root' | 'issuing' | 'statements', CeremonyToken>>;
  /** The names of the CAs; `testNames` where absent. */
  readonly names?: HierarchyNames;
  readonly clock: Clock;
  /** Name and version of the program, for the transcript. */
  readonly software: string;
  /** Who is there, for the transcript. */
  readonly actors: readonly string[];
  readonly files: CeremonyFiles;
  readonly transcript: WriteTranscript;
}

export interface Hierarchy {
  /** DER certificates. */
  readonly certificates: Readonly<Record<AuthorityName, Uint8Array>>;
  /** DER revocation lists, numbered 1. */
  readonly crls: Readonly<Record<ListName, Uint8Array>>;
  readonly keyLabels: Readonly<Record<AuthorityName, string>>;
  /** The RA's statement key: label, SubjectPublicKeyInfo and its SHA-256 in hexadecimal. */
  readonly statementKey: { readonly label: string; readonly spki: Uint8Array; readonly keyId: string };
  /** The key of that label on the issuing and on the statements token signs health checks and nothing else. */
  readonly healthKeyLabel: string;
}

/** Written last: while it is there the ceremony is done. */
const doneFile = 'hierarchy.json';

/**
 * Runs or resumes the ceremony. Throws `CaError`: `ca/live-refuses`, `ca/ceremony-done`, `ca/ceremony-conflict`,
 * `ca/findings`, `ca/wrong-signature`; `HsmError` when a token does not do its part.
 */
export async function runTestHierarchyCeremony(deps: CeremonyDeps): Promise<Hierarchy> {
  const { policy, tokens, files, clock } = deps;
  const { environment } = policy;
  if (environment !== 'test')
    throw new CaError('ca/live-refuses', `a scripted ceremony is for test, not for ${environment}`);
  if ((await files.read(doneFile)) !== undefined)
    throw new CaError('ca/ceremony-done', 'this hierarchy was made before');

  const names = deps.names ?? testNames;
  const transcript = openTranscript(deps.transcript, clock, deps.actors);
  await transcript.step('ceremony begins', {
    ...{ environment, software: deps.software, policy: policy.version },
    tokens: Object.values(tokens)
      .map(token => token.label)
      .join(', ')
  });
  const stages = {
    root: createLintStage(tokens.root.permitSecret, policy),
    issuing: createLintStage(tokens.issuing.permitSecret, policy)
  };
  const room: Room = { deps, transcript, names, ceremonyId: randomBytes(16) };

  const made: Partial<Record<AuthorityName, Authority>> = {};
  for (const name of authorities) {
    const isRoot = profiles[name].kind === 'root';
    const token = isRoot ? tokens.root : tokens.issuing;
    const label = `${environment}-${name}-1`;
    const key = await makeKey(token, label, keyAlgorithm(name, policy), transcript);
    const signer = isRoot
      ? { token, lint: stages.root, label, certificate: 'self' as const }
      : rootOf(name, made, tokens.root, stages.root);
    const certificate = await makeCertificate(name, key, signer, room);
    made[name] = { name, token, lint: isRoot ? stages.root : stages.issuing, label, certificate };
  }
  const crls: Partial<Record<ListName, Uint8Array>> = {};
  for (const { name, authority } of lists) crls[name] = await makeList(name, get(made, authority), room);

  const statementLabel = `${environment}-statement-ra-1`;
  const { spki } = await makeKey(tokens.statements, statementLabel, 'P-256', transcript);
  // Health checks sign with a key of their own, on each token that a running process opens.
  const healthKeyLabel = `${environment}-health-1`;
  for (const token of [tokens.issuing, tokens.statements])
    await makeKey(token, healthKeyLabel, 'P-256', transcript);
  const hierarchy: Hierarchy = {
    certificates: byAuthority(name => get(made, name).certificate.der),
    crls: crls as Record<ListName, Uint8Array>,
    keyLabels: byAuthority(name => get(made, name).label),
    statementKey: { label: statementLabel, spki, keyId: sha256(spki) },
    healthKeyLabel
  };
  await transcript.step('ceremony ends', {
    certificates: authorities.map(name => `${name} ${sha256(hierarchy.certificates[name])}`).join('; '),
    statementKey: hierarchy.statementKey.keyId
  });
  await files.write(doneFile, Buffer.from(`${JSON.stringify(summary(hierarchy), undefined, 2)}\n`));
  return hierarchy;
}

interface Room {
  readonly deps: CeremonyDeps;
  readonly transcript: Transcript;
  readonly names: HierarchyNames;
  readonly ceremonyId: Uint8Array;
}

interface Authority {
  readonly name: AuthorityName;
  readonly token: CeremonyToken;
  readonly lint: LintStage;
  readonly label: string;
  readonly certificate: Certificate;
}

/** Who signs: itself, or its root. */
interface CertificateSigner {
  readonly token: CeremonyToken;
  readonly lint: LintStage;
  readonly label: string;
  readonly certificate: Certificate | 'self';
}

/** A key that is there was made by an interrupted session: the token makes no second one under a label. */
async function makeKey(
  token: CeremonyToken,
  label: string,
  algorithm: KeyAlgorithm,
  transcript: Transcript
): Promise<PublicKey> {
  let key: PublicKey;
  let what = 'key made';
  try {
    key = await token.signer.publicKey(label);
    what = 'key found, made earlier';
  } catch (error) {
    if (!(error instanceof HsmError) || error.code !== 'hsm/key-not-found') throw error;
    key = await token.signer.generate(label, algorithm);
  }
  if (key.algorithm !== algorithm)
    throw new CaError('ca/ceremony-conflict', `${label} is a ${key.algorithm} key, not ${algorithm}`);
  await transcript.step(what, { label, token: token.label, algorithm, spkiSha256: sha256(key.spki) });
  return key;
}

async function makeCertificate(
  name: AuthorityName,
  key: PublicKey,
  signer: CertificateSigner,
  { deps, transcript, names, ceremonyId }: Room
): Promise<Certificate> {
  const { policy, clock, files } = deps;
  const file = `${name}.cer`;
  const existing = await files.read(file);
  let certificate: Certificate;
  if (existing !== undefined) certificate = parseCertificate(existing);
  else {
    const item = authorities.indexOf(name);
    const preparation = signer.lint.certificate({
      profile: name,
      issuer: signer.certificate,
      keyLabel: signer.label,
      serial: newSerial(octets => randomBytes(octets)),
      spki: key.spki,
      subject: names[name],
      at: clock.now(),
      permitId: certificatePermitId(ceremonyId, 1, item),
      lane: 'adhoc'
    });
    if (!preparation.ok) throw new CaError('ca/findings', `${name}: ${preparation.findings.join('; ')}`);
    const { tbs, signRequest } = preparation.prepared;
    const signature = await signer.token.signer.sign(signRequest);
    const issuerSpki = signer.certificate === 'self' ? key.spki : signer.certificate.publicKey.spki;
    certificate = parseCertificate(certificateFrom(tbs, signature, issuerSpki, name, policy));
  }
  const anchor = signer.certificate === 'self' ? certificate : signer.certificate;
  const verified = verifyIssued(certificate, [], {
    at: clock.now(),
    profile: name,
    policy,
    anchors: [anchor]
  });
  if (!verified.ok || Buffer.compare(certificate.publicKey.spki, key.spki) !== 0)
    throw new CaError('ca/ceremony-conflict', `${file} is no certificate of this ceremony's key and root`);
  if (existing === undefined) await files.write(file, certificate.der);
  await transcript.step(existing === undefined ? 'certificate signed' : 'certificate found, signed earlier', {
    ...{ file, subject: formatName(certificate.subject), issuer: formatName(certificate.issuer) },
    serial: certificate.serialHex,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    sha256: sha256(certificate.der)
  });
  return certificate;
}

async function makeList(name: ListName, authority: Authority, room: Room): Promise<Uint8Array> {
  const { policy, clock, files } = room.deps;
  const file = `${name}.crl`;
  const { certificate, label } = authority;
  const existing = await files.read(file);
  const now = new Date(Math.floor(clock.now().getTime() / 1_000) * 1_000);
  let der = existing;
  if (der === undefined) {
    const nextUpdate = listNextUpdate(authority.name, policy, now);
    const input = { issuer: certificate, number: 1n, thisUpdate: now, nextUpdate, entries: [] };
    const facts = { now, orderedRevocations: [], notAfter: () => undefined };
    const { tbs, signRequest } = authority.lint.crl(input, label, undefined, facts);
    const signature = await authority.token.signer.sign(signRequest);
    der = crlFrom(tbs, signature, certificate, authority.name, policy).der;
  }
  const list = parseCrl(der);
  const verified = verifyIssuedCrl(list, certificate, list.thisUpdate);
  if (!verified.ok || list.number !== 1n || list.entryCount !== 0)
    throw new CaError('ca/ceremony-conflict', `${file} is not the first list of ${authority.name}`);
  if (existing === undefined) await files.write(file, der);
  await room.transcript.step(existing === undefined ? 'list signed' : 'list found, signed earlier', {
    ...{ file, issuer: formatName(list.issuer), number: list.number.toString() },
    thisUpdate: list.thisUpdate.toISOString(),
    nextUpdate: list.nextUpdate.toISOString(),
    sha256: sha256(der)
  });
  return der;
}

function listNextUpdate(name: AuthorityName, policy: Policy, at: Date): Date {
  if (hasCrlSchedule(name)) return new Date(at.getTime() + crlSchedule(name, policy).lifetimeMs);
  if (name === 'root-oca' || name === 'root-ica') return arlNextUpdate(name, policy, at);
  throw new CaError('ca/configuration', `${name} has no revocation list`);
}

function rootOf(
  name: AuthorityName,
  made: Partial<Record<AuthorityName, Authority>>,
  token: CeremonyToken,
  lint: LintStage
): CertificateSigner {
  const root = get(made, profiles[name].issuerProfile as AuthorityName);
  return { token, lint, label: root.label, certificate: root.certificate };
}

function keyAlgorithm(name: AuthorityName, policy: Policy): KeyAlgorithm {
  const algorithm = keyAlgorithmOf(profiles[name], policy);
  if (algorithm !== 'P-256' && algorithm !== 'RSA-2048')
    throw new CaError('ca/configuration', `tokens make no ${algorithm} keys`);
  return algorithm;
}

function get(made: Partial<Record<AuthorityName, Authority>>, name: AuthorityName): Authority {
  const authority = made[name];
  if (authority === undefined) throw new Error(`${name} comes after what needs it`);
  return authority;
}

function byAuthority<T>(read: (name: AuthorityName) => T): Record<AuthorityName, T> {
  return Object.fromEntries(authorities.map(name => [name, read(name)])) as Record<AuthorityName, T>;
}

/** What configuration needs of a hierarchy: labels, names and hashes; the DER stands in files of its own. */
function summary(hierarchy: Hierarchy): object {
  return {
    certificates: byAuthority(name => ({
      file: `${name}.cer`,
      keyLabel: hierarchy.keyLabels[name],
      subject: formatName(parseCertificate(hierarchy.certificates[name]).subject),
      sha256: sha256(hierarchy.certificates[name])
    })),
    crls: lists.map(({ name }) => `${name}.crl`),
    statementKey: { label: hierarchy.statementKey.label, keyId: hierarchy.statementKey.keyId },
    healthKeyLabel: hierarchy.healthKeyLabel
  };
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}
