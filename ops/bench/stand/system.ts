import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { formatEui64, parseEui64 } from '../../../pki/identifier/index.js';
import { encodePem } from '../../../pki/index.js';
import { operatorClient, sendJson, type SubscriberFiles } from '../../launch/clients.js';
import { writePrivateFile } from '../../launch/data-directory.js';
import { newSystemRequest } from '../../launch/new-request.js';
import { startSystem, type Component, type System } from '../../launch/system.js';
import { nodeCommand } from '../../process/node-command.js';
import type { BenchContext } from '../context.js';
import { profileFlags } from '../worker/worker.js';
import { connectAdmin } from './database.js';

/** A subscriber with one system that may use every interface. */
export interface BenchParty {
  readonly id: string;
  readonly files: SubscriberFiles;
}

/** A running system as the launcher starts it, with parties of the benchmarks' own. */
export interface BenchSystem {
  readonly system: System;
  readonly parties: readonly BenchParty[];
  /** A superuser of the system's database. */
  readonly admin: pg.Client;
  /** Numbers of device requests that no run on this system has used yet. */
  take(count: number): number;
  stop(): Promise<void>;
}

export interface BenchSystemOptions {
  /** Names its folder. */
  readonly name: string;
  readonly parties?: number;
  readonly instances?: Partial<Record<Component, number>>;
  /** Folder for profiles: one a process, named after it. */
  readonly profile?: string | undefined;
  /** Whether processes that end by themselves are started again. */
  readonly restart?: boolean;
  /** File that holds how many milliseconds the processes' clocks are ahead; batches are then processed at night only. */
  readonly clockFile?: string;
}

export const components = ['ca', 'ra', 'repository'] as const;

/** In the block of organisations, away from the demonstration's. */
const firstParty = parseEui64('90-B3-D5-1F-30-B0-00-00');

export async function startBenchSystem(
  context: BenchContext,
  options: BenchSystemOptions
): Promise<BenchSystem> {
  const { name, profile, clockFile } = options;
  context.report(`starting a system: ${name}`);
  // Always a new one: what an earlier run left would count as this one's.
  const folder = join(context.folder, `system-${name}-${Date.now()}`);
  const system = await startSystem({
    data: folder,
    report: () => undefined,
    restart: options.restart ?? false,
    // The time from approval on is measured apart from that of the upload.
    batchApproval: 'officer',
    // What is measured is issuing; the validation service would only take part of the machine.
    instances: { validation: 0, ...options.instances },
    command: (component, instance) => commandOf(component, instance, profile, clockFile),
    ...(clockFile === undefined ? {} : { adjust: { ca: atNight, ra: atNight, repository: atNight } })
  });
  try {
    const parties: BenchParty[] = [];
    const operator = await operatorClient(system, 'ra');
    try {
      for (let n = 0; n < (options.parties ?? 1); n++) parties.push(await registerParty(system, operator, n));
    } finally {
      operator.close();
    }
    const admin = await connectAdmin(system.databaseUrl);
    let next = 0;
    return {
      ...{ system, parties, admin },
      take(count) {
        const first = next;
        // Whole devices, so that no two runs meet in one.
        next += count + (count % 2);
        return first;
      },
      async stop() {
        await admin.end().catch(() => undefined);
        await system.stop();
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      }
    };
  } catch (error) {
    await system.stop();
    throw error;
  }
}

/** Batches in the hours of Appendix N only. All decide under one policy, so all are told. */
function atNight<Config extends { readonly policy?: unknown }>(config: Config): Config {
  return {
    ...config,
    policy: { ...(config.policy as object | undefined), 'batch.window': { value: 'night' } }
  };
}

function commandOf(
  component: Component,
  instance: string,
  profile: string | undefined,
  clockFile: string | undefined
): readonly string[] {
  const own = clockFile !== undefined;
  const [node, ...rest] = own
    ? nodeCommand('./component', import.meta.url)
    : nodeCommand('../../smki', import.meta.url);
  const flags = profileFlags(profile === undefined ? undefined : join(profile, instance));
  return [node, ...flags, ...rest, ...(own ? [component, clockFile] : [component, 'run', '--config'])];
}

async function registerParty(
  system: System,
  operator: Parameters<typeof sendJson>[0],
  number: number
): Promise<BenchParty> {
  const signifier = `BENCH-${number + 1}`;
  const eui = formatEui64(firstParty + BigInt(number));
  const { id } = await sendJson<{ id: string }>(
    operator,
    '/admin/v1/parties',
    {
      signifier,
      deviceSubscriber: true,
      organisationSubscriber: true,
      identifiers: [{ eui, roles: [2] }]
    },
    { expect: 201, what: `registering ${signifier}` }
  );
  const request = newSystemRequest(`Bench ${number + 1}`, '02', `bench-${number + 1}`);
  const { certificate } = await sendJson<{ certificate: string }>(
    operator,
    '/admin/v1/systems',
    {
      partyId: id,
      name: `bench-${number + 1}`,
      csr: Buffer.from(request.csr).toString('base64'),
      interfaces: ['json', 'adhoc', 'batch'],
      actingRoles: ['import-supplier', 'gas-supplier']
    },
    { expect: 201, what: `registering the system of ${signifier}` }
  );
  const path = (file: string): string => system.data.path('tls', file);
  const issuing = readFileSync(system.hierarchy.certificates['issuing-ica'], 'utf8');
  const files = {
    ca: path('ra-ca.pem'),
    certificate: path(`bench-${number + 1}.pem`),
    key: path(`bench-${number + 1}.key`)
  };
  writePrivateFile(files.key, request.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writePrivateFile(files.certificate, encodePem('CERTIFICATE', Buffer.from(certificate, 'base64')) + issuing);
  return { id, files };
}
