/** Step 5 for a group: a fresh serial, linted bytes and a permit for each item; findings refuse the item only. */
import { newSerial, ProfileError, profiles, type SubjectValues } from '../../pki/index.js';
import type { RequestFacts } from '../../pki/request/index.js';
import type { Lane } from '../../pki/messages/index.js';
import { hexOf } from '../ledger/identifier.js';
import type { IntentItem } from '../ledger/intent.js';
import type { Refusal } from '../ledger/order.js';
import type { IssueContext } from './context.js';
import type { Issuer } from './issuer.js';
import {
  certificatePermitId,
  type CertificateInput,
  type LintStage,
  type Preparation,
  type PreparedCertificate
} from './lint-stage.js';
import type { CheckedItem } from './read-requests.js';

export interface PreparedItem {
  readonly checked: CheckedItem;
  readonly prepared: PreparedCertificate;
  readonly issuer: Issuer;
  /** 16 octets. */
  readonly serial: Uint8Array;
  /** What step 6 records. */
  readonly intent: IntentItem;
}

export async function prepareGroup(
  items: readonly CheckedItem[],
  group: { orderId: Uint8Array; epoch: number; lane: Lane },
  ctx: Pick<IssueContext, 'lint' | 'random' | 'clock' | 'issuers' | 'issuerNumbers' | 'turns'>
): Promise<{ prepared: PreparedItem[]; refused: Refusal[] }> {
  const prepared: PreparedItem[] = [];
  const refused: Refusal[] = [];
  const at = ctx.clock.now();
  const pace = ctx.turns(group.lane);
  for (const checked of items) {
    const turn = pace();
    if (turn !== undefined) await turn;
    const { profile } = checked.facts;
    const issuer = ctx.issuers.get(profiles[profile].issuerProfile);
    const issuerNumber = issuer && ctx.issuerNumbers.get(issuer.name);
    if (issuer === undefined || issuerNumber === undefined) throw new Error('admitted without an issuer');
    const serial = newSerial(ctx.random);
    const result = tryPrepare(ctx.lint, {
      profile,
      issuer: issuer.certificate,
      keyLabel: issuer.keyLabel,
      serial,
      spki: checked.facts.spki,
      subject: subjectOf(checked.facts),
      at,
      permitId: certificatePermitId(group.orderId, group.epoch, checked.item),
      lane: group.lane
    });
    if (result.ok)
      prepared.push({
        checked,
        prepared: result.prepared,
        issuer,
        serial,
        intent: {
          item: checked.item,
          issuer: issuer.name,
          issuerNumber,
          serial: hexOf(serial),
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
function tryPrepare(lint: LintStage, input: CertificateInput): Preparation {
  try {
    return lint.certificate(input);
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
export function ledgerKey({ publicKeyHash }: RequestFacts): Uint8Array {
  return publicKeyHash.subarray(0, 16);
}
