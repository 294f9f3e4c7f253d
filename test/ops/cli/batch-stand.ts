import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { ensureComponentTls, internalServerOptions } from '../../../ops/tls/index.js';
import { parseRequest } from '../../../pki/x509/index.js';
import { readXml } from '../../../pki/xml/index.js';
import { testCertificate } from '../../kit/certificates.js';
import { p256Key } from '../../kit/keys.js';
import { inFolder } from './run.js';

/** A batch that the stand was sent. */
export interface TakenBatch {
  readonly batchId: string;
  readonly name: string;
  readonly submittedAt: string;
  readonly requests: readonly { readonly id: string; readonly der: Buffer }[];
}

/** What the far end does, where it is not what it should do. */
export interface Behaviour {
  /** Takes an upload whole, keeps it, and breaks the connection instead of answering. */
  loseAnswer: boolean;
  /** Breaks the connection while an upload comes. */
  cutUpload: boolean;
  /** Breaks the connection after so many results. */
  cutResultsAfter: number;
  /** The state that batches are in. */
  state: string;
  /** The answer to an upload instead of a BatchId. */
  refuse: { status: number; body: string } | undefined;
  /** The elements of the results, of what they should be. */
  change: (results: readonly string[]) => readonly string[];
}

/**
 * A far end that breaks when it is told to, for what a running system does not do on command: lost answers, cut
 * streams, answers that are wrong. It answers as the RA does (SEC Appendix M, Appendix E).
 */
export class BatchStand {
  readonly folder: string;
  readonly batches: TakenBatch[] = [];
  uploads = 0;
  readonly behaviour: Behaviour = {
    ...{
      loseAnswer: false,
      cutUpload: false,
      cutResultsAfter: Infinity,
      state: 'COMPLETED',
      refuse: undefined
    },
    change: results => results
  };
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    this.folder = folder;
    this.#server = server;
  }

  static async with(work: (stand: BatchStand) => Promise<void>): Promise<void> {
    await inFolder(async folder => {
      const directory = path.join(folder, 'tls');
      await mkdir(directory);
      const names = ['ra', 'operator'];
      const files = await ensureComponentTls({ directory, environment: 'test', names, now: new Date() });
      const own = files.get('ra');
      if (own === undefined) throw new Error('no certificate');
      const server = createServer({ ...(await internalServerOptions(own)), requestCert: false });
      const stand = new BatchStand(folder, server);
      server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        stand.#answer(request, response).catch(() => response.destroy());
      });
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      try {
        await work(stand);
      } finally {
        server.closeAllConnections();
        await new Promise(resolve => server.close(resolve));
      }
    });
  }

  /** Options by which the command line reaches it. */
  get access(): string[] {
    const tls = (name: string) => path.join(this.folder, 'tls', name);
    const { port } = this.#server.address() as AddressInfo;
    return [
      ...['--ra', `https://localhost:${port}`, '--ca', tls('root.pem')],
      ...['--cert', tls('operator.pem'), '--key', tls('operator.key')]
    ];
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'https://localhost');
    if (url.pathname === '/1.0/PortalCSRBatch/SubmitCSRBatch') await this.#submit(request, response);
    else if (url.pathname === '/1.0/PortalCSRBatch/CSRBatchResult')
      this.#results(url.searchParams.get('BatchId') ?? '', response);
    else if (url.pathname === '/ra/v1/batches')
      sendJson(response, 200, { batches: this.batches.map(batch => this.#view(batch)) });
    else {
      const batch = this.batches.find(({ batchId }) => url.pathname === `/ra/v1/batches/${batchId}`);
      if (batch === undefined) sendJson(response, 404, { code: 'batch/unknown', title: 'Unknown BatchId' });
      else sendJson(response, 200, this.#view(batch));
    }
  }

  async #submit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.uploads += 1;
    if (this.behaviour.cutUpload) {
      request.once('data', () => response.destroy());
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    if (this.behaviour.refuse !== undefined) {
      response.writeHead(this.behaviour.refuse.status, { 'content-type': 'application/xml' });
      response.end(this.behaviour.refuse.body);
      return;
    }
    const root = readXml(Buffer.concat(parts), {
      ...{ maxOctets: 10_000_000, maxDepth: 2, maxElements: 60_000, maxAttributes: 2, comments: 'refuse' }
    });
    const idOf = ({ attributes }: typeof root) => attributes.find(({ name }) => name === 'ID')?.value ?? '';
    const batchId = String(this.batches.length + 1);
    this.batches.push({
      batchId,
      name: idOf(root),
      submittedAt: new Date().toISOString(),
      requests: root.children
        .filter(({ name }) => name === 'DeviceCSR')
        .map(element => ({ id: idOf(element), der: Buffer.from(element.text, 'base64') }))
    });
    if (this.behaviour.loseAnswer) {
      response.destroy();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/xml;charset=UTF-8' });
    response.end(
      '<?xml version="1.0" encoding="UTF-8"?><SubmitCSRBatchStatus ID="x"><Version>1.0</Version><Build>t</Build>' +
        `<BatchStatus>PENDING</BatchStatus><BatchId>${batchId}</BatchId></SubmitCSRBatchStatus>`
    );
  }

  #results(batchId: string, response: ServerResponse): void {
    const batch = this.batches.find(one => one.batchId === batchId);
    response.writeHead(200, { 'content-type': 'application/xml;charset=UTF-8' });
    response.write(
      '<?xml version="1.0" encoding="UTF-8"?><CSRBatchResult ID="x"><Version>1.0</Version><Build>t</Build>' +
        `<BatchStatus>${this.behaviour.state}</BatchStatus><BatchId>${batchId}</BatchId>`
    );
    const results = this.behaviour.change((batch?.requests ?? []).map(({ id, der }) => resultOf(id, der)));
    const told = results.slice(0, this.behaviour.cutResultsAfter);
    response.write(told.join(''));
    // What was written is on its way before the connection goes.
    if (told.length < results.length) setTimeout(() => response.destroy(), 100);
    else response.end('</CSRBatchResult>');
  }

  #view({ batchId, name, submittedAt, requests }: TakenBatch): object {
    const done = requests.length;
    return {
      ...{ batchId, name, source: 'batch', state: this.behaviour.state, requests: done, parsed: done },
      ...{ ordered: done, done, issued: done, refused: 0, submittedAt }
    };
  }
}

/** A certificate for the key of a request, or an error where it is none. */
function resultOf(id: string, der: Buffer): string {
  let spki;
  try {
    spki = parseRequest(der).publicKey.spki;
  } catch {
    return errorResult(id, 'CR:R1');
  }
  return certificateResult(id, testCertificate({ key: { ...signer, spki }, issuerKey: signer }));
}

const signer = p256Key();

export function certificateResult(id: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64');
  return `<DeviceCertificate ID="${id}"><Status>SUCCESS</Status><Certificate>${base64}</Certificate></DeviceCertificate>`;
}

export function errorResult(id: string, code: string): string {
  return (
    `<DeviceCertificate ID="${id}"><Status>CSR_ERROR</Status>` +
    `<Error><ErrorCode>${code}</ErrorCode><ErrorText>wrong, "very"</ErrorText></Error></DeviceCertificate>`
  );
}

export function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
