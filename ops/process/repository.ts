import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { parseCertificate } from '../../pki/index.js';
import { auditEvents, createRepository, migrations } from '../../repository/index.js';
import { listen, serve } from '../http/index.js';
import { admitOnly, internalServerOptions, peerComponent } from '../tls/index.js';
import { runComponent, type Foundation, type ProcessOverrides } from './foundation.js';
import { readDer } from './read.js';

/** Runs a repository process until it is told to stop. */
export async function runRepository(configFile: string, overrides: ProcessOverrides = {}): Promise<void> {
  await runComponent({ component: 'repository', configFile, auditEvents, migrations, overrides, build });

  async function build(foundation: Foundation<'repository'>) {
    const { config, deps, log, onStop } = foundation;
    const repository = createRepository({
      ...deps,
      config: { policy: config.policy, basePath: config.public.basePath },
      anchors: config.anchorFiles.map(file => parseCertificate(readDer(file))),
      peerComponent
    });
    onStop('repository', () => repository.stop());
    await foundation.recordStart('repository.started');
    const publicListener = await listen(
      createServer(serve(repository.publicHandler, { log, listener: 'public' })),
      config.public
    );
    onStop('public listener', () => publicListener.close());
    const internalServer = createTlsServer(
      await internalServerOptions(config.tls),
      serve(repository.internalHandler, { log, listener: 'internal' })
    );
    admitOnly(internalServer, config.internal.peers, error =>
      log.warn({ err: error }, 'an internal connection was refused')
    );
    const internalListener = await listen(internalServer, config.internal);
    onStop('internal listener', () => internalListener.close());
    await foundation.serving(
      {
        public: `http://${config.public.host}:${publicListener.port}${config.public.basePath}`,
        internal: `https://${config.internal.host}:${internalListener.port}`
      },
      () => Promise.resolve([])
    );
    return async () => {
      const { checks } = await repository.health();
      return Object.fromEntries(
        Object.entries(checks).map(([name, state]) => [name, { ok: state === 'ok', reason: state }])
      );
    };
  }
}
