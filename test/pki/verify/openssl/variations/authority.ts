/** Who may issue: basic constraints, path length, key usage (RFC 5280 4.2.1.3, 4.2.1.9, 6.1.4 (k) to (n)). */
import { boolean, integer, sequence, tlv } from '../../../../../pki/der/index.js';
import { ext, extension } from '../../../../kit/pki/index.js';
import { change, lastAuthority, someAuthority, type Variation } from '../plan.js';

/** Changes the extensions of some intermediate. */
function ofAuthority(
  rule: string,
  extensions: Parameters<typeof change>[2]['extensions'] & object
): Variation {
  return { rule, apply: (plan, random) => change(plan, someAuthority(plan, random), { extensions }) };
}

function ofLeaf(rule: string, extensions: Parameters<typeof change>[2]['extensions'] & object): Variation {
  return { rule, apply: plan => change(plan, 'leaf', { extensions }) };
}

export const authority: readonly Variation[] = [
  ofAuthority('authority-without-basic-constraints', { basicConstraints: null }),
  ofAuthority('authority-ca-false', { basicConstraints: ext.basicConstraints(false) }),
  ofAuthority('authority-basic-constraints-not-critical', {
    basicConstraints: ext.basicConstraints(true, undefined, false)
  }),
  ofAuthority('authority-path-length-without-ca', {
    basicConstraints: extension('basicConstraints', sequence(integer(1)), true)
  }),
  ofAuthority('authority-ca-false-written-out', {
    basicConstraints: extension('basicConstraints', sequence(boolean(false)), true)
  }),
  ofAuthority('authority-path-length-negative', {
    basicConstraints: extension(
      'basicConstraints',
      sequence(boolean(true), tlv(0x02, Uint8Array.of(0xff))),
      true
    )
  }),
  ofAuthority('authority-path-length-huge', {
    basicConstraints: ext.basicConstraints(true, 0x7fff_ffff)
  }),
  ofAuthority('authority-without-key-usage', { keyUsage: null }),
  ofAuthority('authority-without-key-cert-sign', { keyUsage: ext.keyUsage(['cRLSign', 'digitalSignature']) }),
  ofAuthority('authority-only-key-cert-sign', { keyUsage: ext.keyUsage(['keyCertSign']) }),
  ofAuthority('authority-key-usage-not-critical', {
    keyUsage: ext.keyUsage(['keyCertSign', 'cRLSign'], false)
  }),
  ofAuthority('authority-key-usage-empty', { keyUsage: ext.keyUsage([]) }),
  ofAuthority('authority-path-length-without-key-cert-sign', {
    basicConstraints: ext.basicConstraints(true, 3),
    keyUsage: ext.keyUsage(['cRLSign'])
  }),
  {
    rule: 'path-length-exceeded',
    apply: plan => {
      plan.intermediates = Math.max(2, plan.intermediates);
      change(plan, 0, { pathLength: plan.intermediates - 2 });
    }
  },
  {
    rule: 'path-length-reached',
    apply: plan => change(plan, 0, { pathLength: plan.intermediates - 1 })
  },
  {
    rule: 'path-length-zero-at-the-end',
    apply: plan => change(plan, lastAuthority(plan), { pathLength: 0 })
  },
  {
    rule: 'anchor-path-length-exceeded',
    apply: plan => change(plan, 'anchor', { pathLength: plan.intermediates - 1 })
  },
  {
    rule: 'anchor-path-length-reached',
    apply: plan => change(plan, 'anchor', { pathLength: plan.intermediates })
  },
  {
    rule: 'anchor-without-basic-constraints',
    apply: plan => change(plan, 'anchor', { extensions: { basicConstraints: null } })
  },
  {
    rule: 'anchor-basic-constraints-not-critical',
    apply: plan =>
      change(plan, 'anchor', {
        extensions: { basicConstraints: ext.basicConstraints(true, undefined, false) }
      })
  },
  {
    rule: 'anchor-without-key-usage',
    apply: plan => change(plan, 'anchor', { extensions: { keyUsage: null } })
  },
  {
    rule: 'anchor-without-key-cert-sign',
    apply: plan => change(plan, 'anchor', { extensions: { keyUsage: ext.keyUsage(['cRLSign']) } })
  },
  ofLeaf('leaf-ca-false-empty', { basicConstraints: ext.basicConstraints(false) }),
  ofLeaf('leaf-ca-false-empty-not-critical', {
    basicConstraints: ext.basicConstraints(false, undefined, false)
  }),
  ofLeaf('leaf-path-length-without-ca', {
    basicConstraints: extension('basicConstraints', sequence(integer(0)), true)
  }),
  ofLeaf('leaf-is-an-authority', {
    basicConstraints: ext.basicConstraints(true),
    keyUsage: ext.keyUsage(['keyCertSign'])
  }),
  ofLeaf('leaf-authority-without-key-usage', {
    basicConstraints: ext.basicConstraints(true),
    keyUsage: null
  }),
  ofLeaf('leaf-key-cert-sign-without-ca', { keyUsage: ext.keyUsage(['digitalSignature', 'keyCertSign']) }),
  ofLeaf('leaf-without-key-usage', { keyUsage: null }),
  ofLeaf('leaf-key-usage-empty', { keyUsage: ext.keyUsage([]) }),
  ofLeaf('leaf-key-usage-not-critical', { keyUsage: ext.keyUsage(['digitalSignature'], false) }),
  ofLeaf('leaf-key-usage-nine-bits', { keyUsage: ext.keyUsage(['keyAgreement', 'decipherOnly']) }),
  ofLeaf('leaf-key-usage-trailing-zero-bits', {
    keyUsage: extension('keyUsage', Uint8Array.of(3, 2, 0, 0x80), true)
  })
];
