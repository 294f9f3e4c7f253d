import { z } from 'zod';
import { profileNames } from '../../pki/profile/index.js';
import { raConfigSchema } from '../../ra/config.js';
import {
  commonFields,
  dialledPeer,
  fingerprint,
  hsm,
  internalListener,
  knownBadKeysFile,
  path,
  plainListener,
  tlsListener
} from './slices.js';

const ra = z.strictObject({
  component: z.literal('ra'),
  ...commonFields,
  /** The token with the statement keys. */
  hsm,
  /** Label of the key that signs orders. */
  orderKeyLabel: z.string().min(1).max(64),
  /** The web service and the JSON API, mutual TLS with IKI clients. */
  public: tlsListener,
  /** For CAs and operators. */
  internal: internalListener,
  /** IKI certificates that clients chain to: root and issuing CAs. */
  ikiChainFiles: z.array(path).min(1),
  /** Where the IKI CRLs are fetched: the issuing CA's and the root's. */
  ikiCrlUrls: z.array(z.url({ protocol: /^https?$/ })).min(1),
  /** How often they are fetched. Shorter than any CRL's life; the RA refuses clients when the last one is stale. */
  crlRefreshMs: z.number().int().min(100).max(86_400_000).default(60_000),
  knownBadKeysFile,
  /** Device inventory, JSON Lines. */
  inventoryFile: path,
  /** An inventory not written for so long is stale, and refuses. */
  inventoryMaxAgeMs: z.number().int().min(1_000).default(86_400_000),
  /** Threads that check requests and possession; by default one a processor, at most four. */
  checkThreads: z.number().int().min(1).max(64).optional(),
  /** Parties that exist for demonstrations; live refuses them. */
  demoParties: z.boolean().default(false),
  /** The RA's own settings. */
  settings: raConfigSchema.omit({ environment: true, instance: true })
});

const ca = z.strictObject({
  component: z.literal('ca'),
  ...commonFields,
  /** The token with the issuing keys. */
  hsm,
  knownBadKeysFile,
  /** Restore epoch; orders for another are refused. */
  caEpoch: z.string().regex(/^[1-9][0-9]{0,18}$/),
  issuers: z
    .array(z.strictObject({ certificateFile: path, rootFile: path, keyLabel: z.string().min(1).max(64) }))
    .min(1),
  /** Statement keys of RAs, and how far each is believed. */
  raKeys: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(64),
        /** PEM `PUBLIC KEY`. */
        publicKeyFile: path,
        /** SHA-256 of the key's SubjectPublicKeyInfo: the key's name in orders. */
        keyId: fingerprint,
        profiles: z.array(z.enum(profileNames)).min(1),
        certificatesPerHour: z.number().int().min(1)
      })
    )
    .min(1),
  /** DER or PEM CRLs and ARLs of the ceremony. */
  initialCrlFiles: z.array(path).default([]),
  approvals: z.literal('not-collected-in-test'),
  /** Figures of `ca/config.ts` that differ from its defaults. */
  limits: z
    .strictObject({
      leaseMs: z.number().int().min(500),
      heartbeatMs: z.number().int().min(50),
      sweepMs: z.number().int().min(50),
      crlCheckMs: z.number().int().min(50),
      claimWaitMs: z.number().int().min(0).max(60_000),
      retryMs: z.number().int().min(10),
      maxRetryMs: z.number().int().min(100),
      attempts: z.number().int().min(1).max(10),
      stopDeadlineMs: z.number().int().min(0),
      inFlight: z.strictObject({ adhoc: z.number().int().min(1), batch: z.number().int().min(1) })
    })
    .partial()
    .default({}),
  raPeers: z.array(dialledPeer).min(1),
  repositoryPeers: z.array(dialledPeer).min(1)
});

/** For relying parties. */
const publicListener = plainListener.extend({
  /** What stands before every path, such as `/smki`. */
  basePath: z
    .string()
    .regex(/^(?:\/[A-Za-z0-9._~-]+)*$/)
    .default('')
});

const repository = z.strictObject({
  component: z.literal('repository'),
  ...commonFields,
  public: publicListener,
  /** For CAs and operators. */
  internal: internalListener,
  /** Root certificates of the domains. */
  anchorFiles: z.array(path).min(1)
});

/** Nobody connects to it but relying parties, and it connects to no component: no internal TLS. */
const { tls: _, ...withoutTls } = commonFields;

/** The validation service: a process of the repository, in its database, with a statement key of its own. */
const validation = z.strictObject({
  component: z.literal('validation'),
  ...withoutTls,
  /** The token with the key of receipts. */
  hsm,
  /** Label of the key that signs receipts. */
  receiptKeyLabel: z.string().min(1).max(64),
  public: publicListener,
  /** Root certificates of the domains. */
  anchorFiles: z.array(path).min(1),
  /** How old authorities and lists may be that were read from the database. */
  refreshMs: z.number().int().min(10).max(60_000).default(1_000),
  /** How far back questions may reach. DESIGN: a day, two intervals of the lists; those in force then are kept. */
  maxPastMs: z
    .number()
    .int()
    .min(0)
    .max(31 * 86_400_000)
    .default(86_400_000),
  /** How far ahead questions may reach. DESIGN: a minute, for clocks that differ. */
  maxAheadMs: z.number().int().min(0).max(3_600_000).default(60_000)
});

/** The configuration of each component, as it is written. */
export const schemas = { ra, ca, repository, validation } as const;

export type ComponentName = keyof typeof schemas;
export const componentNames: readonly ComponentName[] = ['ra', 'ca', 'repository', 'validation'];

/** Whose schema a process works in: the validation service is a process of the repository. */
export function schemaOwner(component: ComponentName): Exclude<ComponentName, 'validation'> {
  return component === 'validation' ? 'repository' : component;
}

/** What was read: as it stands in the file, defaults not yet filled in. */
export type ReadConfig<C extends ComponentName> = z.input<(typeof schemas)[C]>;
export type ValidConfig<C extends ComponentName> = z.output<(typeof schemas)[C]>;
