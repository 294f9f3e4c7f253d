import type { Policy } from '../pki/index.js';

/** The repository's slice of a process's configuration, validated by whoever read it. */
export interface RepositoryConfig {
  readonly policy: Policy;
  /** What stands before every public path: empty, or such as `/smki`, without a slash at its end. */
  readonly basePath: string;
}

/**
 * DESIGN: 8 KiB. A request of the web service has some 200 octets; with every optional filter and generous white
 * space it stays under one KiB.
 */
export const maxQueryOctets = 8 * 1024;

/** DESIGN: 80 MiB, a list of a million entries (some 40 MB) with room to spare, as `pki/messages` bounds it. */
export const maxPublicationOctets = 80 * 1024 * 1024;

/** DESIGN: a statement or an API key's name, as JSON. */
export const maxAdministrationOctets = 4 * 1024;
