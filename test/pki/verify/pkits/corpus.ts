/** The suite's files, and a question as its tests put it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PathInput } from '../../../../pki/verify/path/verify-path.js';
import { pkitsFolder } from '../../../kit/corpora.js';
import type { PkitsPolicy, PkitsTest } from './tests/pkits-test.js';

/** NIST-test-policy-1 and so on. */
const testPolicies = '2.16.840.1.101.3.2.1.48';

/** Inside the validity of the suite's certificates and lists, January 2010 to December 2030. */
const at = new Date('2020-06-01T00:00:00Z');

function certificate(name: string): Uint8Array {
  return readFileSync(path.join(pkitsFolder, 'certs', `${name}.crt`));
}

function crl(name: string): Uint8Array {
  return readFileSync(path.join(pkitsFolder, 'crls', `${name}.crl`));
}

function policyOf({ initialPolicySet, ...rest }: PkitsPolicy): PathInput['policy'] {
  if (initialPolicySet === undefined) return rest;
  return { ...rest, initialPolicySet: initialPolicySet.map(name => `${testPolicies}.${name.slice(1)}`) };
}

export function questionOfTest(test: PkitsTest): PathInput {
  return {
    certificate: certificate(test.certificate),
    intermediates: test.via.map(name => certificate(`${name}Cert`)),
    anchors: [certificate('TrustAnchorRootCertificate')],
    crls: ['TrustAnchorRootCRL', ...test.crls].map(crl),
    at,
    revocation: 'chain',
    policy: policyOf(test.policy)
  };
}
