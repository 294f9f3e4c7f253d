import { createServer as createTlsServer } from 'node:https';
import { auditEvents, createRa, migrations, takesUpload } from '../../ra/index.js';
import { openInventory } from '../../sec/index.js';
import { listen, requestTimeoutMs, serve, withBodyDeadline } from '../http/index.js';
import { startRequestCheckPool } from '../request-check/pool.js';
import { admitOnly, internalServerOptions, peerComponent, publicServerOptions } from '../tls/index.js';
import { startClientTrust } from './client-trust.js';
import { runComponent, type Foundation, type ProcessOverrides } from './foundation.js';
import { readDer } from './read.js';
import { requestPolicyOf } from './request-policy.js';
import { startComponentSigner } from './signer.js';
import { whenTokenAnswers } from './statement-signer.js';

/** How often the inventory file is looked at. DESIGN: a device's new state counts within two seconds. */
const inventoryPollMs = 2_000;

/** Runs a registration authority process until it is told to stop. */
export async function runRa(configFile: string, overrides: ProcessOverrides = {}): Promise<void> {
  await runComponent({ component: 'ra', configFile, auditEvents, migrations, overrides, build });

  async function build(foundation: Foundation<'ra'>) {
    const { config, deps, log, onStop } = foundation;
    const { policy } = config;
    const token = await startComponentSigner(config.hsm, foundation);
    const statementSigner = await whenTokenAnswers(
      token,
      { keyLabel: config.orderKeyLabel, type: 'order' },
      log
    );
    const { manufacturer } = await token.signer.health();
    foundation.refuseInLive({ signerKind: token.signer.kind, manufacturer });

    const checks = startRequestCheckPool(
      requestPolicyOf(policy, config.knownBadKeysFile),
      config.checkThreads
    );
    onStop('request checks', () => checks.close());
    const inventory = await openInventory({
      path: config.inventoryFile,
      staleAfterMs: config.inventoryMaxAgeMs,
      pollMs: inventoryPollMs,
      clock: deps.clock,
      log
    });
    onStop('inventory', () => inventory.stop());
    const chain = config.ikiChainFiles.map(readDer);
    const clientTrust = startClientTrust({
      chain,
      crlUrls: config.ikiCrlUrls,
      refreshMs: config.crlRefreshMs,
      clock: deps.clock,
      log
    });
    onStop('client trust', () => clientTrust.stop());

    const ra = createRa({
      ...deps,
      config: { ...config.settings, environment: config.environment, instance: config.instance },
      policy,
      statementSigner,
      deviceStatus: inventory,
      checkRequests: (requests, lane) => checks.check(requests, lane),
      clientTrust,
      peerComponent
    });
    onStop('ra', () => ra.stop());

    await foundation.recordStart('ra.started');
    // The service says itself when an upload is too slow, and with a code; the listener ends what it does not.
    const uploadTimeout = config.settings.batches.uploadTotalMs + requestTimeoutMs;
    const publicListener = await listen(
      createTlsServer(
        await publicServerOptions(config.public, chain),
        withBodyDeadline(serve(ra.publicHandler, { log, listener: 'public' }), request =>
          takesUpload(request.url ?? '/') ? uploadTimeout : requestTimeoutMs
        )
      ),
      config.public,
      { requestTimeout: uploadTimeout }
    );
    const internalServer = createTlsServer(
      await internalServerOptions(config.tls),
      serve(ra.internalHandler, { log, listener: 'internal' })
    );
    admitOnly(internalServer, config.internal.peers, error =>
      log.warn({ err: error }, 'an internal connection was refused')
    );
    const internalListener = await listen(internalServer, config.internal);
    // Together: who waits for a certificate, and the CA in its long poll, is answered while the listeners end.
    onStop('listeners', async () => {
      await Promise.all([publicListener.close(), internalListener.close(), ra.stop()]);
    });

    await foundation.serving(
      {
        public: `https://${config.public.host}:${publicListener.port}`,
        internal: `https://${config.internal.host}:${internalListener.port}`
      },
      () => token.pids()
    );
    return async () => {
      const { checks: parts } = await ra.health();
      const { state, reason } = await token.signer.health();
      const missing = clientTrust.missing();
      return {
        ...Object.fromEntries(
          Object.entries(parts).map(([name, part]) => [name, { ok: part === 'ok', reason: part }])
        ),
        signer: { ok: state === 'ready', reason: reason ?? state },
        clientTrust: {
          ok: missing.length === 0,
          reason: missing.length === 0 ? undefined : `no current list of ${missing.join(', ')}`
        },
        inventory: { ok: inventory.health().healthy, reason: inventory.health().fault }
      };
    };
  }
}
