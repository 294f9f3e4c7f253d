import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { RepositoryError } from '../errors.js';

const prefix = 'URI:urn:opensmki:component:';

/** Which components may use a route: by the part of the name before a number that tells instances apart. */
export type PeerRole = 'ca' | 'operator';

/**
 * The name of the component at the other end (`ca`, `ca-2`), which must have one of the roles. The listener has
 * checked the certificate against the component root and the pinned keys; here the name is read from it, as the
 * only subjectAltName of its kind. Throws `repository/peer`.
 */
export function requirePeer(request: IncomingMessage, role: PeerRole): string {
  const name = peerName(request);
  if (name === undefined) throw new RepositoryError('repository/peer', 'no component certificate');
  if (name !== role && !(name.startsWith(`${role}-`) && /^-[0-9]{1,4}$/.test(name.slice(role.length))))
    throw new RepositoryError('repository/peer', `${name} may not do this`, { peer: name });
  return name;
}

function peerName(request: IncomingMessage): string | undefined {
  const socket = request.socket;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // Node quotes a name that holds a comma, so that none can imitate another in this text.
  const names = (socket.getPeerCertificate().subjectaltname ?? '')
    .split(', ')
    .filter(name => name.startsWith(prefix))
    .map(name => name.slice(prefix.length));
  const [name] = names;
  return names.length === 1 && name !== undefined && /^[a-z][a-z0-9-]{0,63}$/.test(name) ? name : undefined;
}
