/** The classes of RSA signatures, by rule. */
import { pkcs1Classes } from './rsa-pkcs1.js';
import { pssClasses } from './rsa-pss.js';
import { rsaKeyClasses } from './rsa-key.js';
import { merged, type SignatureClass } from './signature-class.js';

let known: readonly SignatureClass[] | undefined;

export function rsaClasses(): readonly SignatureClass[] {
  return (known ??= merged([...pkcs1Classes(), ...pssClasses(), ...rsaKeyClasses()]));
}
