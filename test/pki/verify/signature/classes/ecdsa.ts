/** The classes of ECDSA signatures on each curve, every one over signatures whose values are written differently. */
import type { CurveName } from '../../../../../pki/x509/index.js';
import { ecKeyClasses } from './ec-key.js';
import { encodingClasses } from './ecdsa-encoding.js';
import { rawClasses } from './ecdsa-raw.js';
import { subjectsOf } from './ecdsa-subject.js';
import { valueClasses } from './ecdsa-value.js';
import { constructedClasses } from './ecdsa-constructed.js';
import { merged, type SignatureClass } from './signature-class.js';

export const ecdsaCurves: readonly CurveName[] = ['P-256', 'P-384'];

const known = new Map<CurveName, readonly SignatureClass[]>();

export function ecdsaClasses(curve: CurveName): readonly SignatureClass[] {
  let classes = known.get(curve);
  if (classes === undefined) known.set(curve, (classes = make(curve)));
  return classes;
}

function make(curve: CurveName): readonly SignatureClass[] {
  const subjects = subjectsOf(curve);
  const each = subjects.flatMap(subject =>
    [...valueClasses(subject), ...encodingClasses(subject), ...rawClasses(subject)].map(one => ({
      ...one,
      cases: () => one.cases().map(({ title, input }) => ({ title: `${subject.title}: ${title}`, input }))
    }))
  );
  const constructed = subjects
    .slice(0, 1)
    .flatMap(subject => [...constructedClasses(subject), ...ecKeyClasses(subject)]);
  return merged([...each, ...constructed]);
}
