import { z } from 'zod';
import { euiText, identifierView } from '../enrolment/schemas.js';
import { actingRoles, clientInterfaces, partyStates, systemStates } from '../parties.js';

/** What an operator sends to `/admin/v1/`. */
export const newParty = z.strictObject({
  /** SEC Party Signifier or, in tests, any short name. */
  signifier: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  deviceSubscriber: z.boolean(),
  organisationSubscriber: z.boolean(),
  identifiers: z.array(z.strictObject(identifierView.shape)).max(1_000).default([])
});

export const newIdentifier = z.strictObject({ eui: euiText, roles: identifierView.shape.roles });

export const partyChange = z.strictObject({
  state: z.enum(partyStates).optional(),
  deviceSubscriber: z.boolean().optional(),
  organisationSubscriber: z.boolean().optional()
});

export const newSystem = z.strictObject({
  partyId: z.uuid(),
  /** The common name in its IKI request; unique per interface (SEC Appendix M, Appendix G). */
  name: z.string().min(1).max(64),
  interfaces: z.array(z.enum(clientInterfaces)).min(1).max(3),
  actingRoles: z.array(z.enum(actingRoles)).max(4),
  /** The IKI request, as text in one of the portal's forms. */
  csr: z.string().min(1).max(16_384)
});

export const systemChange = z.strictObject({ state: z.enum(systemStates) });
