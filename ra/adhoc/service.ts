import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RaContext } from '../deps.js';
import { contentType, readBody, whileConnected } from '../http/body.js';
import { send } from '../http/send.js';
import { Intake } from '../intake/index.js';
import { deliver } from '../issuance/deliver.js';
import { accept, outcomeOrRefusal } from '../issuance/serve.js';
import { peerCertificate } from '../peer.js';
import { recordRefusal } from '../refused.js';
import { Refusal } from '../refusal.js';
import { certificateAnswer, errorAnswer } from './answer.js';
import { maxMessageOctets, readMessage } from './message.js';
import type { TransactionIds } from './transaction-id.js';

export const adHocPath = '/1.0/AdHocDeviceCSR';

/**
 * The Ad Hoc Device CSR web service (SEC Appendix M 2.4, Appendices A and B). Every answer that follows the
 * service's own schema is HTTP 200 with a Status; only a body that was not read, because of its type or its size,
 * is answered 415 or 413, with the same XML in it.
 */
export async function serveAdHoc(
  deps: RaContext,
  transactionIds: TransactionIds,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const arrivedAt = deps.clock.now();
  const timer = deps.measures.duration.startTimer({ interface: 'adhoc' });
  const connected = whileConnected(response);
  const transactionId = await transactionIds.take();
  let body: Uint8Array | Refusal;
  try {
    body = await readXmlBody(request);
  } catch (error) {
    if (!(error instanceof Refusal)) return;
    body = error;
  }

  let id: string | undefined;
  const intake = new Intake({
    interface: 'adhoc',
    kind: 'device',
    arrivedAt,
    peer: peerCertificate(request),
    readMessage: () => {
      if (body instanceof Refusal) throw body;
      const message = readMessage(body, readable => (id = readable));
      return { csrText: message.csr, form: 'base64text' };
    }
  });
  const head = () => ({ id, build: deps.config.build, transactionId });
  const xml = { 'Content-Type': 'application/xml;charset=UTF-8' };
  try {
    const accepted = await accept(deps, intake);
    const waitMs = deps.policy.figures['deadline.order'].value * 1_000;
    const settled = await outcomeOrRefusal(deps, accepted, waitMs, connected);
    const delivery = await deliver(deps, settled, intake.client.system.id, {
      transactionId: String(transactionId)
    });
    deps.measures.requests.inc({ interface: 'adhoc', status: 'SUCCESS' });
    send(response, 200, xml, certificateAnswer(head(), delivery.certificate), delivery);
  } catch (error) {
    // An ID is echoed whenever the XML can be read, also where an earlier step refused (Appendix M, Appendix A).
    if (id === undefined && !(body instanceof Refusal)) {
      try {
        readMessage(body, readable => (id = readable));
      } catch {
        // The refusal of the earlier step stands.
      }
    }
    const refusal = await recordRefusal(deps, error, intake, { transactionId: String(transactionId) });
    deps.measures.requests.inc({ interface: 'adhoc', status: refusal.entry.status });
    const unread = refusal.code === 'message/content-type' || refusal.code === 'message/too-large';
    const headers = { ...xml, ...(unread && { Connection: 'close' }) };
    send(response, unread ? refusal.entry.http : 200, headers, errorAnswer(head(), refusal));
  } finally {
    timer();
  }
}

async function readXmlBody(request: IncomingMessage): Promise<Uint8Array> {
  const { type, charset } = contentType(request);
  if (type !== 'application/xml' || (charset !== undefined && charset !== 'utf-8'))
    throw new Refusal('message/content-type');
  return readBody(request, maxMessageOctets);
}
