/** What the classes come to: a row for each rule, with the number of its cases. */
import { ecdsaClasses, ecdsaCurves } from './ecdsa.js';
import { rsaClasses } from './rsa.js';
import type { SignatureClass } from './signature-class.js';

export interface ClassRow {
  /** `ECDSA P-256`, `ECDSA P-384` or `RSA`. */
  readonly of: string;
  readonly rule: string;
  readonly clause: string;
  readonly expect: SignatureClass['expect'];
  /** The same whenever it is counted: no case depends on which key was drawn. */
  readonly cases: number;
}

/** Takes some seconds: every case is made to be counted. */
export function signatureTable(): ClassRow[] {
  const all = [
    ...ecdsaCurves.map(curve => ({ of: `ECDSA ${curve}`, classes: ecdsaClasses(curve) })),
    { of: 'RSA', classes: rsaClasses() }
  ];
  return all.flatMap(({ of, classes }) =>
    classes.map(({ rule, clause, expect, cases }) => ({ of, rule, clause, expect, cases: cases().length }))
  );
}
