import { readXml, XmlError, type XmlElement } from '../../pki/xml/index.js';
import { Refusal } from '../refusal.js';
import { adHocVersion } from './answer.js';

/** DESIGN: a CSR of 4 KiB is 5.5 KiB in Base64; room for white space between elements and long names. */
export const maxMessageOctets = 65_536;

export interface AdHocMessage {
  readonly id: string;
  /** The text as it stood; whether it is Base64 of the right form is R1's to say. */
  readonly csr: string;
}

/**
 * Reads a DeviceCertificateSigningRequest (SEC Appendix M, Appendix B): no namespace, attribute `ID` of 1 to 32
 * characters, children `Version` and `CertificateSigningRequest`. `readable` receives the ID as soon as it is
 * known, because every answer to XML that could be read echoes it, refusals too.
 */
export function readMessage(bytes: Uint8Array, readable: (id: string) => void): AdHocMessage {
  const usual = readUsual(bytes);
  if (usual !== undefined) {
    readable(usual.id);
    return usual;
  }
  const root = read(bytes);
  if (root.namespace !== '' || root.name !== 'DeviceCertificateSigningRequest')
    throw new Refusal('message/schema', 'another root element');
  const id = root.attributes.find(attribute => attribute.name === 'ID' && attribute.namespace === '')?.value;
  if (id === undefined || id.length < 1 || [...id].length > 32)
    throw new Refusal('message/schema', 'ID is not 1 to 32 characters');
  readable(id);
  // Attributes of XML Schema's own namespace (schemaLocation) are allowed on any element of a valid document.
  if (root.attributes.some(({ name, namespace }) => name !== 'ID' && namespace !== schemaInstance))
    throw new Refusal('message/schema', 'another attribute');
  if (root.text.trim() !== '') throw new Refusal('message/schema', 'text beside elements');

  const [version, csr, ...others] = root.children;
  if (!isText(version, 'Version')) throw new Refusal('message/schema', 'Version is missing');
  if (!isText(csr, 'CertificateSigningRequest') || others.length > 0)
    throw new Refusal('message/schema', 'not Version and CertificateSigningRequest alone');
  if (version.text !== adHocVersion) throw new Refusal('message/version');
  return { id, csr: csr.text };
}

/**
 * The message as nearly all write it, of characters that need no reading of XML: no references, no namespaces, nothing
 * beyond ASCII. What this takes, the reader below takes with the same outcome; the converse is not so.
 */
const usualMessage =
  /^<\?xml version="1\.0" encoding="(?:utf-8|UTF-8)"\?>[ \t\r\n]*<DeviceCertificateSigningRequest ID="([A-Za-z0-9._:-]{1,32})">[ \t\r\n]*<Version>1\.0<\/Version>[ \t\r\n]*<CertificateSigningRequest>([A-Za-z0-9+/=]*)<\/CertificateSigningRequest>[ \t\r\n]*<\/DeviceCertificateSigningRequest>[ \t\r\n]*$/;

function readUsual(bytes: Uint8Array): AdHocMessage | undefined {
  if (bytes.length > maxMessageOctets) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const [, id, csr] = usualMessage.exec(text) ?? [];
  return id === undefined || csr === undefined ? undefined : { id, csr };
}

const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance';

function read(bytes: Uint8Array): XmlElement {
  try {
    return readXml(bytes, {
      maxOctets: maxMessageOctets,
      maxDepth: 4,
      maxElements: 16,
      maxAttributes: 8,
      comments: 'refuse'
    });
  } catch (cause) {
    if (cause instanceof XmlError) throw new Refusal('message/unreadable', cause.code, { cause });
    throw cause;
  }
}

function isText(element: XmlElement | undefined, name: string): element is XmlElement {
  return (
    element !== undefined &&
    element.name === name &&
    element.namespace === '' &&
    element.attributes.length === 0 &&
    element.children.length === 0
  );
}
