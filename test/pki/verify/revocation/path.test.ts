import { expect } from 'chai';
import { verifyPath, type PathInput } from '../../../../pki/verify/path/verify-path.js';
import {
  anchor,
  crlDer,
  endEntity,
  ext,
  intermediate,
  keyOf,
  ocspResponseDer,
  testMoment
} from '../../../kit/pki/index.js';

/** The signers of lists are found and validated by the path: what revocation alone cannot show. */
describe('revocation in a path', () => {
  const root = anchor('O=Path, CN=Root');
  const ca = intermediate(root, 'O=Path, CN=Authority');
  const leaf = endEntity(ca, 'O=Path, CN=Leaf');
  const signing = { extensions: { keyUsage: ext.keyUsage(['cRLSign']) } };

  function verdictOf(input: Partial<PathInput>): string {
    const result = verifyPath({
      certificate: leaf.der,
      intermediates: [ca.der],
      anchors: [root.der],
      crls: [],
      at: testMoment,
      revocation: 'chain',
      ...input
    });
    return result.valid ? 'valid' : `${result.failure.code} at ${result.failure.depth}`;
  }

  it('asks for the target or for every certificate but the anchor', () => {
    const ofCa = crlDer(ca);
    const ofRoot = crlDer(root);
    expect(verdictOf({ crls: [ofCa, ofRoot] })).to.equal('valid');
    expect(verdictOf({ crls: [ofCa] })).to.equal('revocation/unknown at 1');
    expect(verdictOf({ crls: [ofRoot] })).to.equal('revocation/unknown at 0');
    expect(verdictOf({ crls: [ofCa], revocation: 'leaf' })).to.equal('valid');
    expect(verdictOf({ revocation: 'none' })).to.equal('valid');
    const revoked = crlDer(root, { entries: [{ serial: ca.serial }] });
    expect(verdictOf({ crls: [ofCa, revoked] })).to.equal('revocation/revoked at 1');
    expect(verdictOf({ crls: [ofCa, revoked], revocation: 'leaf' })).to.equal('valid');
  });

  it('tells the evidence of each certificate', () => {
    const result = verifyPath({
      certificate: leaf.der,
      intermediates: [ca.der],
      anchors: [{ name: root.subject, key: root.key.spki }],
      crls: [crlDer(root, { number: 5 }), crlDer(ca, { number: 7 })],
      at: testMoment,
      revocation: 'chain'
    });
    const evidence = result.valid ? result.revocation : [];
    expect(evidence.map(({ depth, kind, number }) => ({ depth, kind, number }))).to.have.deep.members([
      { depth: 0, kind: 'crl', number: '7' },
      { depth: 1, kind: 'crl', number: '5' }
    ]);
  });

  describe('a list by another key of the issuer’s name', () => {
    const key = keyOf('P-256', 'list key');
    const signer = endEntity(root, 'O=Path, CN=Authority', { key, ...signing });
    const lists = [crlDer(signer), crlDer(root)];
    const intermediates = [ca.der, signer.der];

    it('is believed when its certificate has a path to the same anchor', () => {
      expect(verdictOf({ crls: lists, intermediates })).to.equal('valid');
      expect(verdictOf({ crls: lists, intermediates, revocation: 'leaf' })).to.equal('valid');
      expect(verdictOf({ crls: lists })).to.equal('revocation/signer at 0');
    });

    it('is not when that certificate has been revoked, leads elsewhere or has run out', () => {
      const revoked = crlDer(root, { entries: [{ serial: signer.serial }] });
      expect(verdictOf({ crls: [crlDer(signer), revoked], intermediates })).to.equal(
        'revocation/signer at 0'
      );
      const elsewhere = anchor('O=Path, CN=Elsewhere');
      const foreign = endEntity(elsewhere, 'O=Path, CN=Authority', { key, ...signing });
      expect(
        verdictOf({
          crls: [crlDer(foreign), crlDer(root), crlDer(elsewhere)],
          intermediates: [ca.der, foreign.der],
          anchors: [root.der, elsewhere.der]
        })
      ).to.equal('revocation/signer at 0');
      const past = endEntity(root, 'O=Path, CN=Authority', {
        key,
        ...signing,
        notAfter: new Date(testMoment.getTime() - 1_000)
      });
      expect(verdictOf({ crls: lists, intermediates: [ca.der, past.der] })).to.equal(
        'revocation/signer at 0'
      );
    });
  });

  describe('an indirect list', () => {
    const signer = endEntity(root, 'O=Path, CN=List Signer', signing);
    const target = endEntity(ca, 'O=Path, CN=Pointed', {
      extensions: {
        crlDistributionPoints: ext.crlDistributionPoints([{ crlIssuer: ['O=Path, CN=List Signer'] }])
      }
    });
    const list = (serial?: Uint8Array) =>
      crlDer(signer, {
        extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ indirect: true }) },
        entries: serial === undefined ? [] : [{ serial, issuer: ca.subject }]
      });
    const asked = { certificate: target.der, intermediates: [ca.der, signer.der] };

    it('is believed, and revokes', () => {
      expect(verdictOf({ ...asked, crls: [list(), crlDer(root)] })).to.equal('valid');
      expect(verdictOf({ ...asked, crls: [list(target.serial), crlDer(root)] })).to.equal(
        'revocation/revoked at 0'
      );
    });

    it('is not by a signer that has been revoked', () => {
      const revoked = crlDer(root, { entries: [{ serial: signer.serial }] });
      expect(verdictOf({ ...asked, crls: [list(), revoked] })).to.equal('revocation/signer at 0');
    });
  });

  it('takes a response for one certificate and a list for the other', () => {
    const responder = endEntity(ca, 'O=Path, CN=Responder', {
      extensions: {
        extendedKeyUsage: ext.extendedKeyUsage(['1.3.6.1.5.5.7.3.9']),
        ocspNoCheck: ext.ocspNoCheck()
      }
    });
    const answer = ocspResponseDer({
      responder,
      responses: [{ certificate: leaf, issuer: ca }],
      certificates: [responder.der]
    });
    expect(verdictOf({ crls: [crlDer(root)], ocspResponses: [answer] })).to.equal('valid');
    expect(verdictOf({ ocspResponses: [answer] })).to.equal('revocation/unknown at 1');
  });

  it('ends within the budget by name when lists are many', () => {
    const crls = Array.from({ length: 200 }, (_, number) =>
      crlDer(ca, { number, signature: 'broken', extensions: { authorityKeyIdentifier: null } })
    );
    expect(verdictOf({ crls, revocation: 'leaf' })).to.match(/^path\/budget/);
  });
});
