import { verifySignature } from '../../../../../pki/verify/index.js';
import type { SignatureCase, SignatureClass } from './signature-class.js';

/** The titles of the cases that are answered otherwise than the class says, and of those that throw. */
export function wrongAnswers(cases: readonly SignatureCase[], expected: SignatureClass['expect']): string[] {
  return cases.flatMap(({ title, input }) => {
    try {
      return verifySignature(input) === (expected === 'valid') ? [] : [title];
    } catch (error) {
      return [`${title}: ${String(error)}`];
    }
  });
}
