import { issue, type TestEntity } from '../../../../kit/hierarchy.js';
import { about, dca, derOf, good, made, oca, rule, through, type SmkiRules } from '../world.js';
import type { SmkiInput } from '../../../../../pki/verify/smki/verify-smki.js';

const on = (text: string, more: Partial<SmkiInput> = {}): Partial<SmkiInput> => ({
  at: new Date(text),
  ...more
});
/** Root and issuing authority of devices that end early: 2030 and 2027. */
function endedDomain(): { root: TestEntity; issuing: TestEntity } {
  const root = issue('root-dca', { notAfter: new Date('2030-01-01T00:00:00Z') });
  return {
    root,
    issuing: issue('issuing-dca', { issuer: root, notAfter: new Date('2027-01-01T00:00:00Z') })
  };
}
const ended = (notBefore: string, change: Partial<SmkiInput>) => () => {
  const { root, issuing } = endedDomain();
  const device = made('device-ds', { issuer: issuing, notBefore: new Date(notBefore) });
  return through(issuing, device, { anchors: derOf([root]), ...change });
};
const organisationUnderEnded = (change: Partial<SmkiInput>) => () => {
  const notAfter = new Date('2027-01-01T00:00:00Z');
  const issuer = issue('issuing-oca', { issuer: oca().root, notAfter });
  return through(issuer, made('organisation-ds', { issuer }), change);
};

export const rules: SmkiRules = [
  rule(
    'An organisation’s certificate and its issuers are valid now, ends included',
    'RFC 5280 4.1.2.5, 6.1.3',
    [
      ['the first second', 'valid', () => about(good('organisation-ds'), on('2026-11-23T00:00:00Z'))],
      [
        'the second before',
        'path/not-yet-valid',
        () => about(good('organisation-ds'), on('2026-11-22T23:59:59Z')),
        2
      ],
      ['the last second', 'valid', () => about(good('organisation-ds'), on('2036-11-22T23:59:59Z'))],
      ['the second after', 'path/expired', () => about(good('organisation-ds'), on('2036-11-23T00:00:00Z'))],
      [
        'not begun',
        'path/not-yet-valid',
        () => about(made('organisation-ds', { notBefore: new Date('2026-12-01T00:00:00Z') }))
      ],
      ['an issuer in its last second', 'valid', organisationUnderEnded(on('2027-01-01T00:00:00Z'))],
      ['an issuer that expired', 'path/expired', organisationUnderEnded(on('2027-01-01T00:00:01Z')), 1],
      [
        'the rule of devices asked for it',
        'input/time-rule',
        organisationUnderEnded(on('2027-01-01T00:00:01Z', { timeRule: 'issuer-valid-when-issued' }))
      ]
    ]
  ),
  rule('A device’s issuers were valid when it was issued', 'GBCS 12; RFC 5280 4.1.2.5', [
    ['long after both have expired', 'valid', ended('2026-12-01T00:00:00Z', on('2126-01-01T00:00:00Z'))],
    [
      'issued in the issuer’s last second',
      'valid',
      ended('2027-01-01T00:00:00Z', on('2126-01-01T00:00:00Z'))
    ],
    [
      'issued after the issuer expired',
      'smki/issuer-not-valid-at-issue',
      ended('2027-01-01T00:00:01Z', on('2028-01-01T00:00:00Z')),
      1
    ],
    [
      'issued before the issuer began',
      'smki/issuer-not-valid-at-issue',
      ended('2026-11-22T23:59:59Z', on('2028-01-01T00:00:00Z')),
      2
    ],
    [
      'issued before the issuer began, though the root had',
      'smki/issuer-not-valid-at-issue',
      () => {
        const issuer = issue('issuing-dca', {
          issuer: dca().root,
          notBefore: new Date('2027-01-01T00:00:00Z')
        });
        const device = made('device-ka', { issuer, notBefore: new Date('2026-12-01T00:00:00Z') });
        return through(issuer, device, on('2028-01-01T00:00:00Z'));
      },
      1
    ],
    ['not begun', 'path/not-yet-valid', ended('2026-12-01T00:00:00Z', on('2026-11-30T23:59:59Z'))],
    [
      'all valid now, asked for by name, and so they are',
      'valid',
      () => about(good('device-ds'), { timeRule: 'all-valid-now' })
    ],
    [
      'all valid now, and the issuer has expired',
      'path/expired',
      ended('2026-12-01T00:00:00Z', on('2028-01-01T00:00:00Z', { timeRule: 'all-valid-now' })),
      1
    ]
  ]),
  rule('An authority certified again serves with the certificate that holds', 'RFC 5280 6.1', [
    [
      'the expired one alone',
      'path/expired',
      () => {
        const old = issue('issuing-oca', { issuer: oca().root, notAfter: new Date('2027-01-01T00:00:00Z') });
        return through(old, made('organisation-ds', { issuer: old }), on('2028-01-01T00:00:00Z'));
      },
      1
    ],
    [
      'an expired one and its successor with the same key',
      'valid',
      () => {
        const old = issue('issuing-oca', { issuer: oca().root, notAfter: new Date('2027-01-01T00:00:00Z') });
        const again = issue('issuing-oca', { issuer: oca().root, key: old.key });
        const target = made('organisation-ds', { issuer: old });
        return about(target, { issuers: derOf([old, again]), ...on('2028-01-01T00:00:00Z') });
      }
    ]
  ])
];
