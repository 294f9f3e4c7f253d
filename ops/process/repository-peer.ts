import { PeerConflict, type RepositoryPeer } from '../../ca/peers.js';
import { encodePublication } from '../../pki/messages/index.js';
import type { HttpClient } from '../http/index.js';
import { unexpected } from './ra-peer.js';

/** One repository process, reached over its internal listener. */
export function createRepositoryPeer(name: string, client: HttpClient): RepositoryPeer {
  return {
    name,
    async publish(publication) {
      const answer = await client.send({
        method: 'POST',
        path: '/ca/v1/publications',
        headers: { 'content-type': 'application/octet-stream' },
        body: encodePublication(publication),
        timeoutMs: 30_000
      });
      if (answer.status === 409) throw new PeerConflict(`${name} holds other bytes under this identifier`);
      if (answer.status < 200 || answer.status > 299) throw unexpected(name, answer);
    }
  };
}
