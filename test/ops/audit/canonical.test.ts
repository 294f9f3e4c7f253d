import canonicalize from 'canonicalize';
import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalFacts } from '../../../ops/audit/canonical.js';
import { entryHash, genesis, link, parseEntry, uuidv7, type StampedEvent } from '../../../ops/audit/entry.js';

/** Any text that has a canonical form, controls and characters beyond the basic plane among it. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\\ud800',
    '\u2028',
    '\u007f',
    '\u0000',
    'Zähler',
    '😀',
    '__proto__',
    '1',
    'ﬀ'
  )
);
const value = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.array(text)
);
const facts = fc.dictionary(text, value);
const asFacts = (any: unknown): StampedEvent['facts'] => any as StampedEvent['facts'];

describe('ops/audit: the canonical form', () => {
  it('is that of RFC 8785 for facts of every kind', () => {
    fc.assert(
      fc.property(facts, one => {
        expect(canonicalFacts(one)).to.equal(canonicalize(one));
      }),
      { numRuns: 1_000 }
    );
  });

  it('is that of RFC 8785 for whatever a damaged log may hold in their place', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())), one => {
        expect(canonicalFacts(asFacts(one))).to.equal(canonicalize(one));
      }),
      { numRuns: 1_000 }
    );
  });

  it('has none for a lone surrogate or a number without one', () => {
    for (const bad of ['\ud800', 'a\udc00', '\ud83d\ud83d\ude00'])
      for (const one of [{ a: bad }, { [bad]: 'a' }, { a: ['b', bad] }]) {
        expect(() => canonicalize(one)).to.throw();
        expect(() => canonicalFacts(one)).to.throw();
      }
    for (const one of [{ a: NaN }, { a: Infinity }]) expect(() => canonicalFacts(one)).to.throw();
  });

  it('is what a line hashes to, and what is read back', () => {
    fc.assert(
      fc.property(facts, text, text, (some, type, actor) => {
        const head = genesis({ environment: 'test', component: 'ca', instance: 'ca-1' });
        const at = new Date();
        const event = { id: uuidv7(at), at: at.toISOString(), type, actor, facts: some };
        const linked = link(head, event);
        const entry = parseEntry(linked.line.subarray(0, -1));
        expect(entry).to.not.equal(undefined);
        if (entry === undefined) return;
        expect(linked.head).to.deep.equal({ seq: 1, size: linked.line.length, hash: entry.hash });
        expect(entryHash(entry)).to.equal(entry.hash);
        const { hash: _hash, ...unhashed } = entry;
        expect(canonicalize(unhashed)).to.equal(
          canonicalize({
            ...event,
            facts: JSON.parse(JSON.stringify(some)) as unknown,
            seq: 1,
            prev: head.hash
          })
        );
      }),
      { numRuns: 500 }
    );
  });

  it('names events by UUIDs of version 7 that sort as they were made', () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    const ids = Array.from({ length: 1_000 }, () => uuidv7(at));
    expect(new Set(ids).size).to.equal(1_000);
    for (const id of ids) {
      expect(id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).to.equal(at.getTime());
    }
  });
});
