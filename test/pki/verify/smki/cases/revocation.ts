import { sequence } from '../../../../../pki/der/index.js';
import { assembleCrl } from '../../../../../pki/profile/index.js';
import { encodeExtension, oids, parseCrl } from '../../../../../pki/x509/index.js';
import { testCrl } from '../../../../kit/certificates.js';
import { fromHex } from '../../../../kit/der-surgery.js';
import { issue, type TestEntity } from '../../../../kit/hierarchy.js';
import { signRaw } from '../../../../kit/keys.js';
import type { SmkiInput } from '../../../../../pki/verify/smki/verify-smki.js';
import {
  about,
  dca,
  derOf,
  entryFor,
  good,
  ica,
  listOf,
  made,
  oca,
  replacing,
  rule,
  through,
  type SmkiRules
} from '../world.js';

const organisation = () => good('organisation-ds');
const leaf = (...crls: readonly Uint8Array[]) => about(organisation(), { crls, revocation: 'leaf' });
const chain = (...crls: readonly Uint8Array[]) => about(organisation(), { crls, revocation: 'chain' });
const crl = (change: Parameters<typeof listOf>[1] = {}) => listOf(oca().issuing, change);
const arl = (change: Parameters<typeof listOf>[1] = {}) => listOf(oca().root, change);
const day = (text: string) => new Date(`2026-11-${text}Z`);
/** A list in force with one more extension, which is not critical. */
const withExtension = (identifier: string, critical: boolean) =>
  testCrl({
    key: oca().issuing.key,
    issuer: oca().issuing.certificate.subject.der,
    thisUpdate: day('23T10:00:00'),
    nextUpdate: day('25T10:00:00'),
    moreExtensions: [encodeExtension(identifier, critical, sequence())]
  });
const forged = () => {
  const { tbs } = parseCrl(crl());
  return assembleCrl(tbs, 'P-256', signRaw(issue('issuing-oca', { issuer: oca().root }).key, tbs));
};
const device = (change: Partial<SmkiInput>) => () => about(good('device-ds'), change);

export const rules: SmkiRules = [
  rule('An organisation is not on its issuer’s list in force', 'RFC 5280 6.3; certificate policies', [
    ['a list without it', 'valid', () => leaf(crl())],
    ['a list with others', 'valid', () => leaf(crl({ entries: [entryFor(made('organisation-ds'))] }))],
    ['listed', 'revocation/revoked', () => leaf(crl({ entries: [entryFor(organisation())] }))],
    [
      'listed with a date to come',
      'revocation/revoked',
      () => leaf(crl({ entries: [{ ...entryFor(organisation()), date: day('24T10:00:00') }] }))
    ],
    [
      'listed, and a newer list has dropped it',
      'revocation/revoked',
      () => leaf(crl({ number: 2n }), crl({ number: 1n, entries: [entryFor(organisation())] }))
    ],
    [
      'listed by a list that is past',
      'revocation/revoked',
      () =>
        leaf(
          crl({
            entries: [entryFor(organisation())],
            thisUpdate: day('21T10:00:00'),
            nextUpdate: day('22T10:00:00')
          })
        )
    ],
    [
      'listed, and revocation not asked for',
      'valid',
      () => about(organisation(), { crls: [crl({ entries: [entryFor(organisation())] })] })
    ]
  ]),
  rule('What is not known is not good', 'RFC 5280 6.3.3', [
    ['no list', 'revocation/unknown', () => leaf()],
    ['the list of the root', 'revocation/unknown', () => leaf(arl())],
    [
      'a list past its nextUpdate',
      'revocation/stale',
      () => leaf(crl({ thisUpdate: day('21T10:00:00'), nextUpdate: day('23T10:29:59') }))
    ],
    [
      'a list at its nextUpdate',
      'valid',
      () => leaf(crl({ thisUpdate: day('21T10:00:00'), nextUpdate: day('23T10:30:00') }))
    ],
    ['a list at its thisUpdate', 'valid', () => leaf(crl({ thisUpdate: day('23T10:30:00') }))],
    [
      'a list before its thisUpdate',
      'revocation/not-yet-valid',
      () => leaf(crl({ thisUpdate: day('23T10:30:01') }))
    ],
    [
      'a list past and one in force',
      'valid',
      () =>
        leaf(
          crl({ number: 1n, thisUpdate: day('21T10:00:00'), nextUpdate: day('22T10:00:00') }),
          crl({ number: 2n })
        )
    ],
    ['a list that is none', 'revocation/unknown', () => leaf(fromHex('3003020101'))],
    ['a list with octets after it', 'revocation/unknown', () => leaf(Buffer.concat([crl(), Buffer.of(0)]))]
  ]),
  rule('A list is its issuer’s own, complete and direct', 'RFC 5280 5.2, 6.3.3 f and g', [
    [
      'by another key under the name',
      'revocation/unknown',
      () => leaf(listOf(issue('issuing-oca', { issuer: oca().root })))
    ],
    ['by another key that says it is the one', 'revocation/signature', () => leaf(forged())],
    ['a forged one and the genuine', 'valid', () => leaf(forged(), crl())],
    ['changed after it was signed', 'revocation/signature', () => leaf(changedList())],
    [
      'by an issuer that may not sign lists',
      // Refused before its list is: the profile of an issuing authority has cRLSign.
      'smki/profile',
      () => {
        const issuer = issue('issuing-oca', {
          issuer: oca().root,
          change: replacing([7, 0, 0], fromHex('300e0603551d0f0101ff040403020204'))
        });
        return through(issuer, made('organisation-ds', { issuer }), {
          revocation: 'leaf',
          crls: [listOf(issuer)]
        });
      },
      1
    ],
    ['with a scope', 'revocation/scope', () => leaf(withExtension(oids.issuingDistributionPoint, false))],
    [
      'with a critical scope: not read',
      'revocation/unknown',
      () => leaf(withExtension(oids.issuingDistributionPoint, true))
    ],
    ['a delta', 'revocation/scope', () => leaf(withExtension(oids.deltaCrlIndicator, false))],
    [
      'with an unknown extension, not critical',
      'valid',
      () => leaf(withExtension('1.3.6.1.4.1.99999.1', false))
    ]
  ]),
  rule('Of the whole chain, the authorities are on no ARL', 'RFC 5280 6.3; certificate policies', [
    ['CRL and ARL', 'valid', () => chain(crl(), arl())],
    ['no ARL', 'revocation/unknown', () => chain(crl()), 1],
    [
      'an ARL that is past',
      'revocation/stale',
      () => chain(crl(), arl({ thisUpdate: day('21T10:00:00'), nextUpdate: day('22T10:00:00') })),
      1
    ],
    [
      'the issuer on the ARL',
      'revocation/revoked',
      () => chain(crl(), arl({ entries: [entryFor(oca().issuing)] })),
      1
    ],
    [
      'the issuer on the ARL, only the certificate asked for',
      'valid',
      () => leaf(crl(), arl({ entries: [entryFor(oca().issuing)] }))
    ],
    ['an ARL signed by the issuer itself', 'revocation/unknown', () => chain(crl(), crl({ number: 7n })), 1],
    [
      'the issuer itself as what is asked about',
      'revocation/revoked',
      () =>
        about(good('issuing-oca'), {
          revocation: 'leaf',
          crls: [arl({ entries: [entryFor(oca().issuing)] })]
        })
    ],
    [
      'the root itself, which nobody revokes',
      'valid',
      () => about(good('root-oca'), { revocation: 'chain' })
    ],
    [
      'an authority certified twice, one of the two revoked',
      'valid',
      () => {
        const { key } = oca().issuing;
        const again = issue('issuing-oca', { issuer: oca().root, key });
        const crls = [crl(), arl({ entries: [entryFor(oca().issuing)] })];
        return about(organisation(), { issuers: derOf([oca().issuing, again]), crls, revocation: 'chain' });
      }
    ]
  ]),
  rule(
    'Devices have no list; where their authorities have one it is obeyed',
    'RFC 5280 6.3; certificate policies',
    [
      ['the device alone', 'valid', device({ revocation: 'leaf' })],
      ['the chain, no list anywhere', 'valid', device({ revocation: 'chain' })],
      ['an ARL without the issuer', 'valid', () => withLists(dca().root, {})],
      [
        'the issuer on an ARL',
        'revocation/revoked',
        () => withLists(dca().root, { entries: [entryFor(dca().issuing)] }),
        1
      ],
      [
        'an ARL that is past',
        'revocation/stale',
        () => withLists(dca().root, { thisUpdate: day('21T10:00:00'), nextUpdate: day('22T10:00:00') }),
        1
      ],
      [
        'listed all the same by its issuer',
        'revocation/revoked',
        () => withLists(dca().issuing, { entries: [entryFor(good('device-ds'))] })
      ]
    ]
  ),
  rule(
    'IKI clients are on no list of theirs',
    'RFC 5280 6.3; certificate policies',
    [
      ['CRL and ARL', 'valid', () => client()],
      ['listed', 'revocation/revoked', () => client({ entries: [entryFor(good('iki-client'))] })],
      ['no list', 'revocation/unknown', () => about(good('iki-client'), { revocation: 'chain' })]
    ],
    ['RSA-2048']
  )
];

function withLists(issuer: TestEntity, change: Parameters<typeof listOf>[1]): SmkiInput {
  return about(good('device-ds'), { revocation: 'chain', crls: [listOf(issuer, change)] });
}

function client(change: Parameters<typeof listOf>[1] = {}): SmkiInput {
  const crls = [listOf(ica().issuing, change), listOf(ica().root)];
  return about(good('iki-client'), { revocation: 'chain', crls });
}

/** nextUpdate moved by two days. */
function changedList(): Uint8Array {
  const changed = Buffer.from(crl());
  const at = changed.indexOf('261125100000Z');
  changed.write('261127100000Z', at, 'latin1');
  return changed;
}
