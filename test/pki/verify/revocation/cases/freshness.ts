/** Whether a list is in force at the moment asked about, and which of several is. */
import { crlDer, day, testMoment, type CrlInput, type RuleCases } from '../../../../kit/pki/index.js';
import type { RevocationCase } from '../situation.js';

const after = (days: number) => new Date(testMoment.getTime() + days * day);
const second = 1_000;
const older = { number: 4, thisUpdate: after(-0.75) };
const newer = { number: 5, thisUpdate: after(-0.5) };

function at(title: string, expect: string, moment: Date, input: CrlInput = {}): RevocationCase {
  return {
    title,
    expect,
    build: world => ({ target: world.leaf(), crls: [crlDer(world.ca, input)], at: moment })
  };
}

export const rules: readonly RuleCases<RevocationCase>[] = [
  {
    rule: 'a list is in force from thisUpdate to nextUpdate, both included',
    clause: 'RFC 5280 5.1.2.4, 5.1.2.5, 6.3.3 (a)',
    cases: [
      at('at thisUpdate', 'valid', after(-1)),
      at('a second before thisUpdate', 'revocation/not-yet-valid', new Date(after(-1).getTime() - second)),
      at('at nextUpdate', 'valid', after(1)),
      at('a second after nextUpdate', 'revocation/stale', new Date(after(1).getTime() + second))
    ]
  },
  {
    rule: 'of the lists of one scope the one with the greatest number counts',
    clause: 'RFC 5280 5.2.3',
    cases: [
      {
        title: 'taken off hold by the newer list',
        expect: 'valid',
        build: world => {
          const target = world.leaf();
          const held = crlDer(world.ca, { ...older, entries: [{ serial: target.serial, reason: 6 }] });
          return { target, crls: [held, crlDer(world.ca, newer)] };
        }
      },
      {
        title: 'revoked by the newer list',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          const listing = crlDer(world.ca, { ...newer, entries: [{ serial: target.serial }] });
          return { target, crls: [crlDer(world.ca, older), listing] };
        }
      },
      {
        title: 'the list with the greater number is the earlier one: both count',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          const held = crlDer(world.ca, {
            ...{ number: 4, thisUpdate: newer.thisUpdate },
            entries: [{ serial: target.serial, reason: 6 }]
          });
          return { target, crls: [held, crlDer(world.ca, { number: 5, thisUpdate: older.thisUpdate })] };
        }
      },
      {
        title: 'two lists of one number that differ',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          const other = crlDer(world.ca, { entries: [{ serial: target.serial }] });
          return { target, crls: [crlDer(world.ca), other] };
        }
      },
      {
        title: 'the newer list is past, the older one is not',
        expect: 'revocation/stale',
        build: world => {
          const past = crlDer(world.ca, { number: 5, thisUpdate: after(-2), nextUpdate: after(-1) });
          return {
            target: world.leaf(),
            crls: [crlDer(world.ca, { number: 4, thisUpdate: after(-3) }), past]
          };
        }
      },
      {
        title: 'the same, and neither names its key',
        expect: 'revocation/stale',
        build: world => {
          const extensions = { authorityKeyIdentifier: null };
          const past = crlDer(world.ca, {
            ...{ number: 5, thisUpdate: after(-2), nextUpdate: after(-1), extensions }
          });
          const current = crlDer(world.ca, { number: 4, thisUpdate: after(-3), extensions });
          return { target: world.leaf(), crls: [current, past] };
        }
      },
      {
        title: 'taken off hold by the newer list, and neither names its key',
        expect: 'valid',
        build: world => {
          const target = world.leaf();
          const extensions = { authorityKeyIdentifier: null };
          const entries = [{ serial: target.serial, reason: 6 }];
          const lists = [
            crlDer(world.ca, { ...older, extensions, entries }),
            crlDer(world.ca, { ...newer, extensions })
          ];
          return { target, crls: lists };
        }
      },
      {
        title: 'eighty older ones beside it',
        expect: 'valid',
        build: world => {
          const lists = Array.from({ length: 80 }, (_, number) => crlDer(world.ca, { number }));
          return { target: world.leaf(), crls: lists };
        }
      },
      {
        title: 'the newer list was published after the moment asked about',
        expect: 'valid',
        build: world => {
          const target = world.leaf();
          const later = crlDer(world.ca, {
            ...{ number: 5, thisUpdate: after(0.5), nextUpdate: after(2) },
            entries: [{ serial: target.serial }]
          });
          return { target, crls: [crlDer(world.ca, older), later] };
        }
      },
      {
        title: 'a forged newer list does not displace the right one',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          const right = crlDer(world.ca, { ...older, entries: [{ serial: target.serial }] });
          return { target, crls: [right, crlDer(world.ca, { ...newer, signature: 'broken' })] };
        }
      }
    ]
  },
  {
    rule: 'an unknown status is a failure',
    clause: 'RFC 5280 6.3',
    cases: [
      {
        title: 'a list that does not hold it',
        expect: 'valid',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca)] })
      },
      { title: 'no list', expect: 'revocation/unknown', build: world => ({ target: world.leaf() }) },
      {
        title: 'octets that are no list',
        expect: 'revocation/malformed',
        build: world => ({ target: world.leaf(), crls: [new Uint8Array(3)] })
      },
      {
        title: 'a damaged list beside the right one',
        expect: 'valid',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca).subarray(1), crlDer(world.ca)] })
      }
    ]
  },
  {
    rule: 'what is listed is revoked, whatever the entry says beside',
    clause: 'RFC 5280 6.3.3 (j)',
    cases: [
      {
        title: 'another serial number',
        expect: 'valid',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca, { entries: [{ serial: 7 }] })] })
      },
      ...[undefined, 0, 1, 2, 3, 4, 5, 6, 9, 10].map((reason): RevocationCase => ({
        title: reason === undefined ? 'without a reason' : `reason ${reason}`,
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          const entry = { serial: target.serial, ...(reason === undefined ? {} : { reason }) };
          return { target, crls: [crlDer(world.ca, { entries: [entry] })] };
        }
      })),
      {
        title: 'revoked from a date in the future',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          return {
            target,
            crls: [crlDer(world.ca, { entries: [{ serial: target.serial, date: after(9) }] })]
          };
        }
      },
      {
        title: 'the last of many in no order, twice',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          const entries = [9n, 3n, 7n, 3n].map(serial => ({ serial }));
          const own = { serial: target.serial };
          return { target, crls: [crlDer(world.ca, { entries: [...entries, own, own] })] };
        }
      }
    ]
  }
];
