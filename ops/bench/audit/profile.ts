import {
  compileTemplate,
  lintCertificate,
  parseCertificate,
  parseRequest,
  type Certificate,
  type Policy
} from '../../../pki/index.js';
import { demoHwType } from '../../launch/seed.js';

/** A request of the benchmark and what came of it. */
export interface AuditedItem {
  /** Its ID in the message. */
  readonly id: string;
  readonly eui: bigint;
  readonly usage: 'DS' | 'KA';
  readonly request: Uint8Array;
  /** As the RA's results had it. */
  readonly certificate: Uint8Array;
}

const profiles = { DS: 'device-ds', KA: 'device-ka' } as const;

/**
 * Each certificate is octet for octet what its profile has for the request: built again from the profile with the serial
 * number, the key of the request and the device that the benchmark made it for. All lints besides.
 */
export function judgeProfiles(
  items: readonly AuditedItem[],
  { issuer, policy, at }: { readonly issuer: Certificate; readonly policy: Policy; readonly at: Date }
): string[] {
  const templates = {
    DS: compileTemplate(profiles.DS, { issuer, policy }),
    KA: compileTemplate(profiles.KA, { issuer, policy })
  };
  const judge = ({ id, eui, usage, request, certificate }: AuditedItem): string[] => {
    const read = parseCertificate(certificate);
    const expected = templates[usage].tbs({
      serial: new Uint8Array(Buffer.from(read.serialHex, 'hex')),
      notBefore: read.notBefore,
      notAfter: read.notAfter,
      spki: parseRequest(request).publicKey.spki,
      subject: { eui, hwType: demoHwType }
    });
    const lints = lintCertificate(certificate, { profile: profiles[usage], policy, issuer, at });
    return [
      ...(Buffer.compare(expected, read.tbs) === 0
        ? []
        : [`${id}: not what its profile has for the request`]),
      ...lints.map(({ lint, detail }) => `${id}: ${lint}: ${detail}`)
    ];
  };
  return items.flatMap(item => {
    try {
      return judge(item);
    } catch (error) {
      return [`${item.id}: the certificate cannot be read: ${String(error)}`];
    }
  });
}
