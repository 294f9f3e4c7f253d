import type { RaContext } from '../deps.js';
import { verifySeal } from './content.js';
import type { LeasedBatch } from './lease.js';
import { sha256Hex } from './packed-group.js';
import type { BatchStage } from './stages.js';
import { transitNow } from './states.js';

/**
 * PARSING (SEC Appendix M 2.5): nothing of a batch is acted on before its whole content was held against its seal.
 * Answers the batch as it then is, QUEUED; `undefined` when it was another's meanwhile. Throws `Tampered`.
 */
export async function parseBatch(deps: RaContext, batch: LeasedBatch): Promise<LeasedBatch | undefined> {
  const timer = deps.batch.measures.stages.startTimer({ stage: 'parse' });
  await deps.stage('ra:batch-parse:before' satisfies BatchStage);
  const chunkDigests = await verifySeal(deps, batch);
  const parsed = await transitNow(
    deps,
    batch,
    'PARSING',
    'QUEUED',
    deps.config.instance,
    { chunk_digests: chunkDigests, parsed_at: deps.clock.now() },
    { requests: batch.requests, chunks: chunkDigests.length / 32, chunkDigests: sha256Hex(chunkDigests) }
  );
  await deps.stage('ra:batch-parse:after' satisfies BatchStage);
  timer();
  return parsed ? { ...batch, state: 'QUEUED', chunkDigests } : undefined;
}
