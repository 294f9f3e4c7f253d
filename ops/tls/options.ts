import { constants } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AgentOptions, ServerOptions } from 'node:https';
import { encodePem } from '../../pki/x509/index.js';
import { TlsError } from './error.js';
import { peerFault, type PinnedPeer } from './peer.js';

interface KeyFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

interface InternalFiles extends KeyFiles {
  readonly rootFile: string;
}

/** DESIGN: as long as headers may take (`ops/http/listen`); Node's own 120 s let a few idle clients fill a listener. */
const handshakeTimeout = 10_000;

/** TLS between components, server side: our own root only, a client certificate always. */
export async function internalServerOptions(files: InternalFiles): Promise<ServerOptions> {
  return {
    ...(await internal(files)),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout
  };
}

/**
 * TLS between components, client side, for calls to one peer. The host name means nothing here; the SAN URI and
 * the pinned key do.
 */
export async function internalClientOptions(files: InternalFiles, peer: PinnedPeer): Promise<AgentOptions> {
  return {
    ...(await internal(files)),
    rejectUnauthorized: true,
    checkServerIdentity: (_host, certificate) => peerFault(certificate.raw, peer),
    // Node asks no identity question of a resumed session.
    maxCachedSessions: 0
  };
}

async function internal(files: InternalFiles): Promise<ServerOptions & AgentOptions> {
  return {
    cert: await read(files.certificateFile),
    key: await read(files.keyFile),
    ca: await read(files.rootFile),
    // Both ends are ours. TLS 1.2 knows renegotiation, after which a connection may show a certificate that nobody
    // verified: the pinned peer would be whoever it says.
    minVersion: 'TLSv1.3'
  };
}

/** The suites of SEC Appendix M for TLS 1.2, and those of TLS 1.3. */
const publicCipherSuites = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-SHA256'
] as const;

/**
 * TLS of the RA's public listener: a client certificate under the IKI anchors always. Revocation is asked of the
 * CRL at each request, not here: a session outlives a handshake by its 300 s (SEC Appendix M).
 *
 * @param anchors DER certificates of the IKI root and its issuing CAs.
 */
export async function publicServerOptions(
  files: KeyFiles,
  anchors: readonly Uint8Array[]
): Promise<ServerOptions> {
  return {
    cert: await read(files.certificateFile),
    key: await read(files.keyFile),
    ca: anchors.map(anchor => encodePem('CERTIFICATE', anchor)),
    minVersion: 'TLSv1.2',
    ciphers: publicCipherSuites.join(':'),
    honorCipherOrder: true,
    requestCert: true,
    rejectUnauthorized: true,
    // Who the client is, is settled once: Node verifies the certificate of the first handshake only.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionTimeout: 300,
    handshakeTimeout
  };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new TlsError('tls/file', `${path} cannot be read`, { cause });
  }
}
