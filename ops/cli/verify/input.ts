import { open } from 'node:fs/promises';
import { decodePem, X509Error } from '../../../pki/x509/index.js';
import { CliError } from '../exit.js';
import type { Terminal } from '../terminal.js';

/** What a PEM block may be called, by what belongs in the place (RFC 7468; the older names of OpenSSL). */
const labels = {
  certificate: ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'],
  list: ['X509 CRL', 'CRL'],
  response: ['OCSP RESPONSE'],
  key: ['PUBLIC KEY']
} as const;
export type InputKind = keyof typeof labels;

/**
 * DESIGN: 64 MiB, as lists are published; whoever judges certificates by the file has some kilobytes. More is refused
 * before it fills the memory.
 */
const maxOctets = 64 * 1024 * 1024;

/** Reads the files of one command line; standard input, `-`, belongs to one place only. */
export class Inputs {
  readonly #terminal: Terminal;
  #standardInput = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** The octets of a file. Throws `cli/file`. */
  async octets(name: string): Promise<Uint8Array> {
    if (name !== '-') return await readFileOf(name);
    if (this.#standardInput) throw new CliError('cli/option', 'standard input is named twice');
    this.#standardInput = true;
    return await this.#terminal.input(maxOctets);
  }

  /**
   * The DER values of a file: every PEM block of that kind where it holds any armour, with whatever text stands around
   * them, otherwise the file itself. Blocks of another kind are an error and not passed over: a key in the place of a
   * certificate is a mistake. Throws `cli/file`.
   */
  async ders(name: string, kind: InputKind): Promise<Uint8Array[]> {
    const octets = await this.octets(name);
    const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
    if (!text.includes('-----BEGIN ')) {
      if (octets.length === 0) throw new CliError('cli/file', `${name} is empty`);
      return [octets];
    }
    const blocks = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g) ?? [];
    const begun = text.match(/-----BEGIN /g)?.length ?? 0;
    if (blocks.length !== begun) throw new CliError('cli/file', `${name}: a PEM block without its end`);
    return blocks.flatMap(block => decode(name, block, kind));
  }

  /** The DER values of several files, in order. */
  async all(names: readonly string[] | undefined, kind: InputKind): Promise<Uint8Array[]> {
    const found: Uint8Array[] = [];
    for (const name of names ?? []) found.push(...(await this.ders(name, kind)));
    return found;
  }
}

function decode(name: string, block: string, kind: InputKind): Uint8Array[] {
  try {
    return decodePem(block).map(({ label, der }) => {
      if (!(labels[kind] as readonly string[]).includes(label))
        throw new CliError('cli/file', `${name} holds a ${label} where a ${labels[kind][0]} belongs`);
      return der;
    });
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    throw new CliError('cli/file', `${name} is not PEM: ${cause.message}`, { cause });
  }
}

async function readFileOf(name: string): Promise<Uint8Array> {
  try {
    const file = await open(name, 'r');
    try {
      const { size } = await file.stat();
      if (size > maxOctets) throw new CliError('cli/file', `${name} is larger than 64 MiB`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new CliError('cli/file', `${name} cannot be read: ${reason}`, { cause });
  }
}
