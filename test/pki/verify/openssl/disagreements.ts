/**
 * Where our verdict and that of `openssl verify -x509_strict` differ, by the rule of the variation that makes them
 * differ. Accepting what OpenSSL refuses needs a clause that says so, and excuses the one complaint named. An entry
 * that is not met any more fails.
 */
export interface Disagreement {
  readonly rule: string;
  /** `valid`, or the code with which we refuse. */
  readonly here: string;
  /** OpenSSL's number of the error, where it refuses. */
  readonly complaint?: number;
  readonly clause: string;
  readonly reason: string;
}

export const disagreements: readonly Disagreement[] = [
  // Accepted here.
  {
    rule: 'anchor-authority-key-identifier-of-another-key',
    here: 'valid',
    complaint: 2,
    clause: 'RFC 5280 6.1.1 (d)',
    reason: 'An anchor is a name and a key; who signed its certificate is not asked.'
  },
  {
    rule: 'authority-authority-key-identifier-of-another-key',
    here: 'valid',
    complaint: 20,
    clause: 'RFC 5280 6.1, 4.2.1.1',
    reason:
      'Key identifiers help to build a path; validation does not ask for them. The signature says who signed.'
  },
  {
    rule: 'authority-subject-key-identifier-of-another-key',
    here: 'valid',
    complaint: 20,
    clause: 'RFC 5280 6.1, 4.2.1.1',
    reason:
      'Key identifiers help to build a path; validation does not ask for them. The signature says who signed.'
  },
  {
    rule: 'damaged-copy-beside',
    here: 'valid',
    complaint: 7,
    clause: 'RFC 5280 6.1',
    reason: 'Any valid path makes a certificate valid; OpenSSL follows the first.'
  },
  {
    rule: 'dead-end-beside',
    here: 'valid',
    complaint: 20,
    clause: 'RFC 5280 6.1',
    reason: 'Any valid path makes a certificate valid; OpenSSL follows the first.'
  },
  {
    rule: 'intermediate-is-the-anchor',
    here: 'valid',
    complaint: 2,
    clause: 'RFC 5280 6.1.1 (d)',
    reason: 'Whom the caller names is an anchor, self-signed or not.'
  },
  {
    rule: 'leaf-authority-key-identifier-of-another-key',
    here: 'valid',
    complaint: 20,
    clause: 'RFC 5280 6.1, 4.2.1.1',
    reason:
      'Key identifiers help to build a path; validation does not ask for them. The signature says who signed.'
  },
  {
    rule: 'leaf-not-after-now',
    here: 'valid',
    complaint: 10,
    clause: 'RFC 5280 4.1.2.5',
    reason: 'The validity period includes notAfter; OpenSSL counts that second as past.'
  },
  {
    rule: 'name-constraints-other-name',
    here: 'valid',
    complaint: 51,
    clause: 'RFC 5280 4.2.1.10',
    reason: 'Compared by type and octets; OpenSSL does not process the type.'
  },
  {
    rule: 'name-constraints-registered-id',
    here: 'valid',
    complaint: 51,
    clause: 'RFC 5280 4.2.1.10',
    reason: 'The syntax of the constraint is the name itself; OpenSSL does not process the type.'
  },

  // Refused here.
  {
    rule: 'algorithm-parameters-null-or-absent',
    here: 'path/signature-algorithm',
    clause: 'RFC 5758 3.2, RFC 4055 5',
    reason: 'Parameters are absent for ECDSA and NULL for RSA.'
  },
  {
    rule: 'anchor-is-the-target',
    here: 'path/explicit-policy',
    clause: 'RFC 5280 6.1.5',
    reason: 'An explicit policy that is required is required of the anchor’s own certificate too.'
  },
  {
    rule: 'anchor-serial-zero',
    here: 'path/serial',
    clause: 'RFC 5280 4.1.2.2',
    reason: 'Serial numbers are positive; the certificate of an anchor is held to section 4 like any other.'
  },
  {
    rule: 'authority-serial-zero',
    here: 'path/serial',
    clause: 'RFC 5280 4.1.2.2',
    reason: 'Serial numbers are positive.'
  },
  {
    rule: 'authority-signed-sha-1',
    here: 'path/signature-algorithm',
    clause: 'RFC 6194 3',
    reason: 'SHA-1 is not believed.'
  },
  {
    rule: 'certificate-length-in-long-form',
    here: 'path/malformed',
    clause: 'X.690 10.1',
    reason: 'Lengths have their shortest form in DER; OpenSSL encodes again what it read.'
  },
  {
    rule: 'depth-of-nine',
    here: 'path/depth',
    clause: 'DESIGN',
    reason: 'At most eight intermediates unless the caller allows more.'
  },
  {
    rule: 'generalized-time-before-2050',
    here: 'path/time',
    clause: 'RFC 5280 4.1.2.5',
    reason: 'Dates through 2049 are UTCTime.'
  },
  {
    rule: 'inhibit-any-policy-in-the-leaf',
    here: 'path/inhibit-any-policy',
    clause: 'RFC 5280 4.2.1.14',
    reason: 'inhibitAnyPolicy stands in certificates of authorities only.'
  },
  {
    rule: 'inhibit-any-policy-negative',
    here: 'path/inhibit-any-policy',
    clause: 'RFC 5280 4.2.1.14',
    reason: 'SkipCerts is not negative.'
  },
  {
    rule: 'inhibit-any-policy-not-critical',
    here: 'path/inhibit-any-policy',
    clause: 'RFC 5280 4.2.1.14',
    reason: 'inhibitAnyPolicy is critical.'
  },
  {
    rule: 'key-ed25519',
    here: 'path/public-key',
    clause: 'RFC 8410',
    reason: 'Keys are on P-256 or P-384, or RSA.'
  },
  {
    rule: 'key-p-521',
    here: 'path/public-key',
    clause: 'RFC 5480 2.1.1.1',
    reason: 'Keys are on P-256 or P-384, or RSA.'
  },
  {
    rule: 'key-rsa-1024',
    here: 'path/public-key',
    clause: 'RFC 8017, SP 800-131A 3',
    reason: 'RSA keys below 2048 bits are not believed.'
  },
  {
    rule: 'key-secp256k1',
    here: 'path/public-key',
    clause: 'RFC 5480 2.1.1.1',
    reason: 'Keys are on P-256 or P-384, or RSA.'
  },
  {
    rule: 'leaf-critical-false-written-out',
    here: 'path/malformed',
    clause: 'X.690 11.5',
    reason: 'A default value is not written in DER.'
  },
  {
    rule: 'leaf-issuer-alternative-names-empty',
    here: 'path/issuer-alt-name',
    clause: 'RFC 5280 4.2.1.7',
    reason: 'GeneralNames has at least one member.'
  },
  {
    rule: 'leaf-key-usage-trailing-zero-bits',
    here: 'path/key-usage-form',
    clause: 'X.690 11.2.2',
    reason: 'Trailing zero bits of a named bit list are left out in DER.'
  },
  {
    rule: 'leaf-purposes-empty',
    here: 'path/extended-key-usage-form',
    clause: 'RFC 5280 4.2.1.12',
    reason: 'ExtKeyUsageSyntax has at least one member.'
  },
  {
    rule: 'leaf-serial-negative',
    here: 'path/serial',
    clause: 'RFC 5280 4.1.2.2',
    reason: 'Serial numbers are positive.'
  },
  {
    rule: 'leaf-serial-of-21-octets',
    here: 'path/serial',
    clause: 'RFC 5280 4.1.2.2',
    reason: 'Serial numbers have at most 20 octets.'
  },
  {
    rule: 'leaf-serial-zero',
    here: 'path/serial',
    clause: 'RFC 5280 4.1.2.2',
    reason: 'Serial numbers are positive.'
  },
  {
    rule: 'leaf-unique-identifiers',
    here: 'path/version',
    clause: 'RFC 5280 4.1.2.8',
    reason: 'Conforming authorities make no unique identifiers.'
  },
  {
    rule: 'leaf-unknown-extension-twice',
    here: 'path/duplicate-extension',
    clause: 'RFC 5280 4.2',
    reason: 'No extension stands twice.'
  },
  {
    rule: 'leaf-version-1',
    here: 'path/version',
    clause: 'RFC 5280 4.2.1.1',
    reason:
      'authorityKeyIdentifier stands in every certificate that is not self-signed; version 1 cannot have it.'
  },
  {
    rule: 'leaf-version-4',
    here: 'path/version',
    clause: 'RFC 5280 4.1.2.1',
    reason: 'There is no version 4.'
  },
  {
    rule: 'mappings-empty',
    here: 'path/policy-mappings',
    clause: 'RFC 5280 4.2.1.5',
    reason: 'policyMappings has at least one member.'
  },
  {
    rule: 'mappings-from-any',
    here: 'path/policy-mappings',
    clause: 'RFC 5280 4.2.1.5',
    reason: 'Nothing is mapped from or to anyPolicy.'
  },
  {
    rule: 'mappings-in-the-leaf',
    here: 'path/policy-mappings',
    clause: 'RFC 5280 4.2.1.5',
    reason: 'policyMappings stands in certificates of authorities only.'
  },
  {
    rule: 'mappings-to-any',
    here: 'path/policy-mappings',
    clause: 'RFC 5280 4.2.1.5',
    reason: 'Nothing is mapped from or to anyPolicy.'
  },
  {
    rule: 'name-constraints-dns-with-leading-dot',
    here: 'path/name-constraints-form',
    clause: 'RFC 5280 4.2.1.10',
    reason: 'A constraint on host names does not begin with a dot.'
  },
  {
    rule: 'name-constraints-empty',
    here: 'path/name-constraints-form',
    clause: 'RFC 5280 4.2.1.10',
    reason: 'Authorities do not issue empty name constraints.'
  },
  {
    rule: 'name-constraints-in-the-leaf',
    here: 'path/name-constraints-form',
    clause: 'RFC 5280 4.2.1.10',
    reason: 'nameConstraints stands in certificates of authorities only.'
  },
  {
    rule: 'name-constraints-ip-mask-with-holes',
    here: 'path/name-constraints-form',
    clause: 'RFC 5280 4.2.1.10, RFC 4632 3.1',
    reason: 'The mask of a range is a prefix.'
  },
  {
    rule: 'name-constraints-ip-of-odd-length',
    here: 'path/name-constraints-form',
    clause: 'RFC 5280 4.2.1.10',
    reason: 'An address in a constraint has 8 or 32 octets; OpenSSL sees it only when it compares one.'
  },
  {
    rule: 'name-constraints-maximum',
    here: 'path/name-constraints-form',
    clause: 'RFC 5280 4.2.1.10',
    reason: 'maximum is absent.'
  },
  {
    rule: 'name-constraints-minimum-one',
    here: 'path/name-constraints-form',
    clause: 'RFC 5280 4.2.1.10',
    reason: 'minimum is zero.'
  },
  {
    rule: 'name-constraints-minimum-zero-written-out',
    here: 'path/name-constraints-form',
    clause: 'X.690 11.5',
    reason: 'A default value is not written in DER.'
  },
  {
    rule: 'name-constraints-not-critical',
    here: 'path/name-constraints-form',
    clause: 'RFC 5280 4.2.1.10',
    reason: 'nameConstraints is critical.'
  },
  {
    rule: 'name-constraints-permitted-empty',
    here: 'path/name-constraints-form',
    clause: 'RFC 5280 4.2.1.10',
    reason: 'GeneralSubtrees has at least one member.'
  },
  {
    rule: 'octets-after-the-certificate',
    here: 'path/malformed',
    clause: 'X.690 10, RFC 5280 4.1',
    reason: 'Nothing follows the certificate; OpenSSL leaves off what follows.'
  },
  {
    rule: 'policies-empty',
    here: 'path/certificate-policies',
    clause: 'RFC 5280 4.2.1.4',
    reason: 'certificatePolicies has at least one member.'
  },
  {
    rule: 'policy-anchor-of-another',
    here: 'path/explicit-policy',
    clause: 'RFC 5937 4',
    reason:
      'The policies of an anchor’s certificate bind what is under it; OpenSSL leaves those of a self-signed one out.'
  },
  {
    rule: 'policy-constraints-not-critical',
    here: 'path/policy-constraints',
    clause: 'RFC 5280 4.2.1.11',
    reason: 'policyConstraints is critical.'
  },
  {
    rule: 'policy-explicit-by-the-leaf',
    here: 'path/policy-constraints',
    clause: 'RFC 5280 4.2.1.11',
    reason: 'policyConstraints stands in certificates of authorities only.'
  },
  {
    rule: 'signed-md5',
    here: 'path/signature-algorithm',
    clause: 'RFC 6151 2',
    reason: 'MD5 is not believed.'
  },
  {
    rule: 'signed-sha-1',
    here: 'path/signature-algorithm',
    clause: 'RFC 6194 3, RFC 8017 B.1',
    reason: 'SHA-1 is not believed.'
  },
  {
    rule: 'subject-bad-printable-string',
    here: 'path/malformed',
    clause: 'X.680 41.4',
    reason: 'Characters outside the alphabet of PrintableString.'
  }
];
