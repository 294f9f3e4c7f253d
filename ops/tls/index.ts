/**
 * Transport security that is not any of the PKIs this software runs: a root of its own for calls between
 * components, whose peers are pinned by name and key, and a public CA for demonstrations that serves the RA's web
 * service. It trusts the files of one folder, the keys in them readable by their owner only.
 */
export type { TlsErrorCode } from './error.js';
export { ensureComponentTls, ensurePublicTls, type TlsFiles } from './authority.js';
export { internalClientOptions, internalServerOptions, publicServerOptions } from './options.js';
export { admitOnly, keyFingerprint, peerComponent, type PinnedPeer } from './peer.js';
