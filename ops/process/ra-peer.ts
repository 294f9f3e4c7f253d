import { PeerConflict, type RaPeer } from '../../ca/peers.js';
import { decodeClaim, encodeReport } from '../../pki/messages/index.js';
import { PeerUnavailable, type HttpAnswer, type HttpClient } from '../http/index.js';

/** Media type of every message between components: one binary message a body. */
const messageType = 'application/octet-stream';

/** One RA process, reached over its internal listener. */
export function createRaPeer(name: string, client: HttpClient): RaPeer {
  return {
    name,
    async claim(lane, waitMs, signal, room) {
      const answer = await client.send({
        method: 'POST',
        path: `/ca/v1/claim?lane=${lane}&wait=${Math.round(waitMs / 1000)}&room=${room}`,
        timeoutMs: waitMs + 10_000,
        signal
      });
      if (answer.status === 204) return [];
      if (answer.status !== 200) throw unexpected(name, answer);
      return decodeClaim(answer.body);
    },
    async report(report) {
      const answer = await client.send({
        method: 'POST',
        path: '/ca/v1/report',
        headers: { 'content-type': messageType },
        body: encodeReport(report),
        timeoutMs: 15_000
      });
      if (answer.status === 409) throw new PeerConflict(`${name} holds another outcome for this order`);
      if (answer.status < 200 || answer.status > 299) throw unexpected(name, answer);
    }
  };
}

/** What a peer answered that is none of its contract: its status and its code, never more of its text. */
export function unexpected(name: string, answer: HttpAnswer): PeerUnavailable {
  const code = /"code":"([a-z0-9/-]{1,64})"/.exec(answer.body.subarray(0, 4_096).toString('latin1'))?.[1];
  return new PeerUnavailable(`${name} answered ${answer.status}${code === undefined ? '' : ` ${code}`}`);
}
