import { integer, sequence, time } from '../../../../../pki/der/index.js';
import {
  algorithmDer,
  ext,
  generalName,
  keyOf,
  timeAs,
  unknownExtension
} from '../../../../kit/pki/index.js';
import { path, type PathRule } from '../cases.js';

const early = new Date('2025-01-01T00:00:00Z');
const late = new Date('2028-01-01T00:00:00Z');

/** Fields of tbsCertificate, and what holds for every extension. */
export const rules: readonly PathRule[] = [
  {
    rule: 'the serial number is positive and has at most 20 octets',
    clause: 'RFC 5280 4.1.2.2',
    cases: [
      path('20 octets', 'valid', { leaf: { serial: Buffer.alloc(20, 0x7f) } }),
      path('zero', 'path/serial', { leaf: { serial: 0 } }),
      path('21 octets', 'path/serial', { leaf: { serial: Buffer.alloc(21, 0x7f) } }),
      path('negative', 'path/serial', { leaf: { raw: { serialNumber: Uint8Array.of(2, 1, 0x80) } } }),
      path('zero in a CA', 'path/serial', { ca: { serial: 0 } }),
      path('zero in the anchor', 'path/serial', { anchor: { serial: 0 } })
    ]
  },
  {
    rule: 'the two signature algorithm fields are the same',
    clause: 'RFC 5280 4.1.1.2',
    cases: [
      path('the same', 'valid', {}),
      path('another inside', 'path/signature-algorithm', {
        leaf: { innerAlgorithm: algorithmDer('ecdsa-sha512') }
      })
    ]
  },
  {
    rule: 'a certificate is signed by its issuer',
    clause: 'RFC 5280 6.1.3 (a)(1)',
    cases: [
      path('signed', 'valid', {}),
      path('signature broken', 'path/signature', { leaf: { signature: 'broken' } }),
      path('the CA’s broken', 'path/signature', { ca: { signature: 'broken' } }),
      path('by another key', 'path/signature', { leaf: { signer: keyOf('P-256', 'stranger') } })
    ]
  },
  {
    rule: 'dates are UTCTime through 2049 and GeneralizedTime after',
    clause: 'RFC 5280 4.1.2.5',
    cases: [
      path('GeneralizedTime in 2050', 'valid', { leaf: { notAfter: new Date('2050-01-01T00:00:00Z') } }),
      path('GeneralizedTime in 2028', 'path/time', { leaf: { notAfter: timeAs('generalized', late) } })
    ]
  },
  {
    rule: 'a certificate is used within its validity, both ends included',
    clause: 'RFC 5280 6.1.3 (a)(2)',
    cases: [
      path('at notBefore', 'valid', { leaf: { notBefore: new Date('2026-06-01T12:00:00Z') } }),
      path('at notAfter', 'valid', { leaf: { notAfter: new Date('2026-06-01T12:00:00Z') } }),
      path('a second early', 'path/not-yet-valid', { leaf: { notBefore: new Date('2026-06-01T12:00:01Z') } }),
      path('a second late', 'path/expired', { leaf: { notAfter: new Date('2026-06-01T11:59:59Z') } }),
      path('CA expired', 'path/expired', { ca: { notAfter: new Date('2026-05-01T00:00:00Z') } }),
      path('CA not yet valid', 'path/not-yet-valid', { ca: { notBefore: new Date('2026-07-01T00:00:00Z') } }),
      path('anchor expired', 'path/expired', { anchor: { notAfter: new Date('2026-05-01T00:00:00Z') } })
    ]
  },
  {
    rule: 'version 3',
    clause: 'RFC 5280 4.1.2.1',
    cases: [
      path('version 3', 'valid', {}),
      path('version 1', 'path/version', { leaf: { version: 1 } }),
      path('version 2', 'path/version', { leaf: { version: 2, extensions: {} } })
    ]
  },
  {
    rule: 'the issuer, and the subject of a CA, are not empty',
    clause: 'RFC 5280 4.1.2.4, 4.1.2.6',
    cases: [
      path('names', 'valid', {}),
      path('empty issuer', 'path/issuer-name', { leaf: { issuer: '' } }),
      path('a CA as target with an empty subject', 'path/subject-name', {
        leafName: '',
        leaf: {
          extensions: {
            basicConstraints: ext.basicConstraints(true),
            keyUsage: ext.keyUsage(['keyCertSign']),
            subjectAltName: ext.subjectAltName([generalName.dns('ca.example')], true)
          }
        }
      }),
      path('CA with an empty subject', 'path/issuer-name', {
        caName: '',
        ca: { extensions: { subjectAltName: ext.subjectAltName([generalName.dns('ca.example')], true) } }
      })
    ]
  },
  {
    rule: 'keys are of P-256, P-384, or RSA of 2048 bits and more',
    clause: 'RFC 5280 4.1.2.7',
    cases: [
      { ...path('P-384', 'valid', { leaf: { kind: 'P-384' } }) },
      path('no key at all', 'path/malformed', {
        leaf: { raw: { subjectPublicKeyInfo: sequence(integer(1)) } }
      })
    ]
  },
  {
    rule: 'a certificate is DER and nothing after it',
    clause: 'RFC 5280 4.1',
    cases: [
      path('one certificate', 'valid', {}),
      path('octets inside tbsCertificate', 'path/malformed', { leaf: { more: integer(1) } }),
      path('a validity of one date', 'path/time', { leaf: { raw: { validity: sequence(time(early)) } } })
    ]
  },
  {
    rule: 'no extension stands twice',
    clause: 'RFC 5280 4.2',
    cases: [
      path('each once', 'valid', {}),
      path('keyUsage twice', 'path/duplicate-extension', {
        leaf: { moreExtensions: [ext.keyUsage(['digitalSignature'])] }
      })
    ]
  },
  {
    rule: 'an unknown critical extension is refused, wherever it stands',
    clause: 'RFC 5280 4.2, 6.1.4 (o), 6.1.5 (f)',
    cases: [
      path('not critical', 'valid', { leaf: { moreExtensions: [unknownExtension(false)] } }),
      path('in the target', 'path/critical-extension', {
        leaf: { moreExtensions: [unknownExtension(true)] }
      }),
      path('in the CA', 'path/critical-extension', { ca: { moreExtensions: [unknownExtension(true)] } }),
      path('in the anchor', 'path/critical-extension', {
        anchor: { moreExtensions: [unknownExtension(true)] }
      })
    ]
  }
];
