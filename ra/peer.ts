import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** The certificate at the other end of a mutual TLS connection that the listener has authorised. */
export interface PeerCertificate {
  readonly der: Uint8Array;
  /** SHA-256 of the DER, 32 octets. */
  readonly sha256: Uint8Array;
  /** The same in lower-case hexadecimal. */
  readonly fingerprint: string;
}

const bySocket = new WeakMap<TLSSocket, PeerCertificate>();

/**
 * The peer's certificate, or `undefined` where there is none or the listener did not authorise it. TLS has proved
 * possession of its key; everything else about it is for the caller to check. With TLS 1.3 resumption the
 * certificate comes from the session.
 */
export function peerCertificate(request: IncomingMessage): PeerCertificate | undefined {
  const socket = request.socket;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const known = bySocket.get(socket);
  if (known !== undefined) return known;
  const raw = socket.getPeerCertificate().raw as Buffer | undefined;
  if (raw === undefined || raw.length === 0) return undefined;
  const der = new Uint8Array(raw);
  const sha256 = createHash('sha256').update(der).digest();
  const peer = { der, sha256: new Uint8Array(sha256), fingerprint: sha256.toString('hex') };
  bySocket.set(socket, peer);
  return peer;
}
