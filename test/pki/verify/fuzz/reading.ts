/** Everything that reads octets from outside, in one shape: it refuses in the way it says, or it takes. */
import { DerError } from '../../../../pki/der/index.js';
import { parseCertificate, parseCrl, parseRequest, X509Error } from '../../../../pki/x509/index.js';
import { verifyPath, type PathInput } from '../../../../pki/verify/path/verify-path.js';
import { verifyCrl, verifyOcsp } from '../../../../pki/verify/revocation/index.js';
import { verifySignature } from '../../../../pki/verify/signature/index.js';
import { readPathCertificate } from '../../../../pki/verify/path/certificate.js';
import { readCrl } from '../../../../pki/verify/revocation/crl.js';
import { RevocationError } from '../../../../pki/verify/revocation/error.js';
import { readOcspResponse } from '../../../../pki/verify/revocation/ocsp.js';
import {
  anchorKeyOf,
  assemble,
  generalName,
  nameConstraintsValue,
  testMoment,
  type PkiKey
} from '../../../kit/pki/index.js';
import { valueAt } from '../../../kit/der-surgery.js';
import { requestSpecimens, specimensOn, type Specimens } from './specimens.js';

/** What was made of some octets. `told` is every text that a caller might log. */
export interface Outcome {
  readonly taken: boolean;
  readonly told: readonly string[];
}

export interface Reading {
  readonly name: string;
  /** What mutations begin with; each is taken as it is. */
  readonly specimens: readonly Uint8Array[];
  /** Throws only what must never be thrown. */
  readonly read: (octets: Uint8Array) => Outcome;
  /**
   * `der`: what is taken is DER to the last octet. `signed`: besides, it is one of the specimens, since anything else
   * would be a forgery. `any`: the octets are part of something else that is judged.
   */
  readonly takes: 'der' | 'signed' | 'any';
  /** Extensions of a certificate whose values are read, and so must be DER as well, by the hexadecimal content of their identifiers. */
  readonly decodes?: readonly string[];
}

/** Those that the reader of every certificate decodes, and those that paths need besides. */
const decodedAlways = ['551d0e', '551d0f', '551d11', '551d13', '551d20', '551d23', '551d25'] as const;
const decodedInPaths = [
  ...decodedAlways,
  '551d12',
  '551d1e',
  '551d1f',
  '551d21',
  '551d24',
  '551d2e',
  '551d36'
] as const;

const refusals = [DerError, X509Error, RevocationError] as const;

/** A reader that throws coded errors. */
function throwing(
  name: string,
  specimens: readonly Uint8Array[],
  decodes: readonly string[],
  read: (octets: Uint8Array) => unknown
): Reading {
  return {
    name,
    specimens,
    takes: 'der',
    decodes,
    read: octets => {
      try {
        read(octets);
        return { taken: true, told: [] };
      } catch (error) {
        if (error instanceof Error && refusals.some(refusal => error instanceof refusal))
          return { taken: false, told: [error.message] };
        throw error;
      }
    }
  };
}

function pathOutcome(input: PathInput): Outcome {
  const result = verifyPath(input);
  if (result.valid) return { taken: true, told: [] };
  const failures = [result.failure, ...(result.failure.others ?? [])];
  return {
    taken: false,
    told: failures.flatMap(({ code, message, facts }) => [
      code,
      message,
      ...Object.entries(facts ?? {}).flat()
    ])
  };
}

const onePolicy = { initialPolicySet: ['1.3.6.1.4.1.55555.7.1'], explicitPolicy: true };

/** The question about the end entity of the specimens, everything asked for that can be asked. */
function question({ leaf, authority, anchor, crl, delta, anchorCrl }: Specimens): PathInput {
  return {
    certificate: leaf.der,
    intermediates: [authority.der],
    anchors: [anchor.der],
    crls: [crl, delta, anchorCrl],
    at: testMoment,
    revocation: 'chain',
    extendedKeyUsage: 'serverAuth',
    keyUsage: 'digitalSignature',
    policy: onePolicy
  };
}

/** A path of which one part is what is being read. */
function partOfPath(
  name: string,
  specimen: Uint8Array,
  takes: Reading['takes'],
  input: (octets: Uint8Array) => PathInput
): Reading {
  return { name, specimens: [specimen], takes, read: octets => pathOutcome(input(octets)) };
}

/** tbs octets that are signed again after every change: what lies behind the signature is reached. */
function signedAgain(
  signer: PkiKey,
  whole: (signed: Uint8Array) => PathInput
): (octets: Uint8Array) => Outcome {
  return octets => pathOutcome(whole(assemble(octets, { signer })));
}

/** Every text of a verdict, however deep; octets are nobody's text. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Date)
    return [];
  return Object.values(value).flatMap(textsOf);
}

export function readings(): Reading[] {
  const made = specimensOn('P-256');
  const rsa = specimensOn('RSA-2048');
  const { leaf, authority, anchor, responder } = made;
  const asked = question(made);
  const unsignedPart = (der: Uint8Array) => valueAt(der, [0]);
  const signature = Uint8Array.from(valueAt(leaf.der, [2]).subarray(3));
  const tbs = valueAt(leaf.der, [0]);
  const constraints = nameConstraintsValue({
    permitted: [generalName.dns('example'), generalName.directory('O=Fuzz')],
    excluded: [generalName.ip('192.0.2.128/25'), generalName.uri('.bad.example')]
  });
  return [
    throwing(
      'certificate',
      [leaf.der, authority.der, rsa.leaf.der, rsa.anchor.der],
      decodedAlways,
      parseCertificate
    ),
    throwing('request', requestSpecimens(), [], octets => parseRequest(octets)),
    throwing('list of the authorities here', [made.anchorCrl], [], octets => [...parseCrl(octets).entries()]),
    throwing('revocation list', [made.crl, made.delta, made.anchorCrl, rsa.crl], [], octets => [
      ...readCrl(octets).entries()
    ]),
    throwing('OCSP response', [made.ocsp, rsa.ocsp], [], readOcspResponse),
    {
      name: 'certificate of a path',
      specimens: [leaf.der, authority.der, anchor.der, responder.der, rsa.authority.der],
      takes: 'der',
      decodes: decodedInPaths,
      read: octets => {
        const result = readPathCertificate(octets);
        const faults = 'faults' in result ? result.faults : [result];
        return { taken: faults.length === 0, told: textsOf(faults) };
      }
    },

    partOfPath('target', leaf.der, 'signed', certificate => ({ ...asked, certificate })),
    partOfPath('target on RSA', rsa.leaf.der, 'signed', certificate => ({ ...question(rsa), certificate })),
    partOfPath('intermediate', authority.der, 'signed', octets => ({ ...asked, intermediates: [octets] })),
    partOfPath('intermediate beside the right one', authority.der, 'any', octets => ({
      ...asked,
      intermediates: [octets, authority.der]
    })),
    // The signature of an anchor is nobody's: what is taken may differ, as long as it is DER.
    partOfPath('anchor', anchor.der, 'der', octets => ({ ...asked, anchors: [octets] })),
    partOfPath('name of an anchor', anchor.subject, 'any', name => ({
      ...asked,
      anchors: [{ ...anchorKeyOf(anchor), name }]
    })),
    partOfPath('key of an anchor', anchor.key.spki, 'signed', key => ({
      ...asked,
      anchors: [{ ...anchorKeyOf(anchor), key }]
    })),
    partOfPath('constraints of an anchor', constraints, 'der', octets => ({
      ...asked,
      anchors: [anchorKeyOf(anchor, octets)]
    })),
    partOfPath('list', made.crl, 'signed', octets => ({ ...asked, crls: [octets, made.anchorCrl] })),
    partOfPath('delta list', made.delta, 'any', octets => ({
      ...asked,
      crls: [made.crl, octets, made.anchorCrl]
    })),
    partOfPath('response in a path', made.ocsp, 'any', octets => ({
      ...asked,
      revocation: 'leaf',
      crls: [],
      ocspResponses: [octets]
    })),

    {
      name: 'target signed again',
      specimens: [unsignedPart(leaf.der)],
      takes: 'der',
      read: signedAgain(authority.key, certificate => ({ ...asked, certificate }))
    },
    {
      name: 'intermediate signed again',
      specimens: [unsignedPart(authority.der)],
      takes: 'der',
      read: signedAgain(anchor.key, octets => ({ ...asked, intermediates: [octets] }))
    },
    {
      name: 'list signed again',
      specimens: [unsignedPart(made.crl)],
      takes: 'der',
      read: signedAgain(authority.key, octets => ({ ...asked, crls: [octets, made.anchorCrl] }))
    },
    {
      name: 'delta list signed again',
      specimens: [unsignedPart(made.delta)],
      takes: 'any',
      read: signedAgain(authority.key, octets => ({ ...asked, crls: [made.crl, octets, made.anchorCrl] }))
    },

    {
      name: 'verdict on a list',
      specimens: [made.crl],
      takes: 'signed',
      read: crl => {
        const verdict = verifyCrl({ crl, issuer: authority.der, at: testMoment });
        return { taken: verdict.valid, told: textsOf(verdict) };
      }
    },
    {
      name: 'verdict on a response',
      specimens: [made.ocsp],
      takes: 'der',
      read: response => {
        const about = { certificate: leaf.der, issuer: authority.der, at: testMoment };
        const verdict = verifyOcsp({ response, ...about });
        return { taken: verdict.status === 'good', told: textsOf(verdict) };
      }
    },
    {
      name: 'signature',
      specimens: [signature],
      takes: 'signed',
      read: octets => ({
        taken: verifySignature({
          publicKey: authority.key.spki,
          data: tbs,
          signature: octets,
          format: 'der'
        }),
        told: []
      })
    },
    {
      name: 'public key',
      specimens: [authority.key.spki],
      takes: 'signed',
      read: publicKey => ({
        taken: verifySignature({ publicKey, data: tbs, signature, format: 'der' }),
        told: []
      })
    }
  ];
}
