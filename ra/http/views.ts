import type { z } from 'zod';
import { formatEui64 } from '../../pki/index.js';
import { codes } from '../codes.js';
import { closedWithout } from '../issuance/serve.js';
import type { StoredRequest } from '../issuance/requests.js';
import type { AuthorisedSystem, Party } from '../parties.js';
import type { partyView, requestView, systemView } from '../enrolment/schemas.js';

/** A request as the JSON API shows it. */
export function viewOfRequest(
  request: StoredRequest
): Omit<z.input<typeof requestView>, 'kind'> & { kind: string } {
  const { state } = request;
  const refusal = state === 'failed' || state === 'refused' ? closedWithout(request) : undefined;
  return {
    id: request.id,
    kind: request.kind,
    profile: request.profile,
    state,
    arrivedAt: request.arrivedAt.toISOString(),
    ...(request.availableAt && { availableAt: request.availableAt.toISOString() }),
    ...(request.serial !== undefined && { serial: request.serial }),
    ...(refusal && {
      error: {
        code: refusal.code,
        errorCode: codes[refusal.code].errorCode,
        retryable: refusal.entry.retryable,
        text: refusal.entry.text,
        action: refusal.entry.action
      }
    })
  };
}

export function viewOfParty(party: Party): z.input<typeof partyView> {
  return {
    id: party.id,
    signifier: party.signifier,
    state: party.state,
    deviceSubscriber: party.deviceSubscriber,
    organisationSubscriber: party.organisationSubscriber,
    identifiers: party.identifiers.map(({ eui, roles }) => ({ eui: formatEui64(eui), roles: [...roles] }))
  };
}

export function viewOfSystem(system: AuthorisedSystem): z.input<typeof systemView> {
  return { ...system, actingRoles: [...system.actingRoles], interfaces: [...system.interfaces] };
}
