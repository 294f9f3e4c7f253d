import { tlv } from '../../../../../pki/der/index.js';
import { encodeExtension, oids, parseCertificate } from '../../../../../pki/x509/index.js';
import type { SmkiInput } from '../../../../../pki/verify/smki/verify-smki.js';
import { fromHex } from '../../../../kit/der-surgery.js';
import { issue, organisationDomain, type TestEntity } from '../../../../kit/hierarchy.js';
import { extension, unknownExtension } from '../../../../kit/pki/index.js';
import {
  about,
  adding,
  damageSignature,
  dca,
  derOf,
  good,
  made,
  oca,
  replacing,
  rule,
  through,
  type SmkiRules
} from '../world.js';

const organisation = () => good('organisation-ds');
const under = (path: readonly number[], hex: string) => () => {
  const issuer = issue('issuing-oca', { issuer: oca().root, change: replacing(path, fromHex(hex)) });
  return through(issuer, made('organisation-ds', { issuer }));
};
/** An authority that says it has the key of another. */
const impostor = () => {
  const identifier = good('issuing-oca').certificate.subjectKeyIdentifier ?? new Uint8Array();
  const change = replacing([7, 0, 3], encodeExtension(oids.subjectKeyIdentifier, false, tlv(4, identifier)));
  return issue('issuing-oca', { issuer: oca().root, change });
};
const withRoot = (change: (tbs: Uint8Array) => Uint8Array) => () => {
  const root = issue('root-oca', { change });
  const issuer = issue('issuing-oca', { issuer: root });
  return through(issuer, made('organisation-ds', { issuer }), { anchors: derOf([root]) });
};
const damaged = (entity: TestEntity): TestEntity => ({
  ...entity,
  certificate: parseCertificate(damageSignature(entity.certificate.der))
});

export const rules: SmkiRules = [
  rule('The certificate judged is the one handed in', 'RFC 5280 6.1', [
    [
      'a forgery of it, the genuine one among the issuers',
      'path/signature',
      () => about(damaged(organisation()), { issuers: derOf([oca().issuing, organisation()]) })
    ],
    [
      'itself, a forgery of it among the issuers',
      'valid',
      () => about(organisation(), { issuers: derOf([damaged(organisation()), oca().issuing]) })
    ],
    [
      'octets after it',
      'input/certificate',
      () =>
        about(organisation(), { certificate: Buffer.concat([organisation().certificate.der, Buffer.of(0)]) })
    ],
    ['nothing', 'input/certificate', () => about(organisation(), { certificate: new Uint8Array() })],
    ['no moment to judge it at', 'input/time', () => about(organisation(), { at: new Date(Number.NaN) })]
  ]),
  rule('The issuer has the name and the key that the certificate says', 'RFC 5280 6.1.3 a', [
    ['none is known', 'path/issuer-not-found', () => about(organisation(), { issuers: [] })],
    [
      'another key under the name',
      'smki/issuer-key',
      () => through(issue('issuing-oca', { issuer: oca().root }), organisation())
    ],
    ['another key that says it is the one', 'path/signature', () => through(impostor(), organisation())],
    [
      'the key under another name',
      'smki/issuer-name',
      () => {
        const { key } = oca().issuing;
        return through(
          issue('issuing-oca', { issuer: oca().root, key, subject: { commonName: 'Q2' } }),
          organisation()
        );
      }
    ],
    [
      'impostors and the one',
      'valid',
      () => about(organisation(), { issuers: derOf([impostor(), damaged(oca().issuing), oca().issuing]) })
    ],
    ['a damaged copy alone', 'path/signature', () => through(damaged(oca().issuing), organisation()), 1],
    [
      'eight impostors before it: searched within a bound',
      'path/signature',
      () => about(organisation(), { issuers: derOf([...Array.from({ length: 8 }, impostor), oca().issuing]) })
    ]
  ]),
  rule('Above it stands a configured root', 'RFC 5280 6.1.1 d', [
    [
      'the root, among others',
      'valid',
      () => about(organisation(), { anchors: derOf([dca().root, oca().root]) })
    ],
    ['no anchor', 'path/issuer-not-found', () => about(organisation(), { anchors: [] }), 1],
    [
      'the root among the issuers only',
      'path/issuer-not-found',
      () => about(organisation(), { anchors: [], issuers: derOf([oca().issuing, oca().root]) }),
      1
    ],
    [
      'a stranger of the root’s name',
      'smki/issuer-key',
      () => about(organisation(), { anchors: derOf([organisationDomain().root]) }),
      1
    ],
    ['a root that is no anchor', 'path/issuer-not-found', () => about(good('root-oca'), { anchors: [] })],
    [
      'the issuing authority as anchor',
      'path/issuer-not-found',
      () => about(organisation(), { anchors: derOf([oca().issuing]) }),
      1
    ],
    [
      'an anchor that is no certificate',
      'input/anchor',
      () => about(organisation(), { anchors: [fromHex('3000')] })
    ]
  ]),
  rule('An issuer is an authority of the profile that belongs there', 'GBCS 12; RFC 5280 6.1.4', [
    [
      'an organisation that issues devices',
      'path/issuer-authority',
      () => {
        const { certificate, key } = organisation();
        const device = made('device-ds', { issuer: { profile: 'issuing-dca', certificate, key } });
        return through(organisation(), device, { anchors: derOf([oca().root]) });
      },
      1
    ],
    [
      'an Issuing OCA that issues devices',
      'smki/profile',
      () => {
        const device = made('device-ds', { issuer: { ...oca().issuing, profile: 'issuing-dca' } });
        return through(oca().issuing, device, { anchors: derOf([oca().root]) });
      },
      1
    ],
    [
      'a root that issues organisations itself',
      'path/issuer-not-found',
      () => {
        const target = made('organisation-ds', { issuer: { ...oca().root, profile: 'issuing-oca' } });
        return about(target);
      }
    ],
    ['without keyCertSign', 'path/issuer-authority', under([7, 0, 0], '300e0603551d0f0101ff040403020102'), 1],
    ['not a CA', 'path/issuer-authority', under([7, 0, 1], '300c0603551d130101ff04023000'), 1],
    ['another path length', 'smki/profile', under([7, 0, 1], '30120603551d130101ff040830060101ff020101'), 1],
    [
      'basic constraints not critical',
      'smki/profile',
      under([7, 0, 1], '300f0603551d13040830060101ff020100'),
      1
    ],
    [
      'a root whose path length leaves no room',
      'path/issuer-authority',
      withRoot(replacing([7, 0, 1], fromHex('30120603551d130101ff040830060101ff020100'))),
      2
    ],
    ['an extension besides, in the issuer', 'smki/profile', issuerWith(unknownExtension(false)), 1],
    ['a critical one', 'path/critical-extension', issuerWith(unknownExtension(true)), 1],
    ['an extension besides, in the root', 'smki/profile', withRoot(adding(unknownExtension(false))), 2],
    [
      'the contingency key in the root, not critical',
      'valid',
      withRoot(adding(extension(oids.wrappedApexContingencyKey, fromHex('3000'))))
    ],
    [
      'the contingency key in the root, critical',
      'path/critical-extension',
      withRoot(adding(extension(oids.wrappedApexContingencyKey, fromHex('3000'), true))),
      2
    ]
  ]),
  rule('A signature stands over the octets received, in one encoding', 'RFC 5280 4.1.1.3; X.690', [
    ['as it was signed', 'valid', () => about(good('device-ds'))],
    ['one octet of it changed', 'path/signature', () => about(damaged(good('device-ds')))],
    ['over other octets', 'path/signature', () => swappedSignature()],
    [
      'the root’s own, damaged',
      'path/signature',
      () => about(good('device-ds'), { anchors: derOf([damaged(dca().root)]) }),
      2
    ]
  ])
];

function issuerWith(added: Uint8Array) {
  return () => {
    const issuer = issue('issuing-oca', { issuer: oca().root, change: adding(added) });
    return through(issuer, made('organisation-ds', { issuer }));
  };
}

/** Two good certificates of one issuer, the one with the other's signature. */
function swappedSignature(): SmkiInput {
  const [one, other] = [made('device-ds'), made('device-ds')];
  const { der, signature } = one.certificate;
  const head = der.subarray(0, der.length - signature.length);
  const foreign = other.certificate.signature;
  if (foreign.length !== signature.length) return swappedSignature();
  return about(one, { certificate: Buffer.concat([head, foreign]) });
}
