import { escapeXml, readXml, XmlError } from '../../../pki/xml/index.js';
import { CliError } from '../exit.js';
import { refusalOf } from './batches.js';
import { wholeOf, type BatchConnection } from './connection.js';

/** DESIGN: octets handed to the connection at once. */
const pieceOctets = 65_536;

/** A SubmitCSRBatch (SEC Appendix M, Appendix E) as octets, made while it is sent. */
export async function* submissionMessage(
  name: string,
  requests: AsyncIterable<{ readonly id: string; readonly der: Uint8Array }>
): AsyncGenerator<Buffer> {
  let text = `<?xml version="1.0" encoding="UTF-8"?>\n<SubmitCSRBatch ID="${escapeXml(name)}"><Version>1.0</Version>\n`;
  for await (const { id, der } of requests) {
    text += `<DeviceCSR ID="${id}">${Buffer.from(der).toString('base64')}</DeviceCSR>\n`;
    if (text.length >= pieceOctets) {
      yield Buffer.from(text, 'utf8');
      text = '';
    }
  }
  yield Buffer.from(`${text}</SubmitCSRBatch>\n`, 'utf8');
}

/** Uploads one batch and answers its BatchId, or throws what the RA said instead. */
export async function submit(
  connection: BatchConnection,
  message: AsyncIterable<Uint8Array>,
  signal: AbortSignal
): Promise<string> {
  const answer = await connection.post(
    '/1.0/PortalCSRBatch/SubmitCSRBatch',
    'application/xml;charset=UTF-8',
    message,
    signal
  );
  const body = await wholeOf(answer);
  const said = readStatus(body);
  if (said === undefined) throw refusalOf(answer.status, body);
  if (said.batchId !== undefined) return said.batchId;
  const code = said.status === 'FORMAT_ERROR' ? 'cli/refused' : 'cli/unavailable';
  throw new CliError(code, [said.status, said.errorCode, said.errorText].filter(Boolean).join(', '));
}

interface SubmissionStatus {
  readonly status: string;
  readonly batchId: string | undefined;
  readonly errorCode: string | undefined;
  readonly errorText: string | undefined;
}

/** The answer to an upload is some hundred octets. */
const answerLimits = {
  maxOctets: 65_536,
  maxDepth: 4,
  maxElements: 16,
  maxAttributes: 8,
  comments: 'refuse'
} as const;

function readStatus(body: Uint8Array): SubmissionStatus | undefined {
  try {
    const root = readXml(body, answerLimits);
    if (root.name !== 'SubmitCSRBatchStatus') return undefined;
    const child = (of: typeof root | undefined, name: string) => of?.children.find(one => one.name === name);
    const batchId = child(root, 'BatchId')?.text;
    const error = child(root, 'Error');
    return {
      status: child(root, 'BatchStatus')?.text ?? '',
      batchId: batchId !== undefined && /^[1-9][0-9]{0,18}$/.test(batchId) ? batchId : undefined,
      errorCode: child(error, 'ErrorCode')?.text,
      errorText: child(error, 'ErrorText')?.text
    };
  } catch (cause) {
    if (cause instanceof XmlError) return undefined;
    throw cause;
  }
}
