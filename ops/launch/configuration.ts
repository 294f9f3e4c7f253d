import type { Environment } from '../../pki/messages/index.js';
import type { ReadConfig } from '../config/index.js';
import { software } from '../software.js';
import type { TlsFiles } from '../tls/index.js';
import { writePrivateFile, type DataDirectory } from './data-directory.js';
import type { HierarchyFiles } from './hierarchy.js';
import type { ReceiptKey } from './receipt-key.js';
import type { Token, TokenSet } from './tokens.js';

/** What the configuration files of an installation are made of. */
export interface Installation {
  readonly data: DataDirectory;
  readonly environment: Environment;
  readonly tokens: TokenSet;
  readonly hierarchy: HierarchyFiles;
  readonly receiptKey: ReceiptKey;
  /** Component TLS files by component name. */
  readonly tls: ReadonlyMap<string, TlsFiles>;
  /** Of the RA's public listener. */
  readonly publicTls: TlsFiles;
  /** Files that hold the runtime database URL, by component. */
  readonly databaseUrlFiles: ReadonlyMap<string, string>;
  readonly inventoryFile: string;
}

/** Who approves batches: a person, always, or the RA itself where its rule lets it. */
export type BatchApproval = 'officer' | 'rule';

/** The CA's restore epoch of a fresh installation. */
const firstEpoch = '1';
/** DESIGN: an hour of the machine's full rate; a demonstration never meets it, a runaway RA does. */
const certificatesPerHour = 1_000_000;
/** Two parties share a whole demonstration: a ceiling meant for one party of hundreds would only be in the way. */
const demoRatePerSecond = 10_000;
/** The demonstration's inventory is written once, at the start, by the launcher itself. */
const demoInventoryMaxAgeMs = 30 * 24 * 3_600_000;

export function repositoryConfig(
  installation: Installation,
  instance: string,
  ports: { public: number; internal: number }
): ReadConfig<'repository'> {
  const { hierarchy } = installation;
  return {
    component: 'repository',
    ...common(installation, 'repository', instance),
    public: { port: ports.public },
    internal: { port: ports.internal, peers: peers(installation, ['ca', 'operator']) },
    anchorFiles: anchorsOf(hierarchy)
  };
}

export function validationConfig(
  installation: Installation,
  instance: string,
  ports: { public: number }
): ReadConfig<'validation'> {
  const { hierarchy, receiptKey, tokens } = installation;
  // No internal TLS: it connects to no component, and none to it.
  const { tls: _, ...process } = common(installation, 'repository', instance);
  return {
    component: 'validation',
    ...process,
    hsm: { ...hsm(installation, tokens.tokens.validation), healthKeyLabel: receiptKey.healthKeyLabel },
    receiptKeyLabel: receiptKey.label,
    public: { port: ports.public },
    anchorFiles: anchorsOf(hierarchy)
  };
}

function anchorsOf({ certificates }: HierarchyFiles): string[] {
  return [certificates['root-oca'], certificates['root-dca'], certificates['root-ica']];
}

export function raConfig(
  installation: Installation,
  instance: string,
  ports: { public: number; internal: number },
  repositoryUrl: string,
  batchApproval: BatchApproval
): ReadConfig<'ra'> {
  const { data, hierarchy, publicTls, tokens } = installation;
  return {
    component: 'ra',
    ...common(installation, 'ra', instance),
    hsm: hsm(installation, tokens.tokens.statements),
    orderKeyLabel: hierarchy.statementKey.label,
    public: {
      port: ports.public,
      certificateFile: publicTls.certificateFile,
      keyFile: publicTls.keyFile
    },
    internal: { port: ports.internal, peers: peers(installation, ['ca', 'operator']) },
    ikiChainFiles: [hierarchy.certificates['root-ica'], hierarchy.certificates['issuing-ica']],
    ikiCrlUrls: [`${repositoryUrl}/crl/iki.crl`, `${repositoryUrl}/crl/iki-arl.crl`],
    crlRefreshMs: 10_000,
    inventoryFile: installation.inventoryFile,
    inventoryMaxAgeMs: demoInventoryMaxAgeMs,
    demoParties: true,
    settings: {
      build: software.version,
      caEpoch: firstEpoch,
      approvals: 'automatic',
      interfacesPerSystem: 3,
      hardRatePerSecond: demoRatePerSecond,
      batches: { approval: batchApproval, spoolDirectory: data.path('spool') }
    }
  };
}

export function caConfig(
  installation: Installation,
  instance: string,
  urls: { ra: readonly string[]; repository: readonly string[] }
): ReadConfig<'ca'> {
  const { hierarchy, tokens, tls } = installation;
  const issuer = (
    issuing: 'issuing-oca' | 'issuing-dca' | 'issuing-ica',
    root: 'root-oca' | 'root-dca' | 'root-ica'
  ) => ({
    certificateFile: hierarchy.certificates[issuing],
    rootFile: hierarchy.certificates[root],
    keyLabel: hierarchy.keyLabels[issuing]
  });
  const dialled = (name: string, targets: readonly string[]) =>
    targets.map(url => ({ name, url, fingerprint: filesOf(tls, name).fingerprint }));
  return {
    component: 'ca',
    ...common(installation, 'ca', instance),
    hsm: hsm(installation, tokens.tokens.issuing),
    caEpoch: firstEpoch,
    issuers: [
      issuer('issuing-oca', 'root-oca'),
      issuer('issuing-dca', 'root-dca'),
      issuer('issuing-ica', 'root-ica')
    ],
    raKeys: [
      {
        name: 'ra',
        publicKeyFile: hierarchy.statementKey.file,
        keyId: hierarchy.statementKey.keyId,
        profiles: [
          'device-ds',
          'device-ka',
          'organisation-ds',
          'organisation-ka',
          'organisation-xml',
          'iki-client'
        ],
        certificatesPerHour
      }
    ],
    initialCrlFiles: Object.values(hierarchy.lists),
    approvals: 'not-collected-in-test',
    raPeers: dialled('ra', urls.ra),
    repositoryPeers: dialled('repository', urls.repository)
  };
}

/** Writes the file of one process and answers its path. */
export function writeConfiguration(data: DataDirectory, config: { readonly instance: string }): string {
  const file = data.path('config', `${config.instance}.json`);
  writePrivateFile(file, JSON.stringify(config, null, 2) + '\n');
  return file;
}

function common(
  { data, environment, tls, databaseUrlFiles }: Installation,
  component: string,
  instance: string
) {
  const files = filesOf(tls, component);
  const urlFile = databaseUrlFiles.get(component);
  if (urlFile === undefined) throw new RangeError(`no database of ${component}`);
  return {
    environment,
    instance,
    madeBy: 'up' as const,
    database: { urlFile },
    audit: { directory: data.path('audit') },
    tls: { certificateFile: files.certificateFile, keyFile: files.keyFile, rootFile: files.rootFile },
    run: { directory: data.path('run') }
  };
}

function hsm({ tokens, hierarchy }: Installation, token: Token) {
  const { module, softhsmConf } = tokens;
  return {
    module,
    tokenLabel: token.label,
    pinFile: token.pinFile,
    latchFile: token.latchFile,
    healthKeyLabel: hierarchy.healthKeyLabel,
    ...(softhsmConf === undefined ? {} : { softhsmConf })
  };
}

function peers({ tls }: Installation, names: readonly string[]) {
  return names.map(name => ({ name, fingerprint: filesOf(tls, name).fingerprint }));
}

function filesOf(tls: ReadonlyMap<string, TlsFiles>, name: string): TlsFiles {
  const files = tls.get(name);
  if (files === undefined) throw new RangeError(`no TLS files of ${name}`);
  return files;
}
