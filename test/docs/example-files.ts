/** The files that the examples of docs/verify.md read: a web server's chain with its lists, and two SMKI hierarchies. */
import { sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { deviceDomain, issue, issueCrl, organisationDomain } from '../kit/hierarchy.js';
import {
  anchor,
  crlDer,
  endEntity,
  ext,
  intermediate,
  keyOf,
  ocspResponseDer,
  type Entity,
  type EntityChanges
} from '../kit/pki/index.js';

const serverAuth = '1.3.6.1.5.5.7.3.1';

/** Writes them all. Names, serial numbers, dates and list numbers are always the same; keys never are. */
export function writeExampleFiles(folder: string): void {
  const files = { ...serverFiles(), ...smkiFiles(), ...signatureFiles() };
  for (const [name, octets] of Object.entries(files)) writeFileSync(path.join(folder, name), octets);
}

type Files = Record<string, Uint8Array | string>;

function serverFiles(): Files {
  const root = anchor('O=Example, CN=Example Root', { serial: 0x1001 });
  const issuing = intermediate(root, 'O=Example, CN=Example Issuing CA 1', {
    serial: 0x2001,
    // For the OCSP responses that it signs itself.
    extensions: { keyUsage: ext.keyUsage(['digitalSignature', 'keyCertSign', 'cRLSign']) }
  });
  const server = (commonName: string, serial: number, changes: EntityChanges = {}): Entity =>
    endEntity(issuing, `O=Example, CN=${commonName}`, {
      ...{ serial, extensions: { extendedKeyUsage: ext.extendedKeyUsage([serverAuth]) } },
      ...changes
    });
  const good = server('server.example', 0x3001);
  const revoked = server('old.example', 0x3002);
  return {
    'anchor.pem': pem([root]),
    'intermediates.pem': pem([issuing]),
    'server.pem': pem([good]),
    'revoked.pem': pem([revoked]),
    'expired.pem': pem([server('late.example', 0x3003, { notAfter: new Date('2026-05-31T12:00:00Z') })]),
    'forged.pem': pem([server('forged.example', 0x3004, { signature: 'broken' })]),
    'anchor.crl': crlDer(root, { number: 3 }),
    'issuing.crl': crlDer(issuing, { number: 7, entries: [{ serial: revoked.serial, reason: 1 }] }),
    'server.ocsp': ocspResponseDer({
      responder: issuing,
      responses: [{ certificate: good, issuer: issuing }]
    })
  };
}

function pem(entities: readonly Entity[]): string {
  return entities
    .map(({ der }) => {
      const base64 = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
      return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
    })
    .join('');
}

function smkiFiles(): Files {
  const dca = deviceDomain();
  const oca = organisationDomain();
  return {
    'root-dca.der': dca.root.certificate.der,
    'issuing-dca.der': dca.issuing.certificate.der,
    'device.der': issue('device-ds', { issuer: dca.issuing }).certificate.der,
    'root-oca.der': oca.root.certificate.der,
    'issuing-oca.der': oca.issuing.certificate.der,
    'organisation.der': issue('organisation-ds', { issuer: oca.issuing }).certificate.der,
    'root-oca.crl': issueCrl(oca.root, { number: 4n }).der,
    'issuing-oca.crl': issueCrl(oca.issuing, { number: 12n }).der
  };
}

function signatureFiles(): Files {
  const { privateKey, spki } = keyOf('P-256', 'message');
  const data = Buffer.from('a message\n');
  return {
    'message.txt': data,
    'key.der': spki,
    'message.raw': sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    'message.sig': sign('sha256', data, { key: privateKey, dsaEncoding: 'der' })
  };
}
