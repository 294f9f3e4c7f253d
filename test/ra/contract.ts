import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { middleware } from 'express-openapi-validator';
import { openApiDocument } from '../../ra/index.js';
import type { Client } from './client.js';

export const openApi = openApiDocument();

/**
 * Stands before an RA and forwards with a client's certificate; every answer is held against the OpenAPI document
 * by a validator that is not ours, and one that breaks it becomes a 599.
 */
export async function contractProxy(client: Client): Promise<{ port: number; close(): Promise<void> }> {
  const app = express();
  app.use(express.raw({ type: () => true }));
  app.use(
    middleware({
      apiSpec: JSON.parse(JSON.stringify(openApi)) as never,
      validateRequests: false,
      validateSecurity: false,
      validateResponses: true
    })
  );
  app.use(async (request, response) => {
    const { 'idempotency-key': key, 'content-type': type } = request.headers;
    const reply = await client.send({
      method: request.method,
      path: request.originalUrl,
      headers: {
        ...(typeof key === 'string' && { 'idempotency-key': key }),
        ...(type !== undefined && { 'content-type': type })
      },
      ...(Buffer.isBuffer(request.body) && { body: request.body })
    });
    response.status(reply.status);
    for (const name of ['content-type', 'location', 'retry-after']) {
      const value = reply.headers[name];
      if (value !== undefined) response.setHeader(name, value);
    }
    if ((reply.headers['content-type'] ?? '').includes('json'))
      response.json(JSON.parse(reply.body.toString()));
    else response.send(reply.body);
  });
  app.use(
    (
      error: Error & { errors?: unknown },
      _request: express.Request,
      response: express.Response,
      _next: express.NextFunction
    ) => {
      response.removeHeader('content-type');
      response.status(599).end(JSON.stringify({ message: error.message, errors: error.errors }));
    }
  );
  const server = createServer(app);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    }
  };
}
