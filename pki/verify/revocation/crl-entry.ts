import { DerError, DerReader, tags } from '../../der/index.js';
import { readHead } from '../../der/length.js';
import { sameOctets } from '../../der/octets.js';
import { timeFromContent } from '../../der/time.js';
import { decodeExtension, oids, type Name } from '../../x509/index.js';
import { readExtensions } from '../../x509/extension.js';
import { decodeGeneralNames, decodeWhole } from '../path/extensions.js';
import { checkCriticality, decodedExtension, type KnownExtension } from './crl-extensions.js';
import { malformed } from './error.js';
import { readGeneralizedTime } from './generalized-time.js';

/** One entry of a list. */
export interface CrlEntry {
  /** Serial number's content octets in upper-case hex: two's complement, so that a negative number is told apart. */
  readonly serialHex: string;
  readonly revokedAt: Date;
  /** RFC 5280 5.3.1 code; undefined when the entry names none. */
  readonly reason: number | undefined;
  readonly invalidityDate: Date | undefined;
  /**
   * Names of the issuer of the certificate, of an indirect list: this entry's, or that of the nearest entry before
   * that has one (RFC 5280 5.3.3). Undefined: the list's own issuer.
   */
  readonly issuers: readonly Name[] | undefined;
}

/** What an entry's extensions say. */
interface EntryExtensions {
  readonly reason: number | undefined;
  readonly invalidityDate: Date | undefined;
  readonly issuers: readonly Name[] | undefined;
}

const invalidityDate = '2.5.29.24';
const certificateIssuer = '2.5.29.29';

/** RFC 5280 5.3: the entry extensions that are understood, and whether each must be critical. */
const entryExtensions: ReadonlyMap<string, KnownExtension> = new Map([
  [oids.reasonCode, { name: 'reasonCode', critical: false }],
  [invalidityDate, { name: 'invalidityDate', critical: false }],
  [certificateIssuer, { name: 'certificateIssuer', critical: true }]
]);

const noExtensions: EntryExtensions = { reason: undefined, invalidityDate: undefined, issuers: undefined };

/**
 * DESIGN limit on one entry: a certificateIssuer of a long name takes some hundred octets. The streaming reader
 * holds an entry whole, so that without a limit one entry is as large as its sender likes.
 */
export const maxEntryOctets = 16_384;

/**
 * Reads revokedCertificates entry by entry without keeping any: one object whose fields are those of the entry
 * read last, since a million objects of a list that is looked through once cost more than the list.
 */
export class EntryCursor {
  #bytes: Uint8Array;
  #at: number;
  #limit: number;
  /** End of the entry read last, where its serial number's content stands, and where what follows it begins. */
  #entryEnd = 0;
  #serialStart = 0;
  #serialEnd = 0;
  #revokedAt = new Date(0);
  #extensions = noExtensions;
  #issuers: readonly Name[] | undefined;
  /**
   * Entries say the same few things over and over: what extensions said, by their octets, one place for each last
   * octet's low bits, which is where reasons differ.
   */
  readonly #known: ({ readonly octets: Uint8Array; readonly said: EntryExtensions } | undefined)[] = [];

  constructor(bytes: Uint8Array = new Uint8Array(), start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#limit = end;
  }

  /** Goes on in other octets, as a stream does; the certificateIssuer carried along stays. */
  moveTo(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#limit = end;
  }

  /** Where the next entry begins. */
  get at(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at === this.#limit;
  }

  /** Reads the next entry's frame and serial number only. */
  nextSerial(): void {
    const bytes = this.#bytes;
    const entry = readHead(bytes, this.#at, this.#limit, 'minimal', 'revokedCertificate');
    if (entry.tag !== tags.sequence) throw new DerError('der/tag', this.#at, 'revokedCertificate');
    if (entry.end - this.#at > maxEntryOctets) throw new DerError('der/size', this.#at, 'revokedCertificate');
    const serial = readHead(bytes, entry.content, entry.end, 'minimal', 'userCertificate');
    if (serial.tag !== tags.integer) throw new DerError('der/tag', entry.content, 'userCertificate');
    const { content, end } = serial;
    const first = bytes[content] as number;
    const second = bytes[content + 1] as number;
    if (
      end === content ||
      (end - content > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
    )
      throw new DerError('der/integer', content, 'userCertificate');
    // RFC 5280 4.1.2.2: no certificate has a longer one.
    if (end - content > 20) throw new DerError('der/size', content, 'userCertificate');
    this.#serialStart = content;
    this.#serialEnd = end;
    this.#entryEnd = entry.end;
    this.#at = entry.end;
  }

  /** Reads the rest of the entry that `nextSerial` has begun. */
  readRest(): void {
    const bytes = this.#bytes;
    const time = readHead(bytes, this.#serialEnd, this.#entryEnd, 'minimal', 'revocationDate');
    if (time.tag !== tags.utcTime && time.tag !== tags.generalizedTime)
      throw new DerError('der/tag', this.#serialEnd, 'revocationDate');
    const content = bytes.subarray(time.content, time.end);
    this.#revokedAt = timeFromContent(time.tag, content, time.content, 'revocationDate');
    this.#extensions =
      time.end === this.#entryEnd ? noExtensions : this.#said(bytes.subarray(time.end, this.#entryEnd));
    if (this.#extensions.issuers !== undefined) this.#issuers = this.#extensions.issuers;
  }

  #said(octets: Uint8Array): EntryExtensions {
    const place = (octets[octets.length - 1] as number) & 0x0f;
    const known = this.#known[place];
    if (known !== undefined && sameOctets(known.octets, octets)) return known.said;
    // A copy: the names read from it outlive a stream's buffer.
    const own = Uint8Array.from(octets);
    const said = readEntryExtensions(own);
    this.#known[place] = { octets: own, said };
    return said;
  }

  /** Whether the serial number has these content octets. */
  hasSerial(serial: Uint8Array): boolean {
    const start = this.#serialStart;
    const { length } = serial;
    if (this.#serialEnd - start !== length) return false;
    // From the end: serial numbers of one issuer often begin alike.
    for (let i = length - 1; i >= 0; i--) if (this.#bytes[start + i] !== serial[i]) return false;
    return true;
  }

  get reason(): number | undefined {
    return this.#extensions.reason;
  }

  /** Whether this very entry has certificateIssuer. */
  get namesIssuer(): boolean {
    return this.#extensions.issuers !== undefined;
  }

  /** The entry read last, as a value of its own. */
  get entry(): CrlEntry {
    const serial = this.#bytes.subarray(this.#serialStart, this.#serialEnd);
    const { reason, invalidityDate: since } = this.#extensions;
    return {
      serialHex: hexOf(serial),
      revokedAt: this.#revokedAt,
      reason,
      invalidityDate: since,
      issuers: this.#issuers
    };
  }
}

function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex').toUpperCase();
}

function readEntryExtensions(octets: Uint8Array): EntryExtensions {
  const reader = DerReader.over(octets, 'crlEntryExtensions');
  const extensions = readExtensions(reader, 'crlEntryExtensions');
  reader.end('revokedCertificate');
  checkCriticality(extensions, entryExtensions, 'an entry');
  const decoded = <T>(identifier: string, decode: (value: Uint8Array) => T) =>
    decodedExtension(extensions, identifier, decode);
  return {
    reason: decoded(oids.reasonCode, decodeExtension.reasonCode),
    invalidityDate: decoded(invalidityDate, value =>
      decodeWhole(value, 'invalidityDate', time => readGeneralizedTime(time, 'invalidityDate'))
    ),
    issuers: decoded(certificateIssuer, value => {
      const names = decodeGeneralNames(value, 'certificateIssuer');
      const issuers = names.flatMap(name => (name.kind === 'directoryName' ? [name.name] : []));
      // RFC 5280 5.3.3: the name from the issuer field of the certificate must be there.
      if (issuers.length === 0)
        throw malformed('certificateIssuer has no distinguished name', 'RFC 5280 5.3.3');
      return issuers;
    })
  };
}
