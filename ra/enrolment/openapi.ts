import { OpenApiGeneratorV31, OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { enrolmentRoutes, type EnrolmentRoute } from './routes.js';
import { problem } from './schemas.js';

/** Problems that every route may answer: who asks is not known or may not, and faults. */
const everywhere: readonly number[] = [401, 403, 500, 503];

const titles: Readonly<Record<number, string>> = {
  400: 'The message cannot be read, or does not follow its schema',
  401: 'No client certificate',
  403: 'The client, its party or the request is not allowed',
  404: 'There is no such resource',
  409: 'A duplicate, or a limit is reached',
  413: 'The message is too large',
  415: 'Not application/json',
  422: 'The certificate signing request, or the Idempotency-Key, is not acceptable',
  429: 'Too many requests',
  500: 'The registration authority failed',
  503: 'Not available at the moment: send the same again after Retry-After'
};

/** The OpenAPI 3.1 document of the JSON API, made of the routes and their schemas. */
export function openApiDocument() {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'mutualTLS', {
    type: 'mutualTLS',
    description: 'IKI certificate of an Authorised System registered for this interface'
  });
  for (const route of enrolmentRoutes) registry.registerPath(describe(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'OpenSMKI registration authority', version: '1.0.0' },
    servers: [{ url: '/' }],
    security: [{ mutualTLS: [] }]
  });
}

function describe(route: EnrolmentRoute): Parameters<OpenAPIRegistry['registerPath']>[0] {
  const parameters = [...route.path.matchAll(/\{(\w+)\}/g)].map(match => match[1] ?? '');
  return {
    method: route.method === 'GET' ? 'get' : 'post',
    path: route.path,
    summary: route.summary,
    request: {
      ...(parameters.length > 0 && {
        params: z.object(Object.fromEntries(parameters.map(name => [name, z.uuid()])))
      }),
      ...(route.body && {
        headers: z.object({
          'Idempotency-Key': z.string().regex(/^[\x21-\x7e]{1,128}$/)
        }),
        body: { required: true, content: { 'application/json': { schema: route.body } } }
      })
    },
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, { description, schema, type }]) => [
          status,
          {
            description,
            content: {
              [type ?? 'application/json']: {
                schema: schema ?? { type: 'string' as const, format: 'binary' }
              }
            }
          }
        ])
      ),
      ...Object.fromEntries(
        [...everywhere, ...route.problems].map(status => [
          status,
          {
            description: titles[status] ?? 'Problem',
            content: { 'application/problem+json': { schema: problem } }
          }
        ])
      )
    }
  };
}
