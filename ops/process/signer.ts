import { randomBytes } from 'node:crypto';
import { Gauge, type Registry } from 'prom-client';
import {
  permitSecretOctets,
  startPkcs11Signer,
  type Pkcs11Signer,
  type SignerHealth
} from '../../hsm/index.js';
import type { PassedConfig } from '../config/index.js';
import type { Foundation } from './foundation.js';
import { nodeCommand } from './node-command.js';

type HsmConfig = PassedConfig<'ca'>['hsm'];

export interface ComponentSigner {
  readonly signer: Pkcs11Signer;
  /** Drawn at this start; whoever takes it keeps the only copy outside the signer process. */
  readonly permitSecret: Uint8Array;
  pids(): Promise<readonly number[]>;
}

/** Program and environment of a signer process: no secret in either. */
export function signerProcess(softhsmConf: string | undefined): {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  return {
    command: nodeCommand('../signer/main', import.meta.url),
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      ...(softhsmConf === undefined ? {} : { SOFTHSM2_CONF: softhsmConf })
    }
  };
}

/** Starts the signer of a component's token; a token that is away does not keep the component from starting. */
export async function startComponentSigner(
  hsm: HsmConfig,
  foundation: Pick<Foundation<'ca' | 'ra' | 'validation'>, 'deps' | 'log' | 'onStop'>
): Promise<ComponentSigner> {
  const permitSecret = randomBytes(permitSecretOctets);
  const signer = await startPkcs11Signer({
    ...signerProcess(hsm.softhsmConf),
    module: hsm.module,
    tokenLabel: hsm.tokenLabel,
    pinFile: hsm.pinFile,
    latchFile: hsm.latchFile,
    permitSecret,
    whenTokenAway: 'start-degraded',
    healthKey: hsm.healthKeyLabel,
    sessions: hsm.sessions,
    processes: hsm.processes,
    calls: hsm.calls,
    callDeadlineMs: hsm.callDeadlineMs,
    queueLimit: hsm.queueLimit,
    onStateChange: health => {
      const line = {
        signer: health.tokenLabel,
        state: health.state,
        reason: health.reason,
        problem: health.problem
      };
      if (health.state === 'ready') foundation.log.info(line, 'signer');
      else foundation.log.warn(line, 'signer');
    }
  });
  foundation.onStop('signer', () => signer.close());
  observeSigner(signer, foundation.deps.metrics);
  return {
    signer,
    permitSecret,
    async pids() {
      const { pid } = await signer.health();
      return pid === undefined ? [] : [pid];
    }
  };
}

/** A signer process listens to nobody, so its measures stand among those of the component it signs for. */
function observeSigner(signer: Pkcs11Signer, registry: Registry): void {
  const rows: readonly [name: string, help: string, read: (health: SignerHealth) => number][] = [
    [
      'opensmki_signer_ready',
      'Whether every signer process has the token: 1 or 0',
      health => Number(health.state === 'ready')
    ],
    ['opensmki_signer_sessions', 'Sessions open on the token', health => health.sessions],
    [
      'opensmki_signer_restarts',
      'Signer processes started in the place of another',
      health => health.restarts
    ]
  ];
  for (const [name, help, read] of rows) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: async () => gauge.set(read(await signer.health()))
    });
  }
}
