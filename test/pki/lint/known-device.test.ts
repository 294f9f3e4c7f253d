import { expect } from 'chai';
import fc from 'fast-check';
import { lintCertificate, lintTbs, type Finding, type LintContext } from '../../../pki/lint/index.js';
import { knownDeviceSubject } from '../../../pki/lint/known-device.js';
import { ask, readSubject } from '../../../pki/lint/run.js';
import { deviceDomain, issue, issueDay, issueTbs, testPolicy } from '../../kit/hierarchy.js';
import { p256Key } from '../../kit/keys.js';
import { changed, octetChanges } from '../../kit/mutate.js';

describe('lints of devices met before', () => {
  const { issuing } = deviceDomain();
  const context: LintContext = {
    profile: 'device-ds',
    policy: testPolicy,
    issuer: issuing.certificate,
    at: issueDay
  };
  const certificates = [
    issue('device-ds', { issuer: issuing }),
    issue('device-ds', { issuer: issuing, subject: { hwType: '2.25.1', eui: 3n } }),
    issue('device-ka', { issuer: issuing }),
    // Of another year: the times have their place too.
    issue('device-ds', { issuer: issuing, at: new Date('2021-06-30T00:00:00Z') })
  ].map(({ certificate }) => certificate);

  /** The findings by the long way, whatever shapes are known. */
  function byReading(octets: Uint8Array, isCertificate: boolean): Finding[] {
    const subject = readSubject(octets, isCertificate);
    return typeof subject === 'string'
      ? [{ lint: 'L14', severity: 'error', detail: subject }]
      : ask(subject, context);
  }

  function isLintedAlike(octets: Uint8Array, isCertificate: boolean): void {
    const lint = isCertificate ? lintCertificate : lintTbs;
    const expected = byReading(octets, isCertificate);
    expect(lint(octets, context)).to.deep.equal(expected);
    expect(lint(octets, context)).to.deep.equal(expected);
  }

  it('find in every mutant of a certificate what reading it again finds', () => {
    fc.assert(
      fc.property(fc.constantFrom(...certificates), octetChanges, ({ der }, changes) =>
        isLintedAlike(changed(der, changes), true)
      ),
      { numRuns: 2_000 }
    );
  });

  it('find in every mutant of a TBS what reading it again finds', () => {
    fc.assert(
      fc.property(fc.constantFrom(...certificates), octetChanges, ({ tbs }, changes) =>
        isLintedAlike(changed(tbs, changes), false)
      ),
      { numRuns: 3_000 }
    );
  });

  it('take the outline apart as the reader does', () => {
    const [{ tbs: first } = { tbs: new Uint8Array() }] = certificates;
    lintTbs(first, context);
    for (let i = 1n; i < 20n; i++) {
      const tbs = issueTbs('device-ds', p256Key(), {
        issuer: issuing,
        subject: { hwType: '1.2.826.0.1.9999999.1.2.2.2', eui: i }
      });
      const known = knownDeviceSubject(tbs, false);
      const read = readSubject(tbs, false);
      if (typeof read === 'string') throw new Error(read);
      const extensions = read.extensions.map(({ oid, critical }) => ({ oid, critical }));
      expect(known).to.deep.equal({ ...read, extensions });
    }
  });

  it('hold the serial number to the rule of its type', () => {
    const [{ tbs } = { tbs: new Uint8Array() }] = certificates;
    lintTbs(tbs, context);
    // Head of the TBS, version, head of the INTEGER.
    const serial = 4 + 5 + 2;
    for (const [first, second] of [
      [0x00, 0x7f],
      [0xff, 0x80],
      [0x00, 0x80],
      [0x80, 0x00]
    ] as const)
      isLintedAlike(
        changed(tbs, [
          { at: serial, becomes: first },
          { at: serial + 1, becomes: second }
        ]),
        false
      );
  });

  it('do not learn from octets of which the gate only tolerates the times', () => {
    const [{ tbs: first } = { tbs: new Uint8Array() }] = certificates;
    // GeneralizedTime before 2050 in notAfter.
    const text = Buffer.from(first).indexOf('99991231235959Z');
    const bad = Uint8Array.from(first);
    bad.set(Buffer.from('20301231235959Z'), text);
    for (let i = 0; i < 3; i++) {
      const findings = lintTbs(bad, context).map(({ lint }) => lint);
      expect(findings).to.include('L12');
      expect(findings).to.include('L10');
    }
  });
});
