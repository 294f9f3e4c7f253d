import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { profileNames } from '../../pki/index.js';
import { actingRoles, clientInterfaces, partyStates } from '../parties.js';

extendZodWithOpenApi(z);

/** What goes in and out of the JSON API; the OpenAPI document is made of these same schemas. */
export const euiText = z
  .string()
  .regex(/^[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){7}$/)
  .openapi({ example: '90-B3-D5-1F-30-01-00-00' });

export const newRequest = z
  .strictObject({
    csr: z
      .string()
      .min(1)
      .max(16_384)
      .openapi({
        description:
          'PKCS#10 request: Base64 of the DER on one line or in lines of 64 or 76, with or without ' +
          'CERTIFICATE REQUEST or NEW CERTIFICATE REQUEST armour'
      })
  })
  .openapi('NewRequest');

export const requestError = z.object({
  code: z.string(),
  errorCode: z.string(),
  retryable: z.boolean(),
  text: z.string(),
  action: z.string()
});

export const requestView = z
  .object({
    id: z.uuid(),
    kind: z.enum(['device', 'organisation']),
    profile: z.enum(profileNames),
    state: z.enum(['open', 'issued', 'refused', 'failed']),
    arrivedAt: z.iso.datetime(),
    availableAt: z.iso.datetime().optional(),
    serial: z
      .string()
      .regex(/^[0-9A-F]+$/)
      .optional()
      .openapi({ description: 'Serial number, upper-case hexadecimal' }),
    certificate: z
      .base64()
      .optional()
      .openapi({ description: 'DER certificate; in the answer to a creation' }),
    error: requestError.optional().openapi({ description: 'Why there is no certificate' })
  })
  .openapi('Request');

export const identifierView = z.object({
  eui: euiText,
  roles: z
    .array(z.int().min(0).max(255))
    .openapi({ description: 'Remote Party Roles (decimal) that certificates of this identifier may name' })
});

export const systemView = z
  .object({
    id: z.uuid(),
    partyId: z.uuid(),
    name: z.string(),
    actingRoles: z.array(z.enum(actingRoles)),
    interfaces: z.array(z.enum(clientInterfaces)),
    state: z.enum(['active', 'suspended'])
  })
  .openapi('AuthorisedSystem');

export const partyView = z
  .object({
    id: z.uuid(),
    signifier: z.string(),
    state: z.enum(partyStates),
    deviceSubscriber: z.boolean(),
    organisationSubscriber: z.boolean(),
    identifiers: z.array(identifierView)
  })
  .openapi('Party');

export const selfView = partyView.extend({ system: systemView }).openapi('Self');

export const problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    errorCode: z.string(),
    retryable: z.boolean(),
    action: z.string(),
    detail: z.string().optional()
  })
  .openapi('Problem');
