import { createHash, X509Certificate } from 'node:crypto';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { TlsError } from './error.js';

const prefix = 'urn:opensmki:component:';

/** The name by which components know each other, a URI in subjectAltName. */
export function componentUri(name: string): string {
  return `${prefix}${name}`;
}

/** SHA-256 of a certificate's SubjectPublicKeyInfo (DER), lower-case hex: what configuration pins. */
export function keyFingerprint(certificate: Uint8Array): string {
  const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/** The peer a component must meet. */
export interface PinnedPeer {
  /** NAME of `urn:opensmki:component:NAME`. */
  readonly name: string;
  /** See `keyFingerprint`; the root and the name alone where it is not configured. */
  readonly fingerprint?: string | undefined;
}

/**
 * The component a certificate names: exactly one URI, ours. Only for certificates that verified under the
 * component root.
 */
function componentIn(certificate: Uint8Array): string | undefined {
  const names = new X509Certificate(certificate).subjectAltName?.split(', ') ?? [];
  const uris = names.filter(name => name.startsWith('URI:')).map(name => name.slice('URI:'.length));
  const [uri] = uris;
  return uris.length === 1 && uri?.startsWith(prefix) === true ? uri.slice(prefix.length) : undefined;
}

/** Why this certificate is not the pinned peer's; undefined when it is. */
export function peerFault(certificate: Uint8Array, peer: PinnedPeer): TlsError | undefined {
  const name = componentIn(certificate);
  if (name !== peer.name)
    return new TlsError('tls/peer-name', `the peer is ${name ?? 'no component'}, expected ${peer.name}`);
  if (peer.fingerprint !== undefined && keyFingerprint(certificate) !== peer.fingerprint)
    return new TlsError('tls/peer-key', `${peer.name} shows another key than the pinned one`);
  return undefined;
}

/** Of authorised connections: without renegotiation each keeps its certificate for life. */
const components = new WeakMap<TLSSocket, { readonly name: string | undefined }>();

/** The verified component at the other end of an internal connection; undefined when there is none. */
export function peerComponent(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  let component = components.get(socket);
  if (component === undefined) {
    const raw = socket.getPeerCertificate().raw as Buffer | undefined;
    component = { name: raw === undefined ? undefined : componentIn(raw) };
    components.set(socket, component);
  }
  return component.name;
}

/**
 * Ends every connection whose peer is not among `peers`, before a request of it is read. With the root alone any
 * component could call any other; the list says who calls whom.
 */
export function admitOnly(
  server: Server,
  peers: readonly PinnedPeer[],
  refused: (error: TlsError) => void
): void {
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const raw = socket.getPeerCertificate().raw as Buffer | undefined;
    const name = raw === undefined ? undefined : componentIn(raw);
    const peer = peers.find(one => one.name === name);
    const fault =
      raw === undefined || peer === undefined
        ? new TlsError('tls/peer-name', `${name ?? 'no component'} is not among the peers`)
        : peerFault(raw, peer);
    if (fault === undefined) return;
    refused(fault);
    socket.destroy();
  });
}
