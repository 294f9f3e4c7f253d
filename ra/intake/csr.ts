import {
  decodeRequestText,
  RequestRefused,
  type RequestRule,
  type RequestTextForm
} from '../../pki/request/index.js';
import type { RaCode } from '../codes.js';
import { Refusal } from '../refusal.js';
import { each, type IntakeCheck } from './check.js';

/**
 * R1–R8 and R16: form, key, proof of possession, extensions and subject of the CSR, checked away from the event
 * loop over the bytes as received. The text form is R1 too: what is not Base64 of the form the interface demands
 * is a corrupt CSR, whatever the XML around it.
 */
export const csr: IntakeCheck = {
  name: 'csr',
  rule: 'R1–R8, R16',
  applies: () => true,
  async run(deps, intakes) {
    const refused = new Map(decodeText(deps, intakes));
    const decoded = intakes.filter(intake => !refused.has(intake));
    if (decoded.length === 0) return refused;
    const lane = decoded.some(intake => intake.interface !== 'batch') ? 'adhoc' : 'batch';
    const requests = decoded.map(({ csr: bytes, kind }) => ({ bytes, kind }));
    const verdicts = await deps.checkRequests(requests, lane).catch((cause: unknown) => {
      throw new Refusal('checker/unavailable', undefined, { cause });
    });
    for (const [index, intake] of decoded.entries()) {
      const verdict = verdicts[index];
      if (verdict === undefined) refused.set(intake, new Refusal('checker/unavailable', 'no verdict'));
      else if (verdict.ok) intake.facts = verdict.facts;
      else refused.set(intake, new Refusal(ruleCode(verdict.rule), verdict.code));
    }
    return refused;
  }
};

const decodeText = each((deps, intake) => {
  if (intake.known.csr !== undefined) return;
  const { csrText, form } = intake.message;
  intake.csr = decode(csrText, form, deps.policy.figures['request.max-octets'].value);
});

function decode(text: string, form: RequestTextForm, maxOctets: number): Uint8Array {
  try {
    return decodeRequestText(text, form, maxOctets);
  } catch (cause) {
    if (cause instanceof RequestRefused) throw new Refusal(ruleCode(cause.rule), cause.code, { cause });
    throw cause;
  }
}

function ruleCode(rule: RequestRule): RaCode {
  return `request/${rule}`;
}
