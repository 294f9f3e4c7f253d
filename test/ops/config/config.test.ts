import { expect } from 'chai';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkLive,
  componentNames,
  ConfigError,
  liveRules,
  loadAnyConfig,
  loadConfig,
  type AnyConfig,
  type ComponentName,
  type ReadConfig
} from '../../../ops/config/index.js';
import { defaultPolicy, policyEntries } from '../../../pki/profile/index.js';

const pin = 'a'.repeat(64);

describe('ops/config', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'opensmki-config-'));
    for (const name of ['ra', 'ca', 'repository'])
      writeFileSync(
        join(directory, `${name}.url`),
        `postgres://opensmki_${name}:pw@db-${name}/opensmki_test`,
        { mode: 0o600 }
      );
    writeFileSync(join(directory, 'shared.url'), 'postgres://opensmki_ra:pw@db-ca:5432/opensmki_test', {
      mode: 0o600
    });
  });
  after(() => rmSync(directory, { recursive: true }));

  const common = (name: ComponentName, instance: string) => ({
    environment: 'test' as const,
    instance,
    database: { urlFile: `${name}.url` },
    audit: { directory: 'audit' },
    tls: { certificateFile: 'tls/c.pem', keyFile: 'tls/c.key', rootFile: 'tls/root.pem' },
    run: { directory: 'run' }
  });
  const hsm = {
    module: '/opt/hsm/pkcs11.so',
    tokenLabel: 'demo-live-issuing',
    pinFile: 'issuing.pin',
    latchFile: 'latch'
  };
  const examples = (): { [C in ComponentName]: ReadConfig<C> } => ({
    ra: {
      component: 'ra',
      ...common('ra', 'ra-1'),
      hsm,
      orderKeyLabel: 'test-statement-ra-1',
      public: { port: 0, certificateFile: 'tls/p.pem', keyFile: 'tls/p.key' },
      internal: { port: 0, peers: [{ name: 'ca-1', fingerprint: pin }] },
      ikiChainFiles: ['iki-root.pem', 'iki.pem'],
      ikiCrlUrls: ['http://127.0.0.1:8080/crl/iki.crl'],
      inventoryFile: 'inventory.jsonl',
      settings: { build: 'test-1' }
    },
    ca: {
      component: 'ca',
      ...common('ca', 'ca-1'),
      hsm,
      caEpoch: '1',
      issuers: [{ certificateFile: 'dca.pem', rootFile: 'root.pem', keyLabel: 'test-issuing-dca-1' }],
      raKeys: [
        {
          name: 'ra',
          publicKeyFile: 'ra.pub',
          keyId: pin,
          profiles: ['device-ds'],
          certificatesPerHour: 10_000
        }
      ],
      approvals: 'not-collected-in-test',
      raPeers: [{ name: 'ra-1', url: 'https://127.0.0.1:9000', fingerprint: pin }],
      repositoryPeers: [{ name: 'repository-1', url: 'https://127.0.0.1:9001', fingerprint: pin }]
    },
    repository: {
      component: 'repository',
      ...common('repository', 'repository-1'),
      public: { port: 8080 },
      internal: { port: 0, peers: [{ name: 'ca-1', fingerprint: pin }] },
      anchorFiles: ['root.pem']
    },
    validation: {
      component: 'validation',
      ...withoutTls(common('repository', 'repository-validation-1')),
      hsm,
      receiptKeyLabel: 'test-statement-validation-1',
      public: { port: 8081 },
      anchorFiles: ['root.pem']
    }
  });
  const withoutTls = <T extends { readonly tls: unknown }>({ tls: _, ...config }: T) => config;

  let count = 0;
  const write = (value: unknown): string => {
    const file = join(directory, `config-${(count += 1)}.json`);
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
    return file;
  };
  const refusal = (value: unknown, component: ComponentName = 'ca'): [string, string[]] => {
    try {
      loadConfig(write(value), component);
    } catch (error) {
      if (error instanceof ConfigError) return [error.code, error.issues.map(issue => issue.path)];
      throw error;
    }
    return ['accepted', []];
  };

  for (const component of componentNames)
    it(`passes a configuration of the ${component}, frozen, with its paths and defaults`, () => {
      const config = loadConfig(write(examples()[component]), component);
      expect(config.audit.directory).to.equal(join(directory, 'audit'));
      // The validation service is in no connection between components.
      const { tls } = config as { readonly tls?: { readonly keyFile: string } };
      expect(tls?.keyFile).to.equal(component === 'validation' ? undefined : join(directory, 'tls/c.key'));
      expect(config.log.level).to.equal('info');
      expect(config.policy.version).to.equal(defaultPolicy('test').version);
      const frozen = (value: unknown): boolean =>
        typeof value !== 'object' ||
        value === null ||
        (Object.isFrozen(value) && Object.values(value).every(frozen));
      expect(frozen(config)).to.equal(true);
      expect(loadAnyConfig(write(examples()[component])).component).to.equal(component);
    });

  it('takes absolute paths as they are, and those within lists and listeners from its folder', () => {
    const ca = loadConfig(write(examples().ca), 'ca');
    expect(ca.hsm.module).to.equal('/opt/hsm/pkcs11.so');
    expect(ca.issuers[0]?.certificateFile).to.equal(join(directory, 'dca.pem'));
    const ra = loadConfig(write(examples().ra), 'ra');
    expect(ra.ikiChainFiles).to.deep.equal([join(directory, 'iki-root.pem'), join(directory, 'iki.pem')]);
    expect(ra.public.certificateFile).to.equal(join(directory, 'tls/p.pem'));
  });

  it('computes the policy with what the file changes', () => {
    const { policy } = loadConfig(
      write({ ...examples().ca, policy: { 'lifetime.root-oca': { value: 40 } } }),
      'ca'
    );
    expect(policy.figures['lifetime.root-oca'].value).to.equal(40);
    expect(policy.version).to.not.equal(defaultPolicy('test').version);
  });

  it('refuses what is unknown, missing or wrong, all of it at once', () => {
    const { ca } = examples();
    expect(refusal('{')).to.deep.equal(['config/json', ['']]);
    expect(refusal({ ...ca, component: 'ra' })).to.deep.equal(['config/component', ['component']]);
    expect(refusal({ ...ca, hsm: { ...hsm, pin: '1234' } })).to.deep.equal(['config/invalid', ['hsm']]);
    expect(refusal({ ...ca, more: 1 })).to.deep.equal(['config/invalid', ['']]);
    expect(refusal({ ...ca, caEpoch: 0, instance: '../ca', environment: 'prod' })).to.deep.equal([
      'config/invalid',
      ['environment', 'instance', 'caEpoch']
    ]);
    expect(refusal({ ...ca, raPeers: [{ name: 'ra-1', url: 'http://127.0.0.1:1' }] })[1]).to.deep.equal([
      'raPeers.0.url'
    ]);
    expect(refusal({ ...ca, policy: { 'no.such': { value: 1 } } })).to.deep.equal([
      'config/policy',
      ['policy']
    ]);
    expect(() => loadConfig(join(directory, 'none.json'), 'ca'))
      .to.throw(ConfigError)
      .with.property('code', 'config/unreadable');
  });

  it('refuses files of secrets that others may read', () => {
    const file = join(directory, 'issuing.pin');
    writeFileSync(file, '1234', { mode: 0o600 });
    expect(refusal(examples().ca)[0]).to.equal('accepted');
    chmodSync(file, 0o640);
    expect(refusal(examples().ca)).to.deep.equal(['config/secret-mode', ['hsm.pinFile']]);
    rmSync(file);
  });

  describe('for live', () => {
    /** Figures accepted by name, with OIDs of their own: what live needs. */
    const accepted = Object.fromEntries(
      policyEntries(defaultPolicy('live')).map(entry => [
        entry.name,
        {
          ...(entry.name.startsWith('oid.') ? { value: ['1.2.826.0.1.1'] } : {}),
          acceptance: { by: 'PMA', on: '2026-01-01', reference: 'minute 1' }
        }
      ])
    );
    const live = <C extends ComponentName>(component: C, change: object = {}): AnyConfig =>
      loadAnyConfig(write({ ...examples()[component], environment: 'live', policy: accepted, ...change }));
    const codes = (configs: AnyConfig[], facts: Parameters<typeof checkLive>[1] = {}): string[] => [
      ...new Set(checkLive(configs, facts).map(finding => finding.code))
    ];

    it('refuses nothing in the test environment', () => {
      const config = loadConfig(
        write({ ...examples().ca, madeBy: 'up', hsm: { ...hsm, softhsmConf: 'x' } }),
        'ca'
      );
      expect(checkLive([config])).to.deep.equal([]);
    });

    it('refuses nothing in an RA and a repository that are as live should be', () => {
      expect(
        checkLive([live('ra'), live('repository')], { signerKind: 'pkcs11', manufacturer: 'Vendor' })
      ).to.deep.equal([]);
    });

    const breaches: readonly [string, () => string[]][] = [
      [
        'live/softhsm-module',
        () => codes([live('ra', { hsm: { ...hsm, module: '/usr/lib/softhsm/libsofthsm2.so' } })])
      ],
      ['live/softhsm-module', () => codes([live('ra', { hsm: { ...hsm, softhsmConf: 'softhsm2.conf' } })])],
      ['live/softhsm-module', () => codes([live('ra')], { manufacturer: 'SoftHSM project' })],
      ['live/token-label', () => codes([live('ra', { hsm: { ...hsm, tokenLabel: 'demo-test-issuing' } })])],
      ['live/token-label', () => codes([live('ra', { hsm: { ...hsm, tokenLabel: 'delivery' } })])],
      ['live/database-shared', () => codes([live('repository')], { otherComponents: ['ca'] })],
      ['live/software-signer', () => codes([live('ra')], { signerKind: 'software' })],
      ['live/made-by-up', () => codes([live('repository', { madeBy: 'up' })])],
      ['live/demo-parties', () => codes([live('ra', { demoParties: true })])],
      [
        'live/policy-unverified',
        () => codes([live('ra', { policy: { ...accepted, 'lifetime.root-oca': {} } })])
      ],
      [
        'live/policy-oid-missing',
        () =>
          codes([live('ra', { policy: { ...accepted, 'oid.iki': { ...accepted['oid.iki'], value: [] } } })])
      ],
      [
        'live/test-oid',
        () =>
          codes([
            live('ra', {
              policy: {
                ...accepted,
                'oid.smki-device': { ...accepted['oid.smki-device'], value: ['1.2.826.0.1.8641679.1.2.1.4'] }
              }
            })
          ])
      ],
      ['live/approvals', () => codes([live('ca')])],
      ['live/approvals', () => codes([live('ra', { settings: { build: 'x', approvals: 'automatic' } })])],
      [
        'live/peer-unpinned',
        () => codes([live('repository', { internal: { port: 0, peers: [{ name: 'ca-1' }] } })])
      ]
    ];
    for (const [code, find] of breaches)
      it(`refuses by ${code}`, () => {
        expect(find()).to.deep.equal([code]);
      });

    it('refuses a database that two components share', () => {
      const shared = live('ra', { database: { urlFile: 'shared.url' } });
      const found = checkLive([shared, live('ca'), live('repository')]).filter(
        finding => finding.code === 'live/database-shared'
      );
      expect(found.map(finding => finding.instance)).to.deep.equal(['ra-1', 'ca-1']);
      // The validation service is one of the repository's processes; nobody else's database is its.
      expect(codes([live('repository'), live('validation')])).to.deep.equal([]);
      expect(codes([live('ca'), live('validation', { database: { urlFile: 'shared.url' } })])).to.include(
        'live/database-shared'
      );
      // Two processes of one component share theirs by design.
      expect(codes([live('ra'), live('ra', { instance: 'ra-2' })])).to.deep.equal([]);
    });

    it('has a test for every rule', () => {
      const tested = new Set(breaches.map(([code]) => code));
      expect(liveRules.map(rule => rule.code).filter(code => !tested.has(code))).to.deep.equal([]);
    });
  });
});
