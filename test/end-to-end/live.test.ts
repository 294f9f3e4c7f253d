/** What the live environment refuses, shown with the files of a running system: by the check, and by the processes. */
import { expect } from 'chai';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { smki } from './command.js';
import { newFolder, sharedSystem, type Running } from './running.js';

type Json = Record<string, unknown>;
type Component = 'ca' | 'ra' | 'repository';

interface Checked {
  readonly component: Component;
  readonly unverified: readonly { readonly name: string }[];
  readonly liveRefuses: readonly { readonly code: string; readonly detail: string }[];
}

describe('the live environment', function () {
  this.timeout(180_000);
  let system: Running;
  let folder: string;
  let accepted: Json;

  before(async () => {
    system = await sharedSystem();
    folder = newFolder('closed');
    const { out } = await smki(['policy', 'show', '--json']);
    const names = (JSON.parse(out) as { entries: { name: string }[] }).entries.map(({ name }) => name);
    // Every figure accepted by name, and OIDs that are nobody's.
    accepted = Object.fromEntries(
      names.map(name => [
        name,
        {
          ...(name.startsWith('oid.') ? { value: ['2.25.340282366920938463463374607431768211455'] } : {}),
          acceptance: { by: 'Example Authority', on: '2026-01-01', reference: 'minute 1' }
        }
      ])
    );
  });

  /** A file of the running system, changed. */
  function config(component: Component, change: (config: Json) => Json): string {
    const file = path.join(system.data, 'config', `${component}-1.json`);
    const changed = change(JSON.parse(readFileSync(file, 'utf8')) as Json);
    const copy = path.join(folder, `${component}-1.json`);
    writeFileSync(copy, JSON.stringify(changed), { mode: 0o600 });
    return copy;
  }

  /** As the file should be for live, as far as a file can say. */
  function clean(read: Json): Json {
    const { hsm, settings, ...rest } = read as { hsm?: Json; settings?: Json };
    const { softhsmConf: _, tokenLabel, ...token } = hsm ?? {};
    return {
      ...rest,
      environment: 'live',
      madeBy: 'operator',
      policy: accepted,
      // Not in the installation's own folders: nothing of this test is to touch them.
      run: { directory: folderOf('run') },
      audit: { directory: folderOf('audit') },
      ...(hsm === undefined
        ? {}
        : {
            hsm: {
              ...token,
              tokenLabel: String(tokenLabel).replace('test', 'live'),
              module: vendorModule()
            }
          }),
      ...(settings === undefined ? {} : { settings: { ...settings, approvals: 'officers' } }),
      ...(read['component'] === 'ra' ? { demoParties: false } : {})
    };
  }

  function folderOf(name: string): string {
    const made = path.join(folder, name);
    mkdirSync(made, { recursive: true });
    return made;
  }

  /** SoftHSM under a name that does not say so. */
  function vendorModule(): string {
    const file = path.join(folder, 'libvendor.so');
    cpSync(system.endpoints().hsm.module, file, { dereference: true });
    return file;
  }

  async function check(...files: string[]): Promise<{ status: number | null; checked: Checked[] }> {
    const { status, out } = await smki(['config', 'check', '--json', ...files]);
    return { status, checked: JSON.parse(out) as Checked[] };
  }

  const codesOf = (checked: readonly Checked[]): string[] => [
    ...new Set(checked.flatMap(({ liveRefuses }) => liveRefuses.map(({ code }) => code)))
  ];

  it('finds nothing to refuse in the files of the test environment, and says what is not verified', async () => {
    const files = (['ca', 'ra', 'repository'] as const).map(component => config(component, read => read));
    const { status, checked } = await check(...files);
    expect(status).to.equal(0);
    expect(codesOf(checked)).to.deep.equal([]);
    expect(checked.every(({ unverified }) => unverified.length > 5)).to.equal(true);
  });

  it('refuses the files of ops/up for every reason at once', async () => {
    const files = (['ca', 'ra', 'repository'] as const).map(component =>
      config(component, read => ({ ...read, environment: 'live' }))
    );
    const { status, checked } = await check(...files);
    expect(status).to.equal(1);
    expect(codesOf(checked)).to.have.members([
      'live/softhsm-module',
      'live/token-label',
      'live/made-by-up',
      'live/demo-parties',
      'live/database-shared',
      'live/policy-unverified',
      'live/policy-oid-missing',
      'live/approvals'
    ]);
  });

  it('finds nothing in files that are as they should be', async () => {
    for (const component of ['ra', 'repository'] as const) {
      const { status, checked } = await check(config(component, clean));
      expect(codesOf(checked), component).to.deep.equal([]);
      expect(status).to.equal(0);
    }
    // No CA of this release collects approvals.
    expect(codesOf((await check(config('ca', clean))).checked)).to.deep.equal(['live/approvals']);
  });

  const breaches: readonly [code: string, component: Component, change: (config: Json) => Json][] = [
    [
      'live/softhsm-module',
      'ra',
      config => ({
        ...config,
        hsm: { ...(config['hsm'] as Json), module: '/usr/lib/softhsm/libsofthsm2.so' }
      })
    ],
    [
      'live/softhsm-module',
      'ra',
      config => ({ ...config, hsm: { ...(config['hsm'] as Json), softhsmConf: '/etc/softhsm2.conf' } })
    ],
    [
      'live/token-label',
      'ra',
      config => ({ ...config, hsm: { ...(config['hsm'] as Json), tokenLabel: 'opensmki-test-statements' } })
    ],
    ['live/made-by-up', 'repository', config => ({ ...config, madeBy: 'up' })],
    ['live/demo-parties', 'ra', config => ({ ...config, demoParties: true })],
    [
      'live/policy-unverified',
      'repository',
      config => {
        const { 'lifetime.organisation': _, ...policy } = config['policy'] as Json;
        return { ...config, policy };
      }
    ],
    [
      'live/policy-oid-missing',
      'repository',
      config => ({ ...config, policy: { ...(config['policy'] as Json), 'oid.iki': oids([]) } })
    ],
    [
      'live/test-oid',
      'repository',
      config => ({
        ...config,
        policy: { ...(config['policy'] as Json), 'oid.smki-device': oids(['1.2.826.0.1.8641679.1.2.1.4']) }
      })
    ],
    [
      'live/approvals',
      'ra',
      config => ({ ...config, settings: { ...(config['settings'] as Json), approvals: 'automatic' } })
    ],
    [
      'live/peer-unpinned',
      'repository',
      config => ({ ...config, internal: { port: 0, peers: [{ name: 'ca' }] } })
    ]
  ];
  for (const [at, [code, component, change]] of breaches.entries()) {
    it(`refuses ${code} (breach ${at + 1}, ${component}): the check, and the process at its start`, async () => {
      const file = config(component, read => change(clean(read)));
      const { status, checked } = await check(file);
      expect(status).to.equal(1);
      expect(codesOf(checked)).to.deep.equal([code]);
      const run = await smki([component, 'run', '--config', file]);
      expect(run.status).to.equal(1);
      expect(fatal(run.out)).to.include({ code: 'live/refused' });
      expect(fatal(run.out)?.message).to.include(code);
    });
  }

  it('refuses live/approvals of the CA at its start', async () => {
    const run = await smki(['ca', 'run', '--config', config('ca', clean)]);
    expect(run.status).to.equal(1);
    expect(fatal(run.out)?.message).to.include('live/approvals');
  });

  it('prints the unverified policy figures at the start of a process', async () => {
    const file = config('repository', read => {
      const { 'lifetime.organisation': _, ...policy } = clean(read)['policy'] as Json;
      return { ...clean(read), policy };
    });
    const { out } = await smki(['repository', 'run', '--config', file]);
    const lines = out
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as Json);
    expect(lines.find(line => 'unverified' in line)?.['unverified']).to.deep.equal({
      'lifetime.organisation': 10
    });
  });

  it('does not serve from a database of the test environment', async () => {
    const run = await smki(['repository', 'run', '--config', config('repository', clean)]);
    expect(run.status).to.equal(1);
    expect(fatal(run.out)).to.include({ code: 'database/environment' });
  });
});

function oids(value: readonly string[]): Json {
  return { value, acceptance: { by: 'Example Authority', on: '2026-01-01', reference: 'minute 1' } };
}

/** The error of the last fatal line of a process's log, which is its standard output. */
function fatal(log: string): { readonly code?: string; readonly message: string } | undefined {
  const lines = log
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as { level: number; err?: { code?: string; message: string } });
  return lines.findLast(({ level }) => level === 60)?.err;
}
