import { decodePem, decodeStrictBase64, X509Error } from '../x509/index.js';
import { RequestRefused } from './error.js';

/**
 * The forms in which a request arrives as text. `portal`: pasted, PEM with `CERTIFICATE REQUEST` or `NEW CERTIFICATE
 * REQUEST` or no boundary at all, on one line or in lines of 64 or 76, LF or CRLF (SEC Appendix M, appendix F).
 * `base64text`: web services, RFC 7468 base64text without any white space.
 */
export type RequestTextForm = 'portal' | 'base64text';

const labels: ReadonlySet<string> = new Set(['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']);

/**
 * Decodes the text of one request (rule R1). `maxOctets` bounds the decoded request; the text is refused by its
 * own length before it is decoded. Throws `RequestRefused`.
 */
export function decodeRequestText(text: string, form: RequestTextForm, maxOctets: number): Uint8Array {
  // Base64 makes 4 characters of 3 octets; line ends and boundaries add less than half as much again.
  if (text.length > maxOctets * 2 + 128)
    throw new RequestRefused('R1', 'request/size', `${text.length} characters`);
  const octets = form === 'portal' ? decodePortal(text) : decodeStrictBase64(text);
  if (octets === undefined || octets.length === 0)
    throw new RequestRefused(
      'R1',
      'request/text-form',
      `not ${form === 'portal' ? 'PEM or base64' : 'base64text'}`
    );
  return octets;
}

function decodePortal(text: string): Uint8Array | undefined {
  if (text.includes('-')) {
    try {
      const [block, ...others] = decodePem(text);
      return block !== undefined && others.length === 0 && labels.has(block.label) ? block.der : undefined;
    } catch (cause) {
      if (cause instanceof X509Error)
        throw new RequestRefused('R1', 'request/text-form', cause.what, { cause });
      throw cause;
    }
  }
  let end = text.length;
  while (text[end - 1] === '\n' || text[end - 1] === '\r') end--;
  const lines = text.slice(0, end).split(/\r?\n/);
  const width = lines[0]?.length ?? 0;
  if (lines.length > 1 && width !== 64 && width !== 76) return undefined;
  const even = lines.every((line, i) =>
    i < lines.length - 1 ? line.length === width : line.length <= width
  );
  return even ? decodeStrictBase64(lines.join('')) : undefined;
}
