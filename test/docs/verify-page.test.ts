import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultBudgets, pathCodes, revocationCodes, smkiPurposes } from '../../pki/verify/library.js';
import type { SmkiCode } from '../../pki/verify/library.js';
import { disagreements } from '../pki/verify/openssl/disagreements.js';
import { exceptions } from '../pki/verify/pkits/exceptions.js';
import { membersOf } from './declarations.js';
import { codesIn, rowsOf, sectionOf } from './page.js';

const page = readFileSync(fileURLToPath(new URL('../../docs/verify.md', import.meta.url)), 'utf8');

/** Each code of the type, and no other: the compiler says so. */
const smkiCodes = Object.keys({
  'input/certificate': 1,
  'input/anchor': 1,
  'input/time': 1,
  'input/policy': 1,
  'input/purpose': 1,
  'input/entity': 1,
  'input/time-rule': 1,
  'path/critical-extension': 1,
  'path/issuer-not-found': 1,
  'path/signature': 1,
  'path/issuer-authority': 1,
  'path/not-yet-valid': 1,
  'path/expired': 1,
  'smki/issuer-name': 1,
  'smki/issuer-key': 1,
  'smki/issuer-not-valid-at-issue': 1,
  'smki/profile': 1,
  'smki/policy': 1,
  'smki/purpose': 1,
  'smki/role': 1,
  'smki/role-unconfirmed': 1,
  'smki/entity': 1,
  'smki/entity-form': 1,
  'revocation/revoked': 1,
  'revocation/unknown': 1,
  'revocation/not-yet-valid': 1,
  'revocation/stale': 1,
  'revocation/malformed': 1,
  'revocation/scope': 1,
  'revocation/signer': 1,
  'revocation/signature': 1
} satisfies Record<SmkiCode, 1>);

/** Codes of the first cells of a section's rows, those of a row that `of` takes. */
function firstCodes(heading: string, of: (row: readonly string[]) => boolean = () => true): string[] {
  return rowsOf(sectionOf(page, heading))
    .filter(of)
    .flatMap(([cell = '']) => codesIn(cell));
}

/** Where each table of members comes from: heading, file, interface. */
const interfaces: readonly (readonly [heading: string, file: string, name: string])[] = [
  ['PathInput', 'path/input.ts', 'PathInput'],
  ['PolicyInput', 'path/input.ts', 'PolicyInput'],
  ['AnchorKey', 'path/input.ts', 'AnchorKey'],
  ['Budgets', 'path/budget.ts', 'Budgets'],
  ['PathFailure', 'path/failure.ts', 'PathFailure'],
  ['RevocationEvidence', 'path/revocation.ts', 'RevocationEvidence'],
  ['SmkiTrustInput', 'smki/trust.ts', 'SmkiTrustInput'],
  ['SmkiQuestion', 'smki/question.ts', 'SmkiQuestion'],
  ['SmkiFacts', 'smki/facts.ts', 'SmkiFacts'],
  ['SignatureInput', 'signature/verify-signature.ts', 'SignatureInput'],
  ['CrlInput', 'revocation/verify-crl.ts', 'CrlInput'],
  ['CrlFacts', 'revocation/verify-crl.ts', 'CrlFacts'],
  ['CrlEntry', 'revocation/crl-entry.ts', 'CrlEntry'],
  ['CrlStreamInput', 'revocation/verify-crl-stream.ts', 'CrlStreamInput'],
  ['OcspInput', 'revocation/verify-ocsp.ts', 'OcspInput']
];

describe('the page on verification', () => {
  it('has the codes of a path, in the order of their rank', () => {
    expect([...firstCodes('Codes of a path'), ...firstCodes('Codes of a status')]).to.deep.equal(pathCodes);
    expect(firstCodes('Codes of a status')).to.deep.equal(revocationCodes);
  });

  it('has the codes of SMKI mode', () => {
    const shared = ['Codes of a path', 'Codes of a status'].flatMap(heading =>
      firstCodes(heading, ([, mode]) => mode === 'yes')
    );
    expect([...shared, ...firstCodes('Codes of SMKI mode')]).to.have.members(smkiCodes);
  });

  it('names no code that does not exist', () => {
    const named = codesIn(page).filter(code => /^(?:input|path|revocation|smki)\/[a-z-]+$/.test(code));
    expect([...pathCodes, ...smkiCodes]).to.include.members(named);
  });

  it('has the code of everything that others accept and is refused here', () => {
    const refused = [
      ...Object.values(exceptions).map(({ code }) => code),
      ...disagreements.map(({ here }) => here).filter(here => here !== 'valid')
    ];
    expect(codesIn(sectionOf(page, 'Refused on purpose'))).to.include.members(refused);
  });

  it('has the purposes of SMKI mode', () => {
    expect(firstCodes('Purposes')).to.have.members(smkiPurposes);
  });

  it('has the budgets that are in force', () => {
    const told = rowsOf(sectionOf(page, 'Budgets')).map(([name = '', value = '']) => [
      codesIn(name)[0],
      Number(value.replaceAll(',', ''))
    ]);
    expect(Object.fromEntries(told)).to.deep.equal(defaultBudgets);
  });

  for (const [heading, file, name] of interfaces)
    it(`has every member of ${name}`, () => {
      expect(firstCodes(heading)).to.deep.equal(membersOf(`pki/verify/${file}`, name));
    });
});
