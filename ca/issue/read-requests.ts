/**
 * Step 4, second half: every request inside the order is checked again from its own bytes. Key, EUI and hwType
 * come from here and nowhere else.
 */
import {
  examineRequest,
  RequestRefused,
  verifyPossession,
  type RequestFacts,
  type RequestKind
} from '../../pki/request/index.js';
import type { Domain, Order } from '../../pki/messages/index.js';
import { possessionFigures } from '../config.js';
import { OrderRefused } from '../errors.js';
import { uuidOf } from '../ledger/identifier.js';
import type { Refusal } from '../ledger/order.js';
import type { IssueContext } from './context.js';

/** An item of an order whose request passed every check. */
export interface CheckedItem {
  readonly item: number;
  /** uuid text. */
  readonly requestId: string;
  readonly facts: RequestFacts;
}

const kinds: Readonly<Partial<Record<Domain, RequestKind>>> = {
  'smki-device': 'device',
  'smki-organisation': 'organisation',
  iki: 'iki-client'
};

/** Checks each request by itself: a refused one never holds up the group. */
export async function readRequests(
  { domain, lane, items }: Order,
  {
    policy,
    config,
    turns,
    verifyRequest
  }: Pick<IssueContext, 'policy' | 'config' | 'turns' | 'verifyRequest'>
): Promise<{ checked: CheckedItem[]; refused: Refusal[] }> {
  const kind = kinds[domain];
  if (kind === undefined) throw new OrderRefused('ca/profile', `no requests are known for ${domain}`);
  // Anything but a plain `ra` means that possession is checked here as well.
  const possession = policy.figures[possessionFigures[kind]].value !== 'ra';
  const checked: CheckedItem[] = [];
  const refused: Refusal[] = [];
  const pace = turns(lane);
  for (const [item, { requestId: octets, profile, csr }] of items.entries()) {
    const turn = pace();
    if (turn !== undefined) await turn;
    const requestId = uuidOf(octets);
    try {
      const { facts, proof } = examineRequest(csr, kind, config.requests);
      if (facts.profile !== profile)
        refused.push({ item, requestId, code: 'ca/request', detail: `the request is for ${facts.profile}` });
      else if (possession && !(await verifyPossession(proof, verifyRequest)))
        refused.push({ item, requestId, code: 'ca/possession', detail: 'not signed by its own key' });
      else checked.push({ item, requestId, facts });
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      refused.push({ item, requestId, code: 'ca/request', detail: `${error.code}: ${error.detail}` });
    }
  }
  return { checked, refused };
}
