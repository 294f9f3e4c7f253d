/**
 * What a certificate request must be before anybody looks into who sent it: rules R1 to R8 and R16, one file each,
 * one table, the first failure is the answer. The request is hostile until it has passed; what comes out are plain
 * values and the octets the new key signed. Who may ask for what is the registration authority's to decide.
 */
export { RequestRefused, requestCodes, type RequestCode, type RequestRule } from './error.js';
export { requestPolicy, type RequestPolicy } from './policy.js';
export { requestKindNames, type RequestFacts, type RequestKind, type RequestedProfile } from './facts.js';
export { decodeRequestText, type RequestTextForm } from './text-form.js';
export {
  checkRequest,
  checkRequestAndPossession,
  examineRequest,
  requestChecks,
  type ExaminedRequest
} from './check-request.js';
export { verifyPossession, verifyPossessions, type PossessionProof } from './possession.js';
