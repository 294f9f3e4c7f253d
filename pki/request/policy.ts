import type { Policy } from '../profile/policy.js';

/** The figures that the request checks apply, out of the policy in force. */
export interface RequestPolicy {
  /** Largest request, in octets decoded. */
  readonly maxOctets: number;
  /** Whether an organisation's subject may hold a common name. */
  readonly organisationCommonName: 'refuse' | 'allow';
  /** Blocks of organisations' EUI-64s; an organisation is inside one, a device in none. Empty: not checked. */
  readonly organisationEuiPrefixes: readonly string[];
  /** Exact modulus size of IKI clients' keys, in bits. */
  readonly ikiKeyBits: number;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex, of keys that must never be certified. */
  readonly knownBadKeys: ReadonlySet<string>;
}

/** Most characters in a common name or organisation name: RFC 5280 appendix A, ub-common-name. */
export const maxNameCharacters = 64;

/** @param knownBadKeys the operator's list of keys that must never be certified */
export function requestPolicy(policy: Policy, knownBadKeys: ReadonlySet<string>): RequestPolicy {
  const { figures } = policy;
  return {
    maxOctets: figures['request.max-octets'].value,
    organisationCommonName: figures['organisation.common-name'].value ? 'allow' : 'refuse',
    organisationEuiPrefixes: figures['organisation.eui-prefixes'].value,
    ikiKeyBits: figures['key.iki.bits'].value,
    knownBadKeys
  };
}
