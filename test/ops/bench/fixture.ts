import type { Machine } from '../../../ops/bench/machine.js';
import type { Point, ResultFile } from '../../../ops/bench/result-file.js';
import { row } from '../../../ops/bench/row.js';

export const machine: Machine = {
  cpu: 'Example CPU',
  cores: 2,
  memoryMiB: 16_384,
  node: '20.19.0',
  openssl: '3.0.0',
  postgres: '18.4',
  softhsm: '2.6.1',
  software: 'opensmki 0.0.0',
  commit: '0123456789ab'
};

export function resultFile(name: string, points: Record<string, Point>): ResultFile {
  const at = '2030-01-02T03:04:05.000Z';
  return { name, machine, startedAt: at, updatedAt: at, options: {}, points };
}

/** A batch of 50,000 at 5,000 a second: 360 microseconds of CPU, 90 per cent of two cores. */
export const batchResult = resultFile('batch', {
  '100 requests': {
    rows: [row('batch/100 requests, from upload', { perSecond: 500, limitPerSecond: 20_000 })],
    facts: { certificates: 100 }
  },
  '50,000 requests': {
    rows: [
      row('batch/50,000 requests, crypto limit C', { perSecond: 20_000 }),
      row('batch/50,000 requests, from upload', { perSecond: 5_000, limitPerSecond: 20_000, rssMiB: 300 })
    ],
    facts: {
      certificates: 50_000,
      caCpuMicros: 100,
      raCpuMicros: 120,
      repositoryCpuMicros: 40,
      signerCpuMicros: 60,
      postgresCpuMicros: 40,
      'octetsPerCertificate ca': 1_300,
      'octetsPerCertificate ra': 400,
      'octetsPerCertificate repository': 1_000,
      walOctetsPerCertificate: 4_000,
      commitsPerCertificate: 0.02
    },
    stages: { 'proof of possession': 0.4, other: 0.6 },
    plots: [
      {
        name: 'batch-progress',
        title: 'progress',
        x: 's',
        y: 'per second',
        series: [
          {
            label: 'settled',
            points: [
              [0, 0],
              [10, 5_000]
            ]
          }
        ]
      }
    ],
    notes: ['a note']
  }
});
