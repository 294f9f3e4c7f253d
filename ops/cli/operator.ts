import path from 'node:path';
import type { Command } from 'commander';
import { createHttpClient, PeerUnavailable, type HttpClient } from '../http/client.js';
import { CliError } from './exit.js';
import { readProcesses } from './running.js';

/** Options of every command that speaks to a running component. */
export interface Operated {
  readonly data: string;
  readonly json?: true;
}

export function operated(command: Command): Command {
  return command.option('--data <dir>', 'folder of the running system', '.data').option('--json', 'as JSON');
}

/** The components with an internal listener; the CA takes no call. */
export type OperatedComponent = 'ra' | 'repository';

export interface OperatorCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/admin/v1/`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/**
 * Calls a component of the installation in `data` as its operator, over mutual TLS. Answers the JSON of a 2xx
 * answer; a refusal or a fault is a `CliError`.
 */
export async function callAsOperator(
  data: string,
  component: OperatedComponent,
  call: OperatorCall
): Promise<unknown> {
  const client = await connect(data, component);
  try {
    return await send(client, call);
  } finally {
    client.close();
  }
}

async function connect(data: string, component: OperatedComponent): Promise<HttpClient> {
  const url = (await readProcesses(data, component))
    .map(({ urls }) => urls['internal'])
    .find(found => found !== undefined);
  if (url === undefined)
    throw new CliError('cli/not-running', `no ${component} in ${data} has an internal listener`);
  const { internalClientOptions } = await import('../tls/index.js');
  const tls = path.join(data, 'tls');
  const options = await internalClientOptions(
    {
      certificateFile: path.join(tls, 'operator.pem'),
      keyFile: path.join(tls, 'operator.key'),
      rootFile: path.join(tls, 'root.pem')
    },
    { name: component }
  );
  return createHttpClient(url, options);
}

async function send(client: HttpClient, call: OperatorCall): Promise<unknown> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  let answer;
  try {
    answer = await client.send({
      method: call.method,
      path: `/admin/v1/${call.path}`,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' })
      },
      ...(body === undefined ? {} : { body }),
      // An Authorised System's certificate is issued while the caller waits: the order's deadline is 25 s.
      timeoutMs: 40_000
    });
  } catch (cause) {
    if (cause instanceof PeerUnavailable) throw new CliError('cli/unavailable', cause.message, { cause });
    throw cause;
  }
  const content = answer.body.length === 0 ? undefined : parseJson(answer.body);
  if (answer.status >= 200 && answer.status < 300) return content;
  // RFC 9457 problem details, with the code of our catalogue.
  const problem = (content ?? {}) as Readonly<Record<string, unknown>>;
  const words = [problem['code'], problem['detail'] ?? problem['title']].filter(
    part => typeof part === 'string'
  );
  throw new CliError(
    answer.status >= 500 ? 'cli/unavailable' : 'cli/refused',
    [`status ${answer.status}`, ...words].join(', ')
  );
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new CliError('cli/unavailable', 'the answer is not JSON', { cause });
  }
}
