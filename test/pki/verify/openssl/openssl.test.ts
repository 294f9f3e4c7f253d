import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { verifyPath } from '../../../../pki/verify/path/verify-path.js';
import { disagreements, type Disagreement } from './disagreements.js';
import { generate, generatedChains } from './generate.js';
import { opensslVerdict } from './judge.js';
import type { GeneratedChain } from './plan.js';
import { variations } from './variations/index.js';

interface Compared {
  readonly seed: number;
  readonly rules: readonly string[];
  /** `valid`, or our code; then those of other paths that were tried. */
  readonly here: readonly [string, ...string[]];
  readonly openssl: { readonly valid: boolean; readonly output: string };
}

/** The seconds that a generated chain may take us; RFC 5280 chains of this length take milliseconds. */
const mostSeconds = 5;

function verdictHere(chain: GeneratedChain): Compared['here'] {
  const started = performance.now();
  const result = verifyPath({
    certificate: chain.certificate,
    intermediates: chain.intermediates,
    anchors: chain.anchors,
    crls: [],
    at: chain.at,
    revocation: 'none',
    extendedKeyUsage: chain.purpose,
    ...(chain.policy === undefined ? {} : { policy: chain.policy })
  });
  expect(performance.now() - started).to.be.below(mostSeconds * 1000);
  if (result.valid) return ['valid'];
  const { code, others = [] } = result.failure;
  return [code, ...others.map(other => other.code)];
}

/** Chains are made and judged here while as many OpenSSL processes as there are processors judge the last ones. */
async function compareAll(folder: string): Promise<Compared[]> {
  const compared: Compared[] = [];
  const chains = generate();
  const work = async () => {
    for (const chain of chains)
      compared.push({
        seed: chain.seed,
        rules: chain.rules,
        here: verdictHere(chain),
        openssl: await opensslVerdict(chain, folder)
      });
  };
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, work));
  return compared.sort((a, b) => a.seed - b.seed);
}

function differs({ here, openssl }: Compared): boolean {
  return (here[0] === 'valid') !== openssl.valid;
}

/** The entries of the table that explain why the verdicts differ. */
function explanations({ here, rules, openssl }: Compared): Disagreement[] {
  const complaint = Number(/^error (\d+) at/m.exec(openssl.output)?.[1]);
  return disagreements.filter(
    entry =>
      rules.includes(entry.rule) &&
      here.includes(entry.here) &&
      (entry.complaint === undefined || entry.complaint === complaint)
  );
}

describe('openssl verify -x509_strict', () => {
  let compared: Compared[] = [];

  before(async function () {
    this.timeout(180_000);
    const folder = mkdtempSync(path.join(tmpdir(), 'opensmki-openssl-'));
    try {
      compared = await compareAll(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('judges at least two thousand chains, many good and many bad', () => {
    expect(compared.length).to.equal(generatedChains);
    expect(compared.length).to.be.at.least(2_000);
    const good = compared.filter(({ openssl }) => openssl.valid).length;
    expect(good).to.be.within(300, compared.length - 300);
  });

  it('and we say the same of all that the table does not explain', () => {
    const unexplained = compared.filter(one => differs(one) && explanations(one).length === 0);
    expect(unexplained).to.deep.equal([]);
  });

  it('refuses nothing that we accept but where a clause says so', () => {
    const excused = disagreements.filter(({ here }) => here === 'valid');
    for (const { rule, clause, complaint } of excused) {
      expect(clause, rule).to.match(/^RFC \d+ \d/);
      expect(complaint, rule).to.be.a('number');
    }
  });

  it('still differs by every entry of the table', () => {
    const met = new Set(compared.filter(differs).flatMap(explanations));
    expect(disagreements.filter(entry => !met.has(entry))).to.deep.equal([]);
  });

  it('is asked about rules with names of their own', () => {
    const rules = variations.map(({ rule }) => rule);
    expect(new Set(rules).size).to.equal(rules.length);
  });
});
