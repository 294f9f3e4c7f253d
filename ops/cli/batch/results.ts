import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { DerError } from '../../../pki/der/index.js';
import { encodePem, parseCertificate, X509Error } from '../../../pki/x509/index.js';
import { XmlError, XmlStream } from '../../../pki/xml/index.js';
import { baseName, isFileName } from '../../../ra/portal/archive-name.js';
import { CliError } from '../exit.js';
import { refusalOf } from './batches.js';
import { wholeOf, type BatchConnection } from './connection.js';
import { csvLine, type CertificateForm } from './plan.js';
import { ResultMessage, type BatchResult } from './result-message.js';

/** Where results go and what is expected of them. */
export interface ResultFiles {
  readonly folder: string;
  readonly form: CertificateForm;
  /** `errors.csv` up to here belongs to other batches; this one's lines follow. */
  readonly errorOctets: number;
  /** First column of its lines. */
  readonly batch: string;
  /** What was asked for under an ID, where that is known: then every ID must come, once, and no other. */
  readonly expected?: ReadonlyMap<string, ExpectedResult>;
}

export interface ExpectedResult {
  readonly name: string;
  /** SHA-256 of the SubjectPublicKeyInfo in the request, hexadecimal; empty where the request could not be read. */
  readonly key: string;
}

export interface WrittenResults {
  readonly issued: number;
  readonly refused: number;
  /** Files that were there from an earlier run and were left alone. */
  readonly kept: number;
  /** Length of `errors.csv` now. */
  readonly errorOctets: number;
}

/** A certificate in Base64 and an error text are below this; an `ID` is 100 characters. */
const maxText = 16_384;
const maxResults = 1_000_000;

/**
 * Streams the results of a completed batch into files: `NAME.crt` each, whole or not at all, and `errors.csv` for what
 * was refused. A certificate that is there already is not written again. The answer is read strictly; one that does
 * not belong to what was asked ends with an error, and what was written stays.
 */
export async function fetchResults(
  connection: BatchConnection,
  batchId: string,
  files: ResultFiles,
  signal: AbortSignal
): Promise<WrittenResults> {
  const query = `/1.0/PortalCSRBatch/CSRBatchResult?BatchId=${encodeURIComponent(batchId)}`;
  const answer = await connection.get(query, signal);
  if (answer.status !== 200) throw refusalOf(answer.status, await wholeOf(answer));
  mkdirSync(files.folder, { recursive: true });
  const errors = await open(path.join(files.folder, 'errors.csv'), files.errorOctets === 0 ? 'w' : 'r+');
  try {
    await errors.truncate(files.errorOctets);
    const writer = new ResultWriter(files, errors);
    const message = new ResultMessage();
    const stream = new XmlStream(
      {
        maxOctets: maxResults * 4_096,
        maxDepth: 4,
        maxElements: maxResults * 6,
        maxAttributes: 8,
        maxText,
        comments: 'refuse'
      },
      message
    );
    for await (const piece of answer.body) {
      stream.write(piece);
      await writer.write(message.take());
    }
    stream.end();
    await writer.write(message.take());
    const { status, error, id } = message.head();
    if (status !== 'COMPLETED' || id !== batchId)
      throw new CliError('cli/refused', [`batch ${batchId}: ${status}`, error].filter(Boolean).join(', '));
    return await writer.end();
  } catch (error) {
    if (error instanceof XmlError)
      throw new CliError('cli/unavailable', `the results cannot be read: ${error.message}`, { cause: error });
    throw error;
  } finally {
    await errors.close();
  }
}

class ResultWriter {
  readonly #files: ResultFiles;
  readonly #errors: FileHandle;
  readonly #seen = new Set<string>();
  #issued = 0;
  #refused = 0;
  #kept = 0;
  #errorOctets: number;

  constructor(files: ResultFiles, errors: FileHandle) {
    this.#files = files;
    this.#errors = errors;
    this.#errorOctets = files.errorOctets;
  }

  async write(results: readonly BatchResult[]): Promise<void> {
    let lines = this.#errorOctets === 0 && results.length > 0 ? csvLine(errorColumns) : '';
    for (const result of results) {
      if (this.#seen.has(result.id)) throw unexpected('the results hold a request twice');
      this.#seen.add(result.id);
      const expected = this.#files.expected?.get(result.id);
      if (this.#files.expected !== undefined && expected === undefined)
        throw unexpected('the results hold a request that was not sent');
      const name = expected?.name ?? nameOf(result.id);
      if (result.certificate !== undefined) this.#certificate(name, result.certificate, expected?.key ?? '');
      else {
        this.#refused += 1;
        const { id, status, errorCode = '', errorText = '' } = result;
        lines += csvLine([this.#files.batch, id, name, status, errorCode, errorText]);
      }
    }
    if (lines === '') return;
    const octets = Buffer.from(lines, 'utf8');
    await this.#errors.write(octets, 0, octets.length, this.#errorOctets);
    this.#errorOctets += octets.length;
  }

  async end(): Promise<WrittenResults> {
    const { expected } = this.#files;
    if (expected !== undefined && this.#seen.size !== expected.size)
      throw unexpected(`${expected.size - this.#seen.size} requests have no result`);
    await this.#errors.datasync();
    return {
      issued: this.#issued,
      refused: this.#refused,
      kept: this.#kept,
      errorOctets: this.#errorOctets
    };
  }

  #certificate(name: string, base64: string, key: string): void {
    const der = new Uint8Array(Buffer.from(base64, 'base64'));
    if (keyOf(der) !== key && key !== '') throw unexpected('a certificate is for another key than asked for');
    this.#issued += 1;
    const file = path.join(this.#files.folder, `${name}.crt`);
    // Complete, or it would have another name.
    if (existsSync(file)) {
      this.#kept += 1;
      return;
    }
    const draft = `${file}.part`;
    try {
      writeFileSync(draft, this.#files.form === 'der' ? der : encodePem('CERTIFICATE', der), { mode: 0o644 });
      renameSync(draft, file);
    } catch (cause) {
      throw new CliError('cli/file', `${file} cannot be written`, { cause });
    }
  }
}

const errorColumns = ['batch', 'id', 'name', 'status', 'errorCode', 'errorText'];

/** What a file is called where only the ID is known: itself, or the name in the portal's archive without `.csr`. */
function nameOf(id: string): string {
  const name = id.toLowerCase().endsWith('.csr') ? baseName(id, '.csr') : id;
  if (!isFileName(`${name}.crt`, '.crt')) throw unexpected('the results hold an ID that is no file name');
  return name;
}

/** SHA-256 of the certificate's SubjectPublicKeyInfo, hexadecimal. */
function keyOf(der: Uint8Array): string {
  try {
    return createHash('sha256').update(parseCertificate(der).publicKey.spki).digest('hex');
  } catch (cause) {
    if (cause instanceof DerError || cause instanceof X509Error)
      throw unexpected('the results hold a certificate that cannot be read', cause);
    throw cause;
  }
}

function unexpected(what: string, cause?: unknown): CliError {
  return new CliError('cli/unavailable', what, { cause });
}
