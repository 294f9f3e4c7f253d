import { X509Error } from './error.js';

export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

/** Labels of RFC 7468 in use here are words of capitals. */
const boundary = /^-----(BEGIN|END) ([A-Z0-9]+(?: [A-Z0-9]+)*)-----$/;

/** One PEM block, lines of 64 characters, LF (RFC 7468 section 2). */
export function encodePem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * Reads PEM blocks: nothing but blocks and empty lines, matching labels, LF or CRLF, base64 in lines of any one
 * length without headers. Throws `x509/pem` otherwise, also when there is no block.
 */
export function decodePem(input: string | Uint8Array): PemBlock[] {
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('latin1');
  const blocks: PemBlock[] = [];
  let label: string | undefined;
  let lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, edge, name] = boundary.exec(line) ?? [];
    if (edge === 'BEGIN' && label === undefined) {
      label = name;
      lines = [];
    } else if (edge === 'END' && label !== undefined && name === label) {
      blocks.push({ label, der: decodeBase64(lines) });
      label = undefined;
    } else if (label !== undefined && edge === undefined) {
      lines.push(line);
    } else if (line !== '') {
      throw new X509Error('x509/pem', 'text outside a block');
    }
  }
  if (label !== undefined || blocks.length === 0) throw new X509Error('x509/pem', 'block without an end');
  return blocks;
}

function decodeBase64(lines: readonly string[]): Uint8Array {
  const width = lines[0]?.length ?? 0;
  const even = lines.every((line, i) =>
    i < lines.length - 1 ? line.length === width : line.length <= width
  );
  const octets = even ? decodeStrictBase64(lines.join('')) : undefined;
  if (octets === undefined || octets.length === 0) throw new X509Error('x509/pem', 'base64');
  return octets;
}

/** RFC 4648 section 4 without white space, padding complete and its unused bits zero; undefined when it is not. */
export function decodeStrictBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const octets = Buffer.from(text, 'base64');
  // One octet string has one base64 text, so re-encoding settles alphabet, padding and the unused bits.
  return octets.toString('base64') === text ? octets : undefined;
}
