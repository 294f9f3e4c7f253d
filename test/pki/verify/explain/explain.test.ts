import { expect } from 'chai';
import { explainPath } from '../../../../pki/verify/explain/explain-path.js';
import { explainVerdict } from '../../../../pki/verify/explain/explain-verdict.js';
import { verdictJson } from '../../../../pki/verify/explain/verdict-json.js';
import type { ExplainedResult } from '../../../../pki/verify/explain/verdict.js';
import { verifyPath } from '../../../../pki/verify/path/verify-path.js';
import { verifySmki } from '../../../../pki/verify/smki/verify-smki.js';
import { encodeName, oids } from '../../../../pki/x509/index.js';
import { testCertificate } from '../../../kit/certificates.js';
import { issue, issueDay } from '../../../kit/hierarchy.js';
import { p256Key } from '../../../kit/keys.js';
import { about, derOf, good, listOf, made, oca } from '../smki/world.js';

/** Control, format and separator characters, the line ends but one among them. */
const unsafe = /[\p{C}\p{Zl}\p{Zp}]/u;

/** A name that would write over lines, turn text round, and never end. */
const hostile = `good\u001b[2K\r\nvalid: \u202etrustworthy\u2028\u0000"+,;<>\\ ${'x'.repeat(5_000)}`;

describe('explanation', () => {
  const organisation = () => good('organisation-ds');
  const serial = () => organisation().certificate.serialHex;

  describe('explainVerdict', () => {
    it('says of a valid device who it is, under whom, and that it has no list', () => {
      const result = verifySmki(about(good('device-ds'), { revocation: 'chain' }));
      expect(explainVerdict(result)).to.equal(
        'valid: device 02-DB-12-34-56-78-90-A4; device-ds 02-DB-12-34-56-78-90-A4; issued by CN=00A1; ' +
          'anchor CN=QD; issuers valid when it was issued; status: no list (device-certificate), ' +
          'status of issuer 1: no list (no-list-published)'
      );
    });

    it('says of a valid organisation its role and the lists', () => {
      const crls = [listOf(oca().issuing, { number: 12n }), listOf(oca().root, { number: 3n })];
      const line = explainVerdict(verifySmki(about(organisation(), { crls, revocation: 'chain' })));
      expect(line).to.include('organisation-ds role 2 supplier 90-B3-D5-1F-30-AA-00-01');
      expect(line).to.include('status: good by list 12 until 2026-11-25T10:00:00Z');
      expect(line).to.include('status of issuer 1: good by list 3');
      expect(explainVerdict(verifySmki(about(organisation())))).to.include('revocation not asked for');
    });

    it('says of a failure its code and the certificate at fault', () => {
      const at = new Date('2040-01-01T00:00:00Z');
      const line = explainVerdict(verifySmki(about(organisation(), { at })));
      expect(line).to.match(/^not valid: path\/expired: /);
      expect(line).to.include('2036-11-22T23:59:59').and.to.include(`serial ${serial()}`);
      const revokedIssuer = {
        serialHex: oca().issuing.certificate.serialHex,
        date: at,
        reason: 'cACompromise' as const
      };
      const crls = [listOf(oca().issuing), listOf(oca().root, { entries: [revokedIssuer] })];
      expect(explainVerdict(verifySmki(about(organisation(), { crls, revocation: 'chain' })))).to.match(
        /^not valid: revocation\/revoked: .*cACompromise \(its issuer: CN=Q1,OU=07, serial /
      );
    });

    it('says of what could not be judged that it was not', () => {
      const line = explainVerdict(verifySmki(about(organisation(), { environment: 'live' })));
      expect(line).to.match(/^not judged: input\/policy: /);
      const nothing = explainVerdict(verifySmki(about(organisation(), { certificate: new Uint8Array() })));
      expect(nothing).to.match(/^not judged: input\/certificate: /);
    });
  });

  describe('explainPath', () => {
    it('is a tree with the root on top', () => {
      const crls = [listOf(oca().issuing, { number: 12n })];
      const lines = explainPath(verifySmki(about(organisation(), { crls, revocation: 'leaf' }))).split('\n');
      const { issuing, root } = oca();
      expect(lines).to.deep.equal([
        `CN=QA,OU=00, serial ${root.certificate.serialHex}, 2026-11-23T00:00:00Z to 2076-11-22T23:59:59Z, root-oca`,
        `  CN=Q1,OU=07, serial ${issuing.certificate.serialHex}, 2026-11-23T00:00:00Z to 2051-11-22T23:59:59Z, issuing-oca`,
        `    2.5.4.45=#03090090b3d51f30aa0001,OU=02,CN=LOOKALIKE, serial ${serial()}, 2026-11-23T00:00:00Z to 2036-11-22T23:59:59Z, organisation-ds`,
        '      status: good by list 12 until 2026-11-25T10:00:00Z'
      ]);
    });

    it('says "no expiry" of a device', () => {
      const last = explainPath(verifySmki(about(good('device-ka'))))
        .split('\n')
        .at(-1);
      expect(last).to.match(
        /^ {4}device 02-DB-12-34-56-78-90-A4, serial [0-9A-F]{32}, .* to no expiry, device-ka$/
      );
    });

    it('tells the reason under the certificate at fault', () => {
      const issuer = issue('issuing-oca', { issuer: oca().root, notAfter: new Date('2027-01-01T00:00:00Z') });
      const at = new Date('2028-01-01T00:00:00Z');
      const target = made('organisation-ds', { issuer });
      const lines = explainPath(verifySmki(about(target, { issuers: derOf([issuer]), at }))).split('\n');
      expect(lines.map(line => line.replace(/^( *=> [^:]+:|[^,]+,).*$/, '$1'))).to.deep.equal([
        'CN=QA,',
        '  CN=Q1,',
        '    => path/expired:',
        '    2.5.4.45=#03090090b3d51f30aa0001,'
      ]);
    });

    it('tells on top of an issuer that is missing, and in the end of what was not read', () => {
      const result = verifySmki(about(organisation(), { issuers: [Buffer.of(0x30, 0)] }));
      const missing: ExplainedResult = result.valid
        ? result
        : { valid: false, path: result.path ?? [], failure: { ...result.failure, depth: 1 } };
      const lines = explainPath(missing).split('\n');
      expect(lines[0]).to.match(/^=> path\/issuer-not-found: /);
      expect(lines[1]).to.include('issued by CN=Q1,OU=07');
      expect(lines[2]).to.match(/^also: input\/certificate: issuer 0 /);
    });

    it('is the reason alone where there is no path', () => {
      const result = verifySmki(about(organisation(), { certificate: new Uint8Array() }));
      expect(explainPath(result)).to.match(/^=> input\/certificate: [^\n]*$/);
    });
  });

  it('explains results of verifyPath by the same words', () => {
    const input = {
      certificate: organisation().certificate.der,
      intermediates: derOf([oca().issuing]),
      anchors: derOf([oca().root]),
      crls: [listOf(oca().issuing, { number: 12n })],
      revocation: 'leaf' as const
    };
    const good = verifyPath({ ...input, at: issueDay });
    expect(explainVerdict(good)).to.match(/^valid: .*; anchor CN=QA,OU=00; status: good by list 12 until /);
    expect(explainPath(good).split('\n')).to.have.length(4);
    const late = verifyPath({ ...input, at: new Date('2040-01-01T00:00:00Z') });
    expect(explainVerdict(late)).to.match(/^not valid: path\/expired: /);
    expect(explainPath(late)).to.match(/\n *=> path\/expired: /);
    const json = verdictJson(late);
    expect(JSON.parse(JSON.stringify(json))).to.deep.equal(json);
    const rubbish = verifyPath({ ...input, certificate: Buffer.of(0x30, 0), at: issueDay });
    expect(explainVerdict(rubbish)).to.match(/^not valid: path\/malformed: /);
  });

  describe('of hostile text', () => {
    const key = p256Key();
    const subject = encodeName([{ type: oids.commonName, utf8: hostile }]);
    const certificate = testCertificate({ key, subject });
    const failure = {
      code: 'path/expired',
      message: hostile,
      depth: 0,
      others: [{ code: 'path/budget', message: hostile, depth: 0 }]
    };
    const results: readonly ExplainedResult[] = [
      { valid: true, path: [certificate, certificate], policies: [], revocation: [] },
      {
        valid: true,
        path: [certificate],
        policies: [],
        revocation: [{ depth: 0, kind: 'none', reason: hostile }]
      },
      { valid: false, path: [certificate], failure },
      { valid: false, path: [certificate, Buffer.of(0x30, 0)], failure }
    ];

    it('stays on its line, readable and short', () => {
      for (const result of results) {
        const line = explainVerdict(result);
        expect(line).to.not.match(unsafe);
        expect(line.length).to.be.below(2_000);
        const lines = explainPath(result).split('\n');
        for (const each of lines) expect(each).to.not.match(unsafe);
        expect(lines.length).to.be.below(5);
        expect(lines.filter(each => each.startsWith('valid'))).to.deep.equal([]);
      }
    });

    it('does not hide that a certificate cannot be read', () => {
      expect(explainPath(results[3] as ExplainedResult)).to.include('(a certificate that cannot be read)');
    });
  });

  describe('verdictJson', () => {
    it('is JSON that reads back the same, octets in Base64, moments in ISO 8601', () => {
      const crls = [listOf(oca().issuing, { number: 2n ** 70n })];
      const results = [
        verifySmki(about(organisation(), { crls, revocation: 'leaf' })),
        verifySmki(about(good('device-ds'), { revocation: 'chain' })),
        verifySmki(about(organisation(), { at: new Date('2060-01-01T00:00:00Z') })),
        verifySmki(about(organisation(), { issuers: [Buffer.of(0x30, 0)] }))
      ];
      for (const result of results) {
        const json = verdictJson(result);
        expect(JSON.parse(JSON.stringify(json))).to.deep.equal(json);
      }
      const base64 = (der: Uint8Array | undefined) => ({ base64: Buffer.from(der ?? []).toString('base64') });
      expect(verdictJson(results[0] as ExplainedResult)).to.deep.include({
        valid: true,
        path: derOf([organisation(), oca().issuing, oca().root]).map(base64),
        revocation: [
          {
            depth: 0,
            kind: 'crl',
            der: base64(crls[0]),
            number: '1180591620717411303424',
            thisUpdate: '2026-11-23T10:00:00.000Z',
            nextUpdate: '2026-11-25T10:00:00.000Z'
          }
        ]
      });
    });

    it('makes members of names that are properties of objects, and changes no prototype', () => {
      const facts = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
      const failure = { code: 'path/expired', message: 'm', depth: 0, facts };
      const json = JSON.stringify(verdictJson({ valid: false, failure }));
      expect(json).to.include('"__proto__":"x"').and.to.include('"constructor":"y"');
      expect(Object.keys(Object.prototype)).to.deep.equal([]);
    });

    it('leaves out what is absent', () => {
      const evidence = { depth: 0, kind: 'ocsp', number: undefined, nextUpdate: undefined };
      const result: ExplainedResult = { valid: true, path: [], policies: [], revocation: [evidence] };
      expect(verdictJson(result)).to.deep.include({ revocation: [{ depth: 0, kind: 'ocsp' }] });
    });
  });
});
