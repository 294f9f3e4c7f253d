import type { ResultFile } from '../result-file.js';

/** What one certificate costs, as the batch benchmark measured it. CPU in microseconds of one core of that machine. */
export interface CertificateCost {
  /** Key of the point it was taken from. */
  readonly point: string;
  readonly cores: number;
  readonly perSecond: number;
  readonly cpuMicros: {
    readonly ca: number;
    readonly ra: number;
    readonly repository: number;
    readonly signers: number;
    readonly postgres: number;
  };
  /** Tables and indexes, octets by schema. */
  readonly octets: Readonly<Record<'ca' | 'ra' | 'repository', number>>;
  readonly walOctets: number;
  readonly commits: number;
}

/** Reads the cost from the largest batch on one CA process. Throws `RangeError` where nothing of it was measured. */
export function certificateCost(batch: ResultFile | undefined): CertificateCost {
  const candidates = Object.entries(batch?.points ?? {})
    .filter(([key]) => /^[\d,]+ requests$/.test(key))
    .sort(([, a], [, b]) => (b.facts['certificates'] ?? 0) - (a.facts['certificates'] ?? 0));
  const [found] = candidates;
  if (batch === undefined || found === undefined)
    throw new RangeError('there is no result of the batch benchmark: run `smki bench batch` first');
  const [point, { facts, rows }] = found;
  const fact = (name: string): number => {
    const value = facts[name];
    if (value === undefined) throw new RangeError(`the result of ${point} has no ${name}`);
    return value;
  };
  const perSecond = rows.find(({ name }) => name.endsWith('from upload'))?.perSecond;
  if (perSecond === undefined) throw new RangeError(`the result of ${point} has no rate`);
  return {
    ...{ point, perSecond },
    cores: batch.machine.cores,
    cpuMicros: {
      ca: fact('caCpuMicros'),
      ra: fact('raCpuMicros'),
      repository: fact('repositoryCpuMicros'),
      signers: fact('signerCpuMicros'),
      postgres: fact('postgresCpuMicros')
    },
    octets: {
      ca: fact('octetsPerCertificate ca'),
      ra: fact('octetsPerCertificate ra'),
      repository: fact('octetsPerCertificate repository')
    },
    walOctets: fact('walOctetsPerCertificate'),
    commits: fact('commitsPerCertificate')
  };
}
