import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePem } from '../../../../pki/x509/index.js';
import { testMoment } from '../../../kit/pki/index.js';
import { tryOpenssl } from '../../../kit/openssl.js';
import { rules as delta } from './cases/delta.js';
import { rules as freshness } from './cases/freshness.js';
import { rules as indirect } from './cases/indirect.js';
import { rules as listForm } from './cases/list-form.js';
import { rules as ocsp } from './cases/ocsp.js';
import { rules as reasons } from './cases/reasons.js';
import { rules as scope } from './cases/scope.js';
import { rules as signer } from './cases/signer.js';
import { accepted } from './openssl-disagreements.js';
import { verdictOf, worldOf, type RevocationCase, type Situation, type World } from './situation.js';

function inFolder<T>(use: (write: (name: string, content: Uint8Array | string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'opensmki-revocation-'));
  try {
    return use((name, content) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const pem = (label: string, ders: readonly Uint8Array[]) => ders.map(der => encodePem(label, der)).join('');

/** Whether `openssl verify` finds the target not revoked, by everything it has for lists. */
function opensslCrl(
  { target, issuer, crls = [], signers = [], at = testMoment }: Situation,
  world: World
): string {
  return inFolder(write => {
    const own = issuer ?? world.ca;
    const between = [own, ...signers].filter(({ der }) => der !== world.root.der).map(({ der }) => der);
    const { ok, output } = tryOpenssl([
      ...['verify', '-x509_strict', '-crl_check', '-extended_crl', '-use_deltas'],
      ...['-attime', String(Math.floor(at.getTime() / 1000))],
      ...['-CAfile', write('root.pem', pem('CERTIFICATE', [world.root.der]))],
      ...(between.length === 0 ? [] : ['-untrusted', write('between.pem', pem('CERTIFICATE', between))]),
      ...(crls.length === 0 ? [] : ['-CRLfile', write('crls.pem', pem('X509 CRL', crls))]),
      write('target.pem', pem('CERTIFICATE', [target.der]))
    ]);
    if (ok) return 'valid';
    return output.includes('certificate revoked') ? 'revoked' : 'refused';
  });
}

/** What `openssl ocsp` says of the one response; its judgement of times is a warning by today's clock, left out. */
function opensslOcsp(
  { target, issuer, ocspResponses = [], at = testMoment }: Situation,
  world: World
): string {
  return inFolder(write => {
    const own = issuer ?? world.ca;
    const [response = new Uint8Array()] = ocspResponses;
    const files = [
      ...['-respin', write('response.der', response), '-attime', String(Math.floor(at.getTime() / 1000))],
      ...['-CAfile', write('root.pem', pem('CERTIFICATE', [world.root.der]))],
      ...['-issuer', write('issuer.pem', pem('CERTIFICATE', [own.der]))],
      ...['-cert', write('target.pem', pem('CERTIFICATE', [target.der]))],
      ...['-verify_other', write('other.pem', pem('CERTIFICATE', [own.der]))]
    ];
    const said = (hash: string): string => {
      const { output } = tryOpenssl(['ocsp', '-no_nonce', hash, ...files]);
      if (!output.includes('Response verify OK')) return 'refused';
      // A warning about times stands between the name of the file and the status.
      if (/(?:^|: )good$/m.test(output)) return 'valid';
      return /(?:^|: )revoked$/m.test(output) ? 'revoked' : 'refused';
    };
    const answers = ['-sha256', '-sha1'].map(said);
    return answers.find(answer => answer !== 'refused') ?? 'refused';
  });
}

type Judge = (situation: Situation, world: World) => string;

describe('revocation: OpenSSL as the second opinion', function () {
  this.timeout(120_000);
  const met = new Set<string>();

  function compare(
    rules: readonly { readonly rule: string; readonly cases: readonly RevocationCase[] }[],
    judge: Judge
  ) {
    const world = worldOf('P-256');
    const found: string[] = [];
    for (const { rule, cases } of rules)
      for (const { title, on = ['P-256'], build } of cases) {
        if (!on.includes('P-256')) continue;
        const situation = build(world);
        const ours = verdictOf(situation, world);
        const theirs = judge(situation, world);
        // Where ours refuses what OpenSSL does not, the case's own rule is the reason.
        if (ours !== 'valid' || theirs === 'valid') continue;
        const place = `${rule}: ${title}`;
        met.add(place);
        if (!accepted.has(place)) found.push(`${place}: OpenSSL ${theirs}`);
      }
    expect(found).to.deep.equal([]);
  }

  for (const [name, rules] of Object.entries({
    listForm,
    freshness,
    signer,
    scope,
    reasons,
    delta,
    indirect
  }))
    it(`accepts nothing by lists that OpenSSL refuses: ${name}`, () => compare(rules, opensslCrl));

  it('accepts no response that OpenSSL refuses', () => compare(ocsp, opensslOcsp));

  it('every disagreement named is still one', () => {
    expect([...accepted.keys()].filter(place => !met.has(place))).to.deep.equal([]);
  });
});
