/** Test hierarchies made through the profile table itself, with keys in memory and names of their own. */
import { randomBytes } from 'node:crypto';
import {
  assembleCertificate,
  assembleCrl,
  buildCrlTbs,
  compileTemplate,
  defaultPolicy,
  newSerial,
  profiles,
  type CrlInput,
  type Policy,
  type ProfileName,
  type SubjectValues,
  type TbsInput
} from '../../pki/profile/index.js';
import { parseCertificate, parseCrl, type Certificate, type CertificateList } from '../../pki/x509/index.js';
import { p256Key, rsaKey, signRaw, type TestKey } from './keys.js';

export interface TestEntity {
  readonly profile: ProfileName;
  readonly key: TestKey;
  readonly certificate: Certificate;
}

export interface IssueOptions {
  /** undefined makes a self-signed root. */
  readonly issuer?: TestEntity;
  readonly subject?: SubjectValues;
  readonly key?: TestKey;
  readonly policy?: Policy;
  /** Moment of issue. */
  readonly at?: Date;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Changes the octets before they are signed. */
  readonly change?: (tbs: Uint8Array) => Uint8Array;
}

export const testPolicy = defaultPolicy('test');
export const issueDay = new Date('2026-11-23T10:30:00Z');

/** The subject each profile is given unless a test says otherwise. */
export const testSubjects: Readonly<Record<ProfileName, SubjectValues>> = {
  'root-oca': { commonName: 'QA' },
  'issuing-oca': { commonName: 'Q1' },
  'organisation-ds': { commonName: 'LOOKALIKE', organisationalUnit: '02', eui: 0x90b3d51f30aa0001n },
  'organisation-ka': { organisationalUnit: '02', eui: 0x90b3d51f30aa0001n },
  'organisation-xml': { organisationalUnit: '87', eui: 0x90b3d51f30aa0001n },
  'root-dca': { commonName: 'QD' },
  'issuing-dca': { commonName: '00A1' },
  'device-ds': { hwType: '1.2.826.0.1.9999999.1.2.2.1', eui: 0x02db1234567890a4n },
  'device-ka': { hwType: '2.25.1', eui: 0x02db1234567890a4n },
  'root-ica': { organisation: 'OpenSMKI Test', commonName: 'Root ICA 1' },
  'issuing-ica': { commonName: 'Issuing ICA 1' },
  'iki-client': { organisation: 'Example Energy Ltd', organisationalUnit: '02', commonName: 'adhoc-1' }
};

/** Self-signed templates need the issuer only as `'self'`. */
export function issueTbs(profile: ProfileName, key: TestKey, options: IssueOptions = {}): Uint8Array {
  const { issuer, policy = testPolicy, at = issueDay } = options;
  const template = compileTemplate(profile, { issuer: issuer?.certificate ?? 'self', policy });
  const validity = template.validity(at);
  const input: TbsInput = {
    serial: newSerial(randomBytes),
    notBefore: options.notBefore ?? validity.notBefore,
    notAfter: options.notAfter ?? validity.notAfter,
    spki: key.spki,
    subject: options.subject ?? testSubjects[profile]
  };
  return template.tbs(input);
}

export function issue(profile: ProfileName, options: IssueOptions = {}): TestEntity {
  const key = options.key ?? (profiles[profile].keyAlgorithm === 'RSA' ? rsaKey() : p256Key());
  const tbs = issueTbs(profile, key, options);
  const changed = options.change ? options.change(tbs) : tbs;
  const signer = options.issuer?.key ?? key;
  const algorithm = signer.algorithm === 'ecdsa-with-SHA256' ? 'P-256' : 'RSA-2048';
  const der = assembleCertificate(changed, algorithm, signRaw(signer, changed));
  return { profile, key, certificate: parseCertificate(der) };
}

export interface TestDomain {
  readonly root: TestEntity;
  readonly issuing: TestEntity;
}

function domain(root: ProfileName, issuing: ProfileName): (at?: Date) => TestDomain {
  return (at = issueDay) => {
    const rootEntity = issue(root, { at });
    return { root: rootEntity, issuing: issue(issuing, { issuer: rootEntity, at }) };
  };
}

export const organisationDomain = domain('root-oca', 'issuing-oca');
export const deviceDomain = domain('root-dca', 'issuing-dca');
export const ikiDomain = domain('root-ica', 'issuing-ica');

export function issueCrl(
  issuer: TestEntity,
  { number = 1n, entries = [], ...dates }: Partial<Omit<CrlInput, 'issuer'>> = {}
): CertificateList {
  const tbs = buildCrlTbs({
    issuer: issuer.certificate,
    number,
    thisUpdate: dates.thisUpdate ?? new Date('2026-11-23T10:00:00Z'),
    nextUpdate: dates.nextUpdate ?? new Date('2026-11-25T10:00:00Z'),
    entries
  });
  const algorithm = issuer.key.algorithm === 'ecdsa-with-SHA256' ? 'P-256' : 'RSA-2048';
  return parseCrl(assembleCrl(tbs, algorithm, signRaw(issuer.key, tbs)));
}
