/**
 * The one way from octets to XML elements, and escaping for the way back. Documents are hostile: sizes are checked
 * first, document types never reach a parser, and what does not fit is refused by code. Schemas are the reader's
 * business: this says what the elements are, not whether they belong there.
 */
export { XmlError, type XmlErrorCode } from './error.js';
export { readXml, type XmlElement, type XmlLimits } from './read-xml.js';
export type { XmlAttribute, XmlTag } from './strict-parser.js';
export { XmlStream, type XmlStreamLimits, type XmlVisitor } from './xml-stream.js';
export { isNcName } from './nc-name.js';
export { escapeXml } from './escape-xml.js';
