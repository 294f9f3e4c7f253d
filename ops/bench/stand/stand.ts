import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { permitSecretOctets, startPkcs11Signer, type Pkcs11Signer } from '../../../hsm/index.js';
import {
  decodePem,
  defaultPolicy,
  parseCertificate,
  type Certificate,
  type Policy
} from '../../../pki/index.js';
import { systemClock } from '../../kit/clock.js';
import { openDataDirectory, type DataDirectory } from '../../launch/data-directory.js';
import { prepareHierarchy, type Authority, type HierarchyFiles } from '../../launch/hierarchy.js';
import { prepareTokens, type TokenSet } from '../../launch/tokens.js';
import { nodeCommand } from '../../process/node-command.js';
import { signerProcess } from '../../process/signer.js';
import type { TokenKey } from '../worker/crypto.js';

/** Tokens and hierarchies as the launcher makes them, for what is measured without the services. */
export interface Stand {
  readonly data: DataDirectory;
  readonly policy: Policy;
  readonly tokens: TokenSet;
  readonly hierarchy: HierarchyFiles;
  certificate(authority: Authority): Certificate;
  /** What a process that loads the module needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The key that device certificates are signed with. */
  readonly deviceKey: TokenKey;
  close(): void;
}

export async function openStand(folder: string, report: (line: string) => void): Promise<Stand> {
  const policy = defaultPolicy('test');
  const data = openDataDirectory(folder, 'test', systemClock.now());
  try {
    const tokens = await prepareTokens({
      data,
      module: undefined,
      label: 'bench',
      initialiseCommand: nodeCommand('../../signer/initialise', import.meta.url)
    });
    const hierarchy = await prepareHierarchy({ data, tokens, policy, clock: systemClock, report });
    const { module, softhsmConf } = tokens;
    const { label, pinFile } = tokens.tokens.issuing;
    return {
      ...{ data, policy, tokens, hierarchy },
      certificate: authority => readCertificate(hierarchy.certificates[authority]),
      env: softhsmConf === undefined ? {} : { SOFTHSM2_CONF: softhsmConf },
      deviceKey: { module, tokenLabel: label, pinFile, keyLabel: hierarchy.keyLabels['issuing-dca'] },
      close: () => data.release()
    };
  } catch (error) {
    data.release();
    throw error;
  }
}

export interface StandSigner {
  readonly signer: Pkcs11Signer;
  readonly permitSecret: Uint8Array;
}

/** What a process needs to start a signer of the issuing token: plain data, so that it can be sent to a worker. */
export interface SignerPlace {
  readonly softhsmConf: string | undefined;
  readonly module: string;
  readonly tokenLabel: string;
  readonly pinFile: string;
  readonly latchFile: string;
}

export function signerPlace({ tokens }: Stand): SignerPlace {
  const { label, pinFile, latchFile } = tokens.tokens.issuing;
  return { softhsmConf: tokens.softhsmConf, module: tokens.module, tokenLabel: label, pinFile, latchFile };
}

/** The product's signer, started as a component starts it. */
export async function startStandSigner(
  { softhsmConf, ...place }: SignerPlace,
  options: { readonly processes: number; readonly sessions?: number | undefined }
): Promise<StandSigner> {
  const permitSecret = randomBytes(permitSecretOctets);
  const { processes, sessions } = options;
  const signer = await startPkcs11Signer({
    ...signerProcess(softhsmConf),
    ...place,
    ...{ permitSecret, processes, whenTokenAway: 'refuse' },
    ...(sessions === undefined ? {} : { sessions })
  });
  return { signer, permitSecret };
}

export function readCertificate(file: string): Certificate {
  const [block] = decodePem(readFileSync(file, 'latin1'));
  if (block === undefined) throw new RangeError(`no certificate in ${file}`);
  return parseCertificate(block.der);
}
