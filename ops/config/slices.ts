import { z } from 'zod';
import { environments } from '../../pki/messages/index.js';
import { logLevels } from '../http/log.js';

/** A path to a file or folder; relative ones are taken from the folder of the configuration file. */
export const path = z.string().min(1).meta({ path: true });

/** The same, for a file of secrets: nobody but its owner may read it. */
export const secretPath = z.string().min(1).meta({ path: true, secret: true });

/** Names a process among those of its component, the same after a restart. */
export const instanceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens');

/**
 * SHA-256 of SubjectPublicKeyInfos that must never be certified (rule R16), 64 hexadecimal digits a line; empty
 * lines and lines that begin with `#` say nothing.
 */
export const knownBadKeysFile = path.optional();

export const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits');

const port = z.number().int().min(0).max(65_535);

/** Loopback unless somebody says otherwise. */
const host = z.string().min(1).default('127.0.0.1');

/** A component at the other end of an internal connection. */
export const peer = z.strictObject({
  /** NAME of `urn:opensmki:component:NAME`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  /** SHA-256 of its key's SubjectPublicKeyInfo; live demands it. */
  fingerprint: fingerprint.optional()
});

/** A component that is dialled. */
export const dialledPeer = peer.extend({ url: z.url({ protocol: /^https$/ }) });

/** A listener between components: mutual TLS, these peers and no others. */
export const internalListener = z.strictObject({ host, port, peers: z.array(peer).min(1) });

/** A listener for the public, with TLS. */
export const tlsListener = z.strictObject({ host, port, certificateFile: path, keyFile: secretPath });

/** A listener for the public without TLS: a proxy stands before it where it leaves the machine. */
export const plainListener = z.strictObject({ host, port });

/** A token and the signer processes before it. */
export const hsm = z.strictObject({
  /** Path of the PKCS#11 module. */
  module: path,
  tokenLabel: z.string().min(1).max(32),
  /** Holds the user PIN. */
  pinFile: secretPath,
  /** Set before each login and cleared on success, so that a wrong PIN is never tried twice. */
  latchFile: path,
  /** Key that health checks sign with. */
  healthKeyLabel: z.string().min(1).max(64).optional(),
  /** Sessions of each signer process: 2 suits SoftHSM, about 30 a network HSM. */
  sessions: z.number().int().min(1).max(256).default(2),
  processes: z.number().int().min(1).max(32).default(1),
  /** `parallel` for a token that is reached over a network. */
  calls: z.enum(['blocking', 'parallel']).default('blocking'),
  callDeadlineMs: z.number().int().min(100).max(300_000).default(10_000),
  queueLimit: z.number().int().min(1).max(1_000_000).default(4_096),
  /** SOFTHSM2_CONF of the signer process; live refuses it. */
  softhsmConf: path.optional()
});

/** What every process has. */
export const commonFields = {
  environment: z.enum(environments),
  instance: instanceName,
  /** `up` where `ops/up` wrote the file; live refuses that. */
  madeBy: z.enum(['operator', 'up']).default('operator'),
  database: z.strictObject({
    /** Holds the URL of the runtime role, password included. */
    urlFile: secretPath,
    poolMax: z.number().int().min(2).max(200).default(10)
  }),
  audit: z.strictObject({ directory: path }),
  /** Files of `ops/tls`: this component's certificate and the root of the environment's components. */
  tls: z.strictObject({ certificateFile: path, keyFile: secretPath, rootFile: path }),
  /** Folder of the Unix socket for metrics and health, and of the process's status. */
  run: z.strictObject({ directory: path, metricsPort: port.optional() }),
  log: z.strictObject({ level: z.enum(logLevels).default('info') }).default({ level: 'info' }),
  /** Figures that differ from the table of `pki/profile`, and who accepted unverified ones. */
  policy: z.record(z.string(), z.unknown()).default({})
};
