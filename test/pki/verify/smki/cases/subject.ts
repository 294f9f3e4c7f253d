import { defaultPolicy, policyWith } from '../../../../../pki/profile/index.js';
import { fromHex } from '../../../../kit/der-surgery.js';
import { testSubjects } from '../../../../kit/hierarchy.js';
import type { SmkiInput } from '../../../../../pki/verify/smki/verify-smki.js';
import { about, good, made, rule, type SmkiRules } from '../world.js';

const organisation = (change: Partial<SmkiInput>) => () => about(good('organisation-ds'), change);
const device = (change: Partial<SmkiInput>) => () => about(good('device-ds'), change);
const hwType = '1.2.826.0.1.9999999.1.2.2.1';
const unconfirmed =
  (change: Partial<SmkiInput> = {}) =>
  () =>
    about(
      made('organisation-ds', { subject: { organisationalUnit: '83', eui: 0x90b3d51f30aa0001n } }),
      change
    );

export const rules: SmkiRules = [
  rule('A certificate serves the purpose asked for', 'GBCS 12, key usage and role', [
    ['its own profile', 'valid', device({ purpose: 'device-ds' })],
    ['the other usage', 'smki/purpose', device({ purpose: 'device-ka' })],
    ['a kind of subject', 'valid', device({ purpose: 'device' })],
    ['the other kind', 'smki/purpose', device({ purpose: 'organisation' })],
    ['signing by whomever', 'valid', organisation({ purpose: 'digital-signature' })],
    ['XML signing by a device-facing role', 'smki/purpose', organisation({ purpose: 'xml-signing' })],
    ['XML signing', 'valid', () => about(good('organisation-xml'), { purpose: 'xml-signing' })],
    ['an issuing authority', 'valid', () => about(good('issuing-dca'), { purpose: 'issuing-authority' })],
    ['an end entity as an issuing authority', 'smki/purpose', organisation({ purpose: 'issuing-authority' })],
    ['a word that is no purpose', 'input/purpose', organisation({ purpose: 'everything' })],
    ['a property of objects', 'input/purpose', organisation({ purpose: 'constructor' })]
  ]),
  rule('The Remote Party Role is the one asked for', 'GBCS 12, the OU of a subject', [
    ['the same', 'valid', organisation({ role: 2 })],
    ['another', 'smki/role', organisation({ role: 3 })],
    ['of a device, which has none', 'smki/role', device({ role: 2 })],
    ['of XML signing', 'valid', () => about(good('organisation-xml'), { role: 135 })],
    ['of an issuing authority', 'valid', () => about(good('issuing-oca'), { role: 7 })],
    ['not a number that could be', 'smki/role', organisation({ role: Number.NaN })],
    ['unconfirmed, and not asked for', 'smki/role-unconfirmed', unconfirmed()],
    ['unconfirmed, asked for by number', 'valid', unconfirmed({ role: 131 })]
  ]),
  rule('The entity is the one asked for', 'GBCS 12; SEC Appendix M, appendix F', [
    ['of a device, as text', 'valid', device({ entity: '02-DB-12-34-56-78-90-A4' })],
    ['of a device, as octets', 'valid', device({ entity: fromHex('02db1234567890a4') })],
    ['of a device, as a number', 'valid', device({ entity: 0x02db1234567890a4n })],
    ['of an organisation', 'valid', organisation({ entity: '90-b3-d5-1f-30-aa-00-01' })],
    ['another device', 'smki/entity', device({ entity: '02-DB-12-34-56-78-90-A5' })],
    ['another organisation', 'smki/entity', organisation({ entity: 0x90b3d51f30aa0002n })],
    [
      'of an authority, which has none',
      'smki/entity',
      () => about(good('issuing-oca'), { entity: '90-B3-D5-1F-30-AA-00-01' })
    ],
    ['text in another form', 'input/entity', device({ entity: '02DB1234567890A4' })],
    ['seven octets', 'input/entity', device({ entity: fromHex('02db1234567890') })],
    ['a number beyond 64 bits', 'input/entity', device({ entity: (1n << 64n) + 0x02db1234567890a4n })],
    ['no entity at all: zero', 'input/entity', device({ entity: 0n })]
  ]),
  rule(
    'Identifiers are EUI-64 of one entity, in the blocks of their kind',
    'IEEE EUI-64; identifier policy',
    [
      [
        'a device in the organisations’ block',
        'smki/entity-form',
        () => about(made('device-ds', { subject: { hwType, eui: 0x90b3d51f30aa0001n } }))
      ],
      [
        'an organisation outside it',
        'smki/entity-form',
        () =>
          about(
            made('organisation-ds', {
              subject: { ...testSubjects['organisation-ds'], eui: 0x02db1234567890a4n }
            })
          )
      ],
      [
        'a group address',
        'smki/entity-form',
        () => about(made('device-ds', { subject: { hwType, eui: 0x03db1234567890a4n } }))
      ],
      ['all zeros', 'smki/entity-form', () => about(made('device-ds', { subject: { hwType, eui: 0n } }))],
      [
        'no blocks configured',
        'valid',
        () =>
          about(
            made('organisation-ds', {
              subject: { ...testSubjects['organisation-ds'], eui: 0x02db1234567890a4n }
            }),
            { environment: policyWith('test', { 'organisation.eui-prefixes': { value: [] } }) }
          )
      ],
      ['the test environment by its policy', 'valid', organisation({ environment: defaultPolicy('test') })]
    ]
  )
];
