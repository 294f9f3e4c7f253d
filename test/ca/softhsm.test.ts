import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import {
  authorities,
  createCa,
  runTestHierarchyCeremony,
  type CaDeps,
  type CeremonyDeps,
  type CeremonyToken,
  type Hierarchy,
  type TranscriptLine
} from '../../ca/index.js';
import {
  startPkcs11KeyGenerator,
  startPkcs11Signer,
  type KeyGenerator,
  type Pkcs11Signer
} from '../../hsm/index.js';
import { SoftwareSigner } from '../../hsm/software/signer.js';
import { defaultPolicy, formatName, parseCertificate, parseCrl, policyWith } from '../../pki/index.js';
import { codeOf, codeOfAsync } from '../kit/errors.js';
import { deviceRequest, ikiClientRequest, organisationRequest } from '../kit/requests.js';
import { signerOptions } from '../kit/signer.js';
import { createSoftHsm, type SoftHsm, type SoftHsmToken } from '../kit/softhsm.js';
import { issuedDer, only, policy, signOrder, World } from './kit.js';
import { opensslVerifyChain, opensslVerifyList } from './openssl.js';

const policyOids = { oca: '1.2.826.0.1.8641679.1.2.1.4', dca: '1.2.826.0.1.8641679.1.2.1.4' } as const;

describe('ca: ceremony and issuance on SoftHSM', function () {
  this.timeout(120_000);
  let softHsm: SoftHsm;
  let tokens: Record<'root' | 'issuing' | 'statements', SoftHsmToken>;
  let hierarchy: Hierarchy;
  const files = new Map<string, Uint8Array>();
  const lines: TranscriptLine[] = [];
  const open: (Pkcs11Signer & KeyGenerator)[] = [];

  async function ceremonyTokens(): Promise<CeremonyDeps['tokens']> {
    const token = async (one: SoftHsmToken): Promise<CeremonyToken> => {
      const permitSecret = randomBytes(32);
      const signer = await startPkcs11KeyGenerator(signerOptions(softHsm, one, { permitSecret }));
      open.push(signer);
      return { label: one.label, signer, permitSecret };
    };
    return {
      root: await token(tokens.root),
      issuing: await token(tokens.issuing),
      statements: await token(tokens.statements)
    };
  }
  const closeTokens = async () => {
    for (const signer of open.splice(0)) await signer.close();
  };
  const ceremony = async (more: Partial<CeremonyDeps> = {}) =>
    runTestHierarchyCeremony({
      tokens: more.tokens ?? (await ceremonyTokens()),
      ...{ policy, software: 'opensmki 0.0.0-test', actors: ['test'], clock: { now: () => new Date() } },
      files: {
        read: async name => files.get(name),
        write: async (name, octets) => {
          if (files.has(name)) throw new Error(`${name} is there`);
          files.set(name, octets);
        }
      },
      transcript: async line => void lines.push(line),
      ...more
    });

  before(async () => {
    softHsm = createSoftHsm();
    tokens = {
      root: softHsm.addToken('demo-root'),
      issuing: softHsm.addToken('demo-issuing'),
      statements: softHsm.addToken('demo-statements')
    };
    // Interrupted after the first issuing CA, then resumed: one hierarchy comes of it.
    let left = 2;
    await ceremony({
      files: {
        read: async name => files.get(name),
        write: async (name, octets) => {
          if (left-- === 0) throw new Error('interrupted');
          files.set(name, octets);
        }
      }
    }).then(
      () => expect.fail('not interrupted'),
      () => undefined
    );
    await closeTokens();
    const rootOca = files.get('root-oca.cer');
    hierarchy = await ceremony();
    expect(hierarchy.certificates['root-oca']).to.equal(rootOca);
    await closeTokens();
  });
  after(async () => {
    await closeTokens();
    softHsm.dispose();
  });

  it('makes every CA under its root, with the names and labels of the test environment', () => {
    const subjects = authorities.map(name =>
      formatName(parseCertificate(hierarchy.certificates[name]).subject)
    );
    expect(subjects).to.deep.equal([
      'CN=TOR1,OU=00',
      'CN=TOI1,OU=07',
      'CN=TDR1',
      'CN=7E01',
      'CN=OpenSMKI Test Root ICA 1,OU=IKI,O=OpenSMKI Test,C=GB',
      'CN=OpenSMKI Test Issuing ICA 1'
    ]);
    for (const label of Object.values(hierarchy.keyLabels))
      expect(label).to.match(/^test-(root|issuing)-.ca-1$/);
    for (const [ca, oid] of Object.entries(policyOids) as ['oca' | 'dca', string][]) {
      const root = hierarchy.certificates[`root-${ca}`];
      const issuing = hierarchy.certificates[`issuing-${ca}`];
      expect(opensslVerifyChain(issuing, { root, issuing }, oid)).to.match(/^OK /);
    }
  });

  it('makes ARLs and first CRLs that OpenSSL verifies', () => {
    for (const [name, issuer] of [
      ['organisation-arl', 'root-oca'],
      ['organisation', 'issuing-oca'],
      ['iki-arl', 'root-ica'],
      ['iki', 'issuing-ica']
    ] as const) {
      expect(parseCrl(hierarchy.crls[name]).number).to.equal(1n);
      expect(opensslVerifyList(hierarchy.crls[name], hierarchy.certificates[issuer])).to.match(
        /^OK .*verify OK/s
      );
    }
  });

  it('keeps a transcript whose lines are chained and name every file by its hash', () => {
    const json = lines.map(line => JSON.parse(line.json) as Record<string, unknown>);
    let previous = '';
    for (const [index, line] of json.entries()) {
      // A session begins a chain of its own.
      if (line['step'] === 1) previous = '';
      expect(line['previous']).to.equal(previous);
      previous = createHash('sha256')
        .update(lines[index]?.json ?? '')
        .digest('hex');
      expect(line['actors']).to.deep.equal(['test']);
    }
    const text = lines.map(line => line.text).join('\n');
    for (const name of authorities)
      expect(text).to.include(createHash('sha256').update(hierarchy.certificates[name]).digest('hex'));
    expect(text).to.include('opensmki 0.0.0-test').and.to.include('found, signed earlier');
  });

  it('refuses to run again, to run over something else, and to run for live', async () => {
    expect(await codeOfAsync(ceremony())).to.equal('ca/ceremony-done');
    await closeTokens();
    const foreign = new Map([['root-oca.cer', hierarchy.certificates['root-dca']]]);
    const read = async (name: string) => foreign.get(name);
    expect(await codeOfAsync(ceremony({ files: { read, write: async () => undefined } }))).to.equal(
      'ca/ceremony-conflict'
    );
    await closeTokens();
    expect(await codeOfAsync(ceremony({ policy: defaultPolicy('live') }))).to.equal('ca/live-refuses');
    await closeTokens();
  });

  it('issues from orders with the keys of the token, and OpenSSL verifies each chain', async () => {
    const permitSecret = randomBytes(32);
    const signer = await startPkcs11Signer(signerOptions(softHsm, tokens.issuing, { permitSecret }));
    const world = await World.create(async () => ({
      hierarchy,
      issuing: signer,
      permitSecret,
      files,
      lines
    }));
    try {
      await world.start();
      const cases = [
        { profile: 'device-ds', csrs: [deviceRequest()], ca: 'dca' },
        { profile: 'organisation-ka', csrs: [organisationRequest({ usage: 'keyAgreement' })], ca: 'oca' },
        { profile: 'iki-client', csrs: [ikiClientRequest()], ca: 'ica' }
      ] as const;
      for (const { profile, csrs, ca } of cases) {
        const order = signOrder(world.ra, profile, csrs);
        world.ras.offer(order);
        const der = issuedDer(only(await world.ras.reported(order)));
        const chain = {
          root: hierarchy.certificates[`root-${ca}`],
          issuing: hierarchy.certificates[`issuing-${ca}`]
        };
        const oid = ca === 'ica' ? '2.25.40770280000558349938338300825297129031' : policyOids[ca];
        expect(opensslVerifyChain(der, chain, oid)).to.match(/^OK /);
      }
      const group = signOrder(
        world.ra,
        'device-ka',
        Array.from({ length: 200 }, () => deviceRequest({ usage: 'keyAgreement' }))
      );
      world.ras.offer(group);
      const report = await world.ras.reported(group);
      const serials = new Set(report.outcomes.map(outcome => parseCertificate(issuedDer(outcome)).serialHex));
      expect(serials.size).to.equal(200);
      await world.balance();
    } finally {
      await world.close();
      await signer.close();
    }
  });

  it('does not begin with a key that is not the certificate’s', async () => {
    const permitSecret = randomBytes(32);
    const other = new SoftwareSigner({ permitSecret });
    for (const label of Object.values(hierarchy.keyLabels)) await other.generate(label, 'P-256');
    const world = await World.create(async () => ({ hierarchy, issuing: other, permitSecret, files, lines }));
    try {
      const { ca } = await world.start();
      for (let i = 0; i < 300 && !world.logs.some(({ level }) => level === 60); i++)
        await new Promise(resolve => setTimeout(resolve, 10));
      expect(world.logs.some(({ level, msg }) => level === 60 && msg.includes('cannot begin'))).to.equal(
        true
      );
      expect((await ca.health()).parts.signer.state).to.equal('failed');
    } finally {
      await world.close();
    }
  });

  it('refuses configuration of another environment, and live as long as officers’ signatures are not checked', async () => {
    const world = await World.create(async () => ({
      hierarchy,
      issuing: new SoftwareSigner({ permitSecret: randomBytes(32) }),
      permitSecret: randomBytes(32),
      files,
      lines
    }));
    try {
      const config = world.config();
      const start = (changes: object) =>
        createCa({ config: { ...config, ...changes }, clock: world.clock } as unknown as CaDeps);
      expect(codeOf(() => start({ environment: 'live' }))).to.equal('ca/configuration');
      const accepted = { value: policyOids.oca.split(' ') };
      const livePolicy = policyWith('live', {
        'oid.smki-device': accepted,
        'oid.smki-organisation': accepted,
        'oid.iki': { value: ['2.25.40770280000558349938338300825297129031'] }
      });
      const issuers = config.issuers.map(issuer => ({
        ...issuer,
        keyLabel: issuer.keyLabel.replace('test', 'live')
      }));
      expect(codeOf(() => start({ environment: 'live', policy: livePolicy, issuers }))).to.equal(
        'ca/live-refuses'
      );
      expect(codeOf(() => start({ issuers }))).to.equal('ca/configuration');
      const swapped = config.issuers.map(issuer => ({ ...issuer, root: hierarchy.certificates['root-ica'] }));
      expect(codeOf(() => start({ issuers: swapped }))).to.equal('ca/configuration');
    } finally {
      await world.close();
    }
  });
});
