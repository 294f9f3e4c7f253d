import { DerError } from '../der/index.js';
import { parseRequestStructure } from '../x509/index.js';
import type { RequestCheck } from './draft.js';

/**
 * R1: one PKCS#10 request (RFC 2986) in DER, alone and whole; a device's may have long-form lengths. Sized before
 * it is read.
 */
export const encodingCheck: RequestCheck = {
  rule: 'R1',
  kinds: ['device', 'organisation', 'iki-client'],
  check(draft, refusal) {
    const { bytes, policy, rules } = draft;
    if (bytes.length > policy.maxOctets) throw refusal('request/size', `${bytes.length} octets`);
    try {
      const structure = parseRequestStructure(bytes, { lengths: rules.lengths, maxOctets: policy.maxOctets });
      draft.found({ structure });
    } catch (cause) {
      if (cause instanceof DerError) throw refusal('request/encoding', cause.message, cause);
      throw cause;
    }
  }
};
