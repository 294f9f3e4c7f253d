import { sameOctets } from '../../der/octets.js';
import type { ConformanceRule } from './conformance.js';
import { isEmptyName } from './name.js';
import { extensionOids } from './extensions.js';

const isCritical = (extension: { readonly critical: boolean } | undefined) => extension?.critical === true;

/** Rules about the fields of tbsCertificate (RFC 5280 4.1). */
export const fieldRules: readonly ConformanceRule[] = [
  {
    code: 'path/signature-algorithm',
    clause: '4.1.1.2',
    rule: 'the two signature algorithm fields are the same',
    keeps: ({ tbsSignatureAlgorithm, signatureAlgorithm }) =>
      tbsSignatureAlgorithm !== undefined && sameOctets(tbsSignatureAlgorithm.der, signatureAlgorithm.der)
  },
  {
    code: 'path/version',
    clause: '4.1.2.1',
    rule: 'a certificate with the extensions that section 4.2 demands is of version 3',
    keeps: ({ version }) => version === 3
  },
  {
    code: 'path/serial',
    clause: '4.1.2.2',
    rule: 'the serial number is positive and has at most 20 octets',
    keeps: ({ serial }) =>
      serial.length <= 20 && (serial[0] as number) < 0x80 && !(serial.length === 1 && serial[0] === 0)
  },
  {
    code: 'path/issuer-name',
    clause: '4.1.2.4',
    rule: 'the issuer is not empty',
    keeps: ({ issuer }) => !isEmptyName(issuer)
  },
  {
    code: 'path/subject-name',
    clause: '4.1.2.6',
    rule: 'the subject of a CA is not empty',
    keeps: ({ subject, basicConstraints, keyUsage }) =>
      !isEmptyName(subject) || (basicConstraints?.ca !== true && keyUsage?.includes('cRLSign') !== true)
  },
  {
    code: 'path/subject-alt-name',
    clause: '4.2.1.6',
    rule: 'an empty subject goes with a critical subjectAltName',
    keeps: ({ subject, extensions }) =>
      !isEmptyName(subject) || isCritical(extensions.find(({ oid }) => oid === extensionOids.subjectAltName))
  },
  {
    // DESIGN: below 2048 bits RSA is forged too cheaply (SP 800-57); above 8192 a verification costs milliseconds.
    code: 'path/public-key',
    clause: '4.1.2.7',
    rule: 'an RSA key has 2048 to 8192 bits',
    keeps: ({ publicKey }) =>
      publicKey.algorithm !== 'RSA' || (publicKey.bits >= 2_048 && publicKey.bits <= 8_192)
  }
];
