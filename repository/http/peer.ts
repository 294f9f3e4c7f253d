import type { IncomingMessage } from 'node:http';
import type { RepositoryContext } from '../context.js';
import { RepositoryError } from '../errors.js';

/** Which components may use a route: by the part of the name before a number that tells instances apart. */
export type PeerRole = 'ca' | 'operator';

/**
 * The name of the component at the other end (`ca`, `ca-2`), which must have one of the roles. Throws
 * `repository/peer`.
 */
export function requirePeer(
  context: Pick<RepositoryContext, 'peerComponent'>,
  request: IncomingMessage,
  role: PeerRole
): string {
  const name = context.peerComponent(request.socket);
  if (name === undefined) throw new RepositoryError('repository/peer', 'no component certificate');
  if (name !== role && !(name.startsWith(`${role}-`) && /^-[0-9]{1,4}$/.test(name.slice(role.length))))
    throw new RepositoryError('repository/peer', `${name} may not do this`, { peer: name });
  return name;
}
