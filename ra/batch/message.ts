import { decodeRequestText, RequestRefused } from '../../pki/request/index.js';
import { isNcName, XmlError, XmlStream, type XmlTag, type XmlVisitor } from '../../pki/xml/index.js';
import { Refusal } from '../refusal.js';
import type { SpooledItem } from './spool.js';

export const batchVersion = '1.0';

export interface MessageLimits {
  readonly maxOctets: number;
  readonly maxRequests: number;
  /** Of one request, decoded. */
  readonly maxRequestOctets: number;
}

/** DESIGN: a request of 4 KiB is 5.5 KiB as Base64; what is longer than this is no request and ends the message. */
const maxText = 16_384;
const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance';

/**
 * Reads a SubmitCSRBatch (SEC Appendix M, Appendix C) while it comes: no namespace, attribute `ID` of 1 to 256
 * characters, `Version`, then one or more `DeviceCSR` whose `ID` is an xs:ID of 1 to 100 characters, unique in the
 * message. What is not of the schema refuses the message; a `DeviceCSR` whose text is not Base64 is that request's own
 * fault (R1), as in the ad hoc service, and is kept as a request without octets.
 */
export class SubmitMessage {
  readonly #limits: MessageLimits;
  readonly #stream: XmlStream;
  /** Set as soon as the root could be read. */
  id: string | undefined;
  requests = 0;
  #items: SpooledItem[] = [];

  constructor(limits: MessageLimits) {
    this.#limits = limits;
    this.#stream = new XmlStream(
      {
        maxOctets: limits.maxOctets,
        maxDepth: 2,
        // The root, the version, the requests, and one more to see that there are too many.
        maxElements: limits.maxRequests + 3,
        maxAttributes: 8,
        maxText,
        comments: 'refuse'
      },
      this.#visitor()
    );
  }

  /** Answers the requests that were completed by these octets. Throws a `Refusal`. */
  write(octets: Uint8Array): SpooledItem[] {
    this.#items = [];
    refusing(() => this.#stream.write(octets));
    return this.#items;
  }

  /** The message must be whole. Throws a `Refusal`. */
  end(): void {
    refusing(() => this.#stream.end());
    if (this.requests === 0) throw schemaFault('no request');
  }

  #visitor(): XmlVisitor {
    // A `Set` of 50,000 short texts is some 5 MB: all that grows with the message.
    const taken = new Set<string>();
    let versionSeen = false;
    let current = '';
    return {
      open: (tag, depth) => {
        if (tag.namespace !== '') throw schemaFault('a namespace');
        if (depth === 1) {
          this.id = rootId(tag);
        } else if (!versionSeen) {
          if (tag.name !== 'Version' || tag.attributes.length > 0) throw schemaFault('Version is missing');
        } else {
          if (tag.name !== 'DeviceCSR') throw schemaFault('an element that is not DeviceCSR');
          if (this.requests >= this.#limits.maxRequests) throw new Refusal('batch/too-many');
          current = itemId(tag);
          if (taken.has(current)) throw schemaFault('an ID twice');
          taken.add(current);
        }
      },
      close: (_tag, text, depth) => {
        if (depth === 1) {
          if (!versionSeen) throw schemaFault('Version is missing');
        } else if (!versionSeen) {
          if (text !== batchVersion) throw schemaFault('another version');
          versionSeen = true;
        } else {
          this.requests += 1;
          this.#items.push({ id: current, form: 'der', octets: this.#decode(text) });
        }
      }
    };
  }

  #decode(text: string): Uint8Array {
    try {
      return decodeRequestText(text, 'base64text', this.#limits.maxRequestOctets);
    } catch (error) {
      if (error instanceof RequestRefused) return new Uint8Array();
      throw error;
    }
  }
}

function rootId(tag: XmlTag): string {
  if (tag.name !== 'SubmitCSRBatch') throw schemaFault('another root element');
  // Attributes of XML Schema's own namespace (schemaLocation) are allowed on the root of a valid document.
  const own = tag.attributes.filter(({ namespace }) => namespace !== schemaInstance);
  const [id, ...others] = own;
  if (id?.name !== 'ID' || id.namespace !== '' || others.length > 0) throw schemaFault('not ID alone');
  if (id.value.length < 1 || [...id.value].length > 256) throw schemaFault('ID is not 1 to 256 characters');
  return id.value;
}

function itemId(tag: XmlTag): string {
  const [id, ...others] = tag.attributes;
  if (id?.name !== 'ID' || id.namespace !== '' || others.length > 0) throw schemaFault('not ID alone');
  const { value } = id;
  if ((value.length > 100 && [...value].length > 100) || !isNcName(value))
    throw schemaFault('ID is not an xs:ID of 1 to 100 characters');
  // A copy: the parser's text is a view of the piece it was read from, and would keep all of the upload in memory.
  return Buffer.from(value, 'utf8').toString('utf8');
}

function schemaFault(detail: string): Refusal {
  return new Refusal('batch/message', detail);
}

function refusing(read: () => void): void {
  try {
    read();
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    throw new Refusal(cause.code === 'xml/size' ? 'message/too-large' : 'batch/message', cause.code, {
      cause
    });
  }
}
