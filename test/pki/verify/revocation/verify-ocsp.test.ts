import { expect } from 'chai';
import { verifyOcsp, type OcspInput } from '../../../../pki/verify/revocation/index.js';
import {
  anchor,
  crlDer,
  day,
  endEntity,
  ext,
  ocspResponseDer,
  testMoment,
  type SingleResponseInput
} from '../../../kit/pki/index.js';

const ago = (days: number) => new Date(testMoment.getTime() - days * day);

describe('verifyOcsp', () => {
  const issuer = anchor('O=Responses, CN=Root', {
    extensions: { keyUsage: ext.keyUsage(['digitalSignature', 'keyCertSign', 'cRLSign']) }
  });
  const leaf = endEntity(issuer, 'O=Responses, CN=Leaf');
  const nonce = Uint8Array.from({ length: 16 }, (_, i) => i);

  const response = (single: Partial<SingleResponseInput> = {}, sent?: Uint8Array) =>
    ocspResponseDer({
      responder: issuer,
      responses: [{ certificate: leaf, issuer, ...single }],
      ...(sent === undefined ? {} : { nonce: sent })
    });

  function ask(octets: Uint8Array, more: Partial<OcspInput> = {}) {
    return verifyOcsp({
      response: octets,
      certificate: leaf.der,
      issuer: issuer.der,
      at: testMoment,
      ...more
    });
  }

  function verdictOf(...input: Parameters<typeof ask>): string {
    const verdict = ask(...input);
    return verdict.status === 'unknown' ? verdict.failure.code : verdict.status;
  }

  it('says good with its times, and revoked with date and reason', () => {
    expect(ask(response())).to.deep.equal({
      status: 'good',
      thisUpdate: ago(1 / 24),
      nextUpdate: ago(-1),
      producedAt: ago(1 / 24)
    });
    const revoked = ask(response({ status: { revoked: ago(3), reason: 4 } }));
    expect(revoked).to.deep.include({ status: 'revoked', revokedAt: ago(3), reason: 4 });
    expect(verdictOf(response({ status: 'unknown' }))).to.equal('revocation/unknown');
  });

  it('asks for the nonce that was sent', () => {
    expect(verdictOf(response({}, nonce), { nonce })).to.equal('good');
    expect(verdictOf(response({}), { nonce })).to.equal('revocation/response');
    expect(
      verdictOf(
        response(
          {},
          nonce.map(octet => octet + 1)
        ),
        { nonce }
      )
    ).to.equal('revocation/response');
    expect(verdictOf(response({}, nonce.subarray(1)), { nonce })).to.equal('revocation/response');
    expect(verdictOf(response({}, nonce))).to.equal('good');
  });

  it('takes an answer without nextUpdate only within the age asked for', () => {
    const open = response({ nextUpdate: null, thisUpdate: ago(1) });
    expect(verdictOf(open)).to.equal('revocation/stale');
    expect(verdictOf(open, { maxAgeMs: day })).to.equal('good');
    expect(verdictOf(open, { maxAgeMs: day - 1 })).to.equal('revocation/stale');
    const long = response({ thisUpdate: ago(1) });
    expect(verdictOf(long)).to.equal('good');
    expect(verdictOf(long, { maxAgeMs: day - 1 }), 'older than asked for').to.equal('revocation/stale');
  });

  it('is about a certificate of the issuer only', () => {
    const other = anchor('O=Responses, CN=Other');
    const foreign = endEntity(other, 'O=Responses, CN=Leaf');
    const namesake = endEntity(issuer, 'O=Responses, CN=Leaf', { signer: other.key });
    expect(verdictOf(response(), { certificate: foreign.der })).to.equal('revocation/signer');
    expect(verdictOf(response(), { certificate: namesake.der })).to.equal('revocation/signer');
    expect(verdictOf(response(), { issuer: other.der })).to.equal('revocation/signer');
    expect(verdictOf(response(), { certificate: new Uint8Array(5) })).to.equal('revocation/malformed');
    expect(verdictOf(response(), { issuer: new Uint8Array(5) })).to.equal('revocation/malformed');
    expect(verdictOf(new Uint8Array(5))).to.equal('revocation/malformed');
  });

  it('asks lists about a responder that does not carry nocheck', () => {
    const responder = endEntity(issuer, 'O=Responses, CN=Responder', {
      extensions: { extendedKeyUsage: ext.extendedKeyUsage(['1.3.6.1.5.5.7.3.9']) }
    });
    const answer = ocspResponseDer({
      responder,
      responses: [{ certificate: leaf, issuer }],
      certificates: [responder.der]
    });
    expect(verdictOf(answer)).to.equal('revocation/signer');
    expect(verdictOf(answer, { crls: [crlDer(issuer)] })).to.equal('good');
    expect(verdictOf(answer, { crls: [new Uint8Array(2), crlDer(issuer)] })).to.equal('good');
    const listed = crlDer(issuer, { entries: [{ serial: responder.serial }] });
    expect(verdictOf(answer, { crls: [listed] })).to.equal('revocation/signer');
    const many = Array.from({ length: 80 }, (_, number) => crlDer(issuer, { number }));
    expect(verdictOf(answer, { crls: many }), 'more lists than a path’s budget').to.equal('good');
  });

  it('throws for wrong types only', () => {
    const right = { response: response(), certificate: leaf.der, issuer: issuer.der, at: testMoment };
    const wrong: readonly unknown[] = [
      { ...right, response: 'text' },
      { ...right, at: 'now' },
      { ...right, nonce: 'text' },
      { ...right, maxAgeMs: NaN }
    ];
    for (const input of wrong) expect(() => verifyOcsp(input as OcspInput)).to.throw(TypeError);
  });
});
