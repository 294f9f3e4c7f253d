import type { Environment } from '../messages/environment.js';

/** The figures that the request checks apply. Values come from configuration. */
export interface RequestPolicy {
  /** Largest request, in octets decoded. */
  readonly maxOctets: number;
  /** Whether an organisation's subject may hold a common name. */
  readonly organisationCommonName: 'refuse' | 'allow';
  /** Most characters in a common name or organisation name. */
  readonly maxNameCharacters: number;
  /** Blocks of organisations' EUI-64s; an organisation is inside one, a device in none. Empty: not checked. */
  readonly organisationEuiPrefixes: readonly string[];
  /** Exact modulus size of IKI clients' keys, in bits. */
  readonly ikiKeyBits: number;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex, of keys that must never be certified. */
  readonly knownBadKeys: ReadonlySet<string>;
}

const organisationBlocks: Readonly<Record<Environment, readonly string[]>> = {
  test: ['90-B3-D5-1F-3'],
  live: ['70-B3-D5-1F-3']
};

/** Where each default comes from, and whether that is a text or a certificate that was read. */
export const requestPolicySources: Readonly<
  Record<keyof RequestPolicy, { readonly source: string; readonly verified: boolean }>
> = {
  maxOctets: { source: 'design: a device request has 279 octets, an RSA one some 900', verified: false },
  organisationCommonName: {
    source:
      'SEC Appendix M, appendix F: where the Organisation Certificate Policy allows it, which was not read',
    verified: false
  },
  maxNameCharacters: { source: 'RFC 5280 appendix A, ub-common-name', verified: true },
  organisationEuiPrefixes: {
    source: 'block of the code company, seen in published identifiers and in the public test PKI',
    verified: false
  },
  ikiKeyBits: { source: 'SEC Appendix M, appendix G', verified: true },
  knownBadKeys: { source: 'the operator', verified: true }
};

/** The defaults for an environment, with the operator's changes. */
export function requestPolicy(environment: Environment, changes: Partial<RequestPolicy> = {}): RequestPolicy {
  return {
    maxOctets: 4096,
    organisationCommonName: 'allow',
    maxNameCharacters: 64,
    organisationEuiPrefixes: organisationBlocks[environment],
    ikiKeyBits: 2048,
    knownBadKeys: new Set(),
    ...changes
  };
}
