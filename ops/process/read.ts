import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decodePem } from '../../pki/index.js';

/** A small text file without the white space around it. */
export function readTrimmed(file: string): string {
  return readFileSync(file, 'utf8').trim();
}

/** SHA-256 of a file in hexadecimal: which configuration a process began with. */
export function sha256OfFile(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** The DER of a file that holds one DER value or one PEM block. */
export function readDer(file: string): Uint8Array {
  const octets = readFileSync(file);
  if (octets[0] === 0x30) return new Uint8Array(octets);
  const [first, ...more] = decodePem(octets.toString('latin1'));
  if (first === undefined || more.length > 0) throw new Error(`${file} does not hold exactly one PEM block`);
  return first.der;
}
