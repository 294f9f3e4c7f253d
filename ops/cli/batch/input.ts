import { createReadStream } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { decodeRequestText, RequestRefused } from '../../../pki/request/index.js';
import { ArchiveError } from '../../../ra/portal/archive-error.js';
import { baseName, isFileName, nameKey } from '../../../ra/portal/archive-name.js';
import { readArchive } from '../../../ra/portal/archive-reader.js';
import { CliError } from '../exit.js';

/** What a command line names: request files and archives, taken together, or messages that are sent as they are. */
export type Input =
  | { readonly kind: 'requests'; readonly files: readonly RequestFile[] }
  | { readonly kind: 'message'; readonly file: string };

interface RequestFile {
  readonly kind: 'request' | 'archive';
  readonly file: string;
}

/** A request of a subscriber: the name its certificate gets, and the request, DER where it could be decoded. */
export interface NamedRequest {
  readonly name: string;
  readonly der: Uint8Array;
}

/** Endings of request files in a folder; what else lies there, such as private keys, is never read. */
const requestEndings = ['.csr.pem', '.csr.der', '.csr.b64', '.csr', '.p10'] as const;
/** DESIGN: a request is at most 4 KiB decoded (R1); in text with armour less than twice as much. */
const maxRequestOctets = 4_096;
const maxFileOctets = maxRequestOctets * 2 + 128;
/** DESIGN: what the portal takes of one archive; a larger one is several. */
const archiveLimits = {
  maxEntries: 65_534,
  maxEntryOctets: maxFileOctets,
  maxTotalOctets: 128 * 1024 * 1024,
  maxRatio: 20
};

/** Looks at what is named: folders for the request files in them, a file for what it begins with. */
export async function inputsOf(named: readonly string[]): Promise<Input[]> {
  const files: RequestFile[] = [];
  const messages: Input[] = [];
  for (const one of named) {
    const found = await stat(one).catch((cause: unknown) => {
      throw new CliError('cli/file', `${one} cannot be read`, { cause });
    });
    if (found.isDirectory()) {
      const inside = (await readdir(one)).filter(name => endingOf(name) !== undefined).sort();
      files.push(...inside.map(name => ({ kind: 'request' as const, file: path.join(one, name) })));
      continue;
    }
    const start = await beginningOf(one);
    if (start.startsWith('PK')) files.push({ kind: 'archive', file: one });
    else if (/^(?:\u00ef\u00bb\u00bf)?\s*<\??[A-Za-z]/.test(start))
      messages.push({ kind: 'message', file: one });
    else files.push({ kind: 'request', file: one });
  }
  if (files.length === 0 && messages.length === 0)
    throw new CliError('cli/option', 'no request in what is named');
  return [...(files.length === 0 ? [] : [{ kind: 'requests' as const, files }]), ...messages];
}

/** The requests one after another, each read when it is asked for. Names are unique, also where case does not count. */
export async function* readRequests(files: readonly RequestFile[]): AsyncGenerator<NamedRequest> {
  const taken = new Set<string>();
  for (const { kind, file } of files) {
    for await (const { name, octets } of kind === 'archive' ? entriesOf(file) : requestOf(file)) {
      const key = nameKey(name);
      if (taken.has(key)) throw new CliError('cli/file', `${file}: another request is named ${name}, too`);
      taken.add(key);
      yield { name, der: decode(octets, `${file}: ${name}`) };
    }
  }
}

interface NamedOctets {
  readonly name: string;
  readonly octets: Uint8Array;
}

async function* entriesOf(file: string): AsyncGenerator<NamedOctets> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const archive = {
      size,
      read: async (target: Uint8Array, position: number) =>
        (await handle.read(target, 0, target.length, position)).bytesRead
    };
    for await (const { name, octets } of readArchive(archive, archiveLimits))
      yield { name: baseName(name, '.csr'), octets };
  } catch (cause) {
    if (cause instanceof ArchiveError) throw new CliError('cli/file', `${file}: ${cause.message}`, { cause });
    throw cause;
  } finally {
    await handle.close();
  }
}

async function* requestOf(file: string): AsyncGenerator<NamedOctets> {
  const base = path.basename(file);
  const ending = endingOf(base) ?? path.extname(base);
  const name = ending === '' ? base : baseName(base, ending);
  if (!isFileName(`${name}.crt`, '.crt'))
    throw new CliError('cli/file', `${file}: not a name for a certificate`);
  yield { name, octets: await readFileAtMost(file, maxFileOctets) };
}

function endingOf(name: string): string | undefined {
  return requestEndings.find(ending => name.toLowerCase().endsWith(ending) && name.length > ending.length);
}

/** DER as it is; text in the portal's forms (SEC Appendix M, Appendix F). What it says is the RA's to judge. */
function decode(octets: Uint8Array, what: string): Uint8Array {
  if (octets[0] === 0x30) return octets;
  try {
    return decodeRequestText(Buffer.from(octets).toString('latin1'), 'portal', maxRequestOctets);
  } catch (cause) {
    if (cause instanceof RequestRefused)
      throw new CliError('cli/file', `${what} is no request, in DER, PEM or Base64`, { cause });
    throw cause;
  }
}

async function beginningOf(file: string): Promise<string> {
  const handle = await openFile(file);
  try {
    const buffer = Buffer.alloc(64);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead).toString('latin1');
  } finally {
    await handle.close();
  }
}

async function readFileAtMost(file: string, max: number): Promise<Uint8Array> {
  const handle = await openFile(file);
  try {
    const buffer = Buffer.alloc(max + 1);
    let octets = 0;
    for (let read = 1; read > 0 && octets < buffer.length; octets += read)
      ({ bytesRead: read } = await handle.read(buffer, octets, buffer.length - octets, octets));
    if (octets > max) throw new CliError('cli/file', `${file} is larger than a request`);
    return new Uint8Array(buffer.subarray(0, octets));
  } finally {
    await handle.close();
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file);
  } catch (cause) {
    throw new CliError('cli/file', `${file} cannot be read`, { cause });
  }
}

/** A message as it stands in its file. */
export async function* readMessageFile(file: string): AsyncGenerator<Buffer> {
  try {
    for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) yield piece;
  } catch (cause) {
    throw new CliError('cli/file', `${file} cannot be read`, { cause });
  }
}

/** `ID` of the message's root element: the name by which the RA lists the batch. */
export async function messageNameOf(file: string): Promise<string | undefined> {
  let start = '';
  for await (const piece of createReadStream(file, { end: 8_191 }) as AsyncIterable<Buffer>)
    start += piece.toString('utf8');
  const [, , name] = /<SubmitCSRBatch\s[^>]*?\bID\s*=\s*(["'])([^"'&<]*)\1/.exec(start) ?? [];
  return name;
}
