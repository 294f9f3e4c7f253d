/**
 * Certificates and lists of a running system before OpenSSL: as links of strict chains, as signed lists, and octet
 * by octet in the shapes that certificates of this infrastructure are known by.
 */
import { expect } from 'chai';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { longFormDeviceRequest, organisationRequest } from '../kit/requests.js';
import { command, succeed } from './command.js';
import {
  create,
  credentialOf,
  elementsOf,
  firstCertificate,
  issuedIn,
  newDeviceEui,
  query,
  retrieval,
  type Issued
} from './clients.js';
import { newFolder, sharedSystem, type Endpoints } from './running.js';

/** Policy OIDs of the test environment; the arc is the one that test certificates have always had. */
const testPolicy = '1.2.826.0.1.8641679.1.2.1.4';
const testPolicyDer = '060D2A863A0001848FB90F01020104';

describe('certificates and lists before OpenSSL', function () {
  this.timeout(180_000);
  let endpoints: Endpoints;
  let folder: string;
  const files = new Map<string, string>();

  before('collect certificates and lists', async () => {
    endpoints = (await sharedSystem()).endpoints();
    folder = newFolder('closed');
    const { demo } = endpoints;
    for (const [name, serial] of Object.entries({
      'organisation-ds': demo.organisationSerial,
      'organisation-ka': demo.organisationKeyAgreementSerial,
      'organisation-xml': demo.organisationXmlSerial,
      'device-ds': demo.deviceSerial,
      'device-ka': demo.deviceKeyAgreementSerial
    })) {
      const { body } = await query(endpoints, 'retrievecertificate', retrieval(serial));
      await keepPem(name, Buffer.from(elementsOf(body, 'CertificateBody')[0] ?? '', 'base64'));
    }
    // What the system presents is the end-entity certificate; its issuer follows in the file.
    files.set('iki', endpoints.tls.clientCert);
    for (const [name, url] of Object.entries(endpoints.crls)) {
      const { octets } = await succeed('curl', ['--silent', '--fail', '--max-time', '10', url]);
      const { out } = await succeed('openssl', ['crl', '-inform', 'DER'], { input: octets });
      keep(`${name}.crl`, out);
    }
  });

  function keep(name: string, content: string): string {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    files.set(name, file);
    return file;
  }

  async function keepPem(name: string, der: Uint8Array): Promise<string> {
    const { out } = await succeed('openssl', ['x509', '-inform', 'DER'], { input: der });
    return keep(name, out);
  }

  function file(name: string): string {
    const found = files.get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  }

  interface Chain {
    readonly root: string;
    readonly issuing: string;
    readonly crl?: string;
    readonly arl?: string;
  }
  const chains = (): Record<'organisation' | 'device' | 'iki', Chain> => {
    const { anchors } = endpoints;
    return {
      organisation: {
        root: anchors.rootOca,
        issuing: anchors.issuingOca,
        crl: file('organisation.crl'),
        arl: file('organisationArl.crl')
      },
      device: { root: anchors.rootDca, issuing: anchors.issuingDca },
      iki: {
        root: anchors.rootIca,
        issuing: anchors.issuingIca,
        crl: file('iki.crl'),
        arl: file('ikiArl.crl')
      }
    };
  };

  function verify(chain: Chain, certificate: string, more: readonly string[] = []) {
    const lists = [chain.crl, chain.arl].flatMap(list => (list === undefined ? [] : ['-CRLfile', list]));
    return command('openssl', [
      ...['verify', '-x509_strict', '-policy_check', '-CAfile', chain.root, '-untrusted', chain.issuing],
      ...(lists.length === 0 ? [] : ['-crl_check_all', ...lists]),
      ...more,
      certificate
    ]);
  }

  const leaves: Readonly<Record<string, keyof ReturnType<typeof chains>>> = {
    'organisation-ds': 'organisation',
    'organisation-ka': 'organisation',
    'organisation-xml': 'organisation',
    'device-ds': 'device',
    'device-ka': 'device',
    iki: 'iki'
  };
  for (const [name, domain] of Object.entries(leaves)) {
    it(`accepts ${name} under -x509_strict -policy_check${domain === 'device' ? '' : ' -crl_check_all'}`, async () => {
      const judged = await verify(chains()[domain], file(name));
      expect(judged.status, judged.error).to.equal(0);
      // The judge is not asleep: another domain's root, and a policy that is not there.
      const other = { ...chains()[domain], root: chains()[domain === 'device' ? 'iki' : 'device'].root };
      expect((await verify(other, file(name))).status).not.to.equal(0);
      const demand = ['-explicit_policy', '-policy', '1.2.826.0.1.8641679.9.9'];
      expect((await verify(chains()[domain], file(name), demand)).status).not.to.equal(0);
    });
  }

  it('carries the policy of the environment from the issuing authority to the end', async () => {
    for (const name of ['organisation-ds', 'device-ds'] as const) {
      const demand = ['-explicit_policy', '-policy', testPolicy];
      const judged = await verify(chains()[leaves[name]!], file(name), demand);
      expect(judged.status, judged.error).to.equal(0);
    }
  });

  it('signs its lists with the authorities they name', async () => {
    const signers: Record<string, string> = {
      'organisation.crl': endpoints.anchors.issuingOca,
      'organisationArl.crl': endpoints.anchors.rootOca,
      'iki.crl': endpoints.anchors.issuingIca,
      'ikiArl.crl': endpoints.anchors.rootIca
    };
    for (const [name, issuer] of Object.entries(signers)) {
      const good = await succeed('openssl', [
        'crl',
        '-verify',
        '-noout',
        '-CAfile',
        issuer,
        '-in',
        file(name)
      ]);
      expect(good.out + good.error, name).to.include('verify OK');
      const text = (await succeed('openssl', ['crl', '-noout', '-text', '-in', file(name)])).out;
      expect(text).to.match(/Version 2 /);
      expect(text).to.match(/X509v3 CRL Number:\s+\d+/);
      expect(text).to.match(/X509v3 Authority Key Identifier:/);
      expect(text).to.match(/No Revoked Certificates/);
      expect(text).not.to.match(/critical/);
      const wrong = await command('openssl', [
        ...['crl', '-verify', '-noout', '-CAfile', endpoints.anchors.rootDca, '-in', file(name)]
      ]);
      expect(wrong.out + wrong.error, name).not.to.include('verify OK');
    }
  });

  it('reads a device certificate back with exactly the fields of its profile', async () => {
    const { out } = await succeed('openssl', ['x509', '-noout', '-text', '-in', file('device-ka')]);
    expect(out).to.match(/Version: 3 \(0x2\)/);
    expect(out).to.match(/Issuer: CN = [0-9A-F]{4}\n/);
    expect(out).to.match(/Not After : Dec 31 23:59:59 9999 GMT\n/);
    expect(out).to.match(/Subject: ?\n/);
    expect(out).to.match(/X509v3 Key Usage: critical\n\s+Key Agreement\n/);
    expect(out).to.match(
      /X509v3 Subject Alternative Name: critical\n\s+othername: 1\.3\.6\.1\.5\.5\.7\.8\.4:/
    );
    const names = [...out.matchAll(/^ {12}(X509v3 [A-Za-z ]+|\d+(?:\.\d+)+):(?: critical)? *$/gm)].map(
      ([, name]) => name
    );
    expect(names).to.deep.equal([
      'X509v3 Key Usage',
      'X509v3 Subject Key Identifier',
      'X509v3 Subject Alternative Name',
      'X509v3 Certificate Policies',
      'X509v3 Authority Key Identifier'
    ]);
    const { hwType, hwSerial } = hardwareModuleName(await lines(file('device-ka')));
    expect(hwSerial).to.equal(endpoints.demo.deviceEui.replaceAll('-', ''));
    expect(hwType).to.equal('2.25.1');
  });

  describe('shapes', () => {
    it('of an Issuing OCA', async () => {
      const shape = await lines(endpoints.anchors.issuingOca);
      const root = await keyIdentifier(endpoints.anchors.rootOca);
      const own = await keyIdentifier(endpoints.anchors.issuingOca);
      expect(shape).to.deep.equal([
        ...head(),
        ...caName('00', commonName(endpoints.anchors.rootOca)),
        ...['2 SEQUENCE', '3 UTCTIME', '3 GENERALIZEDTIME'],
        ...caName('07', commonName(endpoints.anchors.issuingOca)),
        ...publicKey,
        ...['2 cont [ 3 ]', '3 SEQUENCE'],
        ...extension('X509v3 Key Usage', true, '03020106'),
        ...extension('X509v3 Basic Constraints', true, '30060101FF020100'),
        ...extension('X509v3 Certificate Policies', true, `3011300F${testPolicyDer}`),
        ...extension('X509v3 Subject Key Identifier', false, `0408${own}`),
        ...extension('X509v3 Authority Key Identifier', false, `300A8008${root}`),
        ...tail
      ]);
      const { validFrom, validTo } = new X509Certificate(readFileSync(endpoints.anchors.issuingOca));
      expect(years(validFrom, validTo)).to.be.closeTo(25, 0.01);
    });

    it('of an organisation certificate', async () => {
      const csr = organisationRequest({ eui: endpoints.demo.organisationEui, ou: '02' });
      const issued = issuedIn(
        await create(endpoints, credentialOf(endpoints, 'supplier'), 'organisation', csr)
      );
      const name = await keepPem('organisation-shape', issued.der);
      expect(await lines(name)).to.deep.equal([
        ...head(),
        ...caName('07', commonName(endpoints.anchors.issuingOca)),
        ...['2 SEQUENCE', '3 UTCTIME', '3 UTCTIME'],
        ...['2 SEQUENCE', '3 SET', '4 SEQUENCE', '5 OBJECT organizationalUnitName', '5 UTF8STRING 02'],
        ...['3 SET', '4 SEQUENCE', '5 OBJECT x500UniqueIdentifier', '5 BIT STRING'],
        ...publicKey,
        ...['2 cont [ 3 ]', '3 SEQUENCE'],
        ...extension('X509v3 Key Usage', true, '03020780'),
        ...extension('X509v3 Subject Key Identifier', false, `0408${await keyIdentifier(name)}`),
        ...extension('X509v3 Certificate Policies', true, `3011300F${testPolicyDer}`),
        ...extension(
          'X509v3 Authority Key Identifier',
          false,
          `300A8008${await keyIdentifier(endpoints.anchors.issuingOca)}`
        ),
        ...tail
      ]);
      expectSerial(issued);
      // The last attribute of the subject: 64 bits, none unused.
      const unique = `060355042D030900${endpoints.demo.organisationEui.replaceAll('-', '')}`;
      expect(issued.der.toString('hex').toUpperCase()).to.include(unique);
      const { validFrom, validTo } = new X509Certificate(issued.der);
      expect(years(validFrom, validTo)).to.be.closeTo(10, 0.01);
    });

    it('of a device certificate', async () => {
      const eui = newDeviceEui();
      const issued = await firstCertificate(endpoints, {
        eui,
        usage: 'keyAgreement',
        hwType: '1.2.826.0.1.8641679.1.2.2.1'
      });
      const name = await keepPem('device-shape', issued.der);
      const module =
        '3029A02706082B06010505070804A01B3019060D2A863A0001848FB90F010202010408' + eui.replaceAll('-', '');
      expect(await lines(name)).to.deep.equal([
        ...head(),
        ...['2 SEQUENCE', '3 SET', '4 SEQUENCE', '5 OBJECT commonName'],
        `5 PRINTABLESTRING ${commonName(endpoints.anchors.issuingDca)}`,
        ...['2 SEQUENCE', '3 UTCTIME', '3 GENERALIZEDTIME'],
        '2 SEQUENCE',
        ...publicKey,
        ...['2 cont [ 3 ]', '3 SEQUENCE'],
        ...extension('X509v3 Key Usage', true, '03020308'),
        ...extension('X509v3 Subject Key Identifier', false, `0408${await keyIdentifier(name)}`),
        ...extension('X509v3 Subject Alternative Name', true, module),
        ...extension('X509v3 Certificate Policies', true, `3011300F${testPolicyDer}`),
        ...extension(
          'X509v3 Authority Key Identifier',
          false,
          `300A8008${await keyIdentifier(endpoints.anchors.issuingDca)}`
        ),
        ...tail
      ]);
      expectSerial(issued);
      expect(issued.der.toString('latin1')).to.include('\x18\x0f99991231235959Z\x30\x00');
      // With a hwType of 13 octets, as long as those in the field.
      expect(issued.der.length).to.be.within(418, 422);
    });

    it('in the shortest lengths, also where the request came in long ones', async () => {
      const csr = longFormDeviceRequest();
      expect(csr.subarray(0, 2)).to.deep.equal(Uint8Array.of(0x30, 0x82));
      const issued = issuedIn(await create(endpoints, credentialOf(endpoints, 'maker'), 'device', csr));
      const { out } = await succeed('openssl', ['asn1parse', '-inform', 'DER'], { input: issued.der });
      const lengths = [...out.matchAll(/hl=(\d+) l= *(\d+) /g)];
      expect(lengths.length).to.be.greaterThan(30);
      for (const [, header, length] of lengths) {
        const octets = Number(length);
        expect(Number(header)).to.equal(octets < 128 ? 2 : octets < 256 ? 3 : 4);
      }
    });
  });

  function expectSerial({ serial }: Issued): void {
    expect(serial).to.match(/^(?!00)[0-7][0-9A-F]{31}$/);
  }
});

/** `depth TYPE value` for each element; the value where it is a name, a string of a name or an extension. */
async function lines(file: string): Promise<string[]> {
  const { out } = await succeed('openssl', ['asn1parse', '-in', file]);
  return out
    .trimEnd()
    .split('\n')
    .map(line => {
      const [, depth, rest] = /^ *\d+:d=(\d+) +hl=\d+ l= *\d+ (?:cons|prim): (.*)$/.exec(line) ?? [];
      const [, type, value] = /^([A-Za-z0-9 [\]]+?) *(?:\[HEX DUMP\])?(?::(.*))?$/.exec(rest ?? '') ?? [];
      const kept = /^(OBJECT|BOOLEAN|PRINTABLESTRING|UTF8STRING|OCTET STRING)$/.test(type ?? '');
      return [depth, type, ...(kept ? [value] : [])].join(' ');
    });
}

const algorithm = ['SEQUENCE', 'OBJECT ecdsa-with-SHA256'];

/** Up to the issuer: version 3, serial number, the algorithm without parameters. */
function head(): string[] {
  return [
    ...['0 SEQUENCE', '1 SEQUENCE', '2 cont [ 0 ]', '3 INTEGER', '2 INTEGER'],
    `2 ${algorithm[0]}`,
    `3 ${algorithm[1]}`
  ];
}

const tail = [`1 ${algorithm[0]}`, `2 ${algorithm[1]}`, '1 BIT STRING'];
const publicKey = [
  ...['2 SEQUENCE', '3 SEQUENCE', '4 OBJECT id-ecPublicKey', '4 OBJECT prime256v1', '3 BIT STRING']
];

/** `OU` then `CN`, one attribute a SET, PrintableString. */
function caName(ou: string, cn: string): string[] {
  return [
    ...['2 SEQUENCE', '3 SET', '4 SEQUENCE', '5 OBJECT organizationalUnitName', `5 PRINTABLESTRING ${ou}`],
    ...['3 SET', '4 SEQUENCE', '5 OBJECT commonName', `5 PRINTABLESTRING ${cn}`]
  ];
}

function extension(name: string, critical: boolean, value: string): string[] {
  return [
    ...['4 SEQUENCE', `5 OBJECT ${name}`],
    ...(critical ? ['5 BOOLEAN 255'] : []),
    `5 OCTET STRING ${value}`
  ];
}

function commonName(file: string): string {
  const { subject } = new X509Certificate(readFileSync(file));
  return /^CN=(.{4})$/m.exec(subject)?.[1] ?? '';
}

/** RFC 5280 4.2.1.2 method 2, computed here: 0100 and the last 60 bits of the SHA-1 of the point. */
async function keyIdentifier(file: string): Promise<string> {
  const key = new X509Certificate(readFileSync(file)).publicKey.export({ format: 'der', type: 'spki' });
  const last = createHash('sha1').update(key.subarray(-65)).digest().subarray(12);
  last[0] = 0x40 | (last[0]! & 0x0f);
  return last.toString('hex').toUpperCase();
}

function years(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / (365.25 * 86_400_000);
}

/** hwType and hwSerialNum out of the subjectAltName, through OpenSSL's own reading of its octets. */
function hardwareModuleName(shape: readonly string[]): { hwType: string; hwSerial: string } {
  const at = shape.indexOf('5 OBJECT X509v3 Subject Alternative Name');
  const value = /^5 OCTET STRING ([0-9A-F]+)$/.exec(shape[at + 2] ?? '')?.[1] ?? '';
  const [, type, serial] =
    /^30..A0..06082B06010505070804A0..30..06..([0-9A-F]*)0408([0-9A-F]{16})$/.exec(value) ?? [];
  // X.690 8.19: 2.25.1 is 69 01.
  return { hwType: type === '6901' ? '2.25.1' : (type ?? ''), hwSerial: serial ?? '' };
}
