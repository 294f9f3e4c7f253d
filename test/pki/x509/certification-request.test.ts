import { expect } from 'chai';
import * as pkijs from 'pkijs';
import { parseRequest } from '../../../pki/x509/index.js';
import { longForm } from '../../kit/ber.js';
import { codeOf } from '../../kit/errors.js';
import { p256Key, rsaKey } from '../../kit/keys.js';
import { openssl, tryOpenssl } from '../../kit/openssl.js';
import {
  deviceExtensions,
  deviceRequest,
  ikiClientRequest,
  organisationRequest,
  requestOfParts
} from '../../kit/requests.js';

const toHex = (octets: Uint8Array | undefined) => Buffer.from(octets ?? []).toString('hex');

describe('requests that we write', () => {
  const ec = p256Key();
  const rsa = rsaKey();
  for (const [name, der, key] of [
    ['device', deviceRequest({ key: ec }), ec],
    ['organisation', organisationRequest({ key: ec, commonName: 'Name', usage: 'keyAgreement' }), ec],
    ['IKI client', ikiClientRequest({ key: rsa }), rsa]
  ] as const) {
    it(`${name}: OpenSSL verifies it, pkijs reads the same values`, () => {
      expect(openssl(['req', '-inform', 'DER', '-verify', '-noout'], der)).to.match(/verify OK/);
      openssl(['asn1parse', '-inform', 'DER'], der);
      const ours = parseRequest(der);
      const theirs = pkijs.CertificationRequest.fromBER(der);
      expect(theirs.version).to.equal(ours.version);
      expect(toHex(theirs.tbsView)).to.equal(toHex(ours.requestInfo));
      expect(toHex(new Uint8Array(theirs.subjectPublicKeyInfo.toSchema().toBER()))).to.equal(toHex(key.spki));
      expect(toHex(ours.publicKey.spki)).to.equal(toHex(key.spki));
      expect(theirs.subject.typesAndValues.map(value => value.type)).to.deep.equal(
        ours.subject.rdns.flat().map(attribute => attribute.type)
      );
      expect(theirs.attributes?.map(attribute => attribute.type)).to.deep.equal(
        ours.attributes.map(attribute => attribute.type)
      );
    });
  }

  it('of a device have the shape of the published sample', () => {
    // Empty subject, 89-octet key, one attribute with key usage and module name, both critical: 275 to 279 octets
    // with a hardware type of 13; this type has 10.
    const text = openssl(['req', '-inform', 'DER', '-noout', '-text'], deviceRequest());
    expect(text).to.match(/Subject:\s*\n/);
    expect(text).to.match(/X509v3 Key Usage: critical\s+Digital Signature/);
    expect(text).to.match(/X509v3 Subject Alternative Name: critical/);
    expect(deviceRequest().length).to.be.within(260, 290);
  });

  it('are spoilt by the test kit only where it says so', () => {
    expect(
      tryOpenssl(
        ['req', '-inform', 'DER', '-verify', '-noout'],
        requestOfParts(ec, { extensions: deviceExtensions() })
      ).output
    ).to.match(/verify OK/);
  });

  it('are read with long-form lengths only by name', () => {
    const long = longForm(deviceRequest({ key: ec }));
    expect(codeOf(() => parseRequest(long))).to.equal('der/length');
    const read = parseRequest(long, { lengths: 'long-form-allowed' });
    expect(read.extensions.map(extension => extension.oid)).to.deep.equal(['2.5.29.15', '2.5.29.17']);
    expect(toHex(read.publicKey.spki)).to.equal(toHex(ec.spki));
  });
});
