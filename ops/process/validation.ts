import { createServer } from 'node:http';
import { parseCertificate } from '../../pki/index.js';
import { auditEvents, createValidation, migrations } from '../../repository/index.js';
import { listen, serve } from '../http/index.js';
import { runComponent, type Foundation, type ProcessOverrides } from './foundation.js';
import { readDer } from './read.js';
import { startComponentSigner } from './signer.js';
import { whenTokenAnswers } from './statement-signer.js';

/** Runs a validation process until it is told to stop: one of the repository's, with a statement key of its own. */
export async function runValidation(configFile: string, overrides: ProcessOverrides = {}): Promise<void> {
  await runComponent({ component: 'validation', configFile, auditEvents, migrations, overrides, build });

  async function build(foundation: Foundation<'validation'>) {
    const { config, deps, log, onStop } = foundation;
    const token = await startComponentSigner(config.hsm, foundation);
    const key = { keyLabel: config.receiptKeyLabel, type: 'receipt' } as const;
    const statementSigner = await whenTokenAnswers(token, key, log);
    const { manufacturer } = await token.signer.health();
    foundation.refuseInLive({ signerKind: token.signer.kind, manufacturer });
    const { environment, policy, refreshMs, maxPastMs, maxAheadMs } = config;
    const validation = createValidation({
      ...deps,
      config: { environment, policy, basePath: config.public.basePath, refreshMs, maxPastMs, maxAheadMs },
      anchors: config.anchorFiles.map(file => parseCertificate(readDer(file))),
      statementSigner
    });
    onStop('validation', () => validation.stop());
    await foundation.recordStart('repository.validation.started');
    const listener = await listen(
      createServer(serve(validation.handler, { log, listener: 'public' })),
      config.public
    );
    onStop('listener', () => listener.close());
    await foundation.serving(
      { public: `http://${config.public.host}:${listener.port}${config.public.basePath}` },
      () => token.pids()
    );
    return async () => {
      const { checks } = await validation.health();
      const { state, reason } = await token.signer.health();
      return {
        database: { ok: checks.database === 'ok', reason: checks.database },
        signer: { ok: state === 'ready', reason: reason ?? state }
      };
    };
  }
}
