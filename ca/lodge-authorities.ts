/** The CAs' own certificates on their way to the repository, before anything they sign. */
import { createHash } from 'node:crypto';
import { anyOf } from './deliver.js';
import type { Issuer } from './issue/issuer.js';
import type { RepositoryPeer } from './peers.js';

/**
 * Lodges the certificates of the configured roots and issuing CAs: the repository believes what they sign only when
 * it holds them. Each is a group of its own, named after its octets, so that lodging again changes nothing.
 */
export async function lodgeAuthorities(
  issuers: readonly Issuer[],
  repositories: readonly RepositoryPeer[]
): Promise<void> {
  for (const { root, certificate } of issuers) {
    for (const { der } of [root, certificate]) {
      const groupId = createHash('sha256').update(der).digest().subarray(0, 16);
      await anyOf(repositories, peer => peer.publish({ kind: 'certificates', groupId, certificates: [der] }));
    }
  }
}
