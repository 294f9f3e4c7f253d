/**
 * The repository's public listener with an audit log that keeps nothing: what is left when the audit segment is taken
 * out. It lives in this worker and in no product.
 */
import { createServer } from 'node:http';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { defaultPolicy, parseCertificate } from '../../../pki/index.js';
import { createRepository } from '../../../repository/index.js';
import { connect, createSql } from '../../database/index.js';
import { listen } from '../../http/index.js';
import type { AuditLog } from '../../kit/audit.js';
import { systemClock } from '../../kit/clock.js';
import { peerComponent } from '../../tls/index.js';
import type { Job } from './jobs.js';

export interface UnauditedOptions {
  /** Of the repository's runtime role. */
  readonly databaseUrl: string;
  /** DER certificates of the roots. */
  readonly anchors: readonly Uint8Array[];
}

const noAudit: AuditLog = {
  record: () => Promise.resolve({ ids: [] }),
  seal: () => Promise.resolve(),
  append: () => Promise.resolve('0-0')
};

/** Running it answers where the listener is. */
export async function openUnaudited(options: UnauditedOptions): Promise<Job<null, string>> {
  const log = pino({ level: 'warn' }, process.stderr);
  const database = connect(options.databaseUrl, {
    schema: 'repository',
    applicationName: 'repository-bench'
  });
  const repository = createRepository({
    ...{ database, log, peerComponent, sql: createSql(), clock: systemClock, audit: noAudit },
    metrics: new Registry(),
    stage: () => undefined,
    config: { policy: defaultPolicy('test'), basePath: '' },
    anchors: options.anchors.map(der => parseCertificate(der))
  });
  const listener = await listen(createServer(repository.publicHandler), { host: '127.0.0.1', port: 0 });
  return {
    run: () => Promise.resolve(`http://127.0.0.1:${listener.port}`),
    async close() {
      await listener.close();
      await repository.stop();
      await database.destroy();
    }
  };
}
