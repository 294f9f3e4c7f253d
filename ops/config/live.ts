import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { defaultPolicy, policyEntries } from '../../pki/profile/index.js';
import type { AnyConfig } from './load.js';
import { schemaOwner } from './schemas.js';

/** What is wrong with a configuration for live. */
export interface LiveFinding {
  readonly code: LiveCode;
  readonly instance: string;
  readonly detail: string;
}

export type LiveCode =
  | 'live/softhsm-module'
  | 'live/token-label'
  | 'live/software-signer'
  | 'live/made-by-up'
  | 'live/demo-parties'
  | 'live/database-shared'
  | 'live/policy-unverified'
  | 'live/policy-oid-missing'
  | 'live/test-oid'
  | 'live/approvals'
  | 'live/peer-unpinned';

/** What a running process knows beyond its file. */
export interface RunningFacts {
  /** `Signer` kinds in use: `pkcs11`, `software`. */
  readonly signerKind?: string;
  /** From C_GetInfo or C_GetTokenInfo: a renamed module is still SoftHSM. */
  readonly manufacturer?: string | undefined;
  /** Components other than the process's own whose schemas its database holds. */
  readonly otherComponents?: readonly string[];
}

interface Rule {
  readonly code: LiveCode;
  /** What the rule is for, in one sentence for the handbook. */
  readonly why: string;
  /** Details of what breaks the rule in `config`; `all` are the configurations checked together. */
  find(config: AnyConfig, all: readonly AnyConfig[], facts: RunningFacts): readonly string[];
}

/** Everything that the live environment refuses. The one place that says so. */
export const liveRules: readonly Rule[] = [
  {
    code: 'live/softhsm-module',
    why: 'SoftHSM keeps keys in files.',
    find: (config, _all, facts) => {
      if (!('hsm' in config)) return [];
      const signs = [
        ...(/softhsm/i.test(basename(config.hsm.module)) ? [`module ${config.hsm.module}`] : []),
        ...(config.hsm.softhsmConf === undefined ? [] : ['softhsmConf is set']),
        ...(/softhsm/i.test(facts.manufacturer ?? '')
          ? [`the token says it is ${facts.manufacturer ?? ''}`]
          : [])
      ];
      return signs;
    }
  },
  {
    code: 'live/token-label',
    why: 'The environment is part of a token’s label, so that a token of test is never opened for live.',
    find: config =>
      'hsm' in config && !/(?<![a-z])live(?![a-z])/i.test(config.hsm.tokenLabel)
        ? [`token label ${config.hsm.tokenLabel} does not hold the word live`]
        : []
  },
  {
    code: 'live/software-signer',
    why: 'A key in the memory of a process can be copied.',
    find: (_config, _all, facts) =>
      facts.signerKind === undefined || facts.signerKind === 'pkcs11'
        ? []
        : [`signer of kind ${facts.signerKind}`]
  },
  {
    code: 'live/made-by-up',
    why: 'ops/up puts all components and all secrets under one user.',
    find: config => (config.madeBy === 'up' ? ['the file was written by ops/up'] : [])
  },
  {
    code: 'live/demo-parties',
    why: 'Demonstration parties have published keys.',
    find: config => (config.component === 'ra' && config.demoParties ? ['demoParties is true'] : [])
  },
  {
    code: 'live/database-shared',
    why: 'Whoever administers one component must not reach the tables of another.',
    find: (config, all, { otherComponents = [] }) => {
      const mine = databaseOf(config);
      return [
        ...all
          .filter(
            other =>
              schemaOwner(other.component) !== schemaOwner(config.component) && databaseOf(other) === mine
          )
          .map(other => `shares ${mine} with ${other.instance}`),
        ...otherComponents.map(component => `${mine} holds the schema of ${component}`)
      ];
    }
  },
  {
    code: 'live/policy-unverified',
    why: 'A figure nobody has read in the primary text needs a name under it.',
    find: config =>
      policyEntries(config.policy)
        .filter(entry => !entry.verified)
        .map(entry => `${entry.name} is not verified and not accepted`)
  },
  {
    code: 'live/policy-oid-missing',
    why: 'Certificates without the policy of their domain are refused by relying parties.',
    find: config =>
      policyOids(config)
        .filter(({ name, oids }) => oids.length === 0 && name !== 'oid.dccki')
        .map(({ name }) => `${name} is empty`)
  },
  {
    code: 'live/test-oid',
    why: 'The environments refuse each other, and the OIDs are how relying parties tell them apart.',
    find: config => {
      const test = new Set(
        Object.values(policyOids({ policy: defaultPolicy('test') })).flatMap(({ oids }) => oids)
      );
      return policyOids(config).flatMap(({ name, oids }) =>
        oids.filter(oid => test.has(oid)).map(oid => `${name} holds the test OID ${oid}`)
      );
    }
  },
  {
    code: 'live/approvals',
    why: 'Organisation, IKI and revocation orders need two officers.',
    find: config => {
      if (config.component === 'ca') return [`approvals is ${config.approvals}`];
      return config.component === 'ra' && config.settings.approvals === 'automatic'
        ? ['approvals is automatic']
        : [];
    }
  },
  {
    code: 'live/peer-unpinned',
    why: 'The component root alone would let any component stand in for any other.',
    find: config =>
      peersOf(config)
        .filter(peer => peer.fingerprint === undefined)
        .map(peer => `${peer.name} has no fingerprint`)
  }
];

/**
 * What live refuses in these configurations, which are of one installation. Empty when nothing, and for the test
 * environment. A process asks at its start with what it knows of its signer; `smki config check` asks with files
 * alone.
 */
export function checkLive(configs: readonly AnyConfig[], facts: RunningFacts = {}): LiveFinding[] {
  return configs
    .filter(config => config.environment === 'live')
    .flatMap(config =>
      liveRules.flatMap(rule =>
        rule
          .find(config, configs, facts)
          .map(detail => ({ code: rule.code, instance: config.instance, detail }))
      )
    );
}

function policyOids(config: Pick<AnyConfig, 'policy'>): { name: string; oids: readonly string[] }[] {
  return policyEntries(config.policy)
    .filter(entry => entry.name.startsWith('oid.'))
    .map(entry => ({ name: entry.name, oids: Array.isArray(entry.value) ? (entry.value as string[]) : [] }));
}

function peersOf(
  config: AnyConfig
): readonly { readonly name: string; readonly fingerprint?: string | undefined }[] {
  if (config.component === 'validation') return [];
  return config.component === 'ca' ? [...config.raPeers, ...config.repositoryPeers] : config.internal.peers;
}

/** Host, port and name of the database; never the password. */
function databaseOf(config: AnyConfig): string {
  const url = new URL(readFileSync(config.database.urlFile, 'utf8').trim());
  return `${url.hostname}:${url.port === '' ? '5432' : url.port}${url.pathname}`;
}
