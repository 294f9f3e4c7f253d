import { refuseDeclarations } from './declarations.js';
import { XmlError } from './error.js';
import { StrictParser, type ParserEvents, type ParserLimits, type XmlTag } from './strict-parser.js';

/** An element: either text or child elements, never both. */
export interface XmlElement extends XmlTag {
  readonly children: readonly XmlElement[];
  /** The text as written, references resolved, white space kept; empty beside child elements. */
  readonly text: string;
}

/** Every limit is the caller's: it knows its schema. */
export interface XmlLimits extends ParserLimits {
  readonly maxOctets: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

interface OpenElement extends XmlElement {
  readonly children: OpenElement[];
  text: string;
}

/**
 * Reads an XML 1.0 document with namespaces: UTF-8 (a byte order mark is tolerated), no document type, no processing
 * instruction but the XML declaration, predefined entities and character references only. Throws `XmlError`.
 */
export function readXml(bytes: Uint8Array, limits: XmlLimits): XmlElement {
  if (bytes.length > limits.maxOctets) throw new XmlError('xml/size', `${bytes.length} octets`);
  const text = decodeUtf8(bytes);
  refuseDeclarations(text);
  const builder = new TreeBuilder();
  const parser = new StrictParser(limits, builder);
  parser.write(text);
  parser.close();
  if (builder.root === undefined) throw new XmlError('xml/malformed', 'no element');
  return builder.root;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new XmlError('xml/encoding', 'not UTF-8', { cause });
  }
}

class TreeBuilder implements ParserEvents {
  readonly #open: OpenElement[] = [];
  root: OpenElement | undefined;

  open(tag: XmlTag): void {
    const element: OpenElement = { ...tag, children: [], text: '' };
    const parent = this.#open[this.#open.length - 1];
    if (parent === undefined) this.root ??= element;
    else parent.children.push(element);
    this.#open.push(element);
  }

  close(): void {
    const element = this.#open.pop();
    if (element === undefined || element.children.length === 0) return;
    if (/[^ \t\r\n]/.test(element.text)) throw new XmlError('xml/mixed-content', 'text beside elements');
    element.text = '';
  }

  text(piece: string): void {
    const element = this.#open[this.#open.length - 1];
    if (element !== undefined) element.text += piece;
  }
}
