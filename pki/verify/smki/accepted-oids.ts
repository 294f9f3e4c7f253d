import type { Domain } from '../../messages/environment.js';
import { policyOids, type Policy } from '../../profile/index.js';

/** Asked last: certificates come by the thousand under one policy. */
let last: { readonly policy: Policy; readonly domain: Domain; readonly oids: readonly string[] } | undefined;

/** The policy OIDs of a domain. Throws `policy/no-oid` where the environment has none. */
export function acceptedOids(policy: Policy, domain: Domain): readonly string[] {
  if (last?.policy !== policy || last.domain !== domain)
    last = { policy, domain, oids: policyOids(policy, domain) };
  return last.oids;
}
