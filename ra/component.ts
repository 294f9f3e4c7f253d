import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { adHocPath, serveAdHoc } from './adhoc/service.js';
import { TransactionIds } from './adhoc/transaction-id.js';
import { BatchPart, batchPath, serveBatch, serveBatchProgress, startBatches } from './batch/index.js';
import { Clients } from './clients.js';
import type { RaContext, RaDeps } from './deps.js';
import { openApiDocument } from './enrolment/openapi.js';
import { serveEnrolment } from './enrolment/service.js';
import { serveClaim, serveReport } from './http/certification-authority.js';
import { sendJson, sendProblem } from './http/send.js';
import { Deliveries } from './issuance/deliver.js';
import { trimCreations } from './issuance/idempotency.js';
import { OpenOrders } from './issuance/open-orders.js';
import { Outcomes } from './issuance/outcomes.js';
import { acceptGroup } from './issuance/serve.js';
import { withdrawExpired } from './issuance/withdraw.js';
import { raMetrics } from './metrics.js';
import { serveBatchOperator } from './operator/batches.js';
import { serveOperator } from './operator/service.js';
import { portalPath, servePortal } from './portal/index.js';
import { Rates } from './rates.js';
import { asRefusal, Refusal } from './refusal.js';
import { Sealing } from './sealing.js';
import { Signal } from './signal.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface RaHealth {
  readonly status: 'ok' | 'degraded';
  readonly checks: Readonly<Record<string, 'ok' | 'failed'>>;
}

export interface Ra {
  /** For the listener that Authorised Systems reach over mutual TLS. */
  readonly publicHandler: Handler;
  /** For the listener that the CA and the operator reach, with pinned peers. */
  readonly internalHandler: Handler;
  health(): Promise<RaHealth>;
  /** Ends long polls and waiting; requests under way then answer at once. The listeners are the caller's. */
  stop(): Promise<void>;
}

/** A combination of settings that the RA does not run with. */
export class RaMisconfigured extends Error {
  readonly code = 'ra/configuration';
  constructor(message: string) {
    super(message);
    this.name = 'RaMisconfigured';
  }
}

function refuseMisconfiguration({ config, policy }: RaDeps): void {
  if (config.environment !== policy.environment)
    throw new RaMisconfigured(`a policy for ${policy.environment} in the ${config.environment} environment`);
  if (config.environment === 'live' && config.approvals === 'automatic')
    throw new RaMisconfigured('live orders are approved by officers');
  // SEC Appendix M, Appendix G: one certificate serves one interface.
  if (config.environment === 'live' && config.interfacesPerSystem !== 1)
    throw new RaMisconfigured('a live system serves one interface');
}

/** Assembles the RA; throws `RaMisconfigured` for settings it does not run with. It keeps no decision in memory: any number of them may serve one database. */
export function createRa(deps: RaDeps): Ra {
  refuseMisconfiguration(deps);
  const stopping = new AbortController();
  const context: RaContext = {
    ...deps,
    rates: new Rates(deps.policy, deps.config.hardRatePerSecond),
    outcomes: new Outcomes(
      deps.database,
      deps.sql,
      deps.config.outcomePollMs,
      error => deps.log.warn({ err: error }, 'outcomes cannot be read'),
      () => context.accepting.look()
    ),
    clients: new Clients(deps.database, deps.sql),
    sealing: new Sealing(deps.audit),
    accepting: acceptGroup(() => context),
    batch: new BatchPart(deps.config.batches, deps.metrics),
    deliveries: new Deliveries(deps.database, deps.sql, error =>
      deps.log.warn({ err: error }, 'delivery marks not changed')
    ),
    openOrders: { adhoc: new OpenOrders(), batch: new OpenOrders() },
    stopping: stopping.signal,
    measures: raMetrics(deps.metrics)
  };
  const transactionIds = new TransactionIds(deps.database, deps.sql);
  const openApi = openApiDocument();
  const upkeep = runUpkeep(context);
  const batches = startBatches(context);

  const publicRoutes = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request);
    if (path === adHocPath && request.method === 'POST')
      await serveAdHoc(context, transactionIds, request, response);
    else if (path.startsWith(batchPath)) await serveBatch(context, request, response);
    else if (path === '/ra/v1/batches' || path.startsWith('/ra/v1/batches/'))
      await serveBatchProgress(context, request, response);
    else if (path === portalPath || path.startsWith(`${portalPath}/`))
      await servePortal(context, request, response);
    else if (path === '/openapi.json' && request.method === 'GET') sendJson(response, 200, openApi);
    else await serveEnrolment(context, request, response);
  };

  /** Names of internal peers, empty for none: a connection keeps its certificate for life. */
  const peers = new WeakMap<Socket, string>();
  const internalRoutes = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { socket } = request;
    let peer = peers.get(socket);
    if (peer === undefined) {
      peer = deps.peerComponent(socket) ?? '';
      peers.set(socket, peer);
    }
    const path = pathOf(request);
    const isCa = /^ca(-[0-9]{1,4})?$/.test(peer);
    if (isCa && path === '/ca/v1/claim' && request.method === 'POST') {
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      await serveClaim(context, peer, searchParams, request, response);
    } else if (isCa && path === '/ca/v1/report' && request.method === 'POST')
      await serveReport(context, peer, request, response);
    else if (peer === 'operator' && (path === '/admin/v1/batches' || path.startsWith('/admin/v1/batches/')))
      await serveBatchOperator(context, peer, request, response);
    else if (peer === 'operator' && path.startsWith('/admin/v1/'))
      await serveOperator(context, peer, request, response);
    else sendProblem(response, new Refusal('resource/not-found'));
  };

  return {
    publicHandler: guarded(context, publicRoutes),
    internalHandler: guarded(context, internalRoutes),
    health: () => health(context),
    async stop() {
      stopping.abort();
      context.outcomes.stop();
      await Promise.all([upkeep, batches.stop(), context.deliveries.settled()]);
    }
  };
}

/** Whether a request to the public listener carries a batch, which has its own time for that. */
export function takesUpload(url: string): boolean {
  return url.startsWith(batchPath) || url.startsWith(portalPath);
}

/** The path alone; one of plain segments is what it says, and reading it as an address would cost more than its route. */
function pathOf({ url = '/' }: IncomingMessage): string {
  if (/^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+\/?$/.test(url)) return url;
  try {
    return new URL(url, 'http://localhost').pathname;
  } catch {
    return '/';
  }
}

/** Nothing a handler throws reaches the process; an answer that has not begun becomes a problem. */
function guarded(
  context: RaContext,
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
): Handler {
  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      context.log.error({ err: error }, 'request failed');
      if (!response.headersSent) sendProblem(response, asRefusal(error));
      else response.destroy();
    });
  };
}

/** Withdraws expired orders and counts the open ones, until stopped. A fault waits for the next turn. */
async function runUpkeep(context: RaContext): Promise<void> {
  const pause = new Signal();
  while (!context.stopping.aborted) {
    await pause.wait(context.config.sweepMs, context.stopping);
    if (context.stopping.aborted) return;
    try {
      await withdrawExpired(context);
      await trimCreations(context);
      const now = context.clock.now();
      const { rows } = await context.database.raw<{
        rows: { state: string; orders: number; late: number }[];
      }>(
        `select state, count(*)::int as orders, count(*) filter (where expires_at <= ?)::int as late
         from ra.orders where state in ('open', 'claimed') group by state`,
        [now]
      );
      const claimed = rows.find(row => row.state === 'claimed');
      context.measures.openOrders.set({ state: 'open' }, rows.find(row => row.state === 'open')?.orders ?? 0);
      context.measures.openOrders.set({ state: 'claimed' }, claimed?.orders ?? 0);
      context.measures.openOrders.set({ state: 'unreported' }, claimed?.late ?? 0);
    } catch (error) {
      context.log.warn({ err: error }, 'upkeep not done');
    }
  }
}

async function health(context: RaContext): Promise<RaHealth> {
  const database = await context.database.raw('select 1').then(
    () => 'ok' as const,
    () => 'failed' as const
  );
  return { status: database === 'ok' ? 'ok' : 'degraded', checks: { database } };
}
