import { sequence } from '../../../../../pki/der/index.js';
import { ext, extension, generalName, keyOf } from '../../../../kit/pki/index.js';
import { path, type PathRule } from '../cases.js';

const id = Buffer.from('0102030405060708', 'hex');
const policy = '1.3.6.1.4.1.55555.7.1';
const anyPolicy = '2.5.29.32.0';

/** Each extension of RFC 5280 4.2: where it stands, how it is marked, what it says. */
export const rules: readonly PathRule[] = [
  {
    rule: 'a CA has critical basicConstraints with cA',
    clause: 'RFC 5280 4.2.1.9, 6.1.4 (k)',
    cases: [
      path('critical, cA', 'valid', {}),
      path('missing', 'path/basic-constraints', { ca: { extensions: { basicConstraints: null } } }),
      path('not critical', 'path/basic-constraints', {
        ca: { extensions: { basicConstraints: ext.basicConstraints(true, undefined, false) } }
      }),
      path('cA false, no keyCertSign', 'path/issuer-authority', {
        ca: {
          extensions: {
            basicConstraints: ext.basicConstraints(false),
            keyUsage: ext.keyUsage(['digitalSignature'])
          }
        }
      }),
      path('the anchor without', 'path/basic-constraints', {
        anchor: { extensions: { basicConstraints: null } }
      }),
      path('a path length without cA', 'path/basic-constraints', {
        leaf: { extensions: { basicConstraints: ext.basicConstraints(false, 1) } }
      })
    ]
  },
  {
    rule: 'a CA has keyUsage with keyCertSign, and only a CA has it',
    clause: 'RFC 5280 4.2.1.3, 6.1.4 (n)',
    cases: [
      path('keyCertSign', 'valid', {}),
      path('missing', 'path/key-usage-form', { ca: { extensions: { keyUsage: null } } }),
      path('cRLSign only', 'path/key-usage-form', {
        ca: { extensions: { keyUsage: ext.keyUsage(['cRLSign']) } }
      }),
      path('no bit', 'path/key-usage-form', { leaf: { extensions: { keyUsage: ext.keyUsage([]) } } }),
      path('keyCertSign in an end entity', 'path/basic-constraints', {
        leaf: { extensions: { keyUsage: ext.keyUsage(['keyCertSign']) } }
      })
    ]
  },
  {
    rule: 'subjectKeyIdentifier stands in every CA and is not critical',
    clause: 'RFC 5280 4.2.1.2',
    cases: [
      path('an end entity without', 'valid', { leaf: { extensions: { subjectKeyIdentifier: null } } }),
      path('a CA without', 'path/subject-key-identifier', {
        ca: { extensions: { subjectKeyIdentifier: null } }
      }),
      path('the anchor without', 'path/subject-key-identifier', {
        anchor: { extensions: { subjectKeyIdentifier: null } }
      }),
      path('critical', 'path/subject-key-identifier', {
        leaf: { extensions: { subjectKeyIdentifier: ext.subjectKeyIdentifier(id, true) } }
      })
    ]
  },
  {
    rule: 'authorityKeyIdentifier stands in all that is not self-signed, with a keyIdentifier, and is not critical',
    clause: 'RFC 5280 4.2.1.1',
    cases: [
      path('a self-signed anchor without', 'valid', {
        anchor: { extensions: { authorityKeyIdentifier: null } }
      }),
      path('one that does not match is a hint that does not help', 'valid', {
        leaf: { extensions: { authorityKeyIdentifier: ext.authorityKeyIdentifier(id) } }
      }),
      path('an end entity without', 'path/authority-key-identifier', {
        leaf: { extensions: { authorityKeyIdentifier: null } }
      }),
      path('a CA without', 'path/authority-key-identifier', {
        ca: { extensions: { authorityKeyIdentifier: null } }
      }),
      path('without a keyIdentifier', 'path/authority-key-identifier', {
        leaf: {
          extensions: {
            authorityKeyIdentifier: ext.authorityKeyIdentifier(undefined, {
              name: 'O=Path, CN=Anchor',
              serial: Uint8Array.of(1)
            })
          }
        }
      }),
      path('critical', 'path/authority-key-identifier', {
        leaf: { extensions: { authorityKeyIdentifier: ext.authorityKeyIdentifier(id, undefined, true) } }
      })
    ]
  },
  {
    rule: 'an empty subject has a critical subjectAltName, which is never empty',
    clause: 'RFC 5280 4.1.2.6, 4.2.1.6',
    cases: [
      path('critical', 'valid', {
        leafName: '',
        leaf: { extensions: { subjectAltName: ext.subjectAltName([generalName.dns('a.example')], true) } }
      }),
      path('not critical', 'path/subject-alt-name', {
        leafName: '',
        leaf: { extensions: { subjectAltName: ext.subjectAltName([generalName.dns('a.example')]) } }
      }),
      path('missing', 'path/subject-alt-name', { leafName: '' }),
      path('no name', 'path/subject-alt-name', {
        leaf: { extensions: { subjectAltName: ext.subjectAltName([]) } }
      }),
      path('an empty dNSName', 'path/subject-alt-name', {
        leaf: { extensions: { subjectAltName: ext.subjectAltName([generalName.dns('')]) } }
      }),
      path('NUL in a dNSName', 'path/subject-alt-name', {
        leaf: {
          extensions: { subjectAltName: ext.subjectAltName([generalName.dns('a.example\0.b.example')]) }
        }
      }),
      path('issuerAltName without a name', 'path/issuer-alt-name', {
        leaf: { extensions: { issuerAltName: ext.issuerAltName([]) } }
      })
    ]
  },
  {
    rule: 'policyConstraints is critical, not empty, and stands only in CAs',
    clause: 'RFC 5280 4.2.1.11',
    cases: [
      path('in a CA', 'valid', {
        ca: { extensions: { policyConstraints: ext.policyConstraints({ inhibitMapping: 0 }) } }
      }),
      path('not critical', 'path/policy-constraints', {
        ca: { extensions: { policyConstraints: ext.policyConstraints({ inhibitMapping: 0 }, false) } }
      }),
      path('empty', 'path/policy-constraints', {
        ca: { extensions: { policyConstraints: ext.policyConstraints({}) } }
      }),
      path('in an end entity', 'path/policy-constraints', {
        leaf: { extensions: { policyConstraints: ext.policyConstraints({ inhibitMapping: 0 }) } }
      })
    ]
  },
  {
    rule: 'inhibitAnyPolicy is critical and stands only in CAs',
    clause: 'RFC 5280 4.2.1.14',
    cases: [
      path('in a CA', 'valid', { ca: { extensions: { inhibitAnyPolicy: ext.inhibitAnyPolicy(0) } } }),
      path('not critical', 'path/inhibit-any-policy', {
        ca: { extensions: { inhibitAnyPolicy: ext.inhibitAnyPolicy(0, false) } }
      }),
      path('in an end entity', 'path/inhibit-any-policy', {
        leaf: { extensions: { inhibitAnyPolicy: ext.inhibitAnyPolicy(0) } }
      })
    ]
  },
  {
    rule: 'policyMappings stands only in CAs and never names anyPolicy',
    clause: 'RFC 5280 4.2.1.5',
    cases: [
      path('in a CA', 'valid', {
        ca: { extensions: { policyMappings: ext.policyMappings([[policy, policy]]) } }
      }),
      path('from anyPolicy', 'path/policy-mappings', {
        ca: { extensions: { policyMappings: ext.policyMappings([[anyPolicy, policy]]) } }
      }),
      path('to anyPolicy', 'path/policy-mappings', {
        ca: { extensions: { policyMappings: ext.policyMappings([[policy, anyPolicy]]) } }
      }),
      path('in an end entity', 'path/policy-mappings', {
        leaf: { extensions: { policyMappings: ext.policyMappings([[policy, policy]]) } }
      })
    ]
  },
  {
    rule: 'certificatePolicies names no policy twice and at least one',
    clause: 'RFC 5280 4.2.1.4',
    cases: [
      path('one', 'valid', {
        leaf: { extensions: { certificatePolicies: ext.certificatePolicies([policy]) } }
      }),
      path('twice', 'path/certificate-policies', {
        leaf: { extensions: { certificatePolicies: ext.certificatePolicies([policy, policy]) } }
      }),
      path('none', 'path/certificate-policies', {
        leaf: { extensions: { certificatePolicies: ext.certificatePolicies([]) } }
      })
    ]
  },
  {
    rule: 'nameConstraints is critical, not empty, and stands only in CAs',
    clause: 'RFC 5280 4.2.1.10',
    cases: [
      path('in a CA', 'valid', {
        ca: {
          extensions: { nameConstraints: ext.nameConstraints({ excluded: [generalName.dns('a.example')] }) }
        }
      }),
      path('not critical', 'path/name-constraints-form', {
        ca: {
          extensions: {
            nameConstraints: ext.nameConstraints({ excluded: [generalName.dns('a.example')] }, false)
          }
        }
      }),
      path('empty', 'path/name-constraints-form', {
        ca: { extensions: { nameConstraints: ext.nameConstraints({}) } }
      }),
      path('in an end entity', 'path/name-constraints-form', {
        leaf: {
          extensions: { nameConstraints: ext.nameConstraints({ excluded: [generalName.dns('a.example')] }) }
        }
      }),
      path('a dNSName with a leading dot', 'path/name-constraints-form', {
        ca: {
          extensions: { nameConstraints: ext.nameConstraints({ permitted: [generalName.dns('.a.example')] }) }
        }
      }),
      path('an address mask with a hole', 'path/name-constraints-form', {
        ca: {
          extensions: {
            nameConstraints: ext.nameConstraints({
              permitted: [generalName.ip(Uint8Array.of(192, 0, 2, 0, 255, 0, 255, 0))]
            })
          }
        }
      })
    ]
  },
  {
    rule: 'distribution points name a list or its issuer; freshestCRL is not critical',
    clause: 'RFC 5280 4.2.1.13, 4.2.1.15',
    cases: [
      path('a full name', 'valid', {
        leaf: {
          extensions: {
            crlDistributionPoints: ext.crlDistributionPoints([
              { fullName: [generalName.uri('http://a.example/1')] }
            ])
          }
        }
      }),
      path('reasons alone', 'path/crl-distribution-points', {
        leaf: { extensions: { crlDistributionPoints: ext.crlDistributionPoints([{ reasons: [1] }]) } }
      }),
      path('no point', 'path/crl-distribution-points', {
        leaf: { extensions: { crlDistributionPoints: extension('crlDistributionPoints', sequence()) } }
      }),
      path('freshestCRL critical', 'path/freshest-crl', {
        leaf: {
          extensions: {
            freshestCrl: ext.freshestCrl([{ fullName: [generalName.uri('http://a.example/1')] }], true)
          }
        }
      })
    ]
  },
  {
    rule: 'a purpose asked for is named by the target and by every CA that names any',
    clause: 'RFC 5280 4.2.1.12',
    cases: [
      path('no extension', 'valid', { question: { extendedKeyUsage: 'serverAuth' } }),
      path('named', 'valid', {
        question: { extendedKeyUsage: 'serverAuth' },
        leaf: { extensions: { extendedKeyUsage: ext.extendedKeyUsage(['1.3.6.1.5.5.7.3.1']) } }
      }),
      path('another in the target', 'path/extended-key-usage', {
        question: { extendedKeyUsage: 'serverAuth' },
        leaf: { extensions: { extendedKeyUsage: ext.extendedKeyUsage(['1.3.6.1.5.5.7.3.2']) } }
      }),
      path('another in the CA', 'path/extended-key-usage', {
        question: { extendedKeyUsage: 'serverAuth' },
        ca: { extensions: { extendedKeyUsage: ext.extendedKeyUsage(['1.3.6.1.5.5.7.3.2']) } }
      }),
      path('another in the anchor', 'path/extended-key-usage', {
        question: { extendedKeyUsage: 'serverAuth' },
        anchor: { extensions: { extendedKeyUsage: ext.extendedKeyUsage(['1.3.6.1.5.5.7.3.2']) } }
      }),
      path('anyExtendedKeyUsage alone', 'path/extended-key-usage', {
        question: { extendedKeyUsage: 'serverAuth' },
        leaf: { extensions: { extendedKeyUsage: ext.extendedKeyUsage(['2.5.29.37.0']) } }
      }),
      path('a key usage that does not go with it', 'path/key-usage', {
        question: { extendedKeyUsage: 'serverAuth' },
        leaf: { extensions: { keyUsage: ext.keyUsage(['dataEncipherment']) } }
      }),
      path('an empty list', 'path/extended-key-usage-form', {
        leaf: { extensions: { extendedKeyUsage: ext.extendedKeyUsage([]) } }
      })
    ]
  },
  {
    rule: 'a usage asked for is among the target’s',
    clause: 'RFC 5280 4.2.1.3',
    cases: [
      path('there', 'valid', { question: { keyUsage: 'digitalSignature' } }),
      path('not there', 'path/key-usage', { question: { keyUsage: 'keyAgreement' } })
    ]
  },
  {
    rule: 'an issuer is named as its certificate says',
    clause: 'RFC 5280 6.1.3 (a)(4), 7.1',
    cases: [
      path('another case and spacing', 'valid', { leaf: { issuer: 'O=PATH, CN=  ca ' } }),
      path('another string type', 'valid', { leaf: { issuer: 'O:printable=Path, CN:printable=CA' } }),
      path('another name', 'path/issuer-not-found', { leaf: { issuer: 'O=Path, CN=CB' } }),
      path('the order of the RDNs', 'path/issuer-not-found', { leaf: { issuer: 'CN=CA, O=Path' } }),
      path('an unknown anchor', 'path/signature', {
        anchor: { key: keyOf('P-256', 'another anchor'), signer: keyOf('P-256', 'another anchor') },
        ca: { signer: keyOf('P-256', 'nobody') }
      })
    ]
  }
];
