import {
  boolean,
  contextOctets,
  contextTagged,
  integer,
  namedBits,
  octetString,
  oid,
  sequence
} from '../der/index.js';
import { encodeExtension, keyUsageNames, oids } from '../x509/index.js';
import { policyOids, type Policy } from './policy.js';
import type { ExtensionColumn, ExtensionName, Profile } from './profiles.js';

/** What the values of a profile's extensions depend on. */
interface ExtensionFacts {
  readonly profile: Profile;
  readonly policy: Policy;
  /** 8 octets. */
  readonly subjectKeyIdentifier: Uint8Array;
  /** 8 octets; undefined for a root, which has no such extension. */
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  /** OID and OCTET STRING of the hardware module, encoded; devices only. */
  readonly hardwareModule: Uint8Array;
}

/** extnValue content of each extension. */
const values: Readonly<Record<ExtensionName, (facts: ExtensionFacts) => Uint8Array>> = {
  keyUsage: ({ profile }) => namedBits(profile.keyUsage.map(usage => keyUsageNames.indexOf(usage))),
  basicConstraints: ({ profile }) =>
    sequence(boolean(true), ...(profile.pathLength === undefined ? [] : [integer(profile.pathLength)])),
  // One policy and no qualifier (GBCS 12).
  certificatePolicies: ({ profile, policy }) => {
    const [issued] = policyOids(policy, profile.domain);
    return sequence(sequence(oid(profile.policies === 'any' ? oids.anyPolicy : issued)));
  },
  subjectKeyIdentifier: ({ subjectKeyIdentifier }) => octetString(subjectKeyIdentifier),
  authorityKeyIdentifier: ({ authorityKeyIdentifier }) =>
    sequence(contextOctets(0, authorityKeyIdentifier ?? new Uint8Array())),
  // GeneralNames of one otherName, RFC 4108 5.
  subjectAltName: ({ hardwareModule }) =>
    sequence(contextTagged(0, oid(oids.hardwareModuleName), contextTagged(0, sequence(hardwareModule))))
};

export function encodeProfileExtension(column: ExtensionColumn, facts: ExtensionFacts): Uint8Array {
  return encodeExtension(oids[column.extension], column.critical, values[column.extension](facts));
}
