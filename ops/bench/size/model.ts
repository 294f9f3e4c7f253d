/** What an estate and a deadline ask for, from what one certificate costs. The README beside the benchmarks explains it. */
import type { CertificateCost } from './measured.js';

export interface SizeQuestion {
  readonly certificates: number;
  readonly deadlineSeconds: number;
  /** Cores of one node, alike those that were measured on. */
  readonly coresPerNode: number;
  /** Share of each core that may be planned with; the rest is for what a plan does not know. */
  readonly utilisation: number;
}

export interface SizeAnswer {
  readonly perSecond: number;
  /** Cores, by what runs on them. */
  readonly cores: Readonly<Record<'ca' | 'ra' | 'repository' | 'signers' | 'postgres', number>>;
  /** Nodes for CA with its signers, RA and repository; each a whole number. */
  readonly nodes: Readonly<Record<'ca' | 'ra' | 'repository' | 'postgres', number>>;
  readonly totalNodes: number;
  /** One a certificate, and one for each signed order. */
  readonly hsmSignaturesPerSecond: number;
  /** Octets by schema when all is done. */
  readonly storage: Readonly<Record<'ca' | 'ra' | 'repository', number>>;
  readonly storageTotal: number;
  readonly walOctets: number;
  readonly walOctetsPerSecond: number;
  readonly commitsPerSecond: number;
  /** Share of one node's PostgreSQL that the load takes: above 1, a component's schema needs a server of its own. */
  readonly databaseLoad: number;
}

/** DESIGN: the RA orders groups of some 500 (`batches.groupMax`). */
const groupRequests = 500;

/** Throws `RangeError` for a question out of range. */
export function size(question: SizeQuestion, cost: CertificateCost): SizeAnswer {
  const { certificates, deadlineSeconds, coresPerNode, utilisation } = question;
  for (const [name, value] of Object.entries(question))
    if (!(Number.isFinite(value) && value > 0)) throw new RangeError(`${name} must be above 0`);
  if (utilisation > 1) throw new RangeError('utilisation must be at most 1');
  const perSecond = certificates / deadlineSeconds;
  const coresOf = (micros: number): number => (perSecond * micros) / 1_000_000 / utilisation;
  const { cpuMicros, octets } = cost;
  const cores = {
    ca: coresOf(cpuMicros.ca),
    ra: coresOf(cpuMicros.ra),
    repository: coresOf(cpuMicros.repository),
    signers: coresOf(cpuMicros.signers),
    postgres: coresOf(cpuMicros.postgres)
  };
  const nodesOf = (wanted: number): number => Math.max(1, Math.ceil(wanted / coresPerNode));
  const nodes = {
    ca: nodesOf(cores.ca + cores.signers),
    ra: nodesOf(cores.ra),
    repository: nodesOf(cores.repository),
    postgres: nodesOf(cores.postgres)
  };
  const storage = {
    ca: octets.ca * certificates,
    ra: octets.ra * certificates,
    repository: octets.repository * certificates
  };
  return {
    ...{ perSecond, cores, nodes, storage },
    totalNodes: nodes.ca + nodes.ra + nodes.repository + nodes.postgres,
    hsmSignaturesPerSecond: perSecond * (1 + 1 / groupRequests),
    storageTotal: storage.ca + storage.ra + storage.repository,
    walOctets: cost.walOctets * certificates,
    walOctetsPerSecond: cost.walOctets * perSecond,
    commitsPerSecond: cost.commits * perSecond,
    databaseLoad: cores.postgres / coresPerNode
  };
}

/**
 * The rate that the model gives for the machine it was measured on, every core wholly used: what the benchmark
 * reached lies below it by what the pipeline leaves idle.
 */
export function predictedPerSecond({ cores, cpuMicros }: CertificateCost): number {
  const total = Object.values(cpuMicros).reduce((sum, micros) => sum + micros, 0);
  return (cores * 1_000_000) / total;
}
