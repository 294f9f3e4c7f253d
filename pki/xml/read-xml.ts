import { SaxesParser, type SaxesTagNS } from 'saxes';
import { XmlError, type XmlErrorCode } from './error.js';

export interface XmlAttribute {
  /** Local name. */
  readonly name: string;
  readonly namespace: string;
  readonly value: string;
}

/** An element: either text or child elements, never both. */
export interface XmlElement {
  /** Local name. */
  readonly name: string;
  /** Namespace URI, empty for none. */
  readonly namespace: string;
  /** Without namespace declarations. */
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** The text as written, references resolved, white space kept; empty beside child elements. */
  readonly text: string;
}

/** Every limit is the caller's: it knows its schema. */
export interface XmlLimits {
  readonly maxOctets: number;
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

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

interface OpenElement extends XmlElement {
  readonly attributes: XmlAttribute[];
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
  const builder = new TreeBuilder(limits);
  return builder.build(text);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new XmlError('xml/encoding', 'not UTF-8', { cause });
  }
}

/**
 * Before any parser sees the text: `<!` starts a comment, a CDATA section or a declaration, and a declaration is
 * refused wherever it stands, inside comments as well.
 */
function refuseDeclarations(text: string): void {
  for (let at = text.indexOf('<!'); at !== -1; at = text.indexOf('<!', at + 2))
    if (!text.startsWith('<!--', at) && !text.startsWith('<![CDATA[', at))
      throw new XmlError('xml/doctype', 'declaration');
}

class TreeBuilder {
  readonly #limits: XmlLimits;
  readonly #open: OpenElement[] = [];
  #elements = 0;
  #root: OpenElement | undefined;

  constructor(limits: XmlLimits) {
    this.#limits = limits;
  }

  build(text: string): XmlElement {
    const parser = new SaxesParser({
      xmlns: true,
      position: false,
      forceXMLVersion: true,
      defaultXMLVersion: '1.0'
    });
    // Thrown errors leave saxes' write at once, so that nothing is parsed after a refusal.
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
      if (this.#limits.comments === 'refuse') refuse('xml/comment', 'comment');
    });
    parser.on('opentag', tag => this.#openTag(tag));
    parser.on('closetag', () => this.#closeTag());
    parser.on('text', data => this.#text(data));
    parser.on('cdata', data => this.#text(data));
    parser.write(text).close();
    if (this.#root === undefined) throw new XmlError('xml/malformed', 'no element');
    return this.#root;
  }

  #openTag(tag: SaxesTagNS): void {
    const { maxAttributes, maxDepth, maxElements } = this.#limits;
    const all = Object.values(tag.attributes);
    if (all.length > maxAttributes) throw new XmlError('xml/limit', `more than ${maxAttributes} attributes`);
    if (this.#open.length >= maxDepth) throw new XmlError('xml/limit', `deeper than ${maxDepth} elements`);
    if (++this.#elements > maxElements) throw new XmlError('xml/limit', `more than ${maxElements} elements`);
    const element: OpenElement = {
      name: tag.local,
      namespace: tag.uri,
      attributes: all
        .filter(attribute => attribute.prefix !== 'xmlns' && attribute.name !== 'xmlns')
        .map(attribute => ({ name: attribute.local, namespace: attribute.uri, value: attribute.value })),
      children: [],
      text: ''
    };
    const parent = this.#open[this.#open.length - 1];
    if (parent === undefined) this.#root ??= element;
    else parent.children.push(element);
    this.#open.push(element);
  }

  #closeTag(): void {
    const element = this.#open.pop();
    if (element === undefined || element.children.length === 0) return;
    if (/[^ \t\r\n]/.test(element.text)) throw new XmlError('xml/mixed-content', 'text beside elements');
    element.text = '';
  }

  #text(data: string): void {
    const element = this.#open[this.#open.length - 1];
    if (element !== undefined) element.text += data;
  }
}
