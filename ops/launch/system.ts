import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditMigrations } from '../audit/index.js';
import { migrations as caMigrations } from '../../ca/index.js';
import { defaultPolicy, type Policy } from '../../pki/index.js';
import { ensureApiKey, migrations as repositoryMigrations } from '../../repository/index.js';
import { migrations as raMigrations } from '../../ra/index.js';
import { writeInventory } from '../../sec/index.js';
import {
  connect,
  embeddedBinaries,
  prepareDatabase,
  startPostgres,
  type PostgresServer
} from '../database/index.js';
import { systemClock } from '../kit/clock.js';
import { nodeCommand } from '../process/node-command.js';
import { isAlive } from '../process/running.js';
import type { ProcessStatus } from '../process/status.js';
import { ensureComponentTls, ensurePublicTls } from '../tls/index.js';
import { startComponentProcess, type ComponentProcess } from './component-process.js';
import type { ReadConfig } from '../config/index.js';
import {
  caConfig,
  raConfig,
  repositoryConfig,
  validationConfig,
  writeConfiguration,
  type BatchApproval,
  type Installation
} from './configuration.js';
import { openDataDirectory, writePrivateFile, type DataDirectory } from './data-directory.js';
import { endLeftBehind } from './left-behind.js';
import { prepareHierarchy, type HierarchyFiles } from './hierarchy.js';
import { prepareReceiptKey, type ReceiptKey } from './receipt-key.js';
import { prepareTokens, tokenPurposes, type TokenSet } from './tokens.js';

/** Each with a schema, roles and internal TLS of its own. */
const schemaOwners = ['ca', 'ra', 'repository'] as const;
/** What runs: the validation service is a process of the repository. */
export type Component = (typeof schemaOwners)[number] | 'validation';

export interface SystemOptions {
  readonly data: string;
  /** One line for the operator at each step. */
  readonly report: (line: string) => void;
  /** Of the repository's web service; one is drawn when none is given. */
  readonly repositoryApiKey?: string | undefined;
  /** An external PostgreSQL server: the URL of a role that may create databases and roles. */
  readonly databaseUrl?: string | undefined;
  /** Another PKCS#11 module than SoftHSM. */
  readonly pkcs11?: string | undefined;
  /** Prefix of the token labels. */
  readonly tokenLabel?: string | undefined;
  /** Who approves batches; the rule unless said otherwise. */
  readonly batchApproval?: BatchApproval | undefined;
  readonly ports?:
    | {
        ra: number;
        raInternal: number;
        repository: number;
        repositoryInternal: number;
        validation?: number;
      }
    | undefined;
  /** Processes of each component; one of each unless said otherwise, of the validation service also none. */
  readonly instances?: Partial<Record<Component, number>>;
  /** The program that runs a component; the configuration file's path is its last argument. */
  readonly command?: (component: Component, instance: string) => readonly string[];
  /** Whether a process that ends by itself is started again. */
  readonly restart: boolean;
  /** Distinguishes databases of several systems on one server; tests only. */
  readonly databaseSuffix?: string;
  /** Changes a component's configuration before it is written, e.g. shorter leases; tests only. */
  readonly adjust?: { readonly [C in Component]?: (config: ReadConfig<C>) => ReadConfig<C> };
}

/** A running system of the test environment. */
export interface System {
  readonly data: DataDirectory;
  readonly policy: Policy;
  readonly tokens: TokenSet;
  readonly hierarchy: HierarchyFiles;
  readonly receiptKey: ReceiptKey;
  readonly repositoryApiKey: string;
  /** Superuser's URL of the system's database: a secret. */
  readonly databaseUrl: string;
  readonly inventoryFile: string;
  readonly processes: Readonly<Record<Component, readonly ComponentProcess[]>>;
  postgres(): PostgresServer | undefined;
  /** Real URL of a listener of the first process of a component. */
  url(component: 'ra' | 'repository' | 'validation', listener: 'public' | 'internal'): string;
  /** Starts the embedded PostgreSQL again where it died; on the same port. */
  revivePostgres(): Promise<void>;
  /** Ends everything in order: CA, RA, validation service, repository, database. */
  stop(): Promise<void>;
}

/** DESIGN: a component starts in about a second; on a busy machine, with a cold disk, in some more. */
const readyMs = 120_000;

/**
 * Brings a system up on its data directory: database, tokens, hierarchies, then repository, validation service, RA
 * and CA as processes of their own on loopback. Everything made is kept and used again at the next start.
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { report } = options;
  const environment = 'test';
  const clock = systemClock;
  const policy = defaultPolicy(environment);
  const data = openDataDirectory(options.data, environment, clock.now());
  const undo: (() => Promise<void> | void)[] = [() => data.release()];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };

  try {
    report(`data directory ${data.root}`);
    await endLeftBehind(data, report);
    const database = await openDatabase(options, data);
    undo.push(() => database.stop());

    report(`tokens: ${tokenPurposes.map(purpose => `${labelOf(options)}-${purpose}`).join(', ')}`);
    const tokens = await prepareTokens({
      data,
      module: options.pkcs11,
      label: labelOf(options),
      initialiseCommand: nodeCommand('../signer/initialise', import.meta.url)
    });
    const hierarchy = await prepareHierarchy({ data, tokens, policy, clock, report });
    const receiptKey = await prepareReceiptKey({ data, tokens, environment });

    const names = [...schemaOwners, 'operator'];
    const now = clock.now();
    const tls = await ensureComponentTls({ directory: data.path('tls'), environment, names, now });
    const publicTls = await ensurePublicTls({ directory: data.path('tls'), environment, now });

    report('database: schemas, roles and migrations');
    const prepared = await prepareDatabase({
      adminUrl: database.adminUrl,
      environment,
      ...(options.databaseSuffix === undefined ? {} : { suffix: options.databaseSuffix }),
      components: schemaOwners.map(component => ({
        component,
        migrations: [...auditMigrations(component), ...migrationsOf[component]],
        ownerPassword: data.secret(`${component}-owner.password`).value,
        runtimePassword: data.secret(`${component}.password`).value
      }))
    });
    const databaseUrlFiles = new Map(
      schemaOwners.map(component => {
        const file = data.path('secrets', `${component}.database-url`);
        writePrivateFile(file, prepared.urls.get(component) ?? '');
        return [component, file] as const;
      })
    );
    const repositoryApiKey = await seedApiKey(options, data, prepared.urls.get('repository') ?? '');

    const inventoryFile = data.path('config', 'inventory.jsonl');
    if (!existsSync(inventoryFile))
      await writeInventory(inventoryFile, { generatedAt: clock.now(), records: [] });

    const installation: Installation = {
      ...{ data, environment, tokens, hierarchy, receiptKey },
      ...{ tls, publicTls, databaseUrlFiles, inventoryFile }
    };
    const launch = (component: Component, instance: string, config: { readonly instance: string }) => {
      const file = writeConfiguration(data, config);
      const command = options.command?.(component, instance) ?? [
        ...nodeCommand('../smki', import.meta.url),
        component,
        'run',
        '--config'
      ];
      const process = startComponentProcess({
        instance,
        command: [...command, file],
        logFile: data.path('log', `${instance}.log`),
        statusFile: data.path('run', `${instance}.json`),
        restart: options.restart,
        report
      });
      undo.push(() => process.stop(15_000));
      return process;
    };
    const adjusted = <C extends Component>(component: C, config: ReadConfig<C>): ReadConfig<C> => {
      const adjust = options.adjust?.[component] as ((config: ReadConfig<C>) => ReadConfig<C>) | undefined;
      return adjust === undefined ? config : adjust(config);
    };
    const several = (component: Component): string[] =>
      Array.from(
        { length: options.instances?.[component] ?? 1 },
        (_, at) => `${component === 'validation' ? 'repository-validation' : component}-${at + 1}`
      );
    const ready = (processes: readonly ComponentProcess[]): Promise<ProcessStatus[]> =>
      Promise.all(processes.map(process => process.ready(readyMs)));
    /** The port a process got stands in its file from now on: a restart keeps its address. */
    const keepPorts = (instance: string, config: object, status: ProcessStatus): void => {
      const at = config as Record<'public' | 'internal', { port: number }>;
      for (const listener of ['public', 'internal'] as const) {
        const url = status.urls[listener];
        if (url !== undefined) at[listener].port = Number(new URL(url).port);
      }
      writeConfiguration(data, { ...at, instance });
    };

    report('starting the repository');
    const repositoryConfigs = several('repository').map((instance, at) =>
      adjusted(
        'repository',
        repositoryConfig(installation, instance, {
          public: at === 0 ? (options.ports?.repository ?? 0) : 0,
          internal: at === 0 ? (options.ports?.repositoryInternal ?? 0) : 0
        })
      )
    );
    const repositories = repositoryConfigs.map(config => launch('repository', config.instance, config));
    const repositoryStatus = await ready(repositories);
    repositoryStatus.forEach((status, at) => keepPorts(status.instance, repositoryConfigs[at]!, status));

    report('starting the validation service and the RA');
    const validationConfigs = several('validation').map((instance, at) =>
      adjusted(
        'validation',
        validationConfig(installation, instance, { public: at === 0 ? (options.ports?.validation ?? 0) : 0 })
      )
    );
    const validations = validationConfigs.map(config => launch('validation', config.instance, config));
    const raConfigs = several('ra').map((instance, at) =>
      adjusted(
        'ra',
        raConfig(
          installation,
          instance,
          {
            public: at === 0 ? (options.ports?.ra ?? 0) : 0,
            internal: at === 0 ? (options.ports?.raInternal ?? 0) : 0
          },
          urlIn(repositoryStatus[0], 'public'),
          options.batchApproval ?? 'rule'
        )
      )
    );
    const ras = raConfigs.map(config => launch('ra', config.instance, config));
    const [raStatus, validationStatus] = await Promise.all([ready(ras), ready(validations)]);
    validationStatus.forEach((status, at) => keepPorts(status.instance, validationConfigs[at]!, status));
    raStatus.forEach((status, at) => keepPorts(status.instance, raConfigs[at]!, status));

    report('starting the CA');
    const cas = several('ca').map(instance =>
      launch(
        'ca',
        instance,
        adjusted(
          'ca',
          caConfig(installation, instance, {
            ra: raStatus.map(status => urlIn(status, 'internal')),
            repository: repositoryStatus.map(status => urlIn(status, 'internal'))
          })
        )
      )
    );
    await ready(cas);

    const databaseUrl = new URL(database.adminUrl);
    databaseUrl.pathname = `/${prepared.database}`;
    return {
      ...{ data, policy, tokens, hierarchy, receiptKey, repositoryApiKey, inventoryFile, stop },
      databaseUrl: databaseUrl.href,
      processes: { ca: cas, ra: ras, repository: repositories, validation: validations },
      postgres: database.server,
      url: (component, listener) =>
        urlIn(
          { ra: raStatus, repository: repositoryStatus, validation: validationStatus }[component][0],
          listener
        ),
      revivePostgres: () => database.revive()
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const migrationsOf = { ca: caMigrations, ra: raMigrations, repository: repositoryMigrations };

function labelOf(options: SystemOptions): string {
  return options.tokenLabel ?? 'opensmki-test';
}

function urlIn(status: ProcessStatus | undefined, listener: string): string {
  const url = status?.urls[listener];
  if (url === undefined) throw new RangeError(`no ${listener} listener`);
  return url;
}

interface OpenedDatabase {
  readonly adminUrl: string;
  readonly server: () => PostgresServer | undefined;
  revive(): Promise<void>;
  stop(): Promise<void>;
}

/** The server given, or an embedded one that is watched and started again where it dies. */
async function openDatabase(options: SystemOptions, data: DataDirectory): Promise<OpenedDatabase> {
  const { report, databaseUrl } = options;
  if (databaseUrl !== undefined) {
    report('database: the PostgreSQL server given');
    return {
      adminUrl: databaseUrl,
      server: () => undefined,
      revive: () => Promise.resolve(),
      stop: () => Promise.resolve()
    };
  }
  report('database: starting the embedded PostgreSQL');
  const directory = `${data.root}/postgres`;
  const password = data.secret('postgres.password').value;
  const binaries = await embeddedBinaries();
  const begin = (port?: number): Promise<PostgresServer> =>
    startPostgres({
      binaries,
      directory,
      password,
      ...(port === undefined ? {} : { port })
    });
  let server = await begin();
  let stopping = false;
  let reviving: Promise<void> | undefined;
  const revive = (): Promise<void> => {
    reviving ??= begin(server.port)
      .then(revived => {
        server = revived;
      })
      .finally(() => {
        reviving = undefined;
      });
    return reviving;
  };
  const watch = async (): Promise<void> => {
    while (!stopping) {
      await sleep(500, undefined, { ref: false });
      if (stopping || !options.restart || reviving !== undefined || isAlive(server.pid)) continue;
      report('database: PostgreSQL ended by itself and is started again');
      await revive().catch((error: unknown) => report(`database: ${String(error)}`));
    }
  };
  void watch();
  return {
    adminUrl: server.url,
    server: () => server,
    revive,
    async stop() {
      stopping = true;
      await reviving?.catch(() => undefined);
      await server.stop();
    }
  };
}

/** The key that relying parties use, in the database as a hash. */
async function seedApiKey(options: SystemOptions, data: DataDirectory, url: string): Promise<string> {
  const file = data.path('secrets', 'repository.api-key');
  if (options.repositoryApiKey !== undefined) writePrivateFile(file, options.repositoryApiKey);
  const { value } = data.secret('repository.api-key');
  const database = connect(url, { schema: 'repository', applicationName: 'opensmki-up', poolMax: 1 });
  try {
    await ensureApiKey(database, 'up', value);
  } finally {
    await database.destroy();
  }
  return value;
}
