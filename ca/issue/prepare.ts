/** Step 5 for a group: a fresh serial, linted bytes and a permit for each item; findings refuse the item only. */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { newSerial, ProfileError, type Profile, type SubjectValues } from '../../pki/index.js';
import type { RequestFacts } from '../../pki/request/index.js';
import type { Lane } from '../../pki/messages/index.js';
import { uuidOf } from '../ledger/identifier.js';
import type { IntentItem } from '../ledger/intent.js';
import type { Refusal } from '../ledger/order.js';
import type { IssueContext } from './context.js';
import type { Issuer } from './issuer.js';
import { certificatePermitId, type Preparation, type PreparedCertificate } from './lint-stage.js';
import type { CheckedItem } from './read-requests.js';

export interface PreparedItem {
  readonly checked: CheckedItem;
  readonly prepared: PreparedCertificate;
  /** What step 6 records. */
  readonly intent: IntentItem;
}

/** DESIGN: as for reading requests, some 10 ms between turns of the event loop. */
const itemsPerTurn = 64;

export async function prepareGroup(
  items: readonly CheckedItem[],
  group: { orderId: Uint8Array; epoch: number; lane: Lane; profile: Profile; issuer: Issuer },
  ctx: Pick<IssueContext, 'lint' | 'random' | 'clock'>
): Promise<{ prepared: PreparedItem[]; refused: Refusal[] }> {
  const prepared: PreparedItem[] = [];
  const refused: Refusal[] = [];
  const at = ctx.clock.now();
  for (const [index, checked] of items.entries()) {
    if (index % itemsPerTurn === itemsPerTurn - 1) await breathe();
    const serial = newSerial(ctx.random);
    const result = tryPrepare(() =>
      ctx.lint.certificate({
        profile: group.profile.name,
        issuer: group.issuer.certificate,
        keyLabel: group.issuer.keyLabel,
        serial,
        spki: checked.facts.spki,
        subject: subjectOf(checked.facts),
        at,
        permitId: certificatePermitId(group.orderId, group.epoch, checked.item),
        lane: group.lane
      })
    );
    if (result.ok)
      prepared.push({
        checked,
        prepared: result.prepared,
        intent: {
          item: checked.item,
          issuer: group.issuer.name,
          serial: uuidOf(serial),
          tbsSha256: result.prepared.tbsSha256,
          notAfter: result.prepared.validity.notAfter
        }
      });
    else {
      const { item, requestId } = checked;
      refused.push({ item, requestId, code: 'ca/lint', detail: result.findings.join('; ').slice(0, 1_000) });
    }
  }
  return { prepared, refused };
}

/** A request that does not fit its profile's template is a finding; anything else is a defect. */
function tryPrepare(prepare: () => Preparation): Preparation {
  try {
    return prepare();
  } catch (error) {
    if (!(error instanceof ProfileError) || !error.code.startsWith('profile/')) throw error;
    return { ok: false, findings: [error.code] };
  }
}

function subjectOf(facts: RequestFacts): SubjectValues {
  const { commonName, organisation, organisationalUnit, eui, hwType } = facts;
  return { commonName, organisation, organisationalUnit, eui, hwType };
}

/** First 16 octets of the SHA-256 of the SubjectPublicKeyInfo: how keys are compared in the ledger. */
export function publicKeyHash(spki: Uint8Array): Uint8Array {
  return createHash('sha256').update(spki).digest().subarray(0, 16);
}
