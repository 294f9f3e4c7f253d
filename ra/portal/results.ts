import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { findBatch, type Batch } from '../batch/batches.js';
import { batchResults, type BatchResult } from '../batch/results.js';
import { recordDelivery, requireAvailable } from '../batch/send-result.js';
import type { RaContext } from '../deps.js';
import type { Client } from '../parties.js';
import { Refusal } from '../refusal.js';
import { baseName, isFileName } from './archive-name.js';
import { writeArchive } from './archive-writer.js';

/** The four words of the report (SEC Appendix M, Appendix F). */
type ReportStatus = 'success' | 'error' | 'anomaly' | 'ineligible';

const reportStatus: Readonly<Record<BatchResult['status'], ReportStatus>> = {
  SUCCESS: 'success',
  ISSUANCE_ANOMALY: 'anomaly',
  INELIGIBLE: 'ineligible',
  CSR_ERROR: 'error',
  CA_ERROR: 'error',
  WORKFLOW_ERROR: 'error'
};

/**
 * The report: one line for each request, in the order of the upload: identifier, file name, status and error code,
 * parted by tabs, which no name holds.
 */
export async function sendReport(
  deps: RaContext,
  client: Client,
  batchId: string,
  response: ServerResponse
): Promise<void> {
  const batch = await completedBatch(deps, client, batchId);
  await recordDelivery(deps, client, batch, 'report');
  const name = `${filesOf(batch)}-report.txt`;
  await stream(response, 'text/plain; charset=utf-8', name, reportLines(deps, batch));
}

/** The archive of certificates: `NAME-response.zip`, each file Base64 of the DER under its request's name. */
export async function sendResponse(
  deps: RaContext,
  client: Client,
  batchId: string,
  response: ServerResponse
): Promise<void> {
  const batch = await completedBatch(deps, client, batchId);
  await recordDelivery(deps, client, batch, 'archive');
  const at = batch.completedAt ?? batch.submittedAt;
  const name = `${filesOf(batch)}-response.zip`;
  await stream(response, 'application/zip', name, writeArchive(certificates(deps, batch), at));
}

/** An own batch whose results are there; another party's is not known. */
async function completedBatch(deps: RaContext, client: Client, batchId: string): Promise<Batch> {
  const batch = await findBatch(deps, client, batchId);
  if (batch === undefined) throw new Refusal('batch/unknown');
  if (batch.state !== 'COMPLETED') throw new Refusal('batch/not-complete', batch.state);
  requireAvailable(deps, batch);
  return batch;
}

async function* reportLines(deps: RaContext, batch: Batch): AsyncGenerator<Buffer> {
  let lines = '';
  for await (const group of batchResults(deps, batch.id))
    for (const { number, id, status, errorCode } of group) {
      lines += `${batch.id}-${number + 1}\t${id}\t${reportStatus[status]}\t${errorCode ?? ''}\n`;
      if (lines.length < pieceCharacters) continue;
      yield Buffer.from(lines, 'utf8');
      lines = '';
    }
  yield Buffer.from(lines, 'utf8');
}

/** DESIGN: what is handed to the connection at once. */
const pieceCharacters = 65_536;

async function* certificates(deps: RaContext, batch: Batch) {
  for await (const group of batchResults(deps, batch.id))
    for (const { number, id, certificate } of group) {
      if (certificate === undefined) continue;
      yield {
        name: `${certificateName(batch, id, number)}.crt`,
        octets: Buffer.from(Buffer.from(certificate).toString('base64'), 'latin1')
      };
    }
}

/** The name of the request's file; in a batch of the web service its ID, where that may be the name of a file. */
function certificateName({ source }: Batch, id: string, number: number): string {
  if (source === 'portal') return baseName(id, '.csr');
  return isFileName(`${id}.crt`, '.crt') ? id : `request-${number + 1}`;
}

/** What the files of a batch are called before `-report` and `-response`. */
function filesOf({ id, source, name }: Batch): string {
  return source === 'portal' ? baseName(name, '.zip') : `batch-${id}`;
}

/** A connection that is slow is waited for, one that goes away ends the reading. */
async function stream(
  response: ServerResponse,
  type: string,
  name: string,
  octets: AsyncIterable<Buffer>
): Promise<void> {
  // RFC 6266, appendix D: a name in ASCII, and the real one for those who read it.
  const ascii = name.replace(/[^A-Za-z0-9 ._-]/g, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, mark => `%${mark.charCodeAt(0).toString(16)}`);
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Disposition': `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff'
  });
  try {
    await pipeline(Readable.from(octets, { objectMode: false }), response);
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!gone) throw error;
  }
}
