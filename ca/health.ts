import type { Pkcs11Signer, SignerHealth } from '../hsm/index.js';
import type { AuditLog } from '../ops/kit/audit.js';
import type { ClaimLoop } from './claim.js';
import type { IssueContext } from './issue/context.js';
import { latestCrls } from './ledger/crl.js';
import { countOpenIntents } from './ledger/intent.js';
import { outboxLag } from './ledger/outbox.js';
import { stoppedRaKeys, type StoppedRaKey } from './ledger/ra-key.js';

/** `degraded`: works, but a person should look; `failed`: cannot do its work now. */
export type HealthState = 'ready' | 'degraded' | 'failed';

export interface HealthPart {
  readonly state: HealthState;
  readonly detail?: string;
}

export interface CaHealth {
  /** The worst of the parts. */
  readonly state: HealthState;
  readonly parts: Readonly<
    Record<'database' | 'signer' | 'audit' | 'ras' | 'outbox' | 'crls' | 'raKeys', HealthPart>
  >;
  readonly openIntents: number;
  readonly stoppedRaKeys: readonly StoppedRaKey[];
}

interface HealthSources {
  readonly ctx: IssueContext;
  readonly claims: readonly ClaimLoop[];
  readonly keysSeen: boolean;
  /** The opened log also tells its state; the contract of components does not ask for it. */
  readonly audit: AuditLog & { health?: () => { state: 'ready' | 'failed'; reason: string | undefined } };
  readonly signerHealth: () => ReturnType<Pkcs11Signer['health']>;
}

/** DESIGN: an order told later than this has kept an RA past its own deadline of 25 s. */
const outboxSeconds = 60;

/** Reads every part; a database that is away is a part that failed, never an exception. */
export async function caHealth(sources: HealthSources): Promise<CaHealth> {
  const { ctx, claims } = sources;
  const now = ctx.clock.now();
  const signer = signerPart(await sources.signerHealth(), sources.keysSeen);
  const auditHealth = sources.audit.health?.();
  const audit: HealthPart =
    auditHealth?.state === 'failed' ? part('failed', auditHealth.reason ?? 'audit/unavailable') : ready;
  // Two long polls without an answer: the peer is away.
  const patience = ctx.config.limits.claimWaitMs * 2 + 5_000;
  const silent = claims.filter(
    ({ failing, lastAnswer }) => failing || now.getTime() - lastAnswer.getTime() > patience
  );
  const ras =
    silent.length === 0
      ? ready
      : part(
          silent.length === claims.length ? 'failed' : 'degraded',
          `no answer: ${[...new Set(silent.map(({ ra }) => ra))].join(', ')}`
        );
  try {
    const lag = await outboxLag(ctx.database);
    const stopped = await stoppedRaKeys(ctx.database);
    const late = (await latestCrls(ctx.database)).filter(({ nextUpdate }) => nextUpdate <= now);
    return whole({
      parts: {
        ...{ signer, audit, ras, database: ready },
        outbox:
          lag.oldestSeconds > outboxSeconds
            ? part('degraded', `${lag.waiting} orders wait, the oldest ${Math.round(lag.oldestSeconds)} s`)
            : ready,
        crls:
          late.length > 0
            ? part('failed', `past nextUpdate: ${late.map(({ issuer }) => issuer).join('; ')}`)
            : ready,
        raKeys: stopped.length > 0 ? part('degraded', `${stopped.length} stopped`) : ready
      },
      openIntents: await countOpenIntents(ctx.database),
      stoppedRaKeys: stopped
    });
  } catch (error) {
    const unknown = part('failed', 'not known while the database is away');
    const database = part('failed', error instanceof Error ? error.message : 'away');
    return whole({
      parts: { ...{ signer, audit, ras, database }, outbox: unknown, crls: unknown, raKeys: unknown },
      openIntents: 0,
      stoppedRaKeys: []
    });
  }
}

const ready: HealthPart = { state: 'ready' };

function part(state: HealthState, detail: string): HealthPart {
  return { state, detail };
}

function signerPart(health: SignerHealth, keysSeen: boolean): HealthPart {
  if (health.state !== 'ready') return part('failed', health.reason ?? health.state);
  return keysSeen ? ready : part('failed', 'the issuing keys were not seen on the token yet');
}

function whole(health: Omit<CaHealth, 'state'>): CaHealth {
  const states = Object.values(health.parts).map(({ state }) => state);
  const state = states.includes('failed') ? 'failed' : states.includes('degraded') ? 'degraded' : 'ready';
  return { state, ...health };
}
