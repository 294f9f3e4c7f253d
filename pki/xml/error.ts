/** Why octets are not the XML that is taken here; closed. */
export type XmlErrorCode =
  /** More octets than the limit; nothing was parsed. */
  | 'xml/size'
  /** Not UTF-8, or another encoding declared. */
  | 'xml/encoding'
  /** A document type declaration: the root of entity expansion and external entities. */
  | 'xml/doctype'
  | 'xml/processing-instruction'
  | 'xml/comment'
  /** Not well-formed, undefined prefixes and entities included. */
  | 'xml/malformed'
  /** Elements too deep, too many, or with too many attributes; a name, value or text too long. */
  | 'xml/limit'
  /** Text beside child elements. */
  | 'xml/mixed-content';

/** The document is refused. The message holds our words only, never the document's text. */
export class XmlError extends Error {
  readonly code: XmlErrorCode;

  constructor(code: XmlErrorCode, detail: string, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.name = 'XmlError';
    this.code = code;
  }
}
