import { components, type BenchSystem } from './stand/system.js';
import { postgresCpuMicros, postgresPeakMiB } from './stand/database.js';
import { childrenOf, cpuMicros, peakMiB } from './process-cost.js';

/** CPU in microseconds of every part of a running system since its start. */
export interface SystemCost {
  readonly ca: number;
  readonly ra: number;
  readonly repository: number;
  /** Of the CA and of the RA. */
  readonly signers: number;
  /** Backends of each component, by their application name; backends that ended and the server's own in `other`. */
  readonly postgres: Readonly<Record<'ca' | 'ra' | 'repository' | 'other', number>>;
}

export async function systemCost({ system, admin }: BenchSystem): Promise<SystemCost> {
  const own = (component: (typeof components)[number]): number =>
    pidsOf(system, component).reduce((sum, pid) => sum + cpuMicros(pid), 0);
  const signers = components
    .flatMap(component => pidsOf(system, component))
    .flatMap(childrenOf)
    .reduce((sum, pid) => sum + cpuMicros(pid), 0);
  const postgres = { ca: 0, ra: 0, repository: 0, other: 0 };
  const { rows } = await admin.query<{ pid: number; name: string }>(
    `select pid, application_name as name from pg_stat_activity where datname = current_database()`
  );
  for (const { pid, name } of rows) {
    const component = components.find(candidate => name.startsWith(candidate));
    if (component !== undefined) postgres[component] += cpuMicros(pid);
  }
  const server = system.postgres();
  const all = server === undefined ? 0 : postgresCpuMicros(server.pid);
  postgres.other = Math.max(0, all - postgres.ca - postgres.ra - postgres.repository);
  return { ca: own('ca'), ra: own('ra'), repository: own('repository'), signers, postgres };
}

/** What was used between two looks, an item. */
export function costPerItem(
  before: SystemCost,
  after: SystemCost,
  items: number
): SystemCost & { total: number } {
  const part = (of: (cost: SystemCost) => number): number => Math.max(0, of(after) - of(before)) / items;
  const postgres = {
    ca: part(cost => cost.postgres.ca),
    ra: part(cost => cost.postgres.ra),
    repository: part(cost => cost.postgres.repository),
    other: part(cost => cost.postgres.other)
  };
  const cost = {
    ca: part(one => one.ca),
    ra: part(one => one.ra),
    repository: part(one => one.repository),
    signers: part(one => one.signers),
    postgres
  };
  const database = postgres.ca + postgres.ra + postgres.repository + postgres.other;
  return { ...cost, total: cost.ca + cost.ra + cost.repository + cost.signers + database };
}

/** The same as numbers of a result file. */
export function costFacts(cost: ReturnType<typeof costPerItem>): Record<string, number> {
  const { postgres } = cost;
  return {
    cpuMicros: cost.total,
    caCpuMicros: cost.ca,
    raCpuMicros: cost.ra,
    repositoryCpuMicros: cost.repository,
    signerCpuMicros: cost.signers,
    postgresCpuMicros: postgres.ca + postgres.ra + postgres.repository + postgres.other,
    postgresCaCpuMicros: postgres.ca,
    postgresRaCpuMicros: postgres.ra,
    postgresRepositoryCpuMicros: postgres.repository,
    postgresOtherCpuMicros: postgres.other
  };
}

/** Peak of resident memory by process, in MiB. */
export function systemPeaks({ system }: BenchSystem): Record<string, number> {
  const peaks: Record<string, number> = {};
  for (const component of components)
    for (const process of system.processes[component]) {
      const pid = process.pid();
      if (pid === undefined) continue;
      peaks[process.instance] = peakMiB(pid);
      for (const [at, child] of childrenOf(pid).entries())
        peaks[`signer ${at + 1} of ${process.instance}`] = peakMiB(child);
    }
  const server = system.postgres();
  if (server !== undefined) peaks['postgres'] = postgresPeakMiB(server.pid);
  return peaks;
}

function pidsOf(system: BenchSystem['system'], component: (typeof components)[number]): number[] {
  return system.processes[component].flatMap(process => process.pid() ?? []);
}
