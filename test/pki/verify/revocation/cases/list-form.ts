/** What a list must look like before anything it says is believed. */
import { octetString, sequence, tlv } from '../../../../../pki/der/index.js';
import {
  crlDer,
  day,
  ext,
  extension,
  generalName,
  testMoment,
  timeAs,
  unknownExtension,
  type CrlEntryInput,
  type CrlInput,
  type RuleCases
} from '../../../../kit/pki/index.js';
import { listPlaces, resigned } from '../resign.js';
import type { RevocationCase } from '../situation.js';

function aboutLeaf(title: string, expect: string, input: CrlInput): RevocationCase {
  return { title, expect, build: world => ({ target: world.leaf(), crls: [crlDer(world.ca, input)] }) };
}

/** A list with one entry that is not the leaf's. */
function withEntry(title: string, expect: string, entry: Partial<CrlEntryInput>): RevocationCase {
  return aboutLeaf(title, expect, { entries: [{ serial: 7, ...entry }] });
}

const utcOf = (text: string) => tlv(0x17, Buffer.from(text, 'latin1'));

export const rules: readonly RuleCases<RevocationCase>[] = [
  {
    rule: 'a list has version 2',
    clause: 'RFC 5280 5.1.2.1',
    cases: [
      aboutLeaf('version 2', 'valid', {}),
      aboutLeaf('version 1, without the field', 'revocation/malformed', { version: 1 }),
      aboutLeaf('version 1 without extensions', 'revocation/malformed', {
        version: 1,
        extensions: { authorityKeyIdentifier: null, crlNumber: null }
      })
    ]
  },
  {
    rule: 'a list names its issuer',
    clause: 'RFC 5280 5.1.2.3',
    cases: [
      aboutLeaf('the issuer’s name', 'valid', {}),
      aboutLeaf('an empty name', 'revocation/malformed', { name: '' }),
      aboutLeaf('another name', 'revocation/unknown', { name: 'CN=Somebody' })
    ]
  },
  {
    rule: 'dates are UTCTime through 2049 and GeneralizedTime after it',
    clause: 'RFC 5280 5.1.2.4, 5.1.2.5',
    cases: [
      aboutLeaf('nextUpdate in 2050 as GeneralizedTime', 'valid', {
        nextUpdate: timeAs('generalized', new Date('2050-01-01T00:00:00Z'))
      }),
      aboutLeaf('thisUpdate of 2026 as GeneralizedTime', 'revocation/malformed', {
        thisUpdate: timeAs('generalized', new Date('2026-05-31T00:00:00Z'))
      }),
      aboutLeaf('thisUpdate without seconds', 'revocation/malformed', { thisUpdate: utcOf('2605310000Z') }),
      aboutLeaf('thisUpdate on 31 February', 'revocation/malformed', {
        thisUpdate: utcOf('260231000000Z')
      }),
      aboutLeaf('thisUpdate with an offset', 'revocation/malformed', {
        thisUpdate: utcOf('260531000000+0000')
      })
    ]
  },
  {
    rule: 'nextUpdate is there and not before thisUpdate',
    clause: 'RFC 5280 5.1.2.5',
    cases: [
      aboutLeaf('nextUpdate later', 'valid', {}),
      aboutLeaf('no nextUpdate', 'revocation/malformed', { nextUpdate: null }),
      aboutLeaf('nextUpdate before thisUpdate', 'revocation/malformed', {
        thisUpdate: testMoment,
        nextUpdate: new Date(testMoment.getTime() - day)
      })
    ]
  },
  {
    rule: 'cRLNumber is there, not critical, and at most 20 octets',
    clause: 'RFC 5280 5.2.3',
    cases: [
      aboutLeaf('20 octets', 'valid', { number: (1n << 159n) - 1n }),
      aboutLeaf('missing', 'revocation/malformed', { extensions: { crlNumber: null } }),
      aboutLeaf('no extensions at all', 'revocation/malformed', {
        extensions: { crlNumber: null, authorityKeyIdentifier: null }
      }),
      aboutLeaf('critical', 'revocation/malformed', { extensions: { crlNumber: ext.crlNumber(1, true) } }),
      aboutLeaf('negative', 'revocation/malformed', {
        extensions: { crlNumber: extension('crlNumber', Uint8Array.of(2, 1, 0x80)) }
      }),
      aboutLeaf('22 octets', 'revocation/malformed', { number: 1n << 168n })
    ]
  },
  {
    rule: 'an extension of a list stands once, is understood or not critical, and is critical where it must be',
    clause: 'RFC 5280 5.2',
    cases: [
      aboutLeaf('unknown, not critical', 'valid', { moreExtensions: [unknownExtension(false)] }),
      aboutLeaf('unknown, critical', 'revocation/critical-extension', {
        moreExtensions: [unknownExtension(true)]
      }),
      aboutLeaf('twice', 'revocation/malformed', { moreExtensions: [ext.crlNumber(1)] }),
      aboutLeaf('issuerAltName', 'valid', {
        extensions: { issuerAltName: ext.issuerAltName([generalName.dns('ca.example')]) }
      }),
      aboutLeaf('issuerAltName without a name', 'revocation/malformed', {
        extensions: { issuerAltName: ext.issuerAltName([]) }
      }),
      aboutLeaf('freshestCRL', 'valid', {
        extensions: {
          freshestCrl: ext.freshestCrl([{ fullName: [generalName.uri('http://crl.example/delta')] }])
        }
      }),
      aboutLeaf('freshestCRL critical', 'revocation/malformed', {
        extensions: {
          freshestCrl: ext.freshestCrl([{ fullName: [generalName.uri('http://crl.example/delta')] }], true)
        }
      }),
      aboutLeaf('authorityKeyIdentifier critical', 'revocation/malformed', {
        extensions: { authorityKeyIdentifier: extension('authorityKeyIdentifier', sequence(), true) }
      }),
      aboutLeaf('an empty list of extensions', 'revocation/malformed', {
        extensions: { crlNumber: null, authorityKeyIdentifier: null },
        moreExtensions: [new Uint8Array()]
      })
    ]
  },
  {
    rule: 'issuingDistributionPoint is critical, not empty, and of one kind of certificates',
    clause: 'RFC 5280 5.2.5',
    cases: [
      aboutLeaf('onlyContainsUserCerts', 'valid', {
        extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ onlyUserCerts: true }) }
      }),
      aboutLeaf('not critical', 'revocation/malformed', {
        extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ onlyUserCerts: true }, false) }
      }),
      aboutLeaf('empty', 'revocation/malformed', {
        extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({}) }
      }),
      aboutLeaf('user and CA certificates', 'revocation/malformed', {
        extensions: {
          issuingDistributionPoint: ext.issuingDistributionPoint({ onlyUserCerts: true, onlyCaCerts: true })
        }
      }),
      aboutLeaf('a default written out', 'revocation/malformed', {
        extensions: {
          issuingDistributionPoint: extension(
            'issuingDistributionPoint',
            sequence(tlv(0x81, Uint8Array.of(0))),
            true
          )
        }
      }),
      aboutLeaf('onlySomeReasons without a reason', 'revocation/malformed', {
        extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ reasons: [0] }) }
      }),
      aboutLeaf('a field it does not have', 'revocation/malformed', {
        extensions: {
          issuingDistributionPoint: extension(
            'issuingDistributionPoint',
            sequence(tlv(0x81, Uint8Array.of(0xff)), tlv(0x86, Uint8Array.of(0xff))),
            true
          )
        }
      })
    ]
  },
  {
    rule: 'an entry’s extensions stand once, are understood or not critical, and are critical where they must be',
    clause: 'RFC 5280 5.3',
    cases: [
      withEntry('reason and invalidity date', 'valid', {
        reason: 1,
        moreExtensions: [ext.invalidityDate(new Date('2026-01-01T00:00:00Z'))]
      }),
      withEntry('unknown, not critical', 'valid', { moreExtensions: [unknownExtension(false)] }),
      withEntry('unknown, critical', 'revocation/critical-extension', {
        moreExtensions: [unknownExtension(true)]
      }),
      withEntry('twice', 'revocation/malformed', { reason: 1, moreExtensions: [ext.reasonCode(1)] }),
      withEntry('reasonCode critical', 'revocation/malformed', { moreExtensions: [ext.reasonCode(1, true)] }),
      withEntry('reason 7', 'revocation/malformed', { reason: 7 }),
      withEntry('reason 11', 'revocation/malformed', { reason: 11 }),
      withEntry('invalidityDate as UTCTime', 'revocation/malformed', {
        moreExtensions: [extension('invalidityDate', utcOf('260101000000Z'))]
      }),
      withEntry('an empty list of extensions', 'revocation/malformed', {
        moreExtensions: [new Uint8Array()]
      }),
      withEntry('an extension’s value of 70,000 octets', 'revocation/malformed', {
        moreExtensions: [extension('1.3.6.1.4.1.55555.1.2', octetString(new Uint8Array(70_000)))]
      })
    ]
  },
  {
    rule: 'an entry’s serial number has at most 20 octets; not positive ones are read and match nothing',
    clause: 'RFC 5280 4.1.2.2, 5.1.2.6',
    cases: [
      withEntry('20 octets', 'valid', { serial: (1n << 159n) - 1n }),
      withEntry('21 octets', 'revocation/malformed', { serial: 1n << 160n }),
      withEntry('zero', 'valid', { serial: 0 }),
      {
        title: 'the negative number of the same octets',
        expect: 'valid',
        build: world => {
          const target = world.leaf({ serial: 0xff });
          // 255 is 00 FF; FF alone is minus one.
          const entry = sequence(Uint8Array.of(2, 1, 0xff), utcOf('260501000000Z'));
          const list = crlDer(world.ca, { entries: [{ serial: 7 }] });
          return { target, crls: [resigned(list, world.ca, listPlaces.firstEntry, entry)] };
        }
      },
      {
        title: 'the number itself',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf({ serial: 0xff });
          return { target, crls: [crlDer(world.ca, { entries: [{ serial: 0xff }] })] };
        }
      }
    ]
  },
  {
    rule: 'removeFromCRL stands in delta lists only',
    clause: 'RFC 5280 5.3.1',
    cases: [
      withEntry('certificateHold in a complete list', 'valid', { reason: 6 }),
      withEntry('removeFromCRL in a complete list', 'revocation/malformed', { reason: 8 })
    ]
  }
];
