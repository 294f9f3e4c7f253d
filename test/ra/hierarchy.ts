import { randomBytes } from 'node:crypto';
import {
  assembleCertificate,
  compileTemplate,
  newSerial,
  parseCertificate,
  profiles,
  type Certificate,
  type Policy,
  type ProfileName,
  type SubjectValues
} from '../../pki/index.js';
import { p256Key, rsaKey, signRaw, type TestKey } from '../kit/keys.js';

/** One authority of a test: its key in memory and its certificate. */
export interface TestAuthority {
  readonly key: TestKey;
  readonly certificate: Certificate;
}

const random = (octets: number): Uint8Array => new Uint8Array(randomBytes(octets));

/** Roots and issuing CAs of the three domains, as the ceremony makes them, with keys in memory. */
export class TestHierarchy {
  readonly policy: Policy;
  readonly #authorities = new Map<ProfileName, TestAuthority>();

  constructor(policy: Policy, at: Date) {
    this.policy = policy;
    const names: readonly [ProfileName, ProfileName, string][] = [
      ['root-ica', 'issuing-ica', '1'],
      ['root-dca', 'issuing-dca', '0001'],
      ['root-oca', 'issuing-oca', 'T1']
    ];
    for (const [root, issuing, name] of names) {
      const make = (): TestKey => (profiles[root].keyAlgorithm === 'RSA' ? rsaKey() : p256Key());
      const subject = { commonName: name, organisation: 'Test' };
      const rootKey = make();
      this.#authorities.set(root, {
        key: rootKey,
        certificate: this.sign(root, undefined, rootKey, rootKey.spki, subject, at)
      });
      const issuingKey = make();
      const signer = this.authority(root);
      this.#authorities.set(issuing, {
        key: issuingKey,
        certificate: this.sign(issuing, signer, signer.key, issuingKey.spki, subject, at)
      });
    }
  }

  authority(profile: ProfileName): TestAuthority {
    const authority = this.#authorities.get(profile);
    if (authority === undefined) throw new Error(`no ${profile} in the test hierarchy`);
    return authority;
  }

  /** An end entity certificate of a profile, as the CA issues it. */
  issue(profile: ProfileName, spki: Uint8Array, subject: SubjectValues, at: Date): Uint8Array {
    const issuer = this.authority(profiles[profile].issuerProfile);
    return this.sign(profile, issuer, issuer.key, spki, subject, at).der;
  }

  private sign(
    profile: ProfileName,
    issuer: TestAuthority | undefined,
    key: TestKey,
    spki: Uint8Array,
    subject: SubjectValues,
    at: Date
  ): Certificate {
    const template = compileTemplate(profile, { issuer: issuer?.certificate ?? 'self', policy: this.policy });
    const tbs = template.tbs({ serial: newSerial(random), ...template.validity(at), spki, subject });
    return parseCertificate(assembleCertificate(tbs, template.signingAlgorithm, signRaw(key, tbs)));
  }
}
