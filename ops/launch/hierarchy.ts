import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import {
  authorities,
  lists,
  runTestHierarchyCeremony,
  type CeremonyFiles,
  type CeremonyToken
} from '../../ca/index.js';
import { permitSecretOctets, startPkcs11KeyGenerator, type Pkcs11Signer } from '../../hsm/index.js';
import { encodePem, type Policy } from '../../pki/index.js';
import type { Clock } from '../kit/clock.js';
import { signerProcess } from '../process/signer.js';
import { software } from '../software.js';
import { writePrivateFile, type DataDirectory } from './data-directory.js';
import { ceremonyFolder, ceremonyTranscript } from './durable-files.js';
import { LaunchError } from './error.js';
import type { Token, TokenSet } from './tokens.js';

export type Authority = (typeof authorities)[number];
export type ListName = (typeof lists)[number]['name'];

/** Where the certificates and lists of the hierarchies lie, and what their keys are called. */
export interface HierarchyFiles {
  /** PEM files. */
  readonly certificates: Readonly<Record<Authority, string>>;
  /** DER files. */
  readonly lists: Readonly<Record<ListName, string>>;
  readonly keyLabels: Readonly<Record<Authority, string>>;
  readonly statementKey: {
    readonly label: string;
    /** PEM `PUBLIC KEY`. */
    readonly file: string;
    /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
    readonly keyId: string;
  };
  /** On the issuing and on the statements token: signs health checks and nothing else. */
  readonly healthKeyLabel: string;
}

/**
 * The test hierarchies of this installation, made by the scripted ceremony at the first start: its record lies in
 * `DIR/ceremony`. The root token is open only while the ceremony runs.
 */
export async function prepareHierarchy(options: {
  readonly data: DataDirectory;
  readonly tokens: TokenSet;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly report: (line: string) => void;
}): Promise<HierarchyFiles> {
  const { data, report } = options;
  const done = data.path('config', 'hierarchy.json');
  if (existsSync(done)) return JSON.parse(readFileSync(done, 'utf8')) as HierarchyFiles;
  const folder = ceremonyFolder(data.path('ceremony'));
  // A launcher that died after the ceremony and before this left a complete record: nothing is made again.
  if ((await folder.read('hierarchy.json')) === undefined) {
    report('ceremony: making the test hierarchies (SMKI organisation, SMKI device, IKI)');
    await makeHierarchy(options, folder);
  }
  const record = JSON.parse(
    Buffer.from(await octetsOf(folder, 'hierarchy.json')).toString('utf8')
  ) as CeremonyRecord;
  const statements = await openToken(options.tokens, options.tokens.tokens.statements);
  const statementFile = data.path('public', 'ra-statement.pub.pem');
  try {
    const { spki } = await statements.signer.publicKey(record.statementKey.label);
    writePrivateFile(statementFile, encodePem('PUBLIC KEY', spki));
  } finally {
    await statements.signer.close();
  }
  const certificates = await fileEach(authorities, async name => {
    const file = data.path('public', `${name}.pem`);
    writePrivateFile(file, encodePem('CERTIFICATE', await octetsOf(folder, `${name}.cer`)));
    return file;
  });
  const listNames = lists.map(({ name }) => name);
  const firstLists = await fileEach(listNames, async name => {
    const file = data.path('public', `${name}.first.crl`);
    writePrivateFile(file, await octetsOf(folder, `${name}.crl`));
    return file;
  });
  const keyLabels = await fileEach(authorities, name => Promise.resolve(record.certificates[name].keyLabel));
  const files: HierarchyFiles = {
    certificates,
    lists: firstLists,
    keyLabels,
    statementKey: { label: record.statementKey.label, file: statementFile, keyId: record.statementKey.keyId },
    healthKeyLabel: record.healthKeyLabel
  };
  writePrivateFile(done, JSON.stringify(files, null, 2) + '\n');
  return files;
}

/** What of the ceremony's `hierarchy.json` is used here. */
interface CeremonyRecord {
  readonly certificates: Readonly<Record<Authority, { readonly keyLabel: string }>>;
  readonly statementKey: { readonly label: string; readonly keyId: string };
  readonly healthKeyLabel: string;
}

async function makeHierarchy(
  options: Parameters<typeof prepareHierarchy>[0],
  folder: CeremonyFiles
): Promise<void> {
  const { data, tokens } = options;
  const opened: (CeremonyToken & { signer: Pkcs11Signer })[] = [];
  const open = async (token: Token) => {
    const ready = await openToken(tokens, token);
    opened.push(ready);
    return ready;
  };
  try {
    await runTestHierarchyCeremony({
      policy: options.policy,
      tokens: {
        root: await open(tokens.tokens.root),
        issuing: await open(tokens.tokens.issuing),
        statements: await open(tokens.tokens.statements)
      },
      clock: options.clock,
      software: `${software.name} ${software.version}`,
      actors: ['smki up (scripted, test environment)'],
      files: folder,
      transcript: ceremonyTranscript(data.path('ceremony'))
    });
  } finally {
    for (const { signer } of opened) await signer.close();
  }
}

async function openToken(
  { module, softhsmConf }: TokenSet,
  token: Token
): Promise<CeremonyToken & { signer: Awaited<ReturnType<typeof startPkcs11KeyGenerator>> }> {
  const permitSecret = randomBytes(permitSecretOctets);
  const signer = await startPkcs11KeyGenerator({
    ...signerProcess(softhsmConf),
    module,
    tokenLabel: token.label,
    pinFile: token.pinFile,
    latchFile: token.latchFile,
    permitSecret,
    whenTokenAway: 'refuse'
  });
  return { label: token.label, signer, permitSecret };
}

async function fileEach<K extends string>(
  names: readonly K[],
  value: (name: K) => Promise<string>
): Promise<Record<K, string>> {
  const entries: [K, string][] = [];
  for (const name of names) entries.push([name, await value(name)]);
  return Object.fromEntries(entries) as Record<K, string>;
}

async function octetsOf(folder: CeremonyFiles, name: string): Promise<Uint8Array> {
  const octets = await folder.read(name);
  if (octets === undefined) throw new LaunchError('launch/step', `the ceremony left no ${name}`);
  return octets;
}
