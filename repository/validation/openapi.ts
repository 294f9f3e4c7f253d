import { z } from 'zod';
import { receiptAlgorithm, receiptRevocations } from '../../pki/messages/index.js';
import type { RepositoryErrorCode } from '../errors.js';
import { statuses } from '../http/problem.js';
import { validationRequest } from './request.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const moment = z.iso.datetime();

/** The body of an answer, as programs may rely on it. */
export const validationAnswer = z.strictObject({
  environment: z.string(),
  policyVersion: sha256,
  answeredAt: moment,
  requestSha256: sha256,
  question: z.strictObject({
    purpose: z.string(),
    role: z.int().optional(),
    entity: z.string().optional(),
    at: moment,
    revocation: z.enum(receiptRevocations)
  }),
  valid: z.boolean(),
  failure: z.strictObject({ code: z.string(), depth: z.int(), message: z.string() }).optional(),
  profile: z.string().optional(),
  timeRule: z.string().optional(),
  path: z.array(z.strictObject({ subject: z.string(), serial: z.string(), sha256 })).min(1),
  lists: z.array(
    z.strictObject({
      issuer: z.string(),
      number: z.string().regex(/^[0-9]+$/),
      thisUpdate: moment,
      nextUpdate: moment,
      sha256
    })
  ),
  receipt: z.strictObject({
    statement: z.string(),
    signature: z.string(),
    algorithm: z.literal(receiptAlgorithm),
    keyId: sha256
  }),
  auditReference: z.string()
});

/** What the service refuses or cannot do; every other code of the repository belongs to other routes. */
export const validationProblems: Readonly<Partial<Record<RepositoryErrorCode, string>>> = {
  'repository/malformed':
    'The body is not JSON, or not a question: the detail names the field. Mend the request.',
  'repository/api-key': 'No API key, or one that is not known. Ask the operator for one.',
  'repository/not-found': 'There is nothing at this address.',
  'repository/unknown-certificate':
    'The repository has no certificate of this issuer and serial number. Nothing is said about one elsewhere: send the certificate itself.',
  'repository/method': 'Another method than the one that belongs here.',
  'repository/too-large': 'More than 16 KiB.',
  'repository/content-type': 'Not application/json, or with a content coding.',
  'repository/certificate-malformed': 'The octets are no certificate in strict DER.',
  'repository/time':
    'No answer is given about this moment: the facts say how far from now a question may reach.',
  'repository/internal': 'A fault nobody foresaw. Tell the operator.',
  'repository/inconsistent': 'A stored certificate contradicts its row; an alarm was raised. Ask later.',
  'repository/unavailable': 'The database does not answer. Ask again after Retry-After.',
  'repository/audit-unavailable': 'The audit log cannot be written. Ask again after Retry-After.',
  'repository/signer-unavailable':
    'The token with the key of receipts does not answer, or has too much to do. Ask again after Retry-After.'
};

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string().optional(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])).optional()
});

/** The OpenAPI 3.1 document of the validation service, made of its schemas; 3.1 takes JSON Schema as it is. */
export function validationOpenApi() {
  return {
    openapi: '3.1.0',
    info: { title: 'OpenSMKI validation service', version: '1.0.0' },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }],
    components: { securitySchemes: { apiKey: { type: 'apiKey', in: 'query', name: 'apikey' } } },
    paths: {
      '/validate/v1': {
        post: {
          summary: 'Judges a certificate and signs a receipt of the answer',
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(validationRequest, 'input') } }
          },
          responses: {
            200: {
              description: 'The verdict, valid or not',
              content: { 'application/json': { schema: schemaOf(validationAnswer, 'output') } }
            },
            ...problems()
          }
        }
      }
    }
  };
}

function problems(): Record<string, object> {
  const byStatus = new Map<number, string[]>();
  for (const code of Object.keys(validationProblems) as RepositoryErrorCode[]) {
    const status = statuses[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.join(', '),
        content: { 'application/problem+json': { schema: schemaOf(problem, 'output') } }
      }
    ])
  );
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...body } = z.toJSONSchema(schema, { io });
  return body;
}
