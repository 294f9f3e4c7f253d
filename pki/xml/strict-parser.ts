import { SaxesParser, type SaxesTagNS } from 'saxes';
import { XmlError, type XmlErrorCode } from './error.js';

/** The limits that count while a document is read. */
export interface ParserLimits {
  /** Keep it to tens: resolving prefixes takes the parser time quadratic in depth. */
  readonly maxDepth: number;
  readonly maxElements: number;
  /** Per element, namespace declarations included. */
  readonly maxAttributes: number;
  /**
   * A comment inside a value splits it: what was signed reads as another text afterwards. `ignore` drops comments
   * and joins the text on both sides, as XPath does.
   */
  readonly comments: 'refuse' | 'ignore';
}

export interface XmlAttribute {
  /** Local name. */
  readonly name: string;
  readonly namespace: string;
  readonly value: string;
}

/** A start tag. */
export interface XmlTag {
  /** Local name. */
  readonly name: string;
  /** Namespace URI, empty for none. */
  readonly namespace: string;
  /** Without namespace declarations. */
  readonly attributes: readonly XmlAttribute[];
}

/** What is told of a document, in its order. Text comes in pieces, references resolved. */
export interface ParserEvents {
  open(tag: XmlTag): void;
  close(): void;
  text(piece: string): void;
}

/**
 * The one configuration of the parser: XML 1.0 with namespaces, no document type, no processing instruction but the
 * XML declaration, predefined entities and character references only, limits. Thrown errors leave saxes' write at
 * once, so that nothing is parsed after a refusal; a parser that threw is not to be written to again.
 */
export class StrictParser {
  readonly #limits: ParserLimits;
  readonly #events: ParserEvents;
  readonly #parser: SaxesParser<{ xmlns: true; position: false }>;
  #elements = 0;
  #depth = 0;
  #attributes = 0;
  #tagEnded = false;
  /** Counts whatever the parser has finished, so that a reader sees a token that does not end. */
  tokens = 0;

  constructor(limits: ParserLimits, events: ParserEvents) {
    this.#limits = limits;
    this.#events = events;
    const parser = new SaxesParser({
      xmlns: true,
      position: false,
      forceXMLVersion: true,
      defaultXMLVersion: '1.0'
    });
    const refuse = (code: XmlErrorCode, detail: string): never => {
      throw new XmlError(code, detail);
    };
    parser.on('error', cause => {
      throw new XmlError('xml/malformed', 'not well-formed', { cause });
    });
    parser.on('doctype', () => refuse('xml/doctype', 'document type'));
    parser.on('processinginstruction', () => refuse('xml/processing-instruction', 'processing instruction'));
    parser.on('xmldecl', ({ version, encoding }) => {
      if (version !== '1.0') refuse('xml/malformed', 'XML version');
      if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8')
        refuse('xml/encoding', 'declared encoding');
    });
    parser.on('comment', () => {
      this.tokens += 1;
      if (limits.comments === 'refuse') refuse('xml/comment', 'comment');
    });
    parser.on('opentagstart', () => {
      this.tokens += 1;
      this.#attributes = 0;
    });
    // Before the tag ends: a tag may have as many attributes as the document has octets.
    parser.on('attribute', () => {
      this.tokens += 1;
      this.#attributes += 1;
      if (this.#attributes > limits.maxAttributes)
        refuse('xml/limit', `more than ${limits.maxAttributes} attributes`);
    });
    parser.on('opentag', tag => this.#openTag(tag));
    parser.on('closetag', () => {
      this.tokens += 1;
      this.#tagEnded = true;
      this.#depth -= 1;
      events.close();
    });
    const text = (piece: string): void => {
      this.tokens += 1;
      // White space around the root is told too, and belongs to no element.
      if (this.#depth > 0) events.text(piece);
    };
    parser.on('text', text);
    parser.on('cdata', text);
    this.#parser = parser;
  }

  /**
   * Answers whether the text ended with the end of a tag inside the root: what follows, up to the next `<` or `&`, is
   * then text of an element. To be believed only of a text without another `>`.
   */
  write(text: string): boolean {
    this.#tagEnded = false;
    this.#parser.write(text);
    return this.#tagEnded && this.#depth > 0;
  }

  close(): void {
    this.#parser.close();
    if (this.#elements === 0) throw new XmlError('xml/malformed', 'no element');
  }

  #openTag(tag: SaxesTagNS): void {
    this.tokens += 1;
    this.#tagEnded = true;
    const { maxDepth, maxElements } = this.#limits;
    if (this.#depth >= maxDepth) throw new XmlError('xml/limit', `deeper than ${maxDepth} elements`);
    if (++this.#elements > maxElements) throw new XmlError('xml/limit', `more than ${maxElements} elements`);
    this.#depth += 1;
    const attributes: XmlAttribute[] = [];
    for (const { local: name, uri: namespace, prefix, name: qualified, value } of Object.values(
      tag.attributes
    ))
      if (prefix !== 'xmlns' && qualified !== 'xmlns') attributes.push({ name, namespace, value });
    this.#events.open({ name: tag.local, namespace: tag.uri, attributes });
  }
}
