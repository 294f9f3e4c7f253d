import {
  decodeRequestText,
  RequestRefused,
  type RequestRule,
  type RequestTextForm
} from '../../pki/request/index.js';
import type { RaCode } from '../codes.js';
import { Refusal } from '../refusal.js';
import type { IntakeCheck } from './check.js';

/**
 * R1–R8 and R16: form, key, proof of possession, extensions and subject of the CSR, checked away from the event
 * loop over the bytes as received. The text form is R1 too: what is not Base64 of the form the interface demands
 * is a corrupt CSR, whatever the XML around it.
 */
export const csr: IntakeCheck = {
  name: 'csr',
  rule: 'R1–R8, R16',
  applies: () => true,
  async run(deps, intake) {
    intake.csr = decode(
      intake.message.csrText,
      intake.message.form,
      deps.policy.figures['request.max-octets'].value
    );
    const verdict = await deps.checkRequest(intake.csr, intake.kind).catch((cause: unknown) => {
      throw new Refusal('checker/unavailable', undefined, { cause });
    });
    if (!verdict.ok) throw new Refusal(ruleCode(verdict.rule), verdict.code);
    intake.facts = verdict.facts;
  }
};

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
