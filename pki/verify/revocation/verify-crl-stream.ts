import { DerError } from '../../der/index.js';
import { X509Error } from '../../x509/index.js';
import { CrlReader, type ListTail } from './crl-stream.js';
import type { CrlEntry } from './crl-entry.js';
import { RevocationError, failureOf, type RevocationFailure } from './error.js';
import { readGivenIssuer } from './given-certificate.js';
import type { Chunks } from './octet-queue.js';
import { signatureFault } from './signer.js';
import { StreamSignature } from './stream-signature.js';
import { checkInForce, checkIssuer, factsOf, type CrlFacts } from './verify-crl.js';

export interface CrlStreamInput {
  /** DER CertificateList in pieces of any size. */
  readonly chunks: Chunks;
  /** DER certificate of the list's issuer, to be believed on the caller's word. */
  readonly issuer: Uint8Array;
  readonly at: Date;
  /** A clock in milliseconds that only runs forward; default `performance.now`. Says when to give way, nothing else. */
  readonly now?: (() => number) | undefined;
}

export type CrlStreamVerdict =
  ({ readonly valid: true } & CrlFacts) | { readonly valid: false; readonly failure: RevocationFailure };

/** A list of any length that is being read. */
export interface CrlStream {
  /**
   * The entries in order, each once. They are what somebody says until the loop over them has ended by itself: then
   * the signature verified and the list is in force. Otherwise the loop throws `RevocationError`, at the latest
   * instead of ending.
   */
  readonly entries: AsyncIterable<CrlEntry>;
  /** Reads what has not been read, and judges the list as `verifyCrl` does. Never rejects for what the octets hold. */
  verdict(): Promise<CrlStreamVerdict>;
}

/**
 * Reads and judges a complete list of any length in bounded memory, giving way to others every few milliseconds.
 * Rejections of the source (a file, a socket) are passed on as they are.
 */
export function verifyCrlStream(input: CrlStreamInput): CrlStream {
  if (!(input.issuer instanceof Uint8Array)) throw new TypeError('DER is a Uint8Array');
  if (!(input.at instanceof Date) || Number.isNaN(input.at.getTime()))
    throw new TypeError('at is a valid Date');
  const entries = judgedEntries(input);
  let verdict: Promise<CrlStreamVerdict> | undefined;
  let facts: CrlFacts | undefined;
  /** What ended the reading; every later step ends the same way, so that no loop ends as if all were well. */
  let thrown: Error | undefined;

  /** One run over the octets, whoever drives it: the caller's loop, the verdict, or first one and then the other. */
  async function* judgedEntries({
    chunks,
    issuer: der,
    at,
    now
  }: CrlStreamInput): AsyncGenerator<CrlEntry, void> {
    const signature = new StreamSignature();
    const reader = new CrlReader(
      chunks,
      octets => signature.update(octets),
      now ?? (() => performance.now())
    );
    try {
      const issuer = readGivenIssuer(der, at);
      const head = await reader.head();
      signature.begin(head.tbsSignatureAlgorithm);
      yield* reader.entries();
      const tail = await reader.tail();
      checkIssuer({ issuer: head.issuer, authorityKeyIdentifier: tail.authorityKeyIdentifier }, issuer);
      const answer = signature.verify(tail.signatureAlgorithm, tail.signature, issuer.publicKey.spki);
      if (answer !== true) throw new RevocationError(signatureFault(answer));
      checkComplete(tail);
      checkInForce(head, at);
      facts = factsOf({ ...head, ...tail }, tail.entryCount);
    } catch (cause) {
      thrown = errorOf(cause);
      throw thrown;
    } finally {
      await reader.close();
    }
  }

  return {
    entries: {
      [Symbol.asyncIterator]: () => ({
        next: () => (thrown === undefined ? entries.next() : Promise.reject(thrown))
      })
    },
    verdict: () => (verdict ??= drain())
  };

  async function drain(): Promise<CrlStreamVerdict> {
    try {
      while ((await entries.next()).done !== true);
    } catch {
      // Kept in `thrown`, whoever saw it first.
    }
    if (facts !== undefined) return { valid: true, ...facts };
    if (thrown instanceof RevocationError) return { valid: false, failure: failureOf(thrown) };
    throw thrown ?? new Error('the list was not read');
  }
}

/** What a reader threw as a RevocationError; what the source threw as it is. */
function errorOf(cause: unknown): Error {
  if (cause instanceof DerError || cause instanceof X509Error)
    return new RevocationError(failureOf(cause), { cause });
  return cause instanceof Error ? cause : new Error('the source of the list failed', { cause });
}

function checkComplete({ baseNumber, number }: ListTail): void {
  if (baseNumber !== undefined)
    throw new RevocationError({
      code: 'revocation/delta',
      message: 'a delta list says nothing without the complete list it was made for',
      facts: { number: String(number), baseNumber: String(baseNumber) }
    });
}
