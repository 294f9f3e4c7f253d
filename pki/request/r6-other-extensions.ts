import { DerError } from '../der/index.js';
import { decodeExtension, oids } from '../x509/index.js';
import type { RequestCheck } from './draft.js';

/** Criticality of these two is not looked at (SEC Appendix M says so four times); they are always issued critical. */
const knownExtensions: ReadonlySet<string> = new Set([oids.keyUsage, oids.subjectAltName]);

/**
 * R6: nothing is asked for that contradicts the profile. A certification authority, extended key usage and any
 * other critical extension are refused: leaving them out would give the subscriber another certificate than the
 * one asked for. Others are ignored and noted.
 */
export const otherExtensionsCheck: RequestCheck = {
  rule: 'R6',
  kinds: ['device', 'organisation', 'iki-client'],
  check(draft, refusal) {
    const { lengths } = draft.get('structure');
    for (const { oid, critical, value } of draft.get('extensions')) {
      if (knownExtensions.has(oid)) continue;
      if (oid === oids.basicConstraints) {
        let ca: boolean;
        try {
          ({ ca } = decodeExtension.basicConstraints(value, lengths));
        } catch (cause) {
          if (cause instanceof DerError) throw refusal('request/basic-constraints', cause.message, cause);
          throw cause;
        }
        if (ca) throw refusal('request/basic-constraints', 'cA TRUE');
      }
      if (oid === oids.extendedKeyUsage)
        throw refusal('request/extended-key-usage', 'extendedKeyUsage present');
      if (critical) throw refusal('request/critical-extension', `extension ${oid}`);
      draft.notes.push(`extension ${oid} ignored`);
    }
  }
};
