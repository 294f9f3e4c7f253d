import { createHash } from 'node:crypto';
import { auditEvents, createCa, defaultLimits, migrations, type CaConfig } from '../../ca/index.js';
import { decodePem } from '../../pki/index.js';
import { readFileSync } from 'node:fs';
import { ConfigError } from '../config/index.js';
import { createHttpClient } from '../http/index.js';
import { loadPointVerifier } from '../native/point-verifier.js';
import { internalClientOptions } from '../tls/index.js';
import { runComponent, type Foundation, type ProcessOverrides } from './foundation.js';
import { createRaPeer } from './ra-peer.js';
import { readDer, sha256OfFile } from './read.js';
import { createRepositoryPeer } from './repository-peer.js';
import { requestPolicyOf } from './request-policy.js';
import { startComponentSigner } from './signer.js';

/** Runs a certification authority process until it is told to stop. It listens to nobody but its metrics socket. */
export async function runCa(configFile: string, overrides: ProcessOverrides = {}): Promise<void> {
  await runComponent({ component: 'ca', configFile, auditEvents, migrations, overrides, build });

  async function build(foundation: Foundation<'ca'>) {
    const { config, deps, onStop } = foundation;
    const token = await startComponentSigner(config.hsm, foundation);
    const { signer, permitSecret } = token;
    const clients = [...config.raPeers, ...config.repositoryPeers].map(async peer => {
      const client = createHttpClient(peer.url, await internalClientOptions(config.tls, peer));
      onStop(peer.name, () => client.close());
      return client;
    });
    const dialled = await Promise.all(clients);
    const ras = config.raPeers.map((peer, at) => createRaPeer(`${peer.name} ${peer.url}`, dialled[at]!));
    const repositories = config.repositoryPeers.map((peer, at) =>
      createRepositoryPeer(`${peer.name} ${peer.url}`, dialled[config.raPeers.length + at]!)
    );
    const ca = createCa({
      ...deps,
      config: caConfig(configFile, config),
      signer,
      permitSecret,
      ras,
      repositories,
      verifyRequest: loadPointVerifier()
    });
    const { manufacturer } = await signer.health();
    foundation.refuseInLive({ signerKind: signer.kind, manufacturer });
    await ca.start();
    onStop('ca', () => ca.stop());
    await foundation.serving({}, () => token.pids());
    return async () => {
      const { parts } = await ca.health();
      return Object.fromEntries(
        Object.entries(parts).map(([name, part]) => [
          name,
          { ok: part.state !== 'failed', reason: part.detail }
        ])
      );
    };
  }
}

/** The component's own configuration out of the process's: files read, keys checked against their names. */
function caConfig(file: string, config: Foundation<'ca'>['config']): CaConfig {
  return {
    instance: config.instance,
    environment: config.environment,
    configurationSha256: sha256OfFile(file),
    caEpoch: BigInt(config.caEpoch),
    policy: config.policy,
    requests: requestPolicyOf(config.policy, config.knownBadKeysFile),
    issuers: config.issuers.map(({ certificateFile, rootFile, keyLabel }) => ({
      certificate: readDer(certificateFile),
      root: readDer(rootFile),
      keyLabel
    })),
    raKeys: config.raKeys.map(({ name, publicKeyFile, keyId, profiles, certificatesPerHour }) => {
      const [block] = decodePem(readFileSync(publicKeyFile, 'latin1'));
      const spki = block?.der ?? new Uint8Array();
      if (createHash('sha256').update(spki).digest('hex') !== keyId) {
        throw new ConfigError('config/invalid', file, [
          { path: 'raKeys', message: `${publicKeyFile} is not the key that keyId of ${name} names` }
        ]);
      }
      return { name, spki, profiles, certificatesPerHour };
    }),
    initialCrls: config.initialCrlFiles.map(readDer),
    approvals: config.approvals,
    limits: { ...defaultLimits, ...defined(config.limits) }
  };
}

/** Without the entries that are undefined, which would hide a default. */
function defined<T extends object>(given: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
