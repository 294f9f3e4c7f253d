/** The hierarchies that the SMKI cases are asked about, and the surgery by which a case differs from the good one. */
import { tlv } from '../../../../pki/der/index.js';
import type { ProfileName } from '../../../../pki/profile/index.js';
import type { SmkiInput } from '../../../../pki/verify/smki/verify-smki.js';
import { replaceAt, valueAt } from '../../../kit/der-surgery.js';
import {
  deviceDomain,
  ikiDomain,
  issue,
  issueCrl,
  issueDay,
  organisationDomain,
  type IssueOptions,
  type TestDomain,
  type TestEntity
} from '../../../kit/hierarchy.js';
import type { RuleCase, RuleCases } from '../../../kit/pki/index.js';

/** A case of the tables: a question, and the answer it must get. */
export interface SmkiCase extends RuleCase {
  readonly ask: () => SmkiInput;
  /** Where the fault is; 0 unless it is said. */
  readonly depth?: number;
}
export type SmkiRules = readonly RuleCases<SmkiCase>[];

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

export const oca = once(() => organisationDomain());
export const dca = once(() => deviceDomain());
export const ica = once(() => ikiDomain());

export function domainOf(profile: ProfileName): TestDomain {
  if (profile.startsWith('device') || profile.endsWith('dca')) return dca();
  return profile === 'iki-client' || profile.endsWith('ica') ? ica() : oca();
}

/** An end entity of the profile under the world's own issuer, unless another is named. */
export function made(profile: ProfileName, options: IssueOptions = {}): TestEntity {
  return issue(profile, { issuer: domainOf(profile).issuing, ...options });
}

/** The good one of each profile. */
export const good = (() => {
  const entities = new Map<ProfileName, TestEntity>();
  return (profile: ProfileName): TestEntity => {
    let entity = entities.get(profile);
    if (entity === undefined) {
      const { root, issuing } = domainOf(profile);
      entity = [root, issuing].find(authority => authority.profile === profile) ?? made(profile);
      entities.set(profile, entity);
    }
    return entity;
  };
})();

/** The question about an entity whose answer is "valid" when nothing is wrong with it. */
export function about(entity: TestEntity, change: Partial<SmkiInput> = {}): SmkiInput {
  const { root, issuing } = domainOf(entity.profile);
  return {
    certificate: entity.certificate.der,
    issuers: [issuing.certificate.der],
    anchors: [root.certificate.der],
    crls: [],
    at: issueDay,
    revocation: 'none',
    environment: 'test',
    ...change
  };
}

/** The same through another issuer. */
export function through(issuer: TestEntity, entity: TestEntity, change: Partial<SmkiInput> = {}): SmkiInput {
  return about(entity, { issuers: [issuer.certificate.der], ...change });
}

export function derOf(entities: readonly TestEntity[]): Uint8Array[] {
  return entities.map(({ certificate }) => certificate.der);
}

/** A list in force on the day of issue. */
export function listOf(issuer: TestEntity, change: Parameters<typeof issueCrl>[1] = {}): Uint8Array {
  return issueCrl(issuer, change).der;
}

export function entryFor({ certificate }: TestEntity) {
  const date = new Date('2026-11-23T09:00:00Z');
  return { serialHex: certificate.serialHex, date, reason: 'keyCompromise' as const };
}

type Change = (tbs: Uint8Array) => Uint8Array;

/** Replaces a field of TBSCertificate. */
export function replacing(path: readonly number[], becomes: Uint8Array): Change {
  return tbs => replaceAt(tbs, path, becomes);
}

/** Adds an extension at the end. */
export function adding(extension: Uint8Array): Change {
  return tbs => {
    const list = valueAt(tbs, [7, 0]);
    const head = list[1] === 0x81 ? 3 : list[1] === 0x82 ? 4 : 2;
    return replaceAt(tbs, [7, 0], tlv(0x30, list.subarray(head), extension));
  };
}

export function damageSignature(der: Uint8Array): Uint8Array {
  const damaged = Uint8Array.from(der);
  damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1;
  return damaged;
}

type Row = readonly [title: string, expect: string, ask: () => SmkiInput, depth?: number];

/** A rule whose cases differ by one property each. SMKI is P-256; where IKI is meant the keys are RSA. */
export function rule(
  sentence: string,
  clause: string,
  rows: readonly Row[],
  on: RuleCase['on'] = ['P-256']
): RuleCases<SmkiCase> {
  return {
    rule: sentence,
    clause,
    cases: rows.map(([title, expect, ask, depth]) => ({
      ...{ title, expect, ask, on },
      ...(depth !== undefined && { depth })
    }))
  };
}
