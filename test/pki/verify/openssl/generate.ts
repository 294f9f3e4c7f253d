/** The set of chains that both verifiers judge: the same in every run, but for the keys. */
import type { KeyKind } from '../../../kit/pki/index.js';
import { make, newPlan, type GeneratedChain, type Variation } from './plan.js';
import { Random } from './random.js';
import { variations } from './variations/index.js';

/** Chains without any variation, which both must accept; and the size of the whole set. */
const plainChains = 12;
export const generatedChains = 2_200;

/** RSA signatures cost twenty times those of P-256, so fewer of the pairs are on RSA. */
const kindsOfPairs: readonly KeyKind[] = [
  'P-256',
  'P-256',
  'P-256',
  'P-256',
  'P-256',
  'P-384',
  'RSA-2048',
  'RSA-2048'
];

const pairable = variations.filter(({ alone }) => alone !== true);

/** Every variation alone on P-256 and on RSA, chains without any, and pairs of variations up to the size of the set. */
export function* generate(): Generator<GeneratedChain> {
  let seed = 0;
  for (; seed < plainChains; seed++)
    yield chain(seed, kindsOfPairs[seed % kindsOfPairs.length] ?? 'P-256', []);
  for (const kind of ['P-256', 'RSA-2048'] as const)
    for (const variation of variations) yield chain(seed++, kind, [variation]);
  for (; seed < generatedChains; seed++) {
    const random = new Random(seed);
    yield chain(seed, random.pick(kindsOfPairs), [random.pick(pairable), random.pick(pairable)]);
  }
}

function chain(seed: number, kind: KeyKind, applied: readonly Variation[]): GeneratedChain {
  const random = new Random(seed + 1_000_000);
  const plan = newPlan(`Test ${seed}`, kind, 1 + random.int(3));
  for (const { apply } of applied) apply(plan, random);
  return make(
    plan,
    seed,
    applied.map(({ rule }) => rule)
  );
}
