import { DeclarationGuard } from './declarations.js';
import { XmlError } from './error.js';
import { StrictParser, type ParserEvents, type ParserLimits, type XmlTag } from './strict-parser.js';

/** Every limit is the caller's: it knows its schema. */
export interface XmlStreamLimits extends ParserLimits {
  /** Of the whole document. */
  readonly maxOctets: number;
  /**
   * Characters of one element's text, and about so many of any name, attribute, comment or other token: what a
   * document can make the reader hold, beside its own depth.
   */
  readonly maxText: number;
}

/** What is told of a document while it is read. The root has depth 1. Throw to refuse the rest. */
export interface XmlVisitor {
  open(tag: XmlTag, depth: number): void;
  /** `text`: all of it where the element has no child elements, else empty. */
  close(tag: XmlTag, text: string, depth: number): void;
}

/**
 * Base64 behind a tag: text whatever comes after it, and most of what a batch of requests consists of. It goes past the
 * parser, which would look at each character three times.
 */
const base64Run = /[A-Za-z0-9+/=]+/y;

/** DESIGN: so many octets are parsed between two looks at how long a token has become. */
const pieceOctets = 64 * 1024;

interface OpenElement {
  readonly tag: XmlTag;
  parent: boolean;
  text: string;
}

/**
 * The reader for documents that are not held in memory: the same XML as `readXml` takes, in pieces of any size, cut
 * anywhere, also within a character. Throws `XmlError`, or what the visitor throws; then it is over.
 */
export class XmlStream {
  readonly #limits: XmlStreamLimits;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  readonly #guard = new DeclarationGuard();
  readonly #parser: StrictParser;
  readonly #elements: Elements;
  /** The parser stands behind a tag, or within Base64 behind it. */
  #inText = false;
  #octets = 0;
  #unfinished = 0;

  constructor(limits: XmlStreamLimits, visitor: XmlVisitor) {
    this.#limits = limits;
    this.#elements = new Elements(limits.maxText, visitor);
    this.#parser = new StrictParser(limits, this.#elements);
  }

  write(octets: Uint8Array): void {
    this.#octets += octets.length;
    if (this.#octets > this.#limits.maxOctets) throw new XmlError('xml/size', `${this.#octets} octets`);
    for (let at = 0; at < octets.length; at += pieceOctets)
      this.#parse(this.#guard.pass(this.#decode(octets.subarray(at, at + pieceOctets))));
  }

  /** The document must be whole. */
  end(): void {
    this.#parse(this.#guard.pass(this.#decode()));
    this.#parse(this.#guard.end());
    this.#parser.close();
  }

  #parse(text: string): void {
    const before = this.#parser.tokens;
    for (let at = 0; at < text.length;) at = this.#parseTo(text, at);
    this.#unfinished = this.#parser.tokens === before ? this.#unfinished + text.length : 0;
    if (this.#unfinished > this.#limits.maxText)
      throw new XmlError('xml/limit', `a token of more than ${this.#limits.maxText} characters`);
  }

  /** Parses up to the end of the next run of Base64 or the next `>`; answers where it stopped. */
  #parseTo(text: string, at: number): number {
    if (this.#inText) {
      base64Run.lastIndex = at;
      if (base64Run.test(text)) {
        this.#elements.text(text.slice(at, base64Run.lastIndex));
        return base64Run.lastIndex;
      }
    }
    const tagEnd = text.indexOf('>', at);
    const end = tagEnd === -1 ? text.length : tagEnd + 1;
    this.#inText = this.#parser.write(text.slice(at, end));
    return end;
  }

  #decode(octets?: Uint8Array): string {
    try {
      return octets === undefined ? this.#decoder.decode() : this.#decoder.decode(octets, { stream: true });
    } catch (cause) {
      throw new XmlError('xml/encoding', 'not UTF-8', { cause });
    }
  }
}

/** Puts the pieces of an element's text together, and tells elements from text. */
class Elements implements ParserEvents {
  readonly #maxText: number;
  readonly #visitor: XmlVisitor;
  readonly #open: OpenElement[] = [];

  constructor(maxText: number, visitor: XmlVisitor) {
    this.#maxText = maxText;
    this.#visitor = visitor;
  }

  open(tag: XmlTag): void {
    const parent = this.#open[this.#open.length - 1];
    if (parent !== undefined) {
      parent.parent = true;
      requireSpace(parent.text);
      parent.text = '';
    }
    this.#open.push({ tag, parent: false, text: '' });
    this.#visitor.open(tag, this.#open.length);
  }

  close(): void {
    const depth = this.#open.length;
    const element = this.#open.pop();
    if (element !== undefined) this.#visitor.close(element.tag, element.text, depth);
  }

  text(piece: string): void {
    const element = this.#open[this.#open.length - 1];
    if (element === undefined) return;
    if (element.parent) {
      requireSpace(piece);
      return;
    }
    element.text += piece;
    if (element.text.length > this.#maxText)
      throw new XmlError('xml/limit', `text of more than ${this.#maxText} characters`);
  }
}

function requireSpace(text: string): void {
  if (/[^ \t\r\n]/.test(text)) throw new XmlError('xml/mixed-content', 'text beside elements');
}
